//! A pod that goes leaves the lists of ready replicas before it is asked to end.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use wlc_plan::{
    gate::{Condition, Step},
    instance::Instance,
    name::WorkloadName,
    spec::{EndpointFiles, FileSource, OnSwap, PodSpec},
};

use super::{
    needs::{backend, files, with_mount},
    world::{World, after, instance, replica, slot},
};
use crate::{
    action::{Action, FilesSwap, Reason, Task},
    apply,
    decide::Decision,
    files::Bytes,
};

fn balancer(version: &str) -> (Instance, PodSpec) {
    let of = EndpointFiles { workload: WorkloadName::parse("web").unwrap() };
    let spec = with_mount(files(FileSource::Endpoints(of), OnSwap::Signal("HUP".to_owned())));
    let (front, spec) = instance("front-0", &PodSpec { restarted: Some(version.to_owned()), ..spec }, vec![slot(1)]);
    (Instance { workload: WorkloadName::parse("front").unwrap(), ..front }, spec)
}

fn web(version: &str) -> Vec<(Instance, PodSpec)> {
    let spec = PodSpec { restarted: Some(version.to_owned()), ..backend() };
    (0..2).map(|at| instance(&format!("web-{at}"), &spec, vec![slot(1)])).collect()
}

fn plan(front: &str, back: &str) -> Vec<(Instance, PodSpec)> {
    [balancer(front)].into_iter().chain(web(back)).collect()
}

fn task<'a>(decision: &'a Decision, name: &str) -> &'a Task {
    decision.tasks.iter().find(|task| task.replica == replica(name)).unwrap_or_else(|| panic!("{decision:#?}"))
}

fn step(world: &World, action: &Action) {
    let (replica, workload) = (replica("web-0"), wlc_plan::name::WorkloadName::parse("web").unwrap());
    let task = Task { replica, workload, pod: String::new(), reason: Reason::Changed, actions: Vec::new() };
    apply::step(world.podman.as_ref(), &task, action).now_or_never().unwrap().unwrap();
}

fn list(swap: &FilesSwap) -> Vec<String> {
    let file = swap.files.files.iter().find(|file| file.path == "http.list").unwrap();
    let Bytes::Text(text) = &file.bytes else { panic!("{file:?}") };
    text.lines().map(str::to_owned).collect()
}

/// The steps before the first that ends something.
fn begin<'a>(world: &World, task: &'a Task) -> &'a [Action] {
    let at = task.actions.iter().position(|action| matches!(action, Action::Drain(_))).expect("it is drained first");
    task.actions[..=at].iter().for_each(|action| step(world, action));
    &task.actions[at + 1..]
}

#[test]
fn a_pod_that_goes_leaves_the_lists_first() {
    let mut world = World::new(plan("1", "1"));
    world.settle();
    world.accept(plan("1", "2"));
    let decision = world.decide();
    let rest = begin(&world, task(&decision, "web-0"));
    assert!(matches!(rest[0], Action::StopContainers(_)), "{rest:?}");

    let busy = BTreeSet::from([replica("web-0")]);
    let decision = world.decide_while_busy(&busy);
    assert!(decision.drained.is_empty(), "the balancer was not told yet: {:?}", decision.drained);
    let [Action::SwapFiles(swap)] = &task(&decision, "front-0").actions[..] else { panic!("{decision:#?}") };
    let left = world.observe().pods.iter().find(|pod| pod.replica == replica("web-1")).unwrap().address.unwrap();
    assert_eq!(list(swap), [format!("{}:8080", left.first)]);
    assert!(!decision.tasks.iter().any(|task| task.replica == replica("web-1")), "it waits for its turn");

    step(&world, &Action::SwapFiles(swap.clone()));
    let both = BTreeSet::from([replica("web-0"), replica("front-0")]);
    assert!(world.decide_while_busy(&both).drained.is_empty(), "the balancer still reads");
    let decision = world.decide_while_busy(&busy);
    assert_eq!(decision.drained.len(), 1, "{:?}", decision.drained);
    assert!(decision.drained.iter().all(|pod| pod.starts_with("wlc.f.web-0.")));
    world.settle();
    assert!(world.decide().drained.is_empty());
}

/// After a crash in the middle of it, the next agent goes on: the pod stays out of the lists, and is drained again.
#[test]
fn a_drain_that_was_broken_off_goes_on() {
    let mut world = World::new(plan("1", "1"));
    world.settle();
    world.accept(plan("1", "2"));
    let decision = world.decide();
    begin(&world, task(&decision, "web-0"));
    let decision = world.decide();
    begin(&world, task(&decision, "web-0"));
    world.settle();
    assert_eq!(world.running().len(), 3);
}

/// A balancer that may not be replaced yet is told all the same.
#[test]
fn a_balancer_of_an_older_revision_is_told_too() {
    let mut world = World::new(plan("1", "1"));
    world.settle();
    let (mut front, spec) = balancer("2");
    front.gates = vec![after(Step::Replace, "web-1", Condition::Complete)];
    world.accept([(front, spec)].into_iter().chain(web("1")).collect());
    world.sick.insert(replica("web-0"));
    let decision = world.decide();
    let [Action::SwapFiles(swap)] = &task(&decision, "front-0").actions[..] else { panic!("{decision:#?}") };
    assert_eq!(list(swap).len(), 1);
}

#[test]
fn nobody_waits_where_nobody_lists() {
    let mut world = World::new(web("1"));
    world.settle();
    world.accept(web("2"));
    let decision = world.decide();
    let actions = &task(&decision, "web-0").actions;
    assert!(!actions.iter().any(|action| matches!(action, Action::Drain(_))), "{actions:?}");
}
