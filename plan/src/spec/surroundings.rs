//! What a pod shares with its node, and what it has for itself: namespaces, names, resolver, parameters of the kernel.

use std::{collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::{name::ReplicaName, quantity::Bytes};

/// The surroundings of a pod. By default it has a network, processes, memory and users as Podman gives them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surroundings {
    /// Whose network it uses. Kubernetes: `hostNetwork`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: Whose,
    /// Whose processes its containers see. Kubernetes: `hostPID`, `shareProcessNamespace`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub processes: Processes,
    /// Whose shared memory and semaphores it uses. Kubernetes: `hostIPC`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub memory: Whose,
    /// Whose users its users are. Kubernetes: `hostUsers`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub users: Users,
    /// Its host name; none: the replica's name. Kubernetes: `hostname`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<ReplicaName>,
    /// How it finds addresses of names. Kubernetes: `dnsConfig`, `dnsPolicy`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns: Dns,
    /// Lines of its `/etc/hosts`, in the order of the file. Kubernetes: `hostAliases`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_entries: Vec<HostEntry>,
    /// The size of `/dev/shm`; none: Podman's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shm_size: Option<Bytes>,
    /// Parameters of the kernel. Kubernetes: `securityContext.sysctls`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// The group of its volumes. Kubernetes: `securityContext.fsGroup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<FsGroup>,
    /// Where the output of its containers goes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub log: LogDriver,
}

impl Surroundings {
    /// Whether they are what Podman gives by itself.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose a namespace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The pod's own.
    #[default]
    Pod,
    /// The node's.
    Node,
}

/// Whose processes a container sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Processes {
    /// Its own.
    #[default]
    Container,
    /// Those of all containers of its pod.
    Pod,
    /// Those of the node.
    Node,
}

/// Whose users a pod's users are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Users {
    /// The node's.
    #[default]
    Node,
    /// Others, in a range of the pod's own.
    Auto,
}

/// How a pod finds addresses of names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Name servers; none: those of the node and of the fleet's network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<IpAddr>,
    /// Domains in which short names are looked for; `.` alone stands for none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searches: Vec<String>,
    /// Options of the resolver, `name` or `name:value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// A line of `/etc/hosts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostEntry {
    /// The address.
    pub address: IpAddr,
    /// The names that stand for it.
    pub names: Vec<String>,
}

/// The group of a pod's volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FsGroup {
    /// The group's number.
    pub group: u32,
    /// When files are given to it.
    pub change: FsGroupChange,
}

/// When the files of a volume are given to a group. Kubernetes: `fsGroupChangePolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FsGroupChange {
    /// Each time that a pod is made.
    Always,
    /// When the top directory belongs to another.
    OnRootMismatch,
}

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogDriver {
    /// Files of a bounded size.
    #[default]
    File,
    /// The node's journal.
    Journal,
}
