//! Variables in a Compose file: `$NAME`, `${NAME}`, `${NAME:-default}`, `$$`. Values come from a `.env` file of the input;
//! without one, defaults are taken, and what has none stays as it is written and is said.

use std::collections::BTreeMap;

use super::super::{
    report::Report,
    yaml::{Entry, Node, Value},
};
use crate::span::Span;

/// Replaces the variables in all texts of a tree.
pub(super) fn interpolate(node: Node, values: &BTreeMap<String, String>, report: &mut Report<'_>) -> Node {
    let Node { value, span } = node;
    let value = match value {
        Value::Text { text, plain } if text.contains('$') => {
            Value::Text { text: replaced(&text, span, values, report), plain }
        }
        Value::List(items) => Value::List(items.into_iter().map(|item| interpolate(item, values, report)).collect()),
        Value::Map(entries) => {
            let entries = entries.into_iter();
            Value::Map(
                entries.map(|Entry { key, node }| Entry { key, node: interpolate(node, values, report) }).collect(),
            )
        }
        other @ (Value::Null | Value::Text { .. }) => other,
    };
    Node { value, span }
}

fn replaced(text: &str, span: Span, values: &BTreeMap<String, String>, report: &mut Report<'_>) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        written.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(after) = behind.strip_prefix('$') {
            written.push('$');
            rest = after;
        } else if let Some((inside, after)) = braced(behind) {
            written.push_str(&value(inside, &rest[at..at + inside.len() + 3], span, values, report));
            rest = after;
        } else {
            let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
            let name = &behind[..end];
            if name.is_empty() {
                written.push('$');
            } else {
                written.push_str(&value(name, &rest[at..=at + end], span, values, report));
            }
            rest = &behind[end..];
        }
    }
    written + rest
}

/// The inside of `{…}` and what stands behind it; braces inside are counted.
fn braced(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('{')?;
    let mut depth = 1;
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inside[..at], &inside[at + 1..]));
        }
    }
    None
}

/// The value of one variable; `written` is all of it.
fn value(
    inside: &str,
    written: &str,
    span: Span,
    values: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> String {
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    let (operator, other) = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => ("", ""),
        rest => rest.split_at(rest.chars().next().map_or(0, char::len_utf8)),
    };
    match (values.get(name), operator) {
        (Some(_), "+") => other.to_owned(),
        (Some(value), _) => value.clone(),
        (None, "-") => {
            report.differs(
                span,
                format!("`{written}` is written as its default `{other}`"),
                "a file is what it says, in every place",
            );
            other.to_owned()
        }
        (None, "+") => String::new(),
        (None, _) => {
            let message = format!("variable `{name}` has no value in the input: `{written}` stays as it is");
            report.placeholder(span, message, "give the `.env` file to the same `wlc import`, or write the value");
            written.to_owned()
        }
    }
}

/// The lines of an env file: `NAME=value`, comments and `export` left out, quotes taken off.
pub(in super::super) fn env_file(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), unquoted(value.trim()).to_owned())).collect()
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or_else(|| text.split(" #").next().unwrap_or_default().trim_end())
}
