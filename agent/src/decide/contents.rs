//! Contents that are swapped in place: another digest than the one recorded beside the folder is swapped in.
//!
//! Such a change takes a slot and waits for its gates like a replacement.

use wlc_plan::{
    gate::Step,
    instance::SwappedContent,
    spec::{ConfigMount, MountSource, OnChange, PodSpec},
};

use super::{
    Scene,
    draft::Draft,
    gates::{self, Cost, Slots, Wish},
    standing::Standing,
};
use crate::{
    action::{Action, ContentSignal, ContentSwap, Reason},
    observed::ObservedPod,
};

/// Swaps what changed; true where a task was proposed.
pub(super) fn swap<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    pod: &ObservedPod,
    others: (&[Standing<'a>], &mut Slots<'a>),
    draft: &mut Draft<'_>,
) -> bool {
    let (standings, slots) = others;
    if !standing.aims_at_newest() {
        return false;
    }
    let instance = &standing.wanted.instance;
    let is_changed = |wanted: &&SwappedContent| {
        pod.contents.get(&(wanted.container.clone(), wanted.path.clone())) != Some(&wanted.content)
    };
    let changed = instance.contents.iter().filter(is_changed);
    let actions: Vec<Action> = changed.filter_map(|wanted| action(pod, &standing.wanted.spec, wanted)).collect();
    if actions.is_empty() {
        return false;
    }
    let wish = Wish {
        who: standing.who(),
        step: Step::Replace,
        gates: &instance.gates,
        health: standing.health,
        cost: Cost::Content,
    };
    let is_open = gates::pass(scene, standings, slots, wish, draft);
    if is_open {
        draft.act(standing.who(), Reason::Content, actions);
    }
    is_open
}

fn action(pod: &ObservedPod, spec: &PodSpec, wanted: &SwappedContent) -> Option<Action> {
    let mount = mount(spec, wanted)?;
    let newest = pod.newest(&wanted.container).map(|one| one.name.clone());
    let signal = match &mount.on_change {
        OnChange::Signal(signal) => newest.map(|container| ContentSignal { container, signal: signal.clone() }),
        OnChange::Nothing | OnChange::Restart(_) => None,
    };
    Some(Action::SwapContent(Box::new(ContentSwap {
        pod: pod.name.clone(),
        container: wanted.container.clone(),
        path: wanted.path.clone(),
        mode: mount.mode,
        content: wanted.content,
        signal,
    })))
}

fn mount<'a>(spec: &'a PodSpec, wanted: &SwappedContent) -> Option<&'a ConfigMount> {
    let mounts = &spec.container(&wanted.container)?.mounts;
    let mount = mounts.iter().find(|mount| mount.path == wanted.path)?;
    match &mount.source {
        MountSource::Config(config) => Some(config),
        MountSource::Volume(_) => None,
    }
}
