//! Claims of replicas: which volumes a node keeps for whom, and which of them go.
//!
//! A volume stays with its node and outlives its replica. What a build knows of it stands in the lock: whether it may be
//! made empty, whether it must hold data, and what becomes of it when its replica or its workload goes (P-048, P-052).

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{After, Gate, Step, StepGate},
    instance::{Leaving, WorkloadKind},
    name::{NodeName, ReplicaName, VolumeName, WorkloadName},
    node_plan::{ClaimData, ClaimVolume, NodePlan},
};

use super::rollout::job_here;
use crate::{
    lock::{ClaimLock, ClaimState, Lock, WorkloadLock},
    model::{
        stateful_set::{Claim, Retention},
        workload::Workload,
    },
    placement::{Placed, Placement},
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
    let job = |name: &VolumeName| {
        let claim = declared.iter().find(|claim| claim.name.value.as_str() == name.as_str());
        claim.and_then(|claim| claim.before_remove.as_ref()).map(|job| job.value.clone())
    };
    let of_scaled = |key: &(ReplicaName, VolumeName), claim: &ClaimLock| ClaimLock {
        before_remove: job(&key.1),
        ..left(claim, claim.when_scaled)
    };
    let mut claims: Claims = had.iter().map(|(key, claim)| (key.clone(), of_scaled(key, claim))).collect();
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
        before_remove: claim.before_remove.as_ref().map(|job| job.value.clone()),
    }
}

/// Says in each node's plan which volumes it keeps, and what has left.
pub(super) fn plan(placement: &Placement, lock: &Lock, plans: &mut BTreeMap<NodeName, NodePlan>) {
    for (workload, of_workload) in &lock.workloads {
        for ((replica, claim), one) in &of_workload.claims {
            let Some(plan) = plans.get_mut(&one.node) else { continue };
            let data = match one.state {
                ClaimState::New => ClaimData::New,
                ClaimState::Existing => ClaimData::Existing,
                ClaimState::Kept => continue,
                ClaimState::Gone => {
                    let job = one.before_remove.as_ref();
                    let before = job.and_then(|job| job_here(placement, job, &one.node));
                    leave(plan, (workload, of_workload.kind), (replica, claim), before);
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

fn leave(
    plan: &mut NodePlan,
    of: (&WorkloadName, WorkloadKind),
    (replica, claim): (&ReplicaName, &VolumeName),
    before: Option<After<ReplicaName>>,
) {
    if plan.instances.iter().any(|instance| instance.replica == *replica) {
        return;
    }
    let gate = before.map(|after| StepGate { step: Step::Leave, gate: Gate::After(after) });
    if let Some(leaving) = plan.leaving.iter_mut().find(|leaving| leaving.replica == *replica) {
        leaving.removed_claims.push(claim.clone());
        leaving.gates.extend(gate.filter(|gate| !leaving.gates.contains(gate)));
        return;
    }
    plan.leaving.push(Leaving {
        replica: replica.clone(),
        workload: of.0.clone(),
        kind: of.1,
        removed_claims: vec![claim.clone()],
        gates: gate.into_iter().collect(),
    });
}

/// Claims that go, and the job that must complete before, by job and node.
pub(super) fn before(lock: &Lock) -> BTreeMap<(&WorkloadName, &NodeName), Vec<String>> {
    let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for ((replica, claim), one) in lock.workloads.values().flat_map(|one| &one.claims) {
        if let (ClaimState::Gone, Some(job)) = (one.state, &one.before_remove) {
            found.entry((job, &one.node)).or_default().push(format!("{replica}/{claim}"));
        }
    }
    found
}
