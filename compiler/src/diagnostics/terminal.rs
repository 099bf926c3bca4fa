//! Diagnostics as people read them: drawn by miette, over a source that knows where its lines begin.
//!
//! miette looks for a line from the start of the text each time, and passes control characters through. Here lines are
//! looked up in a table, and what could move the cursor is replaced by a sign for it.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};

use super::{Diagnostic, Severity};
use crate::{
    sources::{Source, Sources},
    span::FileId,
};

/// At most this many diagnostics are drawn; a line says how many more there are.
pub const MOST_SHOWN: usize = 50;

/// How the text is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With colours, for a terminal.
    Colour,
    /// Without, for a pipe or a file.
    Plain,
}

/// All diagnostics as text.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic], style: Style) -> String {
    let theme = match style {
        Style::Colour => GraphicalTheme::unicode(),
        Style::Plain => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_context_lines(1);
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MOST_SHOWN) {
        for drawn in Drawn::all(sources, diagnostic) {
            handler.render_report(&mut text, &drawn).expect("writing to a string cannot fail");
            text.push('\n');
        }
    }
    if diagnostics.len() > MOST_SHOWN {
        text.push_str(&format!("… and {} more\n", diagnostics.len() - MOST_SHOWN));
    }
    text
}

/// Longest line of a source that is drawn, in bytes.
const LONGEST_LINE: usize = 1_000;
/// Longest message or hint, in characters; of a longer one the beginning is shown.
const LONGEST_TEXT: usize = 1_000;

/// A text without harmful characters, and no longer than people read.
fn readable(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => harmless(&text[..end]) + "…",
        None => harmless(text),
    }
}

/// Replaces what could move the cursor or turn the direction of writing by a visible sign.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

/// Whether a character could move the cursor or turn the direction of writing.
pub(crate) fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The part of a diagnostic that is about one file, in miette's terms.
#[derive(Debug)]
struct Drawn {
    message: String,
    severity: miette::Severity,
    code: Option<&'static str>,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    source: Option<Lines>,
}

impl Drawn {
    /// The part about the file that must change, then one part for each other file.
    fn all(sources: &Sources, diagnostic: &Diagnostic) -> Vec<Self> {
        let file = diagnostic.labels.first().map(|label| label.span.file);
        let mut others: Vec<FileId> = diagnostic.labels.iter().map(|label| label.span.file).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|other| Some(*other) != file);
        let others = others.into_iter().map(|other| Self::see_also(sources, diagnostic, other));
        std::iter::once(Self::first(sources, diagnostic, file)).chain(others).collect()
    }

    fn first(sources: &Sources, diagnostic: &Diagnostic, file: Option<FileId>) -> Self {
        Self {
            message: readable(&match file.filter(|file| !can_be_drawn(sources, diagnostic, *file)) {
                Some(file) => format!("{}: {}", position(sources, diagnostic, file), diagnostic.message),
                None => diagnostic.message.clone(),
            }),
            severity: match diagnostic.severity() {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            code: Some(diagnostic.code.name()),
            help: (!diagnostic.hints.is_empty()).then(|| readable(&diagnostic.hints.join("\n"))),
            labels: file.map(|file| labels(diagnostic, file)).unwrap_or_default(),
            source: drawable(sources, diagnostic, file),
        }
    }

    fn see_also(sources: &Sources, diagnostic: &Diagnostic, file: FileId) -> Self {
        Self {
            message: format!("see also {}", position(sources, diagnostic, file)),
            severity: miette::Severity::Advice,
            code: None,
            help: None,
            labels: labels(diagnostic, file),
            source: drawable(sources, diagnostic, Some(file)),
        }
    }
}

fn drawable(sources: &Sources, diagnostic: &Diagnostic, file: Option<FileId>) -> Option<Lines> {
    let file = file.filter(|file| can_be_drawn(sources, diagnostic, *file))?;
    Some(Lines::new(sources.file(file)))
}

/// Whether the lines around all places in a file are short enough to be shown.
fn can_be_drawn(sources: &Sources, diagnostic: &Diagnostic, file: FileId) -> bool {
    let source = sources.file(file);
    let is_short = |line: usize| source.line_start(line + 1) - source.line_start(line) <= LONGEST_LINE;
    let here = diagnostic.labels.iter().filter(|label| label.span.file == file);
    here.into_iter().all(|label| {
        let first = source.line_of(label.span.start as usize);
        let last = source.line_of(label.span.end as usize);
        last - first < LONGEST_TEXT && (first.saturating_sub(1)..=last + 1).all(is_short)
    })
}

/// `file:line:column` of the first place in a file.
fn position(sources: &Sources, diagnostic: &Diagnostic, file: FileId) -> String {
    let source = sources.file(file);
    let place = diagnostic.labels.iter().find(|label| label.span.file == file);
    let position = source.position(place.map_or(0, |label| label.span.start as usize));
    format!("{}:{}:{}", source.path, position.line, position.column)
}

/// The places in a file. The first of a diagnostic is the one whose position stands above the text.
fn labels(diagnostic: &Diagnostic, file: FileId) -> Vec<LabeledSpan> {
    let here = diagnostic.labels.iter().enumerate().filter(|(_, label)| label.span.file == file);
    let labels = here.map(|(index, label)| {
        let span = SourceSpan::new((label.span.start as usize).into(), (label.span.end - label.span.start) as usize);
        let text = Some(readable(&label.text));
        if index == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
    });
    labels.collect()
}

impl fmt::Display for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// A source file as miette reads it.
#[derive(Debug)]
struct Lines {
    source: Source,
    text: String,
}

impl Lines {
    /// Harmful characters are replaced by signs of the same length in bytes, so that positions stay true.
    fn new(source: &Source) -> Self {
        let same_length = |c: char| match (is_harmful(c), c.len_utf8()) {
            (false, _) => c,
            (true, 1) => '?',
            (true, 2) => '¿',
            (true, _) => '\u{fffd}',
        };
        Self { source: source.clone(), text: source.text().chars().map(same_length).collect() }
    }
}

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = (span.offset() + span.len().saturating_sub(1)).min(self.text.len());
        let first = self.source.line_of(span.offset()).saturating_sub(lines_before);
        let last = (self.source.line_of(end) + lines_after).min(self.source.lines() - 1);
        // Without context, miette asks for the place itself, which it prints as `file:line:column`.
        let (start, column) = match lines_before {
            0 => (span.offset(), self.source.position(span.offset()).column - 1),
            _ => (self.source.line_start(first), 0),
        };
        let stop = self.source.line_start(last + 1);
        let bytes = self.text.as_bytes().get(start..stop).ok_or(MietteError::OutOfBounds)?;
        let name = harmless(&self.source.path);
        let whole = SourceSpan::new(start.into(), stop - start);
        Ok(Box::new(MietteSpanContents::new_named(name, bytes, whole, first, column, last - first + 1)))
    }
}
