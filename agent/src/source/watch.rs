//! When to look at a directory again (edge).
//!
//! Changes are noticed through inotify: in the folders of the set that this node reads, at the directory itself, and at
//! every link on the way to it. Reading makes no wake-up. Events merge until 200 ms pass without one, and every 30 s there
//! is a look whatever happened, so a missed event costs a delay and nothing else.

mod places;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{
    sync::Notify,
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use wlc_plan::name::NodeName;

use self::places::{Identity, Interest, Place, places};

/// How long no event must come before a look.
const SETTLE: Duration = Duration::from_millis(200);
/// How long a look is put off at most while events keep coming.
const SETTLE_AT_MOST: Duration = Duration::from_secs(2);
/// How often there is a look whatever happens.
const RESCAN: Duration = Duration::from_secs(30);

/// Why it is time to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Something has changed.
    Changed,
    /// The last look is long ago.
    Rescan,
}

/// Tells when to look at a directory again.
pub struct Watch {
    root: PathBuf,
    node: NodeName,
    shared: Arc<Shared>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<Identity, Place>,
    rescan: Interval,
    settling: bool,
}

/// What the watcher's own thread sees.
#[derive(Default)]
struct Shared {
    wake: Notify,
    interests: Mutex<BTreeMap<PathBuf, Interest>>,
    /// A watched folder itself went away or was exchanged: its watch is dead.
    has_lost_a_watch: AtomicBool,
}

impl Watch {
    /// Begins to watch the directory at `root` for `node`. The first look is due at once.
    ///
    /// Where the system gives no watches, there are the looks of every 30 s, and a warning.
    pub fn start(root: &Path, node: &NodeName) -> Self {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let watcher = match notify::recommended_watcher(move |event| seen.take(event)) {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(%error, "plans are looked at every 30 s only, since the directory cannot be watched");
                None
            }
        };
        let mut rescan = interval(RESCAN);
        rescan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let watched = BTreeMap::new();
        let mut watch = Self { root, node: node.clone(), shared, watcher, watched, rescan, settling: false };
        watch.arm();
        watch
    }

    /// Waits until it is time to look. A call that is given up loses nothing.
    pub async fn changed(&mut self) -> Look {
        if !self.settling {
            tokio::select! {
                () = self.shared.wake.notified() => self.settling = true,
                _ = self.rescan.tick() => {
                    self.arm();
                    return Look::Rescan;
                }
            }
        }
        let wake = &self.shared.wake;
        let quiet = async { while timeout(SETTLE, wake.notified()).await.is_ok() {} };
        // Whether it became quiet or not, it is time.
        let _ = timeout(SETTLE_AT_MOST, quiet).await;
        self.settling = false;
        self.arm();
        Look::Changed
    }

    /// Brings the watches in line with the folders and links that are there now.
    fn arm(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let wanted = places(&self.root, &self.node);
        let lost = self.shared.has_lost_a_watch.swap(false, Ordering::SeqCst);
        let stale = |(identity, place): &(&Identity, &Place)| {
            lost || wanted.get(*identity).is_none_or(|wanted| wanted.path != place.path)
        };
        let stale: Vec<_> = self.watched.iter().filter(stale).map(|(identity, _)| *identity).collect();
        for identity in stale {
            if let Some(place) = self.watched.remove(&identity) {
                // A folder that is gone has no watch any more.
                let _ = watcher.unwatch(&place.path);
            }
        }
        let interests = wanted.values().map(|place| (place.path.clone(), place.interest.clone())).collect();
        *self.shared.interests.lock().unwrap_or_else(PoisonError::into_inner) = interests;
        for (identity, place) in wanted {
            if self.watched.contains_key(&identity) {
                continue;
            }
            match watcher.watch(&place.path, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.watched.insert(identity, place)),
                Err(error) => tracing::debug!(%error, path = %place.path.display(), "a folder cannot be watched"),
            }
        }
    }
}

impl Shared {
    fn take(&self, event: notify::Result<Event>) {
        let Ok(event) = event else {
            self.has_lost_a_watch.store(true, Ordering::SeqCst);
            self.wake.notify_one();
            return;
        };
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        let interests = self.interests.lock().unwrap_or_else(PoisonError::into_inner);
        let is_watched = |path: &PathBuf| interests.contains_key(path);
        let is_inside = |path: &PathBuf| {
            path.parent().and_then(|parent| interests.get(parent)).is_some_and(|interest| interest.covers(path))
        };
        if event.paths.iter().any(is_watched) || event.need_rescan() {
            self.has_lost_a_watch.store(true, Ordering::SeqCst);
            self.wake.notify_one();
        } else if event.paths.iter().any(is_inside) {
            self.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
