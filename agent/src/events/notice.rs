//! What is an event: differences between what was known and what is known now, noted once.
//!
//! What happened while no agent ran is noted by the next one as far as it can still be seen: runs that ended are, states
//! in between are not.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use wlc_plan::{
    name::{ContainerName, ReplicaName, WorkloadName},
    revision::Revision,
    time::Timestamp,
};

use super::{Entry, Event, Numbered, Whom, record::Record};
use crate::{
    accept::Judgement,
    action::{Reason, Task},
    clock::Moment,
    decide::{Decision, ends},
    desired::Desired,
    disk::Disk,
    ledger::{Ledger, rollout::Rollouts},
    observed::Observed,
    plans::Plans,
    status::document::failure,
};

/// How many of the youngest entries tell a new agent what is noted already.
const TAIL: usize = 50;

/// Notes what happens.
#[derive(Debug)]
pub struct Notice {
    record: Record,
    /// Ends of runs that are noted; by replica, container, attempt and time.
    ended: BTreeSet<End>,
    /// Ends before this moment were noted by an agent before.
    noted_until: Moment,
    /// State and readiness of each replica; none before the first pass.
    states: Option<BTreeMap<ReplicaName, (&'static str, bool)>>,
    /// What an agent before this one said of each replica last.
    recalled: Recalled,
    /// Replicas whose rollout has failed and goes no further.
    stuck: BTreeSet<ReplicaName>,
    generation: Option<u64>,
    not_taken: Option<(String, String)>,
}

/// State, readiness, and since when it is so.
pub type Recalled = BTreeMap<ReplicaName, (String, bool, Timestamp)>;

type End = (ReplicaName, ContainerName, u32, i64);

/// What a pass looked at.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// What should run.
    pub desired: &'a Desired,
    /// What Podman reported.
    pub observed: &'a Observed,
    /// What was remembered before.
    pub ledger: &'a Ledger,
    /// What was decided.
    pub decision: &'a Decision,
    /// The time.
    pub now: Moment,
}

impl Notice {
    /// Goes on with the record below the agent's state.
    pub fn open(disk: Arc<dyn Disk>, state: &Path) -> Self {
        let (record, tail) = Record::open(disk, state, TAIL);
        let mut notice = Self {
            record,
            ended: BTreeSet::new(),
            noted_until: tail.last().map_or(Moment(0), |entry| Moment(entry.at.seconds().unsigned_abs() * 1_000)),
            states: None,
            recalled: BTreeMap::new(),
            stuck: BTreeSet::new(),
            generation: None,
            not_taken: None,
        };
        tail.into_iter().for_each(|entry| notice.recall(entry));
        notice
    }

    fn recall(&mut self, entry: Entry) {
        match entry.event {
            Event::Accepted { generation, .. } => (self.generation, self.not_taken) = (Some(generation), None),
            Event::Refused { code, reason } => self.not_taken = Some((code, reason)),
            Event::Ended { run } => {
                let replica = entry.whom.replica.into_iter();
                self.ended
                    .extend(replica.map(|replica| (replica, run.container.clone(), run.attempt, run.at.seconds())));
            }
            Event::State { state, ready } => {
                self.recalled.extend(entry.whom.replica.map(|replica| (replica, (state, ready, entry.at))));
            }
            Event::Began { .. }
            | Event::RolloutBegun { .. }
            | Event::RolloutFinished { .. }
            | Event::RolloutFailed { .. }
            | Event::RolledBack { .. }
            | Event::Changing { .. }
            | Event::PutRight { .. }
            | Event::StepFailed { .. }
            | Event::Said { .. } => {}
        }
    }

    /// What an agent before this one said of each replica last; it is asked for once.
    pub fn recalled(&mut self) -> Recalled {
        std::mem::take(&mut self.recalled)
    }

    /// Notes an event.
    pub fn note(&mut self, now: Moment, whom: Whom, event: Event) {
        self.record.add(now.timestamp(), whom, event);
    }

    /// Writes what was noted to the disk.
    pub fn keep(&mut self) {
        self.record.keep();
    }

    /// Notes which generation is in force, and why the newest one is not.
    pub fn plans(&mut self, plans: &Plans, now: Moment) {
        let accepted = match plans.judgement() {
            Some(Judgement::New(accepted) | Judgement::Same(accepted)) => Some(accepted),
            Some(
                Judgement::NoSet
                | Judgement::Waiting(_)
                | Judgement::NodeNotInSet { .. }
                | Judgement::Refused(_)
                | Judgement::Unreadable { .. },
            )
            | None => None,
        };
        if let Some(accepted) = accepted.filter(|accepted| plans.generation() == Some(accepted.head.generation)) {
            let generation = accepted.head.generation.number();
            if self.generation.replace(generation) != Some(generation) {
                let signers = accepted.signers.iter().map(ToString::to_string).collect();
                let commit = accepted.head.commit.as_ref().map(|commit| commit.as_str().to_owned());
                self.note(now, Whom::node(), Event::Accepted { generation, signers, commit });
            }
        }
        let refused = plans.not_taken().filter(|one| one.is_refusal).map(|one| (one.code, one.reason));
        if refused != self.not_taken {
            self.not_taken.clone_from(&refused);
            if let Some((code, reason)) = refused {
                self.note(now, Whom::node(), Event::Refused { code, reason });
            }
        }
    }

    /// Notes what a pass found out.
    pub fn pass(&mut self, pass: Pass<'_>) {
        self.ends(pass);
        self.rollouts(pass);
        self.stuck(pass);
        self.states(pass);
    }

    /// Notes that a task begins. What only tidies is no news.
    pub fn changing(&mut self, task: &Task, workload: Option<&WorkloadName>, now: Moment) {
        let whom = Whom::replica(&task.replica, workload);
        match &task.reason {
            Reason::Tidy => {}
            Reason::ByHand { container, what } => {
                self.note(now, whom, Event::PutRight { container: container.clone(), what: (*what).to_owned() });
            }
            Reason::New
            | Reason::Changed
            | Reason::Ended { .. }
            | Reason::Probe { .. }
            | Reason::Hook { .. }
            | Reason::OffNetwork
            | Reason::Incomplete
            | Reason::SandboxLost
            | Reason::Left
            | Reason::Surplus
            | Reason::Succeeded
            | Reason::Done
            | Reason::Over
            | Reason::Asked
            | Reason::ConfigsLost
            | Reason::Content
            | Reason::ClaimsGo
            | Reason::Shutdown => {
                let event = Event::Changing { pod: task.pod.clone(), reason: task.reason.to_string() };
                self.note(now, whom, event);
            }
        }
    }

    fn ends(&mut self, pass: Pass<'_>) {
        let (first, before) = (self.states.is_none(), self.noted_until.timestamp());
        let mut ended = BTreeSet::new();
        for (pod, end) in ends(pass.observed, pass.desired) {
            let run = failure(&end);
            let known = (pod.replica.clone(), run.container.clone(), run.attempt, run.at.seconds());
            let is_noted = self.ended.contains(&known) || (first && run.at < before);
            if !is_noted {
                self.note(pass.now, Whom::replica(&pod.replica, Some(&pod.workload)), Event::Ended { run });
            }
            ended.insert(known);
        }
        self.ended = ended;
    }

    fn rollouts(&mut self, pass: Pass<'_>) {
        let none = Rollouts::default();
        for (workload, after) in &pass.decision.ledger.rollouts {
            let before = pass.ledger.rollouts.get(workload).unwrap_or(&none);
            if before == after {
                continue;
            }
            let numbered = |revision| Numbered { number: number(pass.desired, workload, &revision), revision };
            let whom = || Whom::workload(workload);
            let had: BTreeSet<&Revision> = before.begun.values().map(|begun| &begun.revision).collect();
            let has: BTreeSet<&Revision> = after.begun.values().map(|begun| &begun.revision).collect();
            for revision in has.difference(&had).filter(|revision| before.complete != Some(***revision)) {
                self.note(pass.now, whom(), Event::RolloutBegun { to: numbered(**revision) });
            }
            if let Some(bad) = after.bad.as_ref().filter(|bad| before.bad.as_ref() != Some(bad)) {
                let from = Numbered { number: Some(bad.number), revision: bad.revision };
                self.note(pass.now, whom(), Event::RolledBack { from, reason: bad.why.clone() });
            }
            if let Some(complete) = after.complete.filter(|complete| before.complete != Some(*complete)) {
                self.note(pass.now, whom(), Event::RolloutFinished { to: numbered(complete) });
            }
        }
    }

    fn stuck(&mut self, pass: Pass<'_>) {
        let first = self.states.is_none();
        let stuck = pass.decision.waits.iter().filter(|wait| wait.gate == "progress-deadline");
        let mut now_stuck = BTreeSet::new();
        for wait in stuck {
            if !first && !self.stuck.contains(&wait.replica) {
                let whom = Whom::replica(&wait.replica, Some(&wait.workload));
                self.note(pass.now, whom, Event::RolloutFailed { reason: wait.reason.clone() });
            }
            now_stuck.insert(wait.replica.clone());
        }
        self.stuck = now_stuck;
    }

    fn states(&mut self, pass: Pass<'_>) {
        let states = pass.decision.states.iter();
        let now: BTreeMap<ReplicaName, (&'static str, bool)> =
            states.map(|state| (state.replica.clone(), (state.phase.word(), state.ready))).collect();
        let Some(before) = self.states.replace(now.clone()) else { return };
        for state in pass.decision.states.iter().filter(|state| before.get(&state.replica) != now.get(&state.replica)) {
            let whom = Whom::replica(&state.replica, state.workload.as_ref());
            self.note(pass.now, whom, Event::State { state: state.phase.word().to_owned(), ready: state.ready });
        }
        for replica in before.keys().filter(|replica| !now.contains_key(*replica)) {
            let event = Event::State { state: "gone".to_owned(), ready: false };
            self.note(pass.now, Whom::replica(replica, None), event);
        }
    }
}

/// The number of a revision, where the plan names it.
fn number(desired: &Desired, workload: &WorkloadName, revision: &Revision) -> Option<u32> {
    let instances = desired.wanted.iter().map(|wanted| &wanted.instance).filter(|one| one.workload == *workload);
    let mut named = instances.flat_map(|instance| std::iter::once(&instance.spec).chain(&instance.older));
    named.find(|one| one.revision == *revision).map(|one| one.number)
}
