//! Notices the end of a container's main process at once (edge).
//!
//! Podman's event log may be a file that its service looks at four times a second. A process descriptor tells the same
//! within microseconds. Podman stays the authority: this wakes, and reads at that moment whether the kernel ended a process
//! of the container for want of memory, which Podman 4.3 does not tell and nobody can read a moment later.

use std::{
    collections::{BTreeMap, BTreeSet},
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

use super::processes;

/// Podman needs a moment until it lists the container as ended; it is looked at again after each of these.
const LOOKS: [Duration; 3] = [Duration::from_millis(3), Duration::from_millis(20), Duration::from_millis(100)];

/// The main processes that are watched.
pub struct Exits {
    changes: Arc<Notify>,
    watched: Mutex<BTreeMap<String, (i64, JoinHandle<()>)>>,
    /// Ids of containers that had too little memory when they ended.
    short: Arc<Mutex<BTreeSet<String>>>,
}

impl Exits {
    /// Watches nothing yet.
    pub fn new(changes: Arc<Notify>) -> Self {
        Self { changes, watched: Mutex::default(), short: Arc::default() }
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
                && let Some(task) = self.watch_one(id, *process)
            {
                watched.insert(id.clone(), (*process, task));
            }
        }
    }

    /// Whether a container had too little memory when it ended.
    pub fn was_short_of_memory(&self, id: &str) -> bool {
        self.short.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Forgets containers that are gone.
    pub fn keep_only(&self, ids: &BTreeSet<&str>) {
        self.short.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| ids.contains(id.as_str()));
    }

    #[expect(
        deprecated,
        reason = "its replacement is unsafe code; an owned descriptor stays open for as long as it is watched"
    )]
    fn watch_one(&self, id: &str, process: i64) -> Option<JoinHandle<()>> {
        let mut counters = processes::memory_counters(process);
        let process = Pid::from_raw(i32::try_from(process).ok()?)?;
        let descriptor = pidfd_open(process, PidfdFlags::NONBLOCK).ok()?;
        let descriptor = AsyncFd::with_interest(descriptor, Interest::READABLE).ok()?;
        let (changes, short, id) = (Arc::clone(&self.changes), Arc::clone(&self.short), id.to_owned());
        Some(tokio::spawn(async move {
            if descriptor.readable().await.is_ok() {
                if counters.as_mut().and_then(processes::ended_for_want_of_memory).is_some_and(|count| count > 0) {
                    short.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                }
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
