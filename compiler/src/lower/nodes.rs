//! What is promised on each node only, since nodes of a fleet without a board do not see each other: budgets, order, and
//! that all old replicas are gone. What cannot be kept is refused, what is kept in part is warned about.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::name::NodeName;

use super::{job, rollout::budget};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
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
};

const DO_NOT_WAIT: &str = "nodes of a fleet with `board \"none\"` do not wait for each other";

/// Reports what is promised on each node only.
pub fn check_nodes(repository: &Repository, placement: &Placement, problems: &mut Problems) {
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
