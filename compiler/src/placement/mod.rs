//! Placement: which node runs which replica, and what the replica gets there.
//!
//! A pure function of the files and the lock: replicas stay where the lock has them unless they no longer fit there;
//! the others are spread. Integers only, sorted maps, ties broken by name.

mod capacity;
mod facts;
mod filter;
mod ports;
mod refusal;
mod report;
mod request;
mod spread;
mod stay;

use std::collections::BTreeMap;

use wlc_plan::{
    binding::Binding,
    name::{NodeName, ReplicaName, WorkloadName},
};

use self::{capacity::Machine, filter::Eligible};
pub use self::{refusal::Refusal, request::Request};
use crate::{
    diagnostics::Problems,
    lock::Lock,
    model::{Repository, workload::Workload},
};

/// Where every replica is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placement {
    /// The replicas of each workload.
    pub workloads: BTreeMap<WorkloadName, BTreeMap<ReplicaName, Placed>>,
}

/// A replica's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its node.
    pub node: NodeName,
    /// What it gets there.
    pub binding: Binding,
}

/// Places every replica, or reports why one cannot be placed.
pub fn place(repository: &Repository, lock: &Lock, problems: &mut Problems) -> Placement {
    let mut machines = capacity::machines(repository);
    let requests = request::all(repository);
    let mut placement = Placement::default();
    for (workload, request) in in_order(repository, &requests, &machines) {
        let eligible = filter::eligible(request, &machines);
        if eligible.nodes.is_empty() {
            report::matches_nothing(repository, workload, request, &eligible, lock, problems);
        }
        let replicas = match workload {
            Workload::DaemonSet(_) => on_each(request, &eligible, lock, &mut machines, problems),
            Workload::Deployment(_) => spread_out(request, &eligible, lock, &mut machines, problems),
        };
        placement.workloads.insert(request.workload.clone(), replicas);
    }
    placement
}

/// Daemon-sets take their room first; then those with the fewest nodes to choose from, then the biggest.
fn in_order<'a>(
    repository: &'a Repository,
    requests: &'a BTreeMap<WorkloadName, Request>,
    machines: &BTreeMap<NodeName, Machine>,
) -> Vec<(&'a Workload, &'a Request)> {
    let mut order: Vec<_> = requests.iter().map(|(name, request)| (&repository.workloads[name], request)).collect();
    order.sort_by_cached_key(|(workload, request)| {
        let daemon_set_first = !matches!(workload, Workload::DaemonSet(_));
        let choices = filter::eligible(request, machines).nodes.len();
        (daemon_set_first, choices, std::cmp::Reverse((request.cpu, request.memory)), request.workload.clone())
    });
    order
}

/// One replica on each eligible node. A node that is full is an error, never a skip (P-054).
fn on_each(
    request: &Request,
    eligible: &Eligible,
    lock: &Lock,
    machines: &mut BTreeMap<NodeName, Machine>,
    problems: &mut Problems,
) -> BTreeMap<ReplicaName, Placed> {
    let mut placed = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for node in &eligible.nodes {
        let Ok(replica) = ReplicaName::on_node(&request.workload, node) else { continue };
        let Some(machine) = machines.get_mut(node) else { continue };
        let refusals = filter::room(request, machine);
        if !refusals.is_empty() {
            refused.insert(node.clone(), refusals);
            continue;
        }
        if let Some(binding) =
            ports::bind(request, &replica, stay::ports(lock, request, &replica, node), machine, problems)
        {
            machine.take(request, &binding);
            placed.insert(replica, Placed { node: node.clone(), binding });
        }
    }
    if !refused.is_empty() {
        report::daemon_set_without_room(request, &refused, problems);
    }
    placed
}

/// So many replicas on the eligible nodes: kept where the lock has them, the others where the workload is thinnest.
fn spread_out(
    request: &Request,
    eligible: &Eligible,
    lock: &Lock,
    machines: &mut BTreeMap<NodeName, Machine>,
    problems: &mut Problems,
) -> BTreeMap<ReplicaName, Placed> {
    let mut placed = stay::keep(request, eligible, lock, machines, problems);
    let names = stay::names(request, lock);
    for replica in names.iter().filter(|name| !placed.contains_key(*name)).cloned().collect::<Vec<_>>() {
        let Some(node) = spread::choose(request, eligible, machines, &placed) else {
            if !eligible.nodes.is_empty() {
                report::no_node_fits(request, &replica, eligible, machines, problems);
            }
            break;
        };
        let Some(machine) = machines.get_mut(&node) else { break };
        let Some(binding) = ports::bind(request, &replica, BTreeMap::new(), machine, problems) else { break };
        machine.take(request, &binding);
        placed.insert(replica, Placed { node, binding });
    }
    placed
}
