//! One pass, from the top down: observe, decide, tell, apply, remember. Read this first.

use std::{borrow::Cow, sync::Arc};

use tokio::time::Instant;
use tracing::{info, warn};
use wlc_plan::quantity::Millis;

use crate::{
    action::Task,
    agent::Agent,
    clock::Moment,
    decide::{Decision, Lists, Scene, decide},
    events::notice::{Pass, Recalled},
    ledger::Cause,
    mutant::{self, Mutant},
    observed::Observed,
    podman::PodmanError,
    status::document::Frame,
};

/// How long until Podman is asked again after it did not answer.
const PODMAN_PAUSE: Millis = Millis::from_seconds(2);
/// How long until a ledger that could not be written is written again.
const LEDGER_PAUSE: Millis = Millis::from_seconds(10);

impl Agent {
    /// One pass; tells when the next one is due at the latest.
    pub(crate) async fn pass(&mut self) -> Option<Moment> {
        let begun = Instant::now();
        let next_due = self.pass_once().await;
        self.counts.pass(self.podman_error.is_none(), begun.elapsed(), self.clock.now());
        self.heart.beat();
        next_due
    }

    async fn pass_once(&mut self) -> Option<Moment> {
        let observed = match self.podman.observe().await {
            Ok(observed) => observed,
            Err(error) => return Some(self.cannot_observe(&error)),
        };
        self.can_observe(observed);
        let Some(mut decision) = self.decide() else {
            self.tell(None);
            return None;
        };
        self.tasks.explain(&mut decision.waits);
        self.announce_removal(&decision);
        self.notice_pass(&decision);
        self.tell(Some(&decision));
        let soon = self.begin_tasks(&decision);
        let again = (!self.is_ledger_kept).then(|| self.clock.now().plus(LEDGER_PAUSE));
        let next_due = soon.or_else(|| decision.next_due.into_iter().chain(again).min());
        self.cleaning.begin(&decision.unneeded_images);
        self.decision = Some(decision);
        next_due
    }

    fn can_observe(&mut self, observed: Observed) {
        if self.podman_error.take().is_some() {
            info!("Podman answers again");
        }
        let is_trusted = mutant::is(Mutant::ClockTrusted);
        self.observed = Some(if is_trusted { observed } else { observed.believing(self.clock.now()) });
        self.choose_subjects();
    }

    fn cannot_observe(&mut self, error: &PodmanError) -> Moment {
        if self.podman_error.is_none() {
            warn!(%error, "nothing can be observed; tried again");
        }
        self.podman_error = Some(error.to_string());
        self.decision = None;
        let document = self.frame().document;
        self.status.send_modify(|status| {
            let crate::status::document::Document { instances, jobs, cron_jobs, .. } = (**status).clone();
            *status = Arc::new(crate::status::document::Document { instances, jobs, cron_jobs, ..document });
        });
        self.clock.now().plus(PODMAN_PAUSE)
    }

    fn decide(&self) -> Option<Decision> {
        let (desired, observed) = (self.plans.desired()?, self.observed.as_ref()?);
        let verdicts = self.probes.verdicts();
        let busy = self.tasks.busy();
        let (ledger, now) = (&self.ledger, self.clock.now());
        let lists = Lists::default();
        Some(decide(Scene { desired, observed, verdicts: &verdicts, ledger, busy, now, lists: &lists }))
    }

    /// Notes what is news.
    fn notice_pass(&mut self, decision: &Decision) {
        if let (Some(desired), Some(observed)) = (self.plans.desired(), &self.observed) {
            let (ledger, now) = (&self.ledger, self.clock.now());
            self.notice.pass(Pass { desired, observed, ledger, decision, now });
        }
    }

    /// Lists what is in no plan, once, before the first of it is stopped.
    fn announce_removal(&mut self, decision: &Decision) {
        let is_news = decision.removal.iter().any(|removal| !self.told.contains(removal));
        if is_news {
            let pods: Vec<&str> = decision.removal.iter().map(|removal| removal.pod.as_str()).collect();
            info!(count = pods.len(), "removes what is in no plan: {}", pods.join(", "));
        }
        self.told = decision.removal.iter().cloned().collect();
        self.counts.keep_only(&decision.states.iter().filter_map(|state| state.workload.as_ref()).collect());
    }

    fn frame(&self) -> Frame {
        let (node, fleet) = (&self.settings.node, &self.settings.fleet);
        Frame::new(node, fleet, &self.plans, self.warnings(), &self.ledger.holds)
    }

    fn tell(&mut self, decision: Option<&Decision>) {
        let (frame, now) = (self.frame(), self.clock.now());
        // Before the first decision nothing is told of replicas.
        let recalled = if decision.is_some() { self.notice.recalled() } else { Recalled::new() };
        self.status.send_if_modified(|status| {
            let document = match decision {
                Some(decision) => frame.with(decision, &status.instances, &recalled, now),
                None => frame.document,
            };
            let is_news = document != **status;
            if is_news {
                *status = Arc::new(document);
            }
            is_news
        });
    }

    /// Begins the tasks of a decision, and remembers what it wants remembered. A task that was done a moment ago and is
    /// asked for again has changed nothing: it is held back like one that failed.
    ///
    /// What is known of runs and decisions is on the disk before anything is changed.
    fn begin_tasks(&mut self, decision: &Decision) -> Option<Moment> {
        let now = self.clock.now();
        if !self.is_ledger_kept {
            self.keep_ledger();
        }
        self.tasks.tell_drained(&decision.drained);
        let mut ledger = Cow::Borrowed(&decision.ledger);
        let (again, begun): (Vec<&Task>, Vec<&Task>) =
            decision.tasks.iter().partition(|task| self.tasks.was_done_lately(task, now));
        for task in &again {
            let why = format!("{}: the same was done a moment ago and changed nothing", task.reason);
            ledger.to_mut().failed(&task.replica, (&task.pod, Cause::Other), now, why);
        }
        for task in &begun {
            self.notice.changing(task, Some(&task.workload), now);
        }
        self.notice.keep();
        if self.ledger != *ledger {
            self.counts.rollouts(&self.ledger.rollouts, &ledger.rollouts);
            self.ledger = ledger.into_owned();
            self.keep_ledger();
        }
        let generation = self.plans.generation();
        // What a job did must not be done twice: without its record nothing of it is begun or removed.
        let is_job = |task: &&&Task| self.plans.desired().is_some_and(|one| one.job(&task.workload).is_some());
        let (of_jobs, others): (Vec<&Task>, Vec<&Task>) = begun.into_iter().partition(|task| is_job(&task));
        let of_jobs = of_jobs.into_iter().filter(|_| self.is_ledger_kept);
        others.into_iter().chain(of_jobs).for_each(|task| self.tasks.begin(task.clone(), generation, now));
        (!again.is_empty()).then_some(now)
    }
}
