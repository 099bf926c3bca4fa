//! Sets of numbers, written as Kubernetes writes sets of indexes: `1,3-5,7`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// A set of numbers. It is small where they lie close to each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Numbers {
    /// First and last of each range; between two of them at least one number is missing.
    ranges: BTreeMap<u32, u32>,
}

/// The text is no set of ascending numbers and ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no set of ascending numbers and ranges")]
pub struct NumbersError(pub String);

impl Numbers {
    /// Reads ascending numbers and ranges, such as `0,2-5`. An empty text is the empty set.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(written: &str) -> Result<Self, NumbersError> {
        let mut all = Self::default();
        if written.is_empty() {
            return Ok(all);
        }
        let mut last = None;
        for part in written.split(',') {
            let range = range(part).filter(|(first, _)| last.is_none_or(|last| last < *first));
            let (first, end) = range.ok_or_else(|| NumbersError(written.to_owned()))?;
            all.add(first, end);
            last = Some(end);
        }
        Ok(all)
    }

    /// The numbers from `first` to `last`.
    pub fn of_range(first: u32, last: u32) -> Self {
        let mut all = Self::default();
        all.add(first, last);
        all
    }

    /// Adds a number; false where it was there already.
    pub fn insert(&mut self, number: u32) -> bool {
        let is_new = !self.contains(number);
        if is_new {
            self.add(number, number);
        }
        is_new
    }

    /// Whether a number is one of them.
    pub fn contains(&self, number: u32) -> bool {
        self.ranges.range(..=number).next_back().is_some_and(|(_, last)| *last >= number)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The highest one.
    pub fn highest(&self) -> Option<u32> {
        self.ranges.values().next_back().copied()
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// The first number from `from` on that is none of them.
    pub fn first_absent(&self, from: u32) -> Option<u32> {
        match self.ranges.range(..=from).next_back() {
            Some((_, last)) if *last >= from => last.checked_add(1),
            Some(_) | None => Some(from),
        }
    }

    /// How many of them are in `others` too.
    pub fn count_in(&self, others: &Self) -> u64 {
        let both = self.ranges.iter().flat_map(|(first, last)| {
            let near = others.ranges.range(..=*last).filter(move |(_, end)| **end >= *first);
            near.map(move |(start, end)| u64::from((*end).min(*last) - (*start).max(*first)) + 1)
        });
        both.sum()
    }

    /// Adds a range that begins behind the start of no range that it touches, or lies apart from all.
    fn add(&mut self, first: u32, last: u32) {
        let (mut first, mut last) = (first, last);
        if let Some((start, end)) = self.ranges.range(..=first).next_back().map(|(start, end)| (*start, *end))
            && end.saturating_add(1) >= first
        {
            first = start;
            last = last.max(end);
        }
        while let Some((start, end)) = self.ranges.range(first.saturating_add(1)..).next().map(|(s, e)| (*s, *e)) {
            if start > last.saturating_add(1) {
                break;
            }
            self.ranges.remove(&start);
            last = last.max(end);
        }
        self.ranges.insert(first, last);
    }
}

fn range(part: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    match part.split_once('-') {
        None => number(part).map(|one| (one, one)),
        Some((first, last)) => Some((number(first)?, number(last)?)).filter(|(first, last)| first < last),
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match last - first {
                0 => write!(formatter, "{comma}{first}")?,
                1 => write!(formatter, "{comma}{first},{last}")?,
                _ => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Numbers {
    type Error = NumbersError;
    fn try_from(text: String) -> Result<Self, NumbersError> {
        Self::parse(&text)
    }
}

impl From<Numbers> for String {
    fn from(numbers: Numbers) -> String {
        numbers.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-200, S-216.
    #[test]
    fn ranges_are_ascending_and_merge() {
        let read = |text: &str| Numbers::parse(text).map(|set| (set.to_string(), set.count())).ok();
        assert_eq!(read("0,2-5"), Some(("0,2-5".to_owned(), 5)));
        assert_eq!(read("0,1,2,7,8"), Some(("0-2,7,8".to_owned(), 5)));
        assert_eq!(read(""), Some((String::new(), 0)));
        for refused in ["1,", "2-2", "5-2", "1,1", "3,2", "0-3,3", "a", "-1", "1--2", "+1", "1-2-3"] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    #[test]
    fn numbers_come_in_any_order_and_count_once() {
        let mut set = Numbers::default();
        for number in [5, 3, 9, 4, 4, 0, u32::MAX, 10] {
            set.insert(number);
        }
        assert_eq!(set.to_string(), format!("0,3-5,9,10,{}", u32::MAX));
        assert!(!set.insert(4) && set.contains(4) && !set.contains(6));
        assert_eq!(set.iter().take(4).collect::<Vec<_>>(), [0, 3, 4, 5]);
        assert_eq!((set.count(), set.highest()), (7, Some(u32::MAX)));
        assert_eq!(set.count_in(&Numbers::of_range(4, 9)), 3);
        assert_eq!(Numbers::of_range(4, 9).count_in(&set), 3);
    }
}
