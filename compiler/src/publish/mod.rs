//! Publishing: number, sign and write a plan set (edge). The order of the steps is visible in [`publish`].
//!
//! The folder of the set always holds a whole set: content is written first, then the head and its signature, and the
//! pointer `head` last, each file atomically. Files of the set before stay until the next but one, so that a reader that
//! still walks it finds them. What is to be written is decided by [`decide`], which touches nothing.

mod decide;
mod error;
mod folder;
pub mod keygen;
mod last;
mod promote;
mod published;
mod sign;
mod signers;
mod write;

use std::path::Path;

use wlc_plan::{
    canonical,
    format::Format,
    head::{Commit, Generation, Head},
    name::SignerName,
    quantity::Millis,
    set::SetFile,
    signature::{self, SecretKey},
    time::Timestamp,
};

pub use self::{
    decide::{Ancestry, Anyway, ExpectedHead, Reason},
    error::{LastHeadProblem, PublishError},
    folder::{Folder, list},
    promote::Standing,
    published::{PublishedSet, SignedBy, published},
    sign::{SignOptions, Signed, sign},
    signers::{Signer, Signers, SignersError},
};
use self::{
    decide::{Decision, Wanted, decide},
    last::{Last, LastHead},
    write::write_content,
};
use crate::{content::Content, turn::Turn};

/// How a content is published.
pub struct PublishOptions<'a> {
    /// The folder of the set, usually `plans`. It is made where it is missing.
    pub out: &'a Path,
    /// The key that signs; none: the head waits for `wlc sign`.
    pub key: Option<&'a SecretKey>,
    /// The signers of the fleet.
    pub signers: &'a Signers,
    /// How long the head may be accepted; none: for ever.
    pub valid_for: Option<Millis>,
    /// The time.
    pub now: Timestamp,
    /// The commit of the sources; none: they lie in no repository.
    pub commit: Option<Commit>,
    /// `--expect-head`: the last head that this build was made for.
    pub expect_head: ExpectedHead,
    /// `--generation-after`: number on from here, where the folder of the set was lost.
    pub generation_after: Option<Generation>,
    /// `--anyway`: go on although the last head does not verify or its commit is no ancestor of this one.
    pub anyway: Anyway,
    /// Whether a commit is an ancestor of the sources, uncommitted changes or not.
    pub is_ancestor: &'a dyn Fn(&Commit) -> Ancestry,
}

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The newest generation, written now or before.
    pub generation: Generation,
    /// Why it was written.
    pub outcome: Outcome,
    /// Whether readers see it.
    pub standing: Standing,
    /// How many files were written, the pointer not counted.
    pub written: usize,
    /// How many files of older sets were removed.
    pub removed: usize,
    /// What someone should look at.
    pub warnings: Vec<Warning>,
}

/// Whether a new generation was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new one, and why.
    Written(Reason),
    /// The last one had the same content and waited for signatures; this key's was added.
    SignedLast,
    /// None: the last one has the same content.
    Unchanged,
}

/// Something that is published all the same, and that someone should look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Nothing was published in this folder before.
    #[error(
        "there is no head in `{folder}`, so this is generation 1. If the fleet has had plan sets before, its nodes refuse \
         this one as older: build again with `--generation-after N`, where N is the generation that `wlagent status` names"
    )]
    FirstGeneration {
        /// The folder of the set.
        folder: String,
    },
    /// The last head was not verified, as `--anyway` said.
    #[error("the last head was passed over, as `--anyway` says: {0}")]
    LastHeadPassedOver(LastHeadProblem),
}

/// Publishes a content: writes the next generation where that is needed, and moves `head` once enough have signed.
///
/// Builds that publish into one folder at the same time wait for each other; the second judges what the first has left.
pub fn publish(content: &Content, options: &PublishOptions<'_>) -> Result<Published, PublishError> {
    let files = content.files()?;
    let signer = options.key.map(|key| options.signers.owner(key)).transpose()?;
    let turn = Turn::take(options.out).map_err(error::no_turn(options.out))?;
    write::remove_left_over(options.out)?;
    let mut warnings = Vec::new();
    let last = last::read(options, &mut warnings)?;
    let wanted = Wanted { fleet: &files.fleet, index: files.index, signer: signer.as_ref(), options };
    let decision = decide(&last, &wanted)?;
    if last.is_empty() && options.generation_after.is_none() {
        warnings.push(Warning::FirstGeneration { folder: options.out.display().to_string() });
    }
    let mut written = write_content(options.out, &files.files)?;
    let (generation, outcome) = match decision {
        Decision::Write(generation, reason) => {
            written += write_head(options, &wanted, generation)?;
            (generation, Outcome::Written(reason))
        }
        Decision::Sign(generation) => {
            written += sign_last(options, signer.as_ref(), &last)?;
            (generation, Outcome::SignedLast)
        }
        Decision::Keep(generation) => (generation, Outcome::Unchanged),
    };
    let promotion = promote::promote(options.out, options.signers, generation)?;
    drop(turn);
    Ok(Published { generation, outcome, standing: promotion.standing, written, removed: promotion.removed, warnings })
}

/// Writes the head of a new generation, and its signature where there is a key. The answer: how many files.
fn write_head(
    options: &PublishOptions<'_>,
    wanted: &Wanted<'_>,
    generation: Generation,
) -> Result<usize, PublishError> {
    let head = Head {
        format: Format::V1,
        fleet: wanted.fleet.clone(),
        generation,
        index: wanted.index,
        commit: options.commit.clone(),
        signed_at: options.now,
        valid_until: options.valid_for.map(|length| options.now.plus(length)),
    };
    let bytes = canonical::encode(&head);
    write::write(options.out, &SetFile::Head(generation), &bytes)?;
    match (options.key, wanted.signer) {
        (Some(key), Some(signer)) => write_signature(options.out, generation, signer, key, &bytes).map(|()| 2),
        (None, _) | (_, None) => Ok(1),
    }
}

fn sign_last(options: &PublishOptions<'_>, signer: Option<&SignerName>, last: &Last) -> Result<usize, PublishError> {
    match (options.key, signer, &last.head) {
        (Some(key), Some(signer), Some(LastHead { head, bytes, .. })) => {
            write_signature(options.out, head.generation, signer, key, bytes).map(|()| 1)
        }
        (None, _, _) | (_, None, _) | (_, _, None) => Ok(0),
    }
}

fn write_signature(
    out: &Path,
    generation: Generation,
    signer: &SignerName,
    key: &SecretKey,
    head: &[u8],
) -> Result<(), PublishError> {
    let text = signature::sign(key, head);
    write::write(out, &SetFile::Signature(generation, signer.clone()), text.as_bytes())
}

#[cfg(test)]
mod tests;
