//! The actions that end a pod: its containers are asked to end, all at once, then the pod is removed.

use wlc_plan::quantity::Millis;

use crate::{
    action::Action,
    observed::{ContainerState, ObservedContainer, ObservedPod},
};

/// Ends a pod within the grace of the spec that it was made from.
pub(super) fn stop(pod: &ObservedPod, grace: Millis) -> Vec<Action> {
    let containers: Vec<_> = pod.containers.iter().filter(|one| may_run(one)).map(|one| one.name.clone()).collect();
    let stop = (!containers.is_empty()).then_some(Action::StopContainers { containers, grace });
    stop.into_iter().chain([Action::RemovePod { pod: pod.name.clone() }]).collect()
}

fn may_run(container: &ObservedContainer) -> bool {
    match container.state {
        ContainerState::Running { .. } | ContainerState::Paused | ContainerState::Stopping => true,
        ContainerState::Created | ContainerState::Exited { .. } => false,
    }
}
