//! What an import has to say. Equal sentences about several places become one diagnostic with several places, so that a
//! hundred namespaces are one warning; nothing is ever left unsaid.

use std::collections::BTreeMap;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::Span,
};

/// Most places of one sentence that are drawn.
const PLACES: usize = 8;

/// Collects what is to be said.
pub(super) struct Report<'a> {
    problems: &'a mut Problems,
    gathered: BTreeMap<(Code, String, String), Vec<Span>>,
}

impl<'a> Report<'a> {
    /// Nothing is said yet.
    pub(super) fn new(problems: &'a mut Problems) -> Self {
        Self { problems, gathered: BTreeMap::new() }
    }

    /// Where problems go that need no gathering.
    pub(super) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Something that has no counterpart here. The comment to write where it would stand.
    pub(super) fn not_carried(&mut self, span: Span, what: &str, why: &str) -> String {
        self.say(Code::ImportNotCarried, span, format!("`{what}` is not carried over"), why);
        format!("not carried over: {what}: {why}")
    }

    /// Something that is carried over and does not mean quite the same.
    pub(super) fn differs(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.say(Code::ImportDiffers, span, message.into(), hint);
    }

    /// Something that no input declares, and what was written in its place.
    pub(super) fn placeholder(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.say(Code::ImportPlaceholder, span, message.into(), hint);
    }

    /// Something that is not imported at all.
    pub(super) fn refuse(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.say(Code::ImportRefused, span, message.into(), hint);
    }

    /// A value that cannot be what it stands for.
    pub(super) fn bad(&mut self, span: Span, message: impl Into<String>) {
        self.say(
            Code::BadValue,
            span,
            message.into(),
            "mend it there and import it again, or write the line of KDL by hand",
        );
    }

    fn say(&mut self, code: Code, span: Span, message: String, hint: &str) {
        let places = self.gathered.entry((code, message, hint.to_owned())).or_default();
        if places.last() != Some(&span) {
            places.push(span);
        }
    }

    /// Hands everything over.
    pub(super) fn finish(self) {
        for ((code, message, hint), places) in self.gathered {
            let Some(first) = places.first() else { continue };
            let mut diagnostic = Diagnostic::new(code, message, *first, label(code));
            for place in places.iter().skip(1).take(PLACES - 1) {
                diagnostic = diagnostic.also(*place, "here too");
            }
            if places.len() > PLACES {
                diagnostic = diagnostic.hint(format!("and in {} more places", places.len() - PLACES));
            }
            if !hint.is_empty() {
                diagnostic = diagnostic.hint(hint);
            }
            self.problems.add(diagnostic);
        }
    }
}

/// What is written below the first place.
fn label(code: Code) -> &'static str {
    if code == Code::ImportNotCarried {
        "left out"
    } else if code == Code::ImportDiffers {
        "not quite the same here"
    } else if code == Code::ImportPlaceholder {
        "declared nowhere in the input"
    } else if code == Code::ImportRefused {
        "not imported"
    } else {
        "this value"
    }
}
