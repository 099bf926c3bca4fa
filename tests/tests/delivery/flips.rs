//! Every bit of every file that a node reads, flipped once: never accepted, each refusal by name.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    head::{FileRef, HeadPointer},
    set::{Expectations, SetFile, read_node},
    time::Timestamp,
    trust::Trust,
};

use crate::world::{NODES, World, fleet, need, node, now};

type Files = BTreeMap<SetFile, Vec<u8>>;

/// What a reader on `n1` says of every flip.
struct Tally<'a> {
    node: &'static str,
    trust: &'a Trust,
    threshold: u32,
    whole: Files,
    rows: Vec<(String, usize, BTreeMap<String, usize>)>,
}

impl Tally<'_> {
    fn verdict(&self, files: &Files) -> String {
        let fleet = fleet();
        let threshold = need(self.threshold);
        let now: Timestamp = now();
        let expectations = Expectations { fleet: &fleet, trust: self.trust, threshold, last: None, now };
        match read_node(files, &node(self.node), &expectations) {
            Err(verdict) => verdict.code().to_owned(),
            Ok(accepted) => {
                let unflipped = read_node(&self.whole, &node(self.node), &expectations).unwrap();
                let is_same = accepted.content == unflipped.content && accepted.head == unflipped.head;
                if is_same { "accepted-unchanged".to_owned() } else { "ACCEPTED-CHANGED".to_owned() }
            }
        }
    }

    /// Flips each bit of `file`; `mend` may make the other files agree with it.
    fn flip(&mut self, file: &SetFile, label: &str, mend: impl Fn(&mut Files)) {
        let mut files = self.whole.clone();
        let bits = files[file].len() * 8;
        let mut verdicts = BTreeMap::new();
        for bit in 0..bits {
            files.get_mut(file).unwrap()[bit / 8] ^= 1 << (bit % 8);
            mend(&mut files);
            *verdicts.entry(self.verdict(&files)).or_default() += 1;
            files.get_mut(file).unwrap()[bit / 8] ^= 1 << (bit % 8);
        }
        self.rows.push((label.to_owned(), bits, verdicts));
    }

    fn print(&self, title: &str) {
        eprintln!("{title}");
        for (file, bits, verdicts) in &self.rows {
            let verdicts: Vec<_> = verdicts.iter().map(|(code, count)| format!("{code} {count}")).collect();
            eprintln!("  {file:<44} {bits:>6} bits: {}", verdicts.join(", "));
        }
    }

    fn codes(&self) -> Vec<&str> {
        let codes = self.rows.iter().flat_map(|(_, _, verdicts)| verdicts.keys().map(String::as_str));
        let mut codes: Vec<_> = codes.collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// A published set of two signers.
fn published() -> (World, Files) {
    let world = World::new(&["ci", "ops"]);
    let build = crate::world::Build { signers: world.signers(2, &["ci", "ops"]), ..world.build() };
    world.publish("one", &build).unwrap();
    let signers = world.signers(2, &["ci", "ops"]);
    let secret = world.secret("ops");
    let options =
        wlc::publish::SignOptions { out: &world.plans(), key: Some(&secret), signers: &signers, fleet: &fleet() };
    wlc::publish::sign(&options).unwrap();
    let files = world.files();
    (world, files)
}

fn short(file: &SetFile) -> String {
    let path = file.to_string();
    match path.rsplit_once('/') {
        Some((folder, name)) if name.len() > 40 => format!("{folder}/{}….json", &name[..8]),
        Some(_) | None => path,
    }
}

/// The files that `at` reads of the set.
fn files_read_by(at: &str, trust: &Trust, files: &Files) -> Vec<SetFile> {
    let fleet = fleet();
    let expectations = Expectations { fleet: &fleet, trust, threshold: need(2), last: None, now: now() };
    read_node(files, &node(at), &expectations).unwrap().files.into_keys().collect()
}

#[test]
fn no_flipped_bit_is_accepted() {
    let (world, whole) = published();
    let trust = world.trust(&["ci", "ops"]);
    for at in NODES {
        let mut tally = Tally { node: at, trust: &trust, threshold: 2, whole: whole.clone(), rows: Vec::new() };
        let read = files_read_by(at, &trust, &whole);
        assert_eq!(read.len(), 9, "pointer, head, two signatures, index, shard, plan, spec, content");
        // What both nodes read needs to be flipped for one of them only.
        for file in read.iter().filter(|file| at == "n1" || matches!(file, SetFile::Plan(..))) {
            tally.flip(file, &short(file), |_| {});
        }
        tally.print(&format!("node {at}: files × bits × verdicts"));
        let allowed = [
            "digest-mismatch",
            "incomplete",
            "malformed",
            "not-canonical",
            "pointer-disagrees",
            "too-few-signers",
            "too-large",
            "unknown-format",
        ];
        assert!(tally.codes().iter().all(|code| allowed.contains(code)), "{:?}", tally.codes());
        for (file, _, verdicts) in tally.rows.iter().filter(|(file, ..)| file != "head") {
            let in_place = ["digest-mismatch", "pointer-disagrees"];
            assert!(verdicts.keys().all(|code| in_place.contains(&code.as_str())), "{file}: {verdicts:?}");
        }
    }
}

/// The pointer is no authority: one that agrees with a flipped head or signature changes nothing.
#[test]
fn no_flipped_bit_is_accepted_when_the_pointer_agrees_with_it() {
    let (world, whole) = published();
    let trust = world.trust(&["ci", "ops"]);
    let mut tally = Tally { node: "n1", trust: &trust, threshold: 2, whole: whole.clone(), rows: Vec::new() };
    for file in whole.keys().filter(|file| matches!(file, SetFile::Head(_) | SetFile::Signature(..))) {
        tally.flip(file, &short(file), agree);
    }
    tally.print("with a pointer that agrees: files × bits × verdicts");
    assert_eq!(tally.codes(), ["bad-signature"]);
}

/// One signer suffices here: a bad signature of the other one still refuses, and one by a stranger is not read.
#[test]
fn flips_in_more_signatures_than_needed_are_refused_and_those_of_strangers_are_not_read() {
    let (world, whole) = published();
    let both = world.trust(&["ci", "ops"]);
    let mut tally = Tally { node: "n1", trust: &both, threshold: 1, whole: whole.clone(), rows: Vec::new() };
    let of_ops = whole.keys().find(|file| file.to_string().ends_with("ops.sig")).unwrap().clone();
    tally.flip(&of_ops, "known, one more than needed", agree);
    tally.flip(&SetFile::Pointer, "head", |_| {});
    tally.print("one of two signers needed: files × bits × verdicts");
    assert_eq!(tally.rows[0].2.keys().collect::<Vec<_>>(), ["bad-signature"]);
    assert!(!tally.codes().contains(&"ACCEPTED-CHANGED"));
    let ci_only = world.trust(&["ci"]);
    let mut tally = Tally { node: "n1", trust: &ci_only, threshold: 1, whole, rows: Vec::new() };
    tally.flip(&of_ops, "by a signer who is not known", |_| {});
    tally.print("a stranger's signature: files × bits × verdicts");
    assert_eq!(tally.codes(), ["accepted-unchanged"]);
}

/// Makes the pointer agree with the head and the signatures that are there.
fn agree(files: &mut Files) {
    let mut pointer: HeadPointer = canonical::decode(&files[&SetFile::Pointer]).unwrap();
    pointer.head = FileRef::of(&files[&SetFile::Head(pointer.generation)]);
    for signature in &mut pointer.signatures {
        let file = SetFile::Signature(pointer.generation, signature.signer.clone());
        signature.file = FileRef::of(&files[&file]);
    }
    files.insert(SetFile::Pointer, canonical::encode(&pointer));
}
