//! Order between workloads: what one waits for before it starts.

use wlc_plan::name::WorkloadName;

crate::block! {
    /// Another workload that must have come so far before this one starts.
    After "after" ("") {
        /// The other workload.
        workload: [required argument] WorkloadName, "workload" ("");
        /// How far it must have come; of a job, `complete` unless written.
        until: [optional argument] Until, "until" ("");
    }
}

crate::choice! {
    /// How far another workload must have come.
    Until {
        /// Its replicas are ready.
        Ready "ready",
        /// Its replicas have started.
        Started "started",
        /// It has run to its end.
        Complete "complete"
    }
}
