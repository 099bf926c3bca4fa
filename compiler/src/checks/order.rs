//! Order between workloads: what is waited for is there, can come so far, and nothing waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::name::WorkloadName;

use super::names;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        Repository,
        after::{After, Until},
        workload::Workload,
    },
    span::Span,
};

/// What each workload waits for, and where it says so.
type Waits<'a> = BTreeMap<&'a WorkloadName, Vec<(&'a WorkloadName, Span)>>;

pub(super) fn check(repository: &Repository, problems: &mut Problems) {
    let mut waits = Waits::new();
    for (name, workload) in &repository.workloads {
        let waits = waits.entry(name).or_default();
        for after in &workload.common().after {
            names::known_workload(repository, &after.workload, problems);
            if let Some(other) = repository.workloads.get(&after.workload.value) {
                reachable(after, other, problems);
            }
            waits.push((&after.workload.value, after.workload.span));
        }
        names::twice("after", workload.common().after.iter().map(|after| &after.workload), problems);
        if let Some(before) = workload.before() {
            names::known_workload(repository, before, problems);
            match repository.workloads.get(&before.value) {
                Some(Workload::Job(_)) | None => {}
                Some(other) => names::not_a_job(other, before, problems),
            }
            waits.push((&before.value, before.span));
        }
    }
    circles(&waits, problems);
}

/// Whether the other workload can come so far.
fn reachable(after: &After, other: &Workload, problems: &mut Problems) {
    let until = after.until.as_ref();
    let span = until.map_or(after.workload.span, |until| until.span);
    let name = &after.workload.value;
    let (message, hint) = match (other, until.map(|until| until.value)) {
        (Workload::CronJob(_), _) => {
            (format!("`{name}` runs again and again, and is never done"), "wait for a job".to_owned())
        }
        (Workload::Job(_), Some(Until::Ready)) => {
            (format!("job `{name}` is never ready: it completes"), format!("write `after \"{name}\" \"complete\"`"))
        }
        (Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::DaemonSet(_), Some(Until::Complete)) => {
            let kind = other.kind().word();
            (
                format!("{kind} `{name}` never completes: it runs for ever"),
                format!("write `after \"{name}\" \"ready\"`"),
            )
        }
        (Workload::Job(_), Some(Until::Started | Until::Complete) | None)
        | (
            Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::DaemonSet(_),
            Some(Until::Ready | Until::Started) | None,
        ) => return,
    };
    problems.add(Diagnostic::new(Code::Contradiction, message, span, "never comes").hint(hint));
}

/// Each circle once, with every line that closes it.
fn circles(waits: &Waits<'_>, problems: &mut Problems) {
    let mut done: BTreeSet<&WorkloadName> = BTreeSet::new();
    for start in waits.keys() {
        let mut path: Vec<(&WorkloadName, usize)> = Vec::new();
        let mut next = Some(*start).filter(|start| !done.contains(start));
        while let Some(name) = next.take() {
            path.push((name, 0));
            while let Some((name, at)) = path.last_mut() {
                let Some((other, _)) = waits.get(*name).and_then(|waits| waits.get(*at)) else {
                    done.insert(*name);
                    path.pop();
                    continue;
                };
                *at += 1;
                let first = path.iter().position(|(name, _)| name == other);
                if let Some(first) = first {
                    report(&path[first..], waits, problems);
                } else if waits.contains_key(*other) && !done.contains(*other) {
                    next = Some(*other);
                    break;
                }
            }
        }
    }
}

/// `a` waits for `b`, `b` for `c`, `c` for `a`: each place of it.
fn report(circle: &[(&WorkloadName, usize)], waits: &Waits<'_>, problems: &mut Problems) {
    let least = circle.iter().enumerate().min_by_key(|(_, (name, _))| *name).map_or(0, |(at, _)| at);
    let turned: Vec<_> = circle[least..].iter().chain(&circle[..least]).collect();
    let edges = turned.iter().map(|(name, at)| (*name, waits[*name][at - 1]));
    let edges: Vec<(&WorkloadName, (&WorkloadName, Span))> = edges.collect();
    let chain: Vec<String> = edges.iter().map(|(name, (other, _))| format!("`{name}` waits for `{other}`")).collect();
    let Some((first, others)) = edges.split_first() else { return };
    let label = |(name, (other, _)): &(&WorkloadName, (&WorkloadName, Span))| format!("`{name}` waits for `{other}`");
    let message = format!("nothing of this could ever start: {}", chain.join(", "));
    let mut diagnostic = Diagnostic::new(Code::Circle, message, first.1.1, label(first));
    for edge in others {
        diagnostic = diagnostic.also(edge.1.1, label(edge));
    }
    problems.add(diagnostic.hint("take one of these lines out"));
}
