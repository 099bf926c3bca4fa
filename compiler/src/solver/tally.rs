//! How many replicas of one workload lie in each value of one key. Most workloads have few replicas, so it holds only the
//! values that have some, sorted.

/// Counts by value.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Vec<(u32, u32)>);

impl Tally {
    /// How many lie in a value.
    pub(super) fn of(&self, domain: u32) -> u32 {
        match self.0.binary_search_by_key(&domain, |(at, _)| *at) {
            Ok(found) => self.0[found].1,
            Err(_) => 0,
        }
    }

    /// One more.
    pub(super) fn add(&mut self, domain: u32) {
        match self.0.binary_search_by_key(&domain, |(at, _)| *at) {
            Ok(found) => self.0[found].1 += 1,
            Err(gap) => self.0.insert(gap, (domain, 1)),
        }
    }

    /// One fewer.
    pub(super) fn take(&mut self, domain: u32) {
        let found = self.0.binary_search_by_key(&domain, |(at, _)| *at).expect("what leaves was counted");
        self.0[found].1 -= 1;
        if self.0[found].1 == 0 {
            self.0.remove(found);
        }
    }

    /// The values that have some, ascending, with how many.
    pub(super) fn values(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Whether there is none anywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many the fullest value has.
    pub(super) fn most(&self) -> u32 {
        self.0.iter().map(|(_, count)| *count).max().unwrap_or(0)
    }

    /// How many the emptiest of so many values has.
    pub(super) fn least(&self, domains: u32) -> u32 {
        let is_full = self.0.len() as u64 >= u64::from(domains);
        if is_full { self.0.iter().map(|(_, count)| *count).min().unwrap_or(0) } else { 0 }
    }

    /// How many replicas are missing until no value has fewer than `least`, of so many values.
    pub(super) fn missing(&self, least: u32, domains: u32) -> u64 {
        let there: u64 = self.0.iter().map(|(_, count)| u64::from(least.saturating_sub(*count))).sum();
        let empty = u64::from(domains).saturating_sub(self.0.len() as u64);
        there + empty * u64::from(least)
    }
}
