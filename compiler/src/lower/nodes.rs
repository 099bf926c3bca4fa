//! What is promised on each node only, since nodes of a fleet without a board do not see each other: budgets, order, and
//! that all old replicas are gone. What cannot be kept is refused, what is kept in part is warned about.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::name::{NodeName, WorkloadName};

use super::{job, rollout::budget};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    lock::{ClaimState, Lock},
    model::{
        Repository,
        after::After,
        deployment::{Deployment, DeploymentStrategy},
        fleet::BoardKind,
        stateful_set::{self, StatefulSet},
        workload::Workload,
    },
    placement::Placement,
    rollout::{self, budget::Budget},
    span::Span,
};

const DO_NOT_WAIT: &str = "nodes of a fleet with `board \"none\"` do not wait for each other";

/// Reports what is promised on each node only.
pub fn check_nodes(repository: &Repository, placement: &Placement, problems: &mut Problems) {
    for name in placement.workloads.keys() {
        let workload = &repository.workloads[name];
        if let Some(job) = workload.before() {
            let needs = nodes_of(placement, workload).into_keys().collect();
            let what = format!("a new revision of `{name}`");
            guarded(repository, placement, (&job.value, job.span), (&needs, &what), problems);
        }
        if let Workload::StatefulSet(set) = workload {
            for (claim, job) in set.claims.iter().filter_map(|claim| Some((claim, claim.before_remove.as_ref()?))) {
                let needs = nodes_of(placement, workload).into_keys().collect();
                let what = format!("the removal of claim `{}` of `{name}`", claim.name.value);
                guarded(repository, placement, (&job.value, job.span), (&needs, &what), problems);
            }
        }
    }
    if !is_alone(repository) {
        return;
    }
    for name in placement.workloads.keys() {
        let workload = &repository.workloads[name];
        let nodes = nodes_of(placement, workload);
        workload.common().after.iter().for_each(|after| order(workload, after, &nodes, placement, problems));
        if nodes.len() < 2 {
            continue;
        }
        if workload.work().is_some() {
            job::check_nodes(workload, nodes.len(), problems);
            continue;
        }
        match (stateful_set::ordered(workload), recreated(workload)) {
            (Some(set), _) => problems.add(order_inside_nodes(set, nodes.len())),
            (None, Some(deployment)) => problems.add(recreated_on_several(deployment, nodes.len())),
            (None, None) => budgets(workload, placement, &nodes, problems),
        }
    }
}

/// Whether agents of the fleet see each other nowhere.
fn is_alone(repository: &Repository) -> bool {
    let board = repository.fleet.as_ref().and_then(|fleet| fleet.board.as_ref());
    board.is_none_or(|board| board.kind.value == BoardKind::None)
}

/// The nodes that have replicas of a workload, with how many.
fn nodes_of<'a>(placement: &'a Placement, workload: &Workload) -> BTreeMap<&'a NodeName, u32> {
    let mut nodes = BTreeMap::new();
    for placed in placement.workloads.get(&workload.name().value).into_iter().flat_map(BTreeMap::values) {
        *nodes.entry(&placed.node).or_insert(0) += 1;
    }
    nodes
}

/// Claims of workloads that are gone: the job that must complete before they go is still there, and where they are.
pub(super) fn check_removed(repository: &Repository, placement: &Placement, lock: &Lock, problems: &mut Problems) {
    for (name, one) in lock.workloads.iter().filter(|(name, _)| !repository.workloads.contains_key(*name)) {
        let mut needs: BTreeMap<&WorkloadName, BTreeSet<&NodeName>> = BTreeMap::new();
        for claim in one.claims.values().filter(|claim| claim.state == ClaimState::Gone) {
            if let Some(job) = &claim.before_remove {
                needs.entry(job).or_default().insert(&claim.node);
            }
        }
        for (job, nodes) in needs {
            match repository.workloads.get(job) {
                Some(other) => {
                    let what = format!("the removal of claims of `{name}`");
                    guarded(repository, placement, (job, other.span()), (&nodes, &what), problems);
                }
                None => problems.add(job_is_gone(name, job)),
            }
        }
    }
}

fn job_is_gone(name: &WorkloadName, job: &WorkloadName) -> Diagnostic {
    let message = format!("claims of `{name}` go, and job `{job}`, which must complete before, is gone too");
    Diagnostic::nowhere(Code::Contradiction, message).hint(format!(
        "keep job `{job}` until the volumes are gone; when they are, or may go without it: `wlc lock --forget {name}`"
    ))
}

/// A job that must complete before something happens on these nodes runs on each of them, or on the one that there is: a node
/// does not see what has run on another.
fn guarded(
    repository: &Repository,
    placement: &Placement,
    (job, span): (&WorkloadName, Span),
    (needs, what): (&BTreeSet<&NodeName>, &str),
    problems: &mut Problems,
) {
    let Some(other) = repository.workloads.get(job) else { return };
    let there: BTreeSet<&NodeName> = nodes_of(placement, other).into_keys().collect();
    let is_each = other.work().is_some_and(|work| work.per_node.value);
    let is_seen = if is_each { needs.is_subset(&there) } else { there.len() == 1 && *needs == there };
    if is_seen || needs.is_empty() {
        return;
    }
    let list = |nodes: &BTreeSet<&NodeName>| suggest::list(nodes.iter().map(|node| node.as_str()));
    let message = format!(
        "{what} waits on {} for job `{job}`, which runs on {}: no node sees what has run on another",
        list(needs),
        if there.is_empty() { "none".to_owned() } else { list(&there) }
    );
    let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "not seen from there");
    problems
        .add(diagnostic.hint("keep both on one node: `place { on \"NODE\" }`; or let the job run on each: `per-node`"));
}

/// Sums of what may be missing and of copies that are above what the whole workload may have.
fn budgets(workload: &Workload, placement: &Placement, nodes: &BTreeMap<&NodeName, u32>, problems: &mut Problems) {
    let name = &workload.name().value;
    let whole = Budget::of(workload, nodes.values().sum());
    let of_nodes: Vec<Budget> = nodes.keys().map(|node| budget(placement, workload, node)).collect();
    let missing: u32 = of_nodes.iter().map(|budget| budget.unavailable).sum();
    let copies: u32 = of_nodes.iter().map(|budget| budget.surge).sum();
    let (message, asked) = if missing > whole.unavailable {
        let message = format!(
            "`{name}` is replaced on {} nodes at once, and {missing} of its replicas may be missing at the same time",
            nodes.len()
        );
        (message, rollout::unavailable(workload))
    } else if copies > whole.surge && whole.surge > 0 {
        let message = format!("`{name}` is replaced on {} nodes at once, with {copies} copies beside it", nodes.len());
        (message, rollout::surge(workload))
    } else {
        return;
    };
    let diagnostic = Diagnostic::new(Code::SeveralNodes, message, workload.span(), "on several nodes");
    let diagnostic = match asked.written {
        Some(span) => diagnostic.also(span, "holds on each node, for one replica at least"),
        None => diagnostic,
    };
    problems.add(diagnostic.hint(DO_NOT_WAIT));
}

/// Replicas that start and stop one after the other do so inside of each node: the next node does not see them.
fn order_inside_nodes(set: &StatefulSet, nodes: usize) -> Diagnostic {
    let name = &set.name.value;
    let message = format!("`{name}` is on {nodes} nodes, and `order=\"ready\"` holds inside of each of them only");
    let diagnostic = Diagnostic::new(Code::SeveralNodes, message, set.order.span, "not from node to node");
    diagnostic
        .hint(DO_NOT_WAIT)
        .hint("keep it on one node: `place { on \"NODE\" }`; or say that no order is needed: `order=\"parallel\"`")
}

fn recreated(workload: &Workload) -> Option<&Deployment> {
    let Workload::Deployment(one) = workload else { return None };
    let strategy = one.update.as_ref()?.strategy.as_ref()?;
    (strategy.value == DeploymentStrategy::Recreate).then_some(one)
}

/// P-025: no node knows when the old replicas of the others are gone.
fn recreated_on_several(deployment: &Deployment, nodes: usize) -> Diagnostic {
    let strategy = deployment.update.as_ref().and_then(|update| update.strategy.as_ref());
    let span = strategy.map_or(deployment.name.span, |strategy| strategy.span);
    let name = &deployment.name.value;
    let message =
        format!("`{name}` is on {nodes} nodes, and none of them knows when the old replicas of the others are gone");
    let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "all old ones before the first new one");
    diagnostic
        .hint("keep it on one node: `place { on \"NODE\" }`; or replace it step by step: `update \"rolling\"`")
        .hint(DO_NOT_WAIT)
}

/// An order between workloads holds where both are on the node; elsewhere nobody waits.
fn order(
    workload: &Workload,
    after: &After,
    nodes: &BTreeMap<&NodeName, u32>,
    placement: &Placement,
    problems: &mut Problems,
) {
    let other = &after.workload.value;
    let placed = placement.workloads.get(other).into_iter().flat_map(BTreeMap::values);
    let theirs: BTreeSet<&NodeName> = placed.map(|placed| &placed.node).collect();
    let elsewhere = nodes.keys().filter(|node| theirs.iter().any(|other| other != *node));
    let elsewhere: Vec<&str> = elsewhere.map(|node| node.as_str()).collect();
    if elsewhere.is_empty() {
        return;
    }
    let name = &workload.name().value;
    let message = format!(
        "`{name}` waits for those replicas of `{other}` only that are on the same node: on {}",
        suggest::list(elsewhere)
    );
    let diagnostic = Diagnostic::new(Code::SeveralNodes, message, after.workload.span, "not from node to node");
    problems.add(diagnostic.hint(DO_NOT_WAIT));
}
