//! Amounts: CPU time, bytes and durations, always whole numbers inside.
//!
//! Units stand in the text that people write (`"500m"`, `"256MiB"`, `"1h30m"`) and in the type, never in a name.
//! Files of a plan carry the bare whole number: millicores, bytes, milliseconds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// CPU time in millicores: 1000 is one whole thread. Kubernetes: `resources.requests.cpu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cpu(pub u64);

/// An amount of memory or storage in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a decimal number followed by a unit.
    #[error("`{0}` is not a number with a unit")]
    Shape(String),
    /// The number has no unit.
    #[error("`{given}` has no unit")]
    NoUnit {
        /// What was written.
        given: String,
    },
    /// The unit is not one of the closed set.
    #[error("`{unit}` is not a unit; known are {known}")]
    Unit {
        /// What stands behind the number.
        unit: String,
        /// The units of this kind of amount.
        known: &'static str,
    },
    /// Finer than the smallest step, or larger than 2⁶⁴−1 of it.
    #[error("`{given}` is not a whole number of {step}")]
    NotWhole {
        /// What was written.
        given: String,
        /// The smallest step in words.
        step: &'static str,
    },
    /// Larger than can be held.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

const BYTE_UNITS: [(&str, u64); 17] = [
    ("B", 1),
    ("k", 1_000),
    ("kB", 1_000),
    ("M", 1_000_000),
    ("MB", 1_000_000),
    ("G", 1_000_000_000),
    ("GB", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("Ki", 1 << 10),
    ("KiB", 1 << 10),
    ("Mi", 1 << 20),
    ("MiB", 1 << 20),
    ("Gi", 1 << 30),
    ("GiB", 1 << 30),
    ("Ti", 1 << 40),
    ("TiB", 1 << 40),
];
const BYTE_UNITS_IN_WORDS: &str = "`B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB`, `TiB` (the `B` may be left out)";
const TIME_UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const TIME_UNITS_IN_WORDS: &str = "`ms`, `s`, `m`, `h`, `d`";

impl Cpu {
    /// Reads `"2"`, `"2.5"` or `"500m"`.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (number, unit) = split_number(text)?;
        match unit {
            "m" => scale(text, number, 1, "millicores").map(Self),
            "" => scale(text, number, 1_000, "millicores").map(Self),
            other => Err(QuantityError::Unit { unit: other.to_owned(), known: "`m` (thousandths), or none" }),
        }
    }
}

impl Bytes {
    /// Reads `"256MiB"`, `"1.5Gi"` or `"10GB"`; a number without a unit is refused.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (number, unit) = split_number(text)?;
        let factor = unit_factor(text, unit, &BYTE_UNITS, BYTE_UNITS_IN_WORDS)?;
        scale(text, number, factor, "bytes").map(Self)
    }
}

impl Millis {
    /// Reads `"10s"`, `"250ms"` or the compound `"1h30m"`; a number without a unit is refused.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let mut rest = text;
        let mut sum = 0u64;
        while !rest.is_empty() || sum == 0 && rest.len() == text.len() {
            let (number, behind) = split_number(rest).map_err(|_| QuantityError::Shape(text.to_owned()))?;
            let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
            let (unit, next) = behind.split_at(end);
            let factor = unit_factor(text, unit, &TIME_UNITS, TIME_UNITS_IN_WORDS)?;
            let part = scale(text, number, factor, "milliseconds")?;
            sum = sum.checked_add(part).ok_or_else(|| QuantityError::TooLarge(text.to_owned()))?;
            rest = next;
        }
        Ok(Self(sum))
    }

    /// From whole seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    /// As the standard library's duration.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

/// A decimal number as written: digits and the count of those behind the point.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u128,
    decimals: u32,
}

fn split_number(text: &str) -> Result<(Decimal, &str), QuantityError> {
    let shape = || QuantityError::Shape(text.to_owned());
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || whole.len() + fraction.len() > 30 || (number.contains('.') && fraction.is_empty()) {
        return Err(shape());
    }
    let digits = format!("{whole}{fraction}").parse().map_err(|_| shape())?;
    let decimals = u32::try_from(fraction.len()).map_err(|_| shape())?;
    Ok((Decimal { digits, decimals }, unit))
}

fn unit_factor(text: &str, unit: &str, units: &[(&str, u64)], known: &'static str) -> Result<u64, QuantityError> {
    if unit.is_empty() {
        return Err(QuantityError::NoUnit { given: text.to_owned() });
    }
    match units.iter().find(|(name, _)| *name == unit) {
        Some((_, factor)) => Ok(*factor),
        None => Err(QuantityError::Unit { unit: unit.to_owned(), known }),
    }
}

fn scale(text: &str, number: Decimal, factor: u64, step: &'static str) -> Result<u64, QuantityError> {
    let too_large = || QuantityError::TooLarge(text.to_owned());
    let product = number.digits.checked_mul(u128::from(factor)).ok_or_else(too_large)?;
    let divisor = 10u128.pow(number.decimals);
    if !product.is_multiple_of(divisor) {
        return Err(QuantityError::NotWhole { given: text.to_owned(), step });
    }
    u64::try_from(product / divisor).map_err(|_| too_large())
}

impl fmt::Display for Cpu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1_000) {
            write!(formatter, "{}", self.0 / 1_000)
        } else {
            write!(formatter, "{}m", self.0)
        }
    }
}

impl fmt::Display for Bytes {
    /// In the largest unit that divides the amount.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.iter().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(formatter, "{}{unit}", self.0 / factor),
            None => write!(formatter, "{}B", self.0),
        }
    }
}

impl fmt::Display for Millis {
    /// In the largest unit that divides the length.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match TIME_UNITS.iter().rev().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(formatter, "{}{unit}", self.0 / factor),
            None => write!(formatter, "{}s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-021, P-010: exact integers, no floats.
    #[test]
    fn amounts_are_exact() {
        assert_eq!(Cpu::parse("0.1"), Ok(Cpu(100)));
        assert_eq!(Cpu::parse("500m"), Ok(Cpu(500)));
        assert!(matches!(Cpu::parse("0.0001"), Err(QuantityError::NotWhole { .. })));
        assert_eq!(Bytes::parse("1.5Gi"), Ok(Bytes(1_610_612_736)));
        assert_eq!(Bytes::parse("1.5GiB"), Ok(Bytes(1_610_612_736)));
        assert_eq!(Bytes::parse("1k"), Ok(Bytes(1000)));
        assert_ne!(Bytes::parse("1k"), Bytes::parse("1Ki"));
        assert!(matches!(Bytes::parse("256"), Err(QuantityError::NoUnit { .. })));
        assert!(matches!(Bytes::parse("256mb"), Err(QuantityError::Unit { .. })));
        assert!(matches!(Bytes::parse("99999999TiB"), Err(QuantityError::TooLarge(_))));
    }

    #[test]
    fn durations_may_be_compound() {
        assert_eq!(Millis::parse("1h30m"), Ok(Millis(5_400_000)));
        assert_eq!(Millis::parse("0s"), Ok(Millis(0)));
        assert_eq!(Millis::parse("1.5s"), Ok(Millis(1_500)));
        for bad in ["", "10", "s", "1h30", "-1s", "1 s", "1y"] {
            assert!(Millis::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn printing_reads_back() {
        for amount in [0, 1, 1024, 1536, 1 << 20, 3 << 40, 999] {
            assert_eq!(Bytes::parse(&Bytes(amount).to_string()), Ok(Bytes(amount)));
            assert_eq!(Millis::parse(&Millis(amount).to_string()), Ok(Millis(amount)));
            assert_eq!(Cpu::parse(&Cpu(amount).to_string()), Ok(Cpu(amount)));
        }
    }
}
