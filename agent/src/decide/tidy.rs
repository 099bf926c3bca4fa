//! Old attempts of containers: the newest dead one is kept for its log, the others are removed.
//!
//! That is never urgent: it waits until the newest attempt has run for a while, so that it stands in nobody's way.

use wlc_plan::quantity::Millis;

use super::{Scene, draft::Draft, standing::Standing};
use crate::{
    action::{Action, Reason},
    clock::Moment,
    mutant::{self, Mutant},
    observed::{ContainerState, ObservedContainer, ObservedPod},
};

/// How long a container must have run before its forerunners are removed.
const REST: Millis = Millis::from_seconds(10);

/// Removes attempts that nobody needs; false where there is nothing to do now.
pub(super) fn tidy(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, draft: &mut Draft<'_>) -> bool {
    let old: Vec<&ObservedContainer> = pod.containers.iter().filter(|one| is_old(one, pod)).collect();
    let due = old.iter().filter_map(|one| quiet_from(one, pod)).max();
    match due {
        None => false,
        Some(at) if at > scene.now => {
            draft.look_again(at);
            false
        }
        Some(_) => {
            let remove = |one: &&ObservedContainer| Action::RemoveContainer { container: one.name.clone() };
            draft.act(standing.who(), Reason::Tidy, old.iter().map(remove).collect());
            true
        }
    }
}

/// Whether two younger attempts of the same container exist: the newest, and the one whose log is kept.
fn is_old(container: &ObservedContainer, pod: &ObservedPod) -> bool {
    let of_the_same = |one: &&ObservedContainer| one.container == container.container;
    let younger = pod.containers.iter().filter(of_the_same).filter(|one| one.attempt > container.attempt).count();
    let is_dead = match container.state {
        ContainerState::Exited { .. } | ContainerState::Created => true,
        ContainerState::Running { .. } | ContainerState::Paused | ContainerState::Stopping => false,
    };
    is_dead && younger >= 2 && !mutant::is(Mutant::OldRunsKept)
}

fn quiet_from(old: &ObservedContainer, pod: &ObservedPod) -> Option<Moment> {
    match pod.newest(&old.container)?.state {
        ContainerState::Running { started } => Some(started.plus(REST)),
        ContainerState::Exited { finished, .. } => Some(finished),
        ContainerState::Created | ContainerState::Paused | ContainerState::Stopping => None,
    }
}
