//! Stops what is ours; what does not run, or is not ours, is left alone and is no error.

use futures_util::future::join_all;
use tokio::time::Instant;
use wlc_plan::quantity::Millis;

use super::{BEYOND_GRACE, Client};
use crate::{
    action::Stop,
    podman::{
        PodmanError, create,
        raw::{Call, encoded},
    },
};

impl Client {
    /// Each stage has what those before it left of the grace; with nothing left its containers are killed. The first
    /// failure of a stage counts.
    pub(super) async fn stop_in_stages(&self, stop: &Stop) -> Result<(), PodmanError> {
        let begun = Instant::now();
        for stage in &stop.stages {
            let passed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let left = Millis(stop.grace.0.saturating_sub(passed));
            let stops = join_all(stage.iter().map(|container| self.stop_if_running(container, left))).await;
            stops.into_iter().collect::<Result<(), PodmanError>>()?;
        }
        Ok(())
    }

    async fn stop_if_running(&self, name: &str, grace: Millis) -> Result<(), PodmanError> {
        if self.own_container(name).await?.is_none_or(|container| !container.is_up()) {
            return Ok(());
        }
        let what = format!("stop container {name}");
        let path = format!("/containers/{}/stop?timeout={}", encoded(name), create::whole_seconds(grace));
        let reply = self.raw.send(Call::post(&what, path, grace.duration() + BEYOND_GRACE)).await?;
        if reply.is_done() || reply.is_missing() {
            return Ok(());
        }
        let refusal = reply.refusal(&what);
        self.fine_unless_up(name, refusal).await
    }
}
