//! What happened in worlds, and how often.

use std::{collections::BTreeMap, fmt};

/// Counts of faults and of actions, by their word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// What went wrong or was published.
    pub faults: BTreeMap<String, u64>,
    /// What the agent did to its machine.
    pub actions: BTreeMap<String, u64>,
    /// How many worlds there were.
    pub worlds: u64,
}

impl Tally {
    /// One more fault.
    pub fn fault(&mut self, word: &str) {
        *self.faults.entry(word.to_owned()).or_default() += 1;
    }

    /// One more action.
    pub fn action(&mut self, word: &str) {
        *self.actions.entry(word.to_owned()).or_default() += 1;
    }

    /// Adds what happened in other worlds.
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        for (word, count) in &other.faults {
            *self.faults.entry(word.clone()).or_default() += count;
        }
        for (word, count) in &other.actions {
            *self.actions.entry(word.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counts) in [("faults", &self.faults), ("actions", &self.actions)] {
            let total: u64 = counts.values().sum();
            writeln!(formatter, "{title}: {total}, {} in a world", total / self.worlds.max(1))?;
            let most = counts.values().copied().max().unwrap_or(1);
            for (word, count) in counts {
                let bar = "#".repeat(usize::try_from(count * 40 / most).unwrap_or(40));
                writeln!(formatter, "  {word:28} {count:9} {bar}")?;
            }
        }
        Ok(())
    }
}
