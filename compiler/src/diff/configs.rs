//! Which files of which configs change, and what that does to those who mount them.

use std::collections::BTreeMap;

use wlc_plan::{
    content::{ConfigContent, FileBytes},
    digest::Digest,
    name::{ContainerName, FileKey},
    spec::{ConfigMount, MountSource, OnChange, PodSpec},
};

use super::{ConfigChange, Effect, Fate, FileChange, fields::Specs};

/// Most lines of which the common ones are searched; beyond that, all of them count as replaced.
const MOST_COMPARED: usize = 1 << 20;

/// The configs whose files change and that were mounted at the same place before.
pub(super) fn changes(specs: &Specs) -> Vec<ConfigChange> {
    let (Some(old), Some(new)) = (&specs.old, &specs.new) else { return Vec::new() };
    let old = mounts(old);
    let mut found = Vec::new();
    for ((container, path), mount) in mounts(new) {
        let key = (container.clone(), path.clone());
        let Some(had) = old.get(&key) else { continue };
        let before = digest(had, specs.swapped_before(&container, &path));
        let after = digest(mount, specs.swapped_after(&container, &path));
        let (Some(before), Some(after)) = (before, after) else { continue };
        if before != after {
            let files = files(specs.content_before(before).as_ref(), specs.content_after(after).as_ref());
            found.push(ConfigChange { config: mount.config.clone(), container, path, effect: effect(mount), files });
        }
    }
    found
}

fn mounts(spec: &PodSpec) -> BTreeMap<(ContainerName, String), &ConfigMount> {
    let mut found = BTreeMap::new();
    for container in &spec.containers {
        for mount in &container.mounts {
            if let MountSource::Config(config) = &mount.source {
                found.insert((container.name.clone(), mount.path.to_string()), config);
            }
        }
    }
    found
}

fn digest(mount: &ConfigMount, swapped: Option<Digest>) -> Option<Digest> {
    match &mount.on_change {
        OnChange::Restart(digest) => Some(*digest),
        OnChange::Signal(_) | OnChange::Nothing => swapped,
    }
}

fn effect(mount: &ConfigMount) -> Effect {
    match &mount.on_change {
        OnChange::Restart(_) => Effect::Restart,
        OnChange::Signal(signal) => Effect::Signal(signal.clone()),
        OnChange::Nothing => Effect::Nothing,
    }
}

fn files(old: Option<&ConfigContent>, new: Option<&ConfigContent>) -> Vec<FileChange> {
    let none = BTreeMap::<FileKey, FileBytes>::new();
    let (old, new) = (old.map_or(&none, |one| &one.files), new.map_or(&none, |one| &one.files));
    let mut names: Vec<&FileKey> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    changed.map(|name| file(name, old.get(name), new.get(name))).collect()
}

fn file(name: &FileKey, old: Option<&FileBytes>, new: Option<&FileBytes>) -> FileChange {
    let fate = match (old, new) {
        (None, _) => Fate::Created,
        (Some(_), None) => Fate::Removed,
        (Some(_), Some(_)) => Fate::Changed,
    };
    let lines = |bytes: Option<&FileBytes>| -> Vec<Vec<u8>> {
        let bytes = bytes.map(|bytes| bytes.0.as_slice()).unwrap_or_default();
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (added, removed) = counts(&lines(old), &lines(new));
    FileChange { file: name.clone(), fate, added, removed }
}

/// How many lines are new, and how many go.
fn counts(old: &[Vec<u8>], new: &[Vec<u8>]) -> (usize, usize) {
    let first = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[first..], &new[first..]);
    let last = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - last], &new[..new.len() - last]);
    let common = if old.len().saturating_mul(new.len()) <= MOST_COMPARED { common(old, new) } else { 0 };
    (new.len() - common, old.len() - common)
}

/// The length of the longest common row of lines.
fn common(old: &[Vec<u8>], new: &[Vec<u8>]) -> usize {
    let mut row = vec![0usize; new.len() + 1];
    for line in old {
        let mut diagonal = 0;
        for (at, other) in new.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if line == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stay_are_not_counted() {
        let lines = |text: &str| text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
        assert_eq!(counts(&lines("a\nb\nc\n"), &lines("a\nx\nc\n")), (1, 1));
        assert_eq!(counts(&lines("a\nb\nc\nd\n"), &lines("b\nd\ne\n")), (1, 2));
        assert_eq!(counts(&lines(""), &lines("a\n")), (1, 0));
        assert_eq!(counts(&lines("a\n"), &lines("a\n")), (0, 0));
    }
}
