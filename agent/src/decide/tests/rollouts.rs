//! Rollouts of deployments and daemon-sets: copies beside what they replace, budgets, and what happens in the middle.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    binding::{Binding, HostPorts, PortBinding, Turn},
    gate::{Between, Condition, Counts, Gate, Step, StepGate, Weekday, Window},
    instance::{Instance, SpecRef},
    name::{ContainerName, PortName},
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    rollout::Replacement,
    spec::{PodSpec, PortSpec, Probes, Protocol},
};

use super::world::*;
use crate::action::{Action, Reason};

/// A pod with a readiness probe.
pub(super) fn probed(number: u32) -> PodSpec {
    let mut main = container("main");
    main.probes = Probes { readiness: Some(probe()), ..Probes::default() };
    PodSpec { restarted: Some(number.to_string()), ..spec(vec![main]) }
}

pub(super) fn reference(number: u32) -> SpecRef {
    let spec = probed(number);
    SpecRef {
        number,
        revision: Revision::of(TemplateVersion::NEWEST, &spec),
        spec: wlc_plan::digest::Digest::of(&wlc_plan::canonical::encode(&spec)),
    }
}

/// So many replicas, of which `surged` make before they break; as the compiler lowers a surge and an unavailability.
pub(super) fn web(count: usize, number: u32, surge: u32, unavailable: u32, surged: usize) -> Vec<(Instance, PodSpec)> {
    let one = |at: usize| {
        let mut gates = vec![counted("web", Counts::Missing, unavailable)];
        if at < surged {
            gates.push(counted("web", Counts::Surge, surge));
        }
        let (mut instance, spec) = instance(&format!("web-{at:02}"), &probed(number), gates);
        instance.spec.number = number;
        instance.older = (1..number).rev().map(reference).collect();
        if at < surged {
            instance.rollout.replacement = Replacement::StartFirst;
        }
        (instance, spec)
    };
    (0..count).map(one).collect()
}

/// How many pods there are of each version, and how many of all are ready.
pub(super) fn counts(world: &World) -> (BTreeMap<u32, usize>, usize) {
    let mut of_version = BTreeMap::new();
    for pod in world.observe().pods {
        let number = (1..10).find(|number| reference(*number).revision == pod.revision).unwrap();
        *of_version.entry(number).or_insert(0) += 1;
    }
    (of_version, world.decide().states.iter().filter(|state| state.ready).count())
}

pub(super) fn pods(world: &World) -> BTreeSet<String> {
    world.observe().pods().map(|pod| pod.name.clone()).collect()
}

/// C-001, C-066, S-073, P-057: a new pod comes beside the old one, which goes once the new one is available; never more pods
/// than replicas and surge, never fewer ready ones than replicas.
#[test]
fn a_copy_comes_first_and_the_old_pod_goes_when_it_is_available() {
    let mut world = World::new(web(4, 1, 1, 0, 4));
    world.settle();
    let with_rest = |mut plan: Vec<(Instance, PodSpec)>| {
        plan.iter_mut().for_each(|(instance, _)| instance.rollout.min_ready = Millis(5_000));
        plan
    };
    world.accept(with_rest(web(4, 2, 1, 0, 4)));
    let mut most = 0;
    for _ in 0..60 {
        world.pass();
        let (of_version, ready) = counts(&world);
        most = most.max(of_version.values().sum());
        assert_eq!(ready, 4, "{of_version:?}");
        world.sleep(1_000);
    }
    assert_eq!(most, 5);
    assert_eq!(counts(&world).0, BTreeMap::from([(2, 4)]));
    world.settle();
    assert!(world.decide().tasks.is_empty());
}

/// C-005, P-019, S-074: of 10 with 3 more and 2 fewer a broken revision gets 5 pods and leaves 8 old ones, like Kubernetes;
/// of the 20 that are asked for in the middle (P-022) each begins at the revision that works.
#[test]
fn a_broken_revision_takes_its_budget_and_no_more_and_growth_in_the_middle_is_of_the_old_one() {
    let mut world = World::new(web(10, 1, 3, 2, 6));
    world.settle();
    for at in 0..30 {
        world.sick_at.insert((replica(&format!("web-{at:02}")), reference(2).revision));
    }
    world.accept(web(10, 2, 3, 2, 6));
    for _ in 0..20 {
        world.pass();
        world.sleep(1_000);
    }
    assert_eq!(counts(&world), (BTreeMap::from([(1, 8), (2, 5)]), 8));
    world.accept(web(30, 2, 3, 2, 18));
    for _ in 0..20 {
        world.pass();
        world.sleep(1_000);
    }
    assert_eq!(counts(&world), (BTreeMap::from([(1, 28), (2, 5)]), 28));
    world.accept(web(30, 3, 3, 2, 18));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(3, 30)]), 30));
}

/// C-004, P-020: a third version in the middle; the second is given up at once.
#[test]
fn a_rollover_abandons_the_version_in_the_middle() {
    let mut world = World::new(web(4, 1, 2, 0, 4));
    world.settle();
    for at in 0..4 {
        world.sick_at.insert((replica(&format!("web-{at:02}")), reference(2).revision));
    }
    world.accept(web(4, 2, 2, 0, 4));
    for _ in 0..5 {
        world.pass();
    }
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 4), (2, 2)]));
    world.accept(web(4, 3, 2, 0, 4));
    world.pass();
    assert!(!counts(&world).0.contains_key(&2), "{:?}", counts(&world));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(3, 4)]), 4));
}

/// After a start of the agent nothing is known of pods yet: the one that serves is not taken for the one that is too much.
#[test]
fn nothing_goes_while_it_is_not_known_which_pod_is_ready() {
    let mut world = World::new(web(2, 1, 2, 0, 2));
    world.settle();
    for at in 0..2 {
        world.sick_at.insert((replica(&format!("web-{at:02}")), reference(2).revision));
    }
    world.accept(web(2, 2, 2, 0, 2));
    world.pass();
    // The pod that serves is made anew, and so is younger than the copy that never became ready.
    for pod in world.observe().pods.iter().filter(|pod| pod.revision == reference(1).revision) {
        world.podman.kill_sandbox(&pod.name);
    }
    world.pass();
    world.silent = [replica("web-00"), replica("web-01")].into();
    world.accept(web(2, 3, 2, 0, 2));
    let before = pods(&world);
    let decision = world.pass();
    assert!(before.is_subset(&pods(&world)), "{:?}", decision.tasks);
    assert_eq!(World::waits(&decision, "web-01"), ["surplus"]);
    world.silent.clear();
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(3, 2)]), 2));
}

/// P-021, C-065, P-058: back to the first version in the middle: what runs of it is never restarted.
#[test]
fn flipping_back_restarts_nothing_that_is_right_already() {
    let mut world = World::new(web(4, 1, 1, 0, 4));
    world.settle();
    let before = pods(&world);
    world.sick_at.extend((0..4).map(|at| (replica(&format!("web-{at:02}")), reference(2).revision)));
    world.accept(web(4, 2, 1, 0, 4));
    for _ in 0..5 {
        world.pass();
    }
    assert_eq!(pods(&world).len(), 5);
    world.accept(web(4, 1, 1, 0, 4));
    world.settle();
    assert_eq!(pods(&world), before);
}

/// P-023, C-007, C-009, C-017, C-018: fewer are asked for in the middle; the rest goes on.
#[test]
fn fewer_in_the_middle_of_a_rollout() {
    let mut world = World::new(web(10, 1, 2, 2, 5));
    world.settle();
    world.accept(web(10, 2, 2, 2, 5));
    world.pass();
    world.pass();
    world.accept(web(3, 2, 1, 0, 3));
    for _ in 0..20 {
        world.pass();
        assert!(counts(&world).1 >= 2, "{:?}", counts(&world));
        world.sleep(1_000);
    }
    assert_eq!(counts(&world), (BTreeMap::from([(2, 3)]), 3));
    world.accept(Vec::new());
    world.settle();
    assert!(pods(&world).is_empty());
}

/// P-018 with a surge: an old revision of which nothing is ready holds the new one up in no way.
#[test]
fn a_broken_old_revision_is_no_obstacle_to_copies() {
    let mut world = World::new(web(3, 1, 1, 0, 3));
    world.sick_at.extend((0..3).map(|at| (replica(&format!("web-{at:02}")), reference(1).revision)));
    for _ in 0..5 {
        world.pass();
    }
    world.accept(web(3, 2, 1, 0, 3));
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 3)]), 3));
}

/// What was available and is sick now at the new revision holds the other copies back where nobody may be missing.
#[test]
fn copies_wait_while_more_are_missing_than_may_be() {
    let mut world = World::new(web(3, 1, 1, 0, 3));
    world.settle();
    world.accept(web(3, 2, 1, 0, 3));
    world.pass();
    world.pass();
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 2), (2, 1)]));
    world.sick_at.insert((replica("web-00"), reference(2).revision));
    let decision = world.pass();
    assert_eq!(World::waits(&decision, "web-01"), ["slot"]);
    assert!(decision.waits.iter().any(|wait| wait.reason.contains("none of `web` may be missing")), "{decision:#?}");
    world.sick_at.clear();
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 3)]), 3));
}

/// More tasks failed, since the image was away, than a newer plan has places for: they are tried one after the other, and do
/// not wait for each other for ever, whether copies come first or old pods go first.
#[test]
fn more_that_failed_than_there_are_places_for_do_not_hold_each_other_up() {
    let of_both = [1u8, 2].map(|left| [([4, left.into()], [0, 0], 4, left), ([0, 0], [4, left.into()], 0, left)]);
    for (surge, unavailable, surged, left) in of_both.into_iter().flatten() {
        let mut world = World::new(web(4, 1, surge[0], unavailable[0], surged));
        world.settle();
        world.podman.lose_image("web");
        world.accept(web(4, 2, surge[0], unavailable[0], surged));
        world.pass();
        world.pass();
        assert_eq!(world.ledger.failures.len(), 4, "all were tried");
        assert_eq!(counts(&world), (BTreeMap::from([(1, 4)]), 4));
        world.accept(web(4, 2, surge[1], unavailable[1], surged));
        world.podman.add_image("web", "");
        world.sleep(600_000);
        let decision = world.decide();
        let asked: BTreeSet<&str> = decision.tasks.iter().map(|task| task.replica.as_str()).collect();
        assert_eq!(asked, ["web-00", "web-01"].into_iter().take(left.into()).collect());
        world.settle();
        assert_eq!(counts(&world), (BTreeMap::from([(2, 4)]), 4));
    }
}

/// P-018: a stable revision of which nothing is ready does not hold up the canary of the one that mends it; nobody else moves.
#[test]
fn a_canary_comes_though_nothing_of_the_stable_revision_is_ready() {
    for (surge, unavailable, surged) in [(0, 1, 0), (1, 0, 4)] {
        let mut world = World::new(web(4, 1, surge, unavailable, surged));
        world.settle();
        world.sick_at = (0..4).map(|at| (replica(&format!("web-{at:02}")), reference(1).revision)).collect();
        world.settle();
        assert_eq!(counts(&world), (BTreeMap::from([(1, 4)]), 0));
        let mut plan = web(4, 1, surge, unavailable, surged);
        plan[0] = web(4, 2, surge, unavailable, surged).remove(0);
        world.accept(plan);
        world.settle();
        assert_eq!(counts(&world), (BTreeMap::from([(1, 3), (2, 1)]), 1));
    }
}

/// An old pod that lost its infra container is made anew beside its copy: for the moment in which it is away, nobody else gets
/// the place of the copy.
#[test]
fn an_old_pod_that_is_made_anew_beside_its_copy_keeps_the_place() {
    let mut world = World::new(web(2, 1, 1, 1, 2));
    world.settle();
    let old = world.observe().pods[0].name.clone();
    world.sick_at.insert((replica("web-00"), reference(2).revision));
    world.accept(web(2, 2, 1, 1, 2));
    world.pass();
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 2), (2, 1)]));
    world.podman.kill_sandbox(&old);
    let decision = world.decide();
    let mut task = decision.tasks[0].clone();
    assert_eq!((&task.pod, &task.reason), (&old, &Reason::SandboxLost));
    let gone = task.actions.iter().position(|action| matches!(action, Action::RemovePod { .. })).unwrap();
    task.actions.truncate(gone + 1);
    world.apply(&task);
    assert!(!pods(&world).contains(&old));
    let decision = world.decide_while_busy(&BTreeSet::from([replica("web-00")]));
    assert_eq!(World::waits(&decision, "web-01"), ["slot"], "{decision:#?}");
    world.sick_at.clear();
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 2)]), 2));
}

pub(super) fn with_ports(number: u32, host: HostPorts) -> Vec<(Instance, PodSpec)> {
    let mut main = container("main");
    let http = PortName::parse("http").unwrap();
    main.ports = vec![PortSpec { name: http.clone(), number: 80, protocol: Protocol::Tcp, published: true }];
    let spec = PodSpec { restarted: Some(number.to_string()), ..spec(vec![main]) };
    let gates = vec![counted("web", Counts::Missing, 0), counted("web", Counts::Surge, 1)];
    let (mut one, spec) = instance("web-00", &spec, gates);
    one.rollout.replacement = Replacement::StartFirst;
    let container = ContainerName::parse("main").unwrap();
    let port = PortBinding { container, port: http, protocol: Protocol::Tcp, address: None, host };
    one.binding = Binding { ports: vec![port], ..Binding::default() };
    vec![(one, spec)]
}

pub(super) fn ports_of(actions: &[Action]) -> Vec<u16> {
    let made = actions.iter().filter_map(|action| {
        let Action::MakePod(request) = action else { return None };
        Some(request.ports.iter().map(|port| port.host))
    });
    made.flatten().collect()
}

/// A replica with two ports uses them in turn, so that the copy never asks for the one that is taken.
#[test]
fn two_ports_are_used_in_turn() {
    let two = HostPorts::Two(20_001, 20_002);
    let mut world = World::new(with_ports(1, two));
    for (number, port) in [(1, 20_001), (2, 20_002), (3, 20_001), (4, 20_002)] {
        world.accept(with_ports(number, two));
        assert_eq!(ports_of(&world.pass().tasks[0].actions), [port], "version {number}");
        world.settle();
    }
    assert_eq!(two.at(Turn::Second), 20_002);
    assert!(world.decide().tasks.is_empty());
}

/// What may hold the same ports never stands beside its successor.
#[test]
fn a_pod_that_may_hold_the_same_ports_goes_first() {
    let mut world = World::new(with_ports(1, HostPorts::One(20_001)));
    world.settle();
    world.accept(with_ports(2, HostPorts::Two(20_003, 20_004)));
    let decision = world.pass();
    let kinds: Vec<bool> =
        decision.tasks[0].actions.iter().map(|action| matches!(action, Action::RemovePod { .. })).collect();
    assert!(kinds.contains(&true), "{decision:#?}");
    world.settle();
    assert_eq!(world.running().len(), 1);
}

/// C-002, P-024, S-081: no new pod starts before all old containers have exited, however long one takes.
#[test]
fn recreate_waits_until_all_old_ones_have_exited() {
    let plan = |number| {
        let mut plan = web(3, number, 0, 1, 0);
        let names: Vec<_> = plan.iter().map(|(instance, _)| instance.replica.clone()).collect();
        for (instance, _) in &mut plan {
            instance.rollout.replacement = Replacement::Recreate;
            let others = names.iter().filter(|name| **name != instance.replica).cloned().collect();
            let gate = Gate::After(wlc_plan::gate::After { of: others, until: Condition::Gone });
            instance.gates = vec![StepGate { step: Step::FirstStart, gate }];
        }
        plan
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.accept(plan(2));
    let decision = world.decide();
    assert_eq!(decision.tasks.len(), 3, "all old ones go at once");
    let slow = decision.tasks.iter().find(|task| task.replica == replica("web-02")).unwrap().clone();
    world.ledger = decision.ledger.clone();
    decision.tasks.iter().filter(|task| **task != slow).for_each(|task| world.apply(task));
    let decision = world.decide_while_busy(&BTreeSet::from([replica("web-02")]));
    assert!(decision.tasks.is_empty(), "{decision:#?}");
    assert_eq!(World::waits(&decision, "web-00"), ["after"]);
    world.apply(&slow);
    world.settle();
    assert_eq!(counts(&world), (BTreeMap::from([(2, 3)]), 3));
    // S-082: one that is lost comes back beside the others.
    let lost = world.observe().pods[0].name.clone();
    world.podman.lose_pod(&lost);
    world.settle();
    assert_eq!(counts(&world).0, BTreeMap::from([(2, 3)]));
}

/// What a window closes is the beginning of a rollout: one that has begun goes on, and repair is never held up.
#[test]
fn a_rollout_begins_inside_its_window_and_goes_on_behind_it() {
    let at_one = Window { days: vec![Weekday::Thursday], from: 60, minutes: 1 };
    let gate = Gate::Between(Between { zone: "UTC".to_owned(), windows: vec![at_one] });
    let plan = |number| {
        let mut plan = web(2, number, 0, 1, 0);
        let gate = StepGate { step: Step::Replace, gate: gate.clone() };
        plan.iter_mut().for_each(|(instance, _)| instance.gates.push(gate.clone()));
        plan
    };
    let mut world = World::new(plan(1));
    world.settle();
    world.accept(plan(2));
    let decision = world.pass();
    assert!(decision.tasks.is_empty());
    assert_eq!(World::waits(&decision, "web-00"), ["window"]);
    world.podman.kill(&world.running()[0], 1);
    assert!(matches!(world.pass().tasks[0].reason, Reason::Ended { .. }), "repair goes on");
    let due = decision.next_due.unwrap();
    assert_eq!(due.0 % 86_400_000, 3_600_000, "Thursday, one o'clock; 1970 began on a Thursday");
    world.sleep(due.since(world.now()).0);
    assert_eq!(world.pass().tasks.len(), 1);
    world.sleep(120_000);
    world.settle();
    assert_eq!(counts(&world).0, BTreeMap::from([(2, 2)]));
}

/// P-030, S-062: a paused rollout stands still in the middle; scaling works, repair works, and no clock runs out.
#[test]
fn a_paused_rollout_stands_still_and_scaling_does_not() {
    let paused = |count, number| {
        let mut plan = web(count, number, 0, 1, 0);
        let gate = Gate::Between(Between { zone: "UTC".to_owned(), windows: Vec::new() });
        let gate = StepGate { step: Step::Replace, gate };
        plan.iter_mut().for_each(|(instance, _)| instance.gates.push(gate.clone()));
        plan
    };
    let mut world = World::new(web(3, 1, 0, 1, 0));
    world.settle();
    world.accept(web(3, 2, 0, 1, 0));
    world.pass();
    world.accept(paused(5, 2));
    for _ in 0..10 {
        world.pass();
        world.sleep(200_000);
    }
    let decision = world.decide();
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 4), (2, 1)]), "new ones are like most others");
    assert_eq!(World::waits(&decision, "web-01"), ["paused"]);
    assert!(decision.waits.iter().all(|wait| wait.gate == "paused"), "{decision:#?}");
    world.accept(web(5, 2, 0, 1, 0));
    world.settle();
    assert_eq!(counts(&world).0, BTreeMap::from([(2, 5)]));
}

/// A crash between the two halves of a replacement does not bring the old revision back.
#[test]
fn a_replacement_that_was_cut_off_goes_on_and_not_back() {
    let mut world = World::new(web(2, 1, 0, 1, 0));
    world.settle();
    world.accept(web(2, 2, 0, 1, 0));
    let decision = world.decide();
    world.ledger = decision.ledger.clone();
    let mut cut = decision.tasks[0].clone();
    cut.actions.retain(|action| matches!(action, Action::StopContainers { .. } | Action::RemovePod { .. }));
    world.apply(&cut);
    let next = world.decide();
    assert_eq!(next.tasks.len(), 1);
    world.pass();
    assert_eq!(counts(&world).0, BTreeMap::from([(1, 1), (2, 1)]));
    world.settle();
    assert_eq!(counts(&world).0, BTreeMap::from([(2, 2)]));
}

/// S-079: to none in the middle of a rollout.
#[test]
fn none_in_the_middle_of_a_rollout() {
    let mut world = World::new(web(4, 1, 2, 0, 4));
    world.settle();
    world.accept(web(4, 2, 2, 0, 4));
    world.pass();
    assert_eq!(pods(&world).len(), 6);
    world.accept(Vec::new());
    world.settle();
    assert!(pods(&world).is_empty());
}

/// C-059, S-108, S-167, P-053: a pod that is lost comes back, and a container that ends well runs again like one that fails.
#[test]
fn what_is_lost_or_ends_well_comes_back() {
    let mut world = World::new(web(1, 1, 0, 1, 0));
    world.settle();
    let pod = pods(&world).into_iter().next().unwrap();
    world.podman.lose_pod(&pod);
    world.settle();
    assert_eq!(pods(&world), BTreeSet::from([pod]));
    world.podman.kill(&world.running()[0], 0);
    assert!(matches!(world.pass().tasks[0].reason, Reason::Ended { code: Some(0), .. }));
    world.settle();
    assert_eq!(world.running().len(), 1);
}
