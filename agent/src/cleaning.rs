//! Removes images that nothing needs, one after the other, beside the tasks. Which they are was decided elsewhere.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinSet};
use tracing::{info, warn};

use crate::{
    agent::Agent,
    podman::{Podman, PodmanError, Removed},
};

/// What became of an image.
#[derive(Debug)]
pub(crate) struct Cleaned {
    /// Its name, or its id.
    name: String,
    result: Result<Removed, PodmanError>,
}

/// The removal of images.
pub(crate) struct Cleaning {
    podman: Arc<dyn Podman>,
    telling: mpsc::UnboundedSender<Cleaned>,
    told: mpsc::UnboundedReceiver<Cleaned>,
    under_way: usize,
    /// It ends with the agent.
    running: JoinSet<()>,
}

impl Cleaning {
    pub(crate) fn new(podman: Arc<dyn Podman>) -> Self {
        let (telling, told) = mpsc::unbounded_channel();
        Self { podman, telling, told, under_way: 0, running: JoinSet::new() }
    }

    /// Begins to remove these, unless others are being removed.
    pub(crate) fn begin(&mut self, names: &[String]) {
        if self.under_way > 0 || names.is_empty() {
            return;
        }
        self.under_way = names.len();
        while self.running.try_join_next().is_some() {}
        let (podman, telling, names) = (Arc::clone(&self.podman), self.telling.clone(), names.to_vec());
        self.running.spawn(async move {
            for name in names {
                let result = podman.remove_image(&name).await;
                // Nobody listens any more when the agent ends.
                drop(telling.send(Cleaned { name, result }));
            }
        });
    }

    /// What became of the next one.
    pub(crate) async fn next(&mut self) -> Option<Cleaned> {
        self.told.recv().await
    }
}

impl Agent {
    /// Notes what became of an image. One that something uses is looked at again after the same time.
    pub(crate) fn end_cleaning(&mut self, cleaned: Cleaned) {
        self.cleaning.under_way = self.cleaning.under_way.saturating_sub(1);
        let Cleaned { name, result } = cleaned;
        let now = self.clock.now();
        match result {
            Ok(Removed::Gone) => {
                info!("removed image {name}: no revision needs it");
                self.ledger.images.remove(&name);
            }
            Ok(Removed::Used(why)) => {
                info!("kept image {name}: {why}");
                self.ledger.put_off_image(&name, now);
            }
            Err(error) => {
                warn!(%error, "image {name} is not removed; tried again");
                self.ledger.put_off_image(&name, now);
            }
        }
        self.keep_ledger();
    }
}
