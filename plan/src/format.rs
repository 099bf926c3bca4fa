//! The format of the files of a plan set.
//!
//! A format is a promise: files that obeyed it once obey it for ever. A new field gets a new format, and is left out of
//! the bytes while it holds its default, so that what did not change keeps its digest.

use serde::{Deserialize, Serialize};

/// The format that a file is written in. It stands first in every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum Format {
    /// The first format.
    V1,
}

/// A format that this version does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("format {0} is unknown; this version reads format 1")]
pub struct UnknownFormat(pub u32);

impl Format {
    /// The newest format that this version reads and writes.
    pub const NEWEST: Self = Self::V1;

    /// The number that stands in files and labels.
    pub const fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
        }
    }
}

impl TryFrom<u32> for Format {
    type Error = UnknownFormat;
    fn try_from(number: u32) -> Result<Self, UnknownFormat> {
        match number {
            1 => Ok(Self::V1),
            other => Err(UnknownFormat(other)),
        }
    }
}

impl From<Format> for u32 {
    fn from(format: Format) -> u32 {
        format.number()
    }
}

/// The format of a file, read before anything else in it.
pub fn peek(bytes: &[u8]) -> Result<Format, PeekError> {
    #[derive(Deserialize)]
    struct Peek {
        format: u32,
    }
    let peek: Peek = serde_json::from_slice(bytes)?;
    Ok(Format::try_from(peek.format)?)
}

/// Why the format of a file cannot be told, or is not ours.
#[derive(Debug, thiserror::Error)]
pub enum PeekError {
    /// Not a JSON object with a number `format`.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A format of another version.
    #[error("{0}")]
    Unknown(#[from] UnknownFormat),
}
