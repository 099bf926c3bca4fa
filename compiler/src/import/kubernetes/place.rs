//! Where a pod may run: node selectors, affinity, tolerations, spread, priority.

use super::{
    super::{fields::Fields, kdl::Block, report::Report},
    Cx,
    pod::Owner,
    selector::Selector,
};
use crate::span::Spanned;

/// Labels of which every node of a fleet has the same value.
const SYSTEMS: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];
/// Labels that name the processor.
const ARCHITECTURES: [&str; 2] = ["kubernetes.io/arch", "beta.kubernetes.io/arch"];
/// The label that names the node.
const HOST: &str = "kubernetes.io/hostname";

/// Reads everything that says where a pod may run.
pub(super) fn read(fields: &mut Fields, owner: &Owner, cx: &mut Cx<'_, '_>) -> Block {
    let mut place = Block::new("place");
    let mut require = Terms::default();
    for (key, value) in fields.pairs("nodeSelector", &mut cx.import.report) {
        require.add(&key, "In", &[value.value], cx);
    }
    if let Some(node) = fields.text("nodeName", &mut cx.import.report) {
        require.on = Some(cx.import.set.wants_node(&node));
    }
    let affinity = fields.map("affinity", &mut cx.import.report);
    let mut rest = Block::new("");
    if let Some(mut affinity) = affinity {
        node_affinity(&mut affinity, &mut require, &mut rest, cx);
        for (theirs, ours) in [("podAffinity", "near"), ("podAntiAffinity", "apart")] {
            if let Some(fields) = affinity.map(theirs, &mut cx.import.report) {
                pod_affinity(fields, ours, owner, &mut rest, cx);
            }
        }
        affinity.close(&mut rest, &mut cx.import.report);
    }
    if let Some(on) = require.on.take() {
        place.push(Block::new("on").arg(on));
    }
    require.write(&mut place);
    place.absorb(rest);
    tolerations(fields, &mut place, &mut cx.import.report);
    spread(fields, owner, &mut place, cx);
    priority(fields, &mut place, &mut cx.import.report);
    place
}

/// What must be true of a node, term by term.
#[derive(Debug, Default)]
struct Terms {
    on: Option<String>,
    require: Vec<Block>,
    not: Vec<Block>,
    notes: Vec<String>,
    any: Vec<Block>,
}

impl Terms {
    /// Takes one expression about a label.
    fn add(&mut self, key: &Spanned<String>, operator: &str, values: &[String], cx: &mut Cx<'_, '_>) {
        let report = &mut cx.import.report;
        let line = Block::new("label").arg(key.value.as_str()).args(values.iter().map(String::as_str));
        match (key.value.as_str(), operator) {
            (name, "In") if SYSTEMS.contains(&name) && values.iter().any(|value| value == "linux") => {
                self.notes.push(report.not_carried(key.span, name, "every node runs Linux"));
            }
            (name, "In") if ARCHITECTURES.contains(&name) => {
                self.require
                    .extend(values.iter().take(1).map(|value| Block::new("cpu").with("arch", architecture(value))));
                if values.len() > 1 {
                    self.notes.push(report.not_carried(key.span, name, "one architecture is asked for"));
                }
            }
            (HOST, "In") if values.len() == 1 => {
                let name = Spanned::new(values[0].clone(), key.span);
                self.on = Some(cx.import.set.wants_node(&name));
            }
            (_, "In" | "Exists") => self.require.push(line),
            (_, "NotIn" | "DoesNotExist") => self.not.push(line),
            (_, "Gt" | "Lt") => {
                let number = values.first().and_then(|value| value.parse::<i64>().ok()).unwrap_or_default();
                let line = Block::new("label").arg(key.value.as_str());
                self.require.push(match operator {
                    "Gt" => line.with("at-least", number.saturating_add(1)),
                    _ => line.with("at-most", number.saturating_sub(1)),
                });
            }
            (_, other) => {
                self.notes.push(report.not_carried(
                    key.span,
                    &format!("{} {other}", key.value),
                    "no such comparison is known",
                ));
            }
        }
    }

    /// Takes the expressions of another one.
    fn join(&mut self, other: Self) {
        self.on = other.on.or(self.on.take());
        self.require.extend(other.require);
        self.not.extend(other.not);
        self.notes.extend(other.notes);
    }

    /// The lines of `require`, `prefer` or `any`.
    fn lines(self, block: &mut Block) {
        self.notes.into_iter().for_each(|note| block.note(note));
        block.push_all(self.require);
        if !self.not.is_empty() {
            let mut not = Block::new("not");
            not.push_all(self.not);
            block.push(not);
        }
        block.push_all(self.any);
    }

    fn write(self, place: &mut Block) {
        let is_empty = self.require.is_empty() && self.not.is_empty() && self.any.is_empty();
        if is_empty {
            return self.lines(place);
        }
        let mut require = Block::new("require");
        self.lines(&mut require);
        place.push(require);
    }
}

/// The name of an architecture as the kernel says it.
pub(in super::super) fn architecture(name: &str) -> String {
    match name {
        "amd64" => "x86_64".to_owned(),
        "arm64" => "aarch64".to_owned(),
        other => other.to_owned(),
    }
}

fn term(mut fields: Fields, cx: &mut Cx<'_, '_>) -> Terms {
    let mut terms = Terms::default();
    for (word, is_field) in [("matchExpressions", false), ("matchFields", true)] {
        for mut one in fields.maps(word, &mut cx.import.report) {
            let report = &mut cx.import.report;
            let Some(key) = one.text("key", report) else {
                report.bad(one.span, "this expression names no label: it has no `key`");
                continue;
            };
            let operator = one.text("operator", report).map(|operator| operator.value).unwrap_or_default();
            let values: Vec<String> = one.texts("values", report).into_iter().map(|value| value.value).collect();
            let key =
                if is_field && key.value == "metadata.name" { Spanned::new(HOST.to_owned(), key.span) } else { key };
            terms.add(&key, &operator, &values, cx);
            one.close(&mut Block::new(""), &mut cx.import.report);
        }
    }
    let mut left = Block::new("");
    fields.close(&mut left, &mut cx.import.report);
    terms
}

fn node_affinity(affinity: &mut Fields, require: &mut Terms, rest: &mut Block, cx: &mut Cx<'_, '_>) {
    let Some(mut fields) = affinity.map("nodeAffinity", &mut cx.import.report) else { return };
    if let Some(mut required) = fields.map(REQUIRED, &mut cx.import.report) {
        let mut terms: Vec<Terms> = Vec::new();
        for one in required.maps("nodeSelectorTerms", &mut cx.import.report) {
            terms.push(term(one, cx));
        }
        required.close(rest, &mut cx.import.report);
        if terms.len() == 1 {
            require.join(terms.remove(0));
        } else {
            require.any.extend(terms.into_iter().map(any));
        }
    }
    for mut preferred in fields.maps(PREFERRED, &mut cx.import.report) {
        let weight = preferred.whole("weight", &mut cx.import.report).map_or(1, |weight| weight.value);
        let mut prefer = Block::new("prefer").with("weight", weight);
        if let Some(fields) = preferred.map("preference", &mut cx.import.report) {
            term(fields, cx).lines(&mut prefer);
        }
        preferred.close(&mut prefer, &mut cx.import.report);
        rest.push(prefer);
    }
    fields.close(rest, &mut cx.import.report);
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn any(terms: Terms) -> Block {
    let mut any = Block::new("any");
    let on = terms.on.clone();
    terms.lines(&mut any);
    if let Some(node) = on {
        any.push(Block::new("label").arg(HOST).arg(node));
    }
    any
}

/// Affinity to pods, or away from them: `near` or `apart`.
fn pod_affinity(mut fields: Fields, word: &'static str, owner: &Owner, rest: &mut Block, cx: &mut Cx<'_, '_>) {
    for term in fields.maps(REQUIRED, &mut cx.import.report) {
        pod_term(term, word, None, owner, rest, cx);
    }
    for mut preferred in fields.maps(PREFERRED, &mut cx.import.report) {
        let weight = preferred.whole("weight", &mut cx.import.report).map_or(1, |weight| weight.value);
        // A manifest of old habit leaves `podAffinityTerm` out; Kubernetes refuses it, and its meaning is plain.
        match preferred.map("podAffinityTerm", &mut cx.import.report) {
            Some(term) => {
                preferred.close(rest, &mut cx.import.report);
                pod_term(term, word, Some(weight), owner, rest, cx);
            }
            None => pod_term(preferred, word, Some(weight), owner, rest, cx),
        }
    }
    fields.close(rest, &mut cx.import.report);
}

fn pod_term(
    mut term: Fields,
    word: &'static str,
    weight: Option<i64>,
    owner: &Owner,
    rest: &mut Block,
    cx: &mut Cx<'_, '_>,
) {
    let report = &mut cx.import.report;
    let by = topology(&mut term, report);
    term.leave_all(&["namespaces", "namespaceSelector"], "there are no namespaces, the fleet is one", report);
    term.leave_all(&["matchLabelKeys", "mismatchLabelKeys"], "workloads are named, not their revisions", report);
    let span = term.span;
    let selector = term.map("labelSelector", report).map(|fields| Selector::read(fields, report));
    term.close(rest, report);
    let selected = selector.map(|selector| selector.workloads(cx)).unwrap_or_default();
    if selected.is_empty() {
        let what = if word == "near" { "podAffinity" } else { "podAntiAffinity" };
        let why = "no workload of the input has the labels that it selects";
        rest.note(cx.import.report.not_carried(span, what, why));
    }
    for name in selected {
        let is_own = name == owner.name;
        let mut line = Block::new(word);
        if word == "near" {
            line = line.arg(name.as_str());
        }
        line.set("by", by.as_str());
        if word == "apart" && !is_own {
            line.set("from", name);
        }
        line.set_some("weight", weight);
        rest.push(line);
    }
}

fn topology(fields: &mut Fields, report: &mut Report<'_>) -> String {
    match fields.text("topologyKey", report).map(|key| key.value) {
        Some(key) if key == HOST => "node".to_owned(),
        Some(key) => key,
        None => "node".to_owned(),
    }
}

fn effect(text: &str) -> String {
    super::job::kebab(text)
}

fn tolerations(fields: &mut Fields, place: &mut Block, report: &mut Report<'_>) {
    for mut toleration in fields.maps("tolerations", report) {
        let key = toleration.text("key", report);
        let operator = toleration.text("operator", report).map_or("Equal".to_owned(), |operator| operator.value);
        let value = toleration.text("value", report).map(|value| value.value);
        let mut line = match (&key, operator.as_str()) {
            (None, _) => Block::new("tolerate-all"),
            (Some(key), "Exists") => Block::new("tolerate").arg(key.value.as_str()),
            (Some(key), "Equal") => {
                // Without a value a taint of that key without a value is meant, which is the most common one.
                Block::new("tolerate").arg(key.value.as_str()).args(value.filter(|value| !value.is_empty()))
            }
            (Some(key), other) => {
                let why = "a taint has a value, and no order of values is known";
                place.note(report.not_carried(key.span, &format!("toleration of {} by {other}", key.value), why));
                continue;
            }
        };
        if key.is_some() {
            line.set_some("effect", toleration.text("effect", report).map(|word| effect(&word.value)));
            let time = toleration.whole("tolerationSeconds", report);
            line.set_some("for", time.map(|time| super::super::quantity::seconds(time.value)));
        } else {
            toleration.leave_all(&["effect", "tolerationSeconds"], "`tolerate-all` is for every taint", report);
        }
        toleration.close(&mut line, report);
        place.push(line);
    }
}

fn spread(fields: &mut Fields, owner: &Owner, place: &mut Block, cx: &mut Cx<'_, '_>) {
    for mut constraint in fields.maps("topologySpreadConstraints", &mut cx.import.report) {
        let report = &mut cx.import.report;
        let span = constraint.span;
        let mut line = Block::new("spread").with("by", topology(&mut constraint, report));
        let skew = constraint.whole("maxSkew", report).filter(|skew| skew.value != 1);
        line.set_some("max-skew", skew.map(|skew| skew.value));
        line.set_some("min-domains", constraint.whole("minDomains", report).map(|count| count.value));
        let soft = constraint.text("whenUnsatisfiable", report).is_some_and(|word| word.value == "ScheduleAnyway");
        line.set_some("soft", soft.then_some(true));
        let selector = constraint.map("labelSelector", report).map(|fields| Selector::read(fields, report));
        let policies = ["nodeAffinityPolicy", "nodeTaintsPolicy"];
        constraint.leave_all(&policies, "nodes that cannot take a replica do not count", report);
        constraint.leave("matchLabelKeys", "a workload is spread as a whole", report);
        constraint.close(&mut line, report);
        if selector.is_some_and(|selector| !selector.selects(&owner.labels)) {
            let why = "its selector does not match the pod itself, and a workload is spread by its own replicas";
            place.note(cx.import.report.not_carried(span, "topologySpreadConstraints", why));
        } else {
            place.push(line);
        }
    }
}

fn priority(fields: &mut Fields, place: &mut Block, report: &mut Report<'_>) {
    let class = fields.text("priorityClassName", report);
    let number = fields.whole("priority", report);
    let preempt = fields.text("preemptionPolicy", report).is_some_and(|policy| policy.value == "Never");
    let mut line = match (class, number) {
        (_, Some(number)) => Block::new("priority").arg(number.value.clamp(-1_000_000_000, 1_000_000_000)),
        (Some(class), None) => match class.value.as_str() {
            // Kubernetes keeps numbers above this one for itself.
            "system-node-critical" | "system-cluster-critical" => Block::new("priority").arg(1_000_000_000),
            name => {
                let what = format!("priorityClassName {name}");
                let why = "what it counts stands in a PriorityClass: write the number into `priority`";
                return place.note(report.not_carried(class.span, &what, why));
            }
        },
        (None, None) => return,
    };
    line.set_some("preempt", preempt.then_some("never"));
    place.push(line);
}
