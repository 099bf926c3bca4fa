//! What was there before a build: the last plan set, or the lock where no plan set is at hand.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    binding::{HostPorts, PortBinding},
    digest::Digest,
    instance::{Instance, SpecRef, WorkloadKind},
    name::{ContainerName, NodeName, PortName, ReplicaName, WorkloadName},
    node_plan::NodePlan,
};

use super::{Against, Changed, NodeChanges};
use crate::{
    content::Content,
    lock::{Lock, State},
    publish::PublishedSet,
};

/// What was there before.
#[derive(Debug, Clone, Copy)]
pub enum Before<'a> {
    /// The last plan set.
    Set(&'a PublishedSet),
    /// The lock.
    Lock(&'a Lock),
}

/// A replica as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Had<'a> {
    pub(super) node: &'a NodeName,
    pub(super) workload: &'a WorkloadName,
    pub(super) kind: WorkloadKind,
    pub(super) spec: &'a SpecRef,
    pub(super) ports: BTreeMap<(ContainerName, PortName), HostPorts>,
    /// All of it, where a plan was read.
    pub(super) instance: Option<&'a Instance>,
}

impl<'a> Before<'a> {
    pub(super) fn against(&self) -> Against {
        match self {
            Self::Set(_) => Against::PlanSet,
            Self::Lock(lock) if lock.workloads.is_empty() => Against::Nothing,
            Self::Lock(_) => Against::Lock,
        }
    }

    pub(super) fn generation(&self) -> Option<u64> {
        match self {
            Self::Set(set) => Some(set.head.generation.number()),
            Self::Lock(_) => None,
        }
    }

    /// Whether the plan set is another one.
    pub(super) fn content(&self, digest: Digest) -> Changed {
        match self {
            Self::Set(set) if set.head.index.sha256 == digest => Changed::Same,
            Self::Set(_) => Changed::Changed,
            Self::Lock(_) => Changed::Unknown,
        }
    }

    /// Whether the plan of a node is the same.
    pub(super) fn is_same(&self, node: &NodeName) -> bool {
        match self {
            Self::Set(set) => set.same.contains(node),
            Self::Lock(_) => false,
        }
    }

    /// The workloads that were there. Those on nodes whose plans are the same stand in the new content too.
    pub(super) fn workloads(&self, content: &'a Content) -> BTreeSet<&'a WorkloadName> {
        match self {
            Self::Set(set) => {
                let same = content.plans.iter().filter(|(node, _)| set.same.contains(*node)).map(|(_, plan)| plan);
                set.plans.values().chain(same).flat_map(|plan| &plan.instances).map(|one| &one.workload).collect()
            }
            Self::Lock(lock) => {
                lock.workloads.iter().filter(|(_, one)| one.state == State::Live).map(|(name, _)| name).collect()
            }
        }
    }

    /// Nodes that come and go. The lock knows no node that has nothing on it, so it does not tell.
    pub(super) fn nodes(&self, content: &Content) -> NodeChanges {
        let Self::Set(set) = self else { return NodeChanges::default() };
        let old: BTreeSet<&NodeName> = set.same.iter().chain(set.plans.keys()).collect();
        let added = content.plans.keys().filter(|node| !old.contains(node)).cloned().collect();
        let removed = old.into_iter().filter(|node| !content.plans.contains_key(*node)).cloned().collect();
        NodeChanges { added, removed }
    }

    /// The replicas on every node whose plan is another one.
    pub(super) fn replicas(&self) -> BTreeMap<&'a ReplicaName, Had<'a>> {
        match self {
            Self::Set(set) => set.plans.iter().flat_map(|(node, plan)| of_plan(node, plan)).collect(),
            Self::Lock(lock) => of_lock(lock),
        }
    }

    /// The bytes of a spec or a content.
    pub(super) fn piece(&self, digest: Digest) -> Option<&'a [u8]> {
        match self {
            Self::Set(set) => set.pieces.get(&digest).map(Vec::as_slice),
            Self::Lock(lock) => lock.bodies.get(&digest).map(Vec::as_slice),
        }
    }

    /// The plan of a node, where it is another one now.
    pub(super) fn plan(&self, node: &NodeName) -> Option<&'a NodePlan> {
        match self {
            Self::Set(set) => set.plans.get(node),
            Self::Lock(_) => None,
        }
    }
}

fn of_plan<'a>(node: &'a NodeName, plan: &'a NodePlan) -> impl Iterator<Item = (&'a ReplicaName, Had<'a>)> {
    plan.instances.iter().map(move |one| {
        let had = Had {
            node,
            workload: &one.workload,
            kind: one.kind,
            spec: &one.spec,
            ports: ports(&one.binding.ports),
            instance: Some(one),
        };
        (&one.replica, had)
    })
}

fn of_lock(lock: &Lock) -> BTreeMap<&ReplicaName, Had<'_>> {
    let mut found = BTreeMap::new();
    for (name, workload) in &lock.workloads {
        let Some(newest) = workload.newest() else { continue };
        for (replica, one) in &workload.replicas {
            let had = Had {
                node: &one.node,
                workload: name,
                kind: workload.kind,
                spec: &newest.reference,
                ports: one.ports.clone(),
                instance: None,
            };
            found.insert(replica, had);
        }
    }
    found
}

/// Host ports by container and port.
pub(super) fn ports(ports: &[PortBinding]) -> BTreeMap<(ContainerName, PortName), HostPorts> {
    ports.iter().map(|port| ((port.container.clone(), port.port.clone()), port.host)).collect()
}
