//! Words for what is gone.

use wlc_plan::name::{NodeName, ReplicaName, WorkloadName};

crate::block! {
    /// The word that a workload is gone on purpose. It may go after one build.
    Removed "removed" ("") {
        /// The workload's name.
        name: [required argument] WorkloadName, "name" ("");
        /// Leaves the containers running and forgets them; the same revision takes them over again.
        orphan: [flag] bool, "orphan" ("propagationPolicy: Orphan"), not carried out;
    }

    /// The word that a replica runs no more on a node, and may start on another one. It may go after one build.
    Released "released" ("") not carried out {
        /// The replica.
        replica: [required argument] ReplicaName, "replica" ("");
        /// The node that it has left.
        node: [required property] NodeName, "node" ("");
    }
}
