//! What an earlier check made of facts, so that the next one need not read them again. Facts are most of what a large
//! fleet's files hold, and change rarely.
//!
//! A thing is kept under the digest of the whole text that it was made of, and only where nothing was to be said of that
//! text; so a check says the same with a cache and without. What is kept by another program is not looked at, and what is
//! damaged is not there. What is built and signed never comes from here.

mod bytes;
pub mod disk;

use std::{collections::BTreeMap, ops::Range};

use wlc_plan::digest::Digest;

pub(crate) use bytes::{Bytes, Kept, kept};

use crate::{model::facts::Facts, sources::Source, span::FileId};

/// How the name of a file ends that holds the facts of one machine.
const FACTS: &str = ".facts.kdl";
/// The first bytes of each cache.
const HEADER: &[u8] = b"wlc-cache 1\n";
/// A larger cache is neither written nor read.
const MOST_BYTES: usize = 64 << 20;
/// So many facts are kept at least; fewer are read as fast.
const LEAST_FACTS: usize = 64;
/// Length of a digest.
const DIGEST: usize = 32;

/// What earlier checks have kept.
#[derive(Debug)]
pub struct Cache {
    program: Digest,
    bytes: Vec<u8>,
    /// Where in the bytes the facts of a text are.
    places: BTreeMap<[u8; DIGEST], Range<usize>>,
}

/// The facts of one text, as they are to be kept.
#[derive(Debug)]
pub struct Keep {
    text: Digest,
    /// Their bytes; none where the cache has them.
    fresh: Option<Vec<u8>>,
}

impl Cache {
    /// The cache that has these bytes, for a program with this digest. What is not whole is left out.
    pub fn new(program: Digest, bytes: Vec<u8>) -> Self {
        let mut cache = Self { program, bytes, places: BTreeMap::new() };
        let mut at = HEADER.len() + DIGEST;
        let is_ours = cache.bytes.get(..at).is_some_and(|head| head == cache.head());
        while let Some((text, place)) = cache.entry(at).filter(|_| is_ours) {
            at = place.end;
            cache.places.insert(text, place);
        }
        cache
    }

    fn head(&self) -> Vec<u8> {
        [HEADER, self.program.bytes()].concat()
    }

    /// The text's digest, the digest of all, the length, the bytes.
    fn entry(&self, at: usize) -> Option<([u8; DIGEST], Range<usize>)> {
        let (text, rest) = self.bytes.get(at..)?.split_first_chunk::<DIGEST>()?;
        let (_, rest) = rest.split_first_chunk::<DIGEST>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let start = self.bytes.len() - rest.len();
        (length <= rest.len()).then(|| (*text, start..start + length))
    }

    /// The digest under which the facts of a file are kept; none where it is not the file of a machine's facts.
    pub(crate) fn key(source: &Source) -> Option<Digest> {
        source.path.ends_with(FACTS).then(|| Digest::of(source.text.as_bytes()))
    }

    /// What is kept of a file's text, which has this digest.
    pub(crate) fn facts(&self, text: &Digest, file: FileId, source: &Source) -> Option<(Facts, Keep)> {
        let place = self.places.get(text.bytes())?.clone();
        let seal = &self.bytes[place.start - 4 - DIGEST..place.start - 4];
        let kept = &self.bytes[place];
        let is_whole = self.seal(text, kept).bytes() == seal;
        let facts = Bytes::whole(kept, file, &source.text).filter(|_| is_whole)?;
        Some((facts, Keep { text: *text, fresh: None }))
    }

    /// Binds what is kept to the text and the program.
    fn seal(&self, text: &Digest, kept: &[u8]) -> Digest {
        Digest::of_parts("wlc-cache", &[self.program.bytes(), text.bytes(), kept])
    }

    /// The bytes of a new cache, with all that was used; none where the old one will do.
    pub fn renewed(&self, used: &[Keep]) -> Option<Vec<u8>> {
        let nothing_is_new = used.iter().all(|keep| keep.fresh.is_none());
        if nothing_is_new || used.len() < LEAST_FACTS {
            return None;
        }
        let mut bytes = self.head();
        for Keep { text, fresh } in used {
            let known = || self.places.get(text.bytes()).map(|place| &self.bytes[place.clone()]);
            let Some(kept) = fresh.as_deref().or_else(known) else { continue };
            bytes.extend_from_slice(text.bytes());
            bytes.extend_from_slice(self.seal(text, kept).bytes());
            bytes.extend_from_slice(&u32::try_from(kept.len()).ok()?.to_le_bytes());
            bytes.extend_from_slice(kept);
        }
        (bytes.len() <= MOST_BYTES).then_some(bytes)
    }
}

impl Keep {
    /// Facts that no cache has yet.
    pub(crate) fn fresh(text: Digest, facts: &Facts) -> Self {
        let mut bytes = Vec::new();
        facts.put(&mut bytes);
        Self { text, fresh: Some(bytes) }
    }
}

#[cfg(test)]
mod tests;
