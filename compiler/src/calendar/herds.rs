//! Jobs that one node starts in the same minute.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    name::{NodeName, WorkloadName},
    time::Timestamp,
};

use super::Runs;

/// So many jobs in one minute on one node are a herd.
const HERD: usize = 3;

/// Jobs that one node starts in the same minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Herd {
    /// The node.
    pub node: NodeName,
    /// The jobs.
    pub jobs: BTreeSet<WorkloadName>,
    /// The first time.
    pub first: Timestamp,
    /// How many times in the window.
    pub times: usize,
}

/// The herds, the largest first. Each group of jobs is one herd, however often it meets.
pub(super) fn of(jobs: &[Runs]) -> Vec<Herd> {
    let mut minutes: BTreeMap<(&NodeName, i64), BTreeSet<&WorkloadName>> = BTreeMap::new();
    for job in jobs {
        let Some(node) = &job.entry.node else { continue };
        for at in &job.at {
            minutes.entry((node, at.seconds() / 60)).or_default().insert(&job.entry.name);
        }
    }
    let mut herds: BTreeMap<(&NodeName, BTreeSet<&WorkloadName>), (i64, usize)> = BTreeMap::new();
    for ((node, minute), names) in minutes.into_iter().filter(|(_, names)| names.len() >= HERD) {
        herds.entry((node, names)).or_insert((minute, 0)).1 += 1;
    }
    let herd = |((node, names), (minute, times)): ((&NodeName, BTreeSet<&WorkloadName>), (i64, usize))| Herd {
        node: node.clone(),
        jobs: names.into_iter().cloned().collect(),
        first: Timestamp::from_seconds(minute * 60),
        times,
    };
    let mut herds: Vec<Herd> = herds.into_iter().map(herd).collect();
    herds.sort_by_key(|herd| (std::cmp::Reverse(herd.jobs.len()), herd.first, herd.node.clone()));
    herds
}
