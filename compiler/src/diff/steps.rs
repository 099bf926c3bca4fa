//! The order in which the replicas of a node are replaced, step by step, as their gates have it, and how many of them stay
//! ready at each.

use std::collections::BTreeSet;

use wlc_plan::{
    gate::{Condition, Counts, Gate, Step},
    instance::Instance,
    name::ReplicaName,
    rollout::Replacement,
};

use super::RolloutStep;

/// The steps of these replicas among all of the workload on their node. What nothing moves by itself has none: a paused
/// rollout, and pods that are replaced when somebody removes them.
pub(super) fn steps(replaced: &[&Instance], all: usize) -> Vec<RolloutStep> {
    let mut left: Vec<&Instance> = replaced.iter().copied().filter(|one| goes_by_itself(one)).collect();
    left.sort_by(|a, b| a.replica.cmp(&b.replica));
    let mut found = Vec::new();
    while !left.is_empty() {
        let waiting: BTreeSet<&ReplicaName> = left.iter().map(|one| &one.replica).collect();
        let mut turn = Turn::default();
        left.retain(|one| !turn.takes(one, &waiting));
        if turn.replicas.is_empty() {
            break;
        }
        found.push(RolloutStep { ready: all.saturating_sub(turn.missing), replicas: turn.replicas });
    }
    found
}

fn goes_by_itself(instance: &Instance) -> bool {
    let is_paused = instance.gates.iter().any(|gate| match &gate.gate {
        Gate::Between(between) => between.windows.is_empty(),
        Gate::After(_) | Gate::Slot(_) | Gate::Lease(_) | Gate::Once(_) => false,
    });
    instance.rollout.replacement != Replacement::OnDelete && !is_paused
}

/// Those who go at the same time.
#[derive(Default)]
struct Turn {
    replicas: Vec<ReplicaName>,
    missing: usize,
    copies: usize,
}

impl Turn {
    /// Takes a replica in, if there is a place for it and nobody who waits goes before it.
    fn takes(&mut self, instance: &Instance, waiting: &BTreeSet<&ReplicaName>) -> bool {
        let beside = instance.rollout.replacement == Replacement::StartFirst;
        let (counts, taken) = if beside { (Counts::Surge, self.copies) } else { (Counts::Missing, self.missing) };
        let is_open = instance.gates.iter().filter(|gate| gate.step == Step::Replace).all(|gate| match &gate.gate {
            Gate::Slot(slot) if slot.counts == counts => taken < usize::try_from(slot.size).unwrap_or(usize::MAX),
            Gate::After(after) if after.until == Condition::Ready => after.of.iter().all(|one| !waiting.contains(one)),
            Gate::Slot(_) | Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => true,
        });
        if is_open {
            self.replicas.push(instance.replica.clone());
            if beside { self.copies += 1 } else { self.missing += 1 }
        }
        is_open
    }
}
