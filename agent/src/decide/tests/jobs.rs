//! Jobs on the simulated Podman: what runs, how often, and what is remembered of it.

use std::collections::BTreeMap;

use wlc_plan::{
    instance::{Instance, WorkloadKind},
    job::{ExitCodes, FailureAction, FailureKind, FailureRule, OnLost, Part, Runs, SuccessRule, Work},
    name::WorkloadName,
    numbers::Numbers,
    quantity::Millis,
    spec::{PodSpec, RestartPolicy},
};

use super::world::*;
use crate::{
    action::{Action, Reason},
    decide::{Decision, JobView, Phase},
    ledger::{
        Ledger,
        jobs::{End, Trigger},
    },
};

/// Each of so many numbers, so many at a time.
pub(super) fn work(count: u32, parallelism: u32) -> Work {
    Work {
        runs: Runs::Each(Part { first: 0, count }),
        parallelism,
        run: String::new(),
        backoff_limit: Some(6),
        backoff_limit_per_index: None,
        max_failed_indexes: None,
        deadline: None,
        ttl: None,
        suspend: false,
        on_lost: OnLost::Retry,
        rules: Vec::new(),
        success: Vec::new(),
        parameters: BTreeMap::new(),
        cron: None,
    }
}

/// A pod that runs to its end.
pub(super) fn once() -> PodSpec {
    PodSpec { restart: RestartPolicy::Never, ..version(1) }
}

/// The instances of a job.
pub(super) fn job(work: &Work, spec: &PodSpec) -> Vec<(Instance, PodSpec)> {
    let place = |at: u32| {
        let (instance, spec) = instance(&format!("train-{at}"), spec, Vec::new());
        let workload = WorkloadName::parse("train").unwrap();
        (Instance { workload, kind: WorkloadKind::Job, work: Some(Box::new(work.clone())), ..instance }, spec)
    };
    (0..work.parallelism.max(1)).map(place).collect()
}

impl World {
    /// The attempts that run, as `<replica>` in order.
    pub(super) fn under_way(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.running().iter().filter_map(|one| Some(one.split('.').nth(2)?.to_owned())).collect();
        names.dedup();
        names
    }

    /// The attempt of a replica that runs ends.
    pub(super) fn ends(&mut self, replica: &str, code: i32) {
        let named = self.running().into_iter().find(|one| one.split('.').nth(2) == Some(replica));
        self.podman.kill(&named.unwrap_or_else(|| panic!("{replica} does not run")), code);
        self.sleep(1_000);
        self.passes();
    }

    /// Passes until there is nothing to do now.
    pub(super) fn passes(&mut self) -> Decision {
        for _ in 0..50 {
            let decision = self.pass();
            let is_soon = decision.next_due.is_some_and(|at| at.since(self.now()) <= Millis(1));
            if decision.tasks.is_empty() && !is_soon {
                return decision;
            }
            self.sleep(1);
        }
        panic!("it never rests: {:#?}", self.decide());
    }

    pub(super) fn job(&self) -> JobView {
        self.decide().jobs.into_iter().next().unwrap()
    }

    pub(super) fn end(&self) -> Option<End> {
        self.job().finished.and(self.job().verdict).map(|verdict| verdict.end)
    }
}

pub(super) fn rule(on: FailureKind, action: FailureAction) -> Vec<FailureRule> {
    vec![FailureRule { on, action }]
}

fn exit(codes: &[u8]) -> FailureKind {
    FailureKind::Exit(ExitCodes { codes: codes.to_vec(), container: None })
}

/// C-070, S-175, P-066.
#[test]
fn so_many_run_at_a_time_until_all_have_succeeded() {
    let mut world = World::new(job(&work(5, 3), &once()));
    world.passes();
    assert_eq!(world.under_way(), ["train-0", "train-1", "train-2"]);
    world.ends("train-1", 0);
    assert_eq!(world.under_way(), ["train-0", "train-2", "train-3"]);
    world.ends("train-0", 0);
    world.ends("train-2", 0);
    assert_eq!(world.under_way(), ["train-3", "train-4"], "only what is left");
    assert_eq!((world.job().succeeded, world.job().active, world.job().state), (3, 2, "running"));
    world.ends("train-3", 0);
    world.ends("train-4", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached));
    assert_eq!(world.job().completed_indexes, "0-4");
    let decision = world.decide();
    assert!(decision.tasks.is_empty() && decision.next_due.is_none(), "{decision:#?}");
    assert!(decision.states.iter().all(|state| state.phase == Phase::Complete), "{:#?}", decision.states);
    assert_eq!(decision.states.len(), 5, "their pods are kept for their logs (S-215)");
}

/// S-220, P-081, P-082, C-094, C-140: after a restart, a boot, the same plan, and without the ledger where the container is there.
#[test]
fn what_has_finished_does_not_run_again() {
    let mut world = World::new(job(&work(2, 2), &once()));
    world.passes();
    world.ends("train-0", 0);
    world.ends("train-1", 0);
    let made = world.podman.names();
    world.accept(job(&work(2, 2), &once()));
    world.settle();
    world.podman.lose_power();
    world.settle();
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    world.settle();
    assert_eq!(world.podman.names(), made, "nothing was made or removed");
    assert_eq!((world.job().succeeded, world.end()), (2, Some(End::CompletionsReached)));
    let again = Work { run: "2026-11-23".to_owned(), ..work(2, 2) };
    world.accept(job(&again, &once()));
    world.passes();
    assert_eq!(world.under_way(), ["train-0", "train-1"], "another word runs it again");
    assert_eq!(world.job().succeeded, 0);
}

/// A job that has ended runs again when somebody says so, once, and does not when the plan comes again.
#[test]
fn what_has_finished_runs_again_by_hand() {
    let mut world = World::new(job(&work(2, 2), &once()));
    let trigger = |world: &mut World| {
        let trigger = Trigger { by: "mo".to_owned(), at: world.now(), parameters: BTreeMap::new() };
        world.ledger.trigger(&WorkloadName::parse("train").unwrap(), trigger);
        world.passes();
    };
    world.passes();
    trigger(&mut world);
    world.ends("train-0", 0);
    world.ends("train-1", 0);
    assert_eq!((world.end(), world.job().by), (Some(End::CompletionsReached), None), "what runs is left alone");
    for _ in 0..2 {
        trigger(&mut world);
        assert_eq!(world.under_way(), ["train-0", "train-1"]);
        world.ends("train-0", 0);
        world.ends("train-1", 0);
        world.accept(job(&work(2, 2), &once()));
        world.passes();
        assert_eq!((world.end(), world.job().by.as_deref()), (Some(End::CompletionsReached), Some("mo")));
    }
    world.accept(job(&Work { run: "2026-11-23".to_owned(), ..work(2, 2) }, &once()));
    world.passes();
    assert_eq!(world.under_way(), ["train-0", "train-1"], "another word runs it again");
}

/// P-081: without ledger and container nobody knows, so nothing runs until somebody says so.
#[test]
fn what_is_not_known_waits_for_a_word() {
    let mut world = World::new(job(&work(2, 1), &once()));
    world.passes();
    world.ends("train-0", 0);
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    world.ends("train-1", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached), "both pods are there");
    let pod = world.observe().pods[0].name.clone();
    world.podman.lose_pod(&pod);
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    let decision = world.passes();
    assert_eq!(World::waits(&decision, "train-0"), ["lost"]);
    assert_eq!(world.job().state, "lost");
    world.ledger.jobs.values_mut().for_each(|record| record.unknown = false);
    world.passes();
    assert_eq!(world.under_way(), ["train-0"]);
}

/// S-182 to S-184, P-062, P-064.
#[test]
fn failures_are_backed_off_and_counted() {
    let limited = Work { backoff_limit: Some(1), ..work(1, 1) };
    let mut world = World::new(job(&limited, &once()));
    world.passes();
    let begun = world.now();
    world.ends("train-0", 1);
    let decision = world.decide();
    assert!(world.under_way().is_empty());
    assert_eq!(World::waits(&decision, "train-0"), ["back-off"]);
    assert_eq!(decision.states[0].phase, Phase::BackOff);
    world.sleep(decision.next_due.unwrap().since(world.now()).0);
    world.passes();
    assert!(world.now().since(begun) >= Millis(10_000));
    assert_eq!(world.under_way(), ["train-0"], "the second pod of two");
    world.ends("train-0", 1);
    assert_eq!((world.end(), world.job().failed), (Some(End::BackoffLimitExceeded), 2));
    assert!(world.decide().next_due.is_none());
}

/// C-085, C-086, S-186 to S-189, P-071: odd numbers fail twice, even ones succeed.
#[test]
fn a_number_fails_alone() {
    let per_index = Work { backoff_limit: None, backoff_limit_per_index: Some(1), ..work(4, 2) };
    let mut world = World::new(job(&per_index, &once()));
    for _ in 0..30 {
        let decision = world.passes();
        for replica in world.under_way() {
            let is_odd = replica.ends_with('1') || replica.ends_with('3');
            world.ends(&replica, i32::from(is_odd));
        }
        if let Some(at) = decision.next_due {
            world.sleep(at.since(world.now()).0);
        }
    }
    let view = world.job();
    assert_eq!((view.failed_indexes.as_str(), view.completed_indexes.as_str()), ("1,3", "0,2"));
    assert_eq!((view.failed, view.succeeded, world.end()), (4, 2, Some(End::FailedIndexes)));
    let tries = world.observe().pods.iter().filter_map(|pod| Some(pod.run.as_ref()?.attempt)).max();
    assert_eq!(tries, Some(1), "each pod says which attempt it is");
}

/// C-087, P-072.
#[test]
fn too_many_failed_numbers_end_the_job() {
    let strict =
        Work { backoff_limit: None, backoff_limit_per_index: Some(0), max_failed_indexes: Some(0), ..work(4, 1) };
    let mut world = World::new(job(&strict, &once()));
    world.passes();
    world.ends("train-0", 1);
    assert_eq!((world.end(), world.job().failed), (Some(End::MaxFailedIndexesExceeded), 1));
    assert!(world.under_way().is_empty());
}

/// C-072, C-073, C-088, S-190 to S-195, P-073.
#[test]
fn the_first_rule_that_matches_decides() {
    let ignored = Work { backoff_limit: Some(0), rules: rule(exit(&[42]), FailureAction::Ignore), ..work(1, 1) };
    let mut world = World::new(job(&ignored, &once()));
    world.passes();
    world.ends("train-0", 42);
    world.sleep(10_000);
    world.passes();
    world.ends("train-0", 0);
    assert_eq!((world.end(), world.job().failed), (Some(End::CompletionsReached), 0));

    let fails = Work { rules: rule(exit(&[3, 42]), FailureAction::FailJob), ..work(3, 2) };
    let mut world = World::new(job(&fails, &once()));
    world.passes();
    world.ends("train-1", 42);
    assert_eq!(world.end(), Some(End::PodFailurePolicy));
    assert!(world.under_way().is_empty(), "the other one is ended");
    assert!(world.job().verdict.unwrap().why.contains("`main` ended with 42"));

    let index = Work {
        backoff_limit: None,
        backoff_limit_per_index: Some(5),
        rules: rule(FailureKind::ExitNot(ExitCodes { codes: vec![7], container: None }), FailureAction::FailIndex),
        ..work(2, 1)
    };
    let mut world = World::new(job(&index, &once()));
    world.passes();
    world.ends("train-0", 9);
    assert_eq!(world.under_way(), ["train-1"], "no retry of the number");
    world.ends("train-1", 0);
    assert_eq!((world.end(), world.job().failed), (Some(End::FailedIndexes), 1));
}

/// S-203, P-077, P-078: of all of it; what runs has its grace, and then the job has failed.
#[test]
fn a_deadline_is_for_all_of_the_job() {
    let short = Work { deadline: Some(Millis(60_000)), ..work(2, 1) };
    let mut world = World::new(job(&short, &once()));
    let decision = world.passes();
    let due = decision.next_due.unwrap();
    world.sleep(30_000);
    world.ends("train-0", 0);
    assert_eq!(world.under_way(), ["train-1"]);
    world.sleep(due.since(world.now()).0);
    let decision = world.pass();
    assert_eq!(decision.tasks[0].reason, Reason::Over);
    let Action::StopContainers(stop) = &decision.tasks[0].actions[0] else { panic!("{decision:#?}") };
    assert_eq!(stop.grace, once().grace);
    world.passes();
    assert_eq!((world.end(), world.job().succeeded), (Some(End::DeadlineExceeded), 1));
    assert!(world.under_way().is_empty());
}

/// C-078, C-099, S-206, P-079.
#[test]
fn what_is_suspended_is_no_failure_and_goes_on() {
    let short = Work { deadline: Some(Millis(60_000)), ..work(2, 2) };
    let mut world = World::new(job(&short, &once()));
    world.passes();
    world.ends("train-0", 0);
    world.sleep(50_000);
    world.accept(job(&Work { suspend: true, ..short.clone() }, &once()));
    world.settle();
    assert!(world.under_way().is_empty());
    assert_eq!((world.job().failed, world.job().succeeded, world.job().state), (0, 1, "suspended"));
    world.sleep(50_000);
    world.accept(job(&short, &once()));
    world.passes();
    assert_eq!(world.under_way(), ["train-1"]);
    assert!(world.job().begun >= Some(crate::clock::Moment(1_100_000)), "its time begins anew");
    world.ends("train-1", 0);
    assert_eq!((world.end(), world.job().failed), (Some(End::CompletionsReached), 0));
}

/// C-082, C-083, C-084, S-199 to S-202, P-076.
#[test]
fn a_rule_for_success_ends_the_rest() {
    let of = |indexes: Option<&str>, count| {
        let indexes = indexes.map(|indexes| Numbers::parse(indexes).unwrap());
        Work { success: vec![SuccessRule { indexes, count }], ..work(5, 2) }
    };
    for (rule, first) in [(of(Some("0"), None), "train-0"), (of(None, Some(1)), "train-1")] {
        let mut world = World::new(job(&rule, &once()));
        world.passes();
        assert_eq!(world.job().verdict, None);
        world.ends(first, 0);
        let view = world.job();
        assert_eq!((world.end(), view.succeeded, view.failed, view.active), (Some(End::SuccessPolicy), 1, 0, 0));
        assert!(world.under_way().is_empty());
    }
}

/// C-101, S-205, P-080.
#[test]
fn a_job_that_has_outlived_its_time_leaves_no_pod_and_does_not_run_again() {
    let short = Work { ttl: Some(Millis(5_000)), ..work(1, 1) };
    let mut world = World::new(job(&short, &once()));
    world.passes();
    world.ends("train-0", 0);
    assert_eq!(world.observe().pods.len(), 1);
    world.settle();
    assert!(world.observe().pods.is_empty());
    world.sleep(1_000_000);
    world.settle();
    assert!(world.observe().pods.is_empty());
    assert_eq!(world.end(), Some(End::CompletionsReached));
}

/// C-090, S-181, P-062, P-065.
#[test]
fn with_on_failure_containers_are_started_again_in_place() {
    let in_place = PodSpec { restart: RestartPolicy::OnFailure, ..version(1) };
    let mut world = World::new(job(&Work { backoff_limit: Some(2), ..work(1, 1) }, &in_place));
    world.passes();
    let pod = world.observe().pods[0].name.clone();
    world.ends("train-0", 1);
    assert_eq!(world.under_way(), ["train-0"], "the first restart comes at once");
    assert_eq!(world.observe().pods[0].name, pod);
    world.ends("train-0", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached));

    let mut world = World::new(job(&Work { backoff_limit: Some(0), ..work(1, 1) }, &in_place));
    world.passes();
    world.ends("train-0", 1);
    assert_eq!(world.end(), Some(End::BackoffLimitExceeded), "limit 0: the first restart");
    assert!(world.under_way().is_empty());
}

/// C-089, C-093.
#[test]
fn a_job_that_is_removed_leaves_nothing() {
    let mut world = World::new(job(&work(2, 2), &once()));
    world.passes();
    world.ends("train-0", 0);
    world.accept(Vec::new());
    world.settle();
    assert!(world.observe().pods.is_empty());
    assert_eq!(world.ledger, Ledger::default());
}

/// P-067, S-173.
#[test]
fn of_a_queue_one_success_is_enough_and_what_runs_goes_on() {
    let queue = Work { runs: Runs::Any(Part { first: 0, count: 2 }), ..work(2, 2) };
    let mut world = World::new(job(&queue, &once()));
    world.passes();
    world.ends("train-0", 0);
    assert_eq!(world.under_way(), ["train-1"], "no new one begins, and this one is not ended");
    assert_eq!(world.end(), None);
    world.ends("train-1", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached));
}

/// P-068: none at a time.
#[test]
fn without_places_nothing_runs_and_nothing_is_forgotten() {
    let mut world = World::new(job(&work(2, 1), &once()));
    world.passes();
    world.ends("train-0", 0);
    world.accept(job(&work(2, 0), &once()));
    world.settle();
    assert!(world.under_way().is_empty());
    assert_eq!((world.job().succeeded, world.job().failed), (1, 0));
    world.accept(job(&work(2, 1), &once()));
    world.passes();
    assert_eq!(world.under_way(), ["train-1"]);
}

/// The power fails: the result of what ran is not known.
#[test]
fn what_is_lost_is_tried_again_or_fails_the_job() {
    for (on_lost, end) in [(OnLost::Retry, None), (OnLost::Fail, Some(End::Lost))] {
        let mut world = World::new(job(&Work { on_lost, ..work(1, 1) }, &once()));
        world.passes();
        world.podman.lose_power();
        world.passes();
        assert_eq!((world.job().failed, world.end()), (1, end));
        if end.is_none() {
            world.sleep(10_000);
            world.passes();
            assert_eq!(world.under_way(), ["train-0"]);
            let pod = world.observe().pods.into_iter().find(|pod| pod.run.as_ref().unwrap().attempt == 1).unwrap();
            world.podman.lose_pod(&pod.name);
            world.passes();
            assert_eq!(world.job().failed, 2, "a run that was removed by hand is lost");
        }
    }
}

/// S-295, P-085.
#[test]
fn a_sidecar_does_not_hold_a_job_open() {
    let mut side = container("side");
    side.role = wlc_plan::spec::ContainerRole::Sidecar;
    let spec = PodSpec { restart: RestartPolicy::Never, ..spec(vec![side, container("main")]) };
    let mut world = World::new(job(&work(1, 1), &spec));
    world.passes();
    let main = world.running().into_iter().find(|name| name.contains(".main.")).unwrap();
    world.podman.kill(&main, 0);
    world.passes();
    assert_eq!(world.end(), Some(End::CompletionsReached));
    assert!(world.running().is_empty(), "{:?}", world.running());
}

/// P-082, C-140: the agent is ended at each point at which Podman is asked for anything.
#[test]
fn wherever_the_agent_is_ended_each_number_succeeds_once() {
    let life = |crash: Option<u64>| {
        let mut world = World::new(job(&work(3, 2), &once()));
        crash.iter().for_each(|step| world.podman.crash_at(*step));
        for _ in 0..60 {
            world.pass();
            for container in world.running() {
                world.podman.kill(&container, 0);
            }
            world.sleep(20_000);
        }
        let view = world.job();
        let attempts: Vec<u32> = world.observe().pods.iter().map(|pod| pod.run.as_ref().unwrap().attempt).collect();
        (world.podman.steps(), view.completed_indexes, view.failed, attempts, world.end())
    };
    let (steps, ..) = life(None);
    for step in 0..steps {
        let (_, completed, failed, attempts, end) = life(Some(step));
        assert_eq!(
            (completed.as_str(), failed, end),
            ("0-2", 0, Some(End::CompletionsReached)),
            "ended at step {step}"
        );
        assert_eq!(attempts, [0, 0, 0], "ended at step {step}");
    }
    assert!(steps > 10);
}
