//! The prune guard: what the lock knows does not vanish without a word (P-136).

use wlc_plan::instance::WorkloadKind;

use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    lock::{Lock, State},
    model::{Repository, node::Node},
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
    check_released(repository, lock, problems);
    for removed in repository.removed.values() {
        let lives = lock.workloads.get(&removed.name.value).is_some_and(|one| one.state == State::Live);
        if !lives && !repository.workloads.contains_key(&removed.name.value) {
            let message = format!("`{}` is gone already", removed.name.value);
            let diagnostic = Diagnostic::new(Code::Done, message, removed.span, "this word has done its work");
            problems.add(diagnostic.hint("take the line out"));
        }
    }
}

/// A replica that the lock has elsewhere has left its node: the lock has forgotten the word.
fn check_released(repository: &Repository, lock: &Lock, problems: &mut Problems) {
    for released in repository.released.values() {
        let (replica, node) = (&released.replica.value, &released.node.value);
        let set = replica.as_str().rsplit_once('-').and_then(|(set, _)| lock.workloads.get(set));
        let set = set.filter(|set| set.kind == WorkloadKind::StatefulSet && set.state == State::Live);
        let has_left = set.is_some_and(|set| set.replicas.get(replica).is_none_or(|had| had.node != *node));
        if has_left && repository.is_declared("node", node.as_str()) {
            let message = format!("`{replica}` is not on node `{node}`, as the lock has it");
            let diagnostic = Diagnostic::new(Code::Done, message, released.replica.span, "this word has done its work");
            problems.add(diagnostic.hint("take the line out"));
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
    let is_used = |node: &Node| {
        lock.workloads.values().flat_map(|one| one.replicas.values()).any(|replica| replica.node == node.name.value)
    };
    for node in repository.nodes.values().filter(|node| node.gone.value && !is_used(node)) {
        let message = format!("node `{}` is gone, and the lock has nothing on it", node.name.value);
        let diagnostic = Diagnostic::new(Code::Done, message, node.gone.span, "the whole block can go");
        problems.add(diagnostic.hint("take the block out, and the node's facts with it"));
    }
    for (node, replicas) in vanished {
        let replicas = suggest::list(replicas);
        let message = format!("node `{node}` is in no file any more, and the lock has {replicas} on it");
        let hint = format!("put it back, or say that it runs nothing any more: `node \"{node}\" {{ gone }}`");
        problems.add(Diagnostic::nowhere(Code::Vanished, message).hint(hint));
    }
}
