//! The life of a container beside its main process: its part in the pod, its hooks, its last words.

use serde::{Deserialize, Serialize};

use super::probe::{Command, HttpProbe};
use crate::{name::AbsolutePath, quantity::Millis};

/// What a container is in its pod. Kubernetes: `containers[]`, `initContainers[]`, and those of the latter that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerRole {
    /// One of those that the pod is for.
    #[default]
    Main,
    /// It runs to its end before what follows starts, once in the life of a pod.
    Init,
    /// It starts in its turn, stays, is always restarted, and ends after those that the pod is for.
    Sidecar,
}

impl ContainerRole {
    /// Whether it is an ordinary container.
    pub fn is_main(&self) -> bool {
        *self == Self::Main
    }
}

/// What runs right after the start of a container, and before its stop. Kubernetes: `lifecycle`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// Until it has ended the container does not count as started; its failure ends the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_start: Option<Hook>,
    /// Runs before the stop signal, inside the grace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<Hook>,
}

impl Hooks {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Those that there are.
    pub fn iter(&self) -> impl Iterator<Item = &Hook> {
        [&self.post_start, &self.pre_stop].into_iter().flatten()
    }
}

/// What a hook does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    /// It runs a command in the container. Kubernetes: `exec`.
    Exec(Command),
    /// It sends a GET. Kubernetes: `httpGet`.
    Http(HttpProbe),
    /// It sends a GET over TLS; the certificate is not verified.
    Https(HttpProbe),
    /// It waits. Kubernetes: `sleep`.
    Sleep(Millis),
}

/// Where a container leaves its last words. Kubernetes: `terminationMessagePath`, `terminationMessagePolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminationMessage {
    /// The file in the container.
    pub path: AbsolutePath,
    /// What counts as last words.
    pub policy: MessagePolicy,
}

/// What counts as a container's last words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessagePolicy {
    /// The file.
    File,
    /// The end of the log, where the container failed and the file is empty.
    LogsOnError,
}

impl Default for TerminationMessage {
    fn default() -> Self {
        let path = AbsolutePath::parse("/dev/termination-log").expect("the path is absolute");
        Self { path, policy: MessagePolicy::File }
    }
}

impl TerminationMessage {
    /// Whether it is what Kubernetes has where nothing is written.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
