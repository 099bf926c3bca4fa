//! What somebody changed by hand in pods and containers that run, and what puts it right without ending them. Each difference is
//! named.
//!
//! Where it cannot be put right, as where another container has the name, the difference stays named and nothing else waits
//! for it: these tasks fail for the container, not for its pod.

use wlc_plan::{
    quantity::{Bytes, Cpu},
    spec::Whose,
};

use super::{
    Scene,
    draft::{Draft, Who},
    make,
    standing::Standing,
};
use crate::{
    action::{Action, Reason},
    observed::{Allowance, ObservedContainer, ObservedPod, Sandbox},
    podman::limits::allowance,
};

/// The largest page that a kernel has, in bytes.
const PAGE: u64 = 64 << 10;
/// A hundredth of a CPU, in thousandths.
const HUNDREDTH: u64 = 10;

/// How far it is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PutRight {
    /// Nothing was changed.
    Unchanged,
    /// What was changed is named, and waits.
    Named,
    /// A task was proposed.
    Proposed,
}

/// Puts right what was changed in the pods of a replica.
pub(super) fn put_right<'a>(scene: Scene<'a>, standing: &Standing<'a>, draft: &mut Draft<'_>) -> PutRight {
    let pods = scene.observed.pods_of(standing.wanted.replica()).filter(|pod| pod.stopping.is_none());
    let changed = pods.flat_map(|pod| {
        let in_containers = pod.containers.iter().filter_map(move |one| in_container(scene, pod, one));
        off_network(scene, pod).into_iter().chain(in_containers)
    });
    let mut put_right = PutRight::Unchanged;
    for Change { of, reason, actions } in changed {
        let sentence = reason.to_string();
        draft.act(Who { pod: &of, ..standing.who() }, reason, actions);
        if draft.task_of(standing.wanted.replica()).is_some() {
            return PutRight::Proposed;
        }
        draft.wait(standing.who(), "by-hand", sentence, None);
        put_right = PutRight::Named;
    }
    put_right
}

/// What was changed, and what puts it right.
struct Change {
    /// Whose failure it is where it cannot be put right.
    of: String,
    reason: Reason,
    actions: Vec<Action>,
}

/// What is paused goes on.
pub(super) fn unpause(paused: &ObservedContainer) -> (Reason, Vec<Action>) {
    let reason = Reason::ByHand { container: paused.container.clone(), what: "paused".to_owned() };
    (reason, vec![Action::Unpause { container: paused.name.clone() }])
}

/// A pod that is not in the network any more cannot be reached, and reaches nobody.
fn off_network(scene: Scene<'_>, pod: &ObservedPod) -> Option<Change> {
    let is_meant = scene.desired.spec(&pod.revision)?.surroundings.network == Whose::Pod;
    let is_off = is_meant && pod.sandbox == Sandbox::Up && !pod.is_on_network;
    is_off.then(|| {
        let network = make::network(scene);
        let actions = network.into_iter().chain([Action::Connect { pod: pod.name.clone() }]).collect();
        Change { of: format!("{}.network", pod.name), reason: Reason::OffNetwork, actions }
    })
}

fn in_container(scene: Scene<'_>, pod: &ObservedPod, one: &ObservedContainer) -> Option<Change> {
    let (what, action) = match one.called.clone() {
        Some(called) => (format!("called `{called}`"), Action::Rename { container: one.name.clone(), called }),
        None => {
            let resources = &scene.desired.spec(&pod.revision)?.container(&one.container)?.resources;
            let what = difference(one.allowance?, allowance(resources))?;
            (what, Action::Limit { container: one.name.clone(), resources: resources.clone() })
        }
    };
    let reason = Reason::ByHand { container: one.container.clone(), what };
    Some(Change { of: one.name.clone(), reason, actions: vec![action] })
}

/// How what a container is allowed differs from what it was made for. The kernel rounds to pages, and systemd a quota to
/// hundredths.
fn difference(is: Allowance, was: Allowance) -> Option<String> {
    let memory = |bytes: Option<Bytes>| bytes.map_or_else(|| "all".to_owned(), |bytes| bytes.to_string());
    let cpu = |cpu: Option<Cpu>| cpu.map_or_else(|| "all".to_owned(), |cpu| cpu.to_string());
    let numbers =
        |allowance: Allowance| (allowance.memory.map(|Bytes(most)| most), allowance.cpu.map(|Cpu(most)| most));
    let ((memory_is, cpu_is), (memory_was, cpu_was)) = (numbers(is), numbers(was));
    if !is_about(memory_is, memory_was, PAGE) {
        return Some(format!("allowed {} memory instead of {}", memory(is.memory), memory(was.memory)));
    }
    (!is_about(cpu_is, cpu_was, HUNDREDTH)).then(|| format!("allowed {} CPU instead of {}", cpu(is.cpu), cpu(was.cpu)))
}

fn is_about(is: Option<u64>, was: Option<u64>, within: u64) -> bool {
    match (is, was) {
        (Some(is), Some(was)) => is.abs_diff(was) <= within,
        (is, was) => is == was,
    }
}
