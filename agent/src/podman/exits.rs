//! Notices the end of a container's main process at once (edge).
//!
//! Podman's event log may be a file that its service looks at four times a second. A process descriptor tells the same
//! within microseconds. Podman stays the authority: this only wakes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::Notify,
    task::JoinHandle,
    time::sleep,
};

/// Podman needs a moment until it lists the container as ended; it is looked at again after each of these.
const LOOKS: [Duration; 3] = [Duration::from_millis(3), Duration::from_millis(20), Duration::from_millis(100)];

/// The main processes that are watched.
pub struct Exits {
    changes: Arc<Notify>,
    watched: Mutex<BTreeMap<String, (i64, JoinHandle<()>)>>,
}

impl Exits {
    /// Watches nothing yet.
    pub fn new(changes: Arc<Notify>) -> Self {
        Self { changes, watched: Mutex::default() }
    }

    /// Watches the main processes of exactly these containers, by id. Those that cannot be watched, as where Podman runs
    /// in another process namespace, are left to the events.
    pub fn watch(&self, running: &BTreeMap<String, i64>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|id, (process, task)| {
            let stays = running.get(id) == Some(process);
            if !stays && !task.is_finished() {
                task.abort();
            }
            stays
        });
        for (id, process) in running {
            if !watched.contains_key(id)
                && let Some(task) = self.watch_one(*process)
            {
                watched.insert(id.clone(), (*process, task));
            }
        }
    }

    #[expect(
        deprecated,
        reason = "its replacement is unsafe code; an owned descriptor stays open for as long as it is watched"
    )]
    fn watch_one(&self, process: i64) -> Option<JoinHandle<()>> {
        let process = Pid::from_raw(i32::try_from(process).ok()?)?;
        let descriptor = pidfd_open(process, PidfdFlags::NONBLOCK).ok()?;
        let descriptor = AsyncFd::with_interest(descriptor, Interest::READABLE).ok()?;
        let changes = Arc::clone(&self.changes);
        Some(tokio::spawn(async move {
            if descriptor.readable().await.is_ok() {
                for look in LOOKS {
                    sleep(look).await;
                    changes.notify_one();
                }
            }
        }))
    }
}

impl Drop for Exits {
    fn drop(&mut self) {
        let watched = self.watched.get_mut().unwrap_or_else(PoisonError::into_inner);
        watched.values().for_each(|(_, task)| task.abort());
    }
}
