//! Workloads: what is to run, how many times, and how a change of it is carried out.

use wlc_plan::{instance::WorkloadKind, name::WorkloadName, quantity::Millis};

use super::{node::Label, place::Place, pod::Pod};
use crate::{
    fields::value::{Only, Whole},
    span::{Span, Spanned},
};

crate::block! {
    /// Keeps a number of equal replicas running.
    Deployment "deployment" ("apps/v1 Deployment") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// How many replicas run.
        replicas: [default property] Whole<0, 100_000>, "replicas" ("spec.replicas"), default 1;
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// Keeps one replica running on each node that it selects.
    DaemonSet "daemon-set" ("apps/v1 DaemonSet") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// What all kinds of workloads have in common.
    Common "workload" ("") {
        /// A label of the workload. It never restarts a replica.
        labels: [children] Label, "label" ("metadata.labels");
        /// How a change is carried out.
        update: [child] Update, "update" ("spec.strategy, spec.updateStrategy");
        /// How many older revisions are kept.
        revisions: [default property] Whole<0, 50>, "revisions" ("spec.revisionHistoryLimit"), default 10;
        /// Where it may run.
        place: [child] Place, "place" ("spec.template.spec.affinity");
        /// The pod template.
        pod: [part] Pod, "pod" ("spec.template.spec");
        /// Keeps the replicas at the revision that they have, until it goes.
        paused: [flag] bool, "paused" ("spec.paused"), not carried out;
        absent "budget", "after", "canary", "window", "priority";
    }
    /// How a change is carried out.
    Update "update" ("spec.strategy") {
        /// The strategy: on each node, one replica at a time is stopped, then started anew.
        strategy: [optional argument] Strategy, "strategy" ("type");
        /// How long a replica must stay ready before it counts.
        min_ready: [default property] Millis, "min-ready" ("minReadySeconds"), default "0s";
        /// How long a rollout may stand still before it counts as failed.
        progress_deadline: [default property] Millis, "progress-deadline" ("progressDeadlineSeconds"), default "10m";
        /// How many replicas more than asked for may run. This version carries out 0 only.
        max_surge: [default property] Only<0>, "max-surge" ("rollingUpdate.maxSurge"), default 0;
        /// How many replicas of one node may be missing. This version carries out 1 only.
        max_unavailable: [default property] Only<1>, "max-unavailable" ("rollingUpdate.maxUnavailable"), default 1;
        absent "on-failure", "partition", "canary", "by", "window", "before", "promote";
    }
    /// The word that a workload is gone on purpose. It may go after one build.
    Removed "removed" ("") {
        /// The workload's name.
        name: [required argument] WorkloadName, "name" ("");
        /// Leaves the containers running and forgets them.
        orphan: [flag] bool, "orphan" ("propagationPolicy: Orphan"), not carried out;
    }
}

crate::choice! {
    /// How a change is carried out.
    Strategy {
        /// One replica at a time on each node.
        Rolling "rolling";
        not carried out
        /// All replicas are stopped before the first new one starts.
        Recreate "recreate",
        /// A replica changes when somebody removes it.
        OnDelete "on-delete",
        /// The new replica takes over from the old one by its own word.
        HandOff "hand-off",
    }
}

/// A workload of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Workload {
    /// A deployment.
    Deployment(Deployment),
    /// A daemon-set.
    DaemonSet(DaemonSet),
}

impl Workload {
    /// Its name.
    pub fn name(&self) -> &Spanned<WorkloadName> {
        match self {
            Self::Deployment(deployment) => &deployment.name,
            Self::DaemonSet(daemon_set) => &daemon_set.name,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> WorkloadKind {
        match self {
            Self::Deployment(_) => WorkloadKind::Deployment,
            Self::DaemonSet(_) => WorkloadKind::DaemonSet,
        }
    }

    /// What all kinds have in common.
    pub fn common(&self) -> &Common {
        match self {
            Self::Deployment(deployment) => &deployment.common,
            Self::DaemonSet(daemon_set) => &daemon_set.common,
        }
    }

    /// Its pod template.
    pub fn pod(&self) -> &Pod {
        &self.common().pod
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.name().span
    }
}
