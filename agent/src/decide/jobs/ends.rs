//! How the pod of an attempt stands: whether it is under way, has ended, or is lost.

use wlc_plan::{
    name::ContainerName,
    spec::{ContainerRole, PodSpec},
};

use crate::{
    clock::Moment,
    decide::{
        Scene,
        containers::{self, Fate},
    },
    observed::{ContainerState, ObservedContainer, ObservedPod, Sandbox},
};

/// How the pod of an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stand {
    /// It is under way, and is kept as every pod is.
    Live,
    /// It is under way, and nothing can be done for it: its infra container is gone, or its spec is not known any more.
    Untended,
    /// It has ended.
    Over(Outcome),
    /// It ran, and how it ended cannot be known.
    Lost,
}

/// How an attempt ended, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The containers that failed, and their exit codes; none: it succeeded.
    pub(super) failed: Vec<(ContainerName, i32)>,
    /// When the last container ended that it is for.
    pub(super) at: Moment,
}

impl Outcome {
    pub(super) fn is_success(&self) -> bool {
        self.failed.is_empty()
    }
}

/// How a pod stands.
pub(super) fn stand(scene: Scene<'_>, pod: &ObservedPod) -> Stand {
    let Some(spec) = scene.desired.spec(&pod.revision) else { return without_spec(pod) };
    if containers::is_work_over(scene, pod, spec) {
        return Stand::Over(outcome(scene, pod, spec));
    }
    match pod.sandbox {
        Sandbox::Up | Sandbox::Created => Stand::Live,
        Sandbox::Down if pod.containers.iter().any(runs) => Stand::Untended,
        // Nothing was made in it yet: it is made anew.
        Sandbox::Down if pod.containers.is_empty() && pod.stopping.is_none() => Stand::Live,
        Sandbox::Down => Stand::Lost,
    }
}

/// Whether something of it has run, as far as is known.
pub(super) fn has_run(pod: &ObservedPod) -> bool {
    pod.containers.iter().any(|one| one.state != ContainerState::Created)
}

/// How often its containers were started again (S-182).
pub(super) fn restarts(pod: &ObservedPod) -> u32 {
    let attempts = pod.containers.iter().filter(|one| pod.newest(&one.container) == Some(one));
    attempts.map(|one| one.attempt).sum()
}

fn outcome(scene: Scene<'_>, pod: &ObservedPod, spec: &PodSpec) -> Outcome {
    let counts = containers::of(scene, pod, spec).filter(|one| one.spec.role != ContainerRole::Sidecar);
    let mut outcome = Outcome { failed: Vec::new(), at: Moment(0) };
    for container in counts {
        let Some(ContainerState::Exited { code, finished, .. }) = container.newest.map(|one| one.state) else {
            continue;
        };
        outcome.at = outcome.at.max(finished);
        if container.ended_as() == Some(Fate::Failed) {
            outcome.failed.push((container.spec.name.clone(), code));
        }
    }
    outcome
}

/// By the newest attempt of each container: which of them it is for is not known.
fn without_spec(pod: &ObservedPod) -> Stand {
    if pod.containers.iter().any(runs) {
        return Stand::Untended;
    }
    let newest = pod.containers.iter().filter(|one| pod.newest(&one.container) == Some(one));
    let mut outcome = Outcome { failed: Vec::new(), at: Moment(0) };
    for one in newest {
        let ContainerState::Exited { code, finished, .. } = one.state else { return Stand::Lost };
        outcome.at = outcome.at.max(finished);
        outcome.failed.extend((code != 0).then(|| (one.container.clone(), code)));
    }
    if pod.containers.is_empty() { Stand::Lost } else { Stand::Over(outcome) }
}

/// Whether something of it runs yet, such as sidecars of what has ended.
pub(super) fn is_running(pod: &ObservedPod) -> bool {
    pod.containers.iter().any(runs)
}

fn runs(container: &ObservedContainer) -> bool {
    match container.state {
        ContainerState::Running { .. } | ContainerState::Paused | ContainerState::Stopping => true,
        ContainerState::Created | ContainerState::Exited { .. } => false,
    }
}
