//! The strict reader against the kdl crate: whatever the strict one reads, the kdl crate reads too, and both give the same
//! blocks at the same places.
//!
//! The documents are the KDL project's own, all of this repository, made ones, and changes of all of these: 4,000 of them,
//! or as many as fit into `WLC_FUZZ_SECONDS`, from `WLC_FUZZ_SEED` (1) on.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use wlc::{
    diagnostics::Problems,
    sources::Sources,
    syntax::{Block, Reader, read_by},
};
use wlc_tests::{dice::Dice, folder, podman, running};

use super::documents;

const DOCUMENTS: usize = 4_000;

/// Who reads a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ReadBy {
    Both,
    KdlAlone,
    Nobody,
}

/// Reads a document with both and holds them against each other.
fn compare(name: &str, text: &str) -> ReadBy {
    let read = |reader: Reader| -> Option<Vec<Block>> {
        let mut sources = Sources::default();
        let id = sources.add("x.kdl", text);
        let mut problems = Problems::default();
        read_by(reader, id, sources.file(id), &mut problems).filter(|_| problems.errors() == 0)
    };
    match (read(Reader::Strict), read(Reader::Kdl)) {
        (None, None) => ReadBy::Nobody,
        (None, Some(_)) => ReadBy::KdlAlone,
        (Some(_), None) => panic!("{name} is read strictly, and the kdl crate refuses it:\n{text}\n{text:?}"),
        (Some(ours), Some(theirs)) => {
            assert!(ours == theirs, "{name} is read in two ways:\n{text}\n{text:?}\n{ours:#?}\n{theirs:#?}");
            ReadBy::Both
        }
    }
}

/// The documents of the KDL project's own tests, which the kdl crate brings in its package.
fn kdl_documents() -> Option<Vec<(PathBuf, String)>> {
    let mut command = Command::new(env::var_os("CARGO")?);
    let command = command.current_dir(running::workspace()).args(["metadata", "--format-version", "1", "--offline"]);
    let metadata: Value = serde_json::from_slice(&command.output().ok()?.stdout).ok()?;
    let package = metadata["packages"].as_array()?.iter().find(|package| package["name"] == "kdl")?;
    let folder = Path::new(package["manifest_path"].as_str()?).parent()?.join("tests/test_cases/input");
    let texts =
        folder::files(&folder).into_iter().filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)));
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then_some(texts)
}

/// All KDL files of this repository; those that `wlc init` fills in are none yet.
fn own_documents() -> Vec<(PathBuf, String)> {
    let root = running::workspace();
    let folders = ["agent", "book", "compiler", "examples", "tests"].map(|name| root.join(name));
    let files = folders.iter().flat_map(|folder| folder::files(folder));
    let kdl = files.filter(|path| path.extension().is_some_and(|found| found == "kdl"));
    let finished = kdl.filter(|path| !path.starts_with(root.join("compiler/src/cli/init")));
    finished.filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?))).collect()
}

#[test]
fn both_readers_agree_on_the_kdl_projects_documents() {
    let Some(documents) = kdl_documents() else {
        podman::skip("the kdl crate's package with the KDL project's documents is not here");
        return;
    };
    let mut counts = [0usize; 3];
    for (path, text) in &documents {
        let read_by = compare(&path.display().to_string(), text);
        counts[read_by as usize] += 1;
        if read_by == ReadBy::KdlAlone {
            eprintln!("only the kdl crate reads {}", path.display());
        }
    }
    let [both, kdl_alone, nobody] = counts;
    eprintln!("{both} are read by both, {kdl_alone} by the kdl crate alone, {nobody} by neither");
    assert!(both > 100 && nobody > 30, "the documents are not those that were expected");
}

#[test]
fn the_strict_reader_reads_every_file_of_the_repository() {
    let documents = own_documents();
    let (mut both, mut alone) = (0, Vec::new());
    for (path, text) in &documents {
        match compare(&path.display().to_string(), text) {
            ReadBy::Both => both += 1,
            ReadBy::KdlAlone => alone.push(path.display().to_string()),
            ReadBy::Nobody => assert!(path.to_string_lossy().contains("/tests/"), "{} is broken", path.display()),
        }
    }
    assert!(both > 50, "only {both} files are read strictly");
    assert!(alone.is_empty(), "only the kdl crate reads these: {}", alone.join(", "));
}

#[test]
fn both_readers_agree_on_made_and_on_broken_documents() {
    let mut dice = Dice::new(env::var("WLC_FUZZ_SEED").map_or(1, |seed| seed.parse().expect("a seed is a number")));
    let seconds = env::var("WLC_FUZZ_SECONDS").map_or(0, |seconds| seconds.parse().expect("seconds are a number"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let texts = own_documents().into_iter().chain(kdl_documents().unwrap_or_default()).map(|(_, text)| text);
    let found: Vec<String> = texts.filter(|text| !text.is_empty() && text.len() < 4_000).collect();
    let (mut made, mut broken) = ([0usize; 3], [0usize; 3]);
    while made.iter().sum::<usize>() < DOCUMENTS / 2 || Instant::now() < end {
        let text = documents::document(&mut dice);
        made[compare("a made document", &text) as usize] += 1;
        let original = if dice.below(2) == 0 { text } else { dice.one_of(&found).clone() };
        broken[compare("a broken document", &documents::broken(&original, &mut dice)) as usize] += 1;
    }
    eprintln!(
        "read by both, by the kdl crate alone, by neither: {made:?} of the made, {broken:?} of the broken documents"
    );
    assert_eq!(made[ReadBy::Nobody as usize], 0, "a made document has no mistake");
    assert!(
        made[ReadBy::KdlAlone as usize] * 100 <= made[ReadBy::Both as usize],
        "the strict reader understands too little"
    );
    assert!(broken.iter().all(|count| *count > 0), "every outcome was tried");
}
