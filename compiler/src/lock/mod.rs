//! The lock: what earlier builds decided, committed next to the sources. The compiler's only memory.
//!
//! One file for each workload, one fact on each line, sorted: unrelated changes merge. Bodies of revisions lie beside
//! it, named by their digest.

pub mod guard;
pub mod heal;
pub mod immutable;
pub mod store;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use immutable::Immutable;
use wlc_plan::{
    binding::HostPorts,
    digest::Digest,
    instance::{SpecRef, WorkloadKind},
    name::{ContainerName, NodeName, PortName, ReplicaName, VolumeName, WorkloadName},
    quantity::Bytes,
    revision::Revision,
};

use crate::model::stateful_set::Retention;

/// Everything that the lock of a fleet holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// The file of each workload.
    pub workloads: BTreeMap<WorkloadName, WorkloadLock>,
    /// Specs and contents of revisions, by their digests.
    pub bodies: BTreeMap<Digest, Vec<u8>>,
}

/// What is locked of one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadLock {
    /// Its kind; it never changes.
    pub kind: WorkloadKind,
    /// Whether it lives.
    pub state: State,
    /// The digest of each image, where it is known.
    pub images: BTreeMap<String, ImageLock>,
    /// Its fields that never change; empty where an older build wrote the lock, or its kind has none.
    pub immutable: Immutable,
    /// Where each replica is, and what it holds there.
    pub replicas: BTreeMap<ReplicaName, ReplicaLock>,
    /// Its revisions, oldest first; the last is the one that is built. Numbers count inside the workload and are never used twice.
    pub revisions: Vec<RevisionLock>,
    /// The highest number that a revision ever had; at least that of the newest one.
    pub highest: u32,
    /// Of a rollback: the revision that the files had then. As long as they have it, the newest revision above is built
    /// instead of theirs.
    pub pinned: Option<Revision>,
    /// The number of the revision that replicas keep whose turn has not come.
    pub base: Option<u32>,
    /// The revision whose canaries were found good.
    pub promoted: Option<Revision>,
    /// The values of a label whose nodes have the newest revision, of a rollout in waves.
    pub waves: BTreeSet<String>,
    /// Replicas that leave in order, and the node of each; until they return.
    pub left: BTreeMap<ReplicaName, NodeName>,
    /// Volumes of its replicas, those of replicas that are gone included.
    pub claims: BTreeMap<(ReplicaName, VolumeName), ClaimLock>,
}

/// A volume of a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLock {
    /// The node on which it lies.
    pub node: NodeName,
    /// The size that was counted.
    pub size: Bytes,
    /// What becomes of it when its replica goes because fewer are asked for.
    pub when_scaled: Retention,
    /// What becomes of it when its workload is removed.
    pub when_deleted: Retention,
    /// How it is.
    pub state: ClaimState,
    /// The job that must complete before it goes.
    pub before_remove: Option<WorkloadName>,
}

crate::choice! {
    /// How the volume of a claim is.
    ClaimState {
        /// Its replica is there, and it may have been made empty.
        New "new",
        /// Its replica is there, and it held data when it came back.
        Existing "existing",
        /// Its replica is gone, and it stays.
        Kept "kept",
        /// Its replica is gone, and it is removed.
        Gone "gone",
    }
}

/// Whether a workload lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is in the files.
    Live,
    /// It was removed with a word; its revision numbers go on if it returns.
    Tombstone,
}

/// The digest of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageLock {
    /// `sha256:…`
    Digest(String),
    /// The tag was not resolved.
    Unresolved,
}

/// Where a replica is, and what it holds there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaLock {
    /// Its node.
    pub node: NodeName,
    /// Its host ports.
    pub ports: BTreeMap<(ContainerName, PortName), HostPorts>,
}

/// A revision and the contents that its body names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionLock {
    /// Number, revision and the digest of its spec.
    pub reference: SpecRef,
    /// Digests of the contents that the spec names, sorted.
    pub contents: Vec<Digest>,
}

impl WorkloadLock {
    /// The newest revision.
    pub fn newest(&self) -> Option<&RevisionLock> {
        self.revisions.last()
    }
}
