//! Diagnostics for programs: one JSON document, versioned, with lines and columns.

use serde::Serialize;

use super::{Diagnostic, Severity};
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

/// All diagnostics as a JSON document of one line.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let diagnostics = diagnostics.iter().map(|one| describe(sources, one)).collect();
    serde_json::to_string(&Document { version: 1, diagnostics }).expect("strings and numbers always serialize")
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
