//! Jobs and cron jobs in the status document, and as text: completions, what is under way, the last run and the next.

use serde::{Deserialize, Serialize};
use wlc_plan::{
    instance::WorkloadKind,
    name::{EnvName, WorkloadName},
    time::Timestamp,
};

use crate::decide::{CronView, JobView};

/// A job, or a run of a cron job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What its replicas are named by.
    pub name: String,
    /// Its workload.
    pub workload: WorkloadName,
    /// The workload's kind.
    pub kind: WorkloadKind,
    /// `running`, `suspended`, `lost`, `ending`, `complete` or `failed`.
    pub state: String,
    /// The author's word for the run, or the end of its name.
    pub run: String,
    /// How many runs must succeed on this node; none where one is enough.
    pub completions: Option<u32>,
    /// How many have.
    pub succeeded: u64,
    /// How many attempts are under way.
    pub active: u32,
    /// How many attempts have failed that count.
    pub failed: u32,
    /// The numbers that have succeeded, such as `0-3,7`.
    pub completed_indexes: String,
    /// The numbers that have failed for good.
    pub failed_indexes: String,
    /// Since when it runs.
    pub begun: Option<Timestamp>,
    /// When nothing of it ran any more.
    pub finished: Option<Timestamp>,
    /// Why it ended or is ending, in Kubernetes' word.
    pub reason: Option<String>,
    /// The same in a sentence.
    pub message: Option<String>,
    /// When it was due, of a cron job.
    pub slot: Option<Timestamp>,
    /// Who started it by hand.
    pub by: Option<String>,
    /// What a run may be given.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// What a run may be given by whoever starts it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: EnvName,
    /// Whether it has no value of its own.
    pub required: bool,
}

/// A cron job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronJob {
    /// Its name.
    pub workload: WorkloadName,
    /// When it runs.
    pub schedule: String,
    /// The zone of these times.
    pub time_zone: String,
    /// Whether it starts no runs.
    pub suspended: bool,
    /// The runs that have not ended.
    pub active: Vec<String>,
    /// The slot that ran last.
    pub last: Option<Timestamp>,
    /// The next one.
    pub next: Option<Timestamp>,
    /// When a run succeeded last.
    pub last_success: Option<Timestamp>,
    /// How many slots were missed.
    pub missed: u32,
    /// The slot that was missed last, and why.
    pub last_missed: Option<String>,
    /// Whether its runs never overlap.
    #[serde(default)]
    pub alone: bool,
    /// Why a slot that is due does not run.
    pub waits: Option<String>,
    /// What a run may be given.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// Jobs as status shows them.
pub(super) fn jobs(views: &[JobView]) -> Vec<Job> {
    let mut jobs: Vec<Job> = views.iter().map(job).collect();
    jobs.sort_by(|a, b| a.name.cmp(&b.name));
    jobs
}

fn job(view: &JobView) -> Job {
    let message = view.verdict.as_ref().map(|verdict| verdict.why.clone()).filter(|why| !why.is_empty());
    Job {
        name: view.name.clone(),
        workload: view.workload.clone(),
        kind: view.kind,
        state: view.state.to_owned(),
        run: view.run.clone(),
        completions: view.completions,
        succeeded: view.succeeded,
        active: view.active,
        failed: view.failed,
        completed_indexes: view.completed_indexes.clone(),
        failed_indexes: view.failed_indexes.clone(),
        begun: view.begun.map(|at| at.timestamp()),
        finished: view.finished.map(|at| at.timestamp()),
        reason: view.verdict.as_ref().map(|verdict| verdict.end.word().to_owned()),
        message: message.or_else(|| view.waits.first().map(|wait| wait.reason.clone())),
        slot: view.slot,
        by: view.by.clone(),
        parameters: parameters(&view.parameters),
    }
}

fn parameters(known: &[(EnvName, bool)]) -> Vec<Parameter> {
    known.iter().map(|(name, required)| Parameter { name: name.clone(), required: *required }).collect()
}

/// Cron jobs as status shows them.
pub(super) fn cron_jobs(views: &[CronView]) -> Vec<CronJob> {
    let one = |view: &CronView| CronJob {
        workload: view.workload.clone(),
        schedule: view.schedule.clone(),
        time_zone: view.zone.clone(),
        suspended: view.suspended,
        active: view.active.clone(),
        last: view.last,
        next: view.next,
        last_success: view.last_success.map(|at| at.timestamp()),
        missed: view.missed,
        last_missed: view.last_missed.as_ref().map(|missed| format!("{}: {}", missed.slot, missed.why)),
        alone: view.is_alone,
        waits: view.waits.clone(),
        parameters: parameters(&view.parameters),
    };
    views.iter().map(one).collect()
}

impl Job {
    /// The line that people read.
    pub(super) fn line(&self) -> String {
        let asked = self.completions.map_or("1 of any".to_owned(), |asked| asked.to_string());
        let mut line = format!(
            "job {}: {}, completions {}/{asked}, {} active, {} failed",
            self.name, self.state, self.succeeded, self.active, self.failed
        );
        line.extend(self.reason.iter().map(|reason| format!(", {reason}")));
        line.extend(self.message.iter().map(|message| format!(": {message}")));
        line
    }
}

impl CronJob {
    /// The line that people read.
    pub(super) fn line(&self) -> String {
        let time = |time: Option<Timestamp>| time.map_or("none".to_owned(), |time| time.to_string());
        let next = if self.suspended { "suspended".to_owned() } else { time(self.next) };
        let mut line = format!(
            "cron-job {}: `{}` in {}, last {}, next {next}, last success {}, {} active",
            self.workload,
            self.schedule,
            self.time_zone,
            time(self.last),
            time(self.last_success),
            self.active.len()
        );
        if self.missed > 0 {
            line.push_str(&format!(", {} missed", self.missed));
        }
        line.extend(self.last_missed.iter().map(|missed| format!(" (last {missed})")));
        line.extend(self.waits.iter().map(|waits| format!("; {waits}")));
        line
    }
}
