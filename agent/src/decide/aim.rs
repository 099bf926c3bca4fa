//! Which revision a replica is to run now: the one that the plan asks for, or an older one while a rollout is under way
//! or after one that failed.
//!
//! A replica that lost its pod before its turn comes back as its fellows still are (S-107, S-119, P-039), and so does one
//! that is new in the middle of a rollout (P-022): an unproven revision spreads by its rollout and in no other way.

use std::collections::BTreeSet;

use wlc_plan::{
    instance::SpecRef,
    name::WorkloadName,
    rollout::Replacement,
    spec::{ContainerSpec, Mount, MountSource, OnChange, PodSpec},
};

use super::Scene;
use crate::{desired::Wanted, ledger::rollout::Rollouts};

/// What a replica is to run.
#[derive(Clone, Copy)]
pub(super) struct Aim<'a> {
    /// Number and revision.
    pub(super) reference: &'a SpecRef,
    /// The spec.
    pub(super) spec: &'a PodSpec,
}

/// Workloads of which a pod still is of another revision than the plan asks for.
pub(super) type UnderWay<'a> = BTreeSet<&'a WorkloadName>;

/// The workloads whose rollout is under way.
pub(super) fn under_way(scene: Scene<'_>) -> UnderWay<'_> {
    let behind = scene.observed.pods().filter_map(|pod| {
        let instance = &scene.desired.wanted(&pod.replica)?.instance;
        (pod.revision != instance.spec.revision).then_some(&instance.workload)
    });
    behind.collect()
}

/// What a replica is to run now, that has a pod already or has none.
pub(super) fn of<'a>(scene: Scene<'a>, wanted: &'a Wanted, has_pod: bool, under_way: &UnderWay<'_>) -> Aim<'a> {
    let instance = &wanted.instance;
    let newest = Aim { reference: &instance.spec, spec: &wanted.spec };
    let Some(record) = scene.ledger.rollouts.get(&instance.workload) else { return newest };
    if record.failure_of(&instance.spec).is_some() {
        return back(scene, wanted, record).unwrap_or(newest);
    }
    let waits_for_its_turn = !has_pod
        && instance.rollout.replacement != Replacement::OnDelete
        && under_way.contains(&instance.workload)
        && !record.has_begun(&instance.replica, &instance.spec.revision);
    let complete = waits_for_its_turn.then(|| last_complete(scene, wanted, record)).flatten();
    complete.unwrap_or(newest)
}

/// Where a failed rollout goes back to: the last complete revision, or the next older one where none was.
pub(super) fn back<'a>(scene: Scene<'a>, wanted: &'a Wanted, record: &Rollouts) -> Option<Aim<'a>> {
    let mut older = wanted.instance.older.iter().filter_map(|one| known(scene, wanted, one));
    last_complete(scene, wanted, record).or_else(|| older.next())
}

fn last_complete<'a>(scene: Scene<'a>, wanted: &'a Wanted, record: &Rollouts) -> Option<Aim<'a>> {
    let complete = record.complete?;
    wanted.instance.older.iter().filter(|one| one.revision == complete).find_map(|one| known(scene, wanted, one))
}

/// An older revision that can be made: its spec is known, and the plan names each content that is swapped in place.
fn known<'a>(scene: Scene<'a>, wanted: &Wanted, reference: &'a SpecRef) -> Option<Aim<'a>> {
    let spec = scene.desired.spec(&reference.revision)?;
    let is_named = |container: &ContainerSpec, mount: &Mount| {
        let mut named = wanted.instance.contents.iter();
        !is_swapped(mount) || named.any(|one| one.container == container.name && one.path == mount.path)
    };
    let can_be_made = spec.containers.iter().all(|one| one.mounts.iter().all(|mount| is_named(one, mount)));
    can_be_made.then_some(Aim { reference, spec })
}

fn is_swapped(mount: &Mount) -> bool {
    let MountSource::Config(config) = &mount.source else { return false };
    match config.on_change {
        OnChange::Nothing | OnChange::Signal(_) => true,
        OnChange::Restart(_) => false,
    }
}
