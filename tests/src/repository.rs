//! Small repositories of sources: a fleet and a node that most cases share, and the files of the case above them.

#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::running::{self, Ran};

/// The fleet of a case that writes none of its own.
pub const FLEET: &str = "fleet \"example\" {\n    host-ports \"20000-29999\"\n}\n";

/// The node of a case that writes none of its own.
pub const NODE: &str = "node \"n1\"\nfacts \"n1\" {\n    capacity cpu=8 memory=\"16GiB\"\n}\n";

/// A repository of sources in a folder of its own, which goes with the value.
#[derive(Debug)]
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A fleet and a node.
    pub fn new() -> Self {
        Self::empty().with("fleet.kdl", FLEET).with("nodes/n1.kdl", NODE)
    }

    /// With one more file.
    #[must_use]
    pub fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    /// Writes a file.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `wlc` there.
    pub fn wlc(&self, arguments: &[&str]) -> Ran {
        running::wlc(self.path(), arguments)
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self::new()
    }
}
