//! Folders of data below `tests/import/`: all of their files are imported together. `expected.kdl` is what is printed,
//! `expected.txt` is what is said.

use std::path::Path;

use wlc_tests::{
    folder, golden,
    running::{self, Ran},
};

/// Files of a case that are not imported.
const EXPECTED: [&str; 2] = ["expected.kdl", "expected.txt"];

/// The names of a case's inputs.
pub(crate) fn inputs(case: &Path) -> Vec<String> {
    folder::contents(case).into_keys().filter(|name| !EXPECTED.contains(&name.as_str())).collect()
}

/// Imports the files of a case together.
pub(crate) fn import(case: &Path) -> Ran {
    let names = inputs(case);
    let arguments: Vec<&str> = ["import"].into_iter().chain(names.iter().map(String::as_str)).collect();
    running::wlc(case, &arguments)
}

/// What is printed is formatted already. None where it is.
pub(crate) fn changes_when_formatted(name: &str, text: &str) -> Option<String> {
    match wlc::format::format("imported.kdl", text) {
        Ok(formatted) => golden::differs(&format!("{name}, formatted"), text, &formatted),
        Err(error) => Some(format!("{name}: {error:?}\n{text}")),
    }
}

pub(crate) fn folder_of_cases() -> std::path::PathBuf {
    running::workspace().join("tests/import")
}

#[test]
fn every_case_prints_what_it_printed() {
    let cases = folder_of_cases();
    let mut failures = Vec::new();
    for name in folder::folders(&cases) {
        let case = cases.join(&name);
        let ran = import(&case);
        failures.extend((ran.code != Some(0)).then(|| format!("{name}: ended with {:?}\n{}", ran.code, ran.stderr)));
        failures.extend(golden::compare(&case.join("expected.kdl"), &ran.stdout));
        failures.extend(golden::compare(&case.join("expected.txt"), &ran.stderr));
        failures.extend(changes_when_formatted(&name, &ran.stdout));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_imported_is_printed_the_same_each_time() {
    for name in folder::folders(&folder_of_cases()) {
        let case = folder_of_cases().join(&name);
        let (first, second) = (import(&case), import(&case));
        assert_eq!((first.stdout, first.stderr), (second.stdout, second.stderr), "{name}");
    }
}

#[test]
fn values_of_secrets_are_never_printed_as_kdl() {
    for name in folder::folders(&folder_of_cases()) {
        let ran = import(&folder_of_cases().join(&name));
        assert!(!ran.stdout.contains("TOPSECRET"), "{name} prints the value of a secret:\n{}", ran.stdout);
    }
}
