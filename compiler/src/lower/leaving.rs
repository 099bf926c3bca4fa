//! Replicas of an ordered set that leave: from the highest number down, and only while those that stay are ready (S-103,
//! S-104, P-036).

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{After, Condition, Gate, Step, StepGate},
    instance::Leaving,
    name::{NodeName, ReplicaName},
    node_plan::NodePlan,
};

use crate::{lock::Lock, model::Repository, placement::Placement, rollout};

/// Adds what leaves to the plan of its node.
pub(super) fn add(
    repository: &Repository,
    placement: &Placement,
    lock: &Lock,
    plans: &mut BTreeMap<NodeName, NodePlan>,
) {
    for (name, workload) in &repository.workloads {
        let Some(left) = lock.workloads.get(name).map(|lock| &lock.left) else { continue };
        for (replica, node) in left {
            let Some(plan) = plans.get_mut(node) else { continue };
            let placed = placement.workloads.get(name).into_iter().flatten();
            let stay = placed.filter(|(_, placed)| placed.node == *node).map(|(replica, _)| replica.clone()).collect();
            let is_before = |other: &&ReplicaName| rollout::number(other) > rollout::number(replica);
            let before = left.iter().filter(|(_, on)| *on == node).map(|(other, _)| other).filter(is_before);
            let gates = [(before.cloned().collect(), Condition::Gone), (stay, Condition::Ready)];
            plan.leaving.push(Leaving {
                replica: replica.clone(),
                workload: name.clone(),
                kind: workload.kind(),
                removed_claims: Vec::new(),
                gates: gates.into_iter().filter_map(gate).collect(),
            });
        }
    }
    for plan in plans.values_mut() {
        plan.leaving.sort_by(|a, b| a.replica.cmp(&b.replica));
    }
}

fn gate((of, until): (Vec<ReplicaName>, Condition)) -> Option<StepGate> {
    (!of.is_empty()).then_some(StepGate { step: Step::Leave, gate: Gate::After(After { of, until }) })
}
