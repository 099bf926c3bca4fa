//! Reads a mapping by taking keys out of it. What nobody has taken is reported at the end, so that nothing of a file is
//! dropped in silence.

use super::{
    kdl::Block,
    report::Report,
    yaml::{Entry, Node, Value},
};
use crate::span::{Span, Spanned};

/// The keys of a mapping that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Fields {
    /// Path of the mapping, for messages; empty at the top.
    path: String,
    /// Where it begins.
    pub(super) span: Span,
    entries: Vec<Entry>,
    /// Comments about what is left out.
    notes: Vec<String>,
}

impl Fields {
    /// Reads a mapping; nothing is an empty one. Something else is reported and read as an empty one.
    pub(super) fn of(node: Node, path: &str, report: &mut Report<'_>) -> Self {
        let span = node.span;
        let entries = match node.value {
            Value::Map(entries) => entries,
            Value::Null => Vec::new(),
            Value::Text { .. } | Value::List(_) => {
                report.bad(span, format!("`{path}` must be a mapping of keys to values"));
                Vec::new()
            }
        };
        Self { path: path.to_owned(), span, entries, notes: Vec::new() }
    }

    /// A mapping without keys.
    pub(super) fn empty(path: &str, span: Span) -> Self {
        Self { path: path.to_owned(), span, entries: Vec::new(), notes: Vec::new() }
    }

    /// Whether a key is there, with a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// The value of a key, which stays.
    pub(super) fn peek(&self, key: &str) -> Option<&Node> {
        let found = self.entries.iter().find(|entry| entry.key.value == key);
        found.map(|entry| &entry.node).filter(|node| node.value != Value::Null)
    }

    /// Takes a key. A key without a value counts as not written, as in Kubernetes.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key.value == key)?;
        let entry = self.entries.remove(at);
        (entry.node.value != Value::Null).then_some(entry)
    }

    /// Takes a text; numbers and truth values are texts too.
    pub(super) fn text(&mut self, key: &str, report: &mut Report<'_>) -> Option<Spanned<String>> {
        let entry = self.take(key)?;
        text(entry.node, &self.inner(key), report)
    }

    /// Takes `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, report: &mut Report<'_>) -> Option<Spanned<bool>> {
        let text = self.text(key, report)?;
        match text.value.as_str() {
            "true" | "True" | "TRUE" | "yes" | "on" => Some(Spanned::new(true, text.span)),
            "false" | "False" | "FALSE" | "no" | "off" => Some(Spanned::new(false, text.span)),
            other => {
                report.bad(text.span, format!("`{}` must be true or false, not `{other}`", self.inner(key)));
                None
            }
        }
    }

    /// Takes a flag, and says only whether it is set.
    pub(super) fn is_set(&mut self, key: &str, report: &mut Report<'_>) -> bool {
        self.flag(key, report).is_some_and(|flag| flag.value)
    }

    /// Takes a whole number.
    pub(super) fn whole(&mut self, key: &str, report: &mut Report<'_>) -> Option<Spanned<i64>> {
        let text = self.text(key, report)?;
        match text.value.parse() {
            Ok(number) => Some(Spanned::new(number, text.span)),
            Err(_) => {
                let message = format!("`{}` must be a whole number, not `{}`", self.inner(key), text.value);
                report.bad(text.span, message);
                None
            }
        }
    }

    /// Takes a mapping. None where it is not written.
    pub(super) fn map(&mut self, key: &str, report: &mut Report<'_>) -> Option<Self> {
        let entry = self.take(key)?;
        let mut fields = Self::of(entry.node, &self.inner(key), report);
        fields.span = entry.key.span;
        Some(fields)
    }

    /// Takes a list; one that is not written is empty.
    pub(super) fn list(&mut self, key: &str, report: &mut Report<'_>) -> Vec<Node> {
        match self.take(key) {
            Some(entry) => list(entry.node, &self.inner(key), report),
            None => Vec::new(),
        }
    }

    /// Takes a list of mappings.
    pub(super) fn maps(&mut self, key: &str, report: &mut Report<'_>) -> Vec<Self> {
        let path = self.inner(key);
        self.list(key, report).into_iter().map(|node| Self::of(node, &path, report)).collect()
    }

    /// Takes a list of texts.
    pub(super) fn texts(&mut self, key: &str, report: &mut Report<'_>) -> Vec<Spanned<String>> {
        let path = self.inner(key);
        self.list(key, report).into_iter().filter_map(|node| text(node, &path, report)).collect()
    }

    /// Takes a mapping of names to texts, as labels are.
    pub(super) fn pairs(&mut self, key: &str, report: &mut Report<'_>) -> Vec<(Spanned<String>, Spanned<String>)> {
        self.map(key, report).map(|map| map.into_pairs(report)).unwrap_or_default()
    }

    /// All keys with their values as texts; a key without a value has an empty one.
    pub(super) fn into_pairs(self, report: &mut Report<'_>) -> Vec<(Spanned<String>, Spanned<String>)> {
        let path = self.path;
        let pairs = self.entries.into_iter().filter_map(|Entry { key, node }| match node.value {
            Value::Null => Some((key, Spanned::new(String::new(), node.span))),
            Value::Text { .. } | Value::List(_) | Value::Map(_) => text(node, &path, report).map(|text| (key, text)),
        });
        pairs.collect()
    }

    /// All keys with their values.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Leaves a key out, and says why.
    pub(super) fn leave(&mut self, key: &str, why: &str, report: &mut Report<'_>) {
        if let Some(entry) = self.take(key) {
            let note = report.not_carried(entry.key.span, &self.inner(key), why);
            self.notes.push(note);
        }
    }

    /// Leaves several keys out for one reason.
    pub(super) fn leave_all(&mut self, keys: &[&str], why: &str, report: &mut Report<'_>) {
        keys.iter().for_each(|key| self.leave(key, why, report));
    }

    /// Reports what nobody has taken, and writes all that was left out into the block.
    pub(super) fn close(mut self, block: &mut Block, report: &mut Report<'_>) {
        for entry in std::mem::take(&mut self.entries) {
            if entry.node.value != Value::Null {
                let what = self.inner(&entry.key.value);
                let note = report.not_carried(entry.key.span, &what, "`wlc import` knows no counterpart of it");
                self.notes.push(note);
            }
        }
        self.notes.into_iter().for_each(|note| block.note(note));
    }

    fn inner(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// The text of a value.
pub(super) fn text(node: Node, path: &str, report: &mut Report<'_>) -> Option<Spanned<String>> {
    match node.value {
        Value::Text { text, .. } => Some(Spanned::new(text, node.span)),
        Value::Null => Some(Spanned::new(String::new(), node.span)),
        Value::List(_) | Value::Map(_) => {
            report.bad(node.span, format!("`{path}` must be a text"));
            None
        }
    }
}

/// The items of a list.
pub(super) fn list(node: Node, path: &str, report: &mut Report<'_>) -> Vec<Node> {
    match node.value {
        Value::List(items) => items,
        Value::Null => Vec::new(),
        Value::Text { .. } | Value::Map(_) => {
            report.bad(node.span, format!("`{path}` must be a list"));
            Vec::new()
        }
    }
}
