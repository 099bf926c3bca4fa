//! What an operator says: to hold, to release, to try again.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    name::WorkloadName,
    quantity::Millis,
    rollout::OnFailure,
    spec::{ContainerSpec, PodSpec},
};

use super::{
    rollbacks::going_back,
    rollouts::{counts, probed, reference},
    web,
    world::*,
};
use crate::{action::Reason, decide::Phase, ledger::Hold};

fn hold(world: &mut World, name: &str) {
    let hold = Hold { since: world.now(), by: "mo (user 0)".to_owned(), reason: Some("a disk is changed".to_owned()) };
    world.ledger.holds.insert(name.to_owned(), hold);
}

/// All names, of what runs and what does not.
fn names(world: &World) -> BTreeSet<String> {
    world.podman.names().into_iter().collect()
}

/// What is held is left alone altogether: no start, no restart, no replacement, no removal; and says so.
#[test]
fn what_is_held_is_left_alone_until_it_is_released() {
    let mut world = World::new(web(3, 1));
    world.settle();
    hold(&mut world, "web");
    let killed = world.running().remove(0);
    world.podman.kill(&killed, 1);
    world.podman.lose_pod(&world.observe().pods[1].name.clone());
    let before = names(&world);
    // An agent that begins anew with the same ledger knows it still.
    world.ledger = serde_json::from_slice(&serde_json::to_vec(&world.ledger).unwrap()).unwrap();
    world.accept(web(2, 2));
    for _ in 0..5 {
        let decision = world.pass();
        assert!(decision.tasks.is_empty() && decision.removal.is_empty(), "{decision:#?}");
        world.sleep(3_600_000);
    }
    assert_eq!(names(&world), before);
    let decision = world.decide();
    for name in ["web-0", "web-1", "web-2"] {
        assert_eq!(World::waits(&decision, name), ["held"], "{name}");
    }
    let reason = &decision.waits[0].reason;
    assert!(reason.ends_with("by mo (user 0): a disk is changed; `wlagent release web` lets it go on"), "{reason}");
    world.ledger.holds.clear();
    world.settle();
    assert_eq!(world.running().len(), 2);
    assert!(world.observe().pods.iter().all(|pod| pod.revision == reference_of(2)), "the rollout goes on");
}

fn reference_of(number: u32) -> wlc_plan::revision::Revision {
    wlc_plan::revision::Revision::of(wlc_plan::revision::TemplateVersion::NEWEST, &version(number))
}

/// The others of the workload go on.
#[test]
fn a_replica_is_held_alone() {
    let mut world = World::new(web(3, 1));
    world.settle();
    hold(&mut world, "web-1");
    world.accept(web(3, 2));
    world.settle();
    let old: Vec<_> = world.observe().pods.into_iter().filter(|pod| pod.revision == reference_of(1)).collect();
    assert_eq!(old.iter().map(|pod| pod.replica.as_str()).collect::<Vec<_>>(), ["web-1"]);
}

/// Standing still by somebody's word is no failure of a rollout: its deadline begins anew with the release.
#[test]
fn no_deadline_runs_out_while_it_is_held() {
    let mut world = World::new(going_back(2, 1));
    world.settle();
    world.sick_at.extend([0, 1].map(|at| (replica(&format!("web-{at:02}")), reference(2).revision)));
    world.accept(going_back(2, 2));
    world.pass();
    world.pass();
    hold(&mut world, "web");
    world.sleep(3_600_000);
    world.pass();
    assert!(world.ledger.rollouts.values().all(|rollouts| rollouts.bad.is_none()));
    world.ledger.holds.clear();
    world.sick_at.clear();
    let (workload, observed, now) = (WorkloadName::parse("web").unwrap(), world.observe(), world.now());
    for at in 0..2 {
        world.ledger.begin_deadlines((&replica(&format!("web-{at:02}")), &workload), Some(&observed), now);
    }
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 2)]), 2));
}

/// A container in back-off runs at once, and so does a task that failed.
#[test]
fn a_retry_ends_back_offs() {
    let mut world = World::new(web(1, 1));
    world.settle();
    for _ in 0..3 {
        let running = world.running().remove(0);
        world.podman.kill(&running, 1);
        world.settle();
    }
    let running = world.running().remove(0);
    world.podman.kill(&running, 1);
    world.pass();
    assert_eq!(World::waits(&world.decide(), "web-0"), ["back-off"]);
    world.retry("web-0");
    let decision = world.pass();
    assert!(matches!(decision.tasks[0].reason, Reason::Ended { .. }), "{decision:#?}");
    assert!(world.running()[0].ends_with(".main.4"));

    let mut absent = World::new(vec![instance("web-0", &of_image("absent"), Vec::new())]);
    for _ in 0..3 {
        absent.pass();
        absent.sleep(30_000);
    }
    absent.pass();
    assert_eq!(absent.decide().states[0].phase, Phase::BackOff);
    absent.podman.add_image("absent", "");
    assert!(absent.decide().tasks.is_empty());
    absent.retry("web-0");
    absent.pass();
    assert_eq!(absent.running().len(), 1);
}

fn of_image(image: &str) -> PodSpec {
    let mut main: ContainerSpec = container("main");
    main.image.name = image.to_owned();
    spec(vec![main])
}

/// A revision that was given up is tried anew, and given up again where it fails again.
#[test]
fn a_retry_tries_a_bad_revision_anew() {
    let mut world = World::new(going_back(2, 1));
    world.settle();
    world.sick_at.extend([0, 1].map(|at| (replica(&format!("web-{at:02}")), reference(2).revision)));
    world.accept(going_back(2, 2));
    let give_up = |world: &mut World| {
        for _ in 0..40 {
            world.pass();
            world.sleep(60_000);
        }
        world.settle();
        assert_eq!(counts(world), (BTreeMap::from([(1, 2)]), 2));
        assert_eq!(World::waits(&world.decide(), "web-00"), ["rollback"]);
    };
    give_up(&mut world);
    world.retry("web-01");
    world.pass();
    assert!(counts(&world).0.contains_key(&2), "it is tried");
    give_up(&mut world);
    world.sick_at.clear();
    world.retry("web-00");
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 2)]), 2));
}

/// A rollout that failed and stays where it is has its whole deadline again.
#[test]
fn a_retry_begins_the_deadline_anew() {
    let plan = |number: u32| {
        let (mut one, _) = instance("web-00", &probed(number), vec![slot(1)]);
        (one.rollout.on_failure, one.rollout.progress_deadline) = (OnFailure::Stop, Millis(60_000));
        vec![(one, probed(number))]
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.sick.insert(replica("web-00"));
    world.accept(plan(2));
    world.pass();
    world.sleep(61_000);
    assert!(World::waits(&world.pass(), "web-00").contains(&"progress-deadline"));
    world.retry("web-00");
    assert!(!World::waits(&world.pass(), "web-00").contains(&"progress-deadline"));
    world.sleep(61_000);
    assert!(World::waits(&world.pass(), "web-00").contains(&"progress-deadline"));
}
