//! What becomes of each replica of a workload, and of the volumes that hang on it.

use std::collections::BTreeMap;

use wlc_plan::{
    change::{Change, Why, change},
    instance::Instance,
    name::{NodeName, ReplicaName, VolumeName, WorkloadName},
    node_plan::{ClaimVolume, NodePlan},
    spec::VolumeSource,
};

use super::{
    After, Before, PortChange, ReplicaChange, ReplicaFate, Sides, VolumeChange, VolumeFate,
    before::{self, Had},
    fields::Specs,
};
use crate::content::Content;

/// The replicas of a workload that are not as they were.
pub(super) fn changes(name: &WorkloadName, sides: &Sides<'_>, after: &After<'_>) -> Vec<ReplicaChange> {
    let mut found = Vec::new();
    for (replica, (node, instance)) in &sides.new {
        let old = sides.old.get(*replica).copied();
        let Some(fate) = fate(old, node, instance) else { continue };
        let from = old.filter(|old| old.node != *node).map(|old| old.node);
        found.push(ReplicaChange {
            replica: (*replica).clone(),
            fate,
            node: (*node).clone(),
            from: from.cloned(),
            reason: from.map(|from| (after.why_left)(name, from)),
            ports: ports(old, Some(instance)),
        });
    }
    for (replica, old) in sides.old.iter().filter(|(replica, _)| !sides.new.contains_key(**replica)) {
        found.push(ReplicaChange {
            replica: (*replica).clone(),
            fate: ReplicaFate::Removed,
            node: old.node.clone(),
            from: None,
            reason: Some(why_removed(name, old, after)),
            ports: ports(Some(old), None),
        });
    }
    found.sort_by_cached_key(|change| (number(&change.replica), change.replica.clone()));
    found
}

fn fate(old: Option<&Had<'_>>, node: &NodeName, new: &Instance) -> Option<ReplicaFate> {
    let Some(old) = old else { return Some(ReplicaFate::Created) };
    if old.node != node {
        return Some(ReplicaFate::Moved);
    }
    match old.instance.map(|before| change(before, new)) {
        Some(Change::Nothing) => None,
        Some(Change::InPlace(_)) => Some(ReplicaFate::InPlace),
        Some(Change::Replace(Why::Revision)) => Some(ReplicaFate::Replaced),
        Some(Change::Replace(Why::Binding)) => Some(ReplicaFate::Rebound),
        None if old.spec.revision != new.spec.revision => Some(ReplicaFate::Replaced),
        None if old.ports != before::ports(&new.binding.ports) => Some(ReplicaFate::Rebound),
        None => None,
    }
}

/// The number at the end of a name, so that `web-10` stands behind `web-9`.
fn number(replica: &ReplicaName) -> Option<u32> {
    replica.as_str().rsplit('-').next().and_then(|number| number.parse().ok())
}

/// Why a replica goes: its workload does, its node cannot have it any more, or fewer are wanted.
fn why_removed(name: &WorkloadName, old: &Had<'_>, after: &After<'_>) -> String {
    let lock = after.lowered.lock.workloads.get(name);
    match lock.map(|lock| lock.state) {
        Some(crate::lock::State::Tombstone) | None => "its workload is removed".to_owned(),
        Some(crate::lock::State::Live) if old.kind == wlc_plan::instance::WorkloadKind::DaemonSet => {
            (after.why_left)(name, old.node)
        }
        Some(crate::lock::State::Live) => "fewer replicas are asked for".to_owned(),
    }
}

fn ports(old: Option<&Had<'_>>, new: Option<&Instance>) -> Vec<PortChange> {
    let old = old.map(|old| old.ports.clone()).unwrap_or_default();
    let new = new.map(|new| before::ports(&new.binding.ports)).unwrap_or_default();
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
    let numbers =
        |ports: Option<&wlc_plan::binding::HostPorts>| ports.into_iter().flat_map(|ports| ports.all()).collect();
    changed
        .map(|key| PortChange {
            port: format!("{}/{}", key.0, key.1),
            old: numbers(old.get(key)),
            new: numbers(new.get(key)),
        })
        .collect()
}

/// The volumes that the changes of a workload's replicas touch.
pub(super) fn volumes(
    name: &WorkloadName,
    replicas: &[ReplicaChange],
    specs: &Specs,
    before: &Before<'_>,
    content: &Content,
) -> Vec<VolumeChange> {
    let mut found: BTreeMap<(VolumeName, VolumeFate), Vec<ReplicaName>> = BTreeMap::new();
    for change in replicas {
        for volume in emptied(change, specs) {
            found.entry((volume, VolumeFate::Emptied)).or_default().push(change.replica.clone());
        }
        let old = claims(before.plan(change.from.as_ref().unwrap_or(&change.node)), &change.replica);
        let new = claims(content.plans.get(&change.node), &change.replica);
        for claim in new.iter().filter(|claim| !old.contains(claim)) {
            found.entry((claim.clone(), VolumeFate::Created)).or_default().push(change.replica.clone());
        }
        let gone = change.from.as_ref().or((change.fate == ReplicaFate::Removed).then_some(&change.node));
        let removed = gone.map(|node| removed(content.plans.get(node), name, &change.replica)).unwrap_or_default();
        for claim in old.iter().filter(|_| gone.is_some()) {
            let fate = if removed.contains(claim) { VolumeFate::Removed } else { VolumeFate::Kept };
            found.entry((claim.clone(), fate)).or_default().push(change.replica.clone());
        }
    }
    found.into_iter().map(|((volume, fate), replicas)| VolumeChange { volume, fate, replicas }).collect()
}

/// The empty directories of a pod that is replaced by another.
fn emptied(change: &ReplicaChange, specs: &Specs) -> Vec<VolumeName> {
    match change.fate {
        ReplicaFate::Replaced | ReplicaFate::Rebound | ReplicaFate::Moved => {}
        ReplicaFate::Created | ReplicaFate::InPlace | ReplicaFate::Removed => return Vec::new(),
    }
    let volumes = specs.old.iter().flat_map(|spec| &spec.volumes);
    let empty = volumes.filter(|(_, source)| matches!(source, VolumeSource::EmptyDir(_)));
    empty.map(|(name, _)| name.clone()).collect()
}

fn claims(plan: Option<&NodePlan>, replica: &ReplicaName) -> Vec<VolumeName> {
    let volumes = plan.into_iter().flat_map(|plan| &plan.volumes);
    volumes.filter(|one: &&ClaimVolume| one.replica == *replica).map(|one| one.claim.clone()).collect()
}

fn removed(plan: Option<&NodePlan>, name: &WorkloadName, replica: &ReplicaName) -> Vec<VolumeName> {
    let leaving = plan.into_iter().flat_map(|plan| &plan.leaving);
    let of_it = leaving.filter(|one| one.workload == *name && one.replica == *replica);
    of_it.flat_map(|one| one.removed_claims.clone()).collect()
}
