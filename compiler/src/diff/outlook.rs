//! How many replicas stay ready while others are replaced, as the gates of the plan have it.
//!
//! Nodes do not wait for each other. On one node a slot lets so many replicas be replaced in place at once; without a slot
//! all of them are. A replica whose new pod comes first is never missing. What moves is away from one node before it is there on the other, for all that anyone can promise.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{Counts, Gate, Slot, Step},
    instance::Instance,
    name::NodeName,
    rollout::Replacement,
};

use super::{NodeOutlook, Outlook, ReplicaChange, ReplicaFate, Sides, steps};

/// The outlook of a workload that has so many replicas after the build; none where nothing that runs is replaced or moved.
pub(super) fn outlook(all: usize, replicas: &[ReplicaChange], sides: &Sides<'_>) -> Option<Outlook> {
    let mut on: BTreeMap<&NodeName, OnNode<'_>> = BTreeMap::new();
    let mut away = 0;
    for change in replicas {
        match change.fate {
            ReplicaFate::Replaced | ReplicaFate::Rebound => {
                let at_once = sides.new.get(&change.replica).map_or(usize::MAX, |(_, one)| at_once(one));
                let on_node = on.entry(&change.node).or_insert(OnNode { most: usize::MAX, ..OnNode::default() });
                on_node.add(at_once);
                on_node.instances.extend(sides.new.get(&change.replica).map(|(_, one)| *one));
            }
            ReplicaFate::Moved => away += 1,
            ReplicaFate::Created | ReplicaFate::InPlace | ReplicaFate::Removed => {}
        }
    }
    if on.is_empty() && away == 0 {
        return None;
    }
    let created = replicas.iter().filter(|change| change.fate == ReplicaFate::Created).count();
    let down: usize = on.values().map(OnNode::missing).sum();
    let nodes = on.into_iter().map(|(node, on)| NodeOutlook {
        node: node.clone(),
        replaced: on.replaced,
        at_once: on.missing(),
        steps: steps::steps(&on.instances, sides.new.values().filter(|(on, _)| *on == node).count()),
    });
    Some(Outlook { replicas: all, ready: all.saturating_sub(created + down + away), nodes: nodes.collect() })
}

/// The replicas of one node that are replaced.
#[derive(Default)]
struct OnNode<'a> {
    replaced: usize,
    instances: Vec<&'a Instance>,
    /// Those whose old pod goes first.
    in_place: usize,
    /// How many of them at once.
    most: usize,
}

impl OnNode<'_> {
    fn add(&mut self, at_once: usize) {
        self.replaced += 1;
        if at_once > 0 {
            self.in_place += 1;
            self.most = self.most.min(at_once);
        }
    }

    fn missing(&self) -> usize {
        self.in_place.min(self.most)
    }
}

/// How many replicas like this one a node takes away at once; 0 where the new pod comes before the old one goes.
fn at_once(instance: &Instance) -> usize {
    match instance.rollout.replacement {
        Replacement::StartFirst => return 0,
        Replacement::Recreate => return usize::MAX,
        Replacement::StopFirst | Replacement::OnDelete => {}
    }
    let slots = instance.gates.iter().filter(|gate| gate.step == Step::Replace).filter_map(|gate| match &gate.gate {
        Gate::Slot(Slot { size, counts: Counts::Missing, name: _ }) => usize::try_from(*size).ok(),
        Gate::Slot(Slot { counts: Counts::Surge, .. }) => None,
        Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    });
    slots.min().unwrap_or(usize::MAX)
}
