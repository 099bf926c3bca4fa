//! Whether a rollout stands still: a pod that has never been available within the progress deadline says so.
//!
//! Nothing is undone by it: the rollout goes no further, since the pod holds its place of the slot, and a late success
//! clears it (S-063, S-066). A pod that was available once has its rollout behind it (S-065).

use super::{
    Scene,
    draft::Draft,
    standing::{Holding, Standing},
};

/// Notes a pod that became available; one that should have long been says that its rollout failed.
pub(super) fn judge(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    let Holding::Current(pod) = standing.holding else { return };
    if standing.is_available(scene.now) {
        draft.ledger.available.insert(pod.name.clone());
        return;
    }
    if scene.ledger.available.contains(&pod.name) {
        return;
    }
    let deadline = standing.wanted.instance.rollout.progress_deadline;
    let at = pod.created.plus(deadline);
    if at > scene.now {
        draft.look_again(at);
    } else {
        let reason = format!("not available within {deadline}: the rollout has failed and goes no further");
        draft.wait(standing.who(), "progress-deadline", reason, None);
    }
}
