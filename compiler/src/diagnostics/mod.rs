//! Diagnostics: what is wrong with the sources, where, why it cannot work and what to do.
//!
//! A diagnostic is a value. Checks collect them in [`Problems`]; rendering is separate.

pub mod codes;
pub mod github;
pub mod json;
pub mod problems;
pub mod sarif;
pub mod suggest;
pub mod terminal;

pub use codes::Code;
pub use problems::Problems;

use crate::span::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// The build goes on.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// How bad it is.
    severity: Severity,
    /// What is wrong, in the user's words.
    pub message: String,
    /// The places; the first is the one that must change.
    pub labels: Vec<Label>,
    /// What to do; equal hints are one.
    pub hints: Vec<String>,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words.
    pub text: String,
}

impl Diagnostic {
    /// A diagnostic with one place.
    pub fn new(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        let labels = vec![Label { span, text: label.into() }];
        Self { code, severity: code.severity(), message: message.into(), labels, hints: Vec::new() }
    }

    /// A diagnostic about the repository as a whole, which stands nowhere.
    pub fn nowhere(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), message: message.into(), labels: Vec::new(), hints: Vec::new() }
    }

    /// Names another place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: label.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// Makes it an error, whatever its code says by itself.
    #[must_use]
    pub fn as_error(mut self) -> Self {
        self.severity = Severity::Error;
        self
    }

    /// Whether it stops the build.
    pub fn severity(&self) -> Severity {
        self.severity
    }
}
