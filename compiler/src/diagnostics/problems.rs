//! The collector: every problem in every file is reported in one run, then the build stops once.

use std::collections::BTreeSet;

use super::{Code, Diagnostic, Severity};
use crate::span::Span;

/// What is wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Diagnostic>,
    /// What is in the list, so that a hostile file with a million mistakes takes no quadratic time.
    known: BTreeSet<(Option<Span>, Code, String)>,
    /// Where errors are.
    errors: BTreeSet<Span>,
    error_count: usize,
}

impl Problems {
    /// Takes one more. The same thing at the same place is said once.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.labels.first().map(|label| label.span);
        if !self.known.insert((place, diagnostic.code, diagnostic.message.clone())) {
            return;
        }
        if diagnostic.severity() == Severity::Error {
            self.error_count += 1;
            self.errors.extend(place);
        }
        self.list.push(diagnostic);
    }

    /// How many errors there are; warnings do not count.
    pub fn errors(&self) -> usize {
        self.error_count
    }

    /// Whether a source file could not be read. Then nothing is held against each other: what it declares is not known.
    pub fn any_file_unread(&self) -> bool {
        let unread = |one: &Diagnostic| matches!(one.code, Code::Syntax | Code::HostileInput | Code::UnreadableFile);
        self.list.iter().any(unread)
    }

    /// Whether a hint that takes time to find is worth it: nobody reads the thousandth.
    pub fn wants_hints(&self) -> bool {
        self.list.len() < 1_000
    }

    /// All of them: errors first, then by file and position.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<&Diagnostic> = self.list.iter().collect();
        all.sort_by_key(|one| (one.severity(), one.labels.first().map(|label| label.span)));
        all
    }

    /// Whether an error was found inside a block. What is misspelt there counts as declared, so that one mistake gives one
    /// error.
    pub fn any_error_in(&self, extent: Span) -> bool {
        let first = Span { end: 0, ..extent };
        let last = Span { file: extent.file, start: extent.end, end: u32::MAX };
        self.errors.range(first..=last).next().is_some()
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
