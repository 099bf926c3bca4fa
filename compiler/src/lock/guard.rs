//! The prune guard: what the lock knows does not vanish without a word (P-136).

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lock::{Lock, State},
    model::Repository,
};

/// Reports workloads and nodes that the lock knows and the files do not.
pub fn check(repository: &Repository, lock: &Lock, problems: &mut Problems) {
    for (name, one) in lock.workloads.iter().filter(|(_, one)| one.state == State::Live) {
        if !repository.is_declared("workload", name.as_str()) && !repository.removed.contains_key(name) {
            let message = format!("{} `{name}` was there and is in no file any more", one.kind.word());
            let hint = format!("put it back, or say that it is meant to go: `removed \"{name}\"`");
            problems.add(Diagnostic::nowhere(Code::Vanished, message).hint(hint));
        }
        if let Some(workload) = repository.workloads.get(name).filter(|workload| workload.kind() != one.kind) {
            let message = format!("`{name}` was a {} and is a {} now", one.kind.word(), workload.kind().word());
            let diagnostic = Diagnostic::new(Code::Contradiction, message, workload.span(), "another kind");
            problems
                .add(diagnostic.hint("a kind never changes: give it another name, and remove the old one with a word"));
        }
    }
    check_nodes(repository, lock, problems);
    for removed in repository.removed.values() {
        let lives = lock.workloads.get(&removed.name.value).is_some_and(|one| one.state == State::Live);
        if !lives && !repository.workloads.contains_key(&removed.name.value) {
            let message = format!("`{}` is gone already", removed.name.value);
            problems.add(Diagnostic::new(Code::Done, message, removed.span, "this word can go"));
        }
    }
}

fn check_nodes(repository: &Repository, lock: &Lock, problems: &mut Problems) {
    let mut vanished: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (replica, one) in lock.workloads.values().flat_map(|workload| &workload.replicas) {
        if !repository.is_declared("node", one.node.as_str()) {
            vanished.entry(one.node.as_str()).or_default().push(replica.as_str());
        }
    }
    for (node, replicas) in vanished {
        let message =
            format!("node `{node}` is in no file any more, and the lock has {} replicas on it", replicas.len());
        let hint = format!("put it back, or say that it runs nothing any more: `node \"{node}\" {{ gone }}`");
        problems.add(Diagnostic::nowhere(Code::Vanished, message).hint(hint));
    }
}
