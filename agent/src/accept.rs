//! Whether the plan set in the source is taken. A plain function of what lies there, what is expected and the time.
//!
//! Nothing here is remembered but since when a set is waited for, and nothing that is refused stops what runs.

use std::{borrow::Cow, fmt};

use wlc_plan::{
    canonical,
    head::{Generation, HeadPointer, SignatureRef},
    name::NodeName,
    set::{Accepted, Expectations, Incomplete, Novelty, ReadFile, Refusal, SetFile, Verdict, read_node},
    signature::Signature,
    time::Timestamp,
    trust::Trust,
};

use crate::mutant::{self, Mutant};

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
    let believed = believed(reader, expectations.trust);
    let expectations = &Expectations { trust: &believed, ..*expectations };
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

/// The keys that count: those of the trust file. The fault of believing everybody takes whatever key has signed.
fn believed<'t, R: ReadFile + ?Sized>(reader: &R, trust: &'t Trust) -> Cow<'t, Trust> {
    if !mutant::is(Mutant::StrangerTaken) {
        return Cow::Borrowed(trust);
    }
    let read = |file: SetFile| reader.read(&file, file.limit()).ok().flatten();
    let pointer: Option<HeadPointer> = read(SetFile::Pointer).and_then(|bytes| canonical::decode(&bytes).ok());
    let Some(pointer) = pointer else { return Cow::Borrowed(trust) };
    let key = |one: &SignatureRef| {
        let signature = read(SetFile::Signature(pointer.generation, one.signer.clone()))?;
        Some((one.signer.clone(), Signature::parse(&signature).ok()?.key()))
    };
    Trust::of(pointer.signatures.iter().filter_map(key)).map_or(Cow::Borrowed(trust), Cow::Owned)
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
