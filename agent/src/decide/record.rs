//! What is remembered of rollouts: which revision was complete here last, and what speaks of nobody any more.

use std::collections::BTreeMap;

use wlc_plan::{
    name::{ReplicaName, WorkloadName},
    revision::Revision,
};

use super::{
    Scene,
    draft::Draft,
    progress,
    standing::{Holding, Standing},
};
use crate::{
    ledger::rollout::Begun,
    mutant::{self, Mutant},
};

/// Notes that a replica has its turn, and for which pod.
pub(super) fn begin(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    if standing.wanted.is_attempt() {
        return;
    }
    let instance = &standing.wanted.instance;
    let record = draft.ledger.rollouts.entry(instance.workload.clone()).or_default();
    let begun = Begun { revision: standing.aim.reference.revision, pod: standing.target.clone(), at: scene.now };
    let before = record.begun.get(&instance.replica);
    if before.is_none_or(|before| (&before.revision, &before.pod) != (&begun.revision, &begun.pod)) {
        record.begun.insert(instance.replica.clone(), begun);
    }
}

/// Notes the revisions that are complete, and forgets replicas and failures that the plan does not name any more.
pub(super) fn keep(scene: Scene<'_>, standings: &[Standing<'_>], draft: &mut Draft<'_>) {
    let mut workloads: BTreeMap<&WorkloadName, Vec<&Standing<'_>>> = BTreeMap::new();
    for standing in standings.iter().filter(|standing| !standing.wanted.is_attempt()) {
        workloads.entry(&standing.wanted.instance.workload).or_default().push(standing);
    }
    for (workload, replicas) in &workloads {
        let complete = complete(scene, replicas);
        if let Some(complete) = complete {
            draft.ledger.rollouts.entry((*workload).clone()).or_default().complete = Some(complete);
        }
        if let Some(record) = draft.ledger.rollouts.get_mut(*workload) {
            record.begun.retain(|replica, begun| replicas.iter().any(|one| is_turn_of(one, replica, begun)));
            let is_asked = replicas.iter().any(|one| record.failure_of(&one.wanted.instance.spec).is_some());
            let is_forgotten =
                mutant::is(Mutant::BadForgotten) && replicas.iter().all(|one| one.is_available(scene.now));
            record.bad = record.bad.take().filter(|_| is_asked && !is_forgotten);
        }
    }
    draft.ledger.rollouts.retain(|workload, _| workloads.contains_key(workload));
}

/// Whether a turn is one for what the plan asks. One that was for another plan's revision lies long ago where that revision is
/// asked for again. So does one that has made nothing yet where its rollout is paused meanwhile: it has its whole time when it
/// goes on (S-062).
fn is_turn_of(standing: &Standing<'_>, replica: &ReplicaName, begun: &Begun) -> bool {
    let asked = [standing.wanted.instance.spec.revision, standing.aim.reference.revision];
    let is_put_off = matches!(standing.holding, Holding::Other(_))
        && progress::is_paused(&standing.wanted.instance.gates)
        && standing.wanted.instance.spec.revision == begun.revision;
    standing.wanted.replica() == replica && asked.contains(&begun.revision) && !is_put_off
}

/// The revision that all replicas run, and are available at, if it is the one that the plan asks all of them for.
fn complete(scene: Scene<'_>, replicas: &[&Standing<'_>]) -> Option<Revision> {
    let asked = replicas.first()?.wanted.instance.spec.revision;
    let is_there = |one: &&Standing<'_>| {
        one.wanted.instance.spec.revision == asked
            && one.aim.reference.revision == asked
            && matches!(one.holding, Holding::Current(_))
            && one.surplus.is_empty()
            && one.is_available(scene.now)
    };
    replicas.iter().all(is_there).then_some(asked)
}
