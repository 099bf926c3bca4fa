//! The collector: every problem in every file is reported in one run, then the build stops once.

use super::{Diagnostic, Label, Severity};
use crate::span::Span;

/// What is wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Diagnostic>,
}

impl Problems {
    /// Takes one more.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// How many errors there are; warnings do not count.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|one| one.severity() == Severity::Error).count()
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
        let inside =
            |label: &Label| label.span.file == extent.file && (extent.start..=extent.end).contains(&label.span.start);
        let mut errors = self.list.iter().filter(|one| one.severity() == Severity::Error);
        errors.any(|one| one.labels.first().is_some_and(inside))
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
