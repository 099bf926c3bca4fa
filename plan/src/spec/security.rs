//! What a container may do, and how the kernel treats its processes.

use serde::{Deserialize, Serialize};

use super::{is_default, is_false};
use crate::name::AbsolutePath;

/// Users, capabilities and the like. Kubernetes: `securityContext`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// All capabilities and devices of the host. Kubernetes: `privileged`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub privileged: bool,
    /// The root file system cannot be written. Kubernetes: `readOnlyRootFilesystem`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only_root: bool,
    /// No process gains privileges its parent lacks. Kubernetes: `allowPrivilegeEscalation: false`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_new_privileges: bool,
    /// The agent refuses to start it as user 0. Kubernetes: `runAsNonRoot`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub non_root: bool,
    /// User id; none: the image's. Kubernetes: `runAsUser`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    /// Group id; none: the image's. Kubernetes: `runAsGroup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// Further groups of its processes, in the order of the file. Kubernetes: `supplementalGroups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<u32>,
    /// Capabilities added to Podman's own set, without `CAP_`, sorted. Kubernetes: `capabilities.add`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_capabilities: Vec<String>,
    /// Capabilities taken away, without `CAP_`, sorted; `ALL` stands for all. Kubernetes: `capabilities.drop`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_capabilities: Vec<String>,
    /// The filter of its system calls. Kubernetes: `seccompProfile`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seccomp: Profile,
    /// Its AppArmor profile. Kubernetes: `appArmorProfile`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub apparmor: Profile,
    /// Its SELinux context. Kubernetes: `seLinuxOptions`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub selinux: Selinux,
    /// Nothing of `/proc` is hidden from it. Kubernetes: `procMount: Unmasked`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unmasked: bool,
    /// Devices of the node that it may use, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    /// How the kernel treats its processes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub process: Process,
}

impl Security {
    /// Whether it is what Podman gives by itself.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A profile of seccomp or AppArmor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Podman's own.
    #[default]
    Default,
    /// None.
    Unconfined,
    /// One of the node: for seccomp a file below its folder of profiles, for AppArmor a name that the kernel knows.
    Localhost(String),
}

/// An SELinux context; what is left out, Podman fills in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selinux {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A device of the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// A file below `/dev`.
    File(DeviceFile),
    /// A name of the Container Device Interface, `vendor/class=name`.
    Cdi(String),
}

/// A device's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceFile {
    /// On the node.
    pub path: AbsolutePath,
    /// In the container; none: the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<AbsolutePath>,
    /// Some of `r`, `w` and `m`; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<String>,
}

/// How the kernel treats the processes of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Limits of each process, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ulimits: Vec<Ulimit>,
    /// How many processes and threads it may have; none: Podman's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<u32>,
    /// A small process with the number 1 takes in what its processes leave behind.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reaper: bool,
    /// It has a terminal. Kubernetes: `tty`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tty: bool,
    /// Its standard input stays open. Kubernetes: `stdin`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stdin: bool,
    /// How readily the kernel ends it when memory is short, -1000 to 1000; none: as Podman has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score: Option<i16>,
    /// The permission bits that new files do not get; none: Podman's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub umask: Option<u16>,
}

/// A limit of the kernel for each process. None stands for no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ulimit {
    /// Its name in lower case, without `RLIMIT_`.
    pub name: String,
    /// What a process starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<u64>,
    /// The most that it may raise it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard: Option<u64>,
}
