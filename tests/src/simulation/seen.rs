//! What there is to see of containers, and what is known of their programs.

use std::collections::BTreeMap;

use wlagent::{
    observed::{ContainerState, PodFolders, Sandbox},
    podman::simulated::{Glanced, Glimpse},
};
use wlc_plan::{digest::Digest, name::AbsolutePath};

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

/// An attempt of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) workload: String,
    pub(super) run: String,
    pub(super) index: u32,
    /// Which attempt of the number.
    pub(super) number: u32,
}

impl Attempt {
    /// What the labels of a pod say; none where it is of no job.
    pub(super) fn of(labels: &BTreeMap<String, String>) -> Option<Self> {
        let number = |key: &str| labels.get(key)?.parse().ok();
        Some(Self {
            workload: labels.get("dev.wlc.workload")?.clone(),
            run: labels.get("dev.wlc.run")?.clone(),
            index: number("dev.wlc.index")?,
            number: number("dev.wlc.try")?,
        })
    }
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
    /// The attempt that it is, of a job.
    pub(super) attempt: Option<Attempt>,
    pub(super) state: ContainerState,
    /// Whether its pod has its network.
    pub(super) is_connected: bool,
    /// Whether the folders of its pod's configs are there.
    pub(super) has_folders: bool,
    /// Whether its post-start hook ended well.
    pub(super) is_hooked: bool,
    /// The contents of its mounts that are swapped in place, with their path.
    pub(super) contents: Vec<(AbsolutePath, Digest)>,
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

/// All containers of ours, sorted by their replicas, from how they were before: little changes at once.
pub(super) fn look_again(before: Vec<Seen>, glimpse: Glimpse<'_>) -> Vec<Seen> {
    let own = glimpse.containers().filter(|one| one.labels.contains_key(CONTAINER) && one.pod.starts_with("wlc.f."));
    let mut before: Vec<Option<Seen>> = before.into_iter().map(Some).collect();
    let mut at = 0;
    let mut take = |id: &str| {
        let is_it = |one: &Option<Seen>| one.as_ref().is_some_and(|one| one.id == id);
        // Nearly always they stand in the same order.
        let found = before[at..].iter().position(is_it).map(|behind| at + behind);
        at = found.or_else(|| before[..at].iter().position(is_it))?;
        before[at].take()
    };
    let mut seen: Vec<Seen> =
        own.map(|one| take(one.id).map_or_else(|| Seen::new(&one), |seen| seen.now(&one))).collect();
    seen.sort_by(|one, other| one.replica.cmp(&other.replica));
    seen
}

impl Seen {
    fn new(one: &Glanced<'_>) -> Self {
        let label = |labels: &BTreeMap<String, String>, key: &str| labels.get(key).cloned().unwrap_or_default();
        let seen = Self {
            pod: one.pod.to_owned(),
            name: String::new(),
            container: label(one.labels, CONTAINER),
            id: one.id.to_owned(),
            replica: label(one.pod_labels, "dev.wlc.replica"),
            revision: label(one.pod_labels, "dev.wlc.revision"),
            attempt: Attempt::of(one.pod_labels),
            state: one.state,
            is_connected: false,
            has_folders: false,
            is_hooked: false,
            contents: Vec::new(),
        };
        seen.now(one)
    }

    /// The same container as it is now: its labels and its pod stay.
    fn now(mut self, one: &Glanced<'_>) -> Self {
        if self.name != one.name {
            self.name = one.name.to_owned();
        }
        let own = || one.contents.iter().filter(|((of, _), _)| of.as_str() == self.container);
        if !own()
            .map(|((_, path), digest)| (path, digest))
            .eq(self.contents.iter().map(|(path, digest)| (path, digest)))
        {
            self.contents = own().map(|((_, path), digest)| (path.clone(), *digest)).collect();
        }
        self.state = one.state;
        self.is_connected = one.sandbox == Sandbox::Up;
        self.has_folders = one.folders == PodFolders::There;
        self.is_hooked = one.is_hooked;
        self
    }
}
