//! `wlc diff`: folders of data below `tests/diff/`, and what a build makes of the digest that it prints.
//!
//! A case is built with the files in `before/`, then those in `after/` are laid over them (an empty file takes one away)
//! and the difference is compared with `expected.txt`, `.md` and `.json`. With a file `no-plan-set` there is only the lock.

use std::{fs, path::Path};

use wlc_tests::{
    folder, golden,
    repository::{NODE, Repository},
    running,
};

use crate::json;

const FLEET: &str = "fleet \"example\" {\n    host-ports \"20000-29999\"\n    signers { SIGNER }\n}\n";

/// An empty fleet with a key and a node, built nowhere.
pub(crate) fn fleet() -> Repository {
    let repository = Repository::empty();
    let made = repository.wlc(&["keygen", "--out", &path(&repository, "ci.key")]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let line = made.stdout.lines().next().unwrap().trim().to_owned();
    repository.with("fleet.kdl", FLEET.replace("SIGNER", &line)).with("nodes/n1.kdl", NODE)
}

pub(crate) fn path(repository: &Repository, name: &str) -> String {
    repository.path().join(name).display().to_string()
}

/// Builds and signs into `plans`.
pub(crate) fn build(repository: &Repository, more: &[&str]) -> running::Ran {
    let (plans, key) = (path(repository, "plans"), path(repository, "ci.key"));
    let arguments = [&["build", "--out", plans.as_str(), "--key", key.as_str()], more].concat();
    repository.wlc(&arguments)
}

fn diff(repository: &Repository, format: &str) -> running::Ran {
    repository.wlc(&["diff", "--out", &path(repository, "plans"), "--format", format])
}

fn cases() -> std::path::PathBuf {
    running::workspace().join("tests/diff")
}

/// A case with its files of after in place.
fn prepare(case: &Path) -> Repository {
    let repository = fleet();
    folder::copy(&case.join("before"), repository.path());
    let built = build(&repository, &[]);
    assert_eq!(built.code, Some(0), "{}: {}", case.display(), built.stderr);
    folder::copy(&case.join("after"), repository.path());
    if case.join("no-plan-set").exists() {
        fs::remove_dir_all(repository.path().join("plans")).unwrap();
    }
    repository
}

#[test]
fn every_case_shows_the_difference_that_it_showed() {
    let mut different = Vec::new();
    for name in folder::folders(&cases()) {
        let case = cases().join(&name);
        let repository = prepare(&case);
        for (format, file) in [("text", "expected.txt"), ("markdown", "expected.md")] {
            let ran = diff(&repository, format);
            let wanted = if ran.stdout.contains("nothing would change") { 0 } else { 2 };
            assert_eq!(ran.code, Some(wanted), "{name}: {}\n{}", ran.stdout, ran.stderr);
            different.extend(golden::compare(&case.join(file), &ran.stdout));
        }
        let document = json(&diff(&repository, "json"));
        let pretty = serde_json::to_string_pretty(&document).unwrap() + "\n";
        different.extend(golden::compare(&case.join("expected.json"), &pretty));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_build_takes_the_digest_of_its_difference_and_leaves_none() {
    for name in folder::folders(&cases()) {
        let repository = prepare(&cases().join(&name));
        let digest = json(&diff(&repository, "json"))["digest"].as_str().unwrap().to_owned();
        let built = build(&repository, &["--expect", &digest]);
        assert_eq!(built.code, Some(0), "{name}: {}", built.stderr);
        let after = diff(&repository, "text");
        assert_eq!(after.code, Some(0), "{name}: {}", after.stdout);
        assert!(
            after.stdout.contains("\nnothing would change\n") && after.stdout.contains(&digest),
            "{}",
            after.stdout
        );
    }
}

#[test]
fn a_build_of_another_digest_writes_nothing() {
    let repository = prepare(&cases().join("revision"));
    let before = folder::contents(repository.path());
    let refused = build(&repository, &["--expect", &"0".repeat(64)]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("unexpected content"), "{}", refused.stderr);
    assert!(folder::contents(repository.path()) == before, "nothing was written");
    let misspelt = build(&repository, &["--expect", "abc"]);
    assert_eq!(misspelt.code, Some(64), "{}", misspelt.stderr);
}

#[test]
fn signers_that_the_last_set_does_not_fit_are_a_change() {
    let repository = prepare(&cases().join("same"));
    let other = repository.wlc(&["keygen", "--out", &path(&repository, "ops.key"), "--signer", "ops"]);
    let line = other.stdout.lines().next().unwrap().trim().to_owned();
    let fleet = fs::read_to_string(repository.path().join("fleet.kdl")).unwrap();
    repository.write("fleet.kdl", fleet.replace("signers {", &format!("signers threshold=2 {{ {line};")));
    let ran = diff(&repository, "text");
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stdout.contains("~ threshold: 2 must sign, 1 have signed the last set"), "{}", ran.stdout);
    repository.write("fleet.kdl", fleet.replace("signer \"ci\"", "signer \"other\""));
    let ran = diff(&repository, "text");
    assert!(ran.stdout.contains("- signer ci: has signed the last set, and signs no more"), "{}", ran.stdout);
}

#[test]
fn errors_end_a_difference_with_1() {
    let repository = prepare(&cases().join("same"));
    repository.write("broken.kdl", "deployment \"web2\" replcas=1\n");
    let ran = diff(&repository, "json");
    assert_eq!(ran.code, Some(1));
    assert_eq!(json(&ran)["diagnostics"][0]["code"], "unknown-word");
    assert_eq!(diff(&repository, "text").code, Some(1));
}
