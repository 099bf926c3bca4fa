//! Rollouts and order: slots, `after`, min-ready, and who goes first.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    gate::{Condition, Step},
    instance::Instance,
    quantity::Millis,
    rollout::Replacement,
    spec::{PodSpec, Probes},
};

use super::{super::*, rollouts::counts, world::*};
use crate::{action::Reason, observed::Sandbox};

fn probed(number: u32) -> PodSpec {
    let mut main = container("main");
    main.probes = Probes { readiness: Some(probe()), ..Probes::default() };
    PodSpec { restarted: Some(number.to_string()), ..spec(vec![main]) }
}

fn web(count: usize, number: u32, size: u32) -> Vec<(Instance, PodSpec)> {
    (0..count).map(|at| instance(&format!("web-{at}"), &probed(number), vec![slot(size)])).collect()
}

fn replaced(decision: &Decision) -> Vec<&str> {
    let changed = decision.tasks.iter().filter(|task| task.reason == Reason::Changed);
    changed.map(|task| task.replica.as_str()).collect()
}

/// At most as many as the slot has places are replaced or not ready at once, at every moment of the rollout.
#[test]
fn a_slot_holds_at_most_its_size() {
    for size in 1..=3 {
        let mut world = World::new(web(5, 1, size));
        world.settle();
        world.accept(web(5, 2, size));
        let mut order = Vec::new();
        for _ in 0..10 {
            let decision = world.pass();
            assert!(replaced(&decision).len() <= usize::try_from(size).unwrap());
            order.extend(replaced(&decision).into_iter().map(str::to_owned));
        }
        assert_eq!(order, ["web-0", "web-1", "web-2", "web-3", "web-4"], "size {size}");
    }
}

#[test]
fn a_broken_revision_stops_the_rollout_after_the_slots_size() {
    let mut world = World::new(web(4, 1, 2));
    world.settle();
    world.accept(web(4, 2, 2));
    world.sick.extend([replica("web-0"), replica("web-1"), replica("web-2"), replica("web-3")].into_iter().take(2));
    for _ in 0..20 {
        world.pass();
        world.sleep(10_000);
    }
    let decision = world.decide();
    let old = decision.states.iter().filter(|state| state.ready).count();
    assert_eq!(old, 2, "{decision:#?}");
    assert_eq!(World::waits(&decision, "web-3"), ["slot"]);
    assert!(decision.waits.iter().any(|wait| wait.reason.contains("`web-0`, `web-1`")), "{decision:#?}");
}

/// P-018: what is not ready anyway is replaced first, and holds no place against the others; no more than the slot's size
/// are missing at the new revision (P-019).
#[test]
fn a_broken_old_revision_never_blocks_the_one_that_mends_it() {
    let mut world = World::new(web(3, 1, 1));
    world.settle();
    world.sick.extend([replica("web-1"), replica("web-2")]);
    world.accept(web(3, 2, 1));
    assert_eq!(replaced(&world.pass()), ["web-1"]);
    assert_eq!(replaced(&world.pass()), Vec::<&str>::new(), "`web-1` is sick at the new revision too");
    world.sick.remove(&replica("web-1"));
    assert_eq!(replaced(&world.pass()), ["web-2"], "before `web-0`, which is ready");
    world.sick.clear();
    world.settle();
    assert!(world.decide().states.iter().all(|state| state.ready));
}

/// After a restart of the agent its probes know nothing: nobody is taken for sick, and nobody for ready.
#[test]
fn what_is_not_known_yet_is_neither_sick_nor_ready() {
    let mut world = World::new(web(3, 1, 1));
    world.settle();
    world.silent.extend([replica("web-0"), replica("web-1"), replica("web-2")]);
    world.accept(web(3, 2, 1));
    assert!(world.decide().tasks.is_empty());
    world.silent = BTreeSet::from([replica("web-1")]);
    assert_eq!(replaced(&world.decide()), ["web-1"], "the only one that holds a place may use it");
}

/// P-014: ready is not available before min-ready has passed.
#[test]
fn min_ready_holds_the_next_replacement_back() {
    let with_rest = |number| {
        let mut plan = web(2, number, 1);
        plan.iter_mut().for_each(|(instance, _)| instance.rollout.min_ready = Millis(30_000));
        plan
    };
    let mut world = World::new(with_rest(1));
    world.settle();
    world.accept(with_rest(2));
    world.pass();
    let decision = world.decide();
    assert_eq!(World::waits(&decision, "web-0"), ["min-ready"]);
    assert_eq!(World::waits(&decision, "web-1"), ["slot"]);
    let due = decision.next_due.unwrap();
    world.sleep(due.since(world.now()).0 - 1);
    assert!(world.decide().tasks.is_empty());
    world.sleep(1);
    assert_eq!(replaced(&world.decide()), ["web-1"]);
}

#[test]
fn a_failed_replacement_keeps_its_place_and_the_old_pod() {
    let mut world = World::new(web(2, 1, 1));
    world.settle();
    let before = world.running();
    let mut plan = web(2, 2, 1);
    for (instance_of, spec) in &mut plan {
        spec.containers[0].image.name = "absent".to_owned();
        *instance_of = instance(instance_of.replica.as_str(), spec, vec![slot(1)]).0;
    }
    world.accept(plan);
    for _ in 0..5 {
        world.pass();
        world.sleep(60_000);
    }
    assert_eq!(world.running(), before, "a missing image takes nothing down");
    assert_eq!(World::waits(&world.decide(), "web-1"), ["slot"]);
}

#[test]
fn the_first_start_waits_for_others() {
    let plan = vec![
        instance("a-0", &probed(1), Vec::new()),
        instance("b-0", &version(1), vec![after(Step::FirstStart, "a-0", Condition::Ready)]),
        instance("c-0", &version(1), vec![after(Step::FirstStart, "elsewhere-0", Condition::Ready)]),
    ];
    let mut world = World::new(plan);
    world.sick.insert(replica("a-0"));
    world.pass();
    let decision = world.decide();
    assert_eq!(World::waits(&decision, "b-0"), ["after"]);
    assert_eq!(decision.states[1].phase, Phase::Pending);
    world.sick.clear();
    world.pass();
    let decision = world.decide();
    assert!(decision.states[1].ready);
    assert_eq!(World::waits(&decision, "c-0"), ["after"]);
}

/// After a boot the order of first starts holds again; a container that ends restarts beside whatever is sick.
#[test]
fn the_order_of_first_starts_holds_after_a_boot_and_never_for_a_restart() {
    let plan = || {
        let after = vec![after(Step::FirstStart, "a-0", Condition::Ready)];
        vec![instance("a-0", &probed(1), Vec::new()), instance("b-0", &version(1), after)]
    };
    let mut world = World::new(plan());
    world.settle();
    world.sick.insert(replica("a-0"));
    let old = world.running().into_iter().find(|name| name.contains("b-0")).unwrap();
    world.podman.kill(&old, 1);
    assert!(matches!(world.pass().tasks[0].reason, Reason::Ended { .. }));
    world.podman.lose_power();
    world.pass();
    world.pass();
    let decision = world.decide();
    assert_eq!(World::waits(&decision, "b-0"), ["after"]);
    assert!(!world.running().iter().any(|name| name.contains("b-0")));
    world.sick.clear();
    world.settle();
    assert_eq!(world.running().len(), 2);
}

/// So it does for what was being made when the power went, however far that had come.
#[test]
fn the_order_of_first_starts_holds_for_what_was_made_and_not_started() {
    let plan = |number| {
        let after = vec![after(Step::FirstStart, "a-0", Condition::Ready)];
        vec![instance("a-0", &probed(1), Vec::new()), instance("b-0", &version(number), after)]
    };
    let mut found_unstarted = 0;
    for step in 0..12 {
        let mut world = World::new(plan(1));
        world.settle();
        world.accept(plan(2));
        world.podman.crash_at(world.podman.steps() + step);
        world.pass();
        world.podman.crash_no_more();
        found_unstarted += world.observe().pods.iter().filter(|pod| pod.sandbox == Sandbox::Created).count();
        world.sick.insert(replica("a-0"));
        world.podman.lose_power();
        (0..4).for_each(|_| drop(world.pass()));
        assert_eq!(World::waits(&world.decide(), "b-0"), ["after"], "ended at {step}");
        assert!(!world.running().iter().any(|name| name.contains("b-0")), "ended at {step}");
        world.sick.clear();
        world.settle();
        assert_eq!(world.running().len(), 2, "ended at {step}");
    }
    assert!(found_unstarted > 0);
}

/// So it does for what a boot finds in the middle of an update, whether it is replaced at once or kept at its old revision.
#[test]
fn the_order_of_first_starts_holds_after_a_boot_in_the_middle_of_an_update() {
    let elsewhere = || after(Step::Replace, "elsewhere-0", Condition::Started);
    for blocked in [Vec::new(), vec![elsewhere()]] {
        let plan = |number| {
            let gates = [vec![after(Step::FirstStart, "a-0", Condition::Ready)], blocked.clone()].concat();
            vec![instance("a-0", &probed(1), Vec::new()), instance("b-0", &version(number), gates)]
        };
        let mut world = World::new(plan(1));
        world.settle();
        world.accept(plan(2));
        world.sick.insert(replica("a-0"));
        world.podman.lose_power();
        (0..3).for_each(|_| drop(world.pass()));
        assert_eq!(World::waits(&world.decide(), "b-0"), ["after"]);
        assert!(!world.running().iter().any(|name| name.contains("b-0")));
        world.sick.clear();
        (0..5).for_each(|_| drop(world.pass()));
        assert_eq!(world.running().len(), 2, "{:?}", world.running());
    }
}

/// All old ones go before a new one comes, and a boot in the middle of that is no reason to wait for each other.
#[test]
fn a_boot_in_the_middle_of_a_recreation_ends_it() {
    let names = ["web-0", "web-1"];
    let plan = |number| {
        let one = |at: usize| {
            let gates = vec![after(Step::FirstStart, names[1 - at], Condition::Gone)];
            let (mut instance, spec) = instance(names[at], &version(number), gates);
            instance.rollout.replacement = Replacement::Recreate;
            (instance, spec)
        };
        vec![one(0), one(1)]
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.accept(plan(2));
    world.podman.lose_power();
    (0..6).for_each(|_| drop(world.pass()));
    let newest = plan(2)[0].0.spec.revision;
    assert!(world.observe().pods.iter().all(|pod| pod.revision == newest), "{:?}", world.running());
    assert_eq!(world.running().len(), 2);
}

/// What may not be replaced yet is kept running at its old revision.
#[test]
fn a_blocked_old_pod_is_kept_running() {
    let gated = |number| {
        instance(
            "b-0",
            &version(number),
            vec![after(Step::Replace, "elsewhere-0", Condition::Gone), after(Step::Replace, "a-0", Condition::Ready)],
        )
    };
    let mut world = World::new(vec![instance("a-0", &probed(1), Vec::new()), gated(1)]);
    world.settle();
    world.sick.insert(replica("a-0"));
    world.accept(vec![instance("a-0", &probed(1), Vec::new()), gated(2)]);
    let old = world.running().into_iter().find(|name| name.contains("b-0")).unwrap();
    world.podman.kill(&old, 1);
    let decision = world.pass();
    assert!(matches!(decision.tasks[0].reason, Reason::Ended { .. }), "{decision:#?}");
    assert!(world.running().iter().any(|name| *name == old.replace(".main.0", ".main.1")));
}

/// S-063, S-065, S-066: a rollout that stands still says so and goes no further, a late success clears it, and a pod that
/// was available once is past it.
#[test]
fn a_rollout_that_stands_still_says_so() {
    let says_so = |world: &World| World::waits(&world.decide(), "web-0").contains(&"progress-deadline");
    let mut world = World::new(web(2, 1, 1));
    world.settle();
    world.sick.insert(replica("web-0"));
    world.accept(web(2, 2, 1));
    assert_eq!(replaced(&world.pass()), ["web-0"]);
    world.sleep(590_000);
    assert!(!says_so(&world));
    world.sleep(20_000);
    assert!(says_so(&world) && replaced(&world.decide()).is_empty());
    world.sick.clear();
    world.settle();
    assert!(!says_so(&world));
    world.sick.insert(replica("web-0"));
    world.sleep(700_000);
    world.pass();
    assert!(!says_so(&world), "its rollout is behind it");
}

/// P-034. An ordered workload grows and is updated by one plan: the new replica waits for the one before it to serve, and
/// the update, from the highest on, for the new one.
#[test]
fn a_new_replica_and_an_update_do_not_wait_for_each_other() {
    let ordered = |number| {
        let low = instance("web-0", &probed(number), vec![slot(1), after(Step::Replace, "web-1", Condition::Ready)]);
        let high =
            instance("web-1", &probed(number), vec![slot(1), after(Step::FirstStart, "web-0", Condition::Ready)]);
        vec![low, high]
    };
    let mut world = World::new(vec![ordered(1).remove(0)]);
    world.settle();
    world.accept(ordered(2));
    world.settle();
    let decision = world.decide();
    assert!(decision.waits.is_empty() && decision.tasks.is_empty(), "{decision:#?}");
    let newest = world.desired.wanted[0].instance.spec.revision;
    assert!(decision.states.iter().all(|state| state.ready && state.revision == Some(newest)), "{decision:#?}");
}

/// Old pods that were made anew a moment ago count as little as new ones: none of them goes before the others are available,
/// and the one that does finds its successor in time without an event.
#[test]
fn young_pods_of_the_old_revision_do_not_count_yet() {
    let plan = |number| {
        let mut plan = web(3, number, 1);
        plan.iter_mut().for_each(|(instance, _)| instance.rollout.min_ready = Millis(5_000));
        plan
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.podman.lose_network();
    world.pass();
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 3)]));
    world.accept(plan(2));
    let decision = world.pass();
    assert!(decision.tasks.is_empty(), "{decision:#?}");
    assert_eq!(World::waits(&decision, "web-0"), ["slot"]);
    assert!(decision.next_due.is_some_and(|at| at.since(world.now()) <= Millis(5_000)));
    world.settle();
    assert_eq!(counts(&world).0, BTreeMap::from([(2, 3)]));
}

/// What its liveness probe gives up is missing in the pass that ends it: nothing else is taken down beside it.
#[test]
fn what_liveness_gives_up_counts_as_missing_at_once() {
    let plan = |number: u32| {
        let mut main = container("main");
        main.probes = Probes { liveness: Some(probe()), ..Probes::default() };
        let spec = PodSpec { restarted: Some(number.to_string()), ..spec(vec![main]) };
        ["web-0", "web-1"].map(|name| instance(name, &spec, vec![slot(1)])).to_vec()
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.accept(plan(2));
    world.sick.insert(replica("web-1"));
    let decision = world.pass();
    let touched: Vec<&str> = decision.tasks.iter().map(|task| task.replica.as_str()).collect();
    assert_eq!(touched, ["web-1"], "{decision:#?}");
    world.sick.clear();
    world.settle();
    assert_eq!(world.running().len(), 2);
}
