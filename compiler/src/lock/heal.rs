//! Heals a lock whose lines contradict each other, as after a merge.
//!
//! What stands in a conflict counts as not decided: its replicas are placed anew, and everything else stays where it is.
//! Numbers of revisions that are given up are remembered, so that none is used twice.

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
    let lines: Vec<&str> =
        facts.iter().filter(is_whole).filter(|line| !line.starts_with("highest ")).copied().collect();
    let highest = highest(text).map(|number| format!("highest {number:06}\n")).unwrap_or_default();
    text::read(&format!("{HEADER}\n{highest}{}\n", lines.join("\n")))
}

/// The highest number that any line of any side gives to a revision.
fn highest(text: &str) -> Option<u32> {
    let number = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        ["highest", number] | ["revision", number, ..] => number.parse().ok().filter(|number| *number < u32::MAX),
        _ => None,
    };
    text.lines().filter_map(number).max()
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
        ["immutable", ..] => line.split_once(" = ").map(|(field, _)| field.to_owned()),
        ["left", name, _] => Some(format!("left {name}")),
        [word @ ("pinned" | "base" | "promoted"), _] => Some(word.to_owned()),
        ["replica", name, "node", _] => Some(format!("replica {name} node")),
        ["replica", name, "port", container, port, ..] => Some(format!("replica {name} port {container} {port}")),
        ["revision", number, _, "spec", _] => Some(format!("revision {number}")),
        _ => None,
    }
}

fn subject(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    match (words.next()?, words.next()) {
        (kind @ ("image" | "replica" | "revision" | "left" | "wave"), Some(name)) => Some(format!("{kind} {name}")),
        // Fields that never change are known all together, or not at all: half of them would look like a change.
        ("immutable", Some(_)) => Some("immutable".to_owned()),
        (word @ ("pinned" | "base" | "promoted"), Some(_)) => Some(word.to_owned()),
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

    /// Two branches that each made a revision 5: it is given up, and its number with it.
    #[test]
    fn the_number_of_a_revision_in_conflict_is_not_used_again() {
        let revision = |number: u32, digit: &str| {
            format!("revision {number:06} v1:{} spec {}\n", digit.repeat(64), digit.repeat(64))
        };
        let (four, ours, theirs) = (revision(4, "4"), revision(5, "5"), revision(6, "6"));
        let text = format!(
            "wlc-lock 1\nkind deployment\n<<<<<<< ours\npinned v1:{}\n{ours}=======\n{theirs}>>>>>>> theirs\n{four}",
            "a".repeat(64)
        );
        let lock = read(&text).unwrap();
        assert_eq!((lock.newest().unwrap().reference.number, lock.highest, lock.pinned), (4, 6, None));
        let written = text::write(&lock);
        assert!(written.contains("\nhighest 000006\n"), "{written}");
        assert_eq!(text::read(&written).unwrap(), lock);
    }

    #[test]
    fn a_file_of_another_kind_stays_unreadable() {
        assert!(read("something else\n").is_err());
    }
}
