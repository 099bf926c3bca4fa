//! From files to a signed plan set, by the real compiler, in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use wlc::{
    attachments::Attachments,
    content::{ContentError, ContentFiles},
    diagnostics::Problems,
    lock::Lock,
    pipeline,
    publish::keygen::make_key,
    sources::Sources,
};
use wlc_plan::{
    canonical,
    format::Format,
    head::{FileRef, Generation, Head, HeadPointer, SignatureRef},
    name::{NodeName, SignerName},
    set::SetFile,
    signature::{self, SecretKey},
    time::Timestamp,
    trust::Trust,
};

use super::{author::Author, promised::Promised};

/// A signed plan set in memory.
pub(super) type Set = BTreeMap<SetFile, Vec<u8>>;

/// Builds, numbers and signs plan sets, each on the lock of the one before.
#[derive(Clone)]
pub(super) struct Publisher {
    lock: Lock,
    generation: Option<Generation>,
}

struct Keys {
    secret: SecretKey,
    foreign: SecretKey,
    trust: String,
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let make = |name: &str| {
            let made = make_key(&folder.path().join(name), &signer()).expect("a key can be made");
            let secret = std::fs::read_to_string(&made.secret_file).expect("the key was written");
            (SecretKey::parse(&secret).expect("the key is one"), made.trust_line)
        };
        let ((secret, trust), (foreign, _)) = (make("ci"), make("foreign"));
        Keys { secret, foreign, trust }
    })
}

fn signer() -> SignerName {
    SignerName::parse("ci").expect("a name")
}

/// The keys that the agent trusts.
pub(super) fn trust() -> Trust {
    Trust::parse(&keys().trust).expect("wlc keygen writes lines that are read")
}

/// The only node.
pub(super) fn node() -> NodeName {
    NodeName::parse("n").expect("a name")
}

impl Publisher {
    pub(super) fn new() -> Self {
        Self { lock: Lock::default(), generation: None }
    }

    /// Builds the next set.
    pub(super) fn publish(&mut self, author: &Author, at: Timestamp) -> (u64, Set, Promised) {
        let mut sources = Sources::default();
        sources.add("fleet.kdl", &author.text());
        let front = pipeline::read(sources, Problems::default());
        let compiled = pipeline::compile(front, &Attachments::default(), &self.lock);
        let lowered = compiled.lowered.unwrap_or_else(|| {
            let problems = compiled.problems.sorted();
            panic!("{:#?}\n{}", problems.first(), author.text())
        });
        self.lock = lowered.lock;
        let (generation, set) = self.seal(lowered.content.files(), at);
        let plan = &lowered.content.plans[&node()];
        (generation.number(), set, Promised::of_plan(plan, author))
    }

    fn seal(&mut self, files: Result<ContentFiles, ContentError>, at: Timestamp) -> (Generation, Set) {
        let files = files.expect("the content obeys the format");
        let generation = self.generation.map_or(Some(Generation::FIRST), Generation::next).expect("few are published");
        self.generation = Some(generation);
        let head = Head {
            format: Format::V1,
            fleet: files.fleet.clone(),
            generation,
            index: files.index,
            commit: None,
            signed_at: at,
            valid_until: None,
        };
        let mut set = files.files;
        sign(&mut set, &canonical::encode(&head), generation, &keys().secret);
        (generation, set)
    }

    /// A set that does not know the node.
    pub(super) fn publish_without_node(&mut self, at: Timestamp) -> Set {
        let mut sources = Sources::default();
        sources.add("fleet.kdl", "fleet \"f\"\nnode \"m\"\n");
        let front = pipeline::read(sources, Problems::default());
        let compiled = pipeline::compile(front, &Attachments::default(), &Lock::default());
        self.seal(compiled.lowered.expect("a fleet of one node is built").content.files(), at).1
    }
}

/// Puts a head, its signature and the pointer into a set.
fn sign(set: &mut Set, head: &[u8], generation: Generation, key: &SecretKey) {
    let signature = signature::sign(key, head).into_bytes();
    let reference = SignatureRef { signer: signer(), file: FileRef::of(&signature) };
    let pointer = HeadPointer { format: Format::V1, generation, head: FileRef::of(head), signatures: vec![reference] };
    set.insert(SetFile::Head(generation), head.to_vec());
    set.insert(SetFile::Signature(generation, signer()), signature);
    set.insert(SetFile::Pointer, canonical::encode(&pointer));
}

/// What the set holds as a newer one, signed by somebody whom nobody trusts.
pub(super) fn signed_by_a_stranger(set: &Set) -> Set {
    let (generation, head) = head_of(set);
    let mut head: Head = canonical::decode(&head).expect("a head that was made here");
    let generation = generation.next().expect("few are published");
    head.generation = generation;
    let mut forged = set.clone();
    sign(&mut forged, &canonical::encode(&head), generation, &keys().foreign);
    forged
}

/// The same set with one bit of its plan flipped.
pub(super) fn with_a_flipped_bit(set: &Set, bit: usize) -> Set {
    let mut flipped = set.clone();
    for (file, bytes) in &mut flipped {
        if matches!(file, SetFile::Plan(..)) {
            let at = bit % (bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
        }
    }
    flipped
}

/// The same set while it is still being copied.
pub(super) fn half_copied(set: &Set) -> Set {
    set.iter()
        .filter(|(file, _)| !matches!(file, SetFile::Plan(..)))
        .map(|(file, bytes)| (file.clone(), bytes.clone()))
        .collect()
}

fn head_of(set: &Set) -> (Generation, Vec<u8>) {
    let heads: BTreeSet<Generation> = set
        .keys()
        .filter_map(|file| if let SetFile::Head(generation) = file { Some(*generation) } else { None })
        .collect();
    let generation = *heads.last().expect("a set has a head");
    (generation, set[&SetFile::Head(generation)].clone())
}
