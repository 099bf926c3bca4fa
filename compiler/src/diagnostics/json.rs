//! Diagnostics for programs: one JSON document, versioned, with lines and columns.

use serde::Serialize;

use super::{Diagnostic, Severity, terminal};
use crate::sources::{Places, Sources};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<One<'a>>,
}

/// A diagnostic as JSON says it.
#[derive(Debug, Serialize)]
pub struct One<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    places: Vec<Place<'a>>,
    hints: &'a [String],
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// All diagnostics as a JSON document of one line.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    document(&Document { version: 1, diagnostics: list(sources, diagnostics) })
}

/// The diagnostics, for a document that says more than them.
pub fn list<'a>(sources: &'a Sources, diagnostics: &[&'a Diagnostic]) -> Vec<One<'a>> {
    let mut places = Places::default();
    diagnostics.iter().map(|one| describe(sources, &mut places, one)).collect()
}

/// A value as JSON of one line. What could act on a terminal is written as an escape.
pub fn document(value: &impl Serialize) -> String {
    escaped(&serde_json::to_string(value).expect("strings and numbers always serialize"))
}

/// The word for how bad something is.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn describe<'a>(sources: &'a Sources, places: &mut Places, diagnostic: &'a Diagnostic) -> One<'a> {
    let places = diagnostic.labels.iter().map(|label| {
        let start = places.of(sources, label.span.file, label.span.start as usize);
        let end = places.of(sources, label.span.file, label.span.end as usize);
        Place {
            file: &sources.file(label.span.file).path,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            text: &label.text,
        }
    });
    One {
        code: diagnostic.code.name(),
        severity: severity(diagnostic.severity()),
        message: &diagnostic.message,
        places: places.collect(),
        hints: &diagnostic.hints,
    }
}

/// Outside strings JSON has no such characters, so each may be written as an escape.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if terminal::is_harmful(c) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}
