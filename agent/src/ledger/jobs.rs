//! What is remembered of jobs: which runs have ended, and how. It is written before anything relies on it, and read back
//! from the containers that are still there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wlc_plan::{name::EnvName, numbers::Numbers, revision::Revision, time::Timestamp};

use crate::clock::Moment;

/// One run of a job; of a cron job, one for each slot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobRecord {
    /// The author's word for the run; of a cron job the time of its slot.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// Since when it runs; none while it is suspended. Kubernetes: `status.startTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Moment>,
    /// The numbers that have succeeded.
    #[serde(default, skip_serializing_if = "Numbers::is_empty")]
    pub succeeded: Numbers,
    /// The numbers that have failed for good.
    #[serde(default, skip_serializing_if = "Numbers::is_empty")]
    pub failed_numbers: Numbers,
    /// How many attempts have failed that count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed: u32,
    /// How many attempts have failed in a row, and when the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
    /// The attempts of numbers that have not succeeded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attempts: BTreeMap<u32, Attempts>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// When nothing of it ran any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Moment>,
    /// Whether it is not known what has run of it: it waits until somebody says that it may run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown: bool,
    /// The revision that it began with, of a cron job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The time that it was due, of a cron job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Timestamp>,
    /// What it was given by whoever started it by hand.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<EnvName, String>,
    /// Who started it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The author's word that held when a job was started by hand: another word runs it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
}

/// A run that somebody wants now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Who.
    pub by: String,
    /// When it was said.
    pub at: Moment,
    /// What the run is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<EnvName, String>,
}

/// Attempts that failed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// How many.
    pub count: u32,
    /// When the last one ended.
    pub last: Moment,
}

/// The attempts of one number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// The next one: the results of all before it are recorded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub next: u32,
    /// Whether the next one was seen, and has to be accounted for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seen: bool,
    /// How many have failed that count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed: u32,
    /// How many have failed in a row, and when the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How it ended.
    pub end: End,
    /// When that was clear.
    pub at: Moment,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// How a job ended. The words are Kubernetes' (S-213, S-214), but for the last three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// All that were asked for have succeeded.
    CompletionsReached,
    /// A rule says that enough have succeeded.
    SuccessPolicy,
    /// Too many attempts failed.
    BackoffLimitExceeded,
    /// It took too long.
    DeadlineExceeded,
    /// A rule says that a failure is one of the job.
    PodFailurePolicy,
    /// All numbers have ended, and some have failed.
    FailedIndexes,
    /// Too many numbers have failed.
    MaxFailedIndexesExceeded,
    /// The result of an attempt is not known, and that fails the job.
    Lost,
    /// A later run took its place.
    Replaced,
}

impl End {
    /// Whether it is a success.
    pub fn is_success(self) -> bool {
        match self {
            Self::CompletionsReached | Self::SuccessPolicy => true,
            Self::BackoffLimitExceeded
            | Self::DeadlineExceeded
            | Self::PodFailurePolicy
            | Self::FailedIndexes
            | Self::MaxFailedIndexesExceeded
            | Self::Lost
            | Self::Replaced => false,
        }
    }

    /// The word that status shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::CompletionsReached => "CompletionsReached",
            Self::SuccessPolicy => "SuccessPolicy",
            Self::BackoffLimitExceeded => "BackoffLimitExceeded",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::PodFailurePolicy => "PodFailurePolicy",
            Self::FailedIndexes => "FailedIndexes",
            Self::MaxFailedIndexesExceeded => "MaxFailedIndexesExceeded",
            Self::Lost => "Lost",
            Self::Replaced => "Replaced",
        }
    }
}

/// What is remembered of a cron job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronRecord {
    /// Slots up to here are dealt with: they have run, were missed, or lie before the cron job was first seen.
    pub handled: Timestamp,
    /// The slot that ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// When a run succeeded last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Moment>,
    /// How many slots were missed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missed: u32,
    /// The slot that was missed last, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_missed: Option<Missed>,
    /// Runs that somebody wants, and that have not begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// Its runs by the end of their name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runs: BTreeMap<String, JobRecord>,
}

/// A slot that was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// When it was due.
    pub slot: Timestamp,
    /// Why it did not run.
    pub why: String,
}

impl CronRecord {
    /// A cron job that is seen for the first time: it counts from now.
    pub fn since(now: Timestamp) -> Self {
        let (triggers, runs) = (Vec::new(), BTreeMap::new());
        Self { handled: now, last: None, last_success: None, missed: 0, last_missed: None, triggers, runs }
    }
}

impl JobRecord {
    /// The record of a run.
    pub fn of(run: &str) -> Self {
        Self { run: run.to_owned(), ..Self::default() }
    }

    /// A run that somebody wants now.
    pub fn by_hand(suffix: &str, trigger: Trigger) -> Self {
        let Trigger { by, at: _, parameters } = trigger;
        Self { parameters, by: Some(by), ..Self::of(suffix) }
    }

    /// Whether it is what has run since the author gave this word.
    pub fn is_of(&self, word: &str) -> bool {
        self.beside.as_deref().unwrap_or(&self.run) == word
    }

    /// The number of the next attempt.
    pub fn next(&self, index: u32) -> u32 {
        self.attempts.get(&index).map_or(0, |attempts| attempts.next)
    }

    /// Whether the end of an attempt is news.
    pub fn is_news(&self, index: u32, attempt: u32) -> bool {
        !self.succeeded.contains(index) && !self.failed_numbers.contains(index) && attempt >= self.next(index)
    }

    /// Whether an attempt of it has begun.
    pub fn has_started(&self) -> bool {
        !self.succeeded.is_empty() || self.attempts.values().any(|one| one.seen || one.next > 0)
    }

    /// Whether somebody may begin another run of the job: this one has ended, or nobody knows what became of it.
    pub fn may_run_again(&self) -> bool {
        self.end().is_some() || self.unknown
    }

    /// How the job ended, once nothing of it runs any more.
    pub fn end(&self) -> Option<End> {
        self.finished.and(self.verdict.as_ref()).map(|verdict| verdict.end)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The end of the name of a run that was started by hand: `t`, and the month, day and time in UTC. As long as a slot's at
/// most.
pub fn by_hand_at(at: Moment) -> String {
    let digits: String = at.timestamp().to_string().chars().filter(char::is_ascii_digit).collect();
    format!("t{}", digits.get(4..14).unwrap_or(&digits))
}
