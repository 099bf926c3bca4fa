//! Strategies as gates. Nothing else in a plan makes an instance wait.

use wlc_plan::{
    gate::{Counts, Gate, Slot, Step, StepGate},
    name::{SlotName, WorkloadName},
};

/// A rolling update, one replica at a time on each node: replacements share one place of a slot named like the workload.
pub(super) fn rolling(workload: &WorkloadName) -> Vec<StepGate> {
    let name = SlotName::parse(workload.as_str()).expect("a workload's name and a slot's name obey the same rule");
    vec![StepGate { step: Step::Replace, gate: Gate::Slot(Slot { name, size: 1, counts: Counts::Missing }) }]
}
