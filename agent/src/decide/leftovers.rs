//! Pods that have to go: those of no plan at once, those that leave in order when their gates open.
//!
//! All that goes because no plan names it is listed before the first of it is stopped. Nothing here ever sees a pod that
//! is not ours.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::Step,
    name::{ReplicaName, VolumeName, WorkloadName},
    quantity::Millis,
};

use super::{
    Removal, Scene,
    draft::{Draft, Who},
    drain,
    gates::{self, Cost, Slots, Wish},
    make,
    standing::{Standing, health},
    stop,
};
use crate::{
    action::{Action, Reason},
    mutant::{self, Mutant},
    observed::ObservedPod,
    podman::labels::ClaimLabels,
};

/// Pods of replicas that the plan does not name.
pub(super) fn of_no_plan(scene: Scene<'_>, draft: &mut Draft<'_>) {
    let mut replicas: BTreeMap<&ReplicaName, Vec<&ObservedPod>> = BTreeMap::new();
    for pod in scene.observed.pods().filter(|pod| !scene.desired.names(&pod.replica)) {
        if scene.ledger.held(&pod.replica, &pod.workload).is_none() {
            draft.removal.push(Removal { replica: pod.replica.clone(), pod: pod.name.clone() });
        }
        replicas.entry(&pod.replica).or_default().push(pod);
    }
    for pods in replicas.values().filter(|_| !mutant::is(Mutant::LeftKept)) {
        remove(scene, pods, Reason::Left, draft);
    }
}

/// Pods of replicas that leave in order.
pub(super) fn leaving<'a>(scene: Scene<'a>, standings: &[Standing<'a>], slots: &mut Slots<'a>, draft: &mut Draft<'_>) {
    for leaving in &scene.desired.leaving {
        let pods: Vec<_> = scene.observed.pods_of(&leaving.replica).collect();
        let Some(first) = pods.first() else { continue };
        let who = Who { replica: &leaving.replica, workload: &leaving.workload, pod: &first.name };
        let wish =
            Wish { who, step: Step::Leave, gates: &leaving.gates, health: health(scene, first), cost: Cost::Missing };
        if !draft.is_left_alone(who) && gates::pass(scene, standings, slots, wish, draft) {
            remove(scene, &pods, Reason::Left, draft);
        }
    }
}

/// Volumes of claims that the plan wants gone: only once their replica has no pod any more (P-048).
pub(super) fn claims<'a>(scene: Scene<'a>, standings: &[Standing<'a>], draft: &mut Draft<'_>) {
    for leaving in &scene.desired.leaving {
        let (replica, workload) = (&leaving.replica, &leaving.workload);
        let volume = |claim: &VolumeName| ClaimLabels::new(&scene.desired.fleet, replica, claim).volume_name();
        let there = leaving.removed_claims.iter().filter(|claim| scene.observed.volumes.contains(&volume(claim)));
        let remove = there.map(|claim| Action::RemoveClaim { replica: replica.clone(), claim: claim.clone() });
        let actions: Vec<Action> = remove.collect();
        let who = Who { replica, workload, pod: replica.as_str() };
        let is_gone = scene.observed.pods_of(replica).next().is_none();
        if !actions.is_empty()
            && is_gone
            && !draft.is_left_alone(who)
            && gates::is_complete(scene, standings, (who, &leaving.gates), draft)
        {
            draft.act(who, Reason::ClaimsGo, actions);
        }
    }
}

/// Volumes and folders of pods that are gone: whatever a pod leaves behind goes with it.
///
/// Those of a pod that is wanted stay: it is about to be made. A replica that has something else to do does that first.
pub(super) fn of_gone_pods(scene: Scene<'_>, standings: &[Standing<'_>], draft: &mut Draft<'_>) {
    if mutant::is(Mutant::LeftoversKept) {
        return;
    }
    let is_wanted = |name: &str| standings.iter().any(|standing| standing.target == name);
    for pod in scene.observed.leftovers.iter().filter(|name| !is_wanted(name)) {
        let Some(replica) = replica_of(pod) else { continue };
        if scene.busy.contains(&replica)
            || scene.desired.refused.contains_key(&replica)
            || draft.task_of(&replica).is_some()
        {
            continue;
        }
        let workload = scene.desired.wanted(&replica).map(|wanted| wanted.instance.workload.clone());
        let workload = workload.or_else(|| WorkloadName::parse(replica.as_str()).ok());
        if let Some(workload) = workload.filter(|workload| scene.ledger.held(&replica, workload).is_none()) {
            let who = Who { replica: &replica, workload: &workload, pod };
            draft.act(who, Reason::Tidy, vec![Action::RemovePod { pod: pod.clone() }]);
        }
    }
}

/// The replica in the name `wlc.<fleet>.<replica>.<8 digits>`.
fn replica_of(pod: &str) -> Option<ReplicaName> {
    ReplicaName::parse(pod.split('.').nth(2)?).ok()
}

/// Removes pods of one replica.
pub(super) fn remove(scene: Scene<'_>, pods: &[&ObservedPod], reason: Reason, draft: &mut Draft<'_>) {
    let Some(first) = pods.first() else { return };
    let who = Who { replica: &first.replica, workload: &first.workload, pod: &first.name };
    if !draft.is_left_alone(who) {
        draft.act(who, reason, pods.iter().flat_map(|pod| stop_by_its_spec(scene, pod)).collect());
    }
}

/// Ends a pod as the spec says that it was made from.
pub(super) fn stop_by_its_spec(scene: Scene<'_>, pod: &ObservedPod) -> Vec<Action> {
    let grace = scene.desired.grace(&pod.revision);
    // A stop that was broken off goes on with what was left of its grace (S-346).
    let passed = pod.stopping.map_or(Millis(0), |begun| scene.now.since(begun));
    let spec = scene.desired.spec(&pod.revision);
    let left = Millis(grace.0.saturating_sub(passed.0));
    let mut actions: Vec<Action> =
        drain::first(scene, pod, left).into_iter().chain(stop::stop(pod, spec, left)).collect();
    if mutant::is(Mutant::ClaimsRemoved) {
        let claims = spec.map(make::claims).unwrap_or_default();
        actions.extend(claims.into_iter().map(|claim| Action::RemoveClaim { replica: pod.replica.clone(), claim }));
    }
    actions
}
