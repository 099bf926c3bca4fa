//! Strategies as gates. Nothing else in a plan makes an instance wait.

use wlc_plan::{
    gate::{After, Condition, Counts, Gate, Slot, Step, StepGate},
    name::{ContainerName, SlotName, WorkloadName},
    spec::ContainerSpec,
};

/// A rolling update, one replica at a time on each node: replacements share one place of a slot named like the workload.
pub(super) fn rolling(workload: &WorkloadName) -> Vec<StepGate> {
    let name = SlotName::parse(workload.as_str()).expect("a workload's name and a slot's name obey the same rule");
    vec![StepGate { step: Step::Replace, gate: Gate::Slot(Slot { name, size: 1, counts: Counts::Missing }) }]
}

/// The order inside a pod: each container starts after the one before it.
///
/// Kubernetes does not wait for the startup probe of an ordinary container (S-287), so a container that has one holds
/// nothing back.
pub(super) fn order(containers: &mut [ContainerSpec]) {
    let mut before: Option<ContainerName> = None;
    for container in containers {
        container.after =
            before.take().map(|name| After { of: vec![name], until: Condition::Started }).into_iter().collect();
        before = container.probes.startup.is_none().then(|| container.name.clone());
    }
}
