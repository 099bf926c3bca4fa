//! What binds a replica to its node: an identity, which must never run twice, and data, which lies there (S-112, S-143).
//!
//! Replicas of stateful-sets are named for good, and another node does not see whether the old one still runs them. So one
//! leaves its node only where the files say that it has left (`released`), or where the node is gone and nothing of value
//! with it.

use std::collections::BTreeMap;

use wlc_plan::name::{NodeName, ReplicaName};

use super::{
    Refusal, Task,
    beside::{self, Around},
    capacity::Machine,
    filter,
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lock::Lock,
    model::{
        Repository,
        stateful_set::{Claim, StatefulSet},
        workload::Workload,
    },
    span::Span,
};

/// A replica that leaves the node that the lock has it on.
struct Leaving<'a> {
    set: &'a StatefulSet,
    replica: &'a ReplicaName,
    node: &'a NodeName,
    /// A claim whose data cannot be left behind.
    claim: Option<&'a Claim>,
}

/// Whether a replica may be placed where there is room. Reports it where it may not.
pub(super) fn may_be_placed(
    repository: &Repository,
    task: &Task<'_>,
    replica: &ReplicaName,
    lock: &Lock,
    machines: &BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) -> bool {
    let set = match task.workload {
        Workload::StatefulSet(set) => set,
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::Job(_) | Workload::CronJob(_) => return true,
    };
    let locked = lock.workloads.get(&task.request.workload);
    let Some(node) = locked.and_then(|one| one.replicas.get(replica)).map(|one| &one.node) else { return true };
    let released = repository.released.get(replica);
    let claim = set.claims.iter().find(|claim| claim.is_local() && !claim.movable.value);
    let machine = machines.get(node);
    if released.is_some_and(|word| word.node.value == *node) || (machine.is_none() && claim.is_none()) {
        return true;
    }
    let (span, label) = match machine {
        Some(machine) => why(task, node, machine, machines),
        None => (repository.nodes.get(node).map_or(set.name.span, |node| node.gone.span), "gone".to_owned()),
    };
    problems.add(report(&Leaving { set, replica, node, claim }, machine.is_none(), span, label));
    false
}

/// What keeps a replica from staying on a node.
fn why(
    task: &Task<'_>,
    node: &NodeName,
    machine: &Machine<'_>,
    machines: &BTreeMap<NodeName, Machine<'_>>,
) -> (Span, String) {
    let around = Around::of(task.request, machines.values());
    let lasting = filter::refusals(task.request, machine).into_iter().next();
    let refusal = lasting.or_else(|| beside::room(task.request, machine, &around).into_iter().next());
    let label = |refusal: Refusal| (refusal.span, format!("node `{node}`: {}", refusal.detail));
    refusal.map_or((task.request.span, "no longer fits there".to_owned()), label)
}

fn report(leaving: &Leaving<'_>, is_gone: bool, span: Span, label: String) -> Diagnostic {
    let Leaving { set, replica, node, claim } = leaving;
    let word = format!("`released \"{replica}\" node=\"{node}\"`");
    let message = match (claim, is_gone) {
        (Some(claim), true) => {
            format!("claim `{}` of `{replica}` is on node `{node}`, which is gone", claim.name.value)
        }
        (Some(claim), false) => {
            format!("`{replica}` cannot stay on node `{node}`, and its claim `{}` is there", claim.name.value)
        }
        (None, _) => format!("`{replica}` cannot stay on node `{node}`, and it must never run on two nodes at once"),
    };
    let diagnostic = Diagnostic::new(Code::BoundReplica, message, span, label);
    match claim {
        Some(claim) if is_gone => diagnostic
            .also(claim.name.span, "its data")
            .hint("say that the data may be left behind: `movable` in the claim")
            .hint(format!("or, once the data is where it is wanted, that the replica has left: {word}")),
        Some(claim) => diagnostic
            .also(claim.name.span, "its data")
            .hint("let the replica fit there again")
            .hint(format!("or stop it there, copy its data, and say that it has left: {word}")),
        None => diagnostic
            .also(set.name.span, "its replicas are each one of a kind")
            .hint("let the replica fit there again")
            .hint(format!("or stop it there, and say that it has left: {word}")),
    }
}
