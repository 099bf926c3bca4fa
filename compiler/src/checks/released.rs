//! Words for what is gone: they name what was there.

use super::names;
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{Repository, removed::Released, workload::Workload},
};

pub(super) fn check(repository: &Repository, problems: &mut Problems) {
    for released in repository.released.values() {
        names::known_node(repository, &released.node, problems);
        replica(repository, released, problems);
    }
}

/// A replica of a stateful-set: others are moved without a word.
fn replica(repository: &Repository, released: &Released, problems: &mut Problems) {
    let name = &released.replica.value;
    let (workload, number) = name.as_str().rsplit_once('-').unwrap_or((name.as_str(), ""));
    let span = released.replica.span;
    let Some(found) = repository.workloads.get(workload) else {
        if !repository.is_declared("workload", workload) {
            let message = format!("no workload has a replica `{name}`");
            let diagnostic = Diagnostic::new(Code::UnknownName, message, span, "no such replica");
            let sets = repository.workloads.values().filter(|one| matches!(one, Workload::StatefulSet(_)));
            let sets: Vec<String> = sets.map(|set| format!("{}-0", set.name().value)).collect();
            problems.add(diagnostic.hint(suggest::hint(name.as_str(), sets.iter().map(String::as_str))));
        }
        return;
    };
    match found {
        Workload::StatefulSet(set) => {
            let end = set.start.value.0 + set.replicas.value.0;
            let is_one = number.parse().is_ok_and(|number: u32| (set.start.value.0..end).contains(&number));
            if !is_one {
                let message = format!("stateful-set `{workload}` has no replica `{name}`");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, span, "no such replica");
                problems.add(diagnostic.hint(format!(
                    "its numbers go from {} to {}",
                    set.start.value.0,
                    end.max(1) - 1
                )));
            }
        }
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::Job(_) | Workload::CronJob(_) => {
            let message = format!("`{name}` is a replica of a {}, which needs no such word", found.kind().word());
            let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "has no identity to release");
            problems.add(diagnostic.hint("take the line out"));
        }
    }
}
