//! Adding a signature to the newest head: `wlc sign`.

use std::{collections::BTreeMap, path::Path};

use wlc_plan::{
    canonical,
    head::Head,
    name::{FleetName, SignerName},
    set::{Refusal, SetFile, Verdict, read_content_of},
    signature::SecretKey,
};

use super::{
    Folder, PublishError, Signers, Standing,
    error::{LastHeadProblem, no_turn},
    folder::list,
    last::read_file,
    promote, write_signature,
};
use crate::turn::Turn;

/// How the newest head is signed.
pub struct SignOptions<'a> {
    /// The folder of the set.
    pub out: &'a Path,
    /// The key that signs; none: only count the signatures that lie there, as after `ssh-keygen -Y sign`.
    pub key: Option<&'a SecretKey>,
    /// The signers of the fleet.
    pub signers: &'a Signers,
    /// The fleet that the set must belong to.
    pub fleet: &'a FleetName,
}

/// What signing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The head that was signed.
    pub head: Head,
    /// Under which name; none where no key was given.
    pub signer: Option<SignerName>,
    /// How many nodes the set has.
    pub nodes: usize,
    /// Whether readers see it now.
    pub standing: Standing,
    /// How many files of older sets were removed.
    pub removed: usize,
}

/// Signs the newest head, after every file behind it was read and found in order; moves `head` once enough have signed.
pub fn sign(options: &SignOptions<'_>) -> Result<Signed, PublishError> {
    let SignOptions { out, key, signers, fleet } = options;
    let signer = key.map(|key| signers.owner(key)).transpose()?;
    let nothing = || PublishError::NothingToSign { folder: out.to_path_buf() };
    if !out.exists() {
        return Err(nothing());
    }
    let turn = Turn::take(out).map_err(no_turn(out))?;
    let folder = Folder::new(out);
    let generation = newest(out)?.ok_or_else(nothing)?;
    let file = SetFile::Head(generation);
    let bytes = read_file(&folder, &file)?.ok_or_else(nothing)?;
    let head = check_head(&file, &bytes, fleet)?;
    let mut files = BTreeMap::new();
    let (nodes, problems) = read_content_of(&folder, &head, &mut files);
    if !problems.is_empty() {
        return Err(PublishError::SetBroken { generation, problems });
    }
    if let (Some(key), Some(signer)) = (key, &signer) {
        write_signature(out, generation, signer, key, &bytes)?;
    }
    let promotion = promote::promote(out, signers, generation)?;
    drop(turn);
    Ok(Signed { head, signer, nodes: nodes.len(), standing: promotion.standing, removed: promotion.removed })
}

fn newest(out: &Path) -> Result<Option<wlc_plan::head::Generation>, PublishError> {
    let generation_of = |path: &String| match SetFile::parse(path)? {
        SetFile::Head(generation) => Some(generation),
        SetFile::Pointer | SetFile::Signature(..) | SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_) => None,
    };
    Ok(list(out)?.iter().filter_map(generation_of).max())
}

fn check_head(file: &SetFile, bytes: &[u8], fleet: &FleetName) -> Result<Head, PublishError> {
    let unreadable = |error: canonical::CanonicalError| LastHeadProblem::Unreadable(error.to_string());
    let unreadable = |error| PublishError::LastHead { file: file.clone(), problem: unreadable(error) };
    let head: Head = canonical::decode(bytes).map_err(unreadable)?;
    if SetFile::Head(head.generation) != *file {
        let source = Verdict::Refused(Refusal::PointerDisagrees { file: file.clone() });
        return Err(PublishError::NotToBeSigned { file: file.clone(), source });
    }
    if head.fleet != *fleet {
        let problem = LastHeadProblem::AnotherFleet(head.fleet.to_string());
        return Err(PublishError::LastHead { file: file.clone(), problem });
    }
    Ok(head)
}
