//! Broken and hostile sources: whatever lies in a repository, `wlc` ends by itself, says what is wrong, and prints nothing
//! that could move a cursor.
#![allow(clippy::unwrap_used, reason = "tests")]

mod documents;
mod fuzz;
mod imports;
mod outputs;
mod places;
mod readers;
mod reuse;
mod texts;
mod tokens;

use serde_json::Value;
use wlc_tests::{repository::Repository, running::Ran};

/// Checks a repository in both formats and holds the answer against what is true of every answer. The codes it reports.
fn codes(name: &str, repository: &Repository) -> Vec<String> {
    assert_harmless(name, &repository.wlc(&["check"]));
    let ran = repository.wlc(&["check", "--format", "json"]);
    assert_harmless(name, &ran);
    let json: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {}", ran.stderr));
    let diagnostics = json["diagnostics"].as_array().unwrap();
    let has_error = diagnostics.iter().any(|one| one["severity"] == "error");
    assert_eq!(ran.code, Some(i32::from(has_error)), "{name}: the exit code says whether there are errors");
    diagnostics.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

/// It ended by itself, without a panic, and printed nothing that acts on a terminal.
fn assert_harmless(name: &str, ran: &Ran) {
    assert!(matches!(ran.code, Some(0 | 1)), "{name}: ended with {:?}: {}", ran.code, start(&ran.stderr));
    assert!(!ran.stderr.contains("panicked"), "{name}: {}", start(&ran.stderr));
    for printed in [&ran.stdout, &ran.stderr] {
        let harmful = printed.chars().find(|c| is_harmful(*c));
        assert_eq!(harmful, None, "{name}: prints {harmful:?}: {}", start(printed).escape_debug());
    }
    assert!(ran.stderr.len() < 200_000, "{name}: prints {} bytes for people", ran.stderr.len());
}

fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn start(text: &str) -> String {
    text.chars().take(600).collect()
}
