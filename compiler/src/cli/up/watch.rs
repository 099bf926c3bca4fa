//! Watches the files of a repository. What builds write, and what begins with a point, is no change.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::super::{Failure, PROBLEMS};

/// A save is often several events: it is over when nothing more has come for so long.
const QUIET: Duration = Duration::from_millis(200);

/// A watch over a repository.
pub(super) struct Watch {
    root: PathBuf,
    events: Receiver<notify::Result<Event>>,
    /// Ends the watch when it is dropped.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins to watch everything below a folder.
    pub(super) fn begin(root: &Path) -> Result<Self, Failure> {
        let (sender, events) = mpsc::channel();
        let failed =
            |error: notify::Error| Failure::new(PROBLEMS, format!("`{}` cannot be watched: {error}", root.display()));
        let mut watcher = notify::recommended_watcher(sender).map_err(failed)?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(failed)?;
        Ok(Self { root: root.to_owned(), events, _watcher: watcher })
    }

    /// Waits for a change and until it is over. The answer: the first path that changed.
    pub(super) fn wait(&self) -> Result<String, Failure> {
        loop {
            match self.events.recv() {
                Ok(event) => {
                    if let Some(path) = self.relevant(event) {
                        self.settle();
                        return Ok(path);
                    }
                }
                Err(_) => return Err(Failure::new(PROBLEMS, "the files can be watched no more")),
            }
        }
    }

    /// A change that has come already, once it is over.
    pub(super) fn changed(&self) -> Option<String> {
        let path = self.events.try_iter().find_map(|event| self.relevant(event))?;
        self.settle();
        Some(path)
    }

    /// Passes over the events that belong to the same change.
    fn settle(&self) {
        loop {
            match self.events.recv_timeout(QUIET) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn relevant(&self, event: notify::Result<Event>) -> Option<String> {
        let event = event.ok()?;
        match event.kind {
            EventKind::Access(_) | EventKind::Any | EventKind::Other => return None,
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => {}
        }
        event.paths.iter().find_map(|path| {
            let path = path.strip_prefix(&self.root).ok()?.to_str()?;
            is_source(path).then(|| path.to_owned())
        })
    }
}

fn is_source(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let is_output = ["lock", "plans"].contains(&first) || first.starts_with("plans-");
    // Editors write beside a file before they replace it.
    let is_hidden = path.split('/').any(|part| part.starts_with('.') || part.ends_with('~'));
    !path.is_empty() && !is_output && !is_hidden
}

#[cfg(test)]
mod tests {
    use super::is_source;

    #[test]
    fn what_builds_and_editors_write_is_no_change() {
        for source in ["fleet.kdl", "workloads/web.kdl", "site/index.html", "_overlays/prod/web.kdl"] {
            assert!(is_source(source), "{source}");
        }
        for other in [
            "",
            ".wlc/up/plans/head",
            ".git/index",
            "lock/example/web.lock",
            "plans/head",
            "workloads/.web.kdl.swp",
            "web.kdl~",
        ] {
            assert!(!is_source(other), "{other}");
        }
    }
}
