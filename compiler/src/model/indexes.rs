//! Counts and sets of a job's indexes.

use crate::{
    fields::{FromScalar, Refusal, value::text},
    syntax::Scalar,
};

/// The longest set of indexes, in bytes (S-200).
const LONGEST: usize = 65_536;

/// How many runs of a job must succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completions {
    /// So many.
    Count(u32),
    /// One is enough: replicas take their work from a queue of their own.
    Any,
}

impl Completions {
    /// The count; none for a work queue.
    pub fn count(self) -> Option<u32> {
        match self {
            Self::Count(count) => Some(count),
            Self::Any => None,
        }
    }
}

impl FromScalar for Completions {
    const LOOKS: &'static str = "a whole number, or `\"any\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Text(word) if word == "any" => Ok(Self::Any),
            Scalar::Text(word) => Err(Refusal::with(format!("`{word}` is no count"), "write a number, or `\"any\"`")),
            Scalar::Integer(number) => match u32::try_from(*number) {
                Ok(count) if count <= 1_000_000 => Ok(Self::Count(count)),
                _ => Err(Refusal::new(format!("{number} is outside 0 to 1000000"))),
            },
            Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                Err(Refusal::kind("a whole number or `\"any\"`", scalar))
            }
        }
    }
}

/// A set of indexes, written `0,2-5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexes {
    /// First and last of each range, ascending.
    ranges: Vec<(u32, u32)>,
}

impl Indexes {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// The highest one.
    pub fn highest(&self) -> u32 {
        self.ranges.last().map_or(0, |(_, last)| *last)
    }

    fn parse(written: &str) -> Option<Self> {
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for part in written.split(',') {
            let range = match part.split_once('-') {
                None => number(part).map(|index| (index, index))?,
                Some((first, last)) => (number(first)?, number(last)?),
            };
            let is_range = part.contains('-');
            let is_ascending = ranges.last().is_none_or(|(_, last)| *last < range.0);
            if (is_range && range.0 >= range.1) || !is_ascending {
                return None;
            }
            ranges.push(range);
        }
        Some(Self { ranges })
    }
}

impl FromScalar for Indexes {
    const LOOKS: &'static str = "indexes, such as `\"0,2-5\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let written = match scalar {
            Scalar::Integer(number) => number.to_string(),
            Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                text(scalar)?.to_owned()
            }
        };
        if written.len() > LONGEST {
            return Err(Refusal::new(format!("{} characters are more than {LONGEST}", written.len())));
        }
        Self::parse(&written).ok_or_else(|| {
            let shown: String = written.chars().take(40).collect();
            Refusal::with(format!("`{shown}` is no set of indexes"), "write ascending numbers and ranges: `\"0,2-5\"`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-200: ascending ranges.
    #[test]
    fn indexes_are_ascending_numbers_and_ranges() {
        let read = |text: &str| Indexes::from_scalar(&text.into()).ok().map(|set| (set.count(), set.highest()));
        assert_eq!(read("0,2-5"), Some((5, 5)));
        assert_eq!(read("7"), Some((1, 7)));
        for refused in ["", "1,", "2-2", "5-2", "1,1", "3,2", "0-3,3", "a", "-1", "1--2", "+1", "1-2-3"] {
            assert_eq!(read(refused), None, "{refused}");
        }
        assert_eq!(read(&"1,".repeat(40_000)), None);
    }
}
