//! Strategies as gates: what each step of a rollout waits for, and who keeps an older revision.

use wlc_plan::{
    gate::{Condition, Counts, Gate, Step},
    instance::Instance,
    rollout::{OnFailure, Replacement},
};

use crate::build;

fn instances(case: &str, step: usize, workload: &str) -> Vec<Instance> {
    let built = &build::case(case)[step - 1];
    let all = built.content.plans.values().flat_map(|plan| &plan.instances);
    all.filter(|one| one.workload.as_str() == workload).cloned().collect()
}

fn images(case: &str, step: usize, workload: &str) -> Vec<String> {
    let built = &build::case(case)[step - 1];
    let image = |one: &Instance| {
        let spec: wlc_plan::spec::PodSpec = wlc_plan::canonical::decode(&built.content.specs[&one.spec.spec]).unwrap();
        let version = spec.containers[0].image.name.rsplit(':').next().unwrap().to_owned();
        format!("{}:{version}", one.replica)
    };
    let all = built.content.plans.values().flat_map(|plan| &plan.instances);
    all.filter(|one| one.workload.as_str() == workload).map(image).collect()
}

fn slot(instance: &Instance, counts: Counts) -> Option<u32> {
    instance.gates.iter().find_map(|gate| match &gate.gate {
        Gate::Slot(slot) if slot.counts == counts => Some(slot.size),
        Gate::Slot(_) | Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    })
}

/// Who a step of an instance waits for, and until when.
fn after(instance: &Instance, step: Step) -> Vec<(String, Condition)> {
    let gates = instance.gates.iter().filter(|gate| gate.step == step);
    let waits = gates.filter_map(|gate| match &gate.gate {
        Gate::After(after) => Some(after),
        Gate::Slot(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    });
    let names = |after: &wlc_plan::gate::After<wlc_plan::name::ReplicaName>| {
        after.of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    waits.map(|after| (names(after), after.until)).collect()
}

/// S-054, S-055, S-096: a quarter of four is one more and one less; two replicas make before they break, and each has two ports.
#[test]
fn copies_and_missing_replicas_share_the_replicas_of_a_node() {
    let web = instances("surge", 1, "web");
    let kinds: Vec<Replacement> = web.iter().map(|one| one.rollout.replacement).collect();
    assert_eq!(
        kinds,
        [Replacement::StartFirst, Replacement::StartFirst, Replacement::StopFirst, Replacement::StopFirst]
    );
    assert!(web.iter().all(|one| slot(one, Counts::Missing) == Some(1)));
    assert_eq!(slot(&web[0], Counts::Surge), Some(1));
    assert_eq!(slot(&web[3], Counts::Surge), None);
    assert!(web.iter().all(|one| one.binding.ports[0].host.all().count() == 2));
    assert!(web.iter().all(|one| one.rollout.on_failure == OnFailure::Rollback));
    let before: Vec<_> = web.iter().map(|one| one.binding.clone()).collect();
    let after = instances("surge", 3, "web");
    assert!(after.iter().all(|one| one.rollout.replacement == Replacement::StopFirst));
    assert!(after.iter().all(|one| before.contains(&one.binding)), "ports stay: nothing is restarted");
}

/// A canary has the new revision alone, a third one goes to it too, and `promote` gives it to all.
#[test]
fn canaries_come_first_and_the_others_at_a_word() {
    assert_eq!(images("canary", 2, "web"), ["web-0:2", "web-1:1", "web-2:1"]);
    assert_eq!(images("canary", 3, "web"), ["web-0:3", "web-1:1", "web-2:1", "web-3:1"]);
    for step in [4, 5] {
        assert_eq!(images("canary", step, "web"), ["web-0:3", "web-1:3", "web-2:3", "web-3:3"], "step {step}");
    }
}

/// S-062: a paused workload keeps its revision, and its new replicas have it too.
#[test]
fn a_paused_workload_keeps_its_revision() {
    assert_eq!(images("paused", 2, "web"), ["web-0:1", "web-1:1", "web-2:1"]);
    assert_eq!(images("paused", 3, "web"), ["web-0:2", "web-1:2", "web-2:2"]);
    let windows = instances("paused", 1, "web");
    let is_window = |gate: &&wlc_plan::gate::StepGate| match &gate.gate {
        Gate::Between(between) => between.zone == "Europe/Berlin" && between.windows[0].minutes == 360,
        Gate::Slot(_) | Gate::After(_) | Gate::Lease(_) | Gate::Once(_) => false,
    };
    assert!(windows.iter().all(|one| one.gates.iter().any(|gate| is_window(&gate) && gate.step == Step::Replace)));
}

/// S-081: each waits until all others are gone; other workloads are waited for at a first start.
#[test]
fn recreate_and_order_between_workloads_are_gates_of_the_first_start() {
    let web = instances("recreate", 1, "web");
    assert!(web.iter().all(|one| one.rollout.replacement == Replacement::Recreate));
    assert_eq!(after(&web[0], Step::FirstStart), [("web-1 web-2".to_owned(), Condition::Gone)]);
    let api = instances("recreate", 1, "api");
    let waits = [("db-0".to_owned(), Condition::Ready), ("web-0 web-1 web-2".to_owned(), Condition::Started)];
    assert_eq!(after(&api[1], Step::FirstStart), waits);
}

/// S-098 to S-119, P-039: order, reverse order, partition, and the base that is kept below it through a third revision.
#[test]
fn an_ordered_set_starts_upwards_and_updates_downwards() {
    let db = instances("ordered", 1, "db");
    assert_eq!(after(&db[2], Step::FirstStart), [("db-0 db-1".to_owned(), Condition::Ready)]);
    assert_eq!(after(&db[0], Step::Replace), [("db-1 db-2".to_owned(), Condition::Ready)]);
    assert_eq!(images("ordered", 2, "db"), ["db-0:1", "db-1:1", "db-2:2"]);
    assert_eq!(images("ordered", 3, "db"), ["db-0:1", "db-1:3", "db-2:3"]);
}

/// C-040, C-052, S-103: who leaves, in which order, and what for.
#[test]
fn what_an_ordered_set_asks_for_no_more_leaves_in_order() {
    let built = build::case("ordered");
    let leaving = |step: usize| {
        let plan = built[step - 1].content.plans.values().next().unwrap();
        let gates = |one: &wlc_plan::instance::Leaving| one.gates.len();
        plan.leaving.iter().map(|one| (one.replica.to_string(), gates(one))).collect::<Vec<_>>()
    };
    assert_eq!(leaving(3), []);
    assert_eq!(leaving(4), [("db-1".to_owned(), 2), ("db-2".to_owned(), 1)]);
    assert_eq!(leaving(5), [("db-0".to_owned(), 1)], "`db-1` and `db-2` are back");
}

/// The first wave of a new revision comes with it; the others keep what they had until somebody says the word.
#[test]
fn a_rollout_in_waves_begins_with_the_first_value_of_its_label() {
    let built = build::case("waves");
    assert_eq!(images("waves", 2, "web"), ["web-0:1", "web-1:2", "web-2:1"], "`n2` is in zone `a`");
    assert_eq!(images("waves", 3, "web"), ["web-0:1", "web-1:3", "web-2:1"]);
    let lock = built[2].lock.workloads.values().next().unwrap();
    assert_eq!((lock.base, lock.waves.iter().map(String::as_str).collect::<Vec<_>>()), (Some(1), vec!["a"]));
    assert_eq!(built[2].waves.values().next().unwrap(), &["b", "c"]);
}
