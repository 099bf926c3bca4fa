//! What somebody changed by hand in containers that run, and what puts it right without ending them. Each difference is
//! named.
//!
//! Where it cannot be put right, as where another container has the name, the difference stays named and nothing else waits
//! for it: these tasks fail for the container, not for its pod.

use super::{
    Scene,
    draft::{Draft, Who},
    standing::Standing,
};
use crate::{
    action::{Action, Reason},
    observed::{ObservedContainer, ObservedPod},
};

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
    let changed: Vec<(&ObservedPod, &ObservedContainer, Action)> =
        pods.flat_map(|pod| pod.containers.iter().filter_map(move |one| Some((pod, one, change(one)?)))).collect();
    for (_, one, action) in &changed {
        let who = Who { pod: &one.name, ..standing.who() };
        draft.act(who, reason(one), vec![action.clone()]);
        if draft.task_of(who.replica).is_some() {
            return PutRight::Proposed;
        }
        draft.wait(standing.who(), "by-hand", reason(one).to_string(), None);
    }
    if changed.is_empty() { PutRight::Unchanged } else { PutRight::Named }
}

/// What puts a container right.
fn change(one: &ObservedContainer) -> Option<Action> {
    let called = one.called.clone()?;
    Some(Action::Rename { container: one.name.clone(), called })
}

fn reason(one: &ObservedContainer) -> Reason {
    let what = format!("called `{}`", one.called.as_deref().unwrap_or_default());
    Reason::ByHand { container: one.container.clone(), what }
}
