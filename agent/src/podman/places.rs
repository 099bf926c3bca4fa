//! The folders of the node from which pods are given something, and the one in memory in which their secrets lie.

use std::path::{Path, PathBuf};

use crate::settings;

/// Where the node keeps what is not in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Where the machine's `/sys` and `/proc` are, which its facts are read from.
    pub root: PathBuf,
    /// Seccomp profiles, by their path below it.
    pub profiles: PathBuf,
    /// Secrets: `<name>/<key>`.
    pub secrets: PathBuf,
    /// Credentials for registries, in the form of containers-auth.json(5).
    pub auth_file: PathBuf,
    /// Credentials that systemd hands to the agent: `<name>.<key>`. What is in the folder of secrets comes first.
    pub credentials: Option<PathBuf>,
    /// The folder in memory below which secrets are put down for containers; each fleet has one of its own in it.
    pub memory: PathBuf,
}

impl Places {
    /// Those of this machine, with the folder of secrets and the file of credentials of the agent's config.
    pub fn of_machine(secrets: &Path, auth_file: &Path) -> Self {
        Self {
            secrets: secrets.to_owned(),
            auth_file: auth_file.to_owned(),
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            memory: settings::runtime_folder().join("wlagent"),
            ..Self::default()
        }
    }

    /// The files with credentials for registries, in the order in which they are asked.
    pub fn auth_files(&self) -> impl Iterator<Item = PathBuf> {
        let handed = self.credentials.as_ref().map(|folder| folder.join("auth.json"));
        std::iter::once(self.auth_file.clone()).chain(handed)
    }
}

impl Default for Places {
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            profiles: PathBuf::from("/etc/wlc/seccomp"),
            secrets: PathBuf::from("/etc/wlc/secrets"),
            auth_file: PathBuf::from("/etc/wlc/auth.json"),
            credentials: None,
            memory: PathBuf::from("/run/wlagent"),
        }
    }
}
