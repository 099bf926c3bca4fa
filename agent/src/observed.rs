//! What Podman reported, in our words.
//!
//! A pass sees one [`Observed`]: everything of this fleet that exists on the node, and nothing that is not ours. A pod is
//! ours when its name is the one that its labels give; a container when it carries our labels inside such a pod.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use wlc_plan::{
    digest::Digest,
    name::{AbsolutePath, ContainerName, FileKey, ReplicaName, SecretName, WorkloadName},
    node_plan::IpFamily,
    quantity::{Bytes, Cpu, Millis},
    revision::Revision,
};

use crate::{clock::Moment, podman::labels::RunLabels};

/// Everything of this fleet on this node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Our pods, sorted by replica and name.
    pub pods: Vec<Arc<ObservedPod>>,
    /// Which addresses the fleet's network gives, where it exists.
    pub network: Option<IpFamily>,
    /// Names of our volumes, those of pods and those of claims.
    pub volumes: BTreeSet<String>,
    /// The keys of secrets that the node has, each with a digest of its bytes, which is never written to a disk.
    pub secrets: BTreeMap<(SecretName, FileKey), Digest>,
    /// How full the file system of images and containers is, in whole percent; none where it is not known.
    pub store_percent: Option<u8>,
    /// Names of pods that are gone, or not made yet, of which volumes or folders of ours are there. Removing such a pod
    /// removes them.
    pub leftovers: BTreeSet<String>,
}

/// A pod of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPod {
    /// Podman's id.
    pub id: String,
    /// `wlc.<fleet>.<replica>.<8 digits>`.
    pub name: String,
    /// The replica that it is a pod of.
    pub replica: ReplicaName,
    /// The workload of the replica.
    pub workload: WorkloadName,
    /// The revision that it was made from.
    pub revision: Revision,
    /// Digest of the binding that it holds.
    pub binding: Digest,
    /// Which attempt of which run it is, of a job.
    pub run: Option<RunLabels>,
    /// Whether its infra container runs; without it the pod takes no container and must be made anew.
    pub sandbox: Sandbox,
    /// When its stop began, where it has: it is never ready again.
    pub stopping: Option<Moment>,
    /// Its address in the fleet's network, while the infra container runs.
    pub address: Option<PodAddress>,
    /// Whether it is in the fleet's network. A pod in the network of the node never is.
    pub is_on_network: bool,
    /// When it was made.
    pub created: Moment,
    /// Digest of each content that is swapped in place: the one that the pod was made with, or the one that was recorded
    /// after the last swap and its signal.
    pub contents: BTreeMap<(ContainerName, AbsolutePath), Digest>,
    /// Whether the folders that it mounts its configs from are there.
    pub folders: PodFolders,
    /// Secrets whose bytes the node changed since one of its containers was given them.
    pub stale: BTreeSet<SecretName>,
    /// Its containers but the infra container, sorted by name and attempt.
    pub containers: Vec<ObservedContainer>,
}

/// Where a pod is reached in the fleet's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodAddress {
    /// Its address; of IPv4, where it has one.
    pub first: IpAddr,
    /// Its address of IPv6 beside one of IPv4.
    pub second: Option<Ipv6Addr>,
}

/// Whether the folders that a pod mounts its configs from are there. A pod without configs needs none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodFolders {
    /// They are there.
    There,
    /// They are not: what the containers see is empty.
    Lost,
}

/// The state of a pod's infra container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sandbox {
    /// Made, never started.
    Created,
    /// Running.
    Up,
    /// Ended, gone, or of before the last boot.
    Down,
}

/// A container of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedContainer {
    /// Podman's id.
    pub id: String,
    /// The pod's name, the container's name and the attempt. By this name it is known, whatever it is called now.
    pub name: String,
    /// What somebody called it instead.
    pub called: Option<String>,
    /// Which container of the spec it is.
    pub container: ContainerName,
    /// Which run of it, from 0.
    pub attempt: u32,
    /// How it is.
    pub state: ContainerState,
    /// What the kernel lets it have while it runs, where that can be seen.
    pub allowance: Option<Allowance>,
    /// How its post-start hook ended, where it has.
    pub post_start: Option<HookOutcome>,
    /// The step of its stop that is under way.
    pub stop: Option<StopStep>,
    /// What is left of a run that ended.
    pub last_words: LastWords,
}

/// How much a container may have; none: as much as there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Memory.
    pub memory: Option<Bytes>,
    /// CPU.
    pub cpu: Option<Cpu>,
}

/// How a post-start hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookOutcome {
    /// Well.
    Done,
    /// Badly, and how.
    Failed(String),
}

/// A step of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopStep {
    /// The pre-stop hook runs.
    PreStop,
    /// It was asked to end, and has the rest of the grace.
    Signal,
    /// The grace is over, and it is killed.
    Kill,
}

/// What is left of a run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastWords {
    /// Whether the kernel ended it since its memory was short, as far as Podman knows.
    pub out_of_memory: bool,
    /// What it wrote into the file for its last words.
    pub message: String,
    /// The end of its log, where it failed.
    pub log: String,
}

/// How a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// Made, never started; or it ran before a power loss and its result is not known.
    Created,
    /// It runs.
    Running {
        /// Since when.
        started: Moment,
    },
    /// Frozen by somebody.
    Paused,
    /// A stop is under way.
    Stopping,
    /// It ended.
    Exited {
        /// Its exit code.
        code: i32,
        /// When it was started.
        started: Moment,
        /// When it ended.
        finished: Moment,
    },
}

/// By how much a time may lie ahead before it is plain that the clock was set back since.
pub(crate) const AHEAD: Millis = Millis::from_seconds(60);

impl Observed {
    /// The same, with starts that lie in the future taken as long ago: the clock was set back since.
    #[must_use]
    pub fn believing(mut self, now: Moment) -> Self {
        for container in self.pods.iter_mut().flat_map(|pod| &mut Arc::make_mut(pod).containers) {
            match &mut container.state {
                ContainerState::Running { started } if *started > now.plus(AHEAD) => *started = Moment(0),
                ContainerState::Running { .. }
                | ContainerState::Created
                | ContainerState::Paused
                | ContainerState::Stopping
                | ContainerState::Exited { .. } => {}
            }
        }
        self
    }

    /// Whether there is a pod of ours with this name.
    pub fn has_pod(&self, name: &str) -> bool {
        self.pods.iter().any(|pod| pod.name == name)
    }

    /// Our pods, sorted by replica and name.
    pub fn pods(&self) -> impl Iterator<Item = &ObservedPod> {
        self.pods.iter().map(Arc::as_ref)
    }

    /// The pods of a replica, usually none or one.
    pub fn pods_of<'a>(&'a self, replica: &'a ReplicaName) -> impl Iterator<Item = &'a ObservedPod> {
        let first = self.pods.partition_point(|pod| pod.replica < *replica);
        self.pods[first..].iter().map(Arc::as_ref).take_while(move |pod| pod.replica == *replica)
    }
}

impl ObservedContainer {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        match self.state {
            ContainerState::Running { .. } => true,
            ContainerState::Created
            | ContainerState::Paused
            | ContainerState::Stopping
            | ContainerState::Exited { .. } => false,
        }
    }
}

impl ObservedPod {
    /// The newest attempt of a container.
    pub fn newest(&self, name: &ContainerName) -> Option<&ObservedContainer> {
        self.containers.iter().filter(|container| container.container == *name).max_by_key(|one| one.attempt)
    }
}
