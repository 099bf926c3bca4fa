//! What a rollback makes of a workload's lock.
//!
//! As in Kubernetes (S-084), going back gives a new, higher number to an old template, and the old number is gone. So does
//! taking a rollback back: numbers only grow, and the highest one is what runs.

use std::collections::BTreeMap;

use wlc_plan::{canonical, digest::Digest, revision::Revision, spec::PodSpec};

use crate::{
    lock::{RevisionLock, WorkloadLock},
    lower,
};

/// Which revision is gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The one before the newest.
    Previous,
    /// The one of this number.
    Number(u32),
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// The template of this revision runs already.
    Same(u32),
    /// The lock of the workload as it is to be; the template of revision `from` has a new number.
    Changed {
        /// The lock.
        lock: Box<WorkloadLock>,
        /// The number that the template had.
        from: u32,
        /// The number that it has now.
        to: u32,
    },
}

/// Why there is no going back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RollbackError {
    /// Nothing was there before.
    #[error("there is no earlier revision: {0} is the only one that the lock keeps")]
    NoneBefore(u32),
    /// It was, and is no more.
    #[error(
        "the lock keeps revision {wanted} no more; it keeps {kept}. `revisions` in the workload says how many are kept"
    )]
    Trimmed {
        /// What is wanted.
        wanted: u32,
        /// What is there.
        kept: String,
    },
    /// It never was.
    #[error("there is no revision {wanted} yet; the lock keeps {kept}")]
    NeverThere {
        /// What is wanted.
        wanted: u32,
        /// What is there.
        kept: String,
    },
    /// Its template is not there.
    #[error("the template of revision {0} is not in the lock's folder `bodies`")]
    NoBody(u32),
    /// It publishes other ports than the files.
    #[error(
        "revision {0} publishes other ports than the files do, and only the files say which host ports they get: go back \
         in the files"
    )]
    OtherPorts(u32),
    /// There is no rollback to take back.
    #[error("it is not rolled back")]
    NotPinned,
}

/// Goes back. `lock` is the lock as the files make it, `source` the template of the files.
pub fn decide(
    lock: &WorkloadLock,
    bodies: &BTreeMap<Digest, Vec<u8>>,
    source: &PodSpec,
    target: Target,
) -> Result<Decided, RollbackError> {
    let newest = lock.newest().ok_or(RollbackError::NoneBefore(0))?;
    let wanted = wanted(lock, newest, target)?;
    let number = wanted.reference.number;
    if wanted.reference.revision == newest.reference.revision {
        return Ok(Decided::Same(number));
    }
    let body = bodies.get(&wanted.reference.spec).ok_or(RollbackError::NoBody(number))?;
    let spec: PodSpec = canonical::decode(body).map_err(|_| RollbackError::NoBody(number))?;
    let of_source = Revision::of(newest.reference.revision.version(), source);
    if lower::published(&spec) != lower::published(source) {
        return Err(RollbackError::OtherPorts(number));
    }
    let pinned = (wanted.reference.revision != of_source).then_some(of_source);
    Ok(renumber(lock, wanted.clone(), pinned))
}

/// Takes a rollback back: the template of the files runs again.
pub fn undo(lock: &WorkloadLock) -> Result<Decided, RollbackError> {
    let source = lock.pinned.ok_or(RollbackError::NotPinned)?;
    match lock.revisions.iter().find(|one| one.reference.revision == source) {
        Some(found) => Ok(renumber(lock, found.clone(), None)),
        // The lock does not keep it; the files have it, and the next build gives it its number.
        None => {
            let changed = WorkloadLock { pinned: None, ..lock.clone() };
            Ok(Decided::Changed { lock: Box::new(changed), from: lock.highest, to: lock.highest + 1 })
        }
    }
}

fn wanted<'a>(
    lock: &'a WorkloadLock,
    newest: &RevisionLock,
    target: Target,
) -> Result<&'a RevisionLock, RollbackError> {
    match target {
        Target::Previous => {
            let before = lock.revisions.iter().rev().nth(1);
            before.ok_or(RollbackError::NoneBefore(newest.reference.number))
        }
        Target::Number(number) => {
            let found = lock.revisions.iter().find(|one| one.reference.number == number);
            found.ok_or_else(|| {
                let kept: Vec<String> = lock.revisions.iter().map(|one| one.reference.number.to_string()).collect();
                let kept = kept.join(", ");
                match number > lock.highest {
                    true => RollbackError::NeverThere { wanted: number, kept },
                    false => RollbackError::Trimmed { wanted: number, kept },
                }
            })
        }
    }
}

/// Gives a kept revision the next number, which makes it the newest.
fn renumber(lock: &WorkloadLock, mut revision: RevisionLock, pinned: Option<Revision>) -> Decided {
    let from = revision.reference.number;
    let to = lock.highest + 1;
    let mut changed = WorkloadLock { pinned, highest: to, ..lock.clone() };
    changed.revisions.retain(|one| one.reference.number != from);
    revision.reference.number = to;
    changed.revisions.push(revision);
    Decided::Changed { lock: Box::new(changed), from, to }
}
