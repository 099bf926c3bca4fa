//! What there is to see of containers, and what is known of their programs.

use std::collections::BTreeMap;

use wlagent::{
    observed::{ContainerState, PodFolders, Sandbox},
    podman::simulated::{Glanced, Glimpse},
};

const CONTAINER: &str = "dev.wlc.container";

/// How the containers of a revision behave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program {
    /// How long the main one takes to become ready, in milliseconds.
    pub(super) starts: u64,
    /// How long it must be ready before it counts.
    pub(super) min_ready: u64,
    /// Whether it has a hook after its start.
    pub(super) has_hook: bool,
}

/// A container of ours.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) pod: String,
    pub(super) name: String,
    pub(super) container: String,
    pub(super) id: String,
    pub(super) replica: String,
    pub(super) revision: String,
    pub(super) state: ContainerState,
    /// Whether its pod has its network.
    pub(super) is_connected: bool,
    /// Whether the folders of its pod's configs are there.
    pub(super) has_folders: bool,
    /// Whether its post-start hook ended well.
    pub(super) is_hooked: bool,
    /// The contents of its mounts that are swapped in place, by their path.
    pub(super) contents: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn is_alive(&self) -> bool {
        match self.state {
            ContainerState::Running { .. } | ContainerState::Paused | ContainerState::Stopping => true,
            ContainerState::Created | ContainerState::Exited { .. } => false,
        }
    }

    pub(super) fn runs(&self) -> bool {
        matches!(self.state, ContainerState::Running { .. })
    }

    pub(super) fn is_main(&self) -> bool {
        self.container == "main"
    }
}

/// All containers of ours, sorted by their replicas.
pub(super) fn list(glimpse: Glimpse<'_>) -> Vec<Seen> {
    let own = glimpse.containers().filter(|one| one.labels.contains_key(CONTAINER) && one.pod.starts_with("wlc.f."));
    let label = |labels: &BTreeMap<String, String>, key: &str| labels.get(key).cloned().unwrap_or_default();
    let mut seen: Vec<Seen> = own
        .map(|one| Seen {
            pod: one.pod.to_owned(),
            name: one.name.to_owned(),
            container: label(one.labels, CONTAINER),
            id: one.id.to_owned(),
            replica: label(one.pod_labels, "dev.wlc.replica"),
            revision: label(one.pod_labels, "dev.wlc.revision"),
            state: one.state,
            is_connected: one.sandbox == Sandbox::Up,
            has_folders: one.folders == PodFolders::There,
            is_hooked: one.is_hooked,
            contents: contents(&one),
        })
        .collect();
    seen.sort_by(|one, other| one.replica.cmp(&other.replica));
    seen
}

fn contents(one: &Glanced<'_>) -> BTreeMap<String, String> {
    let container = one.labels.get(CONTAINER).map(String::as_str);
    let own = one.contents.iter().filter(|((of, _), _)| Some(of.as_str()) == container);
    own.map(|((_, path), digest)| (path.to_string(), digest.to_string())).collect()
}
