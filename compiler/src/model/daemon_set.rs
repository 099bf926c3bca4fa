//! Daemon-sets: one replica on each node that they select.

use wlc_plan::name::WorkloadName;

use super::{share::Share, update::Pace, workload::Common};

crate::block! {
    /// Keeps one replica running on each node that it selects.
    DaemonSet "daemon-set" ("apps/v1 DaemonSet") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// How a change is carried out.
        update: [child] DaemonSetUpdate, "update" ("spec.updateStrategy");
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// How a change of a daemon-set is carried out.
    DaemonSetUpdate "update" ("spec.updateStrategy") {
        /// The strategy.
        strategy: [optional argument] DaemonSetStrategy, "strategy" ("type");
        /// How many nodes may run the old and the new replica side by side. A percentage is one of the nodes and rounds up.
        max_surge: [default property] Share, "max-surge" ("rollingUpdate.maxSurge"), default 0;
        /// How many replicas may be missing. A percentage is one of the nodes and rounds up.
        max_unavailable: [default property] Share, "max-unavailable" ("rollingUpdate.maxUnavailable"), default 1;
        /// The pace of the rollout.
        pace: [part] Pace, "pace" ("");
    }
}

crate::choice! {
    /// How a change of a daemon-set is carried out.
    DaemonSetStrategy {
        /// A few nodes at a time.
        Rolling "rolling",
        /// A replica changes when somebody removes it.
        OnDelete "on-delete"
    }
}
