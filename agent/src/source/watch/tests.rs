//! Every way in which tools bring a new set is noticed, and reading is not.
#![expect(clippy::disallowed_methods, reason = "tests change the directories that are watched")]

use std::{fs, os::unix::fs::symlink, process::Command};

use super::*;

struct World {
    folder: tempfile::TempDir,
    watch: Watch,
}

const SOON: Duration = Duration::from_secs(4);
const QUIET: Duration = Duration::from_millis(900);

impl World {
    /// A watched directory `plans` with a set in it, after the first look.
    async fn new(prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let node = NodeName::parse("n1").unwrap();
        let mut watch = Watch::start(&folder.path().join("plans"), &node);
        assert_eq!(watch.changed().await, Look::Rescan);
        while timeout(QUIET, watch.changed()).await.is_ok() {}
        Self { folder, watch }
    }

    async fn expect_look(&mut self, why: &str) {
        let look = timeout(SOON, self.watch.changed()).await;
        assert_eq!(look.ok(), Some(Look::Changed), "{why}");
    }

    async fn expect_quiet(&mut self, why: &str) {
        assert!(timeout(QUIET, self.watch.changed()).await.is_err(), "{why}");
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }
}

fn make_set(plans: &Path) {
    for below in ["heads", "index", "specs", "nodes/n1", "nodes/n2"] {
        fs::create_dir_all(plans.join(below)).unwrap();
    }
    fs::write(plans.join("head"), "1").unwrap();
}

#[tokio::test]
async fn writes_and_renames_are_noticed_and_reading_is_not() {
    let mut world = World::new(|folder| make_set(&folder.join("plans"))).await;
    fs::read(world.path("plans/head")).unwrap();
    fs::read_dir(world.path("plans/nodes/n1")).unwrap().count();
    world.expect_quiet("own reads").await;
    fs::write(world.path("plans/.head.tmp"), "2").unwrap();
    fs::rename(world.path("plans/.head.tmp"), world.path("plans/head")).unwrap();
    world.expect_look("temporary file and rename").await;
    for below in ["heads/2.json", "index/a.json", "specs/a.json", "nodes/n1/a.json"] {
        fs::write(world.path("plans").join(below), "x").unwrap();
        world.expect_look(below).await;
    }
    fs::write(world.path("plans/nodes/n2/a.json"), "x").unwrap();
    fs::write(world.path("elsewhere"), "x").unwrap();
    world.expect_quiet("other nodes and neighbours").await;
}

#[tokio::test]
async fn a_directory_that_is_removed_and_made_again_is_watched_again() {
    let mut world = World::new(|folder| make_set(&folder.join("plans"))).await;
    fs::remove_dir_all(world.path("plans")).unwrap();
    world.expect_look("removal").await;
    make_set(&world.path("plans"));
    world.expect_look("made again").await;
    fs::write(world.path("plans/specs/b.json"), "x").unwrap();
    world.expect_look("write after it was made again").await;
    fs::rename(world.path("plans"), world.path("old")).unwrap();
    make_set(&world.path("new"));
    fs::rename(world.path("new"), world.path("plans")).unwrap();
    world.expect_look("exchange of the whole directory").await;
    fs::write(world.path("plans/head"), "3").unwrap();
    world.expect_look("write after the exchange").await;
}

#[tokio::test]
async fn an_exchanged_link_is_noticed() {
    let mut world = World::new(|folder| {
        make_set(&folder.join("releases/1/out"));
        make_set(&folder.join("releases/2/out"));
        symlink("1", folder.join("releases/current")).unwrap();
        symlink("releases/current/out", folder.join("plans")).unwrap();
    })
    .await;
    symlink("2", world.path("releases/next")).unwrap();
    fs::rename(world.path("releases/next"), world.path("releases/current")).unwrap();
    world.expect_look("exchange of a link in the middle").await;
    fs::write(world.path("releases/2/out/head"), "2").unwrap();
    world.expect_look("write behind the new link").await;
    fs::write(world.path("releases/1/out/head"), "2").unwrap();
    world.expect_quiet("write behind the old link").await;
}

#[tokio::test]
async fn a_directory_that_is_missing_at_first_is_noticed() {
    let mut world = World::new(|_| {}).await;
    make_set(&world.path("plans"));
    world.expect_look("made").await;
    fs::write(world.path("plans/head"), "2").unwrap();
    world.expect_look("first write").await;
}

/// Whether a tool is there; says so aloud where it is not.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {tool} is not installed");
    }
    found
}

fn run(folder: &Path, command: &str) {
    let mut words = command.split(' ');
    let name = words.next().unwrap();
    let output = Command::new(name).args(words).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

const GIT: &str = "git -c user.name=a -c user.email=a@example.org -c init.defaultBranch=plans";

#[tokio::test]
async fn a_git_checkout_is_noticed() {
    if !has("git") {
        return;
    }
    let mut world = World::new(|folder| {
        let plans = folder.join("plans");
        make_set(&plans);
        for file in ["heads/1.json", "nodes/n1/a.json", "specs/a.json"] {
            fs::write(plans.join(file), "1").unwrap();
        }
        for command in ["init -q", "add .", "commit -qm one"] {
            run(&plans, &format!("{GIT} {command}"));
        }
        fs::write(plans.join("nodes/n1/b.json"), "2").unwrap();
        fs::write(plans.join("head"), "2").unwrap();
        for command in ["add .", "commit -qm two"] {
            run(&plans, &format!("{GIT} {command}"));
        }
    })
    .await;
    run(&world.path("plans"), &format!("{GIT} checkout -q HEAD~1"));
    world.expect_look("git checkout of an older state").await;
    assert!(!world.path("plans/nodes/n1/b.json").exists());
    run(&world.path("plans"), &format!("{GIT} checkout -q plans"));
    world.expect_look("git checkout of the newer state").await;
    run(&world.path("plans"), &format!("{GIT} status --short"));
    world.expect_quiet("git status").await;
}

#[tokio::test]
async fn rsync_is_noticed() {
    if !has("rsync") {
        return;
    }
    let mut world = World::new(|folder| {
        make_set(&folder.join("new"));
        make_set(&folder.join("plans"));
    })
    .await;
    fs::write(world.path("new/specs/b.json"), "x").unwrap();
    fs::write(world.path("new/head"), "22").unwrap();
    run(world.folder.path(), "rsync -r --delay-updates --delete-after new/ plans/");
    world.expect_look("rsync").await;
    assert_eq!(fs::read(world.path("plans/head")).unwrap(), b"22");
}
