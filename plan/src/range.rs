//! Comparisons in one text: `">=40GiB"`, `">=550 <560"`, `"6.12.9"`.

use std::fmt;

use crate::quantity::Bytes;

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
    /// Reads one value; none where the text is no such value.
    fn read(text: &str) -> Option<Self>;
}

impl<T: Compared> Range<T> {
    /// Reads comparisons with blanks between them.
    ///
    /// # Errors
    /// The value that cannot be read; empty where there is no comparison at all.
    pub fn parse(text: &str) -> Result<Self, &str> {
        let all = text.split_whitespace().map(|part| {
            let (comparison, value) = comparison(part);
            T::read(value).map(|read| (comparison, read)).ok_or(value)
        });
        let all = all.collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err("") } else { Ok(Self { all, written: text.to_owned() }) }
    }

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

/// The sign at the beginning of a comparison, and the value behind it.
fn comparison(text: &str) -> (Comparison, &str) {
    let operators = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Equal),
    ];
    let found = operators.iter().find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?)));
    found.unwrap_or((Comparison::Equal, text))
}

impl Compared for Bytes {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Compared for u64 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Compared for Version {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Compared for Speed {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
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

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 1_000_000_000 {
            0 => write!(formatter, "{}Gbps", self.0 / 1_000_000_000),
            _ => write!(formatter, "{}Mbps", self.0 / 1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_between_its_ends() {
        let driver = Range::<Version>::parse(">=550 <560").unwrap();
        for (version, inside) in
            [("550", true), ("550.90.07", true), ("560", false), ("549.9", false), ("560.0.0", false)]
        {
            assert_eq!(driver.holds(&Version::parse(version).unwrap()), inside, "{version}");
        }
        assert!(Range::parse(">=40GiB").unwrap().holds(&Bytes(40 << 30)));
        assert!(!Range::parse(">40GiB").unwrap().holds(&Bytes(40 << 30)));
        assert!(Range::<Version>::parse("6.12").unwrap().holds(&Version::parse("6.12.0").unwrap()));
        assert!(Range::<Version>::parse(">=6.1").unwrap().holds(&Version::parse("6.1.0-28-amd64").unwrap()));
        assert_eq!(Range::<u64>::parse(">=8 x"), Err("x"));
        assert_eq!(Range::<u64>::parse(" "), Err(""));
    }
}
