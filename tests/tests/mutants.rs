//! The faults that are kept for the simulation are in no program that is shipped.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use wlc_tests::{programs, running};

/// Name and promise of each fault, as its source lists them.
fn listed() -> Vec<[String; 2]> {
    let source = fs::read_to_string(running::workspace().join("agent/src/mutant.rs")).unwrap();
    let list = source.split("\nmutants! {").nth(1).unwrap().split("\n}").next().unwrap().to_owned();
    let read = |line: &str| {
        let mut parts = line.split('"').skip(1).step_by(2).map(str::to_owned);
        [parts.next().unwrap(), parts.next().unwrap()]
    };
    list.lines().filter(|line| !line.is_empty()).map(read).collect()
}

/// The texts of a program: its runs of printable characters.
fn texts(program: &Path) -> String {
    let bytes = fs::read(program).unwrap();
    let runs = bytes.split(|byte| !(b' '..=b'~').contains(byte)).filter(|run| run.len() >= 6);
    runs.map(|run| str::from_utf8(run).unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_shipped_holds_no_mutant() {
    let mutants = listed();
    assert!(mutants.len() >= 25, "there are 25 at least: {}", mutants.len());
    let texts = texts(&programs::wlagent());
    assert!(texts.contains("generation"), "the texts of the program are seen");
    let found: Vec<&String> = mutants.iter().flatten().filter(|text| texts.contains(text.as_str())).collect();
    assert!(found.is_empty(), "the agent holds {found:?}");
}
