//! The lock after a build: what it decided, for the next one.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    digest::Digest,
    name::{NodeName, ReplicaName, WorkloadName},
};

use super::{claims, revisions::Revised};
use crate::{
    lock::{ImageLock, Lock, ReplicaLock, State, WorkloadLock, immutable},
    model::{Repository, stateful_set, workload::Workload},
    placement::{Placed, Placement},
};

pub(super) fn next(
    repository: &Repository,
    placement: &Placement,
    revised: &BTreeMap<WorkloadName, Revised>,
    bodies: BTreeMap<Digest, Vec<u8>>,
    old: &Lock,
) -> Lock {
    let mut workloads = BTreeMap::new();
    for (name, workload) in &repository.workloads {
        let replicas = placement.workloads.get(name).into_iter().flatten();
        let replicas = replicas.map(|(replica, placed)| (replica.clone(), replica_lock(placed))).collect();
        let one = WorkloadLock {
            kind: workload.kind(),
            state: State::Live,
            images: images(workload),
            immutable: immutable::of(workload),
            replicas,
            revisions: revised[name].revisions.clone(),
            highest: revised[name].highest,
            pinned: revised[name].pinned,
            base: revised[name].hold.base,
            promoted: revised[name].hold.promoted,
            waves: revised[name].hold.waves.clone(),
            left: left(repository, workload, placement.workloads.get(name), old.workloads.get(name)),
            claims: claims::next(
                workload,
                placement.workloads.get(name).into_iter().flatten(),
                old.workloads.get(name),
            ),
        };
        workloads.insert(name.clone(), one);
    }
    for (name, one) in &old.workloads {
        if !workloads.contains_key(name) {
            workloads.insert(name.clone(), tombstone(one));
        }
    }
    Lock { workloads, bodies }
}

fn replica_lock(placed: &Placed) -> ReplicaLock {
    let ports = placed.binding.ports.iter();
    ReplicaLock {
        node: placed.node.clone(),
        ports: ports.map(|port| ((port.container.clone(), port.port.clone()), port.host)).collect(),
    }
}

/// The replicas of an ordered set that are asked for no more: they leave one after the other, and the plan of their node
/// says so until they return.
fn left(
    repository: &Repository,
    workload: &Workload,
    placed: Option<&BTreeMap<ReplicaName, Placed>>,
    old: Option<&WorkloadLock>,
) -> BTreeMap<ReplicaName, NodeName> {
    let Some(old) = old.filter(|_| stateful_set::ordered(workload).is_some()) else { return BTreeMap::new() };
    let gone = old.replicas.iter().map(|(replica, lock)| (replica, &lock.node));
    let is_there = |node: &NodeName| repository.nodes.get(node).is_some_and(|node| !node.gone.value);
    let leaves = |(replica, node): &(&ReplicaName, &NodeName)| {
        placed.is_none_or(|placed| !placed.contains_key(*replica)) && is_there(node)
    };
    old.left.iter().chain(gone).filter(leaves).map(|(replica, node)| (replica.clone(), node.clone())).collect()
}

fn images(workload: &Workload) -> BTreeMap<String, ImageLock> {
    let images = workload.pod().all().map(|container| &container.image.value);
    let locked = |digest: &Option<String>| digest.clone().map_or(ImageLock::Unresolved, ImageLock::Digest);
    images.map(|image| (image.written.clone(), locked(&image.digest))).collect()
}

/// What is left of a workload that is gone: its kind, what its volumes are, and its last revision, so that numbers go on if it returns.
fn tombstone(old: &WorkloadLock) -> WorkloadLock {
    WorkloadLock {
        kind: old.kind,
        state: State::Tombstone,
        images: BTreeMap::new(),
        immutable: immutable::of_volumes(old),
        replicas: BTreeMap::new(),
        revisions: old.newest().cloned().into_iter().collect(),
        highest: old.highest,
        pinned: None,
        base: None,
        promoted: None,
        waves: BTreeSet::new(),
        left: BTreeMap::new(),
        claims: claims::of_removed(old),
    }
}
