//! Nodes: their labels and taints, and what is reserved of them.

use std::collections::BTreeMap;

use super::names::twice;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{Repository, facts::Facts, node::Node},
    span::Span,
};

pub(super) fn check(repository: &Repository, problems: &mut Problems) {
    for node in repository.nodes.values() {
        twice("label", node.labels.iter().map(|label| &label.key), problems);
        taints(node, problems);
        if let Some(facts) = repository.facts_of(&node.name.value) {
            reserve(node, facts, problems);
        }
    }
}

/// S-448: a key has each effect once.
fn taints(node: &Node, problems: &mut Problems) {
    let mut seen: BTreeMap<_, Span> = BTreeMap::new();
    for taint in &node.taints {
        if let Some(first) = seen.insert((&taint.key.value, taint.effect.value), taint.key.span) {
            let message = format!("the taint `{}` is on `{}` twice", taint.key.value, node.name.value);
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, taint.key.span, "again here");
            problems.add(diagnostic.also(first, "first here").hint("a key has each effect once; keep one of them"));
        }
    }
}

/// S-449: what is reserved is a part of what is there.
fn reserve(node: &Node, facts: &Facts, problems: &mut Problems) {
    let (Some(reserve), Some(capacity)) = (&node.reserve, &facts.capacity) else { return };
    let cpu = reserve.cpu.as_ref().zip(capacity.cpu.as_ref());
    let cpu = cpu
        .filter(|(kept, there)| kept.value > there.value)
        .map(|(kept, there)| (kept.span, there.value.to_string(), there.span));
    let memory = reserve.memory.as_ref().zip(capacity.memory.as_ref());
    let memory = memory
        .filter(|(kept, there)| kept.value > there.value)
        .map(|(kept, there)| (kept.span, there.value.to_string(), there.span));
    for (what, (span, there, facts_span)) in
        cpu.map(|cpu| ("CPUs", cpu)).into_iter().chain(memory.map(|memory| ("memory", memory)))
    {
        let message = format!("more {what} of `{}` are reserved than it has", node.name.value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, span, format!("it has {there}"));
        problems.add(
            diagnostic
                .also(facts_span, "all there is")
                .hint("reserve less: what is reserved is never given to replicas"),
        );
    }
}
