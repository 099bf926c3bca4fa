//! Which files a plan set consists of, and how a reader walks them.
//!
//! The walk begins at the pointer `head`, verifies the head that it names, and follows digests from there: index, shard,
//! plan, specs, contents. Sizes tell a file that is still being copied from one that is wrong. The files are read over
//! [`ReadFile`], so that the agent, `wlc` and tests judge a set in one and the same way.

mod all;
mod content;
mod envelope;
mod fetch;
mod file;
mod node;
mod refusal;

use std::{collections::BTreeMap, error::Error, fmt, num::NonZeroU32};

pub use self::{
    all::{Problem, WholeSet, files_of, read_all, read_content_of},
    content::{NodeContent, Piece, assemble},
    envelope::{Clock, Envelope, Novelty, read_envelope},
    file::SetFile,
    node::{Accepted, read_node},
    refusal::Refusal,
};
use crate::{digest::Digest, head::Generation, name::FleetName, time::Timestamp, trust::Trust};

/// Where the files of a set are read from.
pub trait ReadFile {
    /// Why a file that exists cannot be read.
    type Error: Error + Send + Sync + 'static;

    /// The bytes of a file; none where it is not there. Of a file of more than `most` bytes it is enough to give the first
    /// `most + 1`.
    fn read(&self, file: &SetFile, most: u64) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// A set in memory.
impl ReadFile for BTreeMap<SetFile, Vec<u8>> {
    type Error = std::convert::Infallible;

    fn read(&self, file: &SetFile, _most: u64) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(self.get(file).cloned())
    }
}

/// What a reader asks of a set.
#[derive(Debug, Clone)]
pub struct Expectations<'a> {
    /// The fleet that it belongs to.
    pub fleet: &'a FleetName,
    /// The keys that count.
    pub trust: &'a Trust,
    /// How many different signers are needed.
    pub threshold: NonZeroU32,
    /// The set that was accepted last.
    pub last: Option<LastAccepted>,
    /// The time on this machine.
    pub now: Timestamp,
}

/// The set that was accepted last: no older one is taken after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAccepted {
    /// Its generation.
    pub generation: Generation,
    /// The digest of its head.
    pub head: Digest,
}

/// Why a set is not taken.
#[derive(Debug)]
pub enum Verdict {
    /// There is no pointer `head`: nothing has been published here yet.
    NoSet,
    /// A file is absent or shorter than it will be: wait.
    Incomplete(Incomplete),
    /// A file is there and cannot be read.
    Unreadable {
        /// The file.
        file: SetFile,
        /// What the system says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The set is in order, but it has no plan for this node: what runs keeps running.
    NodeNotInSet {
        /// The generation of the set.
        generation: Generation,
    },
    /// The set is refused.
    Refused(Refusal),
}

/// A file that is absent or shorter than it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// The file.
    pub file: SetFile,
    /// How many bytes are there; none where the file is absent.
    pub have: Option<u64>,
    /// How many it will have; none where nothing says it, as of the pointer itself.
    pub want: Option<u64>,
}

impl Verdict {
    /// A word that scripts can compare.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSet => "no-set",
            Self::Incomplete(_) => "incomplete",
            Self::Unreadable { .. } => "unreadable-file",
            Self::NodeNotInSet { .. } => "node-not-in-set",
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSet => formatter.write_str("no plan set has been published here: there is no file `head`"),
            Self::Incomplete(incomplete) => incomplete.fmt(formatter),
            Self::Unreadable { file, source } => write!(formatter, "`{file}` cannot be read: {source}"),
            Self::NodeNotInSet { generation } => {
                write!(formatter, "generation {generation} has no plan for this node; what runs keeps running")
            }
            Self::Refused(refusal) => refusal.fmt(formatter),
        }
    }
}

impl Error for Verdict {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source.as_ref()),
            Self::Refused(refusal) => Some(refusal),
            Self::NoSet | Self::Incomplete(_) | Self::NodeNotInSet { .. } => None,
        }
    }
}

impl From<Refusal> for Verdict {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.have, self.want) {
            (None, _) => write!(formatter, "`{}` is not there yet", self.file),
            (Some(have), Some(want)) => write!(formatter, "`{}` has {have} of {want} bytes", self.file),
            (Some(have), None) => write!(formatter, "`{}` has {have} bytes and does not end yet", self.file),
        }
    }
}

#[cfg(test)]
mod tests;
