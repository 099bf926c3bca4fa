//! What replicas may have beside them: so many of their own workload at most, nothing at all, or nothing of workloads that
//! they are apart from. Kept replicas are judged as new ones are. Daemon-sets stand first: others make room for them.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::name::{LabelKey, LabelValue, NodeName, WorkloadName};

use super::{
    capacity::Machine,
    filter::{self, Eligible},
    refusal::Refusal,
    request::{Copies, Request},
};
use crate::{
    model::{node::Node, place::Place},
    span::Span,
};

/// The word that stands for the node itself where a label might stand.
const NODE: &str = "node";

/// What a workload bears beside its replicas.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// So many of its own replicas on one node at most.
    pub at_most: Option<(u32, Span)>,
    /// Nothing but daemon-sets.
    pub exclusive: Option<Span>,
    /// What its replicas share no value with, whoever says so.
    pub apart: BTreeMap<(WorkloadName, LabelKey), Said>,
    /// Whether its replicas count for any rule, its own or another's.
    pub is_counted: bool,
    /// How many replicas of a run a cron job asks for, where its own rules let fewer run on its node.
    pub asked: Option<u32>,
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// The place.
    pub span: Span,
    /// Whether the workload itself says so, and not the other.
    pub is_own: bool,
}

/// Fills in what workloads say of themselves and of each other.
pub(super) fn fill(requests: &mut BTreeMap<WorkloadName, Request>) {
    let places: Vec<(WorkloadName, Place)> =
        requests.iter().filter_map(|(name, one)| Some((name.clone(), one.place.clone()?))).collect();
    for (name, place) in &places {
        let Some(request) = requests.get_mut(name) else { continue };
        let own = &mut request.beside;
        own.at_most = place.at_most.as_ref().map(|most| (most.value.0, most.span));
        own.exclusive = place.exclusive.value.then_some(place.exclusive.span);
        own.is_counted |= own.at_most.is_some();
        for apart in place.apart.iter().filter(|apart| apart.weight.is_none()) {
            let other = apart.from.as_ref().map_or(name, |from| &from.value);
            say(requests, (name, other), &apart.by.value, Said { span: apart.span, is_own: true });
            say(requests, (other, name), &apart.by.value, Said { span: apart.span, is_own: false });
        }
    }
    requests.values_mut().for_each(cut);
}

fn say(
    requests: &mut BTreeMap<WorkloadName, Request>,
    (one, other): (&WorkloadName, &WorkloadName),
    key: &LabelKey,
    said: Said,
) {
    let Some(request) = requests.get_mut(one) else { return };
    request.beside.is_counted = true;
    let known = request.beside.apart.entry((other.clone(), key.clone())).or_insert(said);
    if said.is_own {
        *known = said;
    }
}

/// The replicas of a cron job's run are all on one node: no more of them than its own rules let be there.
fn cut(request: &mut Request) {
    let Copies::Owner { slots } = request.copies else { return };
    let beside = &request.beside;
    let is_alone = beside.exclusive.is_some() || beside.apart.keys().any(|(other, _)| *other == request.workload);
    let most = if is_alone { 1 } else { beside.at_most.map_or(u32::MAX, |(most, _)| most) };
    if most < slots {
        *request = request.of_slots(most);
        request.beside.asked = Some(slots);
    }
}

/// What a node is kept for alone.
#[derive(Debug, Clone)]
pub(super) struct Alone {
    by: WorkloadName,
    span: Span,
    is_daemon_set: bool,
}

/// What on a node counts for rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Company {
    /// How many replicas it has of workloads that count.
    there: BTreeMap<WorkloadName, u32>,
    /// The daemon-sets that count and run there.
    daemon_sets: BTreeSet<WorkloadName>,
    /// How many replicas there are that are not of daemon-sets.
    guests: u32,
    alone: Option<Alone>,
}

impl Company {
    /// Takes a replica; one of a daemon-set may be taken twice.
    pub(super) fn take(&mut self, request: &Request) {
        let is_daemon_set = request.copies == Copies::EachNode;
        let by = &request.workload;
        if is_daemon_set {
            self.daemon_sets.extend(request.beside.is_counted.then(|| by.clone()));
        } else {
            self.guests += 1;
            if request.beside.is_counted {
                *self.there.entry(by.clone()).or_insert(0) += 1;
            }
        }
        if let Some(span) = request.beside.exclusive {
            self.alone = Some(Alone { by: by.clone(), span, is_daemon_set });
        }
    }

    /// Whether a daemon-set keeps anything away.
    pub(super) fn is_claimed(&self) -> bool {
        !self.daemon_sets.is_empty() || self.is_driven_off()
    }

    /// Whether a daemon-set keeps everything away.
    pub(super) fn is_driven_off(&self) -> bool {
        self.alone.as_ref().is_some_and(|alone| alone.is_daemon_set)
    }

    /// Whether a replica of a workload is there; of daemon-sets only, where only those count.
    fn has(&self, workload: &WorkloadName, only_daemon_sets: bool) -> bool {
        self.daemon_sets.contains(workload) || (!only_daemon_sets && self.there.contains_key(workload))
    }
}

/// Daemon-sets have their nodes before anything is kept or placed.
pub(super) fn claim(request: &Request, eligible: &Eligible<'_>, machines: &mut BTreeMap<NodeName, Machine<'_>>) {
    if request.copies != Copies::EachNode || !(request.beside.is_counted || request.beside.exclusive.is_some()) {
        return;
    }
    for node in &eligible.nodes {
        if let Some(machine) = machines.get_mut(*node) {
            machine.company.take(request);
        }
    }
}

/// Of the labels by which a workload is apart: which values have what it is apart from.
pub(super) struct Around {
    values: BTreeSet<(WorkloadName, LabelKey, LabelValue)>,
    /// Whether only daemon-sets count: for one of them, and for what is true before anything else is placed.
    only_daemon_sets: bool,
}

impl Around {
    /// What is around a workload's replicas as things lie.
    pub(super) fn of<'m, 'a: 'm>(request: &Request, machines: impl Iterator<Item = &'m Machine<'a>> + Clone) -> Self {
        Self::counting(request, machines, request.copies == Copies::EachNode)
    }

    /// What daemon-sets alone are around them.
    pub(super) fn of_daemon_sets<'m, 'a: 'm>(
        request: &Request,
        machines: impl Iterator<Item = &'m Machine<'a>> + Clone,
    ) -> Self {
        Self::counting(request, machines, true)
    }

    fn counting<'m, 'a: 'm>(
        request: &Request,
        machines: impl Iterator<Item = &'m Machine<'a>> + Clone,
        only_daemon_sets: bool,
    ) -> Self {
        let mut values = BTreeSet::new();
        for (other, key) in request.beside.apart.keys().filter(|(_, key)| key.as_str() != NODE) {
            let mut seen = BTreeSet::new();
            let is_itself = request.copies == Copies::EachNode && *other == request.workload;
            let there = machines.clone().filter(|machine| machine.company.has(other, only_daemon_sets));
            for value in there.filter_map(|machine| value(machine.node, key)) {
                // A daemon-set's own replica on the node that is judged is none beside it.
                if seen.replace(value).is_some() || !is_itself {
                    values.insert((other.clone(), key.clone(), value.clone()));
                }
            }
        }
        Self { values, only_daemon_sets }
    }

    /// Counts one more replica of the workload itself.
    pub(super) fn add(&mut self, request: &Request, machine: &Machine<'_>) {
        let own = request.beside.apart.keys().filter(|(other, _)| *other == request.workload);
        for (other, key) in own {
            let value = value(machine.node, key).cloned();
            self.values.extend(value.map(|value| (other.clone(), key.clone(), value)));
        }
    }
}

/// The value that a node has of a label.
pub(super) fn value<'a>(node: &'a Node, key: &LabelKey) -> Option<&'a LabelValue> {
    node.labels.iter().find(|label| label.key.value == *key).map(|label| &label.value.value)
}

/// Whether a key stands for the node itself.
pub(super) fn is_node(key: &LabelKey) -> bool {
    key.as_str() == NODE
}

/// What is missing on a node for one more replica, and what there keeps it away.
pub(super) fn room(request: &Request, machine: &Machine<'_>, around: &Around) -> Vec<Refusal> {
    let mut found = filter::room(request, machine);
    found.extend(refusals(request, machine, around));
    found
}

/// What on a node, or around it, keeps a replica away.
pub(super) fn refusals(request: &Request, machine: &Machine<'_>, around: &Around) -> Vec<Refusal> {
    let (beside, company) = (&request.beside, &machine.company);
    let mut found = Vec::new();
    if request.copies != Copies::EachNode {
        let own = company.there.get(&request.workload).copied().unwrap_or(0);
        if let Some((most, span)) = beside.at_most.filter(|(most, _)| own >= *most && !around.only_daemon_sets) {
            let detail = format!("it has {own} of its replicas, and may have {most}");
            found.push(Refusal { nearness: 1, ..Refusal::new(span, format!("at-most {most}"), detail) });
        }
        found.extend(alone(request, company, around.only_daemon_sets));
    }
    found.extend(apart(request, machine, around));
    found
}

fn alone(request: &Request, company: &Company, only_daemon_sets: bool) -> Option<Refusal> {
    if let Some(other) = company.alone.as_ref().filter(|other| other.is_daemon_set || !only_daemon_sets) {
        let detail = format!("it is for `{}` alone", other.by);
        return Some(Refusal::new(other.span, format!("`{}` is exclusive", other.by), detail));
    }
    let span = request.beside.exclusive.filter(|_| !only_daemon_sets && company.guests > 0)?;
    Some(Refusal::new(span, "exclusive", "it has other replicas"))
}

fn apart(request: &Request, machine: &Machine<'_>, around: &Around) -> Vec<Refusal> {
    let mut found = Vec::new();
    for ((other, key), said) in &request.beside.apart {
        let is_itself = request.copies == Copies::EachNode && *other == request.workload;
        let group = format!("apart from `{other}` by `{key}`");
        if is_node(key) {
            if !is_itself && machine.company.has(other, around.only_daemon_sets) {
                found.push(Refusal::new(said.span, group, format!("it has a replica of `{other}`")));
            }
        } else if let Some(value) = value(machine.node, key)
            && around.values.contains(&(other.clone(), key.clone(), value.clone()))
        {
            let detail = format!("a replica of `{other}` is where `{key}` is `{value}` too");
            found.push(Refusal::new(said.span, group, detail));
        }
    }
    found
}
