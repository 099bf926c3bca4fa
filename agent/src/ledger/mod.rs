//! What the agent must remember over a restart and cannot read back from Podman.
//!
//! The attempt that stands in a container's name counts its runs, so the ledger holds little: after which attempt the
//! back-off began anew, which run a probe ended, and which tasks failed. Losing it costs back-off, never a running
//! service.
//!
//! A newer version may have written what this one does not know: that is left out, and the rest holds. What must not be left out
//! gets another number of the format.

pub mod jobs;
mod jumps;
pub mod rollout;
#[cfg(test)]
mod size;
mod spoken;
pub mod store;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wlc_plan::{
    name::{ContainerName, ReplicaName, WorkloadName},
    restarts::FlapLimit,
};

pub use self::spoken::Hold;

use self::{
    jobs::{CronRecord, JobRecord},
    rollout::Rollouts,
};
use crate::{clock::Moment, desired::Desired, podman::Pulled};

/// Most bytes of the words for what went wrong: Podman's have no bound, and the ledger has one.
const WHY_BYTES: usize = 1_024;
/// Of how many tasks that failed there are more than a few words: where very many fail, they fail for few reasons.
const MANY: usize = 50;
/// Most bytes of the words for each of the others.
const FEW_BYTES: usize = 80;

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// What is remembered of the containers of a pod, by the pod's name.
    pub pods: BTreeMap<String, BTreeMap<ContainerName, Runs>>,
    /// Tasks that failed and are tried again.
    pub failures: BTreeMap<ReplicaName, Failure>,
    /// Pods that have been available: their rollout is behind them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub available: BTreeSet<String>,
    /// How far each workload's rollout has come here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rollouts: BTreeMap<WorkloadName, Rollouts>,
    /// Replicas whose pod somebody wants to be made anew.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub restarts: BTreeSet<ReplicaName>,
    /// Names of images that the agent fetched, and ids of those that lost their name to a newer one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, Fetched>,
    /// Volumes of claims that were seen: one of them that is gone is never made anew in silence.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub claims: BTreeSet<String>,
    /// Volumes of claims that are gone, and may begin empty because somebody said so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub may_be_empty: BTreeSet<String>,
    /// Workloads and replicas that are left alone until they are released.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds: BTreeMap<String, Hold>,
    /// Containers, by their ids, that their probes have called ready and nothing else since: whoever mounts endpoints goes on
    /// reaching them while an agent that starts asks anew.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ready: BTreeSet<String>,
    /// What has run of each job.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<WorkloadName, JobRecord>,
    /// What has run of each cron job.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crons: BTreeMap<WorkloadName, CronRecord>,
    /// Whether the record before this one is lost, and jobs were not looked at since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

/// What is remembered of the runs of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Runs {
    /// The attempt that ran long enough for the back-off to begin anew after it; 0 where none did.
    pub good: u32,
    /// The attempt that the agent ended because a probe failed.
    pub ended_by_probe: Option<u32>,
    /// Ends that count for a limit, by attempt: those within its time, where the file asks for one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ends: BTreeMap<u32, Moment>,
    /// The attempt up to which ends do not count, since somebody wants it tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgiven: Option<u32>,
}

impl Runs {
    /// Counts the end of an attempt; whether the limit is reached with it.
    pub fn ended(&mut self, attempt: u32, at: Moment, limit: FlapLimit) -> bool {
        if self.forgiven.is_some_and(|forgiven| attempt <= forgiven) {
            return false;
        }
        self.ends.insert(attempt, at);
        let newest = self.ends.values().copied().max().unwrap_or(at);
        self.ends.retain(|_, end| end.plus(limit.within) >= newest);
        while self.ends.len() > FlapLimit::MOST as usize {
            self.ends.pop_first();
        }
        self.ends.len() >= limit.ends as usize
    }

    /// Somebody wants it tried again: what ended so far counts no more.
    pub fn forgive(&mut self, attempt: u32) {
        self.ends.clear();
        self.forgiven = Some(attempt);
    }
}

/// An image that the agent fetched: what was there before, or was fetched by somebody else, is never removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// As it is asked for; none where a newer one has its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Since when nothing needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unneeded: Option<Moment>,
}

/// A task that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The pod that it was to bring about: a task for another pod begins anew.
    pub pod: String,
    /// How often in a row.
    pub count: u32,
    /// When it failed last.
    pub at: Moment,
    /// What kind of failure it was.
    pub cause: Cause,
    /// What went wrong.
    pub why: String,
}

/// What kind of failure it was, where that decides what is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The pod takes no container any more: it is made anew.
    SandboxDown,
    /// An image could not be had.
    Image,
    /// The name of an image means none.
    ImageName,
    /// An image is not there and is never pulled.
    ImageNever,
    /// A container could not be made or started.
    Start,
    /// A container that is not ours has the name: the next attempt has another one.
    NameTaken,
    /// Anything else: the same is tried again.
    Other,
}

impl Cause {
    /// Whether an image could not be had.
    pub fn is_of_image(self) -> bool {
        match self {
            Self::Image | Self::ImageName | Self::ImageNever => true,
            Self::SandboxDown | Self::Start | Self::NameTaken | Self::Other => false,
        }
    }
}

impl Ledger {
    /// What is remembered of a container.
    pub fn runs(&self, pod: &str, container: &ContainerName) -> Runs {
        self.pods.get(pod).and_then(|runs| runs.get(container)).cloned().unwrap_or_default()
    }

    /// What is remembered of a container, to be changed.
    pub fn runs_mut(&mut self, pod: &str, container: &ContainerName) -> &mut Runs {
        self.pods.entry(pod.to_owned()).or_default().entry(container.clone()).or_default()
    }

    /// A task for a replica failed: for which pod, and how.
    pub fn failed(&mut self, replica: &ReplicaName, of: (&str, Cause), at: Moment, why: String) {
        let (pod, cause) = of;
        let before = self.failures.get(replica).filter(|failure| failure.pod == pod).map_or(0, |failure| failure.count);
        let has_many = |(other, failure): &(&ReplicaName, &Failure)| *other != replica && failure.why.len() > FEW_BYTES;
        let is_one_of_many = self.failures.iter().filter(has_many).count() >= MANY;
        let why = shortened(why, if is_one_of_many { FEW_BYTES } else { WHY_BYTES });
        let failure = Failure { pod: pod.to_owned(), count: before.saturating_add(1), at, cause, why };
        self.failures.insert(replica.clone(), failure);
    }

    /// A task for a replica succeeded.
    pub fn succeeded(&mut self, replica: &ReplicaName) {
        self.failures.remove(replica);
    }

    /// An image was fetched.
    pub fn brought(&mut self, reference: &str, pulled: &Pulled) {
        match pulled {
            Pulled::Nothing => {}
            Pulled::New(name) => {
                let fetched = Fetched { reference: Some(reference.to_owned()), unneeded: None };
                self.images.insert(name.clone(), fetched);
            }
            // What had the name before was fetched by whoever the name is of.
            Pulled::Moved { name, from } if self.images.contains_key(name) => {
                self.images.insert(from.clone(), Fetched { reference: None, unneeded: None });
            }
            Pulled::Moved { .. } => {}
        }
    }

    /// An image that nothing needs cannot go yet: its time begins anew.
    pub fn put_off_image(&mut self, name: &str, now: Moment) {
        if let Some(fetched) = self.images.get_mut(name) {
            fetched.unneeded = Some(now);
        }
    }

    /// Remembers the volumes of claims that are there, and forgets those that the plan names no more.
    pub fn remember_claims(&mut self, desired: &Desired, volumes: &BTreeSet<String>) {
        let wanted: BTreeSet<String> = desired.claim_volumes().collect();
        self.claims.retain(|name| wanted.contains(name));
        self.may_be_empty.retain(|name| wanted.contains(name) && !volumes.contains(name));
        self.claims.extend(wanted.into_iter().filter(|name| volumes.contains(name)));
    }

    /// Forgets what speaks of pods and replicas that exist no more.
    pub fn forget_all_but(&mut self, pods: &BTreeSet<&str>, replicas: &BTreeSet<&ReplicaName>) {
        self.pods.retain(|pod, _| pods.contains(pod.as_str()));
        self.failures.retain(|replica, _| replicas.contains(replica));
        self.available.retain(|pod| pods.contains(pod.as_str()));
        self.restarts.retain(|replica| replicas.contains(replica));
    }
}

/// The beginning of a text, with a sign that it goes on.
fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_a_failure_have_a_bound() {
        let replica = ReplicaName::parse("web-0").unwrap();
        let mut ledger = Ledger::default();
        for (why, bytes) in [("short".to_owned(), 5), ("ä".repeat(3_000), WHY_BYTES + '…'.len_utf8())] {
            ledger.failed(&replica, ("pod", Cause::Other), Moment(1), why);
            assert_eq!(ledger.failures[&replica].why.len(), bytes);
        }
    }

    /// Whatever is in no plan and on no machine any more is forgotten.
    #[test]
    fn what_is_gone_leaves_nothing_behind() {
        let (replica, container) = (ReplicaName::parse("web-0").unwrap(), ContainerName::parse("main").unwrap());
        let mut ledger = Ledger::default();
        ledger.runs_mut("pod", &container).good = 3;
        ledger.failed(&replica, ("pod", Cause::Other), Moment(1), "no".to_owned());
        ledger.available.insert("pod".to_owned());
        ledger.restarts.insert(replica.clone());
        let before = ledger.clone();
        ledger.forget_all_but(&BTreeSet::from(["pod"]), &BTreeSet::from([&replica]));
        assert_eq!(ledger, before);
        ledger.forget_all_but(&BTreeSet::new(), &BTreeSet::new());
        assert_eq!(ledger, Ledger::default());
    }
}
