//! Workloads that are rolled back, as placement and lowering see them: what is built in place of what the files say.

use std::collections::BTreeMap;

use wlc_plan::{name::WorkloadName, spec::PodSpec};

/// A workload that is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The template that is built.
    pub spec: PodSpec,
    /// The number of its revision.
    pub number: u32,
    /// The template of the files.
    pub source: PodSpec,
}

/// All workloads that are rolled back.
pub type Pins = BTreeMap<WorkloadName, Pin>;
