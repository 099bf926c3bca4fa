//! How often a container that ended is started again: the pauses, and a limit where the file asks for one.
//!
//! Kubernetes' figures (S-251, S-252): the first restart comes at once, then after 10 s doubling to 5 min.

use serde::{Deserialize, Serialize};

use crate::quantity::Millis;

const FIRST: Millis = Millis::from_seconds(10);
const LONGEST: Millis = Millis::from_seconds(300);

/// The pause before the next run after so many restarts in a row.
pub fn pause(restarts: u32) -> Millis {
    match restarts.checked_sub(1) {
        None => Millis(0),
        Some(doublings) => Millis(FIRST.0.saturating_mul(1 << doublings.min(10)).min(LONGEST.0)),
    }
}

/// How often a container may end in a while before it stays down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlapLimit {
    /// So many ends, at least 2.
    pub ends: u32,
    /// Within this time.
    pub within: Millis,
}

impl FlapLimit {
    /// The most ends that a limit may have: so many are remembered.
    pub const MOST: u32 = 100;

    /// The least time in which so many ends can come, since there are pauses between them.
    pub fn least(self) -> Millis {
        Millis((0..self.ends.saturating_sub(1)).map(|restarts| pause(restarts).0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-251, S-252, P-103, C-260.
    #[test]
    fn the_first_restart_is_immediate_then_delays_double_to_five_minutes() {
        let seconds: Vec<u64> = (0..8).map(|restarts| pause(restarts).0 / 1_000).collect();
        assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(pause(u32::MAX), LONGEST);
    }

    #[test]
    fn a_limit_takes_as_long_as_its_pauses() {
        let least = |ends| FlapLimit { ends, within: Millis(1) }.least().0 / 1_000;
        assert_eq!([2, 3, 5, 9].map(least), [0, 10, 70, 910]);
    }
}
