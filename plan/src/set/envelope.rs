//! The envelope of a set: the pointer, the head that it names, and the head's signatures.
//!
//! The pointer only tells a set that is still being copied from one that is wrong. What counts is the head, and of the
//! head nothing is read before its signatures hold.

use std::collections::BTreeMap;

use super::{Expectations, Incomplete, ReadFile, Refusal, SetFile, Verdict, fetch};
use crate::{
    digest::Digest,
    head::{FileRef, Head, HeadPointer},
    name::SignerName,
    time::Timestamp,
};

/// A head whose signatures hold, and that may be accepted.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The head.
    pub head: Head,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The known signers that have signed it.
    pub signers: Vec<SignerName>,
    /// Whether the clock could judge its age.
    pub clock: Clock,
    /// Whether it was accepted before.
    pub novelty: Novelty,
    /// The pointer, the head and the signatures as they were read.
    pub files: BTreeMap<SetFile, Vec<u8>>,
}

/// Whether the clock of this machine can judge the age of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It can.
    Plausible,
    /// It stands before the time at which the head was signed, so it is wrong, and expiry was not judged.
    BeforeSigning,
}

/// Whether a set was accepted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It is newer than what was accepted last.
    New,
    /// It is what was accepted last. Its age is not judged again.
    SameAsLast,
}

/// Reads and judges the envelope of the newest set.
pub fn read_envelope<R: ReadFile + ?Sized>(reader: &R, expectations: &Expectations<'_>) -> Result<Envelope, Verdict> {
    let (pointer, pointer_bytes) = read_pointer(reader)?;
    let head_file = SetFile::Head(pointer.generation);
    let head_bytes = fetch_pointed(reader, &head_file, pointer.head)?;
    let signatures = fetch_signatures(reader, &pointer, expectations)?;
    let not_signed = |error| Refusal::of_signatures(pointer.generation, error);
    let signed = expectations.trust.verify(&head_bytes, &signatures).map_err(not_signed)?;
    signed.ask_for(expectations.threshold).map_err(not_signed)?;
    let head: Head = fetch::decode(&head_file, &head_bytes)?;
    if head.generation != pointer.generation {
        return Err(Refusal::PointerDisagrees { file: head_file }.into());
    }
    let digest = pointer.head.sha256;
    let novelty = judge_generation(&head, digest, expectations)?;
    let signers = signed.at(judged_at(&head, novelty, expectations.now)).map_err(not_signed)?;
    let clock = judge_age(&head, novelty, expectations.now)?;
    let signature_file = |(signer, bytes)| (SetFile::Signature(pointer.generation, signer), bytes);
    let mut files: BTreeMap<_, _> = signatures.into_iter().map(signature_file).collect();
    files.insert(SetFile::Pointer, pointer_bytes);
    files.insert(head_file, head_bytes);
    Ok(Envelope { head, digest, signers, clock, novelty, files })
}

/// The pointer ends with a newline, so one that does not is still being written.
fn read_pointer<R: ReadFile + ?Sized>(reader: &R) -> Result<(HeadPointer, Vec<u8>), Verdict> {
    let file = SetFile::Pointer;
    let limit = file.limit();
    let bytes = fetch::read(reader, &file, limit)?.ok_or(Verdict::NoSet)?;
    let have = bytes.len() as u64;
    if have > limit {
        return Err(Refusal::TooLarge { file, limit }.into());
    }
    if !bytes.ends_with(b"\n") {
        return Err(Verdict::Incomplete(Incomplete { file, have: Some(have), want: None }));
    }
    let pointer: HeadPointer = fetch::decode(&file, &bytes)?;
    if !pointer.signatures.is_sorted_by(|a, b| a.signer < b.signer) {
        let why = "its signatures are not sorted by signer, or one is there twice".to_owned();
        return Err(Refusal::Malformed { file, why }.into());
    }
    Ok((pointer, bytes))
}

/// A file that the pointer names. Other bytes than promised may be the pointer's fault as well as the file's.
fn fetch_pointed<R: ReadFile + ?Sized>(reader: &R, file: &SetFile, promised: FileRef) -> Result<Vec<u8>, Verdict> {
    fetch::fetch(reader, file, promised).map_err(|verdict| match verdict {
        Verdict::Refused(Refusal::DigestMismatch { file }) => Refusal::PointerDisagrees { file }.into(),
        other @ (Verdict::NoSet
        | Verdict::Incomplete(_)
        | Verdict::Unreadable { .. }
        | Verdict::NodeNotInSet { .. }
        | Verdict::Refused(_)) => other,
    })
}

/// The signatures by known signers; those by others are not even read.
fn fetch_signatures<R: ReadFile + ?Sized>(
    reader: &R,
    pointer: &HeadPointer,
    expectations: &Expectations<'_>,
) -> Result<BTreeMap<SignerName, Vec<u8>>, Verdict> {
    let known = pointer.signatures.iter().filter(|signature| expectations.trust.knows(&signature.signer));
    let fetch_one = |signature: &crate::head::SignatureRef| {
        let file = SetFile::Signature(pointer.generation, signature.signer.clone());
        fetch_pointed(reader, &file, signature.file).map(|bytes| (signature.signer.clone(), bytes))
    };
    known.map(fetch_one).collect()
}

fn judge_generation(head: &Head, digest: Digest, expectations: &Expectations<'_>) -> Result<Novelty, Refusal> {
    if head.fleet != *expectations.fleet {
        return Err(Refusal::AnotherFleet {
            file: SetFile::Head(head.generation),
            expected: expectations.fleet.clone(),
            found: head.fleet.clone(),
        });
    }
    match expectations.last {
        Some(last) if head.generation < last.generation => {
            Err(Refusal::OlderGeneration { last: last.generation, found: head.generation })
        }
        Some(last) if head.generation == last.generation && digest != last.head => {
            Err(Refusal::SameGenerationOtherBytes { generation: head.generation })
        }
        Some(last) if head.generation == last.generation => Ok(Novelty::SameAsLast),
        Some(_) | None => Ok(Novelty::New),
    }
}

/// The time at which keys must count. A clock before the signing is wrong, and what was accepted is not judged again.
fn judged_at(head: &Head, novelty: Novelty, now: Timestamp) -> Timestamp {
    match novelty {
        Novelty::SameAsLast => head.signed_at,
        Novelty::New => now.max(head.signed_at),
    }
}

fn judge_age(head: &Head, novelty: Novelty, now: Timestamp) -> Result<Clock, Refusal> {
    if now < head.signed_at {
        return Ok(Clock::BeforeSigning);
    }
    match (novelty, head.valid_until) {
        (Novelty::New, Some(valid_until)) if valid_until < now => {
            Err(Refusal::Expired { generation: head.generation, valid_until, now })
        }
        (Novelty::New | Novelty::SameAsLast, Some(_) | None) => Ok(Clock::Plausible),
    }
}
