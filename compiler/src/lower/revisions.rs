//! Revisions: which number a pod template gets, and which older ones are kept.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    digest::Digest,
    instance::SpecRef,
    revision::{Revision, TemplateVersion},
    spec::PodSpec,
};

use crate::{
    lock::{RevisionLock, WorkloadLock},
    pins::Pin,
};

/// A workload's template and its revisions.
#[derive(Debug, Clone)]
pub(super) struct Revised {
    /// The template that is asked for.
    pub spec: PodSpec,
    /// The revisions that are kept, oldest first; the last is the one asked for.
    pub revisions: Vec<RevisionLock>,
    /// The highest number that a revision ever had.
    pub highest: u32,
    /// Of a rollback that goes on: the revision of the files.
    pub pinned: Option<Revision>,
}

impl Revised {
    /// The revision that is asked for.
    pub(super) fn newest(&self) -> &RevisionLock {
        self.revisions.last().expect("a workload has the revision that it asks for")
    }

    /// The revision asked for, and the older ones, newest first.
    pub(super) fn split(&self) -> (&RevisionLock, impl Iterator<Item = &RevisionLock>) {
        (self.newest(), self.revisions.iter().rev().skip(1))
    }

    /// Digests of all bodies that the revisions need.
    pub(super) fn bodies(&self) -> impl Iterator<Item = Digest> {
        let all = |revision: &RevisionLock| std::iter::once(revision.reference.spec).chain(revision.contents.clone());
        self.revisions.iter().flat_map(all)
    }
}

/// Gives the template its number. A template that an older revision had gets a new, higher number, and the old number
/// is gone (S-071, S-122, P-027); numbers are never used twice. `kept` older revisions stay, as far as their bodies are
/// there: what is left of a removed workload is its number alone.
pub(super) fn revise(
    spec: PodSpec,
    kept: u32,
    lock: Option<&WorkloadLock>,
    there: &BTreeMap<Digest, Vec<u8>>,
) -> Revised {
    let old = lock.map(|lock| lock.revisions.as_slice()).unwrap_or_default();
    let version = old.last().map_or(TemplateVersion::NEWEST, |last| last.reference.revision.version());
    let revision = Revision::of(version, &spec);
    let highest = lock.map_or(0, |lock| lock.highest);
    let is_newest = old.last().is_some_and(|last| last.reference.revision == revision);
    let number = old.last().filter(|_| is_newest).map_or(highest + 1, |last| last.reference.number);
    let mut contents: Vec<Digest> = spec.contents().collect();
    contents.sort_unstable();
    contents.dedup();
    let body = Digest::of(&canonical::encode(&spec));
    let mut revisions: Vec<RevisionLock> =
        old.iter().filter(|one| one.reference.revision != revision && is_whole(one, there)).cloned().collect();
    let surplus = revisions.len().saturating_sub(kept as usize);
    revisions.drain(..surplus);
    revisions.push(RevisionLock { reference: SpecRef { number, revision, spec: body }, contents });
    Revised { spec, revisions, highest: highest.max(number), pinned: None }
}

/// The revisions of a workload that is rolled back: the newest one of the lock stays the newest.
pub(super) fn pinned(pin: &Pin, kept: u32, lock: &WorkloadLock, there: &BTreeMap<Digest, Vec<u8>>) -> Revised {
    let mut revisions: Vec<RevisionLock> = lock.revisions.iter().filter(|one| is_whole(one, there)).cloned().collect();
    let surplus = revisions.len().saturating_sub(kept as usize + 1);
    revisions.drain(..surplus);
    Revised { spec: pin.spec.clone(), revisions, highest: lock.highest, pinned: lock.pinned }
}

/// Whether everything that a revision names is there.
fn is_whole(revision: &RevisionLock, there: &BTreeMap<Digest, Vec<u8>>) -> bool {
    there.contains_key(&revision.reference.spec) && revision.contents.iter().all(|digest| there.contains_key(digest))
}
