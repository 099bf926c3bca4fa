//! `wlc fmt`: which files, what it writes, and how it ends.

use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::{Command, Stdio},
};

use wlc_tests::{programs, repository::Repository};

const ROUGH: &str = "node   \"n1\" {\n  label \"zone\"   \"a\"  // here\n}\n\n\n";
const RIGHT: &str = "node \"n1\" {\n    label \"zone\" \"a\" // here\n}\n";

#[test]
fn it_formats_every_source_and_nothing_else() {
    let repository = Repository::empty().with("fleet.kdl", "fleet \"f\"\n").with("nodes/n1.kdl", ROUGH);
    for kept in ["lock/f/a.kdl", "plans/a.kdl", ".git/a.kdl", "nodes/a.txt"] {
        repository.write(kept, ROUGH);
    }
    for formatted in ["_shared/a.kdl", "_overlays/prod/a.kdl", "nodes/lock/a.kdl"] {
        repository.write(formatted, ROUGH);
    }
    let ran = repository.wlc(&["fmt"]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (Some(0), "", ""), "quiet where nobody looks");
    let text = |path: &str| fs::read_to_string(repository.path().join(path)).unwrap();
    for path in ["nodes/n1.kdl", "_shared/a.kdl", "_overlays/prod/a.kdl", "nodes/lock/a.kdl"] {
        assert_eq!(text(path), RIGHT, "{path}");
    }
    for path in ["lock/f/a.kdl", "plans/a.kdl", ".git/a.kdl", "nodes/a.txt"] {
        assert_eq!(text(path), ROUGH, "{path}");
    }
}

#[test]
fn a_file_that_is_right_is_not_written() {
    let repository = Repository::empty().with("fleet.kdl", "fleet \"f\"\n").with("a.kdl", RIGHT).with("b.kdl", ROUGH);
    let file = |name: &str| fs::metadata(repository.path().join(name)).unwrap();
    fs::set_permissions(repository.path().join("b.kdl"), fs::Permissions::from_mode(0o640)).unwrap();
    let before = file("a.kdl");
    assert_eq!(repository.wlc(&["fmt"]).code, Some(0));
    let after = file("a.kdl");
    assert_eq!((before.ino(), before.modified().unwrap()), (after.ino(), after.modified().unwrap()));
    assert_eq!(file("b.kdl").permissions().mode() & 0o777, 0o640, "the rights stay");
    assert_eq!(fs::read_dir(repository.path()).unwrap().count(), 3, "nothing is left beside the files");
}

#[test]
fn check_names_files_and_lines_and_writes_nothing() {
    let repository = Repository::empty().with("fleet.kdl", "fleet \"f\"\n").with("nodes/n1.kdl", ROUGH);
    let ran = repository.wlc(&["fmt", "--check"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stdout, "nodes/n1.kdl:1\n  - node   \"n1\" {\n  + node \"n1\" {\n");
    let ran = repository.wlc(&["fmt", "--check", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["files"][1], serde_json::json!({"file": "nodes/n1.kdl", "state": "unformatted", "line": 1}));
    assert_eq!(fs::read_to_string(repository.path().join("nodes/n1.kdl")).unwrap(), ROUGH);
    assert_eq!(repository.wlc(&["fmt", "nodes"]).code, Some(0));
    assert_eq!(repository.wlc(&["fmt", "--check"]).code, Some(0));
}

#[test]
fn a_broken_file_stays_and_the_others_are_formatted() {
    let broken = "node   \"n1\" {\n";
    let repository = Repository::empty().with("fleet.kdl", "fleet   \"f\"\n").with("a.kdl", broken);
    repository.write("c.kdl", [0xff, 0xfe]);
    let ran = repository.wlc(&["fmt"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("this block has no end") && ran.stderr.contains("c.kdl"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(repository.path().join("a.kdl")).unwrap(), broken);
    assert_eq!(fs::read_to_string(repository.path().join("fleet.kdl")).unwrap(), "fleet \"f\"\n");
}

#[test]
fn standard_input_goes_to_standard_output() {
    let run = |text: &str| {
        let mut command = Command::new(programs::wlc());
        command.args(["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(ROUGH), (Some(0), RIGHT.to_owned()));
    assert_eq!(run("node {"), (Some(1), String::new()));
}
