//! Unit files: sections, keys and values, with places. Keys are taken out, and what is left is reported.

use super::super::{kdl::Block, report::Report};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    sources::Source,
    span::{FileId, Span, Spanned},
};

/// Most lines of a unit file.
const LINES: usize = 20_000;

/// A unit file.
#[derive(Debug)]
pub(super) struct Unit {
    /// Its name without the ending.
    pub(super) stem: Spanned<String>,
    /// Its ending.
    pub(super) ending: String,
    lines: Vec<Line>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Line {
    section: String,
    key: Spanned<String>,
    value: Spanned<String>,
}

impl Unit {
    /// Reads a unit file. None where it is none; why is reported.
    pub(super) fn read(file: FileId, source: &Source, problems: &mut Problems) -> Option<Self> {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let stem = Spanned::new(stem.to_owned(), Span::new(file, 0, 0));
        let mut unit = Self { stem, ending: ending.to_owned(), lines: Vec::new(), notes: Vec::new() };
        let mut section = String::new();
        for (at, text) in logical_lines(source.text()) {
            let span = Span::new(file, at, at + text.find('\n').unwrap_or(text.len()));
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.to_owned();
                unit.stem.span = if unit.stem.span.end == 0 { span } else { unit.stem.span };
                continue;
            }
            let Some((key, value)) = trimmed.split_once('=').filter(|_| !section.is_empty()) else {
                let message = format!("`{}` is no line of a unit file", first_line(trimmed));
                let diagnostic =
                    Diagnostic::new(Code::ImportSyntax, message, span, "neither a section nor a key with a value");
                problems.add(diagnostic.hint("write `Key=value` below a `[Section]`"));
                return None;
            };
            if unit.lines.len() >= LINES {
                let message = format!("the unit has more than {LINES} lines");
                problems.add(Diagnostic::new(Code::HostileInput, message, span, "refused from here"));
                return None;
            }
            unit.put(&section, key.trim(), value.trim(), span);
        }
        Some(unit)
    }

    /// An empty value takes back what was written before, as systemd has it; `%%` stands for `%`.
    fn put(&mut self, section: &str, key: &str, value: &str, span: Span) {
        if value.is_empty() {
            self.lines.retain(|line| line.section != section || line.key.value != key);
            return;
        }
        let start = span.start as usize;
        let key_span = Span::new(span.file, start, start + key.len());
        let value = joined(value).replace("%%", "%");
        let line = Line {
            section: section.to_owned(),
            key: Spanned::new(key.to_owned(), key_span),
            value: Spanned::new(value, span),
        };
        self.lines.push(line);
    }

    /// Takes all values of a key.
    pub(super) fn all(&mut self, section: &str, key: &str) -> Vec<Spanned<String>> {
        let is_it = |line: &Line| line.section == section && line.key.value == key;
        let (taken, kept): (Vec<Line>, Vec<Line>) = std::mem::take(&mut self.lines).into_iter().partition(is_it);
        self.lines = kept;
        taken.into_iter().map(|line| line.value).collect()
    }

    /// Takes the last value of a key.
    pub(super) fn last(&mut self, section: &str, key: &str) -> Option<Spanned<String>> {
        self.all(section, key).pop()
    }

    /// Takes a key that is yes or no.
    pub(super) fn is_set(&mut self, section: &str, key: &str) -> bool {
        let value = self.last(section, key).map(|value| value.value.to_lowercase());
        value.is_some_and(|value| matches!(value.as_str(), "yes" | "true" | "on" | "1"))
    }

    /// All words of a key that takes several in one line.
    pub(super) fn words(&mut self, section: &str, key: &str, report: &mut Report<'_>) -> Vec<Spanned<String>> {
        let mut words = Vec::new();
        for value in self.all(section, key) {
            match super::super::shell::words(&value.value) {
                Some(list) => words.extend(list.into_iter().map(|word| Spanned::new(word, value.span))),
                None => report.bad(value.span, "a quote of this line is not closed"),
            }
        }
        words
    }

    /// Leaves keys out, and says why.
    pub(super) fn leave(&mut self, section: &str, keys: &[&str], why: &str, report: &mut Report<'_>) {
        for key in keys {
            for value in self.all(section, key) {
                let what = format!("{key}={}", first_line(&value.value));
                self.notes.push(report.not_carried(value.span, &what, why));
            }
        }
    }

    /// Reports what nobody has taken, and writes all that was left out into the block.
    pub(super) fn close(mut self, block: &mut Block, report: &mut Report<'_>) {
        for line in std::mem::take(&mut self.lines) {
            let what = format!("[{}] {}", line.section, line.key.value);
            let note = report.not_carried(line.key.span, &what, "`wlc import` knows no counterpart of it");
            self.notes.push(note);
        }
        self.notes.into_iter().for_each(|note| block.note(note));
    }
}

/// The beginning of a text, for messages.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Lines with their offsets; one that ends with `\` goes on in the next.
fn logical_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let is_comment = line.trim_start().starts_with(['#', ';']);
        if !line.trim_end().ends_with('\\') || is_comment {
            lines.push((start, text[start..at].trim_end_matches(['\n', '\r'])));
            start = at;
        }
    }
    if start < text.len() {
        lines.push((start, &text[start..]));
    }
    lines
}

/// A value over several lines as one line.
fn joined(value: &str) -> String {
    let mut joined = String::new();
    for line in value.lines() {
        let line = line.trim();
        match line.strip_suffix('\\') {
            Some(line) => joined.push_str(&format!("{} ", line.trim_end())),
            None => joined.push_str(line),
        }
    }
    joined.trim().to_owned()
}
