//! The cache of what facts say: a check prints the same with it and without, whatever was edited, whatever lies in the
//! cache's place, and however many checks run at once.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use tempfile::TempDir;
use wlc_tests::{
    dice::Dice,
    fleet::{Size, Sources},
    folder, marks, programs, running,
};

const SIZE: Size = Size { nodes: 70, workloads: 6 };
const EDITS: usize = 40;
/// Files that were changed before that are not read again.
const SETTLED: Duration = Duration::from_millis(2_100);
/// Of so many cases of mistakes one is taken.
const CASES: usize = 3;

/// A fleet that is worth a cache, and a home for it.
struct World {
    sources: TempDir,
    home: TempDir,
}

/// Exit code, standard output and standard error.
type Said = (Option<i32>, String, String);

impl World {
    fn new() -> Self {
        let world = Self { sources: tempfile::tempdir().unwrap(), home: tempfile::tempdir().unwrap() };
        Sources::new(SIZE).write(world.sources.path());
        world
    }

    /// The same, whose files are not read again.
    fn settled() -> Self {
        let world = Self::new();
        thread::sleep(SETTLED);
        world.check(&[]);
        world
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::wlc());
        command.arg("-C").arg(self.sources.path()).arg("check").args(arguments);
        command.env("XDG_CACHE_HOME", self.home.path());
        command
    }

    fn check(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    /// Checks by the cache and without; both say the same.
    fn compare(&self, format: &str, what: &str) {
        let with = self.check(&["--format", format]);
        let without = self.check(&["--format", format, "--no-cache"]);
        assert_eq!(with, without, "{what}");
    }

    /// The files of the cache's folder.
    fn caches(&self) -> Vec<PathBuf> {
        folder::files(self.home.path())
    }
}

fn said(command: &mut Command) -> Said {
    let ran = running::run(command);
    (ran.code, ran.stdout, ran.stderr)
}

#[test]
fn edits_and_damage_change_nothing_of_what_is_said() {
    let world = World::settled();
    world.compare("text", "at first");
    let files = folder::files(world.sources.path());
    let mut dice = Dice::new(7);
    for turn in 0..EDITS {
        let path = dice.one_of(&files);
        let before = fs::read_to_string(path).unwrap();
        fs::write(path, edited(&before, &mut dice)).unwrap();
        damage(&world.caches()[0], &mut dice);
        let what = format!("edit {turn} of {}", path.display());
        world.compare(["text", "json"][dice.below(2)], &what);
        if dice.below(3) > 0 {
            fs::write(path, before).unwrap();
            world.compare("text", &format!("{what}, taken back"));
        }
    }
}

/// A line less, a line twice, a digit more, or half a file.
fn edited(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = dice.below(lines.len());
    let digit = format!("{}1", lines[at]);
    match dice.below(4) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at]),
        2 => lines[at] = &digit,
        _ => lines.truncate(at),
    }
    lines.join("\n")
}

/// Sometimes nothing; or a torn file, garbage, another byte, a folder in its place.
fn damage(cache: &Path, dice: &mut Dice) {
    let mut bytes = fs::read(cache).unwrap_or_default();
    let at = dice.below(bytes.len().max(1));
    match dice.below(6) {
        0 => bytes.truncate(at),
        1 => bytes = b"garbage".repeat(at),
        2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x10),
        3 => bytes.extend_from_within(at..),
        4 => return fs::remove_file(cache).unwrap(),
        _ => return,
    }
    fs::write(cache, bytes).unwrap();
}

#[test]
fn a_file_that_is_changed_behind_its_times_is_read() {
    let world = World::settled();
    let path = world.sources.path().join("nodes/n0007.facts.kdl");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut &file, before.replacen("facts \"n", "fakts \"n", 1).as_bytes()).unwrap();
    file.set_modified(modified).unwrap();
    let (code, _, said) = world.check(&[]);
    assert!(code == Some(1) && said.contains("fakts"), "{said}");
    world.compare("text", "the same length, the same time");
}

#[test]
fn mistakes_of_all_kinds_are_said_the_same_way() {
    let world = World::new();
    let cases = running::workspace().join("tests/errors");
    let names = folder::folders(&cases);
    for (number, name) in names.iter().enumerate().step_by(CASES) {
        let root = world.sources.path();
        fs::remove_dir_all(root).unwrap();
        Sources::new(SIZE).write(root);
        for (name, bytes) in folder::contents(&cases.join(name)) {
            let (text, _) = marks::take(&name, &bytes);
            put(root, &name, text.as_ref());
        }
        world.compare(["text", "json"][number % 2], name);
    }
    assert_eq!(world.caches().len(), 1);
}

#[test]
fn examples_are_said_the_same_way() {
    let examples = running::workspace().join("examples");
    for name in folder::folders(&examples) {
        let world = World::new();
        folder::contents(&examples.join(&name)).iter().for_each(|(path, bytes)| put(world.sources.path(), path, bytes));
        world.compare("text", &name);
        world.compare("json", &name);
    }
}

fn put(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn checks_at_once_do_each_other_no_harm() {
    let world = World::new();
    thread::sleep(SETTLED);
    let alone = world.check(&["--no-cache"]);
    assert_eq!(world.caches(), Vec::<PathBuf>::new(), "without a cache nothing is written");
    let at_once = || {
        std::thread::scope(|scope| {
            let checks: Vec<_> = (0..6).map(|_| scope.spawn(|| world.check(&[]))).collect();
            checks.into_iter().for_each(|check| assert_eq!(check.join().unwrap(), alone));
        });
    };
    at_once();
    let [cache] = &world.caches()[..] else { panic!("one cache is left") };
    let written = fs::metadata(cache).unwrap().modified().unwrap();
    at_once();
    assert_eq!(fs::metadata(cache).unwrap().modified().unwrap(), written, "a cache that has all is not written anew");
}

#[test]
fn without_a_home_and_where_nothing_can_be_written_a_check_goes_on() {
    let world = World::new();
    let alone = world.check(&["--no-cache"]);
    assert_eq!(said(world.command(&[]).env_remove("XDG_CACHE_HOME").env_remove("HOME")), alone);
    fs::write(world.home.path().join("wlc"), "a file where the folder would be").unwrap();
    assert_eq!(world.check(&[]), alone);
    assert_eq!(world.caches().len(), 1);
}

#[test]
fn the_oldest_caches_go() {
    let world = World::new();
    let caches = world.home.path().join("wlc");
    fs::create_dir(&caches).unwrap();
    (0..30).for_each(|number| fs::write(caches.join(format!("{number}.facts")), "old").unwrap());
    world.check(&[]);
    assert_eq!(world.caches().len(), 16);
    world.compare("text", "the new one is among them");
}
