//! The collector: every problem in every file is reported in one run, then the build stops once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Diagnostic, Severity};
use crate::span::{FileId, Span};

/// What is wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Diagnostic>,
    /// What is in the list, so that a hostile file with a million mistakes takes no quadratic time.
    known: BTreeSet<(Option<Span>, Code, String)>,
    /// Where errors are.
    errors: BTreeSet<Span>,
    error_count: usize,
    /// Where what is not carried out begins and ends: nothing inside is reported once more.
    not_carried_out: BTreeMap<(FileId, u32), u32>,
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

    /// Takes something that is read and checked and that no build carries out. What stands inside something that was
    /// reported so stays quiet.
    pub fn not_carried_out(&mut self, what: &str, word: Span, extent: Span) {
        let around = self.not_carried_out.range(..=(extent.file, extent.start)).next_back();
        if around.is_some_and(|((file, _), end)| *file == extent.file && extent.end <= *end) {
            return;
        }
        self.not_carried_out.insert((extent.file, extent.start), extent.end);
        let message = format!("{what} is not carried out by this version of wlc");
        let diagnostic = Diagnostic::new(Code::NotInThisVersion, message, word, "read and checked only");
        self.add(diagnostic.hint("`wlc build` and `wlc lock` refuse it; the roadmap in the book says what is planned"));
    }

    /// How many things a build refuses although nothing is wrong with them.
    pub fn refused_by_build(&self) -> usize {
        self.list.iter().filter(|one| one.code == Code::NotInThisVersion).count()
    }

    /// Makes errors of what is not carried out: for what builds.
    pub fn refuse_what_is_not_carried_out(&mut self) {
        let is_meant =
            |one: &&mut Diagnostic| one.code == Code::NotInThisVersion && one.severity() == Severity::Warning;
        for diagnostic in self.list.iter_mut().filter(is_meant) {
            *diagnostic = diagnostic.clone().as_error();
            self.error_count += 1;
            self.errors.extend(diagnostic.labels.first().map(|label| label.span));
        }
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
