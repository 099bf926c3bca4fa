//! A decision in the making: the one place where tasks are held back for replicas that are busy or failed lately.

use std::collections::BTreeSet;

use wlc_plan::{
    name::{ReplicaName, WorkloadName},
    quantity::Millis,
};

use super::{Decision, InstanceState, Removal, Scene, back_off, drain, jobs::Jobs, needs};
use crate::{
    action::{Action, Reason, Task, Wait},
    clock::Moment,
    ledger::Ledger,
    mutant::{self, Mutant},
};

/// How long until what was missing is looked for again.
const LOOK_AGAIN: Millis = Millis::from_seconds(5);

/// A decision in the making.
pub(super) struct Draft<'a> {
    scene: Scene<'a>,
    tasks: Vec<Task>,
    waits: Vec<Wait>,
    /// Moments to look again that nobody waits for.
    dues: Vec<Moment>,
    pub(super) removal: Vec<Removal>,
    pub(super) unneeded_images: Vec<String>,
    pub(super) ledger: Ledger,
}

/// The replica that a task or wait speaks of.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    /// The replica.
    pub(super) replica: &'a ReplicaName,
    /// Its workload.
    pub(super) workload: &'a WorkloadName,
    /// The pod that is to be, or to go.
    pub(super) pod: &'a str,
}

impl<'a> Draft<'a> {
    pub(super) fn new(scene: Scene<'a>) -> Self {
        Self {
            scene,
            tasks: Vec::new(),
            waits: Vec::new(),
            dues: Vec::new(),
            removal: Vec::new(),
            unneeded_images: Vec::new(),
            ledger: scene.ledger.clone(),
        }
    }

    /// Whether nothing may be done for the replica now: a task of it is under way, or somebody holds it. It says so.
    pub(super) fn is_left_alone(&mut self, who: Who<'_>) -> bool {
        let is_busy = self.scene.busy.contains(who.replica);
        if is_busy {
            self.wait(who, "task", "its task is under way".to_owned(), None);
        }
        let held = self.scene.ledger.held(who.replica, who.workload);
        if let Some((name, hold)) = held {
            self.wait(who, "held", format!("{hold}; `wlagent release {name}` lets it go on"), None);
        }
        is_busy || held.is_some()
    }

    /// Adds a task, unless the last one for this pod failed a moment ago, or the node has not what it needs.
    pub(super) fn act(&mut self, who: Who<'_>, reason: Reason, actions: Vec<Action>) {
        if let Some((gate, missing)) = needs::missing(self.scene, &self.ledger, &actions) {
            return self.wait(who, gate, missing, Some(self.scene.now.plus(LOOK_AGAIN)));
        }
        let failure = self.scene.ledger.failures.get(who.replica).filter(|failure| failure.pod == who.pod);
        let retry = failure.map(|failure| (failure, back_off::retry_at(failure, self.scene.now)));
        match retry.filter(|(_, at)| *at > self.scene.now) {
            Some((failure, at)) => self.wait(who, "back-off", failure.why.clone(), Some(at)),
            None => {
                let (replica, workload) = (who.replica.clone(), who.workload.clone());
                self.tasks.push(Task { replica, workload, pod: who.pod.to_owned(), reason, actions });
            }
        }
    }

    /// Adds a wait.
    pub(super) fn wait(&mut self, who: Who<'_>, gate: &'static str, reason: String, until: Option<Moment>) {
        self.wait_for(who, (gate, reason, until), Vec::new());
    }

    /// Adds a wait for other replicas.
    pub(super) fn wait_for(
        &mut self,
        who: Who<'_>,
        (gate, reason, until): (&'static str, String, Option<Moment>),
        on: Vec<ReplicaName>,
    ) {
        let (replica, workload) = (who.replica.clone(), who.workload.clone());
        self.waits.push(Wait { replica, workload, gate, reason, until, on });
    }

    /// Looks again at this moment.
    pub(super) fn look_again(&mut self, at: Moment) {
        self.dues.push(at);
    }

    /// The task of a replica.
    pub(super) fn task_of(&self, replica: &ReplicaName) -> Option<&Task> {
        self.tasks.iter().find(|task| task.replica == *replica)
    }

    /// The waits of a replica.
    pub(super) fn waits_of(&self, replica: &ReplicaName) -> impl Iterator<Item = &Wait> {
        self.waits.iter().filter(move |wait| wait.replica == *replica)
    }

    pub(super) fn finish(mut self, states: Vec<InstanceState>, jobs: Option<&Jobs<'_>>) -> Decision {
        let hidden = jobs.map(Jobs::hidden).unwrap_or_default();
        let observed = || self.scene.observed.pods().chain(hidden.iter().copied());
        let pods: BTreeSet<&str> = observed().map(|pod| pod.name.as_str()).collect();
        let wanted = self.scene.desired.wanted.iter().map(|wanted| wanted.replica());
        let replicas: BTreeSet<&ReplicaName> = observed().map(|pod| &pod.replica).chain(wanted).collect();
        if !mutant::is(Mutant::GoneRemembered) {
            self.ledger.forget_all_but(&pods, &replicas);
        }
        self.ledger.remember_claims(self.scene.desired, &self.scene.observed.volumes);
        self.waits.sort_by(|a, b| a.replica.cmp(&b.replica));
        let untils = self.waits.iter().filter_map(|wait| wait.until);
        let next_due = untils.chain(self.dues.iter().copied()).filter(|at| *at > self.scene.now).min();
        let Self { tasks, waits, removal, unneeded_images, ledger, scene, .. } = self;
        let drained = drain::drained(scene);
        let (jobs, crons) = jobs.map(|jobs| (jobs.views.clone(), jobs.crons.clone())).unwrap_or_default();
        Decision { tasks, waits, next_due, removal, drained, unneeded_images, ledger, states, jobs, crons }
    }
}
