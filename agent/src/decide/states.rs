//! How each replica is, for status: values without times, derived from the same scene as the decision.

use std::collections::BTreeSet;

use wlc_plan::{
    instance::WorkloadKind,
    name::{ContainerName, ReplicaName, WorkloadName},
    revision::Revision,
    spec::ContainerRole,
};

use super::{
    Scene,
    containers::{self, Container, Fate},
    draft::Draft,
    failure::{self, ContainerFailure},
    standing::{Health, Holding, Standing},
    upkeep,
};
use crate::observed::{ContainerState, ObservedContainer, ObservedPod, StopStep};

/// Kubernetes' word for a container that is being made.
const CREATING: &str = "ContainerCreating";
/// Kubernetes' word for a container that waits for init containers.
const INITIALIZING: &str = "PodInitializing";

/// The first step of a stop: those who list it are told first.
const DRAINING: &str = "Draining";

/// How a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceState {
    /// Its name.
    pub replica: ReplicaName,
    /// Its workload, where it is known.
    pub workload: Option<WorkloadName>,
    /// The workload's kind, where it is known.
    pub kind: Option<WorkloadKind>,
    /// How it is, in one word.
    pub phase: Phase,
    /// Whether its pod is ready, whichever revision that is of.
    pub ready: bool,
    /// The revision that its pod is of.
    pub revision: Option<Revision>,
    /// Number and digest of the revision that the plan asks for.
    pub asked: Option<(u32, Revision)>,
    /// Its containers in the order of the spec.
    pub containers: Vec<ContainerView>,
    /// The revision that failed here and was given up, while the plan asks for it.
    pub bad_revision: Option<Revision>,
    /// What went wrong last, if anything did.
    pub last_failure: Option<String>,
    /// The youngest run of a container of its pod that failed.
    pub failure: Option<ContainerFailure>,
}

/// How a replica is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It has no pod and waits.
    Pending,
    /// Its pod is being made, or its containers come up.
    Starting,
    /// It is ready.
    Running,
    /// Its containers run, but it is not ready.
    NotReady,
    /// A container or task failed, and is tried again after a while.
    BackOff,
    /// Its pod is being replaced.
    Replacing,
    /// It ended well.
    Complete,
    /// A container ended badly, and stays so.
    Failed,
    /// It is in no plan any more, or leaves in order.
    Leaving,
    /// This version cannot carry it out; what runs of it is left alone.
    Refused,
}

/// How a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerView {
    /// Its name.
    pub name: ContainerName,
    /// Kubernetes' word for its state.
    pub state: ContainerWord,
    /// How often it was restarted in this pod.
    pub restarts: u32,
    /// Its last exit code.
    pub exit_code: Option<i32>,
    /// Why it is in this state (S-259, S-261).
    pub reason: Option<&'static str>,
}

/// Kubernetes' words for the state of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerWord {
    /// Not running yet, or not again yet.
    Waiting,
    /// Running.
    Running,
    /// Ended.
    Terminated,
}

impl Phase {
    /// The word that status shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::NotReady => "not-ready",
            Self::BackOff => "back-off",
            Self::Replacing => "replacing",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Leaving => "leaving",
            Self::Refused => "refused",
        }
    }
}

impl ContainerWord {
    /// The word that status shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Terminated => "terminated",
        }
    }
}

/// The states of all replicas that are wanted, refused, or still here; sorted by name.
pub(super) fn all(scene: Scene<'_>, standings: &[Standing<'_>], draft: &Draft<'_>) -> Vec<InstanceState> {
    let wanted = standings.iter().map(|standing| of_wanted(scene, standing, draft));
    let refused = scene.desired.refused.keys().map(|replica| of_refused(scene, replica));
    let leaving: BTreeSet<&ReplicaName> = scene.observed.pods().map(|pod| &pod.replica).collect();
    let is_leaving = |replica: &&&ReplicaName| {
        scene.desired.wanted(replica).is_none() && !scene.desired.refused.contains_key(**replica)
    };
    let leaving = leaving.iter().filter(is_leaving).map(|replica| of_unwanted(scene, replica, Phase::Leaving));
    let mut states: Vec<_> = wanted.chain(refused).chain(leaving).collect();
    states.sort_by(|a, b| a.replica.cmp(&b.replica));
    states
}

fn of_wanted(scene: Scene<'_>, standing: &Standing<'_>, draft: &Draft<'_>) -> InstanceState {
    let instance = &standing.wanted.instance;
    let pod = standing.holding.pod();
    InstanceState {
        replica: instance.replica.clone(),
        workload: Some(instance.workload.clone()),
        kind: Some(instance.kind),
        phase: phase(scene, standing, draft),
        ready: matches!(standing.health, Health::Ready { .. }),
        revision: pod.map(|pod| pod.revision),
        asked: Some((instance.spec.number, instance.spec.revision)),
        containers: match pod {
            None => views_of_nothing(scene, standing),
            Some(pod) => views(scene, pod),
        },
        bad_revision: scene
            .ledger
            .rollouts
            .get(&instance.workload)
            .and_then(|record| record.failure_of(&instance.spec))
            .map(|bad| bad.revision),
        last_failure: last_failure(scene, &instance.replica, pod),
        failure: pod.and_then(|pod| failure::youngest(pod, scene.desired.spec(&pod.revision))),
    }
}

fn of_refused(scene: Scene<'_>, replica: &ReplicaName) -> InstanceState {
    let known = scene.desired.refused.get(replica);
    let (workload, kind) = known.and_then(|refused| refused.workload.clone()).unzip();
    let state = of_unwanted(scene, replica, Phase::Refused);
    InstanceState { workload: workload.or(state.workload), kind, ..state }
}

/// The state of a pod of which only that is told.
pub(super) fn of_pod(scene: Scene<'_>, pod: &ObservedPod, kind: Option<WorkloadKind>, phase: Phase) -> InstanceState {
    InstanceState {
        replica: pod.replica.clone(),
        workload: Some(pod.workload.clone()),
        kind,
        phase,
        ready: false,
        revision: Some(pod.revision),
        asked: None,
        containers: views(scene, pod),
        bad_revision: None,
        last_failure: last_failure(scene, &pod.replica, Some(pod)),
        failure: failure::youngest(pod, scene.desired.spec(&pod.revision)),
    }
}

fn of_unwanted(scene: Scene<'_>, replica: &ReplicaName, phase: Phase) -> InstanceState {
    let pod = scene.observed.pods_of(replica).next();
    InstanceState {
        replica: replica.clone(),
        workload: pod.map(|pod| pod.workload.clone()),
        kind: scene.desired.leaving.iter().find(|leaving| leaving.replica == *replica).map(|leaving| leaving.kind),
        phase,
        ready: false,
        revision: pod.map(|pod| pod.revision),
        asked: None,
        containers: pod.map(|pod| views(scene, pod)).unwrap_or_default(),
        bad_revision: None,
        last_failure: last_failure(scene, replica, pod),
        failure: pod.and_then(|pod| failure::youngest(pod, scene.desired.spec(&pod.revision))),
    }
}

fn phase(scene: Scene<'_>, standing: &Standing<'_>, draft: &Draft<'_>) -> Phase {
    let replica = standing.wanted.replica();
    let is_acting = scene.busy.contains(replica) || draft.task_of(replica).is_some();
    let backs_off = draft.waits_of(replica).any(|wait| wait.gate == "back-off");
    let stays_down = draft.waits_of(replica).any(|wait| wait.gate == upkeep::FLAP_LIMIT);
    match (standing.holding, standing.health) {
        (Holding::Nothing, _) if is_acting => Phase::Starting,
        (Holding::Nothing, _) if backs_off => Phase::BackOff,
        (Holding::Nothing, _) => Phase::Pending,
        (Holding::Other(_) | Holding::Both { .. }, _) if is_acting => Phase::Replacing,
        (Holding::Current(_) | Holding::Other(_) | Holding::Both { .. }, _) if stays_down => Phase::Failed,
        (Holding::Current(_) | Holding::Other(_) | Holding::Both { .. }, _) if backs_off => Phase::BackOff,
        (Holding::Both { .. }, _) => Phase::Replacing,
        (Holding::Current(pod), _) if pod.stopping.is_some() => Phase::Replacing,
        (Holding::Current(_) | Holding::Other(_), Health::Ready { .. }) => Phase::Running,
        (Holding::Current(_) | Holding::Other(_), Health::Complete) => Phase::Complete,
        (Holding::Current(pod) | Holding::Other(pod), Health::Unknown | Health::NotReady) => {
            unready(scene, standing, pod, is_acting)
        }
    }
}

fn unready(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, is_acting: bool) -> Phase {
    let all = || containers::of(scene, pod, standing.aim.spec);
    if all().any(|container| container.ended_as() == Some(Fate::Failed)) {
        return Phase::Failed;
    }
    let has_started = |container: Container<'_>| container.has_reached(wlc_plan::gate::Condition::Started);
    if is_acting || !all().all(has_started) { Phase::Starting } else { Phase::NotReady }
}

fn views(scene: Scene<'_>, pod: &ObservedPod) -> Vec<ContainerView> {
    match scene.desired.spec(&pod.revision) {
        Some(spec) => containers::of(scene, pod, spec).map(|container| view(&container)).collect(),
        None => {
            let names: BTreeSet<&ContainerName> = pod.containers.iter().map(|one| &one.container).collect();
            let newest = |name: &ContainerName| pod.newest(name).map(|newest| view_of(name, newest, Fate::RunsAgain));
            names.into_iter().filter_map(newest).collect()
        }
    }
}

fn views_of_nothing(scene: Scene<'_>, standing: &Standing<'_>) -> Vec<ContainerView> {
    let spec = standing.aim.spec;
    let why = containers::why_not_made(scene, standing.wanted.replica(), &standing.target);
    let has_inits = spec.containers.iter().any(|container| container.role == ContainerRole::Init);
    let reason = |role: ContainerRole| match why {
        _ if has_inits && role.is_main() => INITIALIZING,
        why => why.unwrap_or(CREATING),
    };
    spec.containers.iter().map(|container| absent(&container.name, reason(container.role))).collect()
}

fn absent(name: &ContainerName, reason: &'static str) -> ContainerView {
    ContainerView {
        name: name.clone(),
        state: ContainerWord::Waiting,
        restarts: 0,
        exit_code: None,
        reason: Some(reason),
    }
}

fn view(container: &Container<'_>) -> ContainerView {
    match container.newest {
        None if container.is_behind() => {
            ContainerView { state: ContainerWord::Terminated, ..absent(&container.spec.name, "Completed") }
        }
        None if container.waits_for_inits() => absent(&container.spec.name, INITIALIZING),
        None => absent(&container.spec.name, container.why_not_made().unwrap_or(CREATING)),
        Some(newest) => {
            let view = view_of(&container.spec.name, newest, container.ended_as().unwrap_or(Fate::RunsAgain));
            match (newest.state, container.why_not_made()) {
                (ContainerState::Created, Some(reason)) => ContainerView { reason: Some(reason), ..view },
                (ContainerState::Running { .. }, _) if newest.stop.is_none() && container.pod.stopping.is_some() => {
                    ContainerView { reason: Some(DRAINING), ..view }
                }
                (_, _) => view,
            }
        }
    }
}

fn view_of(name: &ContainerName, newest: &ObservedContainer, fate: Fate) -> ContainerView {
    let (state, exit_code, reason) = match (newest.state, fate) {
        (ContainerState::Created, _) => (ContainerWord::Waiting, None, Some(CREATING)),
        (ContainerState::Running { .. } | ContainerState::Stopping, _) if newest.stop.is_some() => {
            (ContainerWord::Running, None, newest.stop.map(step))
        }
        (ContainerState::Running { .. }, _) => (ContainerWord::Running, None, None),
        (ContainerState::Paused, _) => (ContainerWord::Running, None, Some("Paused")),
        (ContainerState::Stopping, _) => (ContainerWord::Running, None, Some("Stopping")),
        (ContainerState::Exited { code, .. }, Fate::RunsAgain) => {
            (ContainerWord::Waiting, Some(code), Some("CrashLoopBackOff"))
        }
        (ContainerState::Exited { code, .. }, Fate::Complete | Fate::Failed) => {
            (ContainerWord::Terminated, Some(code), Some(failure::reason(code, &newest.last_words)))
        }
    };
    ContainerView { name: name.clone(), state, restarts: newest.attempt, exit_code, reason }
}

/// The word for a step of a stop.
fn step(step: StopStep) -> &'static str {
    match step {
        StopStep::PreStop => "PreStop",
        StopStep::Signal => "Stopping",
        StopStep::Kill => "Killing",
    }
}

/// The task that failed last, or else the youngest end of a container.
fn last_failure(scene: Scene<'_>, replica: &ReplicaName, pod: Option<&ObservedPod>) -> Option<String> {
    if let Some(failure) = scene.ledger.failures.get(replica) {
        return Some(failure.why.clone());
    }
    let ended = pod?.containers.iter().filter_map(|one| match one.state {
        ContainerState::Exited { code, finished, .. } => {
            Some((finished, code, &one.container, failure::reason(code, &one.last_words)))
        }
        ContainerState::Created
        | ContainerState::Running { .. }
        | ContainerState::Paused
        | ContainerState::Stopping => None,
    });
    let (at, code, container, reason) = ended.max()?;
    Some(format!("`{container}` ended with {code} ({reason}) at {}", at.timestamp()))
}
