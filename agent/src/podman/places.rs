//! The folders of the node from which pods are given something.

use std::path::PathBuf;

/// Where the node keeps what is not in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Seccomp profiles, by their path below it.
    pub profiles: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self { profiles: PathBuf::from("/etc/wlc/seccomp") }
    }
}
