//! Stickiness: replicas stay where the lock has them unless they no longer fit there (P-132).

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    binding::HostPorts,
    canonical,
    name::{NodeName, ReplicaName},
    spec::{PodSpec, Resources},
};

use super::{
    Placed,
    beside::{self, Around},
    capacity::Machine,
    filter::Eligible,
    ports,
    request::{Copies, Request},
};
use crate::{
    lock::{ClaimState, Lock, WorkloadLock},
    model::port::HostPort,
};

/// The names of a workload's replicas. A daemon-set's are those of its nodes; a deployment's those of the lock, the free
/// low numbers for new ones, and for a smaller count without the highest numbers on the fullest nodes; a stateful-set's
/// (S-097) and a job's their numbers, and a cron job's replica is named like itself.
pub(super) fn names(request: &Request, eligible: &Eligible<'_>, lock: &Lock) -> BTreeSet<ReplicaName> {
    let workload = &request.workload;
    let number = |number| ReplicaName::numbered(workload, number).ok();
    match request.copies {
        Copies::EachNode => {
            eligible.nodes.iter().filter_map(|node| ReplicaName::on_node(workload, node).ok()).collect()
        }
        Copies::Equal(count) => equal(request, count as usize, lock),
        Copies::Numbered { first, count } => (first..first.saturating_add(count)).map_while(number).collect(),
        Copies::UpTo(count) => (0..count).map_while(number).collect(),
        Copies::Owner { .. } => ReplicaName::parse(workload.as_str()).into_iter().collect(),
    }
}

fn equal(request: &Request, wanted: usize, lock: &Lock) -> BTreeSet<ReplicaName> {
    let locked = locked(request, lock);
    let mut names: BTreeSet<ReplicaName> = locked.keys().cloned().collect();
    shrink(&mut names, &locked, wanted);
    let numbers = (0..).map_while(|number| ReplicaName::numbered(&request.workload, number).ok());
    let missing = wanted.saturating_sub(names.len());
    let new: Vec<ReplicaName> = numbers.filter(|name| !names.contains(name)).take(missing).collect();
    names.extend(new);
    names
}

fn locked(request: &Request, lock: &Lock) -> BTreeMap<ReplicaName, NodeName> {
    let Some(workload) = lock.workloads.get(&request.workload) else { return BTreeMap::new() };
    let replicas = workload.replicas.iter().map(|(name, replica)| (name.clone(), replica.node.clone()));
    // A name that returns goes back to where its volumes are.
    let kept = workload.claims.iter().filter(|(_, claim)| claim.state == ClaimState::Kept);
    kept.map(|((name, _), claim)| (name.clone(), claim.node.clone())).chain(replicas).collect()
}

/// Takes names out until there are as few as wanted: each time, of the node that has most of them, the one with the
/// highest number (S-039).
fn shrink(names: &mut BTreeSet<ReplicaName>, locked: &BTreeMap<ReplicaName, NodeName>, wanted: usize) {
    let mut by_node: BTreeMap<&NodeName, BTreeSet<(u32, &ReplicaName)>> = BTreeMap::new();
    for (name, node) in locked {
        by_node.entry(node).or_default().insert((number(name), name));
    }
    while names.len() > wanted {
        let fullest = by_node.values_mut().max_by_key(|there| (there.len(), there.last().copied()));
        let Some((_, victim)) = fullest.and_then(BTreeSet::pop_last) else { break };
        names.remove(victim);
    }
}

fn number(name: &ReplicaName) -> u32 {
    name.as_str().rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Whether a workload asks its nodes for more than it had there: more CPU or memory, or another fixed port. It gets that
/// from what is left, never from what another workload had.
pub(super) fn asks_for_more(request: &Request, lock: &Lock) -> bool {
    let Some(locked) = lock.workloads.get(&request.workload) else { return true };
    let body = locked.newest().and_then(|revision| lock.bodies.get(&revision.reference.spec));
    let had: Option<PodSpec> = body.and_then(|bytes| canonical::decode(bytes).ok());
    let sum = |spec: &PodSpec, amount: fn(&Resources) -> Option<u64>| {
        spec.at_once(|container| amount(&container.resources).unwrap_or(0))
    };
    let is_more = had.is_none_or(|spec| {
        let cpu = sum(&spec, |amounts| amounts.cpu_request.map(|cpu| cpu.0));
        let memory = sum(&spec, |amounts| amounts.memory_request.map(|memory| memory.0));
        request.cpu.0 > cpu || request.memory.0 > memory
    });
    is_more || has_new_port(request, locked)
}

fn has_new_port(request: &Request, locked: &WorkloadLock) -> bool {
    request.ports.iter().any(|asked| match asked.host {
        HostPort::Auto => false,
        HostPort::Fixed(number) => {
            let key = (asked.container.clone(), asked.port.clone());
            locked.replicas.values().any(|replica| replica.ports.get(&key) != Some(&HostPorts::One(number)))
        }
    })
}

/// Keeps every replica whose node may still run it and still has room and ports for it.
pub(super) fn keep(
    request: &Request,
    eligible: &Eligible<'_>,
    lock: &Lock,
    machines: &mut BTreeMap<NodeName, Machine<'_>>,
) -> BTreeMap<ReplicaName, Placed> {
    let locked = locked(request, lock);
    let mut kept = BTreeMap::new();
    let mut around = Around::of(request, machines.values());
    for replica in names(request, eligible, lock) {
        let Some(node) = locked.get(&replica).filter(|node| eligible.nodes.binary_search(node).is_ok()) else {
            continue;
        };
        let Some(machine) = machines.get_mut(node) else { continue };
        if !beside::room(request, machine, &around).is_empty() {
            continue;
        }
        let had = self::ports(lock, request, &replica, node);
        if let Ok(binding) = ports::bind(request, &replica, &had, machine) {
            machine.take(request, &binding);
            around.add(request, machine);
            kept.insert(replica, Placed { node: node.clone(), binding });
        }
    }
    kept
}

/// The host ports that the lock has for a replica on this node.
fn ports(lock: &Lock, request: &Request, replica: &ReplicaName, node: &NodeName) -> ports::Locked {
    let workload = lock.workloads.get(&request.workload);
    let replica = workload.and_then(|workload| workload.replicas.get(replica)).filter(|one| one.node == *node);
    replica.map(|replica| replica.ports.clone()).unwrap_or_default()
}
