//! Strings over several lines.
//!
//! The blanks before the closing quotes are part of the syntax: every line has them and none of them belongs to the value.
//! So such a string moves as a whole with the line that it begins on, or not at all.

use super::{
    lexer::{is_blank, is_newline},
    lines::{INDENT, width},
};

/// How strings over several lines are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    /// They move with the line that they begin on.
    Move,
    /// Their lines stay as they are.
    Keep,
}

/// A string whose first line moves from one column to another.
pub(super) fn moved(text: &str, from: usize, to: usize, strings: Strings) -> String {
    let text = text.replace("\r\n", "\n");
    let moved = match strings {
        Strings::Move => shift(&text, from, to),
        Strings::Keep => None,
    };
    moved.unwrap_or(text)
}

/// None where the string is of another kind, or has lines that do not begin with the blanks of the last one.
fn shift(text: &str, from: usize, to: usize) -> Option<String> {
    let is_raw = text.starts_with('#');
    if !text.trim_start_matches('#').starts_with("\"\"\"") || text.contains(|c| is_newline(c) && c != '\n') {
        return None;
    }
    let (first, rest) = text.split_once('\n')?;
    let (body, last) = rest.rsplit_once('\n').map_or((None, rest), |(body, last)| (Some(body), last));
    let prefix = &last[..last.find(|c| !is_blank(c))?];
    if !last[prefix.len()..].starts_with("\"\"\"") {
        return None;
    }
    let blanks = " ".repeat((width(prefix) + to).saturating_sub(from));
    let mut moved = format!("{first}\n");
    for line in body.into_iter().flat_map(|body| body.split('\n')) {
        if line.chars().all(is_blank) {
            moved.push('\n');
            continue;
        }
        if !is_raw && goes_on(line) {
            return None;
        }
        moved.push_str(&format!("{blanks}{}\n", line.strip_prefix(prefix)?));
    }
    moved.push_str(&format!("{blanks}{}", &last[prefix.len()..]));
    Some(moved)
}

/// Whether a line ends with a `\` that swallows the end of the line and the blanks behind it.
fn goes_on(line: &str) -> bool {
    let line = line.trim_end_matches(is_blank);
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// The columns of a level.
pub(super) fn column(level: usize) -> usize {
    level * INDENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_moves_as_a_whole_or_not_at_all() {
        let text = "\"\"\"\n  a\n\n    b\n  \"\"\"";
        assert_eq!(moved(text, 0, 4, Strings::Move), "\"\"\"\n      a\n\n        b\n      \"\"\"");
        assert_eq!(moved(text, 8, 0, Strings::Move), "\"\"\"\na\n\n  b\n\"\"\"");
        assert_eq!(moved(text, 0, 4, Strings::Keep), text);
        let tabs = "#\"\"\"\n\t\ta\n\t\t\"\"\"#";
        assert_eq!(moved(tabs, 4, 4, Strings::Move), "#\"\"\"\n        a\n        \"\"\"#");
        for kept in ["\"\"\"\n a \\\n b\n \"\"\"", "\"a \\\n   b\"", "\"\"\"\n a\n \\\n \"\"\""] {
            assert_eq!(moved(kept, 0, 4, Strings::Move), kept);
        }
    }
}
