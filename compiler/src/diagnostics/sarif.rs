//! Diagnostics as SARIF 2.1.0, which forges show beside the lines of a change.
//!
//! Every code is a rule, with its page of the book as help. Paths are relative to the top of the repository, columns count
//! code units of UTF-16. What is wrong with the repository as a whole stands at the file of the fleet.

use serde_json::{Value, json};

use super::{Code, Diagnostic, Label, Severity, codes, json};
use crate::{
    address,
    files::ROOT_FILE,
    sources::{Places, Sources},
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// All diagnostics as a SARIF log of one run. `prefix` leads from the top of the repository to the folder of the fleet; it
/// is empty or ends with `/`.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic], prefix: &str) -> String {
    let mut places = Places::default();
    let results: Vec<Value> = diagnostics.iter().map(|one| result(sources, &mut places, one, prefix)).collect();
    let driver = json!({
        "name": "wlc",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
    });
    json::document(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "utf16CodeUnits", "results": results }],
    }))
}

fn rule(code: Code) -> Value {
    let summary = code.summary().trim();
    // The words behind a fence are for the tests of the book.
    let page = codes::page(code).lines().map(|line| if line.starts_with("```kdl") { "```kdl" } else { line });
    json!({
        "id": code.name(),
        "shortDescription": { "text": summary },
        "help": { "text": summary, "markdown": page.collect::<Vec<_>>().join("\n") },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    json::severity(severity)
}

fn result(sources: &Sources, places: &mut Places, diagnostic: &Diagnostic, prefix: &str) -> Value {
    let index = Code::ALL.iter().position(|code| *code == diagnostic.code).expect("every code is registered");
    let mut locations = diagnostic.labels.iter().map(|label| location(sources, places, label, prefix));
    let first = locations.next().unwrap_or_else(|| json!({ "physicalLocation": artifact(ROOT_FILE, prefix) }));
    let related: Vec<Value> = locations.collect();
    json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": index,
        "level": level(diagnostic.severity()),
        "message": { "text": message(diagnostic) },
        "locations": [first],
        "relatedLocations": related,
    })
}

/// What is wrong, what the place has to do with it, and what to do: one paragraph each.
pub(super) fn message(diagnostic: &Diagnostic) -> String {
    let label = diagnostic.labels.first().map(|label| label.text.as_str()).filter(|text| !text.is_empty());
    let lines = std::iter::once(diagnostic.message.as_str()).chain(label);
    let lines: Vec<&str> = lines.chain(diagnostic.hints.iter().map(String::as_str)).collect();
    lines.join("\n")
}

fn location(sources: &Sources, places: &mut Places, label: &Label, prefix: &str) -> Value {
    let start = places.of(sources, label.span.file, label.span.start as usize);
    let end = places.of(sources, label.span.file, label.span.end as usize);
    let mut place = artifact(&sources.file(label.span.file).path, prefix);
    place["region"] = json!({
        "startLine": start.line,
        "startColumn": start.utf16_column,
        "endLine": end.line,
        "endColumn": end.utf16_column,
    });
    json!({ "physicalLocation": place, "message": { "text": label.text } })
}

fn artifact(path: &str, prefix: &str) -> Value {
    json!({ "artifactLocation": { "uri": address::of_path(&format!("{prefix}{path}")), "uriBaseId": "%SRCROOT%" } })
}
