//! What a pass wants done, and what it waits for. Values only: they can be printed, compared and stored.
//!
//! One [`Task`] belongs to one replica and is carried out step by step; tasks of different replicas run side by side, so
//! that one broken workload never blocks another. A replica whose task is under way gets no second one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use wlc_plan::{
    binding::{CoreSet, DeviceBinding},
    digest::Digest,
    name::{AbsolutePath, ContainerName, ReplicaName, VolumeName, WorkloadName},
    need::FactNeed,
    node_plan::IpFamily,
    quantity::{Bytes, Millis},
    spec::{ContainerSpec, Hook, Image, NodePath, PodSpec, Resources, Surroundings, VolumeSource},
};

use crate::{
    clock::Moment,
    files::{EnvText, Files},
    podman::labels::PodLabels,
};

/// What is to be done for one replica, in order; the first failure ends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The replica.
    pub replica: ReplicaName,
    /// Its workload.
    pub workload: WorkloadName,
    /// The pod that is to be, or to go: failures are counted against it.
    pub pod: String,
    /// Why.
    pub reason: Reason,
    /// The steps.
    pub actions: Vec<Action>,
}

/// One step. Each is idempotent: done twice, it is done once.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Makes the fleet's network, which gives such addresses. One that gives others and that nobody is in goes before.
    MakeNetwork(IpFamily),
    /// Makes the pod with its volumes and the folders that it mounts; starts nothing.
    MakePod(Box<PodRequest>),
    /// Makes one attempt of a container in its pod, and starts it.
    RunContainer(Box<RunContainer>),
    /// Makes sure that an image is there, as its pull policy says.
    PullImage(Image),
    /// Runs the hook after a container's start, and notes how it ended.
    PostStart(Box<HookRun>),
    /// Lets a frozen container go on.
    Unpause {
        /// The container's name.
        container: String,
    },
    /// Takes a pod out of all lists of ready replicas, and waits until those who mount them were told.
    Drain(Drain),
    /// Lets a container have as much as it was made for.
    Limit {
        /// The container's name.
        container: String,
        /// How much.
        resources: Resources,
    },
    /// Takes a pod into the fleet's network again.
    Connect {
        /// The pod's name.
        pod: String,
    },
    /// Gives a container its own name back.
    Rename {
        /// Its own name.
        container: String,
        /// What somebody called it.
        called: String,
    },
    /// Asks containers to end, stage by stage, waits for their grace, and kills what is left.
    StopContainers(Box<Stop>),
    /// Removes a container that does not run.
    RemoveContainer {
        /// The container's name.
        container: String,
    },
    /// Removes a pod with whatever is left in it, the volumes that live as long as it, and its folders.
    RemovePod {
        /// The pod's name.
        pod: String,
    },
    /// Swaps the content of a mounted folder, signals, and records the digest beside it.
    SwapContent(Box<ContentSwap>),
    /// Swaps the files of a mounted folder, signals, and records their digest beside it.
    SwapFiles(Box<FilesSwap>),
    /// Looks whether the node has what a pod needs of it, before anything is changed.
    CheckNode(Box<NodeNeeds>),
    /// Removes the volume of a claim of a replica that has no pod any more.
    RemoveClaim {
        /// The replica.
        replica: ReplicaName,
        /// The claim.
        claim: VolumeName,
    },
}

/// A pod that goes, and leaves the lists of ready replicas first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// Its name: from then on it is not ready, and never will be again.
    pub pod: String,
    /// How long that may take at most; then it goes all the same.
    pub within: Millis,
}

/// The end of containers of one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The pod's name where all of it ends: from then on it is not ready, and never will be again.
    pub pod: Option<String>,
    /// The containers. Those of one stage are asked all at once, those of the next when they have ended.
    pub stages: Vec<Vec<StopOne>>,
    /// How long all of it may take.
    pub grace: Millis,
}

/// The end of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOne {
    /// Its name.
    pub container: String,
    /// What runs before it is asked to end.
    pub pre_stop: Option<HookCall>,
}

/// A hook, with the number of the port that it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    /// What it does.
    pub hook: Hook,
    /// The port inside the pod, where it asks one.
    pub port: Option<u16>,
}

/// A hook that runs right after the start of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRun {
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// The hook.
    pub call: HookCall,
}

/// A mounted folder that gets another content while its container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSwap {
    /// The pod's name.
    pub pod: String,
    /// The container.
    pub container: ContainerName,
    /// The mount.
    pub path: AbsolutePath,
    /// Permission bits of its files.
    pub mode: u16,
    /// The new content.
    pub content: Digest,
    /// Who is told about it.
    pub signal: Option<ContentSignal>,
}

/// Mounted files that are swapped while their container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesSwap {
    /// The pod's name.
    pub pod: String,
    /// The container.
    pub container: ContainerName,
    /// The files.
    pub files: Files,
    /// Who is told about it.
    pub signal: Option<ContentSignal>,
}

/// What a pod needs of its node: paths that must be of their kind, devices that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeNeeds {
    /// Paths of the node.
    pub paths: Vec<NodePath>,
    /// Device files.
    pub devices: Vec<AbsolutePath>,
    /// Names of the Container Device Interface.
    pub cdi: Vec<String>,
    /// What the choice of the node leaned on.
    pub facts: Vec<FactNeed>,
    /// Cores that are its own.
    pub cores: CoreSet,
    /// NUMA nodes whose memory it uses.
    pub numa: CoreSet,
    /// Sizes of huge pages.
    pub pages: BTreeSet<Bytes>,
}

impl NodeNeeds {
    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A signal to the main process of a container whose content was swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSignal {
    /// The container's name: that of its newest attempt.
    pub container: String,
    /// The signal without `SIG`.
    pub signal: String,
}

/// A pod as it is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRequest {
    /// What its labels say; its name follows from them.
    pub labels: PodLabels,
    /// Its spec: volumes, mounts and contents.
    pub spec: PodSpec,
    /// Host ports: (container, port name) with number, protocol and address.
    pub ports: Vec<PublishedPort>,
    /// Contents that are swapped in place, as they are now.
    pub contents: BTreeMap<(ContainerName, AbsolutePath), Digest>,
    /// Claims whose volumes are made where they are not there.
    pub claims: Vec<VolumeName>,
}

/// A port of the node that leads to a port of the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// The address that listens; none: all.
    pub address: Option<std::net::IpAddr>,
    /// The port of the node.
    pub host: u16,
    /// The port inside the pod.
    pub inside: u16,
    /// The protocol.
    pub protocol: wlc_plan::spec::Protocol,
}

/// One attempt of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct RunContainer {
    /// The pod's labels.
    pub pod: PodLabels,
    /// The attempt, from 0.
    pub attempt: u32,
    /// The container's spec.
    pub spec: ContainerSpec,
    /// The pod's volumes, which its mounts name.
    pub volumes: BTreeMap<VolumeName, VolumeSource>,
    /// What the pod shares with its node, and what it has for itself.
    pub surroundings: Surroundings,
    /// The pod's grace.
    pub grace: Millis,
    /// Environment with fields and `$(NAME)` filled in, in order; secrets stand in it by name.
    pub env: Vec<(String, EnvText)>,
    /// The files that it mounts, put down anew before it starts.
    pub files: Vec<Files>,
    /// Cores that are its pod's own; none: it shares the node's.
    pub cores: CoreSet,
    /// NUMA nodes whose memory alone it uses; none: that of all.
    pub numa: CoreSet,
    /// Devices that placement gave it.
    pub devices: Vec<DeviceBinding>,
}

/// Why a task is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The replica is new on this node.
    New,
    /// Its pod is of another revision or binding than the plan asks for.
    Changed,
    /// A container ended and runs again.
    Ended {
        /// Which.
        container: ContainerName,
        /// Its exit code, where it is known.
        code: Option<i32>,
    },
    /// A liveness or startup probe failed.
    Probe {
        /// Which container.
        container: ContainerName,
        /// What the probe saw.
        saw: String,
    },
    /// A post-start hook failed.
    Hook {
        /// Of which container.
        container: ContainerName,
        /// How.
        saw: String,
    },
    /// Somebody changed a container by hand, and it is put right.
    ByHand {
        /// Which.
        container: ContainerName,
        /// What it is instead of being as it was made.
        what: String,
    },
    /// Somebody took its pod off the fleet's network, and it is put back.
    OffNetwork,
    /// A half-made pod is completed.
    Incomplete,
    /// The pod's infra container is gone, or the machine was booted since.
    SandboxLost,
    /// The replica is in no plan any more.
    Left,
    /// A second pod of a replica that may have one.
    Surplus,
    /// The pod that takes its place is ready.
    Succeeded,
    /// What the pod is for is done, and its sidecars end.
    Done,
    /// Its job has ended, is suspended, or has fewer places.
    Over,
    /// Somebody wants it to be made anew.
    Asked,
    /// An old attempt, or what a pod left behind, is no longer needed.
    Tidy,
    /// The folders of the pod's configs are gone.
    ConfigsLost,
    /// A mounted content changed.
    Content,
    /// The workload or the replica is gone, and so is what its claims held.
    ClaimsGo,
    /// The machine shuts down.
    Shutdown,
}

impl Action {
    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MakeNetwork(_) => "make-network",
            Self::MakePod(_) => "make-pod",
            Self::RunContainer(_) => "run-container",
            Self::PullImage(_) => "pull-image",
            Self::PostStart(_) => "post-start",
            Self::Limit { .. } => "limit",
            Self::Connect { .. } => "connect",
            Self::Rename { .. } => "rename",
            Self::Unpause { .. } => "unpause",
            Self::Drain(_) => "drain",
            Self::StopContainers(_) => "stop-containers",
            Self::RemoveContainer { .. } => "remove-container",
            Self::RemovePod { .. } => "remove-pod",
            Self::SwapContent(_) => "swap-content",
            Self::SwapFiles(_) => "swap-files",
            Self::CheckNode(_) => "check-node",
            Self::RemoveClaim { .. } => "remove-claim",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeNetwork(IpFamily::Ipv4) => formatter.write_str("make the network"),
            Self::MakeNetwork(IpFamily::Dual) => formatter.write_str("make the network of IPv4 and IPv6"),
            Self::MakePod(request) => write!(formatter, "make pod {}", request.labels.pod_name()),
            Self::RunContainer(request) => {
                let name = request.pod.container_name(&request.spec.name, request.attempt);
                write!(formatter, "run container {name}")
            }
            Self::PullImage(image) => write!(formatter, "pull image {}", image.name),
            Self::PostStart(run) => write!(formatter, "run the post-start hook of {}", run.container),
            Self::Limit { container, .. } => write!(formatter, "let {container} have what it was made for"),
            Self::Connect { pod } => write!(formatter, "take {pod} into the network again"),
            Self::Rename { container, called } => write!(formatter, "call `{called}` {container} again"),
            Self::Unpause { container } => write!(formatter, "let {container} go on"),
            Self::Drain(drain) => write!(formatter, "drain {} within {}", drain.pod, drain.within),
            Self::StopContainers(stop) => write!(formatter, "{stop}"),
            Self::RemoveContainer { container } => write!(formatter, "remove container {container}"),
            Self::RemovePod { pod } => write!(formatter, "remove pod {pod}"),
            Self::SwapFiles(swap) => {
                write!(formatter, "swap {} of `{}` in {}", swap.files.path, swap.container, swap.pod)
            }
            Self::CheckNode(_) => formatter.write_str("look at the node"),
            Self::RemoveClaim { replica, claim } => {
                write!(formatter, "remove claim `{claim}` of {replica} and its data")
            }
            Self::SwapContent(swap) => write!(formatter, "swap {} of `{}` in {}", swap.path, swap.container, swap.pod),
        }
    }
}

impl Stop {
    /// The end of one container.
    pub fn one(container: &str, grace: Millis) -> Self {
        let container = container.to_owned();
        Self { pod: None, stages: vec![vec![StopOne { container, pre_stop: None }]], grace }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |stage: &Vec<StopOne>| stage.iter().map(|one| one.container.as_str()).collect::<Vec<_>>().join(", ");
        let stages: Vec<String> = self.stages.iter().map(names).collect();
        write!(formatter, "stop {} within {}", stages.join(", then "), self.grace)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => formatter.write_str("new in the plan"),
            Self::Changed => formatter.write_str("the plan asks for another revision or binding"),
            Self::Ended { container, code: Some(code) } => write!(formatter, "`{container}` ended with {code}"),
            Self::Ended { container, code: None } => write!(formatter, "`{container}` ended, its result is not known"),
            Self::Probe { container, saw } => write!(formatter, "a probe of `{container}` failed: {saw}"),
            Self::Hook { container, saw } => write!(formatter, "the post-start hook of `{container}` failed: {saw}"),
            Self::ByHand { container, what } => write!(formatter, "`{container}` is {what}, by somebody else"),
            Self::OffNetwork => formatter.write_str("its pod is off the fleet's network, by somebody else"),
            Self::Incomplete => formatter.write_str("the pod is not complete"),
            Self::SandboxLost => formatter.write_str("the pod's infra container is gone"),
            Self::Left => formatter.write_str("not in the plan any more"),
            Self::Surplus => formatter.write_str("a second pod of this replica"),
            Self::Over => formatter.write_str("its job wants it no more"),
            Self::Asked => formatter.write_str("somebody asked for it"),
            Self::Succeeded => formatter.write_str("the pod that takes its place is ready"),
            Self::Done => formatter.write_str("what the pod is for is done"),
            Self::Tidy => formatter.write_str("what is left of it is no longer needed"),
            Self::ConfigsLost => formatter.write_str("the folders of its configs are gone"),
            Self::Content => formatter.write_str("a mounted content changed"),
            Self::Shutdown => formatter.write_str("the machine shuts down"),
            Self::ClaimsGo => formatter.write_str("its claims are deleted, as its workload says"),
        }
    }
}

/// What a replica waits for, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The replica.
    pub replica: ReplicaName,
    /// The workload.
    pub workload: WorkloadName,
    /// The word for the kind of wait: `slot`, `after`, `back-off`, `probe`, `min-ready`, `task`, `refused`, …
    pub gate: &'static str,
    /// The sentence that status shows.
    pub reason: String,
    /// When it is looked at again at the latest, where the clock decides.
    pub until: Option<Moment>,
    /// The replicas that it waits for.
    pub on: Vec<ReplicaName>,
}
