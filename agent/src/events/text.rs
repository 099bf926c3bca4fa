//! Events for people: one line each, and below a failure the end of its log.

use std::fmt;

use super::{Entry, Event, Numbered};
use crate::{plain::plain, status::document::Failure};

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = match (&self.whom.replica, &self.whom.workload) {
            (Some(replica), _) => replica.as_str(),
            (None, Some(workload)) => workload.as_str(),
            (None, None) => "node",
        };
        write!(formatter, "{}  {whom}  ", self.at)?;
        formatter.write_str(&plain(&self.event.to_string()))?;
        let Event::Ended { run } = &self.event else { return Ok(()) };
        run.log.iter().try_for_each(|line| write!(formatter, "\n    | {}", plain(line)))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began { version, recovered: None } => write!(formatter, "the agent begins (version {version})"),
            Self::Began { version, recovered: Some(why) } => {
                write!(formatter, "the agent begins (version {version}), recovered: {why}")
            }
            Self::Accepted { generation, signers, commit } => {
                write!(formatter, "generation {generation} is accepted, signed by {}", signers.join(", "))?;
                commit.iter().try_for_each(|commit| write!(formatter, ", of commit {commit}"))
            }
            Self::Refused { code, reason } => write!(formatter, "the newest plan set is not taken ({code}): {reason}"),
            Self::RolloutBegun { to } => write!(formatter, "rollout of {to} begins"),
            Self::RolloutFinished { to } => write!(formatter, "rollout of {to} is finished"),
            Self::RolloutFailed { reason } => write!(formatter, "rollout failed: {reason}"),
            Self::RolledBack { from, reason } => write!(formatter, "{from} is given up: {reason}"),
            Self::Changing { pod, reason } => write!(formatter, "{pod} is changed: {reason}"),
            Self::PutRight { container, what } => {
                write!(formatter, "`{container}` is {what} by somebody else, and is put right")
            }
            Self::StepFailed { reason } => write!(formatter, "failed: {reason}"),
            Self::Ended { run } => ended(formatter, run),
            Self::State { state, ready } => {
                write!(formatter, "is {state}{}", if *ready && state != "running" { ", ready" } else { "" })
            }
            Self::Said { word, names, by, reason } => {
                write!(formatter, "{word} {} by {by}", names.join(" "))?;
                reason.iter().try_for_each(|reason| write!(formatter, ": {reason}"))
            }
        }
    }
}

impl fmt::Display for Numbered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(formatter, "revision {number} ({})", self.revision.short()),
            None => write!(formatter, "revision {}", self.revision.short()),
        }
    }
}

fn ended(formatter: &mut fmt::Formatter<'_>, run: &Failure) -> fmt::Result {
    let Failure { container, attempt, exit_code, signal, reason, message, log: _, at } = run;
    write!(formatter, "run {attempt} of `{container}` ended with {exit_code} ({reason}")?;
    signal.iter().try_for_each(|signal| write!(formatter, ", signal {signal}"))?;
    write!(formatter, ") at {at}")?;
    message.iter().try_for_each(|message| write!(formatter, ": {message}"))
}
