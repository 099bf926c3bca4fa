//! Pulls that take long: status names the image, and whoever gives a pull up knows whose it is.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::timeout;
use wlc_plan::{name::ReplicaName, spec::Image};

use crate::{action::Task, podman::Podman};

/// A pull that takes longer is told.
const UNTOLD: Duration = Duration::from_secs(2);

/// Pulls that take long, by replica: for which pod, and of which image.
#[derive(Debug, Default)]
pub(crate) struct Pulling(Mutex<BTreeMap<ReplicaName, (String, String)>>);

impl Pulling {
    /// All of them.
    pub(crate) fn all(&self) -> MutexGuard<'_, BTreeMap<ReplicaName, (String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step that is told where it takes long.
    pub(crate) async fn told<T>(
        &self,
        podman: &dyn Podman,
        task: &Task,
        image: &Image,
        step: impl Future<Output = T>,
    ) -> T {
        tokio::pin!(step);
        if let Ok(done) = timeout(UNTOLD, &mut step).await {
            return done;
        }
        self.all().insert(task.replica.clone(), (task.pod.clone(), image.name.clone()));
        podman.changes().notify_one();
        let done = step.await;
        self.all().remove(&task.replica);
        done
    }
}
