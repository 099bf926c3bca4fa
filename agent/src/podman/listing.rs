//! Podman's lists in our words: pure.
//!
//! Containers are read from their list, which costs milliseconds. It has whole seconds: those that ended are inspected
//! once, for the exact times.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use podman_api::models::{ListContainer, ListPodsReport};

use wlc_plan::quantity::Millis;

use super::ownership::{FoundContainer, FoundPod, Labels, Role};
use crate::{
    clock::Moment,
    observed::{ContainerState, LastWords, PodAddress, PodFolders, Sandbox, StopStep},
};

/// Start and end of a container, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it was started.
    pub started: Moment,
    /// When it ended.
    pub finished: Moment,
}

/// The code of a run that SIGKILL ended.
const KILLED: i32 = 137;

/// Podman writes down when it started a container after the container has started: one that ends at once may have ended
/// before, by Podman's word.
const LATE_START: Millis = Millis(2_000);

/// One run of a container: an id, and the second in which it was started. A container may be started again by somebody.
pub type Run = (String, i64);

/// What is known beyond the lists.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Addresses of infra containers.
    pub addresses: BTreeMap<Run, PodAddress>,
    /// Names of pods that took no container: made before the last boot, never started.
    pub broken: BTreeSet<String>,
    /// Exact times of containers that ended.
    pub times: BTreeMap<Run, Times>,
    /// What is left of runs that ended.
    pub last_words: BTreeMap<Run, LastWords>,
    /// The steps of stops that are under way, by the container's name.
    pub steps: BTreeMap<String, StopStep>,
    /// Runs whose main process is gone while Podman says that they run, and when that was seen first.
    pub vanished: BTreeMap<Run, Moment>,
    /// The names of their containers.
    pub vanished_names: BTreeSet<String>,
    /// Runs whose main process is not there, and since when that is known.
    pub missing: BTreeMap<Run, tokio::time::Instant>,
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
        labels: Arc::new(labels(report.labels.as_ref())),
        created: report.created.map_or(Moment(0), |time| moment(time.timestamp_millis())),
        contents: BTreeMap::new(),
        folders: PodFolders::Lost,
        stopping: None,
    }
}

/// A pod by its infra container, which carries its labels.
pub fn pod_of_infra(infra: &ListContainer) -> Option<FoundPod> {
    is_infra(infra).then(|| FoundPod {
        id: infra.pod.clone().unwrap_or_default(),
        name: infra.pod_name.clone().unwrap_or_default(),
        labels: Arc::new(labels(infra.labels.as_ref())),
        created: made(infra),
        contents: BTreeMap::new(),
        folders: PodFolders::Lost,
        stopping: None,
    })
}

/// Whether the infra container of each container's pod is in the list.
pub fn has_infra_of_each(containers: &[ListContainer]) -> bool {
    let pods: BTreeSet<&String> =
        containers.iter().filter(|one| is_infra(one)).filter_map(|one| one.pod.as_ref()).collect();
    let mut others = containers.iter().filter(|one| !is_infra(one)).filter_map(|one| one.pod.as_ref());
    others.all(|pod| pod.is_empty() || pods.contains(pod))
}

/// A container of the list.
pub fn container(listed: &ListContainer, known: &Known) -> FoundContainer {
    let run = run(listed);
    let role = if is_infra(listed) {
        let sandbox = if known.vanished.contains_key(&run) { Sandbox::Down } else { sandbox(listed, known) };
        Role::Infra(sandbox, known.addresses.get(&run).copied())
    } else if let Some(gone) = known.vanished.get(&run) {
        let started = started(listed);
        Role::Member(ContainerState::Exited { code: KILLED, started, finished: started.max(*gone) })
    } else {
        Role::Member(state(listed, known.times.get(&run)))
    };
    FoundContainer {
        id: run.0,
        name: listed.names.iter().flatten().next().cloned().unwrap_or_default(),
        pod: listed.pod.clone().unwrap_or_default(),
        labels: Arc::new(labels(listed.labels.as_ref())),
        role,
        is_on_network: false,
        allowance: None,
        post_start: None,
        stop: None,
        last_words: LastWords::default(),
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
    seconds(listed.started_at).max(made(listed))
}

fn made(listed: &ListContainer) -> Moment {
    listed.created.map_or(Moment(0), |time| moment(time.timestamp_millis()))
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

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: i64 = -62_135_596_800;

    fn listed(state: &str, started: i64, exited_at: i64, exited: bool) -> ListContainer {
        let text = serde_json::json!({
            "Id": "c", "Names": ["n"], "Pod": "p", "PodName": "pod", "State": state, "ExitCode": 7, "IsInfra": false,
            "StartedAt": started, "ExitedAt": exited_at, "Exited": exited, "Created": "2027-01-15T08:00:00.25Z",
        });
        serde_json::from_value(text).unwrap()
    }

    fn seen(container: &ListContainer) -> ContainerState {
        state(container, None)
    }

    /// 2027-01-15T08:00:00Z
    const SECOND: i64 = 1_800_000_000;
    const MADE: Moment = Moment(1_800_000_000_250);

    #[test]
    fn a_start_is_not_before_the_making() {
        assert_eq!(seen(&listed("running", SECOND, NEVER, false)), ContainerState::Running { started: MADE });
        let later = ContainerState::Running { started: Moment(1_800_000_005_000) };
        assert_eq!(seen(&listed("running", SECOND + 5, NEVER, false)), later);
    }

    #[test]
    fn an_end_within_the_second_of_the_start_counts() {
        let ended = ContainerState::Exited { code: 7, started: MADE, finished: MADE };
        assert_eq!(seen(&listed("exited", SECOND, SECOND, true)), ended);
        assert_eq!(seen(&listed("stopped", SECOND, SECOND, true)), ended);
    }

    /// Podman 5 after a power loss: listed as exited with the end of a run before, or with none.
    #[test]
    fn an_end_before_the_start_is_none() {
        assert_eq!(seen(&listed("exited", SECOND + 60, SECOND, true)), ContainerState::Created);
        assert_eq!(seen(&listed("exited", SECOND, NEVER, true)), ContainerState::Created);
        assert_eq!(seen(&listed("exited", SECOND, SECOND + 5, false)), ContainerState::Created);
    }

    /// Podman 4.3 after a power loss: listed as created, with the start of the run that was lost.
    #[test]
    fn an_infra_container_that_ran_before_the_boot_is_down() {
        let known = Known::default();
        assert_eq!(sandbox(&listed("created", NEVER, NEVER, false), &known), Sandbox::Created);
        assert_eq!(sandbox(&listed("created", SECOND, NEVER, false), &known), Sandbox::Down);
        assert_eq!(sandbox(&listed("running", SECOND, NEVER, false), &known), Sandbox::Up);
        assert_eq!(sandbox(&listed("exited", SECOND, SECOND + 1, true), &known), Sandbox::Down);
        let broken = Known { broken: BTreeSet::from(["pod".to_owned()]), ..Known::default() };
        assert_eq!(sandbox(&listed("created", NEVER, NEVER, false), &broken), Sandbox::Down);
    }

    #[test]
    fn states_between_are_told_apart() {
        for (state, expected) in [
            ("created", ContainerState::Created),
            ("initialized", ContainerState::Created),
            ("paused", ContainerState::Paused),
            ("stopping", ContainerState::Stopping),
            ("removing", ContainerState::Stopping),
        ] {
            assert_eq!(seen(&listed(state, SECOND, NEVER, false)), expected, "{state}");
        }
    }
}
