//! Workloads: what is to run, and what the kinds have in common.

use wlc_plan::{
    instance::WorkloadKind,
    name::{LabelKey, WorkloadName},
    quantity::Millis,
};

use super::{
    after::After, budget::Budget, cron_job::CronJob, daemon_set::DaemonSet, deployment::Deployment, job::Job,
    job::Work, node::Label, place::Place, pod::Pod, stateful_set::StatefulSet, update::Pace,
};
use crate::{
    fields::value::Whole,
    span::{Span, Spanned},
};

crate::block! {
    /// What all kinds of workloads have in common.
    Common "workload" ("") {
        /// A label of the workload. It never restarts a replica.
        labels: [children] Label, "label" ("metadata.labels");
        /// A note on the workload. It never restarts a replica.
        annotations: [children] Annotation, "annotation" ("metadata.annotations");
        /// How many older revisions are kept.
        revisions: [default property] Whole<0, 50>, "revisions" ("spec.revisionHistoryLimit"), default 10;
        /// What must have come so far before this one starts.
        after: [children] After, "after" ("");
        /// How many replicas a drain must leave.
        budget: [child] Budget, "budget" ("PodDisruptionBudget");
        /// Keeps the replicas at the revision that they have, until it goes.
        paused: [flag] bool, "paused" ("spec.paused");
        /// How often one of its containers may end in a while before it stays down.
        flap_limit: [child] FlapLimit, "flap-limit" ("");
        /// Where it may run.
        place: [child] Place, "place" ("spec.template.spec.affinity");
        /// The pod template.
        pod: [part] Pod, "pod" ("spec.template.spec");
    }

    /// So many ends in so short a time, and a container stays down until somebody or another plan starts it.
    FlapLimit "flap-limit" ("") {
        /// How many ends, whatever the exit code.
        ends: [required argument] Whole<2, 100>, "ends" ("");
        /// In what time.
        within: [default property] Millis, "within" (""), default "10m";
    }

    /// A note on a workload, for people and their tools.
    Annotation "annotation" ("metadata.annotations") {
        /// The key.
        key: [required argument] LabelKey, "key" ("");
        /// The text.
        value: [required argument] String, "value" ("");
    }
}

/// A workload of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Workload {
    /// A deployment.
    Deployment(Deployment),
    /// A stateful-set.
    StatefulSet(StatefulSet),
    /// A daemon-set.
    DaemonSet(DaemonSet),
    /// A job.
    Job(Box<Job>),
    /// A cron job.
    CronJob(Box<CronJob>),
}

impl Workload {
    /// Its name.
    pub fn name(&self) -> &Spanned<WorkloadName> {
        match self {
            Self::Deployment(one) => &one.name,
            Self::StatefulSet(one) => &one.name,
            Self::DaemonSet(one) => &one.name,
            Self::Job(one) => &one.name,
            Self::CronJob(one) => &one.name,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> WorkloadKind {
        match self {
            Self::Deployment(_) => WorkloadKind::Deployment,
            Self::StatefulSet(_) => WorkloadKind::StatefulSet,
            Self::DaemonSet(_) => WorkloadKind::DaemonSet,
            Self::Job(_) => WorkloadKind::Job,
            Self::CronJob(_) => WorkloadKind::CronJob,
        }
    }

    /// What all kinds have in common.
    pub fn common(&self) -> &Common {
        match self {
            Self::Deployment(one) => &one.common,
            Self::StatefulSet(one) => &one.common,
            Self::DaemonSet(one) => &one.common,
            Self::Job(one) => &one.common,
            Self::CronJob(one) => &one.common,
        }
    }

    /// Its pod template.
    pub fn pod(&self) -> &Pod {
        &self.common().pod
    }

    /// The names of its claims; none where its kind has none.
    pub fn claims(&self) -> Option<Vec<&str>> {
        match self {
            Self::StatefulSet(set) => Some(set.claims.iter().map(|claim| claim.name.value.as_str()).collect()),
            Self::Deployment(_) | Self::DaemonSet(_) | Self::Job(_) | Self::CronJob(_) => None,
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.name().span
    }

    /// All of it.
    pub fn extent(&self) -> Span {
        match self {
            Self::Deployment(one) => one.extent,
            Self::StatefulSet(one) => one.extent,
            Self::DaemonSet(one) => one.extent,
            Self::Job(one) => one.extent,
            Self::CronJob(one) => one.extent,
        }
    }

    /// What a job or a run of a cron job does; none for what runs for ever.
    pub fn work(&self) -> Option<&Work> {
        match self {
            Self::Job(one) => Some(&one.work),
            Self::CronJob(one) => Some(&one.work),
            Self::Deployment(_) | Self::StatefulSet(_) | Self::DaemonSet(_) => None,
        }
    }

    /// The pace of its rollouts, where one is written.
    pub fn pace(&self) -> Option<&Pace> {
        match self {
            Self::Deployment(one) => one.update.as_ref().map(|update| &update.pace),
            Self::StatefulSet(one) => one.update.as_ref().map(|update| &update.pace),
            Self::DaemonSet(one) => one.update.as_ref().map(|update| &update.pace),
            Self::Job(_) | Self::CronJob(_) => None,
        }
    }

    /// The job that must complete before a new revision starts.
    pub fn before(&self) -> Option<&Spanned<WorkloadName>> {
        match self {
            Self::Deployment(one) => one.update.as_ref().and_then(|update| update.before.as_ref()),
            Self::StatefulSet(_) | Self::DaemonSet(_) | Self::Job(_) | Self::CronJob(_) => None,
        }
    }

    /// How many replicas the files ask for; none where the nodes say how many there are.
    pub fn replicas(&self) -> Option<u32> {
        match self {
            Self::Deployment(one) => Some(one.replicas.value.0),
            Self::StatefulSet(one) => Some(one.replicas.value.0),
            Self::DaemonSet(_) => None,
            Self::Job(one) if one.work.per_node.value => None,
            Self::CronJob(one) if one.work.per_node.value => None,
            Self::Job(one) => Some(one.work.slots().max(1)),
            Self::CronJob(_) => Some(1),
        }
    }

    /// How long a replica must stay ready before it counts.
    pub fn min_ready(&self) -> Millis {
        self.pace().map_or(Millis(0), |pace| pace.min_ready.value)
    }
}
