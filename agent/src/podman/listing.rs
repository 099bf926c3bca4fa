//! Podman's lists in our words: pure.
//!
//! Containers are read from their list, which costs milliseconds. It has whole seconds: those that ended are inspected
//! once, for the exact times.

use std::{collections::{BTreeMap, BTreeSet}, net::IpAddr};

use podman_api::models::{ListContainer, ListPodsReport};

use wlc_plan::quantity::Millis;

use super::ownership::{FoundContainer, FoundPod, Labels, Role};
use crate::{
    clock::Moment,
    observed::{ContainerState, Sandbox},
};

/// Start and end of a container, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it was started.
    pub started: Moment,
    /// When it ended.
    pub finished: Moment,
}

/// Podman writes down when it started a container after the container has started: one that ends at once may have ended
/// before, by Podman's word.
const LATE_START: Millis = Millis(2_000);

/// One run of a container: an id, and the second in which it was started. A container may be started again by somebody.
pub type Run = (String, i64);

/// What is known beyond the lists.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Addresses of infra containers.
    pub addresses: BTreeMap<Run, IpAddr>,
    /// Names of pods that took no container: made before the last boot, never started.
    pub broken: BTreeSet<String>,
    /// Exact times of containers that ended.
    pub times: BTreeMap<Run, Times>,
}

/// The run that a container is in, or was in last.
pub fn run(container: &ListContainer) -> Run {
    (container.id.clone().unwrap_or_default(), container.started_at.unwrap_or_default())
}

/// Whether it runs, as far as the list says.
pub fn is_running(container: &ListContainer) -> bool {
    container.state.as_deref() == Some("running")
}

/// Whether it is the container of a pod's network.
pub fn is_infra(container: &ListContainer) -> bool {
    container.is_infra == Some(true)
}

/// Whether it ended.
pub fn is_ended(container: &ListContainer) -> bool {
    matches!(container.state.as_deref(), Some("exited" | "stopped")) && !is_infra(container)
}

/// A pod of the list.
pub fn pod(report: &ListPodsReport) -> FoundPod {
    FoundPod {
        id: report.id.clone().unwrap_or_default(),
        name: report.name.clone().unwrap_or_default(),
        labels: labels(report.labels.as_ref()),
        created: report.created.map_or(Moment(0), |time| moment(time.timestamp_millis())),
        contents: BTreeMap::new(),
    }
}

/// A container of the list.
pub fn container(listed: &ListContainer, known: &Known) -> FoundContainer {
    let run = run(listed);
    let role = if is_infra(listed) {
        Role::Infra(sandbox(listed, known), known.addresses.get(&run).copied())
    } else {
        Role::Member(state(listed, known.times.get(&run)))
    };
    FoundContainer {
        id: run.0,
        name: listed.names.iter().flatten().next().cloned().unwrap_or_default(),
        pod: listed.pod.clone().unwrap_or_default(),
        labels: labels(listed.labels.as_ref()),
        role,
    }
}

/// After a power loss Podman 4 lists what ran as made, but still knows when it was started.
fn sandbox(infra: &ListContainer, known: &Known) -> Sandbox {
    if infra.pod_name.as_ref().is_some_and(|pod| known.broken.contains(pod)) {
        return Sandbox::Down;
    }
    match infra.state.as_deref() {
        Some("running" | "paused") => Sandbox::Up,
        Some("created" | "initialized" | "configured") if infra.started_at.unwrap_or_default() <= 0 => Sandbox::Created,
        _ => Sandbox::Down,
    }
}

fn state(listed: &ListContainer, inspected: Option<&Times>) -> ContainerState {
    match listed.state.as_deref() {
        Some("running") => ContainerState::Running { started: started(listed) },
        Some("paused") => ContainerState::Paused,
        Some("stopping" | "removing") => ContainerState::Stopping,
        Some("exited" | "stopped") => ended(listed, inspected),
        _ => ContainerState::Created,
    }
}

/// An end counts only if Podman saw it, and not before the start: after a power loss newer versions list an exit with code
/// 0 that never happened.
fn ended(listed: &ListContainer, inspected: Option<&Times>) -> ContainerState {
    let from_list = Times { started: started(listed), finished: seconds(listed.exited_at) };
    let Times { started, finished } = inspected.copied().unwrap_or(from_list);
    let was_seen = listed.exited != Some(false) && finished.plus(LATE_START) > started;
    if !was_seen {
        return ContainerState::Created;
    }
    ContainerState::Exited { code: listed.exit_code.unwrap_or_default(), started, finished: finished.max(started) }
}

/// The list has whole seconds, rounded down; the container was made, to the millisecond, before it was started.
fn started(listed: &ListContainer) -> Moment {
    let made = listed.created.map_or(Moment(0), |time| moment(time.timestamp_millis()));
    seconds(listed.started_at).max(made)
}

fn seconds(time: Option<i64>) -> Moment {
    moment(time.unwrap_or_default().saturating_mul(1_000))
}

fn moment(milliseconds: i64) -> Moment {
    Moment(u64::try_from(milliseconds).unwrap_or(0))
}

/// Labels in a fixed order.
pub fn labels<'a>(given: Option<impl IntoIterator<Item = (&'a String, &'a String)>>) -> Labels {
    given.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}
