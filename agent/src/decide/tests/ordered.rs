//! Stateful-sets: order of starts, updates and leaving, partitions, and never two of one identity.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{After, Condition, Counts, Gate, Step, StepGate},
    instance::{Instance, Leaving, WorkloadKind},
    name::{ReplicaName, WorkloadName},
    quantity::Millis,
    rollout::Replacement,
    spec::PodSpec,
};

use super::{
    rollouts::{probed, reference},
    world::*,
};
use crate::{action::Action, decide::Decision};

fn names(numbers: impl Iterator<Item = usize>) -> Vec<ReplicaName> {
    numbers.map(|number| replica(&format!("web-{number}"))).collect()
}

fn after_all(step: Step, of: Vec<ReplicaName>, until: Condition) -> Option<StepGate> {
    (!of.is_empty()).then_some(StepGate { step, gate: Gate::After(After { of, until }) })
}

/// An ordered set as the compiler lowers it: `at(number)` says which version a replica is asked for.
fn set(count: usize, at: impl Fn(usize) -> u32) -> Vec<(Instance, PodSpec)> {
    let newest = (0..count).map(&at).max().unwrap_or(1);
    let one = |number: usize| {
        let version = at(number);
        let higher = names((number + 1..count).filter(|higher| at(*higher) == newest));
        let order = after_all(Step::FirstStart, names(0..number), Condition::Ready);
        let update = after_all(Step::Replace, higher, Condition::Ready);
        let gates = [counted("web", Counts::Missing, 1)].into_iter().chain(order).chain(update).collect();
        let (mut instance, spec) = instance(&format!("web-{number}"), &probed(version), gates);
        instance.kind = WorkloadKind::StatefulSet;
        instance.spec.number = version;
        instance.older = (1..version).rev().map(reference).collect();
        (instance, spec)
    };
    (0..count).map(one).collect()
}

fn leaving(number: usize, before: Vec<ReplicaName>, stay: Vec<ReplicaName>) -> Leaving {
    let gone = after_all(Step::Leave, before, Condition::Gone);
    let ready = after_all(Step::Leave, stay, Condition::Ready);
    Leaving {
        replica: replica(&format!("web-{number}")),
        workload: WorkloadName::parse("web").unwrap(),
        kind: WorkloadKind::StatefulSet,
        removed_claims: Vec::new(),
        gates: gone.into_iter().chain(ready).collect(),
    }
}

fn touched(decision: &Decision) -> Vec<&str> {
    decision.tasks.iter().map(|task| task.replica.as_str()).collect()
}

fn versions(world: &World) -> BTreeMap<String, u32> {
    let version = |revision| (1..10).find(|number| reference(*number).revision == revision).unwrap();
    world.observe().pods.into_iter().map(|pod| (pod.replica.to_string(), version(pod.revision))).collect()
}

fn expect(versions: &BTreeMap<String, u32>, expected: &[u32]) {
    let expected: BTreeMap<String, u32> =
        expected.iter().enumerate().map(|(number, version)| (format!("web-{number}"), *version)).collect();
    assert_eq!(*versions, expected);
}

/// C-037, S-102, P-034: each starts when the one before it is available, and one that is not ready stops the rest.
#[test]
fn replicas_start_one_after_the_other_and_an_unready_one_stops_the_rest() {
    let mut plan = set(3, |_| 1);
    plan.iter_mut().for_each(|(one, _)| one.rollout.min_ready = Millis(10_000));
    let mut world = World::new(plan);
    assert_eq!(touched(&world.pass()), ["web-0"]);
    assert!(touched(&world.pass()).is_empty(), "ready, and not available yet");
    world.sick.insert(replica("web-1"));
    world.sleep(10_000);
    assert_eq!(touched(&world.pass()), ["web-1"]);
    world.sleep(60_000);
    assert!(touched(&world.pass()).is_empty());
    world.sick.clear();
    world.settle();
    assert_eq!(world.running().len(), 3);
}

/// C-030, S-107, P-035: a low number comes back although a higher one is not ready.
#[test]
fn a_low_number_comes_back_beside_a_sick_higher_one() {
    let mut world = World::new(set(2, |_| 1));
    world.settle();
    world.sick.insert(replica("web-1"));
    let pod = world.observe().pods.into_iter().find(|pod| pod.replica == replica("web-0")).unwrap().name.clone();
    world.podman.lose_pod(&pod);
    assert_eq!(touched(&world.pass()), ["web-0"]);
    world.sick.clear();
    world.settle();
    assert_eq!(world.running().len(), 2);
}

/// P-041: the lowest is sick, and the others, which were lost, wait for it; a newer plan does not wait for them.
#[test]
fn a_newer_plan_mends_the_sick_one_that_all_others_wait_for() {
    for has_served in [true, false] {
        let mut world = World::new(set(3, |_| 1));
        world.settle();
        for pod in world.observe().pods.iter().filter(|pod| !has_served || pod.replica != replica("web-0")) {
            world.podman.lose_pod(&pod.name);
        }
        world.sick_at.insert((replica("web-0"), reference(1).revision));
        for _ in 0..5 {
            world.pass();
        }
        assert_eq!(versions(&world), BTreeMap::from([("web-0".to_owned(), 1)]));
        world.accept(set(3, |_| 2));
        world.settle();
        expect(&versions(&world), &[2, 2, 2]);
    }
}

/// P-041: the power went, and the lowest is sick since; the others, which are of the new revision already or of the old one,
/// wait for it to start anew. Its new revision waits for none of them, and they hold none of its places.
#[test]
fn a_newer_plan_mends_the_sick_one_that_all_others_start_anew_behind() {
    for (others, has_served) in [(1, true), (2, true), (1, false), (2, false)] {
        let mut world = World::new(set(3, |_| 1));
        world.settle();
        world.accept(set(3, |number| if number > 0 { others } else { 1 }));
        world.settle();
        world.podman.lose_power();
        world.sick_at.insert((replica("web-0"), reference(1).revision));
        if !has_served {
            world.ledger.available.clear();
        }
        for _ in 0..5 {
            world.pass();
        }
        assert_eq!(World::waits(&world.decide(), "web-1"), ["after"]);
        world.accept(set(3, |_| 2));
        world.settle();
        expect(&versions(&world), &[2, 2, 2]);
    }
}

/// A task of the lowest failed while it was sick; now it is well, and waits for the one above, which needs its place.
#[test]
fn what_failed_and_waits_for_another_does_not_hold_its_place() {
    let mut world = World::new(set(2, |_| 1));
    world.settle();
    world.accept(set(2, |_| 2));
    let target = set(2, |_| 2).remove(0).0;
    let wanted = world.desired.wanted(&target.replica).unwrap().pod_name();
    let (at, why) = (world.now(), "out of sorts".to_owned());
    world.ledger.failed(&target.replica, (&wanted, crate::ledger::Cause::Other), at, why);
    assert_eq!(touched(&world.pass()), ["web-1"]);
    world.settle();
    expect(&versions(&world), &[2, 2]);
}

/// C-032, S-118, P-037, P-038, P-044: from the highest number down, one at a time, each ready before the next; the old pod of an
/// identity is gone before the new one is made.
#[test]
fn updates_go_from_the_highest_number_down_and_never_two_of_one() {
    let mut world = World::new(set(3, |_| 1));
    world.settle();
    world.accept(set(3, |_| 2));
    let mut order = Vec::new();
    for _ in 0..10 {
        let decision = world.pass();
        for task in &decision.tasks {
            let removed = task.actions.iter().position(|action| matches!(action, Action::RemovePod { .. }));
            let made = task.actions.iter().position(|action| matches!(action, Action::MakePod(_)));
            assert!(removed < made && removed.is_some(), "{task:#?}");
        }
        order.extend(touched(&decision).into_iter().map(str::to_owned));
        let pods = world.observe().pods;
        assert_eq!(pods.len(), 3, "one of each");
    }
    assert_eq!(order, ["web-2", "web-1", "web-0"]);
    world.accept(set(3, |_| 1));
    world.settle();
    expect(&versions(&world), &[1, 1, 1]);
}

/// C-033, C-034, C-035, S-116, P-039, P-040: below the partition a killed replica comes back at the old revision, above it
/// at the new one.
#[test]
fn below_the_partition_the_old_revision_comes_back() {
    let mut world = World::new(set(3, |_| 1));
    world.settle();
    for (partition, expected) in [(4, [1, 1, 1]), (2, [1, 1, 2]), (1, [1, 2, 2]), (0, [2, 2, 2])] {
        world.accept(set(3, |number| if number >= partition { 2 } else { 1 }));
        world.settle();
        expect(&versions(&world), &expected);
        for pod in world.observe().pods {
            world.podman.lose_pod(&pod.name);
        }
        world.settle();
        expect(&versions(&world), &expected);
    }
}

/// S-119: a replica that is lost before its turn comes back as it was.
#[test]
fn what_is_lost_before_its_turn_comes_back_at_the_old_revision() {
    let mut world = World::new(set(3, |_| 1));
    world.settle();
    world.sick_at.insert((replica("web-2"), reference(2).revision));
    world.accept(set(3, |_| 2));
    world.pass();
    let pod = world.observe().pods.into_iter().find(|pod| pod.replica == replica("web-0")).unwrap().name.clone();
    world.podman.lose_pod(&pod);
    for _ in 0..5 {
        world.pass();
        world.sleep(1_000);
    }
    expect(&versions(&world), &[1, 1, 2]);
    world.sick_at.clear();
    world.settle();
    expect(&versions(&world), &[2, 2, 2]);
}

/// S-120, P-041: a rollout that is stuck at a broken revision goes on with the one that mends it, or back.
#[test]
fn a_newer_plan_gets_a_stuck_rollout_unstuck() {
    for mended in [1, 3] {
        let mut world = World::new(set(3, |_| 1));
        world.settle();
        world.sick_at.insert((replica("web-1"), reference(2).revision));
        world.accept(set(3, |_| 2));
        for _ in 0..10 {
            world.pass();
            world.sleep(1_000);
        }
        expect(&versions(&world), &[1, 2, 2]);
        world.accept(set(3, |_| mended));
        world.settle();
        expect(&versions(&world), &[mended; 3]);
    }
}

/// C-038, S-105: without an order all start at once, sick or not.
#[test]
fn without_an_order_all_start_at_once() {
    let mut plan = set(3, |_| 1);
    plan.iter_mut().for_each(|(one, _)| one.gates.retain(|gate| gate.step != Step::FirstStart));
    let mut world = World::new(plan);
    world.sick.extend(names(0..3));
    assert_eq!(touched(&world.pass()), ["web-0", "web-1", "web-2"]);
    world.accept(Vec::new());
    world.settle();
    assert!(world.running().is_empty());
}

/// C-037, C-052, S-103, S-104, P-036, P-048: the highest number leaves first and is gone before the next; while one that stays
/// is sick nothing leaves, but a sick one may leave itself.
#[test]
fn the_highest_number_leaves_first_and_only_while_the_others_are_well() {
    let mut world = World::new(set(3, |_| 1));
    world.settle();
    world.sick.extend([replica("web-0"), replica("web-2")]);
    world.accept(set(1, |_| 1));
    world.desired.leaving = vec![leaving(1, names(2..3), names(0..1)), leaving(2, Vec::new(), names(0..1))];
    world.sleep(1_000);
    assert!(touched(&world.pass()).is_empty(), "`web-0` is sick");
    world.sick.remove(&replica("web-0"));
    assert_eq!(touched(&world.pass()), ["web-2"]);
    assert_eq!(touched(&world.pass()), ["web-1"]);
    world.settle();
    assert_eq!(world.running().len(), 1);
}

/// C-036, C-063, S-115: nothing moves until somebody removes the old pod.
#[test]
fn on_delete_waits_until_somebody_removes_the_old_pod() {
    let plan = |version| {
        let mut plan = set(2, |_| version);
        plan.iter_mut().for_each(|(one, _)| one.rollout.replacement = Replacement::OnDelete);
        plan
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.accept(plan(2));
    world.settle();
    expect(&versions(&world), &[1, 1]);
    assert_eq!(World::waits(&world.decide(), "web-0"), ["on-delete"]);
    let pod = world.observe().pods.into_iter().find(|pod| pod.replica == replica("web-0")).unwrap().name.clone();
    world.podman.lose_pod(&pod);
    world.settle();
    expect(&versions(&world), &[2, 1]);
    world.ledger.restarts.insert(replica("web-1"));
    world.settle();
    expect(&versions(&world), &[2, 2]);
    assert!(world.ledger.restarts.is_empty());
}

/// C-044, S-124: another min-ready time is another plan and no other revision; who is available follows it.
#[test]
fn min_ready_may_change_without_a_restart() {
    let plan = |rest| {
        let mut plan = set(2, |_| 1);
        plan.iter_mut().for_each(|(one, _)| one.rollout.min_ready = Millis(rest));
        plan.iter_mut().for_each(|(one, _)| one.gates.retain(|gate| gate.step != Step::FirstStart));
        plan
    };
    let mut world = World::new(plan(3_600_000));
    world.pass();
    let running = world.running();
    assert_eq!(World::waits(&world.decide(), "web-0"), ["min-ready"]);
    world.accept(plan(0));
    assert!(world.decide().waits.is_empty());
    assert_eq!(world.running(), running);
}
