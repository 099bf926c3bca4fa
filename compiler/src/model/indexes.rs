//! Counts and sets of a job's indexes.

use wlc_plan::numbers::Numbers;

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
pub struct Indexes(Numbers);

impl Indexes {
    /// The set.
    pub fn numbers(&self) -> &Numbers {
        &self.0
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// The highest one.
    pub fn highest(&self) -> u32 {
        self.0.highest().unwrap_or(0)
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
        let read = Numbers::parse(&written).ok().filter(|numbers| !numbers.is_empty());
        read.map(Self).ok_or_else(|| {
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
