//! Whether a new generation is written, and with which number. Pure: it sees the last head and what is wanted.

use std::fmt;

use wlc_plan::{
    head::{FileRef, Generation, Head},
    name::{FleetName, SignerName},
    quantity::Millis,
    time::Timestamp,
};

use super::{
    PublishError, PublishOptions,
    last::{Last, LastHead, PublishedBefore},
};

/// Whether one commit is an ancestor of another, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ancestry {
    /// It is.
    Ancestor,
    /// It is not.
    NotAncestor,
    /// The history does not say it.
    Unknown,
}

/// Whether a last head that should stop a build does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anyway {
    /// It does.
    No,
    /// It does not: `--anyway`.
    Yes,
}

/// The last head that a build was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedHead {
    /// Whatever is there.
    Any,
    /// None: this must be the first.
    None,
    /// This one.
    Generation(Generation),
}

/// Why a new generation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There was none.
    First,
    /// The content differs.
    Content,
    /// The signers have changed.
    Signers,
    /// Less than half of its time is left, or the time is another one now.
    Freshness,
}

/// What is to be published.
pub(super) struct Wanted<'a> {
    pub(super) fleet: &'a FleetName,
    pub(super) index: FileRef,
    pub(super) signer: Option<&'a SignerName>,
    pub(super) options: &'a PublishOptions<'a>,
}

/// What publishing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Write a head of this generation.
    Write(Generation, Reason),
    /// Add a signature to the last head.
    Sign(Generation),
    /// Leave the last head as it is.
    Keep(Generation),
}

impl ExpectedHead {
    pub(super) fn words(generation: Option<Generation>) -> String {
        generation.map_or_else(|| "none".to_owned(), |generation| format!("generation {generation}"))
    }
}

impl fmt::Display for ExpectedHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("anything"),
            Self::None => formatter.write_str("none"),
            Self::Generation(generation) => write!(formatter, "generation {generation}"),
        }
    }
}

pub(super) fn decide(last: &Last, wanted: &Wanted<'_>) -> Result<Decision, PublishError> {
    check_expected(last.newest, wanted.options.expect_head)?;
    let Some(head) = &last.head else {
        let reason = if last.is_empty() { Reason::First } else { Reason::Content };
        return Ok(Decision::Write(next(last.newest, wanted.options)?, reason));
    };
    if let Some(reason) = reason_to_write(head, wanted) {
        check_ancestry(&head.head, wanted.options)?;
        return Ok(Decision::Write(next(last.newest, wanted.options)?, reason));
    }
    let generation = head.head.generation;
    match (head.before, wanted.signer) {
        (PublishedBefore::No, Some(signer)) if !head.signed.contains_key(signer) => Ok(Decision::Sign(generation)),
        (PublishedBefore::No | PublishedBefore::Yes, Some(_) | None) => Ok(Decision::Keep(generation)),
    }
}

fn check_expected(found: Option<Generation>, expected: ExpectedHead) -> Result<(), PublishError> {
    let as_expected = match expected {
        ExpectedHead::Any => true,
        ExpectedHead::None => found.is_none(),
        ExpectedHead::Generation(generation) => found == Some(generation),
    };
    if as_expected { Ok(()) } else { Err(PublishError::UnexpectedHead { expected, found }) }
}

/// The number after the newest one that is known.
fn next(newest: Option<Generation>, options: &PublishOptions<'_>) -> Result<Generation, PublishError> {
    match newest.max(options.generation_after) {
        Some(generation) => generation.next().ok_or(PublishError::NoGenerationLeft),
        None => Ok(Generation::FIRST),
    }
}

fn reason_to_write(last: &LastHead, wanted: &Wanted<'_>) -> Option<Reason> {
    let threshold = usize::try_from(wanted.options.signers.threshold().get()).unwrap_or(usize::MAX);
    if last.head.index != wanted.index || last.head.fleet != *wanted.fleet {
        Some(Reason::Content)
    } else if last.have_signers_changed(threshold) {
        Some(Reason::Signers)
    } else if !is_fresh(last, wanted.options.valid_for, wanted.options.now) {
        Some(Reason::Freshness)
    } else {
        None
    }
}

/// Whether a head has at least half of its time left, and one that waits for signatures has exactly the wanted time.
fn is_fresh(last: &LastHead, valid_for: Option<Millis>, now: Timestamp) -> bool {
    match (last.head.valid_until, valid_for) {
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
        (Some(valid_until), Some(length)) => {
            let half_is_left = now.plus(Millis(length.0 / 2)) <= valid_until;
            let as_wanted = last.head.signed_at <= now && last.head.signed_at.plus(length) == valid_until;
            half_is_left && (as_wanted || last.before == PublishedBefore::Yes)
        }
    }
}

fn check_ancestry(last: &Head, options: &PublishOptions<'_>) -> Result<(), PublishError> {
    let (Some(commit), Anyway::No) = (&last.commit, options.anyway) else {
        return Ok(());
    };
    let generation = last.generation;
    let last = commit.clone();
    if options.commit.as_ref() == Some(commit) {
        return Ok(());
    }
    match (options.is_ancestor)(commit) {
        Ancestry::Ancestor => Ok(()),
        Ancestry::NotAncestor => Err(PublishError::NotAncestor { generation, last }),
        Ancestry::Unknown => Err(PublishError::AncestryUnknown { generation, last }),
    }
}
