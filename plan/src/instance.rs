//! An instance: a replica that has been placed on a node, complete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    binding::Binding,
    digest::Digest,
    gate::StepGate,
    job::Work,
    name::{
        AbsolutePath, ConfigName, ContainerName, LabelKey, LabelValue, ReplicaName, SecretName, VolumeName,
        WorkloadName,
    },
    need::FactNeed,
    restarts::FlapLimit,
    revision::Revision,
    rollout::Rollout,
};

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadKind {
    /// A number of equal replicas.
    Deployment,
    /// Replicas with an identity each.
    StatefulSet,
    /// One replica on each eligible node.
    DaemonSet,
    /// Runs to its end.
    Job,
    /// Makes jobs by the clock.
    CronJob,
}

impl WorkloadKind {
    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "stateful-set",
            Self::DaemonSet => "daemon-set",
            Self::Job => "job",
            Self::CronJob => "cron-job",
        }
    }
}

/// A replica placed on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Its name.
    pub replica: ReplicaName,
    /// The workload that it is a replica of.
    pub workload: WorkloadName,
    /// The workload's kind.
    pub kind: WorkloadKind,
    /// The workload's labels. They never restart a pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// What its variables and files tell that belongs to its node or its workload, by word. It never restarts a pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, String>,
    /// The revision that is asked for.
    pub spec: SpecRef,
    /// Older revisions that it may still have to run, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<SpecRef>,
    /// Contents that are swapped in place instead of being part of the revision, sorted by container and path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<SwappedContent>,
    /// Sources of mounted files that are swapped in place instead of being part of the revision, sorted by container and path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SwappedSources>,
    /// What placement gave it.
    pub binding: Binding,
    /// What the choice of its node leaned on, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leans_on: Vec<FactNeed>,
    /// How often its containers may end before they stay down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flap_limit: Option<FlapLimit>,
    /// How it is replaced.
    pub rollout: Rollout,
    /// What its steps wait for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<StepGate>,
    /// What runs in its place, of a job or cron job; its other instances on the node say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Box<Work>>,
}

/// A revision and the file that describes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecRef {
    /// The number that counts the revisions of the workload, from 1.
    pub number: u32,
    /// The revision.
    pub revision: Revision,
    /// Digest of the spec's file.
    pub spec: Digest,
}

/// A content that is mounted with an `on-change` other than `restart`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwappedContent {
    /// The container.
    pub container: ContainerName,
    /// The path of its mount.
    pub path: AbsolutePath,
    /// Digest of the content's file.
    pub content: Digest,
}

/// Sources of a mount of files with an `on-change` other than `restart`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwappedSources {
    /// The container.
    pub container: ContainerName,
    /// The path of its mount.
    pub path: AbsolutePath,
    /// Digests of the contents of its configs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<ConfigName, Digest>,
    /// Versions of its secrets, where their author gave them one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<SecretName, String>,
}

/// A replica that must leave its node in order, or leaves volumes behind.
///
/// How its pod is stopped stands in the spec that the pod was started with, which the agent keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// Its name.
    pub replica: ReplicaName,
    /// The workload that it was a replica of.
    pub workload: WorkloadName,
    /// The workload's kind.
    pub kind: WorkloadKind,
    /// Claims whose volumes are removed once the pod is gone; all others are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_claims: Vec<VolumeName>,
    /// What its leaving waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<StepGate>,
}
