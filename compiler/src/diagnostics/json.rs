//! Diagnostics for programs: one JSON document, versioned, with lines and columns.

use serde::Serialize;

use super::{Diagnostic, Severity, terminal};
use crate::sources::Sources;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    places: Vec<Place<'a>>,
    hints: &'a [String],
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// All diagnostics as a JSON document of one line. What could act on a terminal is written as an escape.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let diagnostics = diagnostics.iter().map(|one| describe(sources, one)).collect();
    let text = serde_json::to_string(&Document { version: 1, diagnostics });
    escaped(&text.expect("strings and numbers always serialize"))
}

fn describe<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> One<'a> {
    let severity = match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let places = diagnostic.labels.iter().map(|label| {
        let source = sources.file(label.span.file);
        let start = source.position(label.span.start as usize);
        let end = source.position(label.span.end as usize);
        Place {
            file: &source.path,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            text: &label.text,
        }
    });
    let code = diagnostic.code.name();
    One { code, severity, message: &diagnostic.message, places: places.collect(), hints: &diagnostic.hints }
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
