//! A world in which writing goes wrong: a full disk, a reader that went away, a writer that was killed, two at once.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
};

use wlc_tests::{programs, repository::Repository};

const WEB: &str = "deployment \"web\" {\n    container \"web\" image=\"a:1\"\n}\n";

fn repository() -> Repository {
    Repository::new().with("web.kdl", WEB)
}

/// The exit code of a command whose standard output, or standard error, is a full disk.
fn on_a_full_disk(repository: &Repository, arguments: &[&str], is_output: bool) -> Option<i32> {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(programs::wlc());
    command.arg("-C").arg(repository.path()).args(arguments).stdin(Stdio::null());
    let command = match is_output {
        true => command.stdout(full).stderr(Stdio::null()),
        false => command.stdout(Stdio::null()).stderr(full),
    };
    command.status().unwrap().code()
}

#[test]
fn a_result_that_cannot_be_written_is_a_problem() {
    let repository = repository();
    for arguments in [&["list"][..], &["graph"], &["explain"], &["check", "--format", "json"], &["completions", "bash"]]
    {
        assert_eq!(on_a_full_disk(&repository, arguments, true), Some(1), "{arguments:?}");
    }
}

#[test]
fn words_that_cannot_be_written_change_nothing() {
    assert_eq!(on_a_full_disk(&repository(), &["check"], false), Some(0));
    let broken = Repository::new().with("x.kdl", "a \"");
    assert_eq!(on_a_full_disk(&broken, &["check"], false), Some(1));
}

#[test]
fn what_a_killed_writer_left_in_the_lock_goes() {
    let repository = repository();
    for left in ["lock/example/.web.lock.wlc-new", "lock/example/bodies/.a.json.wlc-new"] {
        repository.write(left, "half");
        assert_eq!(repository.wlc(&["lock"]).code, Some(0));
        assert!(!repository.path().join(left).exists(), "{left}");
    }
}

#[test]
fn several_writers_of_one_lock_leave_a_lock_that_can_be_read() {
    let repository = repository();
    thread::scope(|scope| {
        for text in ["a:1", "a:2", "a:3", "a:4"] {
            repository.write("web.kdl", WEB.replace("a:1", text));
            scope.spawn(|| assert_eq!(repository.wlc(&["lock"]).code, Some(0)));
        }
    });
    let ran = repository.wlc(&["list"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    repository.wlc(&["lock"]);
    let ran = repository.wlc(&["history", "web"]);
    assert!(ran.stdout.contains("a:4"), "{}", ran.stdout);
}

#[test]
fn a_set_that_cannot_be_written_is_a_problem_and_no_refusal() {
    let repository = repository().with("plans", "a file where the folder should be");
    let key = repository.wlc(&["keygen", "--out", "ci.key"]);
    let path = repository.path().join("ci.key");
    let signers = format!("fleet \"example\" {{\n    signers {{\n{}    }}\n}}\n", key.stdout.lines().next().unwrap());
    repository.write("fleet.kdl", signers);
    let ran = repository.wlc(&["build", "--key", &path.to_string_lossy()]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("`plans`"), "{}", ran.stderr);
}
