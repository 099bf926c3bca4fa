//! Why a replica is no longer on the node that it was on.

use std::collections::BTreeMap;

use wlc_plan::name::{NodeName, WorkloadName};

use super::{
    Placement,
    beside::{self, Around},
    capacity,
    capacity::Machine,
    filter, request,
    request::Request,
};
use crate::{model::Repository, pins::Pins};

/// The nodes as placement left them, to be asked why one of them has not got a replica.
pub struct Reasons<'a> {
    repository: &'a Repository,
    requests: BTreeMap<WorkloadName, Request>,
    machines: BTreeMap<NodeName, Machine<'a>>,
}

impl<'a> Reasons<'a> {
    /// Every node with what the placement has put on it.
    pub fn new(repository: &'a Repository, placement: &Placement, pins: &Pins) -> Self {
        let requests = request::all(repository, pins);
        let mut machines = capacity::machines(repository);
        for (workload, placed) in
            placement.workloads.iter().flat_map(|(name, all)| all.values().map(move |one| (name, one)))
        {
            if let (Some(request), Some(machine)) = (requests.get(workload), machines.get_mut(&placed.node)) {
                machine.take(request, &placed.binding);
            }
        }
        Self { repository, requests, machines }
    }

    /// Why a replica of a workload has left a node.
    pub fn left(&self, workload: &WorkloadName, node: &NodeName) -> String {
        let Some(machine) = self.machines.get(node) else {
            return match self.repository.nodes.contains_key(node) {
                true => format!("node {node} is gone"),
                false => format!("node {node} is in no file any more"),
            };
        };
        let Some(request) = self.requests.get(workload) else { return "its workload is removed".to_owned() };
        let mut refusals = filter::refusals(request, machine);
        if refusals.is_empty() {
            refusals = beside::room(request, machine, &Around::of(request, self.machines.values()));
        }
        match refusals.is_empty() {
            false => {
                let details: Vec<&str> = refusals.iter().map(|refusal| refusal.detail.as_str()).collect();
                format!("node {node}: {}", details.join("; "))
            }
            true => format!("node {node} would still take it; the lock has it elsewhere"),
        }
    }
}
