//! Cron jobs: jobs by the clock.

use wlc_plan::{name::WorkloadName, quantity::Millis, schedule};

use super::{job::Work, update::TimeZone, workload::Common};
use crate::{
    fields::{
        FromScalar, Refusal,
        value::{Whole, text},
    },
    syntax::Scalar,
};

crate::block! {
    /// Runs a job by the clock, on one node.
    CronJob "cron-job" ("batch/v1 CronJob") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// When it runs: minute, hour, day of the month, month and day of the week, or `@hourly` and its like.
        schedule: [required property] Schedule, "schedule" ("spec.schedule");
        /// The zone of these times.
        time_zone: [default property] TimeZone, "time-zone" ("spec.timeZone"), default "UTC";
        /// What happens when the run before has not ended.
        concurrency: [default property] Concurrency, "concurrency" ("spec.concurrencyPolicy"), default "allow";
        /// How late a run may start; without it, as late as it may be.
        starting_deadline: [optional property] Millis, "starting-deadline" ("spec.startingDeadlineSeconds");
        /// How many ended runs are kept.
        history: [child] History, "history" ("spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit");
        /// Starts no runs until it goes.
        suspend: [flag] bool, "suspend" ("spec.suspend");
        /// What each run is.
        work: [part] Work, "work" ("spec.jobTemplate.spec");
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// How many ended runs are kept.
    History "history" ("spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit") {
        /// Of those that succeeded.
        succeeded: [default property] Whole<0, 1_000>, "succeeded" ("spec.successfulJobsHistoryLimit"), default 3;
        /// Of those that failed.
        failed: [default property] Whole<0, 1_000>, "failed" ("spec.failedJobsHistoryLimit"), default 1;
    }
}

crate::choice! {
    /// What happens when the run before has not ended.
    Concurrency {
        /// Both run.
        Allow "allow",
        /// The new one waits for its turn, and is missed when that comes too late.
        Forbid "forbid",
        /// The old one is stopped, then the new one starts.
        Replace "replace"
    }
}

/// When a cron job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(pub schedule::Schedule);

impl FromScalar for Schedule {
    const LOOKS: &'static str = "a schedule, such as `\"0 3 * * 1-5\"` or `\"@daily\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let read = schedule::Schedule::parse(text(scalar)?);
        read.map(Self).map_err(|error| Refusal::with(error.message, error.hint))
    }
}
