//! Which nodes a replica may run on, and which have room for it. Every clause is judged for every node.

use std::collections::BTreeMap;

use wlc_plan::name::NodeName;

use super::{capacity::Machine, facts, refusal::Refusal, request::Request};
use crate::{
    model::{
        node::{Forbidden, Taint},
        place::{Any, Clauses, LabelRequirement, Not, Place, Tolerate},
        port::HostPort,
    },
    span::Span,
};

/// The nodes that a workload may run on, and why the others may not.
#[derive(Debug, Clone, Default)]
pub(super) struct Eligible {
    /// Nodes on which it may run, sorted by name.
    pub nodes: Vec<NodeName>,
    /// Why each other node may not run it.
    pub refused: BTreeMap<NodeName, Vec<Refusal>>,
}

/// Judges labels, facts and taints: what does not change while replicas are placed.
pub(super) fn eligible(request: &Request, machines: &BTreeMap<NodeName, Machine<'_>>) -> Eligible {
    let mut found = Eligible::default();
    for (name, machine) in machines {
        let refusals = refusals(request, machine);
        if refusals.is_empty() {
            found.nodes.push(name.clone());
        } else {
            found.refused.insert(name.clone(), refusals);
        }
    }
    found
}

/// Why a node may not run a replica, whatever room it has.
pub(super) fn refusals(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    let place = request.place.as_ref();
    for taint in &machine.node.taints {
        if !place
            .is_some_and(|place| place.tolerate_all.value || place.tolerate.iter().any(|word| tolerates(word, taint)))
        {
            let group = format!("taint `{}`", taint.key.value);
            let detail = format!("it has the taint `{}`", taint.key.value);
            found.push(Refusal { nearness: 1, ..Refusal::new(request.span, group, detail) });
        }
    }
    let is_named = place.and_then(|place| place.on.as_ref()).is_some_and(|on| on.value == machine.node.name.value);
    if machine.node.placeholder.value && !is_named {
        found.push(Refusal::new(request.span, "placeholder", "it is a placeholder, and takes only what names it"));
    }
    if let Some(place) = place {
        found.extend(by_place(place, machine));
    }
    found.extend(forbidden(request, machine));
    found.extend(rootless(request, machine));
    found
}

/// What Podman cannot do without root: ports below 1024, and limits on control groups of version 1.
fn rootless(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let podman = machine.facts.and_then(|facts| facts.podman.as_ref());
    let Some(podman) = podman.filter(|podman| podman.rootless.value) else { return Vec::new() };
    let mut found = Vec::new();
    for port in &request.ports {
        if let HostPort::Fixed(number @ ..1024) = port.host {
            let detail = format!("its Podman runs without root and cannot listen on port {number}");
            found.push(Refusal::new(port.span, "rootless", detail));
        }
    }
    let old_groups = podman.cgroups.as_ref().is_some_and(|version| version.value == "v1");
    if let Some(span) = request.limit_span.filter(|_| old_groups) {
        let detail = "its Podman runs without root on control groups of version 1 and cannot hold a limit";
        found.push(Refusal::new(span, "rootless", detail));
    }
    found
}

/// What the node forbids.
fn forbidden(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let forbidden = machine.node.forbid.iter().flat_map(|list| &list.value);
    let asked = forbidden.filter_map(|word| request.forbidden.iter().find(|(asked, _)| *asked == word.value));
    let refusal = |(asked, span): &(Forbidden, Span)| {
        Refusal::new(*span, format!("forbids `{}`", asked.word()), format!("it forbids `{}`", asked.word()))
    };
    asked.map(refusal).collect()
}

/// S-444, S-445: without a value, any value of the key; without an effect, any effect.
fn tolerates(word: &Tolerate, taint: &Taint) -> bool {
    let value = |taint: &Taint| taint.value.as_ref().map(|value| value.value.clone());
    word.key.value == taint.key.value
        && word.value.as_ref().is_none_or(|wanted| value(taint).as_ref() == Some(&wanted.value))
        && word.effect.as_ref().is_none_or(|wanted| wanted.value == taint.effect.value)
}

fn by_place(place: &Place, machine: &Machine<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    if let Some(on) = place.on.as_ref().filter(|on| on.value != machine.node.name.value) {
        found.push(Refusal::new(on.span, format!("not `{}`", on.value), "it is another node"));
    }
    let Some(require) = &place.require else { return found };
    found.extend(term(&require.clauses, require.not.as_ref(), machine));
    found.extend(any(&require.any, machine));
    found
}

/// All clauses of a term: what must be true, and what must not.
fn term(clauses: &Clauses, not: Option<&Not>, machine: &Machine<'_>) -> Vec<Refusal> {
    let facts = machine.facts;
    let missed = clauses.labels.iter().filter(|label| !has_label(label, machine));
    let mut found: Vec<Refusal> = missed.map(|label| label_refusal(label, machine)).collect();
    found.extend(facts::required(clauses, facts));
    if let Some(Not { clauses: not, .. }) = not {
        for label in not.labels.iter().filter(|label| has_label(label, machine)) {
            let group = format!("label `{}`", label.key.value);
            found.push(Refusal::new(label.span, group, format!("it has the label `{}`", label.key.value)));
        }
        found.extend(facts::forbidden(not, facts));
    }
    found
}

/// S-431: one of several terms is enough. Where none holds, the one that lacks least says why.
fn any(terms: &[Any], machine: &Machine<'_>) -> Vec<Refusal> {
    let missed = terms.iter().map(|one| term(&one.clauses, one.not.as_ref(), machine));
    missed.min_by_key(Vec::len).unwrap_or_default()
}

/// S-432: a label with one of these values and inside these bounds; without any, the label at all.
fn has_label(wanted: &LabelRequirement, machine: &Machine<'_>) -> bool {
    let mut labels = machine.node.labels.iter().filter(|label| label.key.value == wanted.key.value);
    labels.any(|label| {
        let value = &label.value.value;
        (wanted.values.is_empty() || wanted.values.iter().any(|wanted| wanted.value == *value))
            && is_inside(wanted, value.as_str())
    })
}

/// Whether a label is a number inside the bounds; where none are asked, it may be anything.
fn is_inside(wanted: &LabelRequirement, value: &str) -> bool {
    let number = value.parse::<i64>().ok();
    let at_least = wanted.at_least.as_ref().is_none_or(|least| number.is_some_and(|number| number >= least.value));
    at_least && wanted.at_most.as_ref().is_none_or(|most| number.is_some_and(|number| number <= most.value))
}

fn label_refusal(wanted: &LabelRequirement, machine: &Machine<'_>) -> Refusal {
    let key = &wanted.key.value;
    let there = machine.node.labels.iter().find(|label| label.key.value == *key);
    let detail = match there {
        Some(label) => format!("its label `{key}` is `{}`", label.value.value),
        None => format!("it has no label `{key}`"),
    };
    Refusal { nearness: u64::from(there.is_some()), ..Refusal::new(wanted.span, format!("label `{key}`"), detail) }
}

/// What is missing on a node for one more replica: CPU, memory, host ports, places.
pub(super) fn room(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    if request.cpu.0 > 0 && machine.cpu.is_none_or(|left| left < request.cpu) {
        found.push(Refusal::cpu(request.cpu_span.unwrap_or(request.span), request.cpu, machine.cpu));
    }
    if request.memory.0 > 0 && machine.memory.is_none_or(|left| left < request.memory) {
        found.push(Refusal::memory(request.memory_span.unwrap_or(request.span), request.memory, machine.memory));
    }
    for port in &request.ports {
        if let HostPort::Fixed(number) = port.host
            && !machine.is_free(number, port.protocol, port.address)
        {
            found.push(Refusal::new(port.span, format!("host port {number}"), format!("its port {number} is taken")));
        }
    }
    if !machine.is_below_limit() {
        found.push(Refusal::new(request.span, "replicas per node", "it has as many replicas as a node may have"));
    }
    found
}
