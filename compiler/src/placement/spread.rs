//! Where the next replica goes: where the workload is thinnest, then where most room is left, then by name.

use std::collections::BTreeMap;

use wlc_plan::name::{NodeName, ReplicaName};

use super::{
    Placed,
    beside::{self, Around},
    capacity::Machine,
    filter::Eligible,
    ports,
    request::Request,
};

/// How many replicas of a workload each node has.
pub(super) struct Counts(BTreeMap<NodeName, usize>);

impl Counts {
    /// Counts what is placed.
    pub(super) fn of<'a>(placed: impl Iterator<Item = &'a Placed>) -> Self {
        let mut counts = Self(BTreeMap::new());
        placed.for_each(|one| counts.add(&one.node));
        counts
    }

    /// Counts one more on a node.
    pub(super) fn add(&mut self, node: &NodeName) {
        *self.0.entry(node.clone()).or_default() += 1;
    }

    fn on(&self, node: &NodeName) -> usize {
        self.0.get(node).copied().unwrap_or(0)
    }
}

/// The best node that has room; none where no node has. One without a free port is taken only where all are so.
pub(super) fn choose(
    request: &Request,
    replica: &ReplicaName,
    eligible: &Eligible<'_>,
    machines: &BTreeMap<NodeName, Machine<'_>>,
    (counts, around): (&Counts, &Around),
) -> Option<NodeName> {
    let candidates = eligible.nodes.iter().filter_map(|&node| machines.get(node).map(|machine| (node, machine)));
    let with_room = candidates.filter(|(_, machine)| beside::room(request, machine, around).is_empty());
    let best = with_room.min_by_key(|(node, machine)| {
        let lacks_port = !ports::has_room(request, replica, machine);
        (lacks_port, counts.on(node), machine.fullness(), machine.replicas, *node)
    });
    best.map(|(node, _)| node.clone())
}
