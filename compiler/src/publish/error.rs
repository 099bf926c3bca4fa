//! Why nothing was published. The set that was there before stays whole.

use std::{io, path::PathBuf};

use wlc_plan::{
    head::{Commit, Generation},
    name::SignerName,
    set::{Problem, SetFile, Verdict},
    trust::NotSigned,
};

use super::ExpectedHead;
use crate::{content::ContentError, turn::NoTurn};

/// Why nothing was published or signed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The content is not in order.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The system refused an action on a file.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was to be done, as in `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The set that nodes see cannot be compared with.
    #[error("`{file}` of the last plan set cannot be read: {why}; `wlc verify` says more")]
    LastSet {
        /// The file.
        file: SetFile,
        /// What is wrong with it.
        why: String,
    },
    /// Another build has been publishing here for long.
    #[error("another build is publishing into `{}`; waited for {waited} s", folder.display())]
    Busy {
        /// The folder of the set.
        folder: PathBuf,
        /// For how many seconds this build has waited.
        waited: u64,
    },
    /// The key belongs to no signer.
    #[error("the key {fingerprint} belongs to none of the signers in `fleet.kdl`")]
    UnknownKey {
        /// Its fingerprint, as `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// The key is the one that a signer had before.
    #[error("this is the key that `{signer}` had before (`was` in `fleet.kdl`); sign with the new one")]
    FormerKey {
        /// The signer.
        signer: SignerName,
    },
    /// The last head cannot be trusted.
    #[error(
        "the last head `{file}` cannot be built upon: {problem}. `--anyway` numbers on from it without trusting it"
    )]
    LastHead {
        /// The head.
        file: SetFile,
        /// What is wrong with it.
        problem: LastHeadProblem,
    },
    /// Another build was first.
    #[error("this build expects {expected} as the last head, and found {}", ExpectedHead::words(*found))]
    UnexpectedHead {
        /// What `--expect-head` said.
        expected: ExpectedHead,
        /// What is there.
        found: Option<Generation>,
    },
    /// The last head was built from a commit that this one does not follow.
    #[error(
        "generation {generation} was built from the commit {}, which is no ancestor of this one: an older state would \
         replace a newer one. Merge first, or build with `--anyway`", last.as_str()
    )]
    NotAncestor {
        /// The last set.
        generation: Generation,
        /// Its commit.
        last: Commit,
    },
    /// Whether the last head's commit is an ancestor cannot be told.
    #[error(
        "generation {generation} was built from the commit {}, and whether this one follows it cannot be told: the \
         sources lie in no repository, or the history is cut off (`git fetch --unshallow`). Or build with `--anyway`",
        last.as_str()
    )]
    AncestryUnknown {
        /// The last set.
        generation: Generation,
        /// Its commit.
        last: Commit,
    },
    /// There is no number after the last one.
    #[error("there is no generation after the last one")]
    NoGenerationLeft,
    /// There is no head to sign.
    #[error("there is no head in `{}` to sign: run `wlc build` first", folder.display())]
    NothingToSign {
        /// The folder of the set.
        folder: PathBuf,
    },
    /// The newest head must not be signed.
    #[error("`{file}` must not be signed: {source}")]
    NotToBeSigned {
        /// The head.
        file: SetFile,
        /// Why.
        source: Verdict,
    },
    /// The set behind the newest head is not whole.
    #[error("the set of generation {generation} is not in order, {} problem(s), the first: {}", problems.len(), problems[0].verdict)]
    SetBroken {
        /// The set.
        generation: Generation,
        /// What is wrong; never empty.
        problems: Vec<Problem>,
    },
    /// A signature beside a new head does not hold.
    #[error("a signature of generation {generation} is refused: {source}")]
    Signature {
        /// The set.
        generation: Generation,
        /// Which, and why.
        source: NotSigned,
    },
}

impl PublishError {
    /// Whether the world stood in the way, and not what was asked for: a full disk, or another build.
    pub fn is_of_the_world(&self) -> bool {
        match self {
            Self::File { .. } | Self::Busy { .. } => true,
            Self::Content(_)
            | Self::LastSet { .. }
            | Self::UnknownKey { .. }
            | Self::FormerKey { .. }
            | Self::LastHead { .. }
            | Self::UnexpectedHead { .. }
            | Self::NotAncestor { .. }
            | Self::AncestryUnknown { .. }
            | Self::NoGenerationLeft
            | Self::NothingToSign { .. }
            | Self::NotToBeSigned { .. }
            | Self::SetBroken { .. }
            | Self::Signature { .. } => false,
        }
    }
}

/// Why the last head cannot be built upon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LastHeadProblem {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It belongs to another fleet.
    #[error("it belongs to the fleet `{0}`")]
    AnotherFleet(String),
    /// It was published, and none of the signers in `fleet.kdl` has signed it.
    #[error("none of the signers in `fleet.kdl` has signed it")]
    Unsigned,
    /// A signature under the name of a signer in `fleet.kdl` does not hold.
    #[error("{0} (after a change of keys `was` names the old one)")]
    Signature(NotSigned),
}

/// Turns an error of the system into ours.
pub(super) fn file_error(action: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> PublishError {
    let path = path.to_owned();
    move |source| PublishError::File { action, path, source }
}

/// The same for a folder in which there was no turn to write.
pub(super) fn no_turn(folder: &std::path::Path) -> impl FnOnce(NoTurn) -> PublishError {
    let folder = folder.to_owned();
    move |why| match why {
        NoTurn::File(action, error) => file_error(action, &folder)(error),
        NoTurn::Busy(waited) => PublishError::Busy { folder, waited },
    }
}
