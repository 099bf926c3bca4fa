//! Stops everything of the fleet for the machine's shutdown, in the order that `decide` gives. The agent does not run then.

use std::time::Duration;

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::{
    agent::Agent,
    apply::{self, Failure},
    decide::shutdown,
    podman::PodmanError,
};

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// How many pods were stopped.
    pub pods: usize,
    /// What went wrong.
    pub failures: Vec<Failure>,
}

impl Agent {
    /// Stops all pods, each with its hooks and its grace, stage by stage. When `limit` is over, all that are left are asked
    /// at once; each keeps its grace.
    ///
    /// # Errors
    /// Podman cannot be asked what runs.
    pub async fn shut_down(&self, limit: Duration) -> Result<Stopped, PodmanError> {
        let deadline = Instant::now() + limit;
        let observed = self.podman.observe().await?;
        let stages = shutdown(self.plans.desired(), &observed, self.clock.now());
        let mut stopped = Stopped { pods: stages.iter().map(Vec::len).sum(), failures: Vec::new() };
        let mut under_way = FuturesUnordered::new();
        for stage in &stages {
            under_way.extend(stage.iter().map(|task| apply::apply(self.podman.as_ref(), task)));
            loop {
                tokio::select! {
                    ended = under_way.next() => match ended {
                        Some(result) => stopped.failures.extend(result.err()),
                        None => break,
                    },
                    () = sleep_until(deadline) => {
                        warn!("the time is over: all that are left are stopped at once");
                        break;
                    }
                }
            }
        }
        while let Some(result) = under_way.next().await {
            stopped.failures.extend(result.err());
        }
        Ok(stopped)
    }
}
