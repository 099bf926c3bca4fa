//! The moment at which readers see a set: the pointer moves once enough have signed, and what no reader needs is removed.

use std::{collections::BTreeSet, path::Path};

use wlc_plan::{
    canonical,
    format::Format,
    head::{FileRef, Generation, HeadPointer, SignatureRef},
    name::SignerName,
    set::{SetFile, files_of},
};

use super::{
    Folder, PublishError, Signers,
    folder::list,
    last::{read_file, read_pointer, read_signatures},
    write,
};

/// Whether readers see a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They do: `head` names it.
    Published,
    /// It waits for signatures.
    Waiting {
        /// How many signers have signed.
        have: u32,
        /// How many must.
        need: u32,
    },
}

/// What a promotion did.
pub(super) struct Promotion {
    pub(super) standing: Standing,
    pub(super) removed: usize,
}

/// Moves the pointer to `generation` where enough of the current signers have signed it.
pub(super) fn promote(out: &Path, signers: &Signers, generation: Generation) -> Result<Promotion, PublishError> {
    let folder = Folder::new(out);
    let files: Vec<_> = list(out)?.iter().filter_map(|path| SetFile::parse(path)).collect();
    let head = read_file(&folder, &SetFile::Head(generation))?
        .ok_or_else(|| PublishError::NothingToSign { folder: out.to_owned() })?;
    let signatures = read_signatures(&folder, &files, generation)?;
    let signed = signers.current().verify(&head, &signatures);
    let signed = signed.map_err(|source| PublishError::Signature { generation, source })?;
    let reference =
        |signer: &SignerName| SignatureRef { signer: signer.clone(), file: FileRef::of(&signatures[signer]) };
    let signatures: Vec<_> = signed.by().map(|(signer, _)| reference(signer)).collect();
    let have = u32::try_from(signatures.len()).unwrap_or(u32::MAX);
    let need = signers.threshold().get();
    if have < need {
        return Ok(Promotion { standing: Standing::Waiting { have, need }, removed: 0 });
    }
    let before = read_pointer(&folder)?;
    let pointer = HeadPointer { format: Format::V1, generation, head: FileRef::of(&head), signatures };
    let mut removed = 0;
    if before.as_ref() != Some(&pointer) {
        write::write(out, &SetFile::Pointer, &canonical::encode(&pointer))?;
        let before = before.map(|before| before.generation).filter(|before| *before < generation);
        if let Some(before) = before {
            removed = write::remove(out, &unneeded(&folder, &files, before, generation))?;
        }
    }
    Ok(Promotion { standing: Standing::Published, removed })
}

/// The files that belong neither to the set that readers see now, nor to the one that they saw before.
fn unneeded(folder: &Folder, files: &[SetFile], before: Generation, now: Generation) -> BTreeSet<SetFile> {
    let Ok(mut needed) = files_of(folder, now) else {
        return BTreeSet::new();
    };
    // A set that was damaged before cannot be read by anybody any more, so its files need not stay.
    needed.extend(files_of(folder, before).unwrap_or_default());
    needed.insert(SetFile::Pointer);
    let is_needed = |file: &SetFile| match file {
        SetFile::Head(generation) | SetFile::Signature(generation, _) => {
            [before, now].contains(generation) || *generation > now
        }
        SetFile::Pointer | SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_) => needed.contains(file),
    };
    files.iter().filter(|file| !is_needed(file)).cloned().collect()
}
