//! The envelope of a plan set: the signed head, and the unsigned pointer to the newest one.

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    format::Format,
    name::{FleetName, SignerName},
    time::Timestamp,
};

/// The number of a published plan set, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Generation(u64);

impl Generation {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// Generation `number`, at least 1.
    pub fn new(number: u64) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The one after this; none after the last number there is.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl std::fmt::Display for Generation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl TryFrom<u64> for Generation {
    type Error = &'static str;
    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("generations begin at 1")
    }
}

impl From<Generation> for u64 {
    fn from(generation: Generation) -> u64 {
        generation.0
    }
}

/// What is signed: one file `heads/<generation>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format of the file.
    pub format: Format,
    /// The fleet.
    pub fleet: FleetName,
    /// The number of this set.
    pub generation: Generation,
    /// The index, and through it everything else.
    pub index: FileRef,
    /// The commit of the sources, where they lie in a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// When the set was made.
    pub signed_at: Timestamp,
    /// After this time it is not accepted any more; none: for ever. What was accepted before goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// A file whose name follows from its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRef {
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Number of its bytes: tells a file that is still being copied from a wrong one.
    pub size: u64,
}

impl FileRef {
    /// The reference to a file of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Digest::of(bytes), size: bytes.len() as u64 }
    }
}

/// The pointer `plans/head`: unsigned, replaced last, no authority.
///
/// It only tells a set that is still being copied from one that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadPointer {
    /// The format of the file.
    pub format: Format,
    /// The newest generation that enough signers have signed.
    pub generation: Generation,
    /// Its head.
    pub head: FileRef,
    /// Its signatures, sorted by signer.
    pub signatures: Vec<SignatureRef>,
}

/// A signature that lies beside a head.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureRef {
    /// Who signed.
    pub signer: SignerName,
    /// The file.
    pub file: FileRef,
}

/// The identity of a commit: 40 or 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// Reads 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && matches!(text.len(), 40 | 64)).then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Commit {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a commit is 40 or 64 lower-case hexadecimal digits")
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> String {
        commit.0
    }
}
