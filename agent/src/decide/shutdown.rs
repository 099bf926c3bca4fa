//! The stop of everything, for the machine's shutdown: who is stopped when. Pods and volumes stay; the next agent finds them.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{Condition, Gate, Step},
    instance::Instance,
    name::ReplicaName,
    quantity::Millis,
};

use super::stop;
use crate::{
    action::{Reason, Task},
    clock::Moment,
    desired::{Desired, UNKNOWN_GRACE},
    observed::Observed,
};

/// The stops of all pods, in stages: what waited for others with its first start ends before them. What is in no plan ends
/// with the first.
pub fn shutdown(desired: Option<&Desired>, observed: &Observed, now: Moment) -> Vec<Vec<Task>> {
    let stages = desired.map(stages).unwrap_or_default();
    let mut tasks: BTreeMap<usize, Vec<Task>> = BTreeMap::new();
    for pod in observed.pods() {
        let spec = desired.and_then(|desired| desired.spec(&pod.revision));
        let grace = spec.map_or(UNKNOWN_GRACE, |spec| spec.grace);
        let passed = pod.stopping.map_or(Millis(0), |begun| now.since(begun));
        let left = Millis(grace.0.saturating_sub(passed.0));
        if let Some(action) = stop::at_shutdown(pod, spec, left) {
            let (replica, workload) = (pod.replica.clone(), pod.workload.clone());
            let stage = stages.get(&replica).copied().unwrap_or(0);
            let (reason, actions) = (Reason::Shutdown, vec![action]);
            tasks.entry(stage).or_default().push(Task { replica, workload, pod: pod.name.clone(), reason, actions });
        }
    }
    tasks.into_values().collect()
}

/// The stage in which each replica ends: 0 where nobody waited for it, else one behind all that did.
fn stages(desired: &Desired) -> BTreeMap<ReplicaName, usize> {
    let mut stages: BTreeMap<ReplicaName, usize> =
        desired.wanted.iter().map(|wanted| (wanted.replica().clone(), 0)).collect();
    // A chain is no longer than there are replicas; what goes in circles is no plan.
    for _ in 0..desired.wanted.len() {
        let before = stages.clone();
        for wanted in &desired.wanted {
            let behind = before[wanted.replica()] + 1;
            for first in waited_for(&wanted.instance) {
                if let Some(stage) = stages.get_mut(first) {
                    *stage = behind.max(*stage);
                }
            }
        }
        if stages == before {
            break;
        }
    }
    stages
}

/// The replicas that run before the first start of this one.
fn waited_for(instance: &Instance) -> impl Iterator<Item = &ReplicaName> {
    let starts = instance.gates.iter().filter(|gate| gate.step == Step::FirstStart);
    let after = starts.filter_map(|gate| match &gate.gate {
        Gate::After(after) => match after.until {
            Condition::Started | Condition::Ready => Some(after),
            Condition::Complete | Condition::Gone => None,
        },
        Gate::Slot(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    });
    after.flat_map(|after| &after.of)
}
