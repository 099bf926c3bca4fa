//! The parser's complaints in our words.
//!
//! The parser reports one mistake several times, and knows nothing of the habits of older KDL. The first report of a line
//! is kept, and the text under it decides what is said.

use std::ops::Range;

use kdl::{KdlDiagnostic, KdlError};

use super::guard;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::{FileId, Span},
};

/// At most this many syntax errors of one file are reported: behind the first few, most are echoes.
const MOST: usize = 20;

/// Reports what the parser found.
pub(super) fn report(file: FileId, text: &str, part: &Range<usize>, error: &KdlError, problems: &mut Problems) {
    let mut last_line = None;
    let mut reported = 0;
    let is_closed = guard::is_closed(&text[part.clone()]);
    for found in &error.diagnostics {
        let (start, end) = place(text, part, found);
        let line = text[part.start..start.max(part.start)].matches('\n').count();
        if Some(line) == last_line || reported == MOST || (is_echo(found, is_closed) && error.diagnostics.len() > 1) {
            continue;
        }
        last_line = Some(line);
        reported += 1;
        let (start, end) = narrowed(found, text, (start, end));
        problems.add(describe(found, &text[start..end], Span::new(file, start, end)));
    }
    if reported == 0 {
        let span = Span::new(file, part.start, part.start);
        let diagnostic = Diagnostic::new(Code::Syntax, "this is not KDL", span, "from here");
        problems.add(diagnostic.hint("a deployment is written `deployment \"web\" { … }`"));
    }
}

/// The span of a report, moved to whole characters inside the text.
fn place(text: &str, part: &Range<usize>, found: &KdlDiagnostic) -> (usize, usize) {
    let mut start = (part.start + found.span.offset()).min(text.len());
    let mut end = (start + found.span.len()).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

/// A bad value of a property is reported from the beginning of its block up to the `=`; the value behind it is meant.
fn narrowed(found: &KdlDiagnostic, text: &str, (start, end): (usize, usize)) -> (usize, usize) {
    let is_value = found.message.as_deref() == Some("Expected property value");
    let Some(at) = text[start..end].rfind('=').filter(|_| is_value) else { return (start, end) };
    let start = start + at + 1;
    let ends = |c: char| c.is_whitespace() || "{};".contains(c);
    (start, text[start..].find(ends).map_or(text.len(), |length| start + length).max(end))
}

/// Behind a mistake the parser may miss the end of the document, or of blocks that are closed.
fn is_echo(found: &KdlDiagnostic, is_closed: bool) -> bool {
    let said = found.message.as_deref().unwrap_or_default();
    said.starts_with("Expected end of document")
        || (is_closed && (said.starts_with("No closing") || said.starts_with("Closing '}'")))
}

/// What a report means, where its own words are those of a parser.
struct Meaning {
    message: String,
    label: &'static str,
    hint: String,
}

fn describe(found: &KdlDiagnostic, under: &str, span: Span) -> Diagnostic {
    let said = found.message.as_deref().unwrap_or("this cannot be read as KDL");
    if let Some(Meaning { message, label, hint }) = meaning(said, under) {
        return Diagnostic::new(Code::Syntax, message, span, label).hint(hint);
    }
    let label = found.label.as_deref().unwrap_or("here");
    let diagnostic = Diagnostic::new(Code::Syntax, format!("not KDL: {}", lower_first(said)), span, label);
    match &found.help {
        Some(help) => diagnostic.hint(help.clone()),
        None => diagnostic.hint("`wlc explain` shows how the blocks of the language are written"),
    }
}

fn meaning(said: &str, under: &str) -> Option<Meaning> {
    let word = under.trim().trim_end_matches([';', '}']).trim_end();
    match word {
        "true" | "false" | "null" => Some(Meaning {
            message: format!("`{word}` has no `#` before it"),
            label: "neither a value nor a text in quotes",
            hint: format!("KDL 2 writes `#{word}`; the text is `\"{word}\"`"),
        }),
        raw if raw.starts_with("r\"") || raw.starts_with("r#") => Some(Meaning {
            message: "a raw string has no `r` before it".to_owned(),
            label: "as KDL 1 wrote it",
            hint: "KDL 2 writes raw strings as `#\"…\"#`".to_owned(),
        }),
        _ if said.starts_with("No closing") || said.starts_with("Closing '}'") => Some(Meaning {
            message: "this block has no end".to_owned(),
            label: "opened here",
            hint: "write `}` behind what belongs to it".to_owned(),
        }),
        list if list.ends_with(',') || list.starts_with('[') => Some(Meaning {
            message: "values stand side by side".to_owned(),
            label: "neither commas nor brackets",
            hint: "write `command \"a\" \"b\"`".to_owned(),
        }),
        digits if digits.len() > 30 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => {
            Some(Meaning {
                message: "this number is too large".to_owned(),
                label: "too many digits",
                hint: "no number of the language is as large; write it with a unit, or a smaller one".to_owned(),
            })
        }
        "" if said.starts_with("Expected property value") => Some(Meaning {
            message: "a property has no value".to_owned(),
            label: "a value is needed here",
            hint: "write the value behind the `=`; texts that are no plain words need quotes".to_owned(),
        }),
        keyword if keyword.starts_with('#') && said.starts_with("Expected keyword") => Some(Meaning {
            message: format!("`{}` is no keyword", keyword.split_whitespace().next().unwrap_or_default()),
            label: "not known",
            hint: "KDL knows `#true`, `#false` and `#null`; a text that begins with `#` needs quotes".to_owned(),
        }),
        word if said.starts_with("Found invalid node name") => Some(Meaning {
            message: format!("`{}` cannot begin a block", word.split_whitespace().next().unwrap_or_default()),
            label: "a word is needed here",
            hint: "a line begins with a word, such as `deployment` or `port`; values stand behind it".to_owned(),
        }),
        _ if said.starts_with("Unexpected newline") || said.starts_with("missing string closing") => Some(Meaning {
            message: "this text has no closing quote".to_owned(),
            label: "opened here",
            hint: "a text over several lines is written between `\"\"\"` and `\"\"\"`".to_owned(),
        }),
        bare if said.starts_with("Expected identifier string") && is_bare(bare) => Some(Meaning {
            message: format!("`{bare}` is no word that may stand without quotes"),
            label: "needs quotes",
            hint: format!("write `\"{bare}\"`"),
        }),
        _ => None,
    }
}

/// Whether quotes are all that a text needs.
fn is_bare(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"\\#{}".contains(c))
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
