//! Why a plan set is refused. What was accepted before keeps running, whatever the refusal.

use std::num::NonZeroU32;

use super::SetFile;
use crate::{
    canonical::CanonicalError,
    format::PeekError,
    head::Generation,
    name::{FleetName, NodeName, SignerName},
    time::Timestamp,
    trust::{BadSignature, NotSigned},
    validate::Finding,
};

/// Why a plan set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A signature under the name of a known signer does not hold.
    #[error("the signature of `{signer}` over generation {generation} is refused: {problem}")]
    BadSignature {
        /// The set.
        generation: Generation,
        /// The known signer.
        signer: SignerName,
        /// What is wrong with it.
        problem: BadSignature,
    },
    /// Fewer known signers than this reader asks for.
    #[error("generation {generation} is signed by {have} of the signers known here, and {need} are needed")]
    TooFewSigners {
        /// The set.
        generation: Generation,
        /// How many have signed.
        have: u32,
        /// How many are needed.
        need: NonZeroU32,
    },
    /// The set of another fleet.
    #[error("`{file}` belongs to the fleet `{found}`, and this is `{expected}`")]
    AnotherFleet {
        /// The file that says so.
        file: SetFile,
        /// The fleet that was expected.
        expected: FleetName,
        /// The fleet that it belongs to.
        found: FleetName,
    },
    /// The plan of another node.
    #[error("`{file}` is the plan of the node `{found}`, and this is `{expected}`")]
    AnotherNode {
        /// The plan.
        file: SetFile,
        /// The node that was expected.
        expected: NodeName,
        /// The node that it is for.
        found: NodeName,
    },
    /// A set older than the one that was accepted last.
    #[error("generation {found} is older than generation {last}, which was accepted before")]
    OlderGeneration {
        /// The last accepted one.
        last: Generation,
        /// The one found.
        found: Generation,
    },
    /// Two sets with one number.
    #[error("generation {generation} was accepted before with other content: two sets have the same number")]
    SameGenerationOtherBytes {
        /// The number.
        generation: Generation,
    },
    /// The head's time is over.
    #[error("generation {generation} was valid until {valid_until}, and it is {now}: a newer set is needed")]
    Expired {
        /// The set.
        generation: Generation,
        /// The last time at which it could be accepted.
        valid_until: Timestamp,
        /// The time on this machine.
        now: Timestamp,
    },
    /// A format of another version.
    #[error("`{file}`: {format}")]
    UnknownFormat {
        /// The file.
        file: SetFile,
        /// The format in words.
        format: crate::format::UnknownFormat,
    },
    /// A file of the right size with other bytes, or a longer one.
    #[error("`{file}` has not the bytes that the set promises: its digest does not match")]
    DigestMismatch {
        /// The file.
        file: SetFile,
    },
    /// More bytes than a file of its kind may have.
    #[error("`{file}` has more than the {limit} bytes that a file of its kind may have")]
    TooLarge {
        /// The file.
        file: SetFile,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not JSON, a field that this version does not know, or a value out of its range.
    #[error("`{file}` cannot be understood: {why}")]
    Malformed {
        /// The file.
        file: SetFile,
        /// What the reader of JSON says.
        why: String,
    },
    /// Readable, but spelt in another way than the canonical one.
    #[error("`{file}` is not in canonical form")]
    NotCanonical {
        /// The file.
        file: SetFile,
    },
    /// The pointer names a file of the right size with other bytes, or says of a head what the head does not.
    #[error("`head` and `{file}` do not belong together")]
    PointerDisagrees {
        /// The file that the pointer names.
        file: SetFile,
    },
    /// An index whose parts do not fit together.
    #[error("`{file}` is not in order: {problem}")]
    IndexBroken {
        /// The index or shard.
        file: SetFile,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The validator refuses the plan.
    #[error("`{file}` breaks {} rule(s) of its format: {}", findings.len(), first(findings))]
    PlanInvalid {
        /// The plan.
        file: SetFile,
        /// What it breaks.
        findings: Vec<Finding>,
    },
}

fn first(findings: &[Finding]) -> String {
    findings.first().map(ToString::to_string).unwrap_or_default()
}

impl Refusal {
    /// A word that scripts can compare.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadSignature { .. } => "bad-signature",
            Self::TooFewSigners { .. } => "too-few-signers",
            Self::AnotherFleet { .. } => "another-fleet",
            Self::AnotherNode { .. } => "another-node",
            Self::OlderGeneration { .. } => "older-generation",
            Self::SameGenerationOtherBytes { .. } => "same-generation-other-bytes",
            Self::Expired { .. } => "expired",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::TooLarge { .. } => "too-large",
            Self::Malformed { .. } => "malformed",
            Self::NotCanonical { .. } => "not-canonical",
            Self::PointerDisagrees { .. } => "pointer-disagrees",
            Self::IndexBroken { .. } => "index-broken",
            Self::PlanInvalid { .. } => "plan-invalid",
        }
    }

    /// Of a file whose value cannot be read.
    pub(super) fn of_value(file: &SetFile, error: CanonicalError) -> Self {
        match error {
            CanonicalError::Json(error) => Self::Malformed { file: file.clone(), why: error.to_string() },
            CanonicalError::Form => Self::NotCanonical { file: file.clone() },
        }
    }

    /// Of a file whose format cannot be read.
    pub(super) fn of_format(file: &SetFile, error: PeekError) -> Self {
        match error {
            PeekError::Json(error) => Self::Malformed { file: file.clone(), why: error.to_string() },
            PeekError::Unknown(format) => Self::UnknownFormat { file: file.clone(), format },
        }
    }

    /// Of a head whose signatures do not suffice.
    pub(super) fn of_signatures(generation: Generation, error: NotSigned) -> Self {
        match error {
            NotSigned::Bad { signer, problem } => Self::BadSignature { generation, signer, problem },
            NotSigned::TooFew { have, need } => Self::TooFewSigners { generation, have, need },
        }
    }
}
