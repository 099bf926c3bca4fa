//! Stops what is ours; what does not run, or is not ours, is left alone and is no error.
//!
//! The steps of a stop: it is noted, from which moment on the pod is not ready; the pre-stop hook; the signal; the rest of
//! the grace; SIGKILL.

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use tracing::warn;
use wlc_plan::quantity::Millis;

use super::{BEYOND_GRACE, Client, look::Inspected, make::folder_error};
use crate::{
    action::{Stop, StopOne},
    clock,
    observed::StopStep,
    podman::{
        PodmanError, create,
        raw::{Call, encoded},
    },
};

/// What a container has at least after its pre-stop hook, whatever that took (P-113).
const FLOOR: Millis = Millis::from_seconds(2);

impl Client {
    /// Each stage has what those before it left of the grace; with nothing left its containers are killed. The first
    /// failure of a stage counts.
    pub(super) async fn stop_in_stages(&self, stop: &Stop) -> Result<(), PodmanError> {
        if let Some(pod) = &stop.pod {
            self.note_stop(pod)?;
        }
        let begun = Instant::now();
        for stage in &stop.stages {
            let left = remaining(stop.grace, begun);
            let stops = join_all(stage.iter().map(|one| self.stop_if_running(one, left))).await;
            stops.into_iter().collect::<Result<(), PodmanError>>()?;
        }
        Ok(())
    }

    /// Notes that a pod ends, once.
    pub(super) fn note_stop(&self, pod: &str) -> Result<(), PodmanError> {
        let noted = self.records.begin_stop(pod, clock::now());
        noted.map_err(|error| folder_error(pod.as_ref(), &error))?;
        self.changes.notify_one();
        Ok(())
    }

    async fn stop_if_running(&self, one: &StopOne, grace: Millis) -> Result<(), PodmanError> {
        let name = &one.container;
        let found = match self.own_container(name).await {
            // Podman was ended while it removed it: it had been stopped before its storage went.
            Err(error) if error.says("container not known") => return Ok(()),
            found => found?,
        };
        let Some(found) = found.filter(Inspected::is_up) else { return Ok(()) };
        self.unpause_if_paused(name).await?;
        let left = self.pre_stop((one, &found.id), grace).await?;
        self.note_step(name, if left.0 == 0 { StopStep::Kill } else { StopStep::Signal });
        let stopped = self.signal_and_kill((name, &found.id), left);
        let killing = async {
            sleep(left.duration()).await;
            self.note_step(name, StopStep::Kill);
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = stopped => outcome,
            () = killing => unreachable!("it only notes the step"),
        };
        self.known().steps.remove(name);
        outcome
    }

    /// Runs the hook before a stop, if there is one and any grace; tells what is left of the grace.
    async fn pre_stop(&self, (one, id): (&StopOne, &str), grace: Millis) -> Result<Millis, PodmanError> {
        let Some(call) = one.pre_stop.as_ref().filter(|_| grace.0 > 0) else { return Ok(grace) };
        self.note_step(&one.container, StopStep::PreStop);
        let begun = Instant::now();
        if let Err(why) = self.call_hook(id, call, grace).await.unwrap_or_else(|error| Err(error.to_string())) {
            warn!(container = one.container, "the pre-stop hook failed, and the stop goes on: {why}");
        }
        Ok(remaining(grace, begun).max(FLOOR))
    }

    async fn signal_and_kill(&self, (name, id): (&str, &str), grace: Millis) -> Result<(), PodmanError> {
        let what = format!("stop container {name}");
        let path = format!("/containers/{}/stop?timeout={}", encoded(id), create::whole_seconds(grace));
        let reply = self.raw.send(Call::post(&what, path, grace.duration() + BEYOND_GRACE)).await?;
        if reply.is_done() || reply.is_missing() {
            return Ok(());
        }
        let refusal = reply.refusal(&what);
        self.fine_unless_up(name, refusal).await
    }

    fn note_step(&self, container: &str, step: StopStep) {
        self.known().steps.insert(container.to_owned(), step);
        self.changes.notify_one();
    }
}

fn remaining(grace: Millis, begun: Instant) -> Millis {
    Millis(grace.0.saturating_sub(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_runs_out_and_not_below_nothing() {
        let begun = Instant::now() - std::time::Duration::from_secs(3);
        assert!((1_900..=2_000).contains(&remaining(Millis(5_000), begun).0));
        assert_eq!(remaining(Millis(2_000), begun), Millis(0));
    }
}
