//! How jobs and cron jobs are, for status: values without times of their own.

use wlc_plan::{
    instance::WorkloadKind,
    job::{Runs, Work},
    name::{EnvName, WorkloadName},
    time::Timestamp,
};

use super::run::Run;
use crate::{
    action::Wait,
    clock::Moment,
    ledger::jobs::{JobRecord, Missed, Verdict},
};

/// A run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// What its replicas are named by.
    pub name: String,
    /// Its workload.
    pub workload: WorkloadName,
    /// The workload's kind.
    pub kind: WorkloadKind,
    /// How it is, in one word.
    pub state: &'static str,
    /// The author's word for the run, or the time of its slot.
    pub run: String,
    /// How many runs must succeed here; none where one is enough.
    pub completions: Option<u32>,
    /// How many have.
    pub succeeded: u64,
    /// The numbers that have succeeded.
    pub completed_indexes: String,
    /// The numbers that have failed for good.
    pub failed_indexes: String,
    /// How many attempts have failed that count.
    pub failed: u32,
    /// How many attempts are under way.
    pub active: u32,
    /// Since when it runs.
    pub begun: Option<Moment>,
    /// When nothing of it ran any more.
    pub finished: Option<Moment>,
    /// What became of it.
    pub verdict: Option<Verdict>,
    /// The time that it was due, of a cron job.
    pub slot: Option<Timestamp>,
    /// Who started it by hand.
    pub by: Option<String>,
    /// What it waits for.
    pub waits: Vec<Wait>,
    /// What a run may be given; true where it must be.
    pub parameters: Vec<(EnvName, bool)>,
}

/// A cron job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronView {
    /// The cron job.
    pub workload: WorkloadName,
    /// When it runs.
    pub schedule: String,
    /// The zone of these times.
    pub zone: String,
    /// Whether it starts no runs.
    pub suspended: bool,
    /// The slot that ran last.
    pub last: Option<Timestamp>,
    /// The next one.
    pub next: Option<Timestamp>,
    /// When a run succeeded last.
    pub last_success: Option<Moment>,
    /// How many slots were missed.
    pub missed: u32,
    /// The slot that was missed last, and why.
    pub last_missed: Option<Missed>,
    /// The runs that have not ended.
    pub active: Vec<String>,
    /// Whether its runs never overlap.
    pub is_alone: bool,
    /// Why a slot that is due does not run.
    pub waits: Option<String>,
    /// What a run may be given; true where it must be.
    pub parameters: Vec<(EnvName, bool)>,
}

/// How a run is.
pub(super) fn of(run: &Run<'_>, record: &JobRecord, active: u32, waits: &[Wait]) -> JobView {
    let work = &run.work;
    JobView {
        name: run.name.clone(),
        workload: run.job.workload.clone(),
        kind: if work.cron.is_some() { WorkloadKind::CronJob } else { WorkloadKind::Job },
        state: state(run, record),
        run: record.run.clone(),
        completions: match work.runs {
            Runs::Any(_) => None,
            Runs::Each(_) | Runs::Own => Some(work.runs.part().count),
        },
        succeeded: record.succeeded.count(),
        completed_indexes: record.succeeded.to_string(),
        failed_indexes: record.failed_numbers.to_string(),
        failed: record.failed,
        active,
        begun: record.begun,
        finished: record.finished,
        verdict: record.verdict.clone(),
        slot: record.slot,
        by: record.by.clone(),
        waits: waits.to_vec(),
        parameters: parameters(work),
    }
}

/// What a run may be given; true where it must be.
pub(super) fn parameters(work: &Work) -> Vec<(EnvName, bool)> {
    work.parameters.iter().map(|(name, default)| (name.clone(), default.is_none())).collect()
}

fn state(run: &Run<'_>, record: &JobRecord) -> &'static str {
    match (&record.verdict, record.finished) {
        (Some(verdict), Some(_)) if verdict.end.is_success() => "complete",
        (Some(_), Some(_)) => "failed",
        (Some(_), None) => "ending",
        (None, _) if run.work.suspend => "suspended",
        (None, _) if record.unknown => "lost",
        (None, _) => "running",
    }
}
