//! A node as people describe it: labels, taints, what is kept for the system.

use wlc_plan::{
    name::{LabelKey, LabelValue, NodeName},
    quantity::{Bytes, Cpu},
};

crate::block! {
    /// A machine of the fleet, as people describe it. What its hardware is stands in its `facts`.
    Node "node" ("Node") {
        /// Its name: the host name up to its first dot.
        name: [required argument] NodeName, "name" ("metadata.name");
        /// The address at which other nodes and people reach it.
        address: [optional property] String, "address" ("status.addresses");
        /// A label that selections use.
        labels: [children] Label, "label" ("metadata.labels");
        /// A taint that keeps workloads away which do not tolerate it.
        taints: [children] Taint, "taint" ("spec.taints");
        /// What is kept for the system and never given to replicas.
        reserve: [child] Reserve, "reserve" ("kubeReserved");
        /// The author's word that the machine runs nothing any more; the block may go after one build.
        gone: [flag] bool, "gone" ("");
        absent "forbid", "was", "cordon", "drain", "overcommit";
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
    }
}

crate::choice! {
    /// What a taint does to workloads that do not tolerate it.
    TaintEffect {
        /// They are not placed here.
        NoSchedule "no-schedule";
        absent "prefer-no-schedule", "no-execute"
    }
}
