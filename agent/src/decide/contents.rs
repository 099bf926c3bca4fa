//! Contents that are swapped in place: another digest than the one recorded beside the folder is swapped in.
//!
//! Such a change takes a slot and waits for its gates like a replacement. Files that only tell what is, such as endpoints, wait
//! for nobody, and every pod that runs is told, whatever revision it is of.

use wlc_plan::{
    gate::Step,
    instance::SwappedContent,
    spec::{ConfigMount, ContainerSpec, MountSource, OnChange, OnSwap, PodSpec},
};

use super::{
    Scene,
    draft::Draft,
    endpoints,
    files::{self, Subject},
    gates::{self, Cost, Slots, Wish},
    make,
    standing::Standing,
};
use crate::{
    action::{Action, ContentSignal, ContentSwap, FilesSwap, Reason},
    files::Files,
    mutant::{self, Mutant},
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
        return tell(scene, standing, pod, draft);
    }
    let instance = &standing.wanted.instance;
    let is_changed = |wanted: &&SwappedContent| {
        let is_other = pod.contents.get(&(wanted.container.clone(), wanted.path.clone())) != Some(&wanted.content);
        (is_other || mutant::is(Mutant::SwapUnrecorded)) && !mutant::is(Mutant::SwapForgotten)
    };
    let changed = instance.contents.iter().filter(is_changed);
    let actions = changed.filter_map(|wanted| action(pod, &standing.wanted.spec, wanted));
    let (planned, told) = files(scene, standing, pod, &standing.wanted.spec);
    let actions: Vec<Action> = actions.chain(planned).collect();
    if !told.is_empty() {
        draft.act(standing.who(), Reason::Content, told);
        return true;
    }
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

/// Tells a pod of any revision what is; true where a task was proposed.
pub(super) fn tell(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, draft: &mut Draft<'_>) -> bool {
    let spec = scene.desired.spec(&pod.revision).filter(|_| pod.stopping.is_none());
    let told = spec.map(|spec| files(scene, standing, pod, spec).1).unwrap_or_default();
    let is_proposed = !told.is_empty();
    if is_proposed {
        draft.act(standing.who(), Reason::Content, told);
    }
    is_proposed
}

/// Mounted files that are others than those that were put down last: those whose sources the plan changed, which take their
/// turn, and those that only tell what is, such as endpoints, which wait for nobody.
fn files(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, spec: &PodSpec) -> (Vec<Action>, Vec<Action>) {
    let (mut planned, mut told) = (Vec::new(), Vec::new());
    let mut mounts = spec.containers.iter().flat_map(|container| &container.mounts);
    if mounts.all(|mount| files::files_of(mount).is_none()) {
        return (planned, told);
    }
    let labels = make::labels(scene, pod);
    let instance = &standing.wanted.instance;
    let backends = endpoints::backends(scene);
    let (node, ip_family) = (scene.desired.node.as_str(), scene.desired.ip_family);
    let subject = Subject { labels: &labels, node, instance: Some(instance), backends, ip_family };
    for container in &spec.containers {
        let Some(newest) = pod.newest(&container.name).filter(|newest| newest.is_running()) else { continue };
        for files in files::of(subject, spec, container) {
            if pod.contents.get(&(container.name.clone(), files.path.clone())) == Some(&files.digest()) {
                continue;
            }
            let is_planned =
                instance.sources.iter().any(|one| one.container == container.name && one.path == files.path);
            let signal = signal(container, &files, &newest.name);
            let swap = FilesSwap { pod: pod.name.clone(), container: container.name.clone(), files, signal };
            let to = if is_planned { &mut planned } else { &mut told };
            to.push(Action::SwapFiles(Box::new(swap)));
        }
    }
    (planned, told)
}

fn signal(container: &ContainerSpec, files: &Files, newest: &str) -> Option<ContentSignal> {
    let mount = container.mounts.iter().find(|mount| mount.path == files.path)?;
    match &files::files_of(mount)?.on_swap {
        OnSwap::Nothing => None,
        OnSwap::Signal(signal) => Some(ContentSignal { container: newest.to_owned(), signal: signal.clone() }),
    }
}

fn action(pod: &ObservedPod, spec: &PodSpec, wanted: &SwappedContent) -> Option<Action> {
    let mount = mount(spec, wanted)?;
    let newest = pod.newest(&wanted.container).map(|one| one.name.clone());
    let signal = match &mount.on_change {
        OnChange::Signal(_) if mutant::is(Mutant::SwapUnsignalled) => None,
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
        MountSource::Volume(_) | MountSource::Claim(_) | MountSource::Files(_) => None,
    }
}
