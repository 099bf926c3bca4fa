//! The agent is ended at every point at which Podman is asked for anything, and begins again: the same state is reached.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{instance::WorkloadKind, name::WorkloadName};

use super::{rollouts::probed, world::*};
use crate::ledger::Ledger;

fn plan(number: u32) -> Vec<(wlc_plan::instance::Instance, wlc_plan::spec::PodSpec)> {
    let spec = |name: &str| wlc_plan::spec::PodSpec {
        restarted: Some(number.to_string()),
        ..spec(vec![container("main"), container(name)])
    };
    (0..3).map(|at| instance(&format!("web-{at}"), &spec("side"), vec![slot(1)])).collect()
}

/// Brings up, loses a container, replaces and removes; the agent is ended at `step`, if there is such a step.
fn life(crash: Option<u64>) -> (Vec<String>, u64) {
    let mut world = World::new(plan(1));
    world.podman.add_foreign_pod("foreign", &std::collections::BTreeMap::new(), "foreign-container");
    if let Some(step) = crash {
        world.podman.crash_at(step);
    }
    world.settle();
    let victim = world.running().remove(0);
    world.podman.kill(&victim, 137);
    world.settle();
    world.accept(plan(2));
    world.settle();
    let mut fewer = plan(2);
    fewer.remove(1);
    world.accept(fewer);
    world.settle();
    assert!(world.decide().tasks.is_empty());
    (world.podman.names(), world.podman.steps())
}

/// C-127, C-140.
#[test]
fn wherever_the_agent_is_ended_the_same_state_is_reached() {
    let (expected, steps) = life(None);
    assert!(expected.iter().any(|name| name == "foreign-container"));
    assert_eq!(expected.iter().filter(|name| name.contains(".side.")).count(), 2, "{expected:?}");
    let mut tried = 0;
    for step in 0..steps {
        let (names, _) = life(Some(step));
        assert_eq!(names, expected, "ended at step {step}");
        tried += 1;
    }
    eprintln!("the agent was ended at {tried} points");
    assert!(tried > 100);
}

/// An agent and a service that are back: nothing is known of probes, and for a while Podman does not answer.
fn restart(world: &mut World, names: &[&str]) {
    world.podman.crash_at(world.podman.steps());
    world.silent = names.iter().map(|name| replica(name)).collect();
}

fn pods(world: &World) -> BTreeMap<String, Vec<String>> {
    let ids = |pod: &crate::observed::ObservedPod| {
        (pod.id.clone(), pod.containers.iter().map(|one| one.id.clone()).collect())
    };
    world.observe().pods().map(ids).collect()
}

/// C-128: Podman's service and the agent end and come back, with what the agent remembers or without it: no replica comes or
/// goes, neither while nothing is known of their probes nor after.
#[test]
fn an_agent_and_a_service_that_come_back_change_no_replica() {
    let names = ["web-0", "web-1", "web-2"];
    let plan = || names.map(|name| instance(name, &probed(1), vec![slot(1)])).to_vec();
    let mut world = World::new(plan());
    world.settle();
    let before = pods(&world);
    assert_eq!(before.len(), 3);
    for remembers in [true, false] {
        restart(&mut world, &names);
        if !remembers {
            world.ledger = Ledger::default();
        }
        world.accept(plan());
        for _ in 0..3 {
            let decision = world.pass();
            assert!(decision.tasks.is_empty() && decision.removal.is_empty(), "{decision:#?}");
            world.sleep(60_000);
        }
        world.silent = BTreeSet::new();
        world.settle();
        assert_eq!(pods(&world), before);
    }
}

/// C-138: while no agent runs a build takes a replica off this node, since a label fits no more: the agent that is back ends that
/// one and nothing else.
#[test]
fn what_fits_no_more_goes_when_the_agent_is_back() {
    let daemon = || {
        let (mut one, spec) = instance("daemon-n", &probed(1), vec![slot(1)]);
        (one.workload, one.kind) = (WorkloadName::parse("daemon").unwrap(), WorkloadKind::DaemonSet);
        (one, spec)
    };
    let web = || vec![instance("web-0", &probed(1), vec![slot(1)]), instance("web-1", &probed(1), vec![slot(1)])];
    let mut world = World::new([vec![daemon()], web()].concat());
    world.settle();
    let mut kept = pods(&world);
    kept.retain(|id, _| world.observe().pods.iter().any(|pod| pod.id == *id && pod.workload.as_str() == "web"));
    assert_eq!((world.running().len(), kept.len()), (3, 2));
    restart(&mut world, &["web-0", "web-1", "daemon-n"]);
    world.accept(web());
    let leaving: Vec<String> = world.decide().removal.iter().map(|one| one.replica.to_string()).collect();
    assert_eq!(leaving, ["daemon-n"]);
    world.settle();
    assert_eq!(pods(&world), kept);
}
