//! Stateful-sets: replicas with an identity and volumes of their own.

use wlc_plan::{
    name::{ClaimName, VolumeName, WorkloadName},
    quantity::Bytes,
};

use super::{
    share::Share,
    update::Pace,
    workload::{Common, Workload},
};
use crate::fields::value::Whole;

crate::block! {
    /// Keeps replicas running that each have a name, a place and volumes of their own.
    StatefulSet "stateful-set" ("apps/v1 StatefulSet") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// How many replicas run.
        replicas: [default property] Whole<0, 100_000>, "replicas" ("spec.replicas"), default 1;
        /// Whether replicas start and stop one after the other.
        order: [default property] Order, "order" ("spec.podManagementPolicy"), default "ready";
        /// The number of the first replica.
        start: [default property] Whole<0, 2_000_000_000>, "start" ("spec.ordinals.start"), default 0;
        /// A volume that each replica has of its own.
        claims: [children] Claim, "claim" ("spec.volumeClaimTemplates");
        /// How a change is carried out.
        update: [child] StatefulSetUpdate, "update" ("spec.updateStrategy");
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// A volume that each replica has of its own. It stays on the replica's node, and outlives it.
    Claim "claim" ("volumeClaimTemplates[]") {
        /// Its name, by which containers mount it.
        name: [required argument] ClaimName, "name" ("metadata.name");
        /// How much of the node's storage is set aside for it.
        size: [required property] Bytes, "size" ("spec.resources.requests.storage");
        /// The node's storage on which it lies, by the name that the node gives it.
        storage: [optional property] VolumeName, "storage" ("spec.storageClassName"), not carried out;
        /// Who may use it at the same time.
        access: [default property] Access, "access" ("spec.accessModes"), default "read-write-once";
        /// What becomes of it when the workload is removed.
        when_deleted: [default property] Retention, "when-deleted" ("spec.persistentVolumeClaimRetentionPolicy.whenDeleted"), default "retain";
        /// What becomes of it when its replica goes because fewer are asked for.
        when_scaled: [default property] Retention, "when-scaled" ("spec.persistentVolumeClaimRetentionPolicy.whenScaled"), default "retain";
        /// A job that must complete before it is deleted, such as a last backup. It runs then, and not before.
        before_remove: [optional property] WorkloadName, "before-remove" ("");
        /// Its data may be left behind: the replica may move to another node.
        movable: [flag] bool, "movable" ("");
    }

    /// How a change of a stateful-set is carried out: from the highest number down.
    StatefulSetUpdate "update" ("spec.updateStrategy") {
        /// The strategy.
        strategy: [optional argument] StatefulSetStrategy, "strategy" ("type");
        /// Only replicas from this number on get a new revision.
        partition: [default property] Whole<0, 2_000_000_000>, "partition" ("rollingUpdate.partition"), default 0;
        /// How many replicas may be missing. A percentage rounds down, and is one at least.
        max_unavailable: [default property] Share, "max-unavailable" ("rollingUpdate.maxUnavailable"), default 1;
        /// The pace of the rollout.
        pace: [part] Pace, "pace" ("");
    }
}

crate::choice! {
    /// Whether replicas start and stop one after the other.
    Order {
        /// Each waits until the one before it is ready; the highest stops first.
        Ready "ready",
        /// All at once.
        Parallel "parallel"
    }

    /// Who may use a claim at the same time.
    Access {
        /// Everything on one node.
        ReadWriteOnce "read-write-once",
        /// One replica alone.
        ReadWriteOncePod "read-write-once-pod",
        /// Readers on many nodes.
        ReadOnlyMany "read-only-many",
        /// Writers on many nodes.
        ReadWriteMany "read-write-many"
    }

    /// What becomes of a claim.
    Retention {
        /// It stays.
        Retain "retain",
        /// It is deleted with its data.
        Delete "delete"
    }

    /// How a change of a stateful-set is carried out.
    StatefulSetStrategy {
        /// One replica after the other, from the highest number down.
        Rolling "rolling",
        /// A replica changes when somebody removes it.
        OnDelete "on-delete"
    }
}

/// The stateful-set whose replicas start and stop one after the other; none where a workload is another.
pub fn ordered(workload: &Workload) -> Option<&StatefulSet> {
    match workload {
        Workload::StatefulSet(set) if set.order.value == Order::Ready => Some(set),
        Workload::StatefulSet(_)
        | Workload::Deployment(_)
        | Workload::DaemonSet(_)
        | Workload::Job(_)
        | Workload::CronJob(_) => None,
    }
}

impl Claim {
    /// Whether its data lies on the replica's node, and nowhere else.
    pub fn is_local(&self) -> bool {
        match self.access.value {
            Access::ReadWriteOnce | Access::ReadWriteOncePod => true,
            Access::ReadOnlyMany | Access::ReadWriteMany => false,
        }
    }
}
