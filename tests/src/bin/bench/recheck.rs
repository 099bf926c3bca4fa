//! `recheck`: a new `wlc check` after one edit in a repository of 1,000 files with its lock, against the same check by a
//! program whose only reader is the kdl crate, and which keeps nothing. Ours has a cache of what the facts say, which the
//! check before has left in an empty home.
//!
//! The same without the cache, after an edit of facts, and where the time of a check without it goes, are printed beside it.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wlc::{
    attachments,
    diagnostics::{Problems, terminal},
    expand::How,
    files,
    lock::store::{self, Reading},
    pipeline,
    syntax::Reader,
};
use wlc_tests::{
    fleet::{self, Size},
    programs,
};

use super::figures::{self, Times};

const PAIRS: usize = 7;

/// Runs it.
pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fleet::Sources::new(Size::MANY_NODES).write(folder.path());
    end_well(Command::new(programs::wlc()).arg("-C").arg(folder.path()).arg("lock"));
    let home = tempfile::tempdir().expect("a folder can be made");
    let wlc = |arguments: &[&str]| {
        let mut command = Command::new(programs::wlc());
        command.arg("-C").arg(folder.path()).args(arguments).env("XDG_CACHE_HOME", home.path());
        end_well(&mut command)
    };
    println!("recheck without a cache, which it writes: {:.0} ms", wlc(&["check"]).as_secs_f64() * 1_000.0);
    let [mut ours, mut facts, mut uncached, mut baseline] = [(); 4].map(|()| Times::default());
    for turn in 0..PAIRS {
        edit(&folder, WORKLOAD, turn);
        ours.add(wlc(&["check"]));
        edit(&folder, WORKLOAD, PAIRS + turn);
        baseline.add(end_well(&mut by_kdl(folder.path())));
        edit(&folder, FACTS, turn);
        facts.add(wlc(&["check"]));
        edit(&folder, WORKLOAD, turn);
        uncached.add(wlc(&["check", "--no-cache"]));
    }
    print!("{}", check(folder.path(), Reader::Both));
    println!("recheck after an edit of facts: {}", facts.spread());
    println!("recheck with --no-cache: {}", uncached.spread());
    figures::close("recheck", &ours, &baseline);
}

/// A file, and what stands before a number in it that may be another.
type Edited = (&'static str, &'static str);
const WORKLOAD: Edited = ("workloads/w0100.kdl", "grace \"");
const FACTS: Edited = ("nodes/n0100.facts.kdl", "kernel \"6.12.");

/// Changes one line of one file.
fn edit(folder: &TempDir, (name, mark): Edited, turn: usize) {
    let path = folder.path().join(name);
    let text = fs::read_to_string(&path).expect("the file is there");
    let (before, behind) = text.split_once(mark).expect("each file of its kind says it");
    let behind = behind.trim_start_matches(|digit: char| digit.is_ascii_digit());
    fs::write(&path, format!("{before}{mark}{}{behind}", 20 + turn)).expect("the file can be written");
}

/// From the start of a program to its end, which must be a good one.
fn end_well(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("the program can be run");
    let time = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    time
}

/// This program, as the one that checks by the kdl crate.
fn by_kdl(folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("a program knows its own file"));
    command.arg(BY_KDL).arg(folder);
    command
}

/// The word by which this program is asked for a check by the kdl crate.
pub(crate) const BY_KDL: &str = "recheck-by-kdl";

/// What `wlc check` does, by the kdl crate.
pub(crate) fn run_by_kdl() {
    let folder = env::args().nth(2).expect("the folder is named");
    check(Path::new(&folder), Reader::Kdl);
}

/// The stages of `wlc check`, with these readers, and what each took.
fn check(root: &Path, reader: Reader) -> String {
    let mut watch = Watch { last: Instant::now(), text: String::new() };
    let mut problems = Problems::default();
    let sources = files::read(root, &mut problems).expect("the folder can be read");
    watch.stage("files");
    let front = pipeline::read_by(How { reader, cache: None }, sources, problems);
    watch.stage("reading");
    let found = files::attach(root, &attachments::named(&front.sources, &front.repository));
    watch.stage("attachments");
    let lock = store::read(&root.join("lock/bench"), Reading::Strict).expect("the lock can be read");
    watch.stage("lock");
    let compiled = pipeline::compile(front, &found, &lock);
    watch.stage("checks, placement, lowering");
    let text = terminal::render(&compiled.sources, &compiled.problems.sorted(), terminal::Style::Plain);
    eprint!("{text}");
    watch.stage("diagnostics");
    compiled.lowered.expect("nothing is wrong").content.files().expect("the plans can be written");
    watch.stage("plans");
    watch.text
}

/// Takes the time of each stage.
struct Watch {
    last: Instant,
    text: String,
}

impl Watch {
    fn stage(&mut self, name: &str) {
        let time = self.last.elapsed().as_secs_f64() * 1_000.0;
        self.text.push_str(&format!("recheck, in one process: {name} {time:.1} ms\n"));
        self.last = Instant::now();
    }
}
