//! Where a workload may run.

use wlc_plan::{
    name::{LabelKey, LabelValue, NodeName, WorkloadName},
    quantity::{Bytes, Millis},
};

use super::{
    node::TaintEffect,
    range::{Range, Speed, Version},
};
use crate::{
    fields::{FromScalar, Refusal, value::Whole},
    syntax::Scalar,
};

crate::block! {
    /// Where a workload may run.
    Place "place" ("spec.template.spec.affinity") {
        /// What must be true of a node.
        require: [child] Require, "require" ("nodeAffinity.required, nodeSelector");
        /// A taint that does not keep the workload away.
        tolerate: [children] Tolerate, "tolerate" ("tolerations");
        /// No taint keeps the workload away.
        tolerate_all: [flag] bool, "tolerate-all" ("tolerations[].operator: Exists");
        /// The only node on which it may run.
        on: [optional property] NodeName, "on" ("nodeName");
        /// What is better true of a node.
        prefer: [children] Prefer, "prefer" ("nodeAffinity.preferred"), not carried out;
        /// Keeps replicas away from each other, or from another workload's.
        apart: [children] Apart, "apart" ("podAntiAffinity");
        /// Keeps replicas near those of another workload.
        near: [children] Near, "near" ("podAffinity"), not carried out;
        /// Spreads the replicas evenly over the values of a label.
        spread: [children] Spread, "spread" ("topologySpreadConstraints"), not carried out;
        /// How many replicas of the workload one node takes at most.
        at_most: [optional property] Whole<1, 1_000>, "at-most" ("");
        /// The node takes nothing beside a replica but daemon-sets.
        exclusive: [flag] bool, "exclusive" ("");
        /// How important the replicas are when there is no room for all.
        priority: [child] Priority, "priority" ("priority, priorityClassName"), not carried out;
        /// Replicas for which there is no room are left out.
        optional: [flag] bool, "optional" (""), not carried out;
    }
    /// What must be true of a node: all of it, and where there are `any` blocks, one of them.
    Require "require" ("requiredDuringSchedulingIgnoredDuringExecution") {
        /// What must be true.
        clauses: [part] Clauses, "clauses" ("nodeSelectorTerms[]");
        /// What must not be true of the node: none of it.
        not: [child] Not, "not" ("NotIn, DoesNotExist");
        /// One of several ways to meet the requirement.
        any: [children] Any, "any" ("nodeSelectorTerms");
    }

    /// One of several ways to meet a requirement: all of it must be true.
    Any "any" ("nodeSelectorTerms[]") {
        /// What must be true.
        clauses: [part] Clauses, "clauses" ("nodeSelectorTerms[]");
        /// What must not be true of the node: none of it.
        not: [child] Not, "not" ("NotIn, DoesNotExist");
    }

    /// What must not be true of a node.
    Not "not" ("NotIn, DoesNotExist") {
        /// None of it.
        clauses: [part] Clauses, "clauses" ("nodeSelectorTerms[]");
    }

    /// What can be said of a node.
    Clauses "clauses" ("matchExpressions") {
        /// A label of the node, with one of these values; without a value, the label must be there.
        labels: [children] LabelRequirement, "label" ("matchExpressions, nodeSelector");
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
    }

    /// A label of a node.
    LabelRequirement "label" ("matchExpressions[]") {
        /// The key.
        key: [required argument] LabelKey, "key" ("key");
        /// The values, one of which it must have.
        values: [rest] LabelValue, "value" ("values");
        /// The label is a whole number of at least this.
        at_least: [optional property] i64, "at-least" ("operator: Gt");
        /// The label is a whole number of at most this.
        at_most: [optional property] i64, "at-most" ("operator: Lt");
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
        /// The effect of the taint; without it, any.
        effect: [optional property] TaintEffect, "effect" ("effect");
        /// For how long after the taint has come; without it, for ever.
        length: [optional property] Millis, "for" ("tolerationSeconds"), not carried out;
    }

    /// What is better true of a node: of nodes that have room, those with more of such weight are taken.
    Prefer "prefer" ("nodeAffinity.preferred") {
        /// How much it counts against other preferences.
        weight: [default property] Whole<1, 100>, "weight" ("weight"), default 1;
        /// What is better true.
        clauses: [part] Clauses, "clauses" ("preference");
        /// What is better not true.
        not: [child] Not, "not" ("NotIn, DoesNotExist");
    }

    /// Keeps replicas away from each other, or from those of another workload. It holds for both.
    Apart "apart" ("podAntiAffinity") {
        /// The other workload; without it, the workload's own replicas.
        from: [optional property] WorkloadName, "from" ("labelSelector");
        /// What they do not share: `node`, or a label of nodes.
        by: [default property] LabelKey, "by" ("topologyKey"), default "node";
        /// How much it counts as a preference; without it, it must hold.
        weight: [optional property] Whole<1, 100>, "weight" ("preferred.weight"), not carried out;
    }

    /// Keeps replicas near those of another workload.
    Near "near" ("podAffinity") {
        /// The other workload.
        workload: [required argument] WorkloadName, "workload" ("labelSelector");
        /// What they share: `node`, or a label of nodes.
        by: [default property] LabelKey, "by" ("topologyKey"), default "node";
        /// How much it counts as a preference; without it, it must hold.
        weight: [optional property] Whole<1, 100>, "weight" ("preferred.weight"), not carried out;
    }

    /// Spreads the replicas evenly over the values of a label. Nodes without the label take none.
    Spread "spread" ("topologySpreadConstraints") {
        /// `node`, or a label of nodes.
        by: [required property] LabelKey, "by" ("topologyKey");
        /// By how many replicas the fullest value may be ahead of the emptiest.
        max_skew: [default property] Whole<1, 1_000>, "max-skew" ("maxSkew"), default 1;
        /// With fewer values than this, the emptiest counts as having no replica.
        min_domains: [optional property] Whole<1, 10_000>, "min-domains" ("minDomains");
        /// It is a preference, and not a condition.
        soft: [flag] bool, "soft" ("whenUnsatisfiable: ScheduleAnyway");
    }

    /// How important the replicas are when there is no room for all.
    Priority "priority" ("priority, priorityClassName") {
        /// The higher, the more important.
        value: [required argument] Rank, "value" ("value");
        /// Whether it takes the room of what is less important.
        preempt: [default property] Preempt, "preempt" ("preemptionPolicy"), default "lower";
    }
}

crate::choice! {
    /// Whose room a workload may take.
    Preempt {
        /// That of workloads of a lower priority.
        Lower "lower",
        /// Nobody's.
        Never "never",
    }
}

/// A priority. Kubernetes keeps anything above for its own system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(pub i32);

/// The highest and the lowest priority.
const MOST_RANK: i32 = 1_000_000_000;

impl FromScalar for Rank {
    const LOOKS: &'static str = "a whole number from -1000000000 to 1000000000";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let number = i64::from_scalar(scalar)?;
        let inside = i32::try_from(number).ok().filter(|number| (-MOST_RANK..=MOST_RANK).contains(number));
        inside.map(Self).ok_or_else(|| Refusal::new(format!("{number} is outside -{MOST_RANK} to {MOST_RANK}")))
    }
}

impl Clauses {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && !self.asks_for_hardware()
    }

    /// Whether more is asked for than labels.
    pub fn asks_for_hardware(&self) -> bool {
        let Self { labels: _, gpus, cpus, disks, nics, kernel, span: _, extent: _ } = self;
        let has_devices = !(gpus.is_empty() && cpus.is_empty() && disks.is_empty() && nics.is_empty());
        has_devices || kernel.is_some()
    }
}
