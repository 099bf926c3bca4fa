//! Where a workload may run.

use wlc_plan::{
    name::{LabelKey, LabelValue, NodeName},
    quantity::Bytes,
};

use super::range::{Range, Speed, Version};

crate::block! {
    /// Where a workload may run.
    Place "place" ("spec.template.spec.affinity") {
        /// What must be true of a node.
        require: [child] Require, "require" ("nodeAffinity.required");
        /// A taint that does not keep the workload away.
        tolerate: [children] Tolerate, "tolerate" ("tolerations");
        /// The only node on which it may run.
        on: [optional property] NodeName, "on" ("nodeName");
        absent "prefer", "spread", "apart", "near", "priority", "optional", "at-most", "exclusive";
    }
    /// What must be true of a node: all of it.
    Require "require" ("requiredDuringSchedulingIgnoredDuringExecution") {
        /// A label of the node, with one of these values; without a value, the label must be there.
        labels: [children] LabelRequirement, "label" ("matchExpressions");
        /// One GPU of which all of this is true.
        gpus: [children] GpuRequirement, "gpu" ("");
        /// The processors.
        cpus: [children] CpuRequirement, "cpu" ("");
        /// One disk of which all of this is true.
        disks: [children] DiskRequirement, "disk" ("");
        /// One network card of which all of this is true.
        nics: [children] NicRequirement, "nic" ("");
        /// The release of the kernel.
        kernel: [optional property] Range<Version>, "kernel" ("");
        /// What must not be true of the node: none of it.
        not: [child] Not, "not" ("NotIn, DoesNotExist");
    }

    /// What must not be true of a node.
    Not "not" ("NotIn, DoesNotExist") {
        /// A label with one of these values; without a value, the label at all.
        labels: [children] LabelRequirement, "label" ("matchExpressions");
        /// A GPU of which all of this is true.
        gpus: [children] GpuRequirement, "gpu" ("");
        /// The processors.
        cpus: [children] CpuRequirement, "cpu" ("");
        /// A disk of which all of this is true.
        disks: [children] DiskRequirement, "disk" ("");
        /// A network card of which all of this is true.
        nics: [children] NicRequirement, "nic" ("");
    }

    /// A label of a node.
    LabelRequirement "label" ("matchExpressions[]") {
        /// The key.
        key: [required argument] LabelKey, "key" ("key");
        /// The values, one of which it must have.
        values: [rest] LabelValue, "value" ("values");
    }

    /// A GPU of which all of this is true.
    GpuRequirement "gpu" ("") {
        /// The vendor.
        vendor: [optional property] String, "vendor" ("");
        /// The model, as its driver names it.
        model: [optional property] String, "model" ("");
        /// Its memory.
        memory: [optional property] Range<Bytes>, "memory" ("");
        /// The version of its driver.
        driver: [optional property] Range<Version>, "driver" ("");
    }

    /// The processors of a node.
    CpuRequirement "cpu" ("") {
        /// The architecture.
        arch: [optional property] String, "arch" ("kubernetes.io/arch");
        /// The vendor.
        vendor: [optional property] String, "vendor" ("");
        /// The model.
        model: [optional property] String, "model" ("");
        /// Cores.
        cores: [optional property] Range<u64>, "cores" ("");
        /// Hardware threads.
        threads: [optional property] Range<u64>, "threads" ("");
        /// Instruction set extensions, all of which must be there.
        features: [list] String, "features" ("");
    }

    /// A disk of which all of this is true.
    DiskRequirement "disk" ("") {
        /// What kind of disk.
        kind: [optional property] String, "kind" ("");
        /// Its size.
        size: [optional property] Range<Bytes>, "size" ("");
        /// It is encrypted.
        encrypted: [flag] bool, "encrypted" ("");
    }

    /// A network card of which all of this is true.
    NicRequirement "nic" ("") {
        /// The speed of its link.
        speed: [optional property] Range<Speed>, "speed" ("");
        /// Its driver.
        driver: [optional property] String, "driver" ("");
    }

    /// A taint that does not keep the workload away.
    Tolerate "tolerate" ("tolerations[]") {
        /// The taint's key.
        key: [required argument] LabelKey, "key" ("key");
        /// The taint's value; without it, any.
        value: [optional argument] LabelValue, "value" ("value");
    }
}
