//! Every diagnostic as a user sees it: folders of sources below `tests/errors/`, and the pages of the book.
//!
//! A folder is named like its code, with `-variant` behind it where a code has several. Its files are laid over a fleet
//! and a node; a file `args` names another command than `check`, and `prepare` holds shell lines that run before it (`$WLC`
//! is the program). `expected.txt` is the whole of standard error.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use wlc::diagnostics::{Code, Severity};
use wlc_tests::{folder, golden, programs, repository::Repository, running};

/// Files of a case that are no sources.
const SCRIPT: [&str; 3] = ["args", "prepare", "expected.txt"];

#[test]
fn every_case_prints_what_it_printed() {
    let cases = running::workspace().join("tests/errors");
    let failures: Vec<String> = folder::folders(&cases).iter().filter_map(|name| check(&cases, name)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs a case. None where it prints what it must.
fn check(cases: &Path, name: &str) -> Option<String> {
    let case = cases.join(name);
    let Some(code) = code_of(name) else { return Some(format!("{name}: no code has this name")) };
    let repository = prepare(&case);
    let arguments = fs::read_to_string(case.join("args")).unwrap_or_else(|_| "check".to_owned());
    let ran = repository.wlc(&arguments.split_whitespace().collect::<Vec<_>>());
    if !ran.stderr.lines().any(|line| line == code.name()) {
        return Some(format!("{name}: `{}` is not reported:\n{}", code.name(), ran.stderr));
    }
    let wanted = if code.severity() == Severity::Error { 1 } else { 0 };
    if ran.code != Some(wanted) {
        return Some(format!("{name}: ended with {:?} instead of {wanted}\n{}", ran.code, ran.stderr));
    }
    golden::compare(&case.join("expected.txt"), &ran.stderr)
}

fn prepare(case: &Path) -> Repository {
    let repository = Repository::new();
    folder::copy(case, repository.path());
    for script in SCRIPT {
        fs::remove_file(repository.path().join(script)).ok();
    }
    if let Ok(script) = fs::read_to_string(case.join("prepare")) {
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script]).current_dir(repository.path()).env("WLC", programs::wlc());
        let ran = running::run(&mut shell);
        assert_eq!(ran.code, Some(0), "{}: prepare failed: {}", case.display(), ran.stderr);
    }
    repository
}

/// The code whose name is the longest beginning of a folder's name.
fn code_of(name: &str) -> Option<Code> {
    let is_meant = |code: &&Code| name == code.name() || name.starts_with(&format!("{}-", code.name()));
    Code::ALL.iter().filter(is_meant).max_by_key(|code| code.name().len()).copied()
}

#[test]
fn every_code_has_a_case_and_a_page_and_nothing_has_another_name() {
    let workspace = running::workspace();
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    let cases = folder::folders(&workspace.join("tests/errors"));
    let with_case: BTreeSet<String> =
        cases.iter().filter_map(|name| code_of(name)).map(|code| code.name().to_owned()).collect();
    assert_eq!(codes, with_case, "codes and cases");
    let pages = folder::contents(&workspace.join("book/src/errors")).into_keys();
    let pages = pages.filter(|page| page != "README.md");
    let pages: BTreeSet<String> = pages.filter_map(|page| page.strip_suffix(".md").map(str::to_owned)).collect();
    assert_eq!(codes, pages, "codes and pages");
}
