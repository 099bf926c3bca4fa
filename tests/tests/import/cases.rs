//! Folders of data below `tests/import/`: all of their files are imported together. `expected.kdl` is what is printed,
//! `expected.txt` is what is said, and beside a fleet with room the KDL passes `wlc check`.

use std::path::Path;

use wlc_tests::{
    folder, golden,
    repository::Repository,
    running::{self, Ran},
};

use crate::nodes;

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

/// Checks what was imported beside a fleet with room for it.
pub(crate) fn check(text: &str) -> (Repository, Ran) {
    let repository = Repository::empty().with("fleet.kdl", nodes::fleet(text)).with("imported.kdl", text);
    let ran = repository.wlc(&["check"]);
    (repository, ran)
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
fn every_case_prints_what_it_printed_and_passes_the_check() {
    let cases = folder_of_cases();
    let mut failures = Vec::new();
    for name in folder::folders(&cases) {
        let case = cases.join(&name);
        let ran = import(&case);
        failures.extend((ran.code != Some(0)).then(|| format!("{name}: ended with {:?}\n{}", ran.code, ran.stderr)));
        failures.extend(golden::compare(&case.join("expected.kdl"), &ran.stdout));
        failures.extend(golden::compare(&case.join("expected.txt"), &ran.stderr));
        failures.extend(changes_when_formatted(&name, &ran.stdout));
        let (_, checked) = check(&ran.stdout);
        failures.extend((checked.code != Some(0)).then(|| format!("{name}: the check says\n{}", checked.stderr)));
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

#[test]
fn a_placeholder_passes_the_check_and_no_build() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  nodeName: somewhere\n  containers:\n  - name: web\n    \
                image: gcr.io/<project>/web\n    envFrom: [{ configMapRef: { name: site } }]\n";
    let inputs = Repository::empty().with("pod.yaml", text);
    let imported = inputs.wlc(&["import", "pod.yaml"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let (repository, checked) = check(&imported.stdout);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    for what in ["config `site`", "node `somewhere`", "`placeholder.invalid/gcr-io--project--web`"] {
        assert!(checked.stderr.contains(&format!("{what} is a placeholder")), "{what}: {}", checked.stderr);
    }
    let built = repository.wlc(&["lock"]);
    assert_eq!(built.code, Some(1), "{}", built.stderr);
    assert!(built.stderr.lines().any(|line| line == "placeholder"), "{}", built.stderr);
}
