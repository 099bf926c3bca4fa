//! A count or a percentage of replicas or nodes, as Kubernetes reads it (S-019, S-020).

use crate::{
    fields::{FromScalar, Refusal, value::text},
    syntax::Scalar,
};

/// A count, or a percentage of what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// So many.
    Count(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl Share {
    /// So many of `all`; a part of one counts as one.
    pub fn rounded_up(self, all: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => Self::part(percent, all, 99),
        }
    }

    /// So many of `all`; a part of one counts for nothing.
    pub fn rounded_down(self, all: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => Self::part(percent, all, 0),
        }
    }

    fn part(percent: u32, all: u32, added: u64) -> u32 {
        let part = (u64::from(percent) * u64::from(all) + added) / 100;
        u32::try_from(part).unwrap_or(u32::MAX)
    }

    /// Whether it is nothing as it is written: `0` or `0%`.
    pub fn is_nothing(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }

    /// Whether it is more than everything as it is written: more than `100%`.
    pub fn is_above_all(self) -> bool {
        matches!(self, Self::Percent(101..))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromScalar for Share {
    const LOOKS: &'static str = "a count, or a percentage such as `\"25%\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let wanted = "a count or a percentage";
        match scalar {
            Scalar::Integer(number) => u32::try_from(*number).map(Self::Count).map_err(|_| {
                let problem = if *number < 0 { "less than nothing" } else { "too many" };
                Refusal::with(format!("{number} is {problem}"), "write `1`, or a percentage such as `\"25%\"`")
            }),
            Scalar::Decimal(written) => Err(Refusal::with(
                format!("`{written}` is neither a whole number nor a percentage"),
                "write `1`, or a percentage such as `\"25%\"`",
            )),
            Scalar::Text(_) => percentage(text(scalar)?),
            Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => Err(Refusal::kind(wanted, scalar)),
        }
    }
}

fn percentage(text: &str) -> Result<Share, Refusal> {
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    if let Some(percent) = digits.and_then(|digits| digits.parse().ok()) {
        return Ok(Share::Percent(percent));
    }
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    let hint = match (text.trim().parse::<u32>(), number.is_empty() || text.contains(['.', '-'])) {
        (Ok(count), _) => format!("write {count} without quotes, or `\"{count}%\"`"),
        (Err(_), true) => "write `1`, or a percentage such as `\"25%\"`".to_owned(),
        (Err(_), false) => format!("write it as `\"{number}%\"`"),
    };
    Err(Refusal::with(format!("`{text}` is no count and no percentage"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scalar: Scalar) -> Option<Share> {
        Share::from_scalar(&scalar).ok()
    }

    /// S-019: whole numbers from 0 and `25%`; nothing else.
    #[test]
    fn a_count_or_a_percentage_and_nothing_between() {
        assert_eq!(read(Scalar::Integer(0)), Some(Share::Count(0)));
        assert_eq!(read("25%".into()), Some(Share::Percent(25)));
        assert_eq!(read("200%".into()), Some(Share::Percent(200)));
        for refused in ["25", "10 %", "-1%", "0.5%", "%", "", " 5%", "99999999999%"] {
            assert_eq!(read(refused.into()), None, "{refused}");
        }
        assert_eq!(read(Scalar::Integer(-1)), None);
        assert_eq!(read(Scalar::Decimal("0.5".to_owned())), None);
    }

    /// P-001, P-004, P-005: up and down, without floats.
    #[test]
    fn percentages_round_as_they_are_asked_to() {
        for (percent, all, up, down) in
            [(25, 3, 1, 0), (1, 2, 1, 0), (30, 7, 3, 2), (50, 3, 2, 1), (100, 7, 7, 7), (0, 9, 0, 0), (200, 3, 6, 6)]
        {
            assert_eq!(Share::Percent(percent).rounded_up(all), up, "{percent}% of {all}");
            assert_eq!(Share::Percent(percent).rounded_down(all), down, "{percent}% of {all}");
        }
        assert_eq!(Share::Percent(u32::MAX).rounded_up(u32::MAX), u32::MAX);
    }
}
