//! Whether the plan set in the source is taken. A plain function of what lies there, what is expected and the time.
//!
//! Nothing here is remembered but since when a set is waited for, and nothing that is refused stops what runs.

use std::fmt;

use wlc_plan::{
    head::Generation,
    name::NodeName,
    set::{Accepted, Expectations, Incomplete, Novelty, ReadFile, Refusal, SetFile, Verdict, read_node},
    time::Timestamp,
};

/// What a look at the source gave.
#[derive(Debug)]
pub enum Judgement {
    /// A set that is newer than the one accepted last.
    New(Box<Accepted>),
    /// The set that was accepted last.
    Same(Box<Accepted>),
    /// Nothing has been published there yet.
    NoSet,
    /// A set is still being copied.
    Waiting(Waiting),
    /// The set has no plan for this node: what runs keeps running, and nothing is removed.
    NodeNotInSet {
        /// Its generation.
        generation: Generation,
    },
    /// The set is refused: what was accepted last keeps running.
    Refused(Refusal),
    /// A file of the set is there and cannot be read.
    Unreadable {
        /// The file; none where it is the directory itself.
        file: Option<SetFile>,
        /// What the system says.
        why: String,
    },
}

/// A set that is still being copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The first file that is not complete.
    pub incomplete: Incomplete,
    /// Since when no look has found a complete set.
    pub since: Timestamp,
}

/// Judges the set that `reader` gives. `before` is what the look before this one gave.
pub fn judge<R: ReadFile + ?Sized>(
    reader: &R,
    node: &NodeName,
    expectations: &Expectations<'_>,
    before: Option<&Judgement>,
) -> Judgement {
    match read_node(reader, node, expectations) {
        Ok(accepted) => match accepted.novelty {
            Novelty::New => Judgement::New(Box::new(accepted)),
            Novelty::SameAsLast => Judgement::Same(Box::new(accepted)),
        },
        Err(Verdict::NoSet) => Judgement::NoSet,
        Err(Verdict::Incomplete(incomplete)) => {
            let since = waiting_since(before).unwrap_or(expectations.now);
            Judgement::Waiting(Waiting { incomplete, since })
        }
        Err(Verdict::NodeNotInSet { generation }) => Judgement::NodeNotInSet { generation },
        Err(Verdict::Refused(refusal)) => Judgement::Refused(refusal),
        Err(Verdict::Unreadable { file, source }) => {
            Judgement::Unreadable { file: Some(file), why: source.to_string() }
        }
    }
}

fn waiting_since(before: Option<&Judgement>) -> Option<Timestamp> {
    match before {
        Some(Judgement::Waiting(waiting)) => Some(waiting.since),
        Some(
            Judgement::New(_)
            | Judgement::Same(_)
            | Judgement::NoSet
            | Judgement::NodeNotInSet { .. }
            | Judgement::Refused(_)
            | Judgement::Unreadable { .. },
        )
        | None => None,
    }
}

impl Judgement {
    /// A word that scripts can compare: `accepted`, or why not.
    pub fn code(&self) -> &'static str {
        match self {
            Self::New(_) | Self::Same(_) => "accepted",
            Self::NoSet => "no-set",
            Self::Waiting(_) => "incomplete",
            Self::NodeNotInSet { .. } => "node-not-in-set",
            Self::Refused(refusal) => refusal.code(),
            Self::Unreadable { .. } => "unreadable-file",
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(accepted) => write!(formatter, "generation {} is accepted", accepted.head.generation),
            Self::Same(accepted) => write!(formatter, "generation {} was accepted before", accepted.head.generation),
            Self::NoSet => Verdict::NoSet.fmt(formatter),
            Self::Waiting(Waiting { incomplete, since }) => {
                write!(formatter, "incomplete, waiting since {since}: {incomplete}")
            }
            Self::NodeNotInSet { generation } => Verdict::NodeNotInSet { generation: *generation }.fmt(formatter),
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::Unreadable { file: Some(file), why } => write!(formatter, "`{file}` cannot be read: {why}"),
            Self::Unreadable { file: None, why } => write!(formatter, "the directory of plans cannot be read: {why}"),
        }
    }
}
