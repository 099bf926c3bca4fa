//! Comparisons in one text: `">=40GiB"`, `">=550 <560"`, `"6.12.9"`.

use wlc_plan::quantity::Bytes;

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`, or nothing.
    Equal,
    /// `>=`.
    AtLeast,
    /// `>`.
    Above,
    /// `<=`.
    AtMost,
    /// `<`.
    Below,
}

/// Values for which all of these comparisons hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range<T> {
    /// The comparisons; at least one.
    pub all: Vec<(Comparison, T)>,
    /// As it was written.
    pub written: String,
}

/// A version: numbers with points between them. Missing numbers count as 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u64>);

/// A speed of a network, in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(pub u64);

/// A value that can be compared.
pub trait Compared: Sized + Ord {
    /// What a comparison of it looks like.
    const LOOKS: &'static str;

    /// Reads one value.
    fn read(text: &str) -> Result<Self, Refusal>;
}

impl<T: Compared> Range<T> {
    /// Whether a value is inside.
    pub fn holds(&self, value: &T) -> bool {
        self.all.iter().all(|(comparison, bound)| match comparison {
            Comparison::Equal => value == bound,
            Comparison::AtLeast => value >= bound,
            Comparison::Above => value > bound,
            Comparison::AtMost => value <= bound,
            Comparison::Below => value < bound,
        })
    }
}

impl<T: Compared> FromScalar for Range<T> {
    const LOOKS: &'static str = T::LOOKS;

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = match scalar {
            Scalar::Integer(number) => number.to_string(),
            Scalar::Decimal(written) => written.clone(),
            Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => value::text(scalar)?.to_owned(),
        };
        let all: Result<Vec<_>, Refusal> = text.split_whitespace().map(one).collect();
        match all? {
            all if all.is_empty() => Err(Refusal::new("an empty comparison")),
            all => Ok(Self { all, written: text }),
        }
    }
}

fn one<T: Compared>(text: &str) -> Result<(Comparison, T), Refusal> {
    let operators = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Equal),
    ];
    let found = operators.iter().find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?)));
    let (comparison, rest) = found.unwrap_or((Comparison::Equal, text));
    Ok((comparison, T::read(rest)?))
}

impl Compared for Bytes {
    const LOOKS: &'static str = "a comparison of bytes, such as `\">=40GiB\"`";

    fn read(text: &str) -> Result<Self, Refusal> {
        Self::parse(text).map_err(Refusal::from)
    }
}

impl Compared for u64 {
    const LOOKS: &'static str = "a comparison of numbers, such as `\">=8\"`";

    fn read(text: &str) -> Result<Self, Refusal> {
        text.parse().map_err(|_| Refusal::with(format!("`{text}` is no whole number"), "write it as `\">=8\"`"))
    }
}

impl Compared for Version {
    const LOOKS: &'static str = "a comparison of versions, such as `\">=550 <560\"`";

    fn read(text: &str) -> Result<Self, Refusal> {
        Self::parse(text)
            .ok_or_else(|| Refusal::with(format!("`{text}` is no version"), "write it as `\">=550 <560\"`"))
    }
}

impl Compared for Speed {
    const LOOKS: &'static str = "a comparison of speeds, such as `\">=25Gbps\"`";

    fn read(text: &str) -> Result<Self, Refusal> {
        Self::parse(text).ok_or_else(|| Refusal::with(format!("`{text}` is no speed"), "write it as `\"25Gbps\"`"))
    }
}

impl Version {
    /// Reads numbers with points between them; what stands behind the first other character does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut numbers =
            text[..end].trim_end_matches('.').split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Self(numbers))
    }
}

impl Speed {
    /// Reads `25Gbps` or `100Mbps`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, factor) = match (text.strip_suffix("Gbps"), text.strip_suffix("Mbps")) {
            (Some(number), _) => (number, 1_000_000_000),
            (None, Some(number)) => (number, 1_000_000),
            (None, None) => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 % 1_000_000_000 {
            0 => write!(formatter, "{}Gbps", self.0 / 1_000_000_000),
            _ => write!(formatter, "{}Mbps", self.0 / 1_000_000),
        }
    }
}

impl FromScalar for Speed {
    const LOOKS: &'static str = "a speed, such as `\"25Gbps\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        <Self as Compared>::read(value::text(scalar)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range<T: Compared>(text: &str) -> Range<T> {
        Range::from_scalar(&Scalar::from(text)).unwrap()
    }

    #[test]
    fn a_range_holds_between_its_ends() {
        let driver: Range<Version> = range(">=550 <560");
        for (version, inside) in
            [("550", true), ("550.90.07", true), ("560", false), ("549.9", false), ("560.0.0", false)]
        {
            assert_eq!(driver.holds(&Version::parse(version).unwrap()), inside, "{version}");
        }
        assert!(range::<Bytes>(">=40GiB").holds(&Bytes(40 << 30)));
        assert!(!range::<Bytes>(">40GiB").holds(&Bytes(40 << 30)));
        assert!(range::<Version>("6.12").holds(&Version::parse("6.12.0").unwrap()));
        assert!(range::<Version>(">=6.1").holds(&Version::parse("6.1.0-28-amd64").unwrap()));
    }
}
