//! `wlc up` with the real agent and without Podman: what it builds, what it says, and that it goes on after each save.

use std::{fs, process::Command};

use wlc_tests::{
    folder, programs,
    repository::Repository,
    running::{self, LIMIT},
    up::Up,
};

/// A repository as `wlc init` makes it, and a socket on which no Podman answers.
fn fresh() -> (Repository, String) {
    let repository = Repository::empty();
    let ran = repository.wlc(&["init", "--fleet", "example", "--node", "here"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let socket = repository.path().join("no-podman.sock").display().to_string();
    (repository, socket)
}

#[test]
fn one_round_builds_into_a_folder_of_its_own_and_touches_nothing_else() {
    let (repository, socket) = fresh();
    let before = folder::contents(repository.path());
    let ran = repository.wlc(&["up", "--once", "--podman", &socket, "--timeout", "1s"]);
    assert_eq!(ran.code, Some(1), "without Podman nothing converges: {}", ran.stderr);
    assert!(ran.stderr.contains("generation 1\n  created: 1 (hello-0 on here)\n"), "{}", ran.stderr);
    let mut after = folder::contents(repository.path());
    after.retain(|path, _| !path.starts_with(".wlc/"));
    assert!(after == before, "only `.wlc` is new");
    assert_eq!(fs::read_to_string(repository.path().join(".wlc/.gitignore")).unwrap(), "*\n");
    let up = repository.path().join(".wlc/up");
    let mut verify = Command::new(programs::wlagent());
    verify.args(["verify", "--node", "here", "--fleet", "example-up", "--plans"]).arg(up.join("plans"));
    let verified = running::run(verify.arg("--trust").arg(up.join("trust")));
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    let down = repository.wlc(&["up", "--down", "--podman", &socket, "--timeout", "1s"]);
    assert!(down.stderr.contains("generation 2"), "{}", down.stderr);
    let plan = folder::contents(&up.join("plans/nodes/here"));
    assert!(plan.values().any(|plan| String::from_utf8_lossy(plan).contains("\"instances\":[]")), "nothing is to run");
}

#[test]
fn the_node_is_the_one_that_is_said_or_the_only_one() {
    let (repository, socket) = fresh();
    repository.write("nodes/other.kdl", "node \"other\"\n");
    let ran = repository.wlc(&["up", "--once", "--podman", &socket]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("say with `--node` which one this machine stands for: `here`, `other`"),
        "{}",
        ran.stderr
    );
    let ran = repository.wlc(&["up", "--once", "--podman", &socket, "--node", "other", "--timeout", "1s"]);
    assert!(ran.stderr.contains("generation 1"), "{}", ran.stderr);
}

#[test]
fn without_an_agent_it_says_what_it_needs() {
    let (repository, _) = fresh();
    let alone = repository.path().join("alone");
    fs::create_dir(&alone).unwrap();
    fs::copy(programs::wlc(), alone.join("wlc")).unwrap();
    let mut command = Command::new(alone.join("wlc"));
    let ran = running::run(command.args(["up", "--once"]).current_dir(repository.path()).env("PATH", ""));
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("`wlc up` needs `wlagent`"), "{}", ran.stderr);
}

/// What it says up to the line that says that it waits.
fn round(running: &Up) -> String {
    running.said_until(LIMIT, |line| line.contains("waiting for a change"))
}

#[test]
fn each_save_is_a_round_and_mistakes_are_shown_and_survived() {
    let (repository, socket) = fresh();
    let hello = fs::read_to_string(repository.path().join("workloads/hello.kdl")).unwrap();
    let running = Up::begin(repository.path(), &socket, "1s");
    assert!(round(&running).contains("generation 1"));
    repository.write("workloads/hello.kdl", hello.replace("replicas=1", "replcas=2"));
    let broken = round(&running);
    assert!(broken.contains("changed: workloads/hello.kdl") && broken.contains("unknown-word"), "{broken}");
    repository.write("workloads/hello.kdl", hello.replace("replicas=1", "replicas=2"));
    let mended = round(&running);
    assert!(mended.contains("generation 2") && mended.contains("created: 1 (hello-1 on here)"), "{mended}");
    fs::remove_file(repository.path().join("workloads/hello.kdl")).unwrap();
    let gone = round(&running);
    assert!(gone.contains("generation 3") && gone.contains("removed: 2"), "{gone}");
}
