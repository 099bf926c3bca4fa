//! Heals a lock whose lines contradict each other, as after a merge.
//!
//! What stands in a conflict counts as not decided: its replicas are placed anew, and everything else stays where it is.

use std::collections::BTreeSet;

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
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().skip(1) {
        let is_kind = line.starts_with("kind ");
        let agreed = is_kind || subject(line).is_some_and(|subject| !disputed.contains(&subject));
        if agreed && !lines.contains(&line) && readable(line) {
            lines.push(line);
        }
    }
    lines.sort_unstable();
    text::read(&format!("{HEADER}\n{}\n", lines.join("\n")))
}

/// The subjects of all lines inside a conflict: a replica, an image, a revision.
fn disputed_subjects(text: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        match line {
            line if line.starts_with("<<<<<<<") => inside = true,
            line if line.starts_with(">>>>>>>") => inside = false,
            line if inside => found.extend(subject(line)),
            _ => {}
        }
    }
    found
}

fn subject(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    match (words.next()?, words.next()) {
        (kind @ ("image" | "replica" | "revision"), Some(name)) => Some(format!("{kind} {name}")),
        ("tombstone", None) => Some("tombstone".to_owned()),
        _ => None,
    }
}

/// Whether a line is a fact at all.
fn readable(line: &str) -> bool {
    let alone = format!("{HEADER}\nkind deployment\n{line}\n");
    line.starts_with("kind ") || line.contains(" port ") || text::read(&alone).is_ok()
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
    fn a_file_of_another_kind_stays_unreadable() {
        assert!(read("something else\n").is_err());
    }
}
