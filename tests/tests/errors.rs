//! Every diagnostic as a user sees it: folders of sources below `tests/errors/`, and the pages of the book.
//!
//! A folder is named like its code, with `-variant` behind it where a code has several. Its files are laid over a fleet
//! and a node; a file `args` names another command than `check`, and `prepare` holds shell lines that run before it (`$WLC`
//! is the program). `expected.txt` is the whole of standard error.
//!
//! Under each faulty token stands a line of `^` ([`wlc_tests::marks`]), written by hand. Each diagnostic covers a mark of
//! its own first, and each mark has its diagnostic: nothing is overlooked, and no echo follows. A diagnostic that stands
//! nowhere is a line of the file `nowhere`: a part of its message.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;
use wlc::diagnostics::{Code, Severity};
use wlc_tests::{
    folder, golden,
    marks::{self, Mark, Place},
    programs,
    repository::Repository,
    running,
};

/// Files of a case that are no sources.
const SCRIPT: [&str; 4] = ["args", "prepare", "nowhere", "expected.txt"];

/// How many cases each code has at least.
const LEAST_OF_A_CODE: usize = 3;
/// How many cases there are at least.
const LEAST: usize = 300;

#[test]
fn every_case_prints_what_it_printed() {
    let cases = running::workspace().join("tests/errors");
    let failures: Vec<String> = folder::folders(&cases).iter().filter_map(|name| check(&cases, name)).collect();
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}

/// Runs a case. None where it prints what it must.
fn check(cases: &Path, name: &str) -> Option<String> {
    let case = cases.join(name);
    let Some(code) = code_of(name) else { return Some(format!("{name}: no code has this name")) };
    let Prepared { repository, marks } = prepare(&case);
    let arguments = fs::read_to_string(case.join("args")).unwrap_or_else(|_| "check".to_owned());
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let ran = repository.wlc(&arguments);
    if !ran.stderr.lines().any(|line| line == code.name()) {
        return Some(format!("{name}: `{}` is not reported:\n{}", code.name(), ran.stderr));
    }
    let wanted = if ran.stderr.contains("\n  × ") { 1 } else { 0 };
    if ran.code != Some(wanted) || (code.severity() == Severity::Error && wanted == 0) {
        return Some(format!("{name}: ended with {:?} instead of {wanted}\n{}", ran.code, ran.stderr));
    }
    let found = found(&repository, &arguments);
    let nowhere = fs::read_to_string(case.join("nowhere")).unwrap_or_default();
    let missed = unmatched(&found, marks, nowhere.lines().collect());
    let differs = golden::compare(&case.join("expected.txt"), &ran.stderr);
    missed.map(|missed| format!("{name}: {missed}\n{}", ran.stderr)).or(differs)
}

/// A case that is ready to run, and what is marked in it.
struct Prepared {
    repository: Repository,
    marks: Vec<Mark>,
}

fn prepare(case: &Path) -> Prepared {
    let repository = Repository::new();
    let mut marks = Vec::new();
    for (name, bytes) in folder::contents(case) {
        if !SCRIPT.contains(&name.as_str()) {
            let (text, found) = marks::take(&name, &bytes);
            repository.write(&name, text);
            marks.extend(found);
        }
    }
    if let Ok(script) = fs::read_to_string(case.join("prepare")) {
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script]).current_dir(repository.path()).env("WLC", programs::wlc());
        let ran = running::run(&mut shell);
        assert_eq!(ran.code, Some(0), "{}: prepare failed: {}", case.display(), ran.stderr);
    }
    Prepared { repository, marks }
}

/// What a run found.
struct Found {
    message: String,
    place: Option<Place>,
    has_help: bool,
}

/// What a command finds, from its JSON.
fn found(repository: &Repository, arguments: &[&str]) -> Vec<Found> {
    let ran = repository.wlc(&[arguments, &["--format", "json"]].concat());
    let document: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    let place = |place: &Value| {
        let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
        Place {
            file: place["file"].as_str().unwrap().to_owned(),
            line: number("line"),
            column: number("column"),
            end_line: number("end_line"),
            end_column: number("end_column"),
        }
    };
    let found = document["diagnostics"].as_array().unwrap().iter().map(|one| Found {
        message: one["message"].as_str().unwrap().to_owned(),
        place: one["places"].get(0).map(place),
        has_help: !one["hints"].as_array().unwrap().is_empty(),
    });
    found.collect()
}

/// What was found beside the marks, or marked and not found, or names no way out.
fn unmatched(found: &[Found], mut marks: Vec<Mark>, mut nowhere: Vec<&str>) -> Option<String> {
    let mut wrong = Vec::new();
    for Found { message, place, has_help } in found {
        let is_expected = match place {
            Some(place) => take_one(&mut marks, |mark| place.covers(mark)),
            None => take_one(&mut nowhere, |part| message.contains(part)),
        };
        if !is_expected {
            wrong.push(format!("no mark is left for `{message}` at {place:?}"));
        }
        if !has_help {
            wrong.push(format!("`{message}` names no way out"));
        }
    }
    wrong.extend(marks.iter().map(|mark| format!("nothing stands at the mark {mark:?}")));
    wrong.extend(nowhere.iter().map(|part| format!("nothing says `{part}`")));
    (!wrong.is_empty()).then(|| wrong.join("\n  "))
}

/// Takes the first of a list of which something is true, and says whether there was one.
fn take_one<T>(list: &mut Vec<T>, is_meant: impl FnMut(&T) -> bool) -> bool {
    let at = list.iter().position(is_meant);
    at.map(|at| list.remove(at)).is_some()
}

/// The code whose name is the longest beginning of a folder's name.
fn code_of(name: &str) -> Option<Code> {
    let is_meant = |code: &&Code| name == code.name() || name.starts_with(&format!("{}-", code.name()));
    Code::ALL.iter().filter(is_meant).max_by_key(|code| code.name().len()).copied()
}

#[test]
fn every_code_has_cases_and_a_page_and_nothing_has_another_name() {
    let workspace = running::workspace();
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    let cases = folder::folders(&workspace.join("tests/errors"));
    let mut with_case: BTreeMap<Code, usize> = Code::ALL.iter().map(|code| (*code, 0)).collect();
    for code in cases.iter().filter_map(|name| code_of(name)) {
        *with_case.entry(code).or_default() += 1;
    }
    let few: Vec<_> = with_case.iter().filter(|(_, count)| **count < LEAST_OF_A_CODE).collect();
    assert!(few.is_empty(), "fewer than {LEAST_OF_A_CODE} cases: {few:?}");
    assert!(cases.len() >= LEAST, "{} cases, not {LEAST}", cases.len());
    let pages = folder::contents(&workspace.join("book/src/errors")).into_keys();
    let pages = pages.filter(|page| page != "README.md");
    let pages: BTreeSet<String> = pages.filter_map(|page| page.strip_suffix(".md").map(str::to_owned)).collect();
    assert_eq!(codes, pages, "codes and pages");
}
