//! Rollouts that fail and go back by themselves, and what is no reason for it.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{Between, Gate, Step, StepGate},
    instance::Instance,
    revision::{Revision, TemplateVersion},
    rollout::OnFailure,
    spec::PodSpec,
};

use super::{
    rollouts::{counts, pods, reference, web},
    world::*,
};
use crate::{action::Reason, decide::Task};

pub(super) fn going_back(count: usize, number: u32) -> Vec<(Instance, PodSpec)> {
    let mut plan = web(count, number, 1, 1, 2);
    plan.iter_mut().for_each(|(instance, _)| instance.rollout.on_failure = OnFailure::Rollback);
    plan
}

/// A rollout that fails goes back to the last complete revision by itself, says so, and is not tried again until the plan
/// asks for another one.
#[test]
fn a_failed_rollout_goes_back_by_itself_and_is_not_tried_again() {
    let mut world = World::new(going_back(4, 1));
    world.settle();
    for at in 0..6 {
        world.sick_at.insert((replica(&format!("web-{at:02}")), reference(2).revision));
    }
    world.accept(going_back(4, 2));
    for _ in 0..40 {
        world.pass();
        world.sleep(60_000);
    }
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(1, 4)]), 4));
    let decision = world.decide();
    assert!(decision.tasks.is_empty());
    assert_eq!(World::waits(&decision, "web-00"), ["rollback"]);
    assert!(decision.states.iter().all(|state| state.bad_revision == Some(reference(2).revision)));
    // Another count is no other revision.
    world.accept(going_back(5, 2));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(1, 5)]), 5));
    // An agent that lost nothing begins anew and knows it still.
    let written = serde_json::to_vec(&world.ledger).unwrap();
    world.ledger = serde_json::from_slice(&written).unwrap();
    world.settle();
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 5)]));
    world.accept(going_back(5, 3));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(3, 5)]), 5));
    let decision = world.decide();
    assert!(decision.waits.is_empty() && decision.states.iter().all(|state| state.bad_revision.is_none()));
}

/// A revision whose image is nowhere is given up too; where none was ever complete, there is nothing to go back to.
#[test]
fn a_pod_that_cannot_be_made_fails_its_rollout_too() {
    let absent = |mut plan: Vec<(Instance, PodSpec)>| {
        for (one, spec) in &mut plan {
            spec.containers[0].image.name = "absent".to_owned();
            one.spec.revision = Revision::of(TemplateVersion::NEWEST, spec);
            one.spec.spec = wlc_plan::digest::Digest::of(&wlc_plan::canonical::encode(spec));
        }
        plan
    };
    let mut world = World::new(going_back(2, 1));
    world.settle();
    let before = pods(&world);
    world.accept(absent(going_back(2, 2)));
    for _ in 0..30 {
        world.pass();
        world.sleep(60_000);
    }
    assert_eq!(pods(&world), before);
    assert!(World::waits(&world.decide(), "web-00").contains(&"rollback"));
    let mut world = World::new(absent(going_back(2, 1)));
    for _ in 0..30 {
        world.pass();
        world.sleep(60_000);
    }
    assert!(World::waits(&world.decide(), "web-00").contains(&"progress-deadline"));
}

/// S-065: a revision that was complete is not given up because a pod of it is lost afterwards, or because one more replica
/// never comes up.
#[test]
fn a_revision_that_was_complete_is_given_up_no_more() {
    let mut world = World::new(going_back(2, 1));
    world.settle();
    world.accept(going_back(2, 2));
    world.settle();
    world.sleep(3_600_000);
    let lost = world.observe().pods[0].name.clone();
    world.podman.lose_pod(&lost);
    assert!(!World::waits(&world.decide(), "web-00").contains(&"progress-deadline"));
    world.sick_at.insert((replica("web-02"), reference(2).revision));
    world.accept(going_back(3, 2));
    for _ in 0..40 {
        world.pass();
        world.sleep(60_000);
    }
    assert_eq!(counts(&world), (BTreeMap::from([(2, 3)]), 2));
    assert!(world.decide().states.iter().all(|state| state.bad_revision.is_none()));
}

/// A clock that is put forward in the middle of a rollout gives nothing up: its new pod has its whole time.
#[test]
fn a_clock_that_jumps_forward_gives_nothing_up() {
    let day = 86_400_000;
    let mut world = World::new(going_back(2, 1));
    world.settle();
    world.silent.extend(["web-00", "web-01"].map(replica));
    world.accept(going_back(2, 2));
    world.pass();
    world.sleep(day);
    let rolls_back = |world: &World| {
        let next = world.decide().ledger;
        next.rollouts.values().any(|record| record.bad.is_some())
    };
    assert!(rolls_back(&world), "a whole day is too long");
    world.ledger.clock_jumped(day as i64);
    assert!(!rolls_back(&world));
    world.sleep(599_000);
    assert!(!rolls_back(&world));
    world.sleep(2_000);
    assert!(rolls_back(&world));
}

/// Power takes a copy that was given up together with the old pod beside it: only the old pod is made anew.
#[test]
fn a_copy_that_was_given_up_is_not_made_anew_after_a_loss_of_power() {
    let mut world = World::new(going_back(2, 1));
    world.settle();
    world.sick_at.insert((replica("web-00"), reference(2).revision));
    world.accept(going_back(2, 2));
    world.pass();
    let before = world.observe();
    let copy = before.pods().find(|pod| pod.revision == reference(2).revision).unwrap().name.clone();
    world.sleep(601_000);
    world.ledger = world.decide().ledger;
    assert!(world.ledger.rollouts.values().any(|record| record.bad.is_some()));
    world.podman.lose_power();
    // The old pod takes its time.
    world.silent.insert(replica("web-00"));
    for _ in 0..20 {
        let decision = world.pass();
        let is_anew = |task: &Task| task.pod == copy && task.reason == Reason::SandboxLost;
        assert!(!decision.tasks.iter().any(is_anew), "{decision:#?}");
        world.sleep(1_000);
    }
    world.silent.clear();
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(1, 2)]), 2));
}

/// A revision that is asked for again has its whole time, however long ago its turn was the first time.
#[test]
fn a_revision_that_comes_again_has_its_whole_time() {
    let mut world = World::new(going_back(1, 1));
    world.settle();
    world.podman.lose_image("web");
    world.accept(going_back(1, 2));
    world.pass();
    world.accept(going_back(1, 1));
    world.podman.add_image("web", "");
    world.pass();
    world.sleep(3_600_000);
    world.accept(going_back(1, 2));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 1)]), 1));
    assert!(world.ledger.rollouts.values().all(|record| record.bad.is_none()));
}

/// S-062: its image was away when its turn came, and somebody paused it; when it goes on, it has its whole time.
#[test]
fn what_goes_on_after_a_pause_has_its_whole_time() {
    let mut world = World::new(going_back(1, 1));
    world.settle();
    world.podman.lose_image("web");
    world.accept(going_back(1, 2));
    world.pass();
    assert_eq!(world.ledger.failures.len(), 1);
    let mut paused = going_back(1, 2);
    let gate = Gate::Between(Between { zone: "UTC".to_owned(), windows: Vec::new() });
    paused[0].0.gates.push(StepGate { step: Step::Replace, gate });
    world.accept(paused);
    world.podman.add_image("web", "");
    world.pass();
    world.sleep(3_600_000);
    world.pass();
    world.accept(going_back(1, 2));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 1)]), 1));
    assert!(world.ledger.rollouts.values().all(|record| record.bad.is_none()));
}
