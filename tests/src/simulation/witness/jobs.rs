//! What is promised of jobs: a number that has succeeded does not run again, what was recorded is never contradicted,
//! runs overlap only where they may, and deadlines end what runs too long.

use std::collections::{BTreeMap, BTreeSet};

use wlagent::{
    observed::ContainerState,
    status::{document::Document, jobs::Job},
};
use wlc_plan::{
    instance::WorkloadKind,
    job::{Concurrency, Runs, Work},
    numbers::Numbers,
};

use super::{KNOWN, Seen, Witness};
use crate::simulation::seen::Attempt;

/// How much longer than its deadline a job may run: its grace, its hooks, and Podman's moods.
const LATE: u64 = 180_000;

/// A run of a job: its workload, and the word for it.
type Run = (String, String);

/// What was seen of jobs.
#[derive(Debug, Default, Clone)]
pub(super) struct Jobs {
    /// The pod in which each number has succeeded.
    succeeded: BTreeMap<(Run, u32), String>,
    /// What the agent said of each run last.
    told: BTreeMap<Run, Told>,
}

/// What the agent said of a run.
#[derive(Debug, Clone, Default)]
struct Told {
    completed: Numbers,
    failed: Numbers,
    /// How it has ended.
    end: Option<String>,
}

fn run_of(attempt: &Attempt) -> Run {
    (attempt.workload.clone(), attempt.run.clone())
}

impl Witness {
    /// The attempts whose containers run, for how long they do, and whether a deadline ends them.
    pub(in crate::simulation) fn attempts(&self, now: u64) -> Vec<(String, Attempt, u64, bool)> {
        let runs = self.seen.iter().filter(|one| one.runs());
        let found = runs.filter_map(|one| {
            let attempt = one.attempt.clone()?;
            let has_deadline = self.work(&attempt.workload).is_some_and(|work| work.deadline.is_some());
            Some((one.name.clone(), attempt, self.age(&one.id, now), has_deadline))
        });
        found.collect()
    }

    /// How many runs of cron jobs there were, that nobody started by hand.
    pub(in crate::simulation) fn fires(&self) -> usize {
        let is_slot = |run: &str| run.len() == 12 && run.bytes().all(|byte| byte.is_ascii_digit());
        self.jobs.told.keys().filter(|(_, run)| is_slot(run)).count()
    }

    /// The cron jobs of the plan in force.
    pub(in crate::simulation) fn crons(&self) -> Vec<String> {
        let works = self.plan().into_iter().flat_map(|plan| &plan.works);
        works.filter(|(_, work)| work.cron.is_some()).map(|(name, _)| name.clone()).collect()
    }

    /// The jobs of which nobody knows what has run.
    pub(in crate::simulation) fn lost_jobs(&self) -> Vec<String> {
        let Some(status) = self.status.as_ref().map(|status| status.borrow().clone()) else { return Vec::new() };
        status.jobs.iter().filter(|job| job.state == "lost").map(|job| job.workload.to_string()).collect()
    }

    fn work(&self, workload: &str) -> Option<&Work> {
        self.plan()?.works.get(workload)
    }

    /// Notes which numbers have succeeded.
    pub(super) fn note_successes(&mut self) {
        for one in &self.seen {
            let (Some(attempt), ContainerState::Exited { code: 0, .. }) = (&one.attempt, one.state) else { continue };
            self.jobs.succeeded.entry((run_of(attempt), attempt.index)).or_insert_with(|| one.pod.clone());
        }
    }

    /// A pod of a job is made: its number has not succeeded yet.
    pub(super) fn judge_attempt(&mut self, pod: &str, attempt: &Attempt) {
        let run = run_of(attempt);
        let before = self.jobs.succeeded.get(&(run.clone(), attempt.index));
        let is_there = before.filter(|before| self.seen.iter().any(|one| one.pod == **before && one.attempt.is_some()));
        let is_told = self.jobs.told.get(&run).is_some_and(|told| told.completed.contains(attempt.index));
        let what = match (is_there, is_told && !self.has_forgotten) {
            (Some(before), _) => format!("{pod} is made, and its number has succeeded in {before}"),
            (None, true) => format!("{pod} is made, and the agent has recorded that its number has succeeded"),
            (None, false) => {
                // Nobody can know of it any more, and somebody said that it may run again.
                self.jobs.succeeded.remove(&(run, attempt.index));
                return;
            }
        };
        self.break_promise(what);
    }

    /// A container of a job begins: runs overlap only where they may, and no more go at once than the plan says.
    pub(super) fn judge_run(&mut self, container: &str, now: u64) {
        let Some(one) = self.named(container).cloned() else { return };
        let (Some(attempt), Some((_, before, since))) = (&one.attempt, self.in_force) else { return };
        if self.jobs.succeeded.get(&(run_of(attempt), attempt.index)) == Some(&one.pod) {
            self.break_promise(format!("{container} begins, and has succeeded in its pod before"));
        }
        let older = self.promises.get(&before).filter(|_| now < since + KNOWN);
        let older = older.and_then(|plan| plan.works.get(&attempt.workload));
        let Some(work) = self.work(&attempt.workload) else { return };
        let alive: Vec<&Seen> = self.seen.iter().filter(|other| other.is_alive() && other.pod != one.pod).collect();
        let of_run = |other: &&&Seen| other.attempt.as_ref().is_some_and(|other| run_of(other) == run_of(attempt));
        let beside = |other: &&&Seen| {
            other.attempt.as_ref().is_some_and(|other| other.workload == attempt.workload && other.run != attempt.run)
        };
        let is_alone = |work: &Work| work.cron.as_ref().is_none_or(|cron| cron.concurrency != Concurrency::Allow);
        let what =
            if let Some(other) = alive.iter().find(beside).filter(|_| is_alone(work) && older.is_none_or(is_alone)) {
                format!("{container} begins while {} runs", other.name)
            } else {
                let most = work.parallelism.max(older.map_or(0, |older| older.parallelism)) as usize;
                let others: BTreeSet<&str> = alive.iter().filter(of_run).map(|other| other.pod.as_str()).collect();
                if others.len() < most {
                    return;
                }
                format!("{container} begins while {others:?} run, and {most} may")
            };
        self.break_promise(what);
    }

    /// Holds what the agent says of jobs against what has happened, and against what it said before.
    pub(super) fn look_at_jobs(&mut self, status: &Document) {
        for job in &status.jobs {
            let run = (job.workload.to_string(), job.run.clone());
            let (Ok(completed), Ok(failed)) = (numbers(&job.completed_indexes), numbers(&job.failed_indexes)) else {
                self.break_promise(format!("numbers that are none: {job:?}"));
                continue;
            };
            let is_ended = job.finished.is_some();
            let told = Told { completed, failed, end: job.reason.clone().filter(|_| is_ended) };
            if let Some(what) = self.contradiction(&run, job, &told) {
                self.break_promise(what);
            }
            self.jobs.told.insert(run, told);
        }
    }

    fn contradiction(&self, run: &Run, job: &Job, told: &Told) -> Option<String> {
        if job.succeeded != told.completed.count() {
            return Some(format!("{} counts {} and names {}", job.name, job.succeeded, told.completed));
        }
        let seen = |index: &u32| self.jobs.succeeded.contains_key(&(run.clone(), *index));
        if let Some(index) = told.completed.iter().find(|index| !seen(index)) {
            return Some(format!("{}: number {index} is said to have succeeded, and has not", job.name));
        }
        let before = self.jobs.told.get(run).filter(|_| !self.has_forgotten)?;
        let is_kept = |before: &Numbers, now: &Numbers| before.iter().all(|index| now.contains(index));
        if !is_kept(&before.completed, &told.completed) || !is_kept(&before.failed, &told.failed) {
            return Some(format!("{}: {before:?} was said, and now {told:?}", job.name));
        }
        let other = before.end.as_ref().filter(|_| before.end != told.end);
        other.map(|end| format!("{} had ended with {end}, and now {:?}", job.name, told.end))
    }

    /// What is not as it should be of jobs when nothing goes wrong any more.
    pub(super) fn differences_of_jobs(&self, works: &BTreeMap<String, Work>, now: u64) -> Vec<String> {
        let Some(status) = self.status.as_ref().map(|status| status.borrow().clone()) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, work) in works {
            let of_it: Vec<&Job> = status.jobs.iter().filter(|job| job.workload.as_str() == name).collect();
            let is_there = work.cron.is_some() || of_it.len() == 1;
            found.extend((!is_there).then(|| format!("{name} has {} runs", of_it.len())));
            found.extend(of_it.iter().filter_map(|job| unfinished(job, work)));
        }
        let attempts = self.seen.iter().filter(|one| one.attempt.is_some());
        for one in attempts {
            let workload = one.attempt.as_ref().map_or("", |attempt| attempt.workload.as_str());
            match works.get(workload) {
                None => found.push(format!("{} is there, and no plan names its job", one.pod)),
                Some(work) if one.is_alive() => found.extend(self.too_late(one, work, now)),
                Some(_) => {}
            }
        }
        found
    }

    /// A run whose deadline is over ends. A clock that was set back may have put it off.
    fn too_late(&self, one: &Seen, work: &Work, now: u64) -> Option<String> {
        let deadline = work.deadline.filter(|_| self.jumped.is_none())?;
        let age = self.age(&one.id, now);
        (age > deadline.0 + LATE).then(|| format!("{} runs for {age} ms, and may for {deadline}", one.name))
    }
}

/// What is missing of a run.
fn unfinished(job: &Job, work: &Work) -> Option<String> {
    if !matches!(job.state.as_str(), "complete" | "failed") {
        return Some(format!("{} is {}, {} active: {:?}", job.name, job.state, job.active, job.message));
    }
    let Runs::Each(part) = work.runs else { return None };
    let is_through = job.kind == WorkloadKind::Job && job.reason.as_deref() == Some("CompletionsReached");
    let is_lost = is_through && job.succeeded != u64::from(part.count);
    is_lost.then(|| format!("{} is complete with {} of {}", job.name, job.completed_indexes, part.count))
}

fn numbers(text: &str) -> Result<Numbers, String> {
    if text.is_empty() { Ok(Numbers::default()) } else { Numbers::parse(text).map_err(|error| format!("{error:?}")) }
}
