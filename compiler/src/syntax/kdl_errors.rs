//! The parser's complaints in our words.
//!
//! The parser reports one mistake several times, and knows nothing of the habits of older KDL. The first report of a line
//! is kept, and the text under it decides what is said.

use kdl::{KdlDiagnostic, KdlError};

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::{FileId, Span},
};

/// At most this many syntax errors of one file are reported: behind the first few, most are echoes.
const MOST: usize = 20;

/// Reports what the parser found.
pub(super) fn report(file: FileId, text: &str, error: &KdlError, problems: &mut Problems) {
    let mut last_line = None;
    let mut reported = 0;
    for found in &error.diagnostics {
        let (start, end) = place(text, found);
        let line = text[..start].matches('\n').count();
        if Some(line) == last_line || reported == MOST || (is_echo(found) && reported > 0) {
            continue;
        }
        last_line = Some(line);
        reported += 1;
        problems.add(describe(found, &text[start..end], Span::new(file, start, end)));
    }
    if reported == 0 {
        let span = Span::new(file, 0, text.len().min(1));
        problems.add(Diagnostic::new(Code::Syntax, "this file is not KDL", span, "from here"));
    }
}

/// The span of a report, moved to whole characters inside the text.
fn place(text: &str, found: &KdlDiagnostic) -> (usize, usize) {
    let mut start = found.span.offset().min(text.len());
    let mut end = (start + found.span.len()).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

fn is_echo(found: &KdlDiagnostic) -> bool {
    found.message.as_deref().is_some_and(|message| message.to_lowercase().contains("end of document"))
}

fn describe(found: &KdlDiagnostic, under: &str, span: Span) -> Diagnostic {
    let said = found.message.as_deref().unwrap_or("this cannot be read as KDL");
    let label = found.label.as_deref().unwrap_or("here");
    let diagnostic = Diagnostic::new(Code::Syntax, format!("not KDL: {}", lower_first(said)), span, label);
    let diagnostic = match &found.help {
        Some(help) => diagnostic.hint(help.clone()),
        None => diagnostic,
    };
    match under.trim().trim_end_matches([';', '}']).trim_end() {
        word @ ("true" | "false" | "null") => diagnostic.hint(format!("KDL 2 writes `#{word}`")),
        word if word.starts_with("r\"") || word.starts_with("r#") => {
            diagnostic.hint("KDL 2 writes raw strings as `#\"…\"#`")
        }
        _ => diagnostic,
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
