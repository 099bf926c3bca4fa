//! What a job runs on one node, and what its ends mean. A cron job is the same, with a schedule.
//!
//! The instances of a job on a node are its places: so many runs go there at the same time, each with the binding of one of
//! them. All of them say the same of the work. Completions are numbered over the fleet, and each number is one node's: no
//! node needs to ask another one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    name::{ContainerName, EnvName},
    numbers::Numbers,
    quantity::Millis,
};

/// What a job runs on one node. Kubernetes: `batch/v1` `JobSpec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// The runs of this node.
    pub runs: Runs,
    /// So many of them go at the same time here. Kubernetes: `parallelism`.
    pub parallelism: u32,
    /// Its author's word for this run of the job: another word runs it again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// So many runs may fail; none: without end. Kubernetes: `backoffLimit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit: Option<u32>,
    /// So many runs of one number may fail before the number fails. Kubernetes: `backoffLimitPerIndex`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit_per_index: Option<u32>,
    /// So many numbers may fail before the job fails at once. Kubernetes: `maxFailedIndexes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failed_indexes: Option<u32>,
    /// How long all of it may take. Kubernetes: `activeDeadlineSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Millis>,
    /// How long its pods are kept when it has ended; none: as long as the plan names it. Kubernetes:
    /// `ttlSecondsAfterFinished`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Millis>,
    /// Nothing of it runs. Of a cron job: it starts no runs. Kubernetes: `suspend`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suspend: bool,
    /// What an attempt counts as whose result cannot be known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_lost: OnLost,
    /// What failures mean; the first rule that matches decides. Kubernetes: `podFailurePolicy.rules`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<FailureRule>,
    /// When it has succeeded before all numbers have; one of them is enough. Kubernetes: `successPolicy.rules`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub success: Vec<SuccessRule>,
    /// What a run may be given, and its value where none is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<EnvName, Option<String>>,
    /// When it runs, of a cron job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<Cron>,
}

/// The runs of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// Each of these numbers must succeed once. Kubernetes: `completions`.
    Each(Part),
    /// One that succeeds is enough, and then no new ones begin. Kubernetes: no `completions`.
    Any(Part),
    /// One, which has the name of its instance.
    Own,
}

/// The numbers from `first` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The first one.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl Part {
    /// All of them.
    pub fn numbers(self) -> std::ops::Range<u32> {
        self.first..self.first.saturating_add(self.count)
    }
}

impl Runs {
    /// The numbers of the runs.
    pub fn part(self) -> Part {
        match self {
            Self::Each(part) | Self::Any(part) => part,
            Self::Own => Part { first: 0, count: 1 },
        }
    }
}

/// What an attempt counts as whose result cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLost {
    /// It failed, and is tried again.
    #[default]
    Retry,
    /// The job fails.
    Fail,
}

/// A rule for failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRule {
    /// Which failures.
    pub on: FailureKind,
    /// What follows.
    pub action: FailureAction,
}

/// Which failures a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A container ended with one of these codes.
    Exit(ExitCodes),
    /// A container ended with a code that is neither 0 nor one of these.
    ExitNot(ExitCodes),
    /// It was stopped by a drain, a removal or a shutdown.
    Disrupted,
}

/// Exit codes of containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitCodes {
    /// The codes, ascending.
    pub codes: Vec<u8>,
    /// The container that counts; none: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerName>,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureAction {
    /// The job fails at once.
    FailJob,
    /// It does not count, and is tried again.
    Ignore,
    /// It counts, as without a rule.
    Count,
    /// Its number fails at once.
    FailIndex,
}

/// A rule for early success: so many of these numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessRule {
    /// The numbers that count; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexes: Option<Numbers>,
    /// How many of them are enough; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// When a cron job runs. Kubernetes: `batch/v1` `CronJobSpec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cron {
    /// The schedule, as it was written.
    pub schedule: String,
    /// IANA name of the zone of its times.
    pub zone: String,
    /// What happens when the run before has not ended.
    #[serde(default, skip_serializing_if = "is_default")]
    pub concurrency: Concurrency,
    /// How late a run may start; none: as late as it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting_deadline: Option<Millis>,
    /// How many runs that succeeded are kept.
    pub keep_succeeded: u32,
    /// How many runs that failed are kept.
    pub keep_failed: u32,
}

/// What happens when the run before has not ended. Kubernetes: `concurrencyPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// Both run.
    #[default]
    Allow,
    /// The new one waits for its turn, and is missed when that comes too late.
    Forbid,
    /// The old one is stopped, then the new one starts.
    Replace,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
