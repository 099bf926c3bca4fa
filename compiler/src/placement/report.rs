//! Why something could not be placed, as diagnostics: the clause, the reasons in groups, the nearest miss.

use std::collections::BTreeMap;

use wlc_plan::name::{NodeName, ReplicaName};

use super::{
    Placement,
    beside::{self, Around},
    capacity::Machine,
    filter,
    filter::Eligible,
    refusal::Refusal,
    request::{Copies, PortRequest, Request},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lock::{Lock, State},
    model::{Repository, workload::Workload},
    span::Span,
};

/// A selection that no node matches. A daemon-set that the lock has had is warned about only.
pub(super) fn matches_nothing(
    repository: &Repository,
    workload: &Workload,
    request: &Request,
    machines: &BTreeMap<NodeName, Machine<'_>>,
    lock: &Lock,
    problems: &mut Problems,
) {
    let name = &request.workload;
    if repository.nodes.is_empty() {
        let message = format!("`{name}` has no node to run on: the fleet has none");
        let diagnostic = Diagnostic::new(Code::MatchesNothing, message, request.span, "nowhere to run");
        problems.add(diagnostic.hint("describe a machine: `node \"n1\"`, and its facts with `wlagent facts`"));
        return;
    }
    if request.copies.is_none() {
        return;
    }
    let had_nodes = lock.workloads.get(name).is_some_and(|locked| locked.state == State::Live);
    let code = match (workload, had_nodes) {
        (Workload::DaemonSet(_), true) => Code::DaemonSetEmpty,
        (Workload::DaemonSet(_), false)
        | (Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::Job(_) | Workload::CronJob(_), _) => {
            Code::MatchesNothing
        }
    };
    let refused = filter::refused(request, machines);
    problems.add(diagnostic(code, format!("`{name}` matches no node"), request, &refused));
}

/// No node has room for one more replica.
pub(super) fn no_node_fits(
    request: &Request,
    replica: &ReplicaName,
    eligible: &Eligible<'_>,
    machines: &BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) {
    let around = Around::of(request, machines.values());
    let judge = |node| Some(beside::room(request, machines.get(node)?, &around));
    let room = eligible.nodes.iter().filter_map(|node| Some((*node, judge(*node)?)));
    let mut refused: BTreeMap<&NodeName, Vec<Refusal>> = filter::refused(request, machines);
    refused.extend(room);
    let message = format!("no node fits replica `{replica}`");
    problems.add(diagnostic(Code::NoNodeFits, message, request, &refused));
}

/// A job asks for more replicas at the same time than have room: fewer run.
pub(super) fn capped(request: &Request, got: u32, asked: u32, problems: &mut Problems) {
    let message = format!("{got} of {asked} replicas of `{}` have room at the same time", request.workload);
    let label = format!("runs {got} at the same time");
    let diagnostic = Diagnostic::new(Code::ParallelismCapped, message, request.parallelism_span, label);
    problems.add(diagnostic.hint("the job takes longer; ask for less, or add a node"));
}

/// A daemon-set runs on every eligible node; a full one is an error.
pub(super) fn daemon_set_without_room(
    request: &Request,
    refused: &BTreeMap<&NodeName, Vec<Refusal>>,
    problems: &mut Problems,
) {
    let message = format!("`{}` runs on every node that it selects, and not all have room", request.workload);
    problems.add(diagnostic(Code::NoNodeFits, message, request, refused));
}

/// A port that asks `auto`, and no number is free for it.
pub(super) fn no_free_port(request: &Request, asked: &PortRequest, machine: &Machine<'_>, problems: &mut Problems) {
    let Some(range) = request.auto_ports else {
        let message = "the fleet has no `host-ports` from which a port can be picked";
        let diagnostic = Diagnostic::new(Code::NoFreePort, message, asked.span, "from which ports?");
        return problems.add(diagnostic.hint("write `host-ports \"20000-29999\"` in the fleet block"));
    };
    let message =
        format!("all ports from {} to {} are taken on node `{}`", range.first, range.last, machine.node.name.value);
    let diagnostic = Diagnostic::new(Code::NoFreePort, message, asked.span, "no free port");
    problems.add(diagnostic.hint("widen `host-ports` in the fleet block"));
}

/// Two workloads whose replicas have one name: a daemon-set's are named after nodes, and a node may be called `a-0`.
pub(super) fn shared_names(repository: &Repository, placement: &Placement, problems: &mut Problems) {
    let mut owners: BTreeMap<&ReplicaName, Span> = BTreeMap::new();
    for (name, replicas) in &placement.workloads {
        let span = repository.workloads[name].span();
        let twice = replicas.keys().find_map(|replica| Some((replica, *owners.get(replica)?)));
        owners.extend(replicas.keys().map(|replica| (replica, span)));
        if let Some((replica, first)) = twice {
            let message = format!("two workloads have a replica `{replica}`");
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, span, "named again by this one");
            problems.add(
                diagnostic
                    .also(first, "first named by this one")
                    .hint("names of replicas are unique over the fleet: give one of the workloads another name"),
            );
        }
    }
}

fn diagnostic(
    code: Code,
    message: String,
    request: &Request,
    refused: &BTreeMap<&NodeName, Vec<Refusal>>,
) -> Diagnostic {
    let span = commonest_span(refused).unwrap_or(request.span);
    let diagnostic = Diagnostic::new(code, message, span, groups(refused));
    let diagnostic = match nearest_miss(refused) {
        Some(miss) => diagnostic.hint(miss),
        None => diagnostic,
    };
    if refused.values().flat_map(|refusals| refusals.iter()).any(|refusal| refusal.group.ends_with("unknown")) {
        return diagnostic.hint("run `wlagent facts` on the machine and commit what it prints");
    }
    let taints: Vec<&str> = refused.values().flat_map(|refusals| refusals.iter()).filter_map(taint).collect();
    let diagnostic = match taints.first() {
        Some(taint) => {
            diagnostic.hint(format!("`place {{ tolerate {} }}` takes a node with that taint", taint.replace('`', "\"")))
        }
        None => diagnostic,
    };
    let is_selection = matches!(code, Code::MatchesNothing | Code::DaemonSetEmpty);
    match request.copies {
        _ if is_selection => diagnostic.hint("require what a node has, or describe a node that has it"),
        Copies::EachNode => diagnostic.hint("select fewer nodes, or make room on them"),
        Copies::Equal(_) | Copies::Numbered { .. } | Copies::UpTo(_) | Copies::Owner { .. } => {
            diagnostic.hint("ask for less, run fewer replicas, or add a node")
        }
    }
}

/// The taint that a refusal is about, in backticks.
fn taint(refusal: &Refusal) -> Option<&str> {
    refusal.group.strip_prefix("taint ")
}

/// The clause that keeps most nodes away.
fn commonest_span(refused: &BTreeMap<&NodeName, Vec<Refusal>>) -> Option<Span> {
    let mut counts: BTreeMap<Span, usize> = BTreeMap::new();
    for refusal in refused.values().flat_map(|refusals| refusals.iter()) {
        *counts.entry(refusal.span).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(span, count)| (*count, std::cmp::Reverse(*span))).map(|(span, _)| span)
}

/// `6 nodes: memory; 2 nodes: taint dedicated`
fn groups(refused: &BTreeMap<&NodeName, Vec<Refusal>>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for refusals in refused.values() {
        let mut groups: Vec<&str> = refusals.iter().map(|refusal| refusal.group.as_str()).collect();
        groups.sort_unstable();
        groups.dedup();
        *counts.entry(groups.join(", ")).or_default() += 1;
    }
    let mut groups: Vec<(String, usize)> = counts.into_iter().collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let text =
        |(group, count): &(String, usize)| format!("{count} {}: {group}", if *count == 1 { "node" } else { "nodes" });
    groups.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// `nearest: gpu-03, it has a gpu of 24GiB, >=40GiB asked`
fn nearest_miss(refused: &BTreeMap<&NodeName, Vec<Refusal>>) -> Option<String> {
    let nearest = refused.iter().min_by_key(|(node, refusals)| {
        let nearness: u64 = refusals.iter().map(|refusal| refusal.nearness).sum();
        (refusals.len(), std::cmp::Reverse(nearness), **node)
    });
    nearest.map(|(node, refusals)| {
        let details: Vec<&str> = refusals.iter().map(|refusal| refusal.detail.as_str()).collect();
        format!("nearest is `{node}`: {}", details.join("; "))
    })
}
