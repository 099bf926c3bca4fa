//! Where the next replica goes: where the workload is thinnest, then where most room is left, then by name.

use std::collections::BTreeMap;

use wlc_plan::name::{NodeName, ReplicaName};

use super::{Placed, capacity::Machine, filter, filter::Eligible, request::Request};

/// The best node that has room; none where no node has.
pub(super) fn choose(
    request: &Request,
    eligible: &Eligible,
    machines: &BTreeMap<NodeName, Machine>,
    placed: &BTreeMap<ReplicaName, Placed>,
) -> Option<NodeName> {
    let mut counts: BTreeMap<&NodeName, usize> = BTreeMap::new();
    for one in placed.values() {
        *counts.entry(&one.node).or_default() += 1;
    }
    let candidates = eligible.nodes.iter().filter_map(|node| machines.get(node).map(|machine| (node, machine)));
    let with_room = candidates.filter(|(_, machine)| filter::room(request, machine).is_empty());
    let best = with_room.min_by_key(|(node, machine)| {
        (counts.get(node).copied().unwrap_or(0), machine.fullness(), machine.replicas, *node)
    });
    best.map(|(node, _)| node.clone())
}
