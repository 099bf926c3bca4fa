//! Which pods and containers a person means by a name.

use std::collections::BTreeMap;

use wlc_plan::name::ContainerName;

use crate::observed::{ContainerState, Observed, ObservedContainer, ObservedPod};

/// The newest pod of each replica that a name means: a replica, or all of a workload; of a job or cron job the newest run.
pub(super) fn pods<'a>(observed: &'a Observed, name: &str) -> Vec<&'a ObservedPod> {
    newest(runs(observed, name).into_iter().next().unwrap_or_default())
}

/// The pods of the run before the newest one of a job or cron job; of a replica of one, the pod of the attempt before.
pub(super) fn pods_before<'a>(observed: &'a Observed, name: &str) -> Vec<&'a ObservedPod> {
    let mut runs = runs(observed, name).into_iter();
    let (last, before) = (runs.next().unwrap_or_default(), runs.next());
    let shown: Vec<&str> = newest(last.clone()).iter().map(|pod| pod.name.as_str()).collect();
    let attempts = || last.into_iter().filter(|pod| pod.run.is_some() && !shown.contains(&pod.name.as_str())).collect();
    newest(before.unwrap_or_else(attempts))
}

/// The pods that a name means, by run, the newest first; what is of no job is one run.
fn runs<'a>(observed: &'a Observed, name: &str) -> Vec<Vec<&'a ObservedPod>> {
    let means = |pod: &&ObservedPod| pod.replica.as_str() == name || pod.workload.as_str() == name;
    let mut found: BTreeMap<Option<&str>, Vec<&ObservedPod>> = BTreeMap::new();
    for pod in observed.pods().filter(means) {
        found.entry(pod.run.as_ref().map(|run| run.run.as_str())).or_default().push(pod);
    }
    let mut runs: Vec<Vec<&ObservedPod>> = found.into_values().collect();
    runs.sort_by_key(|pods| std::cmp::Reverse(pods.iter().map(|pod| pod.created).max()));
    runs
}

/// The newest pod of each replica.
fn newest(mut pods: Vec<&ObservedPod>) -> Vec<&ObservedPod> {
    pods.sort_by_key(|pod| (pod.replica.clone(), std::cmp::Reverse(pod.created)));
    pods.dedup_by_key(|pod| &pod.replica);
    pods
}

/// The one pod that a name means.
pub(super) fn pod<'a>(observed: &'a Observed, name: &str) -> Result<&'a ObservedPod, String> {
    match pods(observed, name)[..] {
        [] => Err(nobody(name)),
        [pod] => Ok(pod),
        ref several => {
            let names: Vec<String> = several.iter().map(|pod| format!("`{}`", pod.replica)).collect();
            Err(format!("`{name}` has several replicas here, name one: {}", names.join(", ")))
        }
    }
}

/// The sentence where nobody has the name.
pub(super) fn nobody(name: &str) -> String {
    format!("no pod of a workload or replica `{name}` is on this node")
}

/// The names of a pod's containers, or the one that is asked for.
pub(super) fn containers<'a>(pod: &'a ObservedPod, asked: Option<&str>) -> Result<Vec<&'a ContainerName>, String> {
    let mut names: Vec<&ContainerName> = pod.containers.iter().map(|one| &one.container).collect();
    names.dedup();
    let meant: Vec<&ContainerName> =
        names.iter().copied().filter(|name| asked.is_none_or(|asked| name.as_str() == asked)).collect();
    match asked {
        Some(asked) if meant.is_empty() => {
            Err(format!("`{}` has no container `{asked}`; it has {}", pod.replica, listed(&names)))
        }
        Some(_) | None => Ok(meant),
    }
}

/// The running container that is meant: the one that is asked for, or the only one that runs.
pub(super) fn running<'a>(pod: &'a ObservedPod, asked: Option<&str>) -> Result<&'a ObservedContainer, String> {
    let names = containers(pod, asked)?;
    let newest: Vec<_> = names.into_iter().filter_map(|name| pod.newest(name)).collect();
    let running: Vec<_> = newest.iter().copied().filter(|one| one.is_running()).collect();
    match (&running[..], asked) {
        ([one], _) => Ok(one),
        ([], Some(name)) => {
            let why = newest.first().map_or("it was never made", |one| state(one));
            Err(format!("`{name}` of `{}` does not run: {why}; `wlagent why {}` tells more", pod.replica, pod.replica))
        }
        ([], None) => Err(format!("no container of `{0}` runs; `wlagent why {0}` tells more", pod.replica)),
        (several, _) => {
            let names: Vec<&ContainerName> = several.iter().map(|one| &one.container).collect();
            Err(format!("name one of the containers of `{}`: {}", pod.replica, listed(&names)))
        }
    }
}

/// A run of a container: its newest, or the one before.
pub(super) fn run<'a>(pod: &'a ObservedPod, name: &ContainerName, is_previous: bool) -> Option<&'a ObservedContainer> {
    let mut attempts: Vec<_> = pod.containers.iter().filter(|one| one.container == *name).collect();
    attempts.sort_by_key(|one| std::cmp::Reverse(one.attempt));
    attempts.get(usize::from(is_previous)).copied()
}

fn listed(names: &[&ContainerName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn state(one: &ObservedContainer) -> &'static str {
    match one.state {
        ContainerState::Created => "it was made and never started",
        ContainerState::Running { .. } => "it runs",
        ContainerState::Paused => "it is paused",
        ContainerState::Stopping => "it is being stopped",
        ContainerState::Exited { .. } => "it ended",
    }
}
