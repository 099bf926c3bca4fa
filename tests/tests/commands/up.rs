//! `wlc up` with the real agent and without Podman: what it builds, what it says, and that it goes on after each save.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use wlc_tests::{
    folder, programs,
    repository::Repository,
    running::{self, LIMIT},
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

/// The program as it runs, and the lines that it prints.
struct Loop {
    child: Child,
    lines: Receiver<String>,
}

impl Loop {
    fn begin(repository: &Repository, socket: &str) -> Self {
        let mut command = Command::new(programs::wlc());
        command.arg("-C").arg(repository.path()).args(["up", "--podman", socket, "--timeout", "1s"]);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let stderr = child.stderr.take().expect("standard error is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// The lines up to the one that says that it waits.
    fn round(&self) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("it says nothing more:\n{said}"));
            if line.contains("waiting for a change") {
                return said;
            }
            said.push_str(&line);
            said.push('\n');
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn each_save_is_a_round_and_mistakes_are_shown_and_survived() {
    let (repository, socket) = fresh();
    let hello = fs::read_to_string(repository.path().join("workloads/hello.kdl")).unwrap();
    let running = Loop::begin(&repository, &socket);
    assert!(running.round().contains("generation 1"));
    repository.write("workloads/hello.kdl", hello.replace("replicas=1", "replcas=2"));
    let broken = running.round();
    assert!(broken.contains("changed: workloads/hello.kdl") && broken.contains("unknown-word"), "{broken}");
    repository.write("workloads/hello.kdl", hello.replace("replicas=1", "replicas=2"));
    let mended = running.round();
    assert!(mended.contains("generation 2") && mended.contains("created: 1 (hello-1 on here)"), "{mended}");
    fs::remove_file(repository.path().join("workloads/hello.kdl")).unwrap();
    let gone = running.round();
    assert!(gone.contains("generation 3") && gone.contains("removed: 2"), "{gone}");
}
