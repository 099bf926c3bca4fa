//! Cron jobs on the simulated Podman: when runs begin, and what becomes of slots that cannot have theirs.

use wlc_plan::{
    instance::{Instance, WorkloadKind},
    job::{Concurrency, Cron, Work},
    name::{EnvName, WorkloadName},
    quantity::Millis,
    spec::{EnvValue, EnvVariable, InstanceField, PodSpec},
    time::Timestamp,
};

use super::{jobs::*, world::*};
use crate::{
    clock::Moment,
    decide::CronView,
    ledger::{
        Ledger,
        jobs::{End, Trigger},
    },
};

/// Each hour at its beginning.
fn hourly() -> Cron {
    Cron {
        schedule: "0 * * * *".to_owned(),
        zone: "UTC".to_owned(),
        concurrency: Concurrency::Allow,
        starting_deadline: None,
        keep_succeeded: 3,
        keep_failed: 1,
    }
}

fn of(cron: Cron) -> Work {
    Work { cron: Some(cron), ..work(1, 1) }
}

fn plan(work: &Work, spec: &PodSpec) -> Vec<(Instance, PodSpec)> {
    let (owner, spec) = instance("dump", spec, Vec::new());
    let workload = WorkloadName::parse("dump").unwrap();
    vec![(Instance { workload, kind: WorkloadKind::CronJob, work: Some(Box::new(work.clone())), ..owner }, spec)]
}

impl World {
    /// The clock shows this time on the 23rd of November.
    fn at(&self, time: &str) {
        let to = Timestamp::parse(&format!("2026-11-23T{time}Z")).unwrap();
        self.set_clock(Moment(u64::try_from(to.seconds()).unwrap() * 1_000));
    }

    fn cron(&self) -> CronView {
        self.decide().crons.into_iter().next().unwrap()
    }

    /// The end of the run that goes.
    fn run_ends(&mut self, code: i32) {
        let replica = self.under_way().remove(0);
        self.ends(&replica, code);
    }

    /// Somebody wants a run now.
    fn trigger(&mut self, parameters: &[(&str, &str)]) {
        self.asks(parameters);
        self.passes();
    }

    fn asks(&mut self, parameters: &[(&str, &str)]) {
        let pair = |(name, value): &(&str, &str)| (EnvName::parse(name).unwrap(), (*value).to_owned());
        let (by, at, parameters) = ("mo".to_owned(), self.now(), parameters.iter().map(pair).collect());
        self.ledger.trigger(&WorkloadName::parse("dump").unwrap(), Trigger { by, at, parameters });
    }

    fn runs(&self) -> Vec<String> {
        self.decide().jobs.into_iter().map(|job| job.name).collect()
    }
}

fn begun(cron: Cron) -> World {
    let mut world = World::new(Vec::new());
    world.at("00:30:00");
    world.accept(plan(&of(cron), &once()));
    assert!(world.passes().tasks.is_empty(), "slots before it was first seen do not count (P-100)");
    world
}

/// C-113, S-239 to S-241, P-098: once for each slot, whatever the clock does, and named by it.
#[test]
fn a_slot_begins_one_run() {
    let mut world = begun(hourly());
    assert_eq!(world.decide().next_due.map(|at| at.timestamp().to_string()).as_deref(), Some("2026-11-23T01:00:00Z"));
    world.at("01:00:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230100-0"]);
    world.run_ends(0);
    world.at("00:10:00");
    world.passes();
    world.at("01:00:00");
    world.passes();
    assert!(world.under_way().is_empty(), "the clock was set back, and nothing runs twice");
    let view = world.cron();
    assert_eq!(view.last.map(|at| at.to_string()).as_deref(), Some("2026-11-23T01:00:00Z"));
    assert!(view.last_success.is_some() && view.missed == 0 && view.active.is_empty());
    world.at("02:00:03");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230200-0"]);
}

/// P-098: without its ledger the agent reads from the pods which slots have run.
#[test]
fn without_a_ledger_no_slot_runs_twice() {
    let mut world = begun(hourly());
    world.at("01:00:00");
    world.passes();
    world.run_ends(0);
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    world.at("01:00:30");
    world.passes();
    assert!(world.under_way().is_empty());
    assert_eq!(world.runs(), ["dump-202611230100"]);
    world.at("02:00:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230200-0"]);
}

/// Without its ledger, and with a clock that was set back, what runs is the newest: the older run that failed does not go on.
#[test]
fn without_a_ledger_runs_that_never_overlap_do_not() {
    let forbid = Cron { concurrency: Concurrency::Forbid, ..hourly() };
    let mut world = begun(forbid.clone());
    world.accept(plan(&Work { backoff_limit: Some(1), ..of(forbid) }, &once()));
    world.at("02:00:00");
    world.passes();
    world.run_ends(1);
    world.sleep(10_000);
    world.passes();
    world.run_ends(1);
    let first = world.observe().pods[0].name.clone();
    world.podman.lose_pod(&first);
    world.at("01:10:00");
    world.trigger(&[]);
    assert_eq!(world.under_way(), ["dump-t1123011000-0"]);
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    for _ in 0..3 {
        world.passes();
        assert_eq!(world.under_way(), ["dump-t1123011000-0"]);
        world.sleep(600_000);
    }
    assert_eq!(world.job().verdict.map(|verdict| verdict.end), Some(End::Lost));
}

/// So it is where somebody removed the container of the older run: its pod looks like one that has not begun.
#[test]
fn without_a_ledger_an_older_run_does_not_begin_in_its_empty_pod() {
    let forbid = Cron { concurrency: Concurrency::Forbid, ..hourly() };
    let mut world = begun(forbid.clone());
    world.accept(plan(&Work { backoff_limit: Some(0), ..of(forbid) }, &once()));
    world.at("01:00:00");
    world.passes();
    let removed = world.running().remove(0);
    world.podman.remove_by_hand(&removed);
    world.passes();
    world.at("02:00:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230200-0"]);
    assert_eq!(world.observe().pods.len(), 2, "the empty pod is there");
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    for _ in 0..3 {
        world.passes();
        assert_eq!(world.under_way(), ["dump-202611230200-0"]);
        world.sleep(600_000);
    }
}

/// Where runs may overlap, what ran in an empty pod is not known either.
#[test]
fn without_a_ledger_no_run_begins_in_an_empty_pod() {
    let mut world = begun(hourly());
    world.at("01:00:00");
    world.passes();
    let removed = world.running().remove(0);
    world.run_ends(0);
    world.podman.remove_by_hand(&removed);
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    world.passes();
    assert!(world.under_way().is_empty());
    assert_eq!(world.job().verdict.map(|verdict| verdict.end), Some(End::Lost));
}

/// What takes the place of a run waits for one that is ending already, and for one whose pod is being made.
#[test]
fn what_replaces_waits_until_nothing_of_the_other_runs_or_is_made() {
    let replace = Cron { concurrency: Concurrency::Replace, ..hourly() };
    let mut world = begun(replace.clone());
    world.accept(plan(&Work { deadline: Some(Millis(600_000)), ..of(replace) }, &once()));
    world.at("01:00:00");
    let task = world.pass().tasks.remove(0);
    world.at("01:10:00");
    let busy = std::collections::BTreeSet::from([task.replica.clone()]);
    world.ledger = world.decide().ledger;
    world.asks(&[]);
    let decision = world.decide_while_busy(&busy);
    assert!(decision.tasks.is_empty(), "the run of 01:00 ends, and is busy: {decision:#?}");
    let mut world = begun(Cron { concurrency: Concurrency::Replace, ..hourly() });
    world.at("01:00:00");
    let decision = world.decide();
    world.ledger = decision.ledger;
    let busy = std::collections::BTreeSet::from([decision.tasks[0].replica.clone()]);
    world.asks(&[]);
    for _ in 0..2 {
        let decision = world.decide_while_busy(&busy);
        assert!(decision.tasks.is_empty(), "its pod may be made yet: {decision:#?}");
        world.ledger = decision.ledger;
    }
    world.passes();
    assert_eq!(world.under_way(), ["dump-t1123010000-0"]);
}

/// C-106, S-229 to S-231, P-091, P-092: of ten slots that were slept over the newest runs, unless it is too late.
#[test]
fn of_missed_slots_the_newest_runs() {
    let mut world = begun(hourly());
    world.at("10:20:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611231000-0"]);
    assert_eq!(world.cron().missed, 9);
    assert_eq!(world.cron().last_missed.unwrap().slot.to_string(), "2026-11-23T09:00:00Z");
    let mut world = begun(Cron { starting_deadline: Some(Millis(600_000)), ..hourly() });
    world.at("10:20:00");
    world.passes();
    assert!(world.under_way().is_empty());
    let view = world.cron();
    assert_eq!((view.missed, view.last_missed.unwrap().slot.to_string().as_str()), (10, "2026-11-23T10:00:00Z"));
    assert_eq!(view.next.map(|at| at.to_string()).as_deref(), Some("2026-11-23T11:00:00Z"));
}

/// C-104, S-233, P-094.
#[test]
fn forbid_never_overlaps_and_starts_late() {
    let mut world = begun(Cron { concurrency: Concurrency::Forbid, ..hourly() });
    world.at("01:00:00");
    world.passes();
    world.at("02:00:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230100-0"]);
    assert!(world.cron().waits.unwrap().contains("has not ended"));
    world.at("02:40:00");
    world.run_ends(0);
    assert_eq!(world.under_way(), ["dump-202611230200-0"], "late, and once");
    assert_eq!(world.cron().missed, 0);
}

/// C-105, S-233, P-095.
#[test]
fn replace_ends_the_old_run_and_never_leaves_two() {
    let mut world = begun(Cron { concurrency: Concurrency::Replace, ..hourly() });
    world.at("01:00:00");
    world.passes();
    world.at("02:00:00");
    let decision = world.pass();
    assert_eq!(decision.tasks.len(), 1, "the old one ends first: {:?}", decision.tasks);
    assert!(world.under_way().is_empty());
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230200-0"]);
    assert_eq!(world.runs(), ["dump-202611230200"]);
}

/// P-096: both run.
#[test]
fn allow_lets_both_run() {
    let mut world = begun(hourly());
    world.at("01:00:00");
    world.passes();
    world.at("02:00:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230100-0", "dump-202611230200-0"]);
    assert_eq!(world.cron().active, ["dump-202611230100", "dump-202611230200"]);
}

/// C-103, S-235, P-097.
#[test]
fn a_suspended_one_begins_nothing_and_then_the_last_slot() {
    let mut world = begun(hourly());
    world.at("01:00:00");
    world.passes();
    world.accept(plan(&Work { suspend: true, ..of(hourly()) }, &once()));
    world.at("03:10:00");
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230100-0"], "what runs goes on");
    assert!(world.cron().suspended && world.cron().next.is_none());
    world.run_ends(0);
    world.accept(plan(&of(hourly()), &once()));
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230300-0"]);
}

/// S-236, S-237, P-099.
#[test]
fn so_many_runs_are_kept() {
    let mut world = begun(Cron { keep_succeeded: 2, keep_failed: 1, ..hourly() });
    let strict = Work { backoff_limit: Some(0), ..of(Cron { keep_succeeded: 2, keep_failed: 1, ..hourly() }) };
    world.accept(plan(&strict, &once()));
    for (hour, code) in [(1, 0), (2, 1), (3, 0), (4, 0), (5, 1)] {
        world.at(&format!("0{hour}:00:00"));
        world.passes();
        world.run_ends(code);
    }
    world.passes();
    assert_eq!(world.runs(), ["dump-202611230300", "dump-202611230400", "dump-202611230500"]);
    assert_eq!(world.observe().pods.len(), 3, "pods go with their runs");
    let view = world.decide().jobs.pop().unwrap();
    assert_eq!(view.verdict.unwrap().end, End::BackoffLimitExceeded);
}

/// S-238: a run keeps the template that it began with.
#[test]
fn another_template_is_for_later_runs() {
    let mut world = begun(hourly());
    world.at("01:00:00");
    world.passes();
    let before = world.observe().pods[0].revision;
    world.accept(plan(&of(hourly()), &PodSpec { restarted: Some("2".to_owned()), ..once() }));
    world.passes();
    world.run_ends(1);
    world.sleep(10_000);
    world.passes();
    assert_eq!(world.under_way(), ["dump-202611230100-0"]);
    assert!(world.observe().pods.iter().all(|pod| pod.revision == before), "its second attempt too");
    world.run_ends(0);
    world.at("02:00:00");
    world.passes();
    assert!(world.observe().pods.iter().any(|pod| pod.revision != before));
}

/// A run by hand counts for the history and for `concurrency`, takes no slot, and is given what was said.
#[test]
fn a_run_by_hand_is_one_like_any_other() {
    let parameters = [(EnvName::parse("DAY").unwrap(), Some("today".to_owned()))];
    let forbid = Cron { concurrency: Concurrency::Forbid, ..hourly() };
    let mut world = begun(forbid.clone());
    world.accept(plan(&Work { parameters: parameters.into(), ..of(forbid) }, &once()));
    world.trigger(&[("DAY", "monday")]);
    world.trigger(&[]);
    assert_eq!(world.under_way(), ["dump-t1123003000-0"], "the second one waits for its turn");
    assert!(world.cron().waits.unwrap().contains("somebody wants a run"));
    let told = |world: &World| world.decide().jobs.iter().map(|job| job.by.clone()).collect::<Vec<_>>();
    assert_eq!(told(&world), [Some("mo".to_owned())]);
    world.at("01:00:00");
    world.passes();
    assert_eq!(world.under_way().len(), 1, "and so does the slot");
    world.run_ends(0);
    world.run_ends(0);
    assert_eq!(world.under_way(), ["dump-202611230100-0"]);
    world.run_ends(0);
    assert_eq!(world.runs(), ["dump-202611230100", "dump-t1123003000", "dump-t1123003001"]);
    assert_eq!((world.cron().missed, world.decide().tasks.len()), (0, 0));
}

/// What a run by hand was given holds for each of its attempts.
#[test]
fn a_run_by_hand_keeps_what_it_was_given() {
    let mut spec = once();
    let (name, told) = (EnvName::parse("DAY").unwrap(), InstanceField::Told("parameter.DAY".to_owned()));
    spec.containers[0].env.push(EnvVariable { name: name.clone(), value: EnvValue::Field(told) });
    let mut world = begun(hourly());
    let work = Work { parameters: [(name, Some("today".to_owned()))].into(), ..of(hourly()) };
    world.accept(plan(&work, &spec));
    let begins = |world: &mut World| {
        let mut tasks = String::new();
        for _ in 0..4 {
            tasks.push_str(&format!("{:?}", world.pass().tasks));
            world.sleep(1);
        }
        ["monday", "today"].map(|day| tasks.contains(day))
    };
    world.asks(&[("DAY", "monday")]);
    assert_eq!(begins(&mut world), [true, false]);
    world.run_ends(1);
    world.sleep(10_000);
    assert_eq!(begins(&mut world), [true, false], "its second attempt too");
    world.run_ends(0);
    world.at("01:00:00");
    assert_eq!(begins(&mut world), [false, true]);
}

/// Of `replace`, a run by hand takes the place of the one that goes.
#[test]
fn a_run_by_hand_replaces() {
    let mut world = begun(Cron { concurrency: Concurrency::Replace, ..hourly() });
    world.trigger(&[]);
    world.trigger(&[]);
    assert_eq!(world.under_way(), ["dump-t1123003001-0"]);
    assert_eq!(world.runs(), ["dump-t1123003001"]);
}

/// P-098, C-140: the agent is ended at each point at which Podman is asked for anything; each slot runs once.
#[test]
fn wherever_the_agent_is_ended_each_slot_runs_once() {
    let life = |crash: Option<u64>| {
        let mut world = begun(hourly());
        crash.iter().for_each(|step| world.podman.crash_at(*step));
        for hour in 1..4 {
            world.at(&format!("0{hour}:00:00"));
            for _ in 0..8 {
                world.pass();
                for container in world.running() {
                    world.podman.kill(&container, 0);
                }
                world.sleep(15_000);
            }
        }
        let runs: Vec<String> = world.observe().pods.iter().map(|pod| pod.replica.to_string()).collect();
        (world.podman.steps(), runs, world.cron().missed)
    };
    let (steps, expected, _) = life(None);
    assert_eq!(expected.len(), 3);
    for step in 0..steps {
        let (_, runs, missed) = life(Some(step));
        assert_eq!((runs, missed), (expected.clone(), 0), "ended at step {step}");
    }
}
