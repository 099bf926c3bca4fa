//! Sets of processor numbers, in the two forms that the kernel prints: lists (`0-3,8`) and masks (`0000,0000010f`).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use super::tree::Tree;

/// One above the largest processor number that is believed; kernels are built for 8192 at most.
const NUMBERS: u32 = 1 << 16;

/// A set of processor numbers. Printed as a list, with runs of numbers joined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuSet(BTreeSet<u32>);

impl CpuSet {
    /// The set in the file `list` below the root, or where that is missing or broken, in the file `mask`.
    pub(super) fn read(tree: &Tree, list: &str, mask: &str) -> Option<Self> {
        let as_list = tree.line(list).and_then(|line| Self::parse_list(&line));
        as_list.or_else(|| tree.line(mask).and_then(|line| Self::parse_mask(&line)))
    }

    /// Reads `0-3,8`; the empty text is the empty set.
    pub fn parse_list(text: &str) -> Option<Self> {
        let mut numbers = BTreeSet::new();
        for part in text.trim().split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
            if first > last || last >= NUMBERS {
                return None;
            }
            numbers.extend(first..=last);
        }
        Some(Self(numbers))
    }

    /// Reads a mask of 32-bit hexadecimal words, the highest first: `0000,0000010f`.
    pub fn parse_mask(text: &str) -> Option<Self> {
        let mut numbers = BTreeSet::new();
        for (index, word) in text.trim().split(',').rev().enumerate() {
            let bits = u32::from_str_radix(word, 16).ok()?;
            let base = u32::try_from(index).ok()?.checked_mul(32).filter(|base| *base < NUMBERS)?;
            numbers.extend((0..32).filter(|bit| bits >> bit & 1 == 1).map(|bit| base + bit));
        }
        Some(Self(numbers))
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Whether all of this set is in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether the set has no number.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers the set has.
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).expect("numbers are below 2^16")
    }

    /// The numbers, upwards.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    /// The runs of numbers that follow each other: first and last of each.
    fn runs(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for number in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                Some(_) | None => runs.push((number, number)),
            }
        }
        runs
    }
}

impl FromIterator<u32> for CpuSet {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        Self(numbers.into_iter().filter(|number| *number < NUMBERS).collect())
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.runs().into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if first == last {
                write!(formatter, "{comma}{first}")?
            } else {
                write!(formatter, "{comma}{first}-{last}")?
            }
        }
        Ok(())
    }
}

impl Serialize for CpuSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
