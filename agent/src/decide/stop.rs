//! The actions that end a pod: those that it is for are asked to end, all at once, then its sidecars, the last first; then
//! the pod is removed (S-297, P-115).

use wlc_plan::{
    quantity::Millis,
    spec::{ContainerRole, ContainerSpec, PodSpec},
};

use super::hooks;
use crate::{
    action::{Action, Stop, StopOne},
    mutant::{self, Mutant},
    observed::{ContainerState, ObservedContainer, ObservedPod},
};

/// Ends a pod within `grace`; `spec` is what it was made from, where that is known.
pub(super) fn stop(pod: &ObservedPod, spec: Option<&PodSpec>, grace: Millis) -> Vec<Action> {
    let grace = if mutant::is(Mutant::KilledAtOnce) { Millis(0) } else { grace };
    let containers = containers(pod, spec, grace).map(|stop| Action::StopContainers(Box::new(stop)));
    containers.into_iter().chain([Action::RemovePod { pod: pod.name.clone() }]).collect()
}

/// Ends the containers of a pod that stays; nothing where none of them runs. The stop is not noted: the pod is no less
/// wanted than before.
pub(super) fn at_shutdown(pod: &ObservedPod, spec: Option<&PodSpec>, grace: Millis) -> Option<Action> {
    // An attempt of a job does not come back: it was stopped, and did not fail.
    let noted = |stop: &Stop| stop.pod.clone().filter(|_| pod.run.is_some());
    containers(pod, spec, grace).map(|stop| Action::StopContainers(Box::new(Stop { pod: noted(&stop), ..stop })))
}

/// The end of the containers of a pod; none where none of them runs.
fn containers(pod: &ObservedPod, spec: Option<&PodSpec>, grace: Millis) -> Option<Stop> {
    let sidecars = sidecars(pod, spec);
    let is_sidecar = |one: &ObservedContainer| sidecars.iter().flatten().any(|stop| stop.container == one.name);
    let others = pod.containers.iter().filter(|one| may_run(one) && !is_sidecar(one)).map(|one| {
        let own = spec.and_then(|spec| spec.container(&one.container));
        hooks::stop_one(&one.name, own)
    });
    let stages = [others.collect()].into_iter().chain(sidecars.iter().cloned());
    let stages: Vec<Vec<StopOne>> = stages.filter(|stage| !stage.is_empty()).collect();
    (!stages.is_empty()).then(|| Stop { pod: Some(pod.name.clone()), stages, grace })
}

/// Ends the sidecars of a pod whose other containers are done (S-295).
pub(super) fn of_sidecars(pod: &ObservedPod, spec: &PodSpec) -> Option<Action> {
    let stages: Vec<_> = sidecars(pod, Some(spec)).into_iter().filter(|stage| !stage.is_empty()).collect();
    (!stages.is_empty()).then(|| Action::StopContainers(Box::new(Stop { pod: None, stages, grace: spec.grace })))
}

/// The sidecars that may run, each a stage of its own, the last of the spec first.
fn sidecars(pod: &ObservedPod, spec: Option<&PodSpec>) -> Vec<Vec<StopOne>> {
    let known = spec.into_iter().flat_map(|spec| spec.containers.iter().rev());
    let sidecars = known.filter(|container| container.role == ContainerRole::Sidecar);
    let running = |name| pod.containers.iter().filter(move |one| one.container == name && may_run(one));
    let stop = |container: &ContainerSpec| {
        running(container.name.clone()).map(|one| hooks::stop_one(&one.name, Some(container))).collect()
    };
    sidecars.map(stop).collect()
}

fn may_run(container: &ObservedContainer) -> bool {
    match container.state {
        ContainerState::Running { .. } | ContainerState::Paused | ContainerState::Stopping => true,
        ContainerState::Created | ContainerState::Exited { .. } => false,
    }
}
