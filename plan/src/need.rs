//! What the choice of a node leaned on: what had to be true of its hardware and system, and of which device it was.
//!
//! The facts of a machine may be older than the machine. So the agent looks again before it changes anything.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    quantity::Bytes,
    range::{Compared, Range, Speed, Version},
};

/// One thing that had to be true of a node: all clauses of one device, or of none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactNeed {
    /// What it speaks of.
    pub fact: Fact,
    /// The device that the facts had: the address of a GPU, the name of a disk or network card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What must be true of one such device; without any, there must be one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// There must be no such device.
    #[serde(default, skip_serializing_if = "is_false")]
    pub absent: bool,
}

/// What facts speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The processors.
    Cpu,
    /// Graphics and compute cards.
    Gpu,
    /// Disks.
    Disk,
    /// Network cards.
    Nic,
    /// The kernel.
    Kernel,
}

/// What must be true of one property.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The property, as facts name it.
    pub property: String,
    /// How it is compared.
    pub test: Test,
}

/// How a property is compared. Ranges are texts such as `>=550 <560`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// It is this word, whatever the case of its letters.
    Word(String),
    /// It contains this, whatever the case of its letters.
    Part(String),
    /// It is a list in which this stands.
    Has(String),
    /// It is so.
    Flag,
    /// It is an amount of bytes in this range.
    Bytes(String),
    /// It is a number in this range.
    Number(String),
    /// It is a version in this range.
    Version(String),
    /// It is the speed of a link in this range.
    Speed(String),
}

impl Fact {
    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Disk => "disk",
            Self::Nic => "nic",
            Self::Kernel => "kernel",
        }
    }
}

impl Test {
    /// Whether a value passes. A list has its entries with blanks between them; a flag that is not so is none.
    pub fn passes(&self, value: &str) -> bool {
        match self {
            Self::Word(word) => value.eq_ignore_ascii_case(word),
            Self::Part(part) => value.to_lowercase().contains(&part.to_lowercase()),
            Self::Has(entry) => value.split(' ').any(|one| one == entry),
            Self::Flag => true,
            Self::Bytes(range) => is_inside::<Bytes>(range, value),
            Self::Number(range) => is_inside::<u64>(range, value),
            Self::Version(range) => is_inside::<Version>(range, value),
            Self::Speed(range) => is_inside::<Speed>(range, value),
        }
    }

    /// Whether it can be evaluated: its range is one.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Word(_) | Self::Part(_) | Self::Has(_) | Self::Flag => true,
            Self::Bytes(range) => Range::<Bytes>::parse(range).is_ok(),
            Self::Number(range) => Range::<u64>::parse(range).is_ok(),
            Self::Version(range) => Range::<Version>::parse(range).is_ok(),
            Self::Speed(range) => Range::<Speed>::parse(range).is_ok(),
        }
    }
}

fn is_inside<T: Compared>(range: &str, value: &str) -> bool {
    let value = T::read(value);
    Range::<T>::parse(range).is_ok_and(|range| value.is_some_and(|value| range.holds(&value)))
}

impl fmt::Display for Clause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { property, test } = self;
        match test {
            Test::Flag => formatter.write_str(property),
            Test::Has(text) => write!(formatter, "{property} \"{text}\""),
            Test::Word(text)
            | Test::Part(text)
            | Test::Bytes(text)
            | Test::Number(text)
            | Test::Version(text)
            | Test::Speed(text) => write!(formatter, "{property}=\"{text}\""),
        }
    }
}

impl fmt::Display for FactNeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.fact.word())?;
        self.clauses.iter().try_for_each(|clause| write!(formatter, " {clause}"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_comparing_says_yes_and_no() {
        let text = str::to_owned;
        for (test, passes, fails) in [
            (Test::Word(text("NVIDIA")), "nvidia", "amd"),
            (Test::Part(text("h200")), "NVIDIA H200", "NVIDIA H100"),
            (Test::Has(text("avx2")), "avx avx2", "avx avx512f"),
            (Test::Bytes(text(">=40GiB")), "80GiB", "24GiB"),
            (Test::Number(text(">=8")), "16", "four"),
            (Test::Version(text(">=550 <560")), "550.90", "560"),
            (Test::Speed(text(">=25Gbps")), "100Gbps", "10Gbps"),
        ] {
            assert!(test.is_whole() && test.passes(passes) && !test.passes(fails), "{test:?}");
        }
        assert!(!Test::Bytes(text(">=many")).is_whole());
    }

    #[test]
    fn a_need_reads_as_it_was_written() {
        let clause = |property: &str, test| Clause { property: property.to_owned(), test };
        let clauses = vec![
            clause("vendor", Test::Word("nvidia".to_owned())),
            clause("memory", Test::Bytes(">=40GiB".to_owned())),
            clause("encrypted", Test::Flag),
        ];
        let need = FactNeed { fact: Fact::Gpu, device: None, clauses, absent: false };
        assert_eq!(need.to_string(), "gpu vendor=\"nvidia\" memory=\">=40GiB\" encrypted");
    }
}
