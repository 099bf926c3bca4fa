//! What the agent counts while it runs: passes, actions, restarts, rollouts, plan sets, answers of probes. `/metrics` tells it.
//!
//! Nothing is decided by these numbers, and they begin at nothing with each agent. What belongs to a workload goes with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use wlc_plan::{
    head::Generation,
    name::{ContainerName, WorkloadName},
};

use crate::{
    action::Action,
    clock::Moment,
    ledger::rollout::Rollouts,
    plans::NotTaken,
    probes::{
        due::Question,
        verdict::{Answer, ProbeKind},
    },
};

/// Upper ends of the buckets in which passes are counted, in milliseconds; beyond the last there is one more.
pub const PASS_BUCKETS: [u64; 9] = [5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

/// The counts of an agent, shared by those who count and those who tell.
#[derive(Debug, Default)]
pub struct Counts(Mutex<Counted>);

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// The passes.
    pub passes: Passes,
    /// Steps of tasks by their kind.
    pub actions: BTreeMap<&'static str, Steps>,
    /// Restarts of containers.
    pub restarts: BTreeMap<(WorkloadName, ContainerName), u64>,
    /// Rollouts by workload and what became of them.
    pub rollouts: BTreeMap<(WorkloadName, RolloutStage), u64>,
    /// Plan sets that were accepted.
    pub accepted: u64,
    /// Plan sets that were refused, by the word for the reason.
    pub refused: BTreeMap<String, u64>,
    /// Answers of probes.
    pub answers: BTreeMap<(&'static str, &'static str), u64>,
}

/// Passes of the loop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passes {
    /// Those that saw what Podman has.
    pub good: u64,
    /// Those to which Podman gave no answer.
    pub blind: u64,
    /// Whether the newest saw what Podman has.
    pub sees: bool,
    /// When the last good one ended.
    pub last_good: Option<Moment>,
    /// How many took no longer than each bucket's end, and longer than that of the one before; the last: all longer ones.
    pub by_length: [u64; PASS_BUCKETS.len() + 1],
    /// How long all of them took together.
    pub time: Duration,
}

/// Steps of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steps {
    /// All.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// How long they took together.
    pub time: Duration,
}

/// What became of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RolloutStage {
    /// The first replica had its turn.
    Begun,
    /// All replicas of the node run the new revision.
    Complete,
    /// It was given up.
    Failed,
}

impl RolloutStage {
    /// The word in a metric.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

impl Counts {
    /// The numbers as they are now.
    pub fn now(&self) -> Counted {
        self.locked().clone()
    }

    /// A pass ended at `now`; it took so long, and saw what Podman has or did not.
    pub fn pass(&self, sees: bool, took: Duration, now: Moment) {
        let passes = &mut self.locked().passes;
        passes.sees = sees;
        if sees {
            passes.good += 1;
            passes.last_good = Some(now);
        } else {
            passes.blind += 1;
        }
        let bucket = PASS_BUCKETS.iter().position(|end| took <= Duration::from_millis(*end));
        passes.by_length[bucket.unwrap_or(PASS_BUCKETS.len())] += 1;
        passes.time += took;
    }

    /// A step of a task ended.
    pub fn step(&self, action: &Action, is_done: bool, took: Duration) {
        let mut counted = self.locked();
        let steps = counted.actions.entry(action.kind()).or_default();
        steps.done += 1;
        steps.failed += u64::from(!is_done);
        steps.time += took;
        if let (Action::RunContainer(run), true) = (action, is_done)
            && run.attempt > 0
        {
            *counted.restarts.entry((run.pod.workload.clone(), run.spec.name.clone())).or_default() += 1;
        }
    }

    /// The source was looked at: what was in force and what was not taken, before and after.
    pub fn look(&self, before: (Option<Generation>, Option<NotTaken>), after: (Option<Generation>, Option<NotTaken>)) {
        let mut counted = self.locked();
        counted.accepted += u64::from(before.0 != after.0);
        if let Some(refused) = after.1.filter(|after| after.is_refusal && before.1.as_ref() != Some(after)) {
            *counted.refused.entry(refused.code).or_default() += 1;
        }
    }

    /// The ledger's rollouts before and after a decision. Workloads that it has forgotten are forgotten here too.
    pub fn rollouts(&self, before: &BTreeMap<WorkloadName, Rollouts>, after: &BTreeMap<WorkloadName, Rollouts>) {
        if before == after {
            return;
        }
        let mut counted = self.locked();
        let nothing = Rollouts::default();
        for (workload, after) in after {
            for stage in stages(before.get(workload).unwrap_or(&nothing), after) {
                *counted.rollouts.entry((workload.clone(), stage)).or_default() += 1;
            }
        }
        counted.rollouts.retain(|(workload, _), _| after.contains_key(workload));
    }

    /// Forgets the restarts of workloads that are not here any more.
    pub fn keep_only(&self, workloads: &BTreeSet<&WorkloadName>) {
        self.locked().restarts.retain(|(workload, _), _| workloads.contains(workload));
    }

    /// A probe was answered.
    pub fn answer(&self, question: &Question, answer: &Answer) {
        let kind = match question.kind {
            ProbeKind::Startup => "startup",
            ProbeKind::Readiness => "readiness",
            ProbeKind::Liveness => "liveness",
        };
        let result = match answer {
            Answer::Good => "success",
            Answer::Bad(_) => "failure",
            Answer::Unheard(_) => "unknown",
        };
        *self.locked().answers.entry((kind, result)).or_default() += 1;
    }

    fn locked(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has happened between two records of a workload's rollouts.
fn stages(before: &Rollouts, after: &Rollouts) -> Vec<RolloutStage> {
    let revisions = |of: &Rollouts| of.begun.values().map(|begun| begun.revision).collect::<BTreeSet<_>>();
    let begun = revisions(after).difference(&revisions(before)).count();
    let complete = after.complete.is_some() && before.complete != after.complete;
    let failed = after.bad.is_some() && before.bad != after.bad;
    let mut stages = vec![RolloutStage::Begun; begun];
    stages.extend(complete.then_some(RolloutStage::Complete));
    stages.extend(failed.then_some(RolloutStage::Failed));
    stages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::rollout::{Bad, Begun};

    #[test]
    fn passes_fall_into_buckets() {
        let counts = Counts::default();
        for (took, sees) in [(3, true), (5, true), (6, false), (9_000, true)] {
            counts.pass(sees, Duration::from_millis(took), Moment(took));
        }
        let passes = counts.now().passes;
        assert_eq!((passes.good, passes.blind, passes.last_good, passes.sees), (3, 1, Some(Moment(9_000)), true));
        assert_eq!(passes.by_length, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(passes.time, Duration::from_millis(9_014));
    }

    #[test]
    fn a_set_is_counted_once_however_often_it_is_looked_at() {
        let counts = Counts::default();
        let refused =
            |reason: &str| Some(NotTaken { code: "expired".to_owned(), reason: reason.to_owned(), is_refusal: true });
        let first = Generation::new(1);
        counts.look((None, None), (first, None));
        counts.look((first, None), (first, refused("a")));
        counts.look((first, refused("a")), (first, refused("a")));
        counts.look((first, refused("a")), (first, refused("b")));
        let waiting = NotTaken { code: "no-set".to_owned(), reason: String::new(), is_refusal: false };
        counts.look((first, None), (first, Some(waiting)));
        let counted = counts.now();
        assert_eq!((counted.accepted, counted.refused), (1, BTreeMap::from([("expired".to_owned(), 2)])));
    }

    #[test]
    fn a_rollout_is_counted_at_its_ends_and_goes_with_its_workload() {
        let workload = WorkloadName::parse("web").unwrap();
        let revision = wlc_plan::revision::Revision::parse(&format!("v1:{}", "a".repeat(64))).unwrap();
        let begun = |replica: &str| {
            let replica = wlc_plan::name::ReplicaName::parse(replica).unwrap();
            (replica, Begun { revision, pod: "p".to_owned(), at: Moment(0) })
        };
        let one = Rollouts { begun: BTreeMap::from([begun("web-0")]), ..Rollouts::default() };
        let two = Rollouts { begun: BTreeMap::from([begun("web-0"), begun("web-1")]), ..Rollouts::default() };
        let whole = Rollouts { complete: Some(revision), ..two.clone() };
        let bad = Rollouts { bad: Some(Bad { number: 1, revision, why: String::new() }), ..whole.clone() };
        let counts = Counts::default();
        let record = |of: &Rollouts| BTreeMap::from([(workload.clone(), of.clone())]);
        let mut before = BTreeMap::new();
        for after in [&one, &two, &whole, &whole, &bad] {
            counts.rollouts(&before, &record(after));
            before = record(after);
        }
        let counted: Vec<(RolloutStage, u64)> =
            counts.now().rollouts.into_iter().map(|((_, stage), count)| (stage, count)).collect();
        assert_eq!(counted, [RolloutStage::Begun, RolloutStage::Complete, RolloutStage::Failed].map(|one| (one, 1)));
        counts.rollouts(&before, &BTreeMap::new());
        assert_eq!(counts.now().rollouts, BTreeMap::new());
    }
}
