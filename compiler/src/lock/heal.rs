//! Heals a lock whose lines contradict each other, as after a merge.
//!
//! What stands in a conflict counts as not decided: its replicas are placed anew, and everything else stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    WorkloadLock,
    text::{self, HEADER, LockError, LockProblem},
};

/// Reads a file, leaving out what is in conflict or cannot be read. A file of another format stays unreadable.
pub fn read(text: &str) -> Result<WorkloadLock, LockError> {
    match text::read(text) {
        Err(error) if error.problem == LockProblem::Header => return Err(error),
        Ok(lock) => return Ok(lock),
        Err(_) => {}
    }
    let disputed = disputed_subjects(text);
    let is_agreed = |line: &&str| subject(line).is_none_or(|subject| !disputed.contains(&subject));
    let facts: BTreeSet<&str> = text.lines().skip(1).filter(|line| readable(line)).filter(is_agreed).collect();
    let placed: BTreeSet<String> =
        facts.iter().filter(|line| line.contains(" node ")).filter_map(|line| subject(line)).collect();
    let is_whole = |line: &&&str| !line.contains(" port ") || subject(line).is_some_and(|name| placed.contains(&name));
    let lines: Vec<&str> = facts.iter().filter(is_whole).copied().collect();
    text::read(&format!("{HEADER}\n{}\n", lines.join("\n")))
}

/// The subjects of all lines inside a conflict, and of lines that contradict each other because the marks of the conflict
/// were taken out: a replica, an image, a revision.
fn disputed_subjects(text: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    let mut said: BTreeMap<String, &str> = BTreeMap::new();
    for line in text.lines() {
        match line {
            line if line.starts_with("<<<<<<<") => inside = true,
            line if line.starts_with(">>>>>>>") => inside = false,
            line if inside => found.extend(subject(line)),
            line => {
                let before = fact(line).and_then(|fact| said.insert(fact, line));
                found.extend(before.filter(|before| *before != line).and_then(subject));
            }
        }
    }
    found
}

/// What a line says something of; two lines that say it differently contradict each other.
fn fact(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["image", name, _] => Some(format!("image {name}")),
        ["replica", name, "node", _] => Some(format!("replica {name} node")),
        ["replica", name, "port", container, port, ..] => Some(format!("replica {name} port {container} {port}")),
        ["revision", number, _, "spec", _] => Some(format!("revision {number}")),
        _ => None,
    }
}

fn subject(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    match (words.next()?, words.next()) {
        (kind @ ("image" | "replica" | "revision"), Some(name)) => Some(format!("{kind} {name}")),
        ("tombstone", None) => Some("tombstone".to_owned()),
        _ => None,
    }
}

/// Whether a line is a fact at all. A port is one of a replica that has a node.
fn readable(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let node = match words[..] {
        ["replica", name, "port", ..] => format!("replica {name} node any\n"),
        _ => String::new(),
    };
    line.starts_with("kind ") || text::read(&format!("{HEADER}\nkind deployment\n{node}{line}\n")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_in_conflict_is_not_placed_and_the_others_stay() {
        let text = "wlc-lock 1\nkind deployment\n<<<<<<< ours\nreplica web-1 node n1\n=======\nreplica web-1 node n2\nreplica web-2 node n2\n>>>>>>> theirs\nreplica web-0 node n1\nreplica web-0 port nginx http 20001\n";
        let lock = read(text).unwrap();
        let names: Vec<&str> = lock.replicas.keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["web-0"]);
        assert_eq!(lock.replicas.values().next().unwrap().ports.len(), 1);
    }

    #[test]
    fn lines_that_contradict_each_other_count_as_a_conflict() {
        let text = "wlc-lock 1\nkind deployment\nreplica web-0 node n1\nreplica web-0 node n2\nreplica web-0 port nginx http 20001\nreplica web-1 node n1\nreplica web-2 port nginx http 20002\nreplica web-1 port nonsense\n";
        let lock = read(text).unwrap();
        let names: Vec<&str> = lock.replicas.keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["web-1"]);
    }

    #[test]
    fn a_file_of_another_kind_stays_unreadable() {
        assert!(read("something else\n").is_err());
    }
}
