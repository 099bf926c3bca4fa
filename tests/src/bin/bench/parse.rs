//! `parse`: the sources of a fleet of 1,000 files, from text to blocks with spans, in one thread; the kdl crate makes its
//! own documents of the same texts.
//!
//! How many files only the kdl crate could read, the time with all threads and the memory are printed beside it.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use kdl::KdlDocument;
use wlc::{
    diagnostics::Problems,
    parallel,
    sources::Sources,
    syntax::{self, Reader},
};
use wlc_tests::{
    fleet::{self, Size},
    programs,
};

use super::figures::{self, Times};

const PAIRS: usize = 15;

/// Runs it.
pub(crate) fn run() {
    let made = fleet::Sources::new(Size::MANY_WORKLOADS);
    let share = made.by_hand as f64 * 100.0 / made.bytes() as f64;
    println!("parse: {} files, {} bytes, {share:.0} % of them written by hand", made.files.len(), made.bytes());
    println!("parse: {} files fell back to the kdl crate", fallen_back(&sources(&made)));
    let (mut ours, mut baseline, mut parallel) = (Times::default(), Times::default(), Times::default());
    for _ in 0..PAIRS {
        ours.add(one_by_one(&made));
        baseline.add(by_kdl(&made));
        parallel.add(all_at_once(&made));
    }
    println!("parse with {} threads: {}", parallel::threads(), parallel.spread());
    memory();
    figures::close("parse", &ours, &baseline);
}

/// The texts as they come from files, in fresh memory.
pub(crate) fn sources(made: &fleet::Sources) -> Sources {
    let mut sources = Sources::default();
    for (path, text) in &made.files {
        sources.add(path, text);
    }
    sources
}

fn fallen_back(sources: &Sources) -> usize {
    let read = |(id, source)| syntax::read_by(Reader::Strict, id, source, &mut Problems::default());
    sources.iter().filter(|file| read(*file).is_none()).count()
}

fn one_by_one(made: &fleet::Sources) -> Duration {
    let sources = sources(made);
    let mut problems = Problems::default();
    let start = Instant::now();
    let blocks: Vec<_> = sources.iter().map(|(id, source)| syntax::read(id, source, &mut problems)).collect();
    let time = start.elapsed();
    assert!(blocks.iter().all(Option::is_some), "every file can be read");
    time
}

fn all_at_once(made: &fleet::Sources) -> Duration {
    let sources = sources(made);
    let mut problems = Problems::default();
    let start = Instant::now();
    let blocks = syntax::read_all(Reader::Both, sources.iter(), &mut problems);
    let time = start.elapsed();
    assert_eq!(blocks.len(), made.files.len(), "every file can be read");
    time
}

fn by_kdl(made: &fleet::Sources) -> Duration {
    let sources = sources(made);
    let start = Instant::now();
    let documents: Vec<_> = sources.iter().map(|(_, source)| KdlDocument::parse_v2(source.text())).collect();
    let time = start.elapsed();
    assert!(documents.iter().all(Result::is_ok), "every file can be read");
    time
}

/// Another program counts the bytes, so that the counting takes no time here.
fn memory() {
    let status = Command::new(programs::memory()).status().expect("the program can be run");
    assert!(status.success(), "the program that counts memory ends well");
}
