//! What the words of an operator change in the ledger: what is held, let go, and tried again at once.

use std::fmt;

use serde::{Deserialize, Serialize};
use wlc_plan::name::{ReplicaName, WorkloadName};

use super::{
    Ledger,
    jobs::{CronRecord, JobRecord, Trigger, by_hand_at},
    rollout::Begun,
};
use crate::{
    clock::Moment,
    desired::Desired,
    observed::{ContainerState, Observed, ObservedPod},
    podman::labels::ClaimLabels,
};

/// A workload or replica that the agent leaves alone, because somebody said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: Moment,
    /// Who said so.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl fmt::Display for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "held since {} by {}", self.since.timestamp(), self.by)?;
        self.reason.iter().try_for_each(|reason| write!(formatter, ": {reason}"))
    }
}

impl Ledger {
    /// The hold on a replica, with the name that was said: its own, or that of its workload.
    pub fn held(&self, replica: &ReplicaName, workload: &WorkloadName) -> Option<(&str, &Hold)> {
        let said = |name: &str| self.holds.get_key_value(name);
        said(workload.as_str()).or_else(|| said(replica.as_str())).map(|(name, hold)| (name.as_str(), hold))
    }

    /// Tries again at once what failed for a replica: its back-offs end, a revision that was given up is tried anew, its
    /// progress deadline begins anew, and a claim whose volume is gone begins with an empty one.
    pub fn retry(
        &mut self,
        (replica, workload): (&ReplicaName, &WorkloadName),
        desired: Option<&Desired>,
        observed: Option<&Observed>,
        now: Moment,
    ) {
        self.failures.remove(replica);
        if let Some(job) = self.jobs.get_mut(workload) {
            job.unknown = false;
        }
        if let Some(record) = self.rollouts.get_mut(workload)
            && let Some(bad) = record.bad.take()
        {
            record.begun.retain(|_, begun| begun.revision != bad.revision);
        }
        for pod in observed.into_iter().flat_map(|observed| observed.pods_of(replica)) {
            self.end_back_offs(pod);
        }
        self.begin_deadlines((replica, workload), observed, now);
        if let (Some(desired), Some(observed)) = (desired, observed) {
            let claims = desired.claims.iter().filter(|one| one.replica == *replica);
            let volumes = claims.map(|one| ClaimLabels::new(&desired.fleet, replica, &one.claim).volume_name());
            self.may_be_empty.extend(volumes.filter(|volume| !observed.volumes.contains(volume)));
        }
    }

    /// A cron job or a job runs now. Runs of a cron job wait for their turn; of a job nothing begins that has not ended.
    pub fn trigger(&mut self, workload: &WorkloadName, trigger: Trigger) {
        if let Some(known) = self.jobs.get_mut(workload) {
            if known.may_run_again() {
                let beside = Some(known.beside.take().unwrap_or_else(|| std::mem::take(&mut known.run)));
                *known = JobRecord { beside, ..JobRecord::by_hand(&by_hand_at(trigger.at), trigger) };
            }
            return;
        }
        let record = self.crons.entry(workload.clone());
        record.or_insert_with(|| CronRecord::since(trigger.at.timestamp())).triggers.push(trigger);
    }

    /// The next run of a container that ended begins at once.
    fn end_back_offs(&mut self, pod: &ObservedPod) {
        for container in &pod.containers {
            let newest = pod.newest(&container.container);
            if newest == Some(container) && matches!(container.state, ContainerState::Exited { .. }) {
                let runs = self.runs_mut(&pod.name, &container.container);
                runs.good = container.attempt;
                runs.forgive(container.attempt);
            }
        }
    }

    /// The progress deadline of a replica begins anew.
    pub fn begin_deadlines(
        &mut self,
        (replica, workload): (&ReplicaName, &WorkloadName),
        observed: Option<&Observed>,
        now: Moment,
    ) {
        let begun = &mut self.rollouts.entry(workload.clone()).or_default().begun;
        if let Some(begun) = begun.get_mut(replica) {
            begun.at = now;
            return;
        }
        let pods = observed.into_iter().flat_map(|observed| observed.pods_of(replica));
        let new = pods.filter(|pod| !self.available.contains(&pod.name)).max_by_key(|pod| pod.created);
        if let Some(pod) = new {
            let turn = Begun { revision: pod.revision, pod: pod.name.clone(), at: now };
            begun.insert(replica.clone(), turn);
        }
    }
}
