//! Claims of replicas: which volumes a node keeps for whom, and which of them go.
//!
//! A volume stays with its node and outlives its replica. What a build knows of it stands in the lock: whether it may be
//! made empty, whether it must hold data, and what becomes of it when its replica or its workload goes (P-048, P-052).

use std::collections::BTreeMap;

use wlc_plan::{
    instance::{Leaving, WorkloadKind},
    name::{NodeName, ReplicaName, VolumeName, WorkloadName},
    node_plan::{ClaimData, ClaimVolume, NodePlan},
};

use crate::{
    lock::{ClaimLock, ClaimState, Lock, WorkloadLock},
    model::{
        stateful_set::{Claim, Retention},
        workload::Workload,
    },
    placement::Placed,
};

/// The claims of a workload by replica and claim.
type Claims = BTreeMap<(ReplicaName, VolumeName), ClaimLock>;

/// The claims of a workload after a build.
pub(super) fn next<'a>(
    workload: &Workload,
    replicas: impl Iterator<Item = (&'a ReplicaName, &'a Placed)>,
    old: Option<&WorkloadLock>,
) -> Claims {
    let had = old.map(|old| old.claims.clone()).unwrap_or_default();
    let declared: &[Claim] = match workload {
        Workload::StatefulSet(set) => &set.claims,
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::Job(_) | Workload::CronJob(_) => &[],
    };
    let mut claims: Claims = had.iter().map(|(key, claim)| (key.clone(), left(claim, claim.when_scaled))).collect();
    for (replica, placed) in replicas {
        for claim in declared {
            let Ok(name) = VolumeName::parse(claim.name.value.as_str()) else { continue };
            let key = (replica.clone(), name);
            let state = state(had.get(&key), &placed.node);
            claims.insert(key, lock(claim, &placed.node, state));
        }
    }
    claims
}

/// The claims of a workload that was removed.
pub(super) fn of_removed(old: &WorkloadLock) -> Claims {
    old.claims.iter().map(|(key, claim)| (key.clone(), left(claim, claim.when_deleted))).collect()
}

/// A claim whose replica is there no more; what was decided once stays decided.
fn left(claim: &ClaimLock, policy: Retention) -> ClaimLock {
    let state = match (claim.state, policy) {
        (ClaimState::Gone, _) => ClaimState::Gone,
        (ClaimState::New | ClaimState::Existing | ClaimState::Kept, Retention::Retain) => ClaimState::Kept,
        (ClaimState::New | ClaimState::Existing | ClaimState::Kept, Retention::Delete) => ClaimState::Gone,
    };
    ClaimLock { state, ..claim.clone() }
}

/// Whether the volume of a replica that is there must hold data: where one was kept for it.
fn state(had: Option<&ClaimLock>, node: &NodeName) -> ClaimState {
    match had.filter(|had| had.node == *node).map(|had| had.state) {
        Some(ClaimState::Existing | ClaimState::Kept) => ClaimState::Existing,
        Some(ClaimState::New | ClaimState::Gone) | None => ClaimState::New,
    }
}

fn lock(claim: &Claim, node: &NodeName, state: ClaimState) -> ClaimLock {
    ClaimLock {
        node: node.clone(),
        size: claim.size.value,
        when_scaled: claim.when_scaled.value,
        when_deleted: claim.when_deleted.value,
        state,
    }
}

/// Says in each node's plan which volumes it keeps, and what has left.
pub(super) fn plan(lock: &Lock, plans: &mut BTreeMap<NodeName, NodePlan>) {
    for (workload, of_workload) in &lock.workloads {
        for ((replica, claim), one) in &of_workload.claims {
            let Some(plan) = plans.get_mut(&one.node) else { continue };
            let data = match one.state {
                ClaimState::New => ClaimData::New,
                ClaimState::Existing => ClaimData::Existing,
                ClaimState::Kept => continue,
                ClaimState::Gone => {
                    leave(plan, (workload, of_workload.kind), replica, claim);
                    continue;
                }
            };
            let volume = ClaimVolume { replica: replica.clone(), claim: claim.clone(), size: one.size, data };
            plan.volumes.push(volume);
        }
    }
    for plan in plans.values_mut() {
        plan.volumes.sort();
        plan.leaving.sort_by(|a, b| a.replica.cmp(&b.replica));
    }
}

fn leave(plan: &mut NodePlan, of: (&WorkloadName, WorkloadKind), replica: &ReplicaName, claim: &VolumeName) {
    if plan.instances.iter().any(|instance| instance.replica == *replica) {
        return;
    }
    if let Some(leaving) = plan.leaving.iter_mut().find(|leaving| leaving.replica == *replica) {
        leaving.removed_claims.push(claim.clone());
        return;
    }
    plan.leaving.push(Leaving {
        replica: replica.clone(),
        workload: of.0.clone(),
        kind: of.1,
        removed_claims: vec![claim.clone()],
        gates: Vec::new(),
    });
}
