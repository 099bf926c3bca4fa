//! What an earlier check made of facts, so that the next one need not read them again. Facts are most of what a large
//! fleet's files hold, and change rarely.
//!
//! A thing is kept under the digest of the whole text that it was made of, and only where nothing was to be said of that
//! text; so a check says the same with a cache and without. What is kept by another program is not looked at, and what is
//! damaged is not there. What is built and signed never comes from here.
//!
//! A file that still has the stamp with which it was read is not opened, as git does it with the files of a work tree. If
//! its text is needed after all, since there is something to say of it, the check begins again and reads everything.

mod bytes;
pub mod disk;

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use wlc_plan::digest::Digest;

pub(crate) use bytes::{Bytes, Kept, kept};

use crate::{
    model::facts::Facts,
    sources::{Source, Stamp},
    span::FileId,
};

/// How the name of a file ends that holds the facts of one machine.
const FACTS: &str = ".facts.kdl";
/// The first bytes of each cache.
const HEADER: &[u8] = b"wlc-cache 1\n";
/// A larger cache is neither written nor read.
const MOST_BYTES: usize = 64 << 20;
/// So many facts are kept at least; fewer are read as fast.
const LEAST_FACTS: usize = 64;
/// A file that was changed so shortly before it was read may be changed once more and keep its stamp: file systems have
/// coarse clocks.
const UNSETTLED: Duration = Duration::from_secs(2);
/// Length of a digest.
const DIGEST: usize = 32;

/// What earlier checks have kept.
#[derive(Debug)]
pub struct Cache {
    program: Digest,
    bytes: Vec<u8>,
    /// Where in the bytes the facts of a text are.
    places: BTreeMap<Digest, Ranges>,
    /// The files that were read, by their paths.
    seen: BTreeMap<String, Seen>,
}

/// A file that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The digest of its text.
    pub(crate) text: Digest,
    /// Its stamp.
    pub(crate) stamp: Stamp,
}

/// What is kept of one text.
struct Entry {
    text: Digest,
    file: Option<(String, Stamp)>,
    place: Ranges,
}

/// Where in the bytes it is.
#[derive(Debug, Clone)]
struct Ranges {
    /// All of it, behind its seal.
    sealed: Range<usize>,
    /// The facts.
    facts: Range<usize>,
}

/// The facts of one text, as they are to be kept.
#[derive(Debug)]
pub struct Keep {
    text: Digest,
    /// Their bytes; none where the cache has them.
    fresh: Option<Vec<u8>>,
    /// The file that holds it, where it has a stamp.
    file: Option<(Arc<str>, Stamp)>,
}

impl Cache {
    /// The cache that has these bytes, for a program with this digest. What is not whole is left out.
    pub fn new(program: Digest, bytes: Vec<u8>) -> Self {
        let mut cache = Self { program, bytes, places: BTreeMap::new(), seen: BTreeMap::new() };
        let mut at = HEADER.len() + DIGEST;
        let is_ours = cache.bytes.get(..at).is_some_and(|head| head == cache.head());
        while let Some(Entry { text, file, place }) = cache.entry(at).filter(|_| is_ours) {
            at = place.sealed.end;
            cache.places.insert(text, place);
            cache.seen.extend(file.map(|(path, stamp)| (path, Seen { text, stamp })));
        }
        cache
    }

    fn head(&self) -> Vec<u8> {
        [HEADER, self.program.bytes()].concat()
    }

    /// The seal, the length of what is sealed, and that: the text's digest, the file, the facts.
    fn entry(&self, at: usize) -> Option<Entry> {
        let (_, rest) = self.bytes.get(at..)?.split_first_chunk::<DIGEST>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let start = self.bytes.len() - rest.len();
        let sealed = rest.get(..u32::from_le_bytes(*length) as usize)?;
        let (text, rest) = sealed.split_first_chunk::<DIGEST>()?;
        let (file, facts) = Bytes::first(rest)?;
        let end = start + sealed.len();
        let place = Ranges { sealed: start..end, facts: end - facts.len()..end };
        Some(Entry { text: Digest::from(*text), file, place })
    }

    /// The digest under which the facts of a file are kept; none where it is not the file of a machine's facts.
    pub(crate) fn key(source: &Source) -> Option<Digest> {
        source.path.ends_with(FACTS).then(|| source.digest())
    }

    /// What was seen at a path.
    pub(crate) fn seen(&self, path: &str) -> Option<&Seen> {
        self.seen.get(path)
    }

    /// What is kept of a file's text, which has this digest.
    pub(crate) fn facts(&self, text: &Digest, file: FileId, source: &Source) -> Option<(Facts, Keep)> {
        let Ranges { sealed, facts } = self.places.get(text)?.clone();
        let seal = sealed.start.checked_sub(4 + DIGEST)?;
        let is_whole = self.bytes[seal..].starts_with(self.seal(&self.bytes[sealed]).bytes());
        let facts = Bytes::whole(&self.bytes[facts], file, source).filter(|_| is_whole)?;
        Some((facts, Keep { text: *text, fresh: None, file: Keep::file(source) }))
    }

    /// Binds what is kept to the program.
    fn seal(&self, kept: &[u8]) -> Digest {
        Digest::of_parts("wlc-cache", &[self.program.bytes(), kept])
    }

    /// The bytes of a new cache, with all that was used; none where the old one will do. Reading began so long after 1970.
    pub fn renewed(&self, used: &[Keep], began: Duration) -> Option<Vec<u8>> {
        let settled = |file: &&(Arc<str>, Stamp)| Duration::from_nanos(file.1.changed) + UNSETTLED < began;
        let is_new = |text, (path, stamp): &(Arc<str>, Stamp)| self.seen(path) != Some(&Seen { text, stamp: *stamp });
        let unseen =
            used.iter().filter(|keep| keep.file.as_ref().filter(settled).is_some_and(|file| is_new(keep.text, file)));
        let will_do = used.iter().all(|keep| keep.fresh.is_none()) && unseen.count() < LEAST_FACTS;
        if will_do || used.len() < LEAST_FACTS {
            return None;
        }
        let mut bytes = self.head();
        for Keep { text, fresh, file } in used {
            let known = || self.places.get(text).map(|place| &self.bytes[place.facts.clone()]);
            let Some(facts) = fresh.as_deref().or_else(known) else { continue };
            let mut sealed = text.bytes().to_vec();
            file.as_ref().filter(settled).map(|(path, stamp)| (path.to_string(), *stamp)).put(&mut sealed);
            sealed.extend_from_slice(facts);
            bytes.extend_from_slice(self.seal(&sealed).bytes());
            bytes.extend_from_slice(&u32::try_from(sealed.len()).ok()?.to_le_bytes());
            bytes.extend_from_slice(&sealed);
        }
        (bytes.len() <= MOST_BYTES).then_some(bytes)
    }
}

impl Keep {
    /// Facts that no cache has yet.
    pub(crate) fn fresh(text: Digest, facts: &Facts, source: &Source) -> Self {
        let mut bytes = Vec::new();
        facts.put(&mut bytes);
        Self { text, fresh: Some(bytes), file: Self::file(source) }
    }

    fn file(source: &Source) -> Option<(Arc<str>, Stamp)> {
        Some((source.path.clone(), source.stamp()?))
    }
}

#[cfg(test)]
mod tests;
