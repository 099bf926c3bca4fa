//! How full each node is with what was placed.

use std::collections::BTreeMap;

use wlc_plan::{
    name::NodeName,
    quantity::{Bytes, Cpu},
};

use super::{Placement, capacity, request};
use crate::{model::Repository, pins::Pins};

/// An amount of a node: what its replicas ask for, and what it has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used<Amount> {
    /// What is asked for.
    pub asked: Amount,
    /// What there is; none where the capacity is not known.
    pub all: Option<Amount>,
}

/// How full a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utilisation {
    /// CPUs.
    pub cpu: Used<Cpu>,
    /// Memory.
    pub memory: Used<Bytes>,
}

/// How full each node is that runs anything.
pub fn utilisation(repository: &Repository, placement: &Placement, pins: &Pins) -> BTreeMap<NodeName, Utilisation> {
    let requests = request::all(repository, pins);
    let machines = capacity::machines(repository).into_iter().map(|(name, machine)| {
        let cpu = Used { asked: Cpu(0), all: machine.all_cpu };
        (name, Utilisation { cpu, memory: Used { asked: Bytes(0), all: machine.all_memory } })
    });
    let mut nodes: BTreeMap<NodeName, Utilisation> = machines.collect();
    for (workload, replicas) in &placement.workloads {
        let Some(request) = requests.get(workload) else { continue };
        for placed in replicas.values() {
            let Some(node) = nodes.get_mut(&placed.node) else { continue };
            node.cpu.asked.0 = node.cpu.asked.0.saturating_add(request.cpu.0);
            node.memory.asked.0 = node.memory.asked.0.saturating_add(request.memory.0);
        }
    }
    nodes
}
