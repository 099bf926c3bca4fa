//! Where workloads may run: what of it can hold at all, before any node is looked at.

use std::collections::BTreeMap;

use super::names::known_workload;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        Repository,
        node::TaintEffect,
        place::{Not, Place, Spread, Tolerate},
        workload::Workload,
    },
    span::Span,
};

pub(super) fn check(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    let Some(place) = &workload.common().place else { return };
    empty_terms(place, problems);
    for tolerate in &place.tolerate {
        toleration(tolerate, problems);
    }
    spreads(&place.spread, problems);
    others(repository, workload, place, problems);
    if matches!(workload, Workload::DaemonSet(_)) {
        without_effect(place, problems);
    }
}

/// P-127: a term without a clause matches no node, where its author perhaps thought of all.
fn empty_terms(place: &Place, problems: &mut Problems) {
    let is_nothing = |not: &Option<Not>| not.as_ref().is_none_or(|not| not.clauses.is_empty());
    let require = place.require.iter();
    let mut terms: Vec<(&str, Span, Span)> = Vec::new();
    for require in require {
        if require.clauses.is_empty() && is_nothing(&require.not) && require.any.is_empty() {
            terms.push(("require", require.span, require.extent));
        }
        let empty = require.any.iter().filter(|any| any.clauses.is_empty() && is_nothing(&any.not));
        terms.extend(empty.map(|any| ("any", any.span, any.extent)));
    }
    let empty = place.prefer.iter().filter(|prefer| prefer.clauses.is_empty() && is_nothing(&prefer.not));
    terms.extend(empty.map(|prefer| ("prefer", prefer.span, prefer.extent)));
    for (word, span, extent) in terms {
        if !problems.any_error_in(extent) {
            let message = format!("`{word}` asks for nothing");
            let diagnostic = Diagnostic::new(Code::EmptyTerm, message, span, "nothing in it");
            problems
                .add(diagnostic.hint(format!(
                    "write what a node must have, such as `label \"zone\" \"a\"`, or take `{word}` out"
                )));
        }
    }
}

/// S-446: only what makes replicas leave can be tolerated for a time.
fn toleration(tolerate: &Tolerate, problems: &mut Problems) {
    let Some(length) = &tolerate.length else { return };
    if tolerate.effect.as_ref().is_none_or(|effect| effect.value != TaintEffect::NoExecute) {
        let message = "only taints with the effect `no-execute` can be tolerated for a time";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, length.span, "says nothing here");
        problems.add(diagnostic.hint("write `effect=\"no-execute\"` beside it, or take `for` out"));
    }
}

/// S-439, S-440: one line for each label and strictness; domains are counted for conditions only.
fn spreads(spreads: &[Spread], problems: &mut Problems) {
    let mut seen: BTreeMap<(&str, bool), Span> = BTreeMap::new();
    for spread in spreads {
        if let Some(first) = seen.insert((spread.by.value.as_str(), spread.soft.value), spread.by.span) {
            let message = format!("the replicas are spread by `{}` twice", spread.by.value);
            let diagnostic = Diagnostic::new(Code::Repeated, message, spread.by.span, "again here");
            problems.add(diagnostic.also(first, "first here").hint("keep one of them"));
        }
        if let Some(domains) = spread.min_domains.as_ref().filter(|_| spread.soft.value) {
            let message = "`min-domains` belongs to a condition, and this is a preference";
            let diagnostic = Diagnostic::new(Code::Contradiction, message, domains.span, "says nothing here");
            problems.add(diagnostic.also(spread.soft.span, "a preference").hint("take one of them out"));
        }
    }
}

/// What is said about other workloads.
fn others(repository: &Repository, workload: &Workload, place: &Place, problems: &mut Problems) {
    let own = &workload.name().value;
    for near in &place.near {
        known_workload(repository, &near.workload, problems);
        if near.workload.value == *own {
            let message = format!("`{own}` is to be near itself");
            let diagnostic = Diagnostic::new(Code::Contradiction, message, near.workload.span, "its own name");
            problems.add(diagnostic.hint("`on` puts all replicas on one node; `require { label … }` into one zone"));
        }
        let against = place.apart.iter().find(|apart| {
            apart.by.value == near.by.value && apart.from.as_ref().is_some_and(|from| from.value == near.workload.value)
        });
        if let Some(apart) = against {
            let message = format!("`{own}` is to be near `{}` and apart from it", near.workload.value);
            let diagnostic = Diagnostic::new(Code::Contradiction, message, apart.span, "apart here");
            problems.add(diagnostic.also(near.span, "near here").hint("keep one of them"));
        }
    }
    for from in place.apart.iter().filter_map(|apart| apart.from.as_ref()) {
        known_workload(repository, from, problems);
    }
}

/// S-150: a daemon-set has one replica on each node that it selects; there is nothing to prefer or to spread.
fn without_effect(place: &Place, problems: &mut Problems) {
    let prefer = place.prefer.iter().map(|one| ("prefer", one.span));
    let spread = place.spread.iter().map(|one| ("spread", one.span));
    let at_most = place.at_most.iter().map(|one| ("at-most", one.span));
    for (word, span) in prefer.chain(spread).chain(at_most) {
        let message = format!("`{word}` changes nothing for a daemon-set");
        let diagnostic = Diagnostic::new(Code::NoEffect, message, span, "without effect");
        problems.add(
            diagnostic.hint("a daemon-set runs on each node that `require` selects and whose taints it tolerates"),
        );
    }
}
