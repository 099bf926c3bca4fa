//! Revisions: which number a pod template gets, and which older ones are kept.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    digest::Digest,
    instance::SpecRef,
    name::ReplicaName,
    revision::{Revision, TemplateVersion},
    spec::PodSpec,
};

use crate::{
    lock::{RevisionLock, WorkloadLock},
    pins::Pin,
    rollout::hold::{self, Hold},
};

/// A workload's template and its revisions.
#[derive(Debug, Clone)]
pub(super) struct Revised {
    /// The template that is asked for.
    pub spec: PodSpec,
    /// Its canonical bytes.
    pub body: Vec<u8>,
    /// The revisions that are kept, oldest first; the last is the one asked for.
    pub revisions: Vec<RevisionLock>,
    /// The highest number that a revision ever had.
    pub highest: u32,
    /// Of a rollback that goes on: the revision of the files.
    pub pinned: Option<Revision>,
    /// How many older ones the file keeps.
    pub kept: u32,
    /// Who keeps an older one.
    pub hold: Hold,
    /// The template of the one that they keep.
    pub base: Option<PodSpec>,
}

impl Revised {
    /// The revision that is asked for.
    pub(super) fn newest(&self) -> &RevisionLock {
        self.revisions.last().expect("a workload has the revision that it asks for")
    }

    /// The revision that is asked of a replica.
    pub(super) fn asked(&self, replica: &ReplicaName) -> &RevisionLock {
        let base = self.hold.base.filter(|_| self.hold.replicas.contains(replica));
        let base = base.and_then(|number| self.revisions.iter().find(|one| one.reference.number == number));
        base.unwrap_or(self.newest())
    }

    /// The revision asked of a replica, and the older ones, newest first.
    pub(super) fn split(&self, replica: &ReplicaName) -> (&RevisionLock, impl Iterator<Item = &RevisionLock>) {
        let asked = self.asked(replica);
        let is_older = |one: &&RevisionLock| one.reference.number < asked.reference.number;
        (asked, self.revisions.iter().rev().filter(is_older))
    }

    /// The template that is asked of a replica.
    pub(super) fn spec_of(&self, replica: &ReplicaName) -> &PodSpec {
        self.base.as_ref().filter(|_| self.hold.replicas.contains(replica)).unwrap_or(&self.spec)
    }

    /// Lets these replicas keep an older revision, as far as its body is there.
    pub(super) fn keep(&mut self, hold: Hold, there: &BTreeMap<Digest, Vec<u8>>) {
        let number = hold.base;
        let base = self.revisions.iter().find(|one| Some(one.reference.number) == number);
        self.base = base.and_then(|base| canonical::decode(there.get(&base.reference.spec)?).ok());
        self.hold = if self.base.is_some() { hold } else { Hold { promoted: hold.promoted, ..Hold::default() } };
        if let Some(newest) = self.revisions.pop() {
            trim(&mut self.revisions, self.kept, self.hold.base);
            self.revisions.push(newest);
        }
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
    let body = canonical::encode(&spec);
    let revision = Revision::of_bytes(version, &body);
    let highest = lock.map_or(0, |lock| lock.highest);
    let is_newest = old.last().is_some_and(|last| last.reference.revision == revision);
    let number = old.last().filter(|_| is_newest).map_or(highest + 1, |last| last.reference.number);
    let mut contents: Vec<Digest> = spec.contents().collect();
    contents.sort_unstable();
    contents.dedup();
    let mut revisions: Vec<RevisionLock> =
        old.iter().filter(|one| one.reference.revision != revision && is_whole(one, there)).cloned().collect();
    let base = hold::base(lock, &revision).map(|base| base.reference.number);
    trim(&mut revisions, kept, base);
    revisions.push(RevisionLock { reference: SpecRef { number, revision, spec: Digest::of(&body) }, contents });
    Revised {
        spec,
        body,
        revisions,
        highest: highest.max(number),
        pinned: None,
        kept,
        hold: Hold::default(),
        base: None,
    }
}

/// Takes the oldest revisions out until as few as `kept` are left; the one that replicas keep stays in any case.
fn trim(older: &mut Vec<RevisionLock>, kept: u32, base: Option<u32>) {
    let mut surplus = older.len().saturating_sub(kept as usize);
    older.retain(|one| {
        let goes = surplus > 0 && Some(one.reference.number) != base;
        surplus -= usize::from(goes);
        !goes
    });
}

/// The revisions of a workload that is rolled back: the newest one of the lock stays the newest.
pub(super) fn pinned(pin: &Pin, kept: u32, lock: &WorkloadLock, there: &BTreeMap<Digest, Vec<u8>>) -> Revised {
    let mut revisions: Vec<RevisionLock> = lock.revisions.iter().filter(|one| is_whole(one, there)).cloned().collect();
    let surplus = revisions.len().saturating_sub(kept as usize + 1);
    revisions.drain(..surplus);
    Revised {
        spec: pin.spec.clone(),
        body: canonical::encode(&pin.spec),
        revisions,
        highest: lock.highest,
        pinned: lock.pinned,
        kept,
        hold: Hold::default(),
        base: None,
    }
}

/// Whether everything that a revision names is there.
fn is_whole(revision: &RevisionLock, there: &BTreeMap<Digest, Vec<u8>>) -> bool {
    there.contains_key(&revision.reference.spec) && revision.contents.iter().all(|digest| there.contains_key(digest))
}
