//! A node as people describe it: labels, taints, what is kept for the system.

use std::net::IpAddr;

use wlc_plan::{
    name::{AbsolutePath, LabelKey, LabelValue, NodeName, VolumeName},
    quantity::{Bytes, Cpu},
};

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// A machine of the fleet, as people describe it. What its hardware is stands in its `facts`.
    Node "node" ("Node") {
        /// Its name: the host name up to its first dot.
        name: [required argument] NodeName, "name" ("metadata.name");
        /// The address at which other nodes and people reach it.
        addresses: [some property] NodeAddress, "address" ("status.addresses");
        /// A label that selections use.
        labels: [children] Label, "label" ("metadata.labels");
        /// A taint that keeps workloads away which do not tolerate it.
        taints: [children] Taint, "taint" ("spec.taints");
        /// What is kept for the system and never given to replicas.
        reserve: [child] Reserve, "reserve" ("kubeReserved");
        /// It stands for a machine that is still to be described; `wlc build` refuses it.
        placeholder: [flag] bool, "placeholder" ("");
        /// The author's word that the machine runs nothing any more; the block may go after one build.
        gone: [flag] bool, "gone" ("");
        /// What workloads on the node may not ask for.
        forbid: [list] Forbidden, "forbid" ("pod-security.kubernetes.io/enforce");
        /// Of each amount, how much in hundredths is given to replicas.
        overcommit: [child] Overcommit, "overcommit" (""), not carried out;
        /// No more replicas are placed on it.
        cordon: [flag] bool, "cordon" ("spec.unschedulable"), not carried out;
        /// Its replicas are placed elsewhere.
        drain: [flag] bool, "drain" (""), not carried out;
        /// The name that it had before.
        was: [optional property] NodeName, "was" (""), not carried out;
        /// A place for claims, beside the one of Podman.
        storage: [children] Storage, "storage" ("StorageClass"), not carried out;
        /// A kernel parameter that is not safe by itself and that workloads may set here; `*` stands for any end.
        allow_sysctl: [list] String, "allow-sysctl" ("allowedUnsafeSysctls"), not carried out;
    }
    /// A key with a value, on a node or a workload.
    Label "label" ("metadata.labels") {
        /// The key.
        key: [required argument] LabelKey, "key" ("");
        /// The value.
        value: [required argument] LabelValue, "value" ("");
    }

    /// A mark that keeps workloads away which do not tolerate it.
    Taint "taint" ("spec.taints[]") {
        /// The key.
        key: [required argument] LabelKey, "key" ("key");
        /// The value.
        value: [optional argument] LabelValue, "value" ("value");
        /// What it does.
        effect: [default property] TaintEffect, "effect" ("effect"), default "no-schedule";
    }

    /// What is kept for the system.
    Reserve "reserve" ("kubeReserved") {
        /// CPUs.
        cpu: [optional property] Cpu, "cpu" ("cpu");
        /// Memory.
        memory: [optional property] Bytes, "memory" ("memory");
        /// Storage.
        storage: [optional property] Bytes, "storage" ("ephemeral-storage"), not carried out;
    }

    /// How much of each amount is given to replicas, in hundredths: `150%` gives half as much again.
    Overcommit "overcommit" ("") {
        /// CPUs.
        cpu: [optional property] Share, "cpu" ("");
        /// Memory.
        memory: [optional property] Share, "memory" ("");
    }

    /// A place for claims on a node.
    Storage "storage" ("StorageClass") {
        /// Its name, by which claims ask for it.
        name: [required argument] VolumeName, "name" ("storageClassName");
        /// Its directory.
        path: [required property] AbsolutePath, "path" ("");
        /// How much it holds.
        size: [optional property] Bytes, "size" ("");
    }
}

crate::choice! {
    /// What a taint does to workloads that do not tolerate it.
    TaintEffect {
        /// They are not placed here.
        NoSchedule "no-schedule";
        not carried out
        /// They are placed here where nothing else has room.
        PreferNoSchedule "prefer-no-schedule",
        /// They are not placed here, and those that are here leave.
        NoExecute "no-execute",
    }

    /// What a node may forbid.
    Forbidden {
        /// Containers that may do everything that root of the node may.
        Privileged "privileged",
        /// Directories and files of the node.
        HostPath "host-path",
        /// The network of the node.
        HostNetwork "host-network",
        /// The processes of the node.
        HostPid "host-pid",
        /// Shared memory of the node.
        HostIpc "host-ipc",
    }
}

/// A share in hundredths of at least 100, written `150%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub u32);

/// More than ten times of what is there is a slip of the pen.
const SHARES: std::ops::RangeInclusive<u32> = 100..=1_000;

impl FromScalar for Share {
    const LOOKS: &'static str = "a share from `\"100%\"` to `\"1000%\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let share = text.strip_suffix('%').and_then(|number| number.parse().ok());
        let refused = || Refusal::with(format!("`{text}` is no such share"), "write it as `\"150%\"`");
        share.filter(|share| SHARES.contains(share)).map(Self).ok_or_else(refused)
    }
}

/// An address of a node: an IP address or a host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddress(pub String);

impl FromScalar for NodeAddress {
    const LOOKS: &'static str = "an IP address or a host name";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let label = |label: &str| {
            let fits = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            (1..=63).contains(&label.len()) && fits && !label.starts_with('-') && !label.ends_with('-')
        };
        // What consists of digits and points only is meant as an address.
        let is_name = text.bytes().any(|b| b.is_ascii_alphabetic()) && text.len() <= 253 && text.split('.').all(label);
        if is_name || text.parse::<IpAddr>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err(Refusal::with(
            format!("`{text}` is neither an IP address nor a host name"),
            "write it without port and network: `\"10.0.0.11\"` or `\"node1.example\"`",
        ))
    }
}
