//! How many replicas stay ready while others are replaced, as the gates of the plan have it.
//!
//! Nodes do not wait for each other. On one node a slot lets so many replicas be replaced at once; without a slot all of
//! them are. What moves is away from one node before it is there on the other, for all that anyone can promise.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{Gate, Step},
    instance::Instance,
    name::NodeName,
    rollout::Replacement,
};

use super::{NodeOutlook, Outlook, ReplicaChange, ReplicaFate, Sides};

/// The outlook of a workload that has so many replicas after the build; none where nothing that runs is replaced or moved.
pub(super) fn outlook(all: usize, replicas: &[ReplicaChange], sides: &Sides<'_>) -> Option<Outlook> {
    let mut on: BTreeMap<&NodeName, (usize, usize)> = BTreeMap::new();
    let mut away = 0;
    for change in replicas {
        match change.fate {
            ReplicaFate::Replaced | ReplicaFate::Rebound => {
                let at_once = sides.new.get(&change.replica).map_or(usize::MAX, |(_, one)| at_once(one));
                let entry = on.entry(&change.node).or_insert((0, at_once));
                entry.0 += 1;
                entry.1 = entry.1.min(at_once);
            }
            ReplicaFate::Moved => away += 1,
            ReplicaFate::Created | ReplicaFate::InPlace | ReplicaFate::Removed => {}
        }
    }
    if on.is_empty() && away == 0 {
        return None;
    }
    let created = replicas.iter().filter(|change| change.fate == ReplicaFate::Created).count();
    let down: usize = on.values().map(|(replaced, at_once)| *replaced.min(at_once)).sum();
    let nodes = on.into_iter().map(|(node, (replaced, at_once))| NodeOutlook {
        node: node.clone(),
        replaced,
        at_once: at_once.min(replaced),
    });
    Some(Outlook { replicas: all, ready: all.saturating_sub(created + down + away), nodes: nodes.collect() })
}

/// How many replicas like this one a node takes away at once; 0 where the new pod comes before the old one goes.
fn at_once(instance: &Instance) -> usize {
    match instance.rollout.replacement {
        Replacement::StartFirst => return 0,
        Replacement::StopFirst => {}
    }
    let slots = instance.gates.iter().filter(|gate| gate.step == Step::Replace).filter_map(|gate| match &gate.gate {
        Gate::Slot(slot) => usize::try_from(slot.size).ok(),
        Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    });
    slots.min().unwrap_or(usize::MAX)
}
