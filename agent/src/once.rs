//! Converges once: passes until everything is as desired, an instance failed, or the time ran out.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::{
    agent::Agent,
    decide::{Decision, Phase},
    plans::NotTaken,
};

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as desired.
    Converged,
    /// Instances failed, or the time ran out: each with what it waits for.
    NotConverged(Vec<String>),
    /// The plan set, or an instance of it, is refused.
    Refused(String),
}

impl Agent {
    /// Converges once, within `limit`.
    pub async fn converge_once(&mut self, limit: Duration) -> Outcome {
        let deadline = Instant::now() + limit;
        let mut watch = self.source.watch(&self.settings.node);
        self.observed = self.podman.observe().await.ok();
        self.look_at_plans();
        loop {
            if let Some(NotTaken { reason, is_refusal: true, .. }) = self.plans.not_taken() {
                return Outcome::Refused(reason);
            }
            let next_pass = self.pass().await;
            if let Some(outcome) = self.decision.as_ref().and_then(|decision| self.outcome(decision)) {
                return outcome;
            }
            tokio::select! {
                () = sleep_until(deadline) => return Outcome::NotConverged(self.open_waits()),
                () = self.sleep_until_reason(watch.as_mut(), next_pass) => {}
            }
        }
    }

    /// How it ended, once nothing is under way.
    fn outcome(&self, decision: &Decision) -> Option<Outcome> {
        if !decision.tasks.is_empty() || !self.tasks.busy().is_empty() {
            return None;
        }
        let phases = || decision.states.iter().map(|state| state.phase);
        let is_settled = |phase| matches!(phase, Phase::Running | Phase::Complete | Phase::Refused);
        if phases().any(|phase| phase == Phase::Failed || phase == Phase::BackOff) {
            return self.has_failed_twice(decision).then(|| Outcome::NotConverged(self.open_waits()));
        }
        if !decision.waits.is_empty() && decision.waits.iter().all(|wait| wait.gate == "held") {
            return Some(Outcome::NotConverged(self.open_waits()));
        }
        if !decision.waits.is_empty() || !phases().all(is_settled) {
            return None;
        }
        let refused = self.plans.desired().and_then(|desired| desired.refused.iter().next());
        Some(match refused {
            Some((replica, refused)) => Outcome::Refused(format!("`{replica}` is left alone: {}", refused.why)),
            None => Outcome::Converged,
        })
    }

    /// Whether an instance failed for good: after one quick retry a back-off is taken for a failure. Of an image there is no
    /// quick retry.
    fn has_failed_twice(&self, decision: &Decision) -> bool {
        let is_failed = decision.states.iter().any(|state| state.phase == Phase::Failed);
        let restarts = decision.states.iter().filter(|state| state.phase == Phase::BackOff);
        let crashed = restarts.flat_map(|state| &state.containers).any(|container| container.restarts > 0);
        is_failed
            || crashed
            || self.ledger.failures.values().any(|failure| failure.count > 1 || failure.cause.is_of_image())
    }

    /// What every replica that is not settled waits for.
    fn open_waits(&self) -> Vec<String> {
        let document = self.status.borrow();
        let mut lines = Vec::new();
        for instance in document.instances.iter().filter(|one| !one.ready || !one.waits.is_empty()) {
            let waits = instance.waits.iter().map(|wait| format!("{}: {}", wait.gate, wait.reason));
            let failure = instance.last_failure.iter().map(|failure| format!("last failure: {failure}"));
            let told: Vec<String> = waits.chain(failure).collect();
            let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join("; ")) };
            lines.push(format!("`{}` is {}{told}", instance.replica, instance.state));
        }
        lines.extend(document.waiting.iter().map(|waiting| format!("the source: {waiting}")));
        lines.extend(self.podman_error.clone());
        lines
    }
}
