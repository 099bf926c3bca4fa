//! The last head in the folder of a set: the one with the highest number, whether readers see it already or not.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    digest::Digest,
    head::{Generation, Head, HeadPointer},
    name::SignerName,
    set::{ReadFile, SetFile},
};

use super::{
    Anyway, Folder, LastHeadProblem, PublishError, PublishOptions, Signers, Warning, error::file_error, folder::list,
};

/// What the folder of a set holds of earlier builds.
pub(super) struct Last {
    /// The highest number of a file in `heads/`, or in the pointer.
    pub(super) newest: Option<Generation>,
    /// The head of that number; none where there is none, or none that may be built upon.
    pub(super) head: Option<LastHead>,
}

/// A head of an earlier build.
pub(super) struct LastHead {
    pub(super) head: Head,
    pub(super) bytes: Vec<u8>,
    /// Whether the pointer names it.
    pub(super) before: PublishedBefore,
    /// Who has signed it.
    pub(super) signed: BTreeMap<SignerName, KeyAge>,
}

/// Whether readers see a head already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublishedBefore {
    /// They do.
    Yes,
    /// It waits for signatures.
    No,
}

/// Whether a signature is by a key that signs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyAge {
    /// By the signer's key of today.
    Current,
    /// By a key that the signer had before, or by a signer that `fleet.kdl` does not name any more.
    Former,
}

impl Last {
    /// Whether nothing was ever published here.
    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_none()
    }
}

impl LastHead {
    /// Whether other keys have signed it than would sign it now, or, once it is published, fewer than must.
    pub(super) fn have_signers_changed(&self, threshold: usize) -> bool {
        let current = self.signed.values().filter(|age| **age == KeyAge::Current).count();
        current < self.signed.len() || (self.before == PublishedBefore::Yes && current < threshold)
    }
}

/// Reads the last head and judges it by the signers of `fleet.kdl`.
pub(super) fn read(options: &PublishOptions<'_>, warnings: &mut Vec<Warning>) -> Result<Last, PublishError> {
    let files: Vec<_> = list(options.out)?.iter().filter_map(|path| SetFile::parse(path)).collect();
    let folder = Folder::new(options.out);
    let pointer = read_pointer(&folder)?;
    let newest = files.iter().filter_map(generation_of).chain(pointer.as_ref().map(|pointer| pointer.generation)).max();
    let Some(generation) = newest else {
        return Ok(Last { newest, head: None });
    };
    let file = SetFile::Head(generation);
    let Some(bytes) = read_file(&folder, &file)? else {
        return Ok(Last { newest, head: None });
    };
    let published = pointer.filter(|pointer| pointer.head.sha256 == Digest::of(&bytes));
    let before = if published.is_some() { PublishedBefore::Yes } else { PublishedBefore::No };
    match judge(&folder, &files, bytes, before, options.signers) {
        Ok(head) => Ok(Last { newest, head: Some(head) }),
        Err(Judged::File(error)) => Err(error),
        Err(Judged::Problem(problem)) if options.anyway == Anyway::Yes => {
            warnings.push(Warning::LastHeadPassedOver(problem));
            Ok(Last { newest, head: None })
        }
        Err(Judged::Problem(problem)) => Err(PublishError::LastHead { file, problem }),
    }
}

/// The signatures that lie beside a head.
pub(super) fn read_signatures(
    folder: &Folder,
    files: &[SetFile],
    of: Generation,
) -> Result<BTreeMap<SignerName, Vec<u8>>, PublishError> {
    let mut signatures = BTreeMap::new();
    for file in files {
        let SetFile::Signature(generation, signer) = file else {
            continue;
        };
        if *generation == of
            && let Some(bytes) = read_file(folder, file)?
        {
            signatures.insert(signer.clone(), bytes);
        }
    }
    Ok(signatures)
}

/// The pointer; one that cannot be read is no authority, and is written anew.
pub(super) fn read_pointer(folder: &Folder) -> Result<Option<HeadPointer>, PublishError> {
    let bytes = read_file(folder, &SetFile::Pointer)?;
    Ok(bytes.and_then(|bytes| canonical::decode(&bytes).ok()))
}

/// A file of the set; none where it is absent.
pub(super) fn read_file(folder: &Folder, file: &SetFile) -> Result<Option<Vec<u8>>, PublishError> {
    folder.read(file, file.limit()).map_err(file_error("read", &folder.path(file)))
}

enum Judged {
    File(PublishError),
    Problem(LastHeadProblem),
}

fn judge(
    folder: &Folder,
    files: &[SetFile],
    bytes: Vec<u8>,
    before: PublishedBefore,
    signers: &Signers,
) -> Result<LastHead, Judged> {
    let unreadable = |error: canonical::CanonicalError| LastHeadProblem::Unreadable(error.to_string());
    let head: Head = canonical::decode(&bytes).map_err(unreadable).map_err(Judged::Problem)?;
    let signatures = read_signatures(folder, files, head.generation).map_err(Judged::File)?;
    let not_signed = |error| Judged::Problem(LastHeadProblem::Signature(error));
    let verified = signers.all().verify(&bytes, &signatures).map_err(not_signed)?;
    if before == PublishedBefore::Yes && verified.by().next().is_none() {
        return Err(Judged::Problem(LastHeadProblem::Unsigned));
    }
    let mut signed: BTreeMap<_, _> = signatures.into_keys().map(|signer| (signer, KeyAge::Former)).collect();
    for (signer, key) in verified.by() {
        if signers.list().iter().any(|current| current.name == *signer && current.key == *key) {
            signed.insert(signer.clone(), KeyAge::Current);
        }
    }
    Ok(LastHead { head, bytes, before, signed })
}

fn generation_of(file: &SetFile) -> Option<Generation> {
    match file {
        SetFile::Head(generation) | SetFile::Signature(generation, _) => Some(*generation),
        SetFile::Pointer | SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_) => None,
    }
}
