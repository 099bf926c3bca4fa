//! The lock after a build: what it decided, for the next one.

use std::collections::BTreeMap;

use wlc_plan::{digest::Digest, name::WorkloadName};

use super::revisions::Revised;
use crate::{
    lock::{ImageLock, Lock, ReplicaLock, State, WorkloadLock, immutable},
    model::{Repository, workload::Workload},
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
    }
}
