//! Attempts of jobs that somebody else ends, removes or wants anew.

use wlc_plan::{
    job::{FailureAction, FailureKind, Work},
    quantity::Millis,
};

use super::{jobs::*, world::*};
use crate::{
    action::{Action, Reason},
    clock::Moment,
    ledger::{Ledger, jobs::End},
};

/// What somebody removes of an attempt whose result is recorded is not made again; of one that ran, its result is lost.
#[test]
fn a_container_that_somebody_removes_is_not_run_again_in_its_pod() {
    let mut world = World::new(job(&work(2, 1), &once()));
    world.passes();
    world.ends("train-0", 0);
    let ended = world.observe().pods.into_iter().find(|pod| pod.replica.as_str() == "train-0").unwrap();
    world.podman.remove_by_hand(&ended.containers[0].name);
    world.passes();
    assert_eq!(world.under_way(), ["train-1"]);
    let running = world.running().remove(0);
    world.podman.remove_by_hand(&running);
    world.passes();
    assert_eq!((world.job().failed, world.under_way().len()), (1, 0));
    world.sleep(10_000);
    world.passes();
    world.ends("train-1", 0);
    assert_eq!((world.end(), world.job().succeeded), (Some(End::CompletionsReached), 2));
}

/// Without the ledger a pod whose container somebody removed looks like one that has not begun: what runs goes on, and the
/// other one, which may have succeeded, does not run again until somebody says so.
#[test]
fn without_a_ledger_an_empty_pod_tells_nothing() {
    let mut world = World::new(job(&work(2, 1), &once()));
    world.passes();
    world.ends("train-0", 1);
    world.sleep(10_000);
    world.passes();
    let second = world.running().remove(0);
    world.ends("train-0", 0);
    world.podman.remove_by_hand(&second);
    world.ledger = Ledger { recovered: true, ..Ledger::default() };
    world.passes();
    assert_eq!(world.under_way(), ["train-1"]);
    world.ends("train-1", 0);
    assert!(world.under_way().is_empty());
    assert_eq!(world.job().state, "lost");
    assert!(world.observe().pods.iter().all(|pod| !pod.containers.is_empty()), "the empty pod is gone");
    world.ledger.jobs.values_mut().for_each(|record| record.unknown = false);
    world.passes();
    assert_eq!(world.under_way(), ["train-0"]);
    world.ends("train-0", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached));
}

/// Fewer go at once while a pod has not begun: what runs goes on.
#[test]
fn what_runs_is_kept_before_what_does_not() {
    let mut world = World::new(job(&work(2, 2), &once()));
    let decision = world.decide();
    world.ledger = decision.ledger;
    let mut tasks = decision.tasks;
    let is_pod = |action: &Action| matches!(action, Action::MakePod(_));
    let made = tasks[0].actions.iter().position(is_pod).unwrap();
    tasks[0].actions.truncate(made + 1);
    tasks.iter().for_each(|task| world.apply(task));
    world.accept(job(&work(2, 1), &once()));
    world.passes();
    assert_eq!(world.under_way(), ["train-1"]);
    world.ends("train-1", 0);
    assert_eq!(world.under_way(), ["train-0"]);
    world.ends("train-0", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached));
}

/// The clock was set back while no agent ran: what began in the future has its deadline from now on.
#[test]
fn a_deadline_counts_anew_where_the_clock_was_set_back() {
    let mut world = World::new(job(&Work { deadline: Some(Millis(600_000)), ..work(1, 1) }, &once()));
    world.passes();
    let begun = world.now();
    world.set_clock(Moment(begun.0 - 900_000));
    world.passes();
    world.sleep(601_000);
    world.passes();
    assert_eq!(world.end(), Some(End::DeadlineExceeded));
}

/// An attempt that somebody wants anew ends, and the next one begins.
#[test]
fn a_restart_ends_an_attempt() {
    let ignored =
        Work { backoff_limit: Some(0), rules: rule(FailureKind::Disrupted, FailureAction::Ignore), ..work(1, 1) };
    let mut world = World::new(job(&ignored, &once()));
    world.passes();
    world.ledger.restarts.insert(replica("train-0"));
    world.passes();
    assert!(world.under_way().is_empty() && world.ledger.restarts.is_empty());
    world.sleep(10_000);
    world.passes();
    let attempts: Vec<u32> = world.observe().pods.iter().map(|pod| pod.run.as_ref().unwrap().attempt).collect();
    assert_eq!(attempts, [1]);
    world.ends("train-0", 0);
    assert_eq!((world.end(), world.job().failed), (Some(End::CompletionsReached), 0));
}

/// Another word for the run waits until nothing of the one before runs.
#[test]
fn runs_of_a_job_do_not_overlap() {
    let mut world = World::new(job(&work(2, 1), &once()));
    world.passes();
    world.ends("train-0", 0);
    world.accept(job(&Work { run: "again".to_owned(), ..work(2, 1) }, &once()));
    let first = world.pass();
    assert!(first.tasks.iter().all(|task| task.reason == Reason::Left), "{first:#?}");
    world.passes();
    assert_eq!(world.under_way(), ["train-0"]);
}

/// An attempt without its network runs to its end all the same, also where somebody has paused it.
#[test]
fn what_is_paused_and_has_no_network_goes_on_and_ends() {
    let mut world = World::new(job(&work(1, 1), &once()));
    world.passes();
    let pod = world.observe().pods[0].name.clone();
    world.podman.kill_sandbox(&pod);
    world.passes();
    world.podman.pause_by_hand(&world.running()[0], true);
    assert!(world.running().is_empty());
    world.passes();
    world.ends("train-0", 0);
    assert_eq!(world.end(), Some(End::CompletionsReached));
}
