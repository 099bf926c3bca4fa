//! Whether a rollout stands still: a replica whose turn has come, and that is not available within the progress deadline,
//! says so. So does one whose new pod cannot be made.
//!
//! A rollout that stops where it is goes no further, since the replica holds its place of the slot, and a late success
//! clears it (S-063, S-066). One that goes back is given up: its revision is remembered as bad, and the older one is aimed
//! at from the next pass on. A pod that was available once has its rollout behind it (S-065).

use wlc_plan::{
    gate::{Gate, StepGate},
    rollout::OnFailure,
};

use super::{
    Scene, aim,
    draft::Draft,
    standing::{Holding, Standing},
};
use crate::{clock::Moment, ledger::rollout::Bad};

/// Notes a pod that became available; one that should have long been says that its rollout failed.
pub(super) fn judge(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    if standing.wanted.is_attempt() {
        return;
    }
    say_what_was_given_up(scene, standing, draft);
    if let Holding::Current(pod) = standing.holding
        && standing.is_available(scene.now)
    {
        draft.ledger.available.insert(pod.name.clone());
        return;
    }
    let deadline = standing.wanted.instance.rollout.progress_deadline;
    let Some(at) = begun(scene, standing).map(|at| at.plus(deadline)) else { return };
    let instance = &standing.wanted.instance;
    if is_paused(&instance.gates) || scene.ledger.held(&instance.replica, &instance.workload).is_some() {
        return;
    }
    if at > scene.now {
        draft.look_again(at);
    } else if !is_over(scene, standing) {
        fail(scene, standing, draft);
    }
}

/// Whether the rollout was complete here, and nothing of another revision is left. A pod that is lost afterwards, or one more
/// replica that does not come up, says nothing about the revision, and nobody goes back for it (S-065).
fn is_over(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    let instance = &standing.wanted.instance;
    let record = scene.ledger.rollouts.get(&instance.workload);
    record.is_some_and(|record| record.complete == Some(instance.spec.revision))
        && !aim::under_way(scene).contains(&instance.workload)
}

/// When the pod was begun that is not available yet; none where there is none, or its rollout is behind it.
fn begun(scene: Scene<'_>, standing: &Standing<'_>) -> Option<Moment> {
    let instance = &standing.wanted.instance;
    let turn = scene.ledger.rollouts.get(&instance.workload).and_then(|record| record.begun.get(&instance.replica));
    let turn = turn.filter(|begun| begun.pod == standing.target).map(|begun| begun.at);
    match standing.holding {
        Holding::Current(pod) | Holding::Both { new: pod, .. } => {
            let is_new = !scene.ledger.available.contains(&pod.name);
            is_new.then(|| turn.map_or(pod.created, |at| at.max(pod.created)))
        }
        Holding::Nothing | Holding::Other(_) => turn,
    }
}

/// A rollout that is paused stands still by somebody's word (S-062).
pub(super) fn is_paused(gates: &[StepGate]) -> bool {
    gates.iter().any(|step| match &step.gate {
        Gate::Between(between) => between.windows.is_empty(),
        Gate::After(_) | Gate::Slot(_) | Gate::Lease(_) | Gate::Once(_) => false,
    })
}

fn fail(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    let instance = &standing.wanted.instance;
    let deadline = instance.rollout.progress_deadline;
    let record = scene.ledger.rollouts.get(&instance.workload).cloned().unwrap_or_default();
    let goes_back = instance.rollout.on_failure == OnFailure::Rollback
        && standing.aims_at_newest()
        && aim::back(scene, standing.wanted, &record).is_some();
    if goes_back {
        let why = format!("`{}` was not available within {deadline}", instance.replica);
        let bad = Bad { number: instance.spec.number, revision: instance.spec.revision, why };
        draft.ledger.rollouts.entry(instance.workload.clone()).or_default().bad.get_or_insert(bad);
        draft.look_again(Moment(scene.now.0 + 1));
    } else {
        let reason = format!("not available within {deadline}: the rollout has failed and goes no further");
        draft.wait(standing.who(), "progress-deadline", reason, None);
    }
}

fn say_what_was_given_up(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    let instance = &standing.wanted.instance;
    let record = scene.ledger.rollouts.get(&instance.workload);
    if let Some(bad) = record.and_then(|record| record.failure_of(&instance.spec)) {
        let reason = format!(
            "revision {} failed ({}), and revision {} runs again; it is not tried anew until its file changes",
            bad.number, bad.why, standing.aim.reference.number
        );
        draft.wait(standing.who(), "rollback", reason, None);
    }
}
