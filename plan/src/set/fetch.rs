//! One file of a set: absent or shorter is incomplete, anything else than the promised bytes is a refusal.

use serde::{Serialize, de::DeserializeOwned};

use super::{Incomplete, ReadFile, Refusal, SetFile, Verdict};
use crate::{canonical, digest::Digest, format, head::FileRef};

/// The bytes that `promised` names.
pub(super) fn fetch<R: ReadFile + ?Sized>(reader: &R, file: &SetFile, promised: FileRef) -> Result<Vec<u8>, Verdict> {
    let limit = file.limit();
    if promised.size > limit {
        return Err(Refusal::TooLarge { file: file.clone(), limit }.into());
    }
    let incomplete = |have| Verdict::Incomplete(Incomplete { file: file.clone(), have, want: Some(promised.size) });
    let bytes = read(reader, file, promised.size)?.ok_or_else(|| incomplete(None))?;
    let have = bytes.len() as u64;
    if have < promised.size {
        return Err(incomplete(Some(have)));
    }
    if have > promised.size || Digest::of(&bytes) != promised.sha256 {
        return Err(Refusal::DigestMismatch { file: file.clone() }.into());
    }
    Ok(bytes)
}

/// Whatever bytes a file has; none where it is absent.
pub(super) fn read<R: ReadFile + ?Sized>(reader: &R, file: &SetFile, most: u64) -> Result<Option<Vec<u8>>, Verdict> {
    let unreadable = |error: R::Error| Verdict::Unreadable { file: file.clone(), source: Box::new(error) };
    reader.read(file, most).map_err(unreadable)
}

/// The value of a file, whose format is judged first.
pub(super) fn decode<T: Serialize + DeserializeOwned>(file: &SetFile, bytes: &[u8]) -> Result<T, Refusal> {
    format::peek(bytes).map_err(|error| Refusal::of_format(file, error))?;
    canonical::decode(bytes).map_err(|error| Refusal::of_value(file, error))
}
