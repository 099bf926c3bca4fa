//! What a pod is made of: complete, with every default filled in.
//!
//! A spec holds the pod template and nothing about its place: no host port, no device, no address. It is a file of its
//! own, named by its digest, and shared by all nodes that use it.

pub mod life;
mod mount;
pub mod probe;
mod security;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    format::Format,
    gate::After,
    name::{AbsolutePath, ContainerName, EnvName, FileKey, LabelKey, PortName, SecretName, VolumeName},
    quantity::{Bytes, Cpu, Millis},
};

pub use self::{
    life::{ContainerRole, Hook, Hooks, MessagePolicy, TerminationMessage},
    mount::{
        Access, ConfigFiles, ConfigMount, EmptyDir, EndpointFiles, FieldFile, FileSource, FilesMount, Item, Medium,
        Mount, MountSource, NodePath, OnChange, OnSwap, PathKind, Propagation, SecretFiles, TextFile, View,
        VolumeSource,
    },
    probe::{Command, GrpcProbe, HttpProbe, Probe, ProbeHandler, Probes, TcpProbe},
    security::{Device, DeviceFile, Process, Profile, Security, Selinux, Ulimit},
    surroundings::{Dns, FsGroup, FsGroupChange, HostEntry, LogDriver, Processes, Surroundings, Users, Whose},
};

/// A pod template. Kubernetes: `spec.template.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodSpec {
    /// The oldest format that can say all of it.
    pub format: Format,
    /// The containers in the order in which they are started.
    pub containers: Vec<ContainerSpec>,
    /// The volumes that the containers mount by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<VolumeName, VolumeSource>,
    /// When a container that ended is started again.
    pub restart: RestartPolicy,
    /// How long a stop may take before SIGKILL. Kubernetes: `terminationGracePeriodSeconds`.
    pub grace: Millis,
    /// How long the pod may run before it is stopped and has failed. Kubernetes: `activeDeadlineSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Millis>,
    /// The author's word that rolls a workload by itself, as in `restarted "2026-11-23"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<String>,
    /// What it shares with its node, and what it has for itself.
    #[serde(default, skip_serializing_if = "Surroundings::is_default")]
    pub surroundings: Surroundings,
}

/// When a container that ended is started again. Kubernetes: `restartPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Whatever its exit code.
    Always,
    /// When its exit code is not 0.
    OnFailure,
    /// Never.
    Never,
}

/// One container. Kubernetes: `containers[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerSpec {
    /// Its name, unique in the pod.
    pub name: ContainerName,
    /// What it is in its pod.
    #[serde(default, skip_serializing_if = "ContainerRole::is_main")]
    pub role: ContainerRole,
    /// The image that it runs.
    pub image: Image,
    /// Which containers of the pod it waits for before its first start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<After<ContainerName>>,
    /// Replaces the image's entry point and its arguments; empty: the image's. Kubernetes: `command`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Replaces the image's arguments; empty: the image's, unless `command` is given. Kubernetes: `args`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Directory in which the command starts; none: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<AbsolutePath>,
    /// Environment variables in the order of the file, since later ones may use earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVariable>,
    /// Ports that it listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortSpec>,
    /// What is mounted where, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// CPU and memory.
    #[serde(default, skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    /// Users, capabilities and the like.
    #[serde(default, skip_serializing_if = "Security::is_default")]
    pub security: Security,
    /// Its probes.
    #[serde(default, skip_serializing_if = "Probes::is_empty")]
    pub probes: Probes,
    /// What runs after its start and before its stop.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// When it is started again after it ended; none: as the pod says. Kubernetes: its own `restartPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<RestartPolicy>,
    /// Where it leaves its last words.
    #[serde(default, skip_serializing_if = "TerminationMessage::is_default")]
    pub termination_message: TerminationMessage,
    /// The signal that asks it to end, without `SIG`; none: the image's, else TERM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
}

impl ContainerSpec {
    /// A container that runs what its image says, and nothing else.
    pub fn new(name: ContainerName, image: Image) -> Self {
        Self {
            name,
            role: ContainerRole::Main,
            image,
            after: Vec::new(),
            command: Vec::new(),
            args: Vec::new(),
            working_directory: None,
            env: Vec::new(),
            ports: Vec::new(),
            mounts: Vec::new(),
            resources: Resources::default(),
            security: Security::default(),
            probes: Probes::default(),
            hooks: Hooks::default(),
            restart: None,
            termination_message: TerminationMessage::default(),
            stop_signal: None,
        }
    }
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its name and tag as written, `registry.example/nginx:1.27`.
    pub name: String,
    /// The digest that it is pinned to, `sha256:…`; none where the tag is not resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When it is pulled.
    pub pull: PullPolicy,
}

/// When an image is pulled. Kubernetes: `imagePullPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullPolicy {
    /// At each start.
    Always,
    /// When the node does not have it.
    IfNotPresent,
    /// Never: it must be there.
    Never,
}

/// An environment variable. Kubernetes: `env[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvVariable {
    /// Its name.
    pub name: EnvName,
    /// Where its value comes from.
    pub value: EnvValue,
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvValue {
    /// The text itself; `$(NAME)` stands for an earlier variable, `$$` for `$`.
    Text(String),
    /// A field of the instance.
    Field(InstanceField),
    /// A key of a secret: its bytes are the node's. Podman writes them to the node's disk. Kubernetes: `secretKeyRef`.
    Secret(SecretValue),
}

/// A key of a secret as the value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretValue {
    /// The secret's name in the sources, and of its folder on the node.
    pub secret: SecretName,
    /// The key.
    pub key: FileKey,
    /// The secret's author's word for the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where the node does not have it, the variable is left out; otherwise it is waited for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
}

/// What an instance can tell its containers. Kubernetes: `valueFrom.fieldRef`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceField {
    /// The replica's name.
    Replica,
    /// The workload's name.
    Workload,
    /// The node's name.
    Node,
    /// The fleet's name.
    Fleet,
    /// The number of the workload's revision.
    Revision,
    /// The replica's number.
    Index,
    /// The address of the pod in the fleet's network, known once it has one. Kubernetes: `status.podIP`.
    Address,
    /// The value of a label of the workload; empty where it has none. Kubernetes: `metadata.labels['KEY']`.
    Label(LabelKey),
    /// What the instance tells under this word; empty where it tells nothing. Kubernetes: `status.hostIP`,
    /// `metadata.annotations['KEY']`, and limits that nobody set.
    Told(String),
}

/// A port that a container listens on. Kubernetes: `ports[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortSpec {
    /// Its name, unique in the pod.
    pub name: PortName,
    /// Its number inside the pod.
    pub number: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Whether a port of the node leads to it; which one stands in the binding.
    pub published: bool,
}

/// The protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// CPU and memory of a container. Kubernetes: `resources`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Set aside for it; the weight among containers when CPU is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<Cpu>,
    /// The most it may use, in each period of 100 ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Cpu>,
    /// Set aside for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<Bytes>,
    /// The most it may use, before the kernel ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<Bytes>,
    /// Huge pages, sorted by the size of a page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub huge_pages: Vec<HugePages>,
}

/// Huge pages of one size: set aside for a container, and the most that it may use. Kubernetes: `hugepages-<size>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HugePages {
    /// The size of a page.
    pub page: Bytes,
    /// How much in all.
    pub amount: Bytes,
}

impl Resources {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl PodSpec {
    /// These containers, and otherwise what Kubernetes has where nothing is written.
    pub fn new(containers: Vec<ContainerSpec>) -> Self {
        Self {
            format: Format::V1,
            containers,
            volumes: BTreeMap::new(),
            restart: RestartPolicy::Always,
            grace: Millis::from_seconds(30),
            deadline: None,
            restarted: None,
            surroundings: Surroundings::default(),
        }
    }

    /// The container of this name.
    pub fn container(&self, name: &ContainerName) -> Option<&ContainerSpec> {
        self.containers.iter().find(|container| container.name == *name)
    }

    /// When a container is started again after it ended: a sidecar always, an init container until it succeeds.
    pub fn restart_of(&self, container: &ContainerSpec) -> RestartPolicy {
        match (container.role, container.restart.unwrap_or(self.restart)) {
            (ContainerRole::Sidecar, _) => RestartPolicy::Always,
            (ContainerRole::Init, RestartPolicy::Always) => RestartPolicy::OnFailure,
            (ContainerRole::Init | ContainerRole::Main, policy) => policy,
        }
    }

    /// What the pod needs of something at once, where `of` tells what one of its containers needs (S-299, P-118): what
    /// stays runs side by side, an init container only beside the sidecars that stand before it.
    pub fn at_once(&self, of: impl Fn(&ContainerSpec) -> u64) -> u64 {
        let (mut staying, mut most) = (0_u64, 0_u64);
        for container in &self.containers {
            let needs = of(container);
            match container.role {
                ContainerRole::Init => most = most.max(staying.saturating_add(needs)),
                ContainerRole::Sidecar | ContainerRole::Main => staying = staying.saturating_add(needs),
            }
        }
        most.max(staying)
    }

    /// The claims that its containers mount.
    pub fn claims(&self) -> BTreeSet<&VolumeName> {
        let mounts = self.containers.iter().flat_map(|container| &container.mounts);
        mounts.filter_map(|mount| mount.source.claim()).collect()
    }

    /// The digests of all contents that a change of the revision would replace.
    pub fn contents(&self) -> impl Iterator<Item = Digest> {
        let of = |mount: &Mount| -> Vec<Digest> {
            match &mount.source {
                MountSource::Config(ConfigMount { on_change: OnChange::Restart(digest), .. }) => vec![*digest],
                MountSource::Files(files) => files.contents().collect(),
                MountSource::Config(_) | MountSource::Volume(_) | MountSource::Claim(_) => Vec::new(),
            }
        };
        self.containers.iter().flat_map(|container| &container.mounts).flat_map(of)
    }
}
