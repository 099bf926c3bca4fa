//! Sets that arrive in pieces, in the worst order, by writers that append, rename or overwrite: never a refusal.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use wlagent::accept::judge;
use wlc_plan::{
    set::{Expectations, SetFile},
    trust::Trust,
};

use crate::world::{Judgement, World, fleet, last_of, need, node, now, read_files};

type Files = BTreeMap<SetFile, Vec<u8>>;

/// A set that was accepted, and the one that follows it.
struct Two {
    trust: Trust,
    first: Files,
    second: Files,
}

fn two() -> Two {
    let world = World::new(&["ci"]);
    world.publish("one", &world.build()).unwrap();
    let first = world.files();
    world.publish("two", &world.build()).unwrap();
    Two { trust: world.trust(&["ci"]), first, second: world.files() }
}

impl Two {
    fn judge(&self, files: &Files, before: Option<&Judgement>) -> Judgement {
        let fleet = fleet();
        let last = before.and_then(last_of);
        let expectations = Expectations { fleet: &fleet, trust: &self.trust, threshold: need(1), last, now: now() };
        judge(files, &node("n1"), &expectations, before)
    }

    /// The files that the second set adds or changes.
    fn new_files(&self) -> Vec<SetFile> {
        self.second
            .iter()
            .filter(|(file, bytes)| self.first.get(*file) != Some(bytes))
            .map(|(file, _)| file.clone())
            .collect()
    }

    /// Copies the second set over `there` in this order, each file in pieces, and counts the verdicts.
    fn copy(&self, mut there: Files, order: &[SetFile], counts: &mut BTreeMap<&'static str, usize>) {
        let accepted = self.judge(&self.first, None);
        let mut incomplete_after_all = 0;
        for file in order {
            let bytes = &self.second[file];
            for part in [0, 1, bytes.len() / 2, bytes.len() - 1, bytes.len()] {
                there.insert(file.clone(), bytes[..part].to_vec());
                let judgement = self.judge(&there, Some(&accepted));
                match &judgement {
                    Judgement::New(set) => assert_eq!(set.head.generation.number(), 2),
                    Judgement::Same(_) | Judgement::Waiting(_) | Judgement::NoSet => incomplete_after_all += 1,
                    Judgement::NodeNotInSet { .. } | Judgement::Refused(_) | Judgement::Unreadable { .. } => {
                        panic!("{file} with {part} bytes: {judgement}")
                    }
                }
                *counts.entry(judgement.code()).or_default() += 1;
            }
        }
        assert!(incomplete_after_all > 0);
        assert!(matches!(self.judge(&there, Some(&accepted)), Judgement::New(_)), "the whole set is accepted");
    }
}

/// Orders of a list by a small generator, the same in each run.
fn shuffled(files: &[SetFile], seed: u64) -> Vec<SetFile> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut files = files.to_vec();
    for end in (1..files.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        files.swap(end, usize::try_from(state % (end as u64 + 1)).unwrap());
    }
    files
}

#[test]
fn no_order_of_copying_is_a_refusal() {
    let two = two();
    let files = two.new_files();
    let mut counts = BTreeMap::new();
    let mut pointer_first = files.clone();
    pointer_first.sort_by_key(|file| !matches!(file, SetFile::Pointer));
    two.copy(two.first.clone(), &pointer_first, &mut counts);
    for seed in 0..150 {
        two.copy(two.first.clone(), &shuffled(&files, seed), &mut counts);
        let all: Vec<_> = two.second.keys().cloned().collect();
        two.copy(Files::new(), &shuffled(&all, seed), &mut counts);
    }
    eprintln!("301 orders of copying, verdicts: {counts:?}");
}

/// The ways in which tools write a file.
#[derive(Debug, Clone, Copy)]
enum Writer {
    /// Piece after piece to the end of the file itself.
    Append,
    /// Beside the file, then renamed over it.
    Rename,
    /// The file is emptied and written again in place.
    Overwrite,
}

fn write(writer: Writer, path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match writer {
        Writer::Append => {
            let _ = fs::remove_file(path);
            for piece in bytes.chunks(97) {
                let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
                file.write_all(piece).unwrap();
            }
        }
        Writer::Rename => {
            let beside = path.with_extension("part");
            fs::write(&beside, bytes).unwrap();
            fs::rename(&beside, path).unwrap();
        }
        Writer::Overwrite => {
            let mut file = fs::File::create(path).unwrap();
            for piece in bytes.chunks(211) {
                file.write_all(piece).unwrap();
            }
        }
    }
}

/// The agent's reader looks all the time while real files change under it.
#[test]
fn no_way_of_writing_is_a_refusal() {
    let two = two();
    for writer in [Writer::Append, Writer::Rename, Writer::Overwrite] {
        let folder = tempfile::tempdir().unwrap();
        for (file, bytes) in &two.first {
            write(Writer::Rename, &folder.path().join(file.to_string()), bytes);
        }
        let done = AtomicBool::new(false);
        let seen = thread::scope(|scope| {
            let reader = scope.spawn(|| look_until(&done, folder.path(), &two.trust));
            for seed in 0..15 {
                for set in [&two.second, &two.first] {
                    let files: Vec<_> = set.keys().cloned().collect();
                    for file in shuffled(&files, seed) {
                        write(writer, &folder.path().join(file.to_string()), &set[&file]);
                    }
                }
            }
            done.store(true, Ordering::SeqCst);
            reader.join().unwrap()
        });
        eprintln!("{writer:?}: verdicts {seen:?}");
        assert_eq!(read_files(folder.path())[&SetFile::Pointer], two.first[&SetFile::Pointer]);
    }
}

/// Looks without a memory of what was accepted, so that each of the two sets may be taken.
fn look_until(done: &AtomicBool, plans: &Path, trust: &Trust) -> BTreeMap<&'static str, usize> {
    let fleet = fleet();
    let expectations = Expectations { fleet: &fleet, trust, threshold: need(1), last: None, now: now() };
    let directory = wlagent::source::directory::Directory::new(plans);
    let mut seen = BTreeMap::new();
    loop {
        // Once more when all is written: on a busy machine every look before may have been at a part of a set.
        let is_last = done.load(Ordering::SeqCst);
        let judgement = judge(&directory.open().unwrap().unwrap(), &node("n1"), &expectations, None);
        match &judgement {
            Judgement::New(_) | Judgement::Waiting(_) | Judgement::NoSet => {}
            Judgement::Same(_)
            | Judgement::NodeNotInSet { .. }
            | Judgement::Refused(_)
            | Judgement::Unreadable { .. } => panic!("{judgement}"),
        }
        *seen.entry(judgement.code()).or_default() += 1;
        if is_last {
            assert!(matches!(judgement, Judgement::New(_)), "the whole set is accepted: {judgement}");
            return seen;
        }
        thread::sleep(Duration::from_micros(50));
    }
}

#[test]
fn waiting_since_is_kept_while_a_set_arrives() {
    let two = two();
    let mut there = two.second.clone();
    let fleet = fleet();
    there.retain(|file, _| matches!(file, SetFile::Pointer));
    let mut at = now();
    let mut before = None;
    for file in shuffled(&two.second.keys().cloned().collect::<Vec<_>>(), 3) {
        let expectations = Expectations { fleet: &fleet, trust: &two.trust, threshold: need(1), last: None, now: at };
        let judgement = judge(&there, &node("n1"), &expectations, before.as_ref());
        if let Judgement::Waiting(waiting) = &judgement {
            assert_eq!(waiting.since, now());
            assert!(
                judgement.to_string().starts_with("incomplete, waiting since 2026-11-23T03:00:00Z: "),
                "{judgement}"
            );
        }
        there.insert(file.clone(), two.second[&file].clone());
        at = at.plus(wlc_plan::quantity::Millis::from_seconds(60));
        before = Some(judgement);
    }
    assert!(matches!(two.judge(&there, None), Judgement::New(_)));
}
