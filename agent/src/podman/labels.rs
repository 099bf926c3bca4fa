//! Names and labels of our pods and containers: how the agent knows again what is its own.
//!
//! Labels are facts that never change, since Podman cannot relabel. A pod's name follows from its labels, and pods cannot
//! be renamed: copied labels on a foreign pod therefore give it away. Containers can be: one of ours is known by its labels,
//! unless another one has them and the name that they give.

use std::collections::BTreeMap;

use wlc_plan::{
    binding::{Binding, Turn},
    digest::Digest,
    format::Format,
    name::{ContainerName, FleetName, ReplicaName, VolumeName, WorkloadName},
    revision::Revision,
};

use crate::mutant::{self, Mutant};

/// What the labels of a pod say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodLabels {
    /// `dev.wlc.fleet`
    pub fleet: FleetName,
    /// `dev.wlc.workload`
    pub workload: WorkloadName,
    /// `dev.wlc.replica`
    pub replica: ReplicaName,
    /// `dev.wlc.revision`
    pub revision: Revision,
    /// `dev.wlc.binding`
    pub binding: Digest,
    /// `dev.wlc.format`
    pub format: Format,
    /// Which attempt of which run it is, of a job.
    pub run: Option<RunLabels>,
}

/// What the labels of a job's pod say of its run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunLabels {
    /// `dev.wlc.run`: its author's word for the run; of a cron job the time of its slot.
    pub run: String,
    /// `dev.wlc.index`: the number of the completion.
    pub index: u32,
    /// `dev.wlc.try`: which attempt of it, from 0.
    pub attempt: u32,
}

/// What a container's labels say beyond those of its pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerLabels {
    /// The labels of its pod.
    pub pod: PodLabels,
    /// `dev.wlc.container`
    pub container: ContainerName,
    /// `dev.wlc.attempt`
    pub attempt: u32,
}

/// The label that every object of a fleet carries.
pub const FLEET: &str = "dev.wlc.fleet";
const WORKLOAD: &str = "dev.wlc.workload";
const REPLICA: &str = "dev.wlc.replica";
const REVISION: &str = "dev.wlc.revision";
const BINDING: &str = "dev.wlc.binding";
const RUN: &str = "dev.wlc.run";
const INDEX: &str = "dev.wlc.index";
const TRY: &str = "dev.wlc.try";
const FORMAT: &str = "dev.wlc.format";
const CONTAINER: &str = "dev.wlc.container";
const ATTEMPT: &str = "dev.wlc.attempt";
const VOLUME: &str = "dev.wlc.volume";
const CLAIM: &str = "dev.wlc.claim";
const NAMED: &str = "dev.wlc.named";

/// The labels of a pod, which all that is in it repeats.
const OF_PODS: [&str; 9] = [FLEET, WORKLOAD, REPLICA, REVISION, BINDING, FORMAT, RUN, INDEX, TRY];

/// What the labels of a volume say that lives as long as its pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeLabels {
    /// The labels of its pod.
    pub pod: PodLabels,
    /// `dev.wlc.volume`
    pub volume: VolumeName,
}

/// What the labels of the volume of a claim say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLabels {
    /// `dev.wlc.fleet`
    pub fleet: FleetName,
    /// `dev.wlc.replica`
    pub replica: ReplicaName,
    /// `dev.wlc.claim`
    pub claim: VolumeName,
}

impl ClaimLabels {
    /// The labels of a claim of a replica.
    pub fn new(fleet: &FleetName, replica: &ReplicaName, claim: &VolumeName) -> Self {
        Self { fleet: fleet.clone(), replica: replica.clone(), claim: claim.clone() }
    }

    /// `wlc.<fleet>.<replica>.<claim>`
    pub fn volume_name(&self) -> String {
        format!("wlc.{}.{}.{}", self.fleet, self.replica, self.claim)
    }

    /// The labels as Podman stores them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let Self { fleet, replica, claim } = self;
        [(FLEET, fleet.to_string()), (REPLICA, replica.to_string()), (CLAIM, claim.to_string())]
            .map(|(key, value)| (key.to_owned(), value))
            .into()
    }

    /// Whether a volume of this name and these labels is ours: its name is the one that the labels give.
    pub fn own(name: &str, labels: &BTreeMap<String, String>, fleet: &FleetName) -> Option<Self> {
        let read = Self {
            fleet: FleetName::parse(labels.get(FLEET)?).ok()?,
            replica: ReplicaName::parse(labels.get(REPLICA)?).ok()?,
            claim: VolumeName::parse(labels.get(CLAIM)?).ok()?,
        };
        Some(read).filter(|read| read.fleet == *fleet && read.volume_name() == name)
    }
}

/// What the labels of a volume say that all who name it share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedLabels {
    /// `dev.wlc.fleet`
    pub fleet: FleetName,
    /// `dev.wlc.named`
    pub volume: VolumeName,
}

impl NamedLabels {
    /// `wlc.<fleet>.<volume>`
    pub fn volume_name(&self) -> String {
        format!("wlc.{}.{}", self.fleet, self.volume)
    }

    /// The labels as Podman stores them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        [(FLEET, self.fleet.to_string()), (NAMED, self.volume.to_string())]
            .map(|(key, value)| (key.to_owned(), value))
            .into()
    }

    /// Whether a volume of this name and these labels is ours: its name is the one that the labels give.
    pub fn own(name: &str, labels: &BTreeMap<String, String>, fleet: &FleetName) -> Option<Self> {
        let volume = VolumeName::parse(labels.get(NAMED)?).ok()?;
        let read = Self { fleet: FleetName::parse(labels.get(FLEET)?).ok()?, volume };
        Some(read).filter(|read| read.fleet == *fleet && read.volume_name() == name)
    }
}

impl PodLabels {
    /// The labels of a pod that holds `binding` in this turn.
    pub fn new(
        fleet: &FleetName,
        workload: &WorkloadName,
        replica: &ReplicaName,
        revision: Revision,
        binding: (&Binding, Turn),
    ) -> Self {
        Self {
            fleet: fleet.clone(),
            workload: workload.clone(),
            replica: replica.clone(),
            revision,
            binding: binding.0.digest(binding.1),
            format: Format::NEWEST,
            run: None,
        }
    }

    /// `wlc.<fleet>.<replica>.<8 digits of the digest of revision and binding>`; of a job's attempt, of run and attempt too.
    pub fn pod_name(&self) -> String {
        let digest = self.revision.pod_digest(&self.binding);
        let digest = self.run.as_ref().map_or(digest, |run| run.digest(digest));
        format!("wlc.{}.{}.{}", self.fleet, self.replica, digest.short(8))
    }

    /// The fleet's network: `wlc.<fleet>`.
    pub fn network_name(fleet: &FleetName) -> String {
        format!("wlc.{fleet}")
    }

    /// The pod's name and the volume's.
    pub fn volume_name(&self, volume: &VolumeName) -> String {
        format!("{}.{volume}", self.pod_name())
    }

    /// The pod's name, the container's and the attempt.
    pub fn container_name(&self, container: &ContainerName, attempt: u32) -> String {
        format!("{}.{container}.{attempt}", self.pod_name())
    }

    /// The labels as Podman stores them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let always = [
            (FLEET, self.fleet.to_string()),
            (WORKLOAD, self.workload.to_string()),
            (REPLICA, self.replica.to_string()),
            (REVISION, self.revision.to_string()),
            (BINDING, self.binding.to_string()),
            (FORMAT, self.format.number().to_string()),
        ];
        let of_run = self.run.iter().flat_map(|RunLabels { run, index, attempt }| {
            [(RUN, run.clone()), (INDEX, index.to_string()), (TRY, attempt.to_string())]
        });
        always.into_iter().chain(of_run).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Reads labels; none where one is missing or is not of its form.
    pub fn read(labels: &BTreeMap<String, String>) -> Option<Self> {
        let text = |key: &str| labels.get(key).map(String::as_str);
        Some(Self {
            fleet: FleetName::parse(text(FLEET)?).ok()?,
            workload: WorkloadName::parse(text(WORKLOAD)?).ok()?,
            replica: ReplicaName::parse(text(REPLICA)?).ok()?,
            revision: Revision::parse(text(REVISION)?).ok()?,
            binding: Digest::parse(text(BINDING)?).ok()?,
            format: Format::try_from(text(FORMAT)?.parse::<u32>().ok()?).ok()?,
            run: match text(RUN) {
                None => None,
                Some(run) => Some(RunLabels {
                    run: run.to_owned(),
                    index: text(INDEX)?.parse().ok()?,
                    attempt: text(TRY)?.parse().ok()?,
                }),
            },
        })
    }

    /// Whether a pod of this name and these labels is ours: its name is the one that the labels give.
    pub fn own(name: &str, labels: &BTreeMap<String, String>, fleet: &FleetName) -> Option<Self> {
        let has_name = |read: &Self| read.pod_name() == name || mutant::is(Mutant::ForeignTouched);
        Self::read(labels).filter(|read| read.fleet == *fleet && has_name(read))
    }
}

impl RunLabels {
    /// The digest at the end of the name of an attempt's pod.
    fn digest(&self, of_pod: Digest) -> Digest {
        let Self { run, index, attempt } = self;
        let (index, attempt) = (index.to_string(), attempt.to_string());
        let parts = [of_pod.to_string(), run.clone(), index, attempt];
        Digest::of_parts("wlc-run-1", &parts.each_ref().map(|part| part.as_bytes()))
    }
}

impl ContainerLabels {
    /// The labels as Podman stores them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut map = self.pod.to_map();
        map.insert(CONTAINER.to_owned(), self.container.to_string());
        map.insert(ATTEMPT.to_owned(), self.attempt.to_string());
        map
    }

    /// Reads labels; none where one is missing or is not of its form.
    pub fn read(labels: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            pod: PodLabels::read(labels)?,
            container: ContainerName::parse(labels.get(CONTAINER)?).ok()?,
            attempt: labels.get(ATTEMPT)?.parse().ok()?,
        })
    }
}

impl ContainerLabels {
    /// Its name.
    pub fn container_name(&self) -> String {
        self.pod.container_name(&self.container, self.attempt)
    }

    /// Which container and attempt one inside a pod is, where it is ours: as [`Self::own`] says it. The labels of the pod are
    /// given as Podman stores them and as they were read: what repeats them to the letter need not be read.
    pub fn part(
        labels: &BTreeMap<String, String>,
        (written, pod): (&BTreeMap<String, String>, &PodLabels),
    ) -> Option<(ContainerName, u32)> {
        if OF_PODS.iter().all(|key| labels.get(*key) == written.get(*key)) {
            let attempt = labels.get(ATTEMPT)?.parse().ok()?;
            return Some((ContainerName::parse(labels.get(CONTAINER)?).ok()?, attempt));
        }
        Self::own(labels, pod).map(|own| (own.container, own.attempt))
    }

    /// Whether a container inside the pod with the labels `pod` is an attempt of ours: its labels repeat those of the
    /// pod. Podman lets people call it something else than they give.
    pub fn own(labels: &BTreeMap<String, String>, pod: &PodLabels) -> Option<Self> {
        Self::read(labels).filter(|read| read.pod == *pod)
    }
}

impl VolumeLabels {
    /// The labels as Podman stores them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut map = self.pod.to_map();
        map.insert(VOLUME.to_owned(), self.volume.to_string());
        map
    }

    /// Whether a volume of this name and these labels is ours: its name is the one that the labels give.
    pub fn own(name: &str, labels: &BTreeMap<String, String>, fleet: &FleetName) -> Option<Self> {
        let pod = PodLabels::read(labels)?;
        let volume = VolumeName::parse(labels.get(VOLUME)?).ok()?;
        Some(Self { pod, volume }).filter(|read| read.pod.fleet == *fleet && read.pod.volume_name(&read.volume) == name)
    }
}
