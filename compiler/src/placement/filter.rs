//! Which nodes a replica may run on, and which have room for it. Every clause is judged for every node.

use std::{collections::BTreeMap, ops::ControlFlow};

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

/// The nodes that a workload may run on, sorted by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Eligible<'a> {
    /// Their names.
    pub nodes: Vec<&'a NodeName>,
}

/// Judges labels, facts and taints: what does not change while replicas are placed.
pub(super) fn eligible<'a>(request: &Request, machines: &BTreeMap<NodeName, Machine<'a>>) -> Eligible<'a> {
    let may_run = machines.values().filter(|machine| judge(request, machine, &mut Whether).is_continue());
    Eligible { nodes: may_run.map(|machine| &machine.node.name.value).collect() }
}

/// Why each of the other nodes may not run it.
pub(super) fn refused<'a>(
    request: &Request,
    machines: &'a BTreeMap<NodeName, Machine<'_>>,
) -> BTreeMap<&'a NodeName, Vec<Refusal>> {
    let all = machines.iter().map(|(name, machine)| (name, refusals(request, machine)));
    all.filter(|(_, refusals)| !refusals.is_empty()).collect()
}

/// Why a node may not run a replica, whatever room it has.
pub(super) fn refusals(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    let _ = judge(request, machine, &mut found);
    found
}

/// Who hears why a node may not run a replica. A reason is worded only for those who want it.
trait Listener {
    /// Takes one reason; whether the others are wanted as well.
    fn refuse(&mut self, why: impl FnOnce() -> Refusal) -> ControlFlow<()>;

    /// Takes several.
    fn refuse_all(&mut self, reasons: Vec<Refusal>) -> ControlFlow<()> {
        reasons.into_iter().try_for_each(|reason| self.refuse(|| reason))
    }
}

/// Wants to know whether there is a reason.
struct Whether;

impl Listener for Whether {
    fn refuse(&mut self, _: impl FnOnce() -> Refusal) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

impl Listener for Vec<Refusal> {
    fn refuse(&mut self, why: impl FnOnce() -> Refusal) -> ControlFlow<()> {
        self.push(why());
        ControlFlow::Continue(())
    }
}

fn judge(request: &Request, machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    taints(request, machine, found)?;
    placeholder(request, machine, found)?;
    if let Some(place) = &request.place {
        by_place(place, machine, found)?;
    }
    forbidden(request, machine, found)?;
    found.refuse_all(rootless(request, machine))
}

/// Taints that are not tolerated.
fn taints(request: &Request, machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    let is_tolerated = |taint: &Taint| {
        let tolerated = |place: &Place| place.tolerate.iter().any(|word| tolerates(word, taint));
        request.place.as_ref().is_some_and(|place| place.tolerate_all.value || tolerated(place))
    };
    machine.node.taints.iter().filter(|taint| !is_tolerated(taint)).try_for_each(|taint| {
        found.refuse(|| {
            let group = format!("taint `{}`", taint.key.value);
            let detail = format!("it has the taint `{}`", taint.key.value);
            Refusal { nearness: 1, ..Refusal::new(request.span, group, detail) }
        })
    })
}

fn placeholder(request: &Request, machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    let on = request.place.as_ref().and_then(|place| place.on.as_ref());
    let is_named = on.is_some_and(|on| on.value == machine.node.name.value);
    if is_named || !machine.node.placeholder.value {
        return ControlFlow::Continue(());
    }
    let detail = "it is a placeholder, and takes only what names it";
    found.refuse(|| Refusal::new(request.span, "placeholder", detail))
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
fn forbidden(request: &Request, machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    let forbidden = machine.node.forbid.iter().flat_map(|list| &list.value);
    let mut asked = forbidden.filter_map(|word| request.forbidden.iter().find(|(asked, _)| *asked == word.value));
    asked.try_for_each(|(asked, span): &(Forbidden, Span)| {
        let word = asked.word();
        found.refuse(|| Refusal::new(*span, format!("forbids `{word}`"), format!("it forbids `{word}`")))
    })
}

/// S-444, S-445: without a value, any value of the key; without an effect, any effect.
fn tolerates(word: &Tolerate, taint: &Taint) -> bool {
    let value = taint.value.as_ref().map(|value| &value.value);
    word.key.value == taint.key.value
        && word.value.as_ref().is_none_or(|wanted| value == Some(&wanted.value))
        && word.effect.as_ref().is_none_or(|wanted| wanted.value == taint.effect.value)
}

fn by_place(place: &Place, machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    if let Some(on) = place.on.as_ref().filter(|on| on.value != machine.node.name.value) {
        found.refuse(|| Refusal::new(on.span, format!("not `{}`", on.value), "it is another node"))?;
    }
    place.require.iter().try_for_each(|require| {
        term(&require.clauses, require.not.as_ref(), machine, found)?;
        any(&require.any, machine, found)
    })
}

/// All clauses of a term: what must be true, and what must not.
fn term(clauses: &Clauses, not: Option<&Not>, machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    let mut missed = clauses.labels.iter().filter(|label| !has_label(label, machine));
    missed.try_for_each(|label| found.refuse(|| label_refusal(label, machine)))?;
    found.refuse_all(facts::required(clauses, machine.facts))?;
    let Some(Not { clauses: not, .. }) = not else { return ControlFlow::Continue(()) };
    let mut there = not.labels.iter().filter(|label| has_label(label, machine));
    there.try_for_each(|label| {
        let group = || format!("label `{}`", label.key.value);
        found.refuse(|| Refusal::new(label.span, group(), format!("it has the label `{}`", label.key.value)))
    })?;
    found.refuse_all(facts::forbidden(not, machine.facts))
}

/// S-431: one of several terms is enough. Where none holds, the one that lacks least says why.
fn any(terms: &[Any], machine: &Machine<'_>, found: &mut impl Listener) -> ControlFlow<()> {
    let missed = terms.iter().map(|one| {
        let mut missed = Vec::new();
        let _ = term(&one.clauses, one.not.as_ref(), machine, &mut missed);
        missed
    });
    found.refuse_all(missed.min_by_key(Vec::len).unwrap_or_default())
}

/// Whether one of several terms holds.
pub(super) fn holds(one: &Any, machine: &Machine<'_>) -> bool {
    term(&one.clauses, one.not.as_ref(), machine, &mut Whether).is_continue()
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
    let number = || value.parse::<i64>().ok();
    let at_least = wanted.at_least.as_ref().is_none_or(|least| number().is_some_and(|number| number >= least.value));
    at_least && wanted.at_most.as_ref().is_none_or(|most| number().is_some_and(|number| number <= most.value))
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

/// What is missing on a node for a copy beside a replica: CPU and memory.
pub(super) fn room_for_copy(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    if request.cpu.0 > 0 && machine.cpu.is_none_or(|left| left < request.cpu) {
        found.push(Refusal::cpu(request.cpu_span.unwrap_or(request.span), request.cpu, machine.cpu));
    }
    if request.memory.0 > 0 && machine.memory.is_none_or(|left| left < request.memory) {
        found.push(Refusal::memory(request.memory_span.unwrap_or(request.span), request.memory, machine.memory));
    }
    found
}

/// What is missing on a node for one more replica: CPU, memory, host ports, places.
pub(super) fn room(request: &Request, machine: &Machine<'_>) -> Vec<Refusal> {
    let mut found = room_for_copy(request, machine);
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
