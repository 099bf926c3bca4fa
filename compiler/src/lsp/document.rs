//! A file that is open in the editor, and its positions: editors count lines and UTF-16 units, we count bytes.

use std::ops::Range;

use serde_json::{Value, json};

/// The text of a file with its lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    /// The text.
    pub(super) text: String,
    /// The number of the text that the editor counts, as it gave it.
    pub(super) version: Value,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Document {
    /// A text.
    pub(super) fn new(text: String, version: Value) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |at: &usize| bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(*at + 1) != Some(&b'\n'));
        let starts = std::iter::once(0).chain((0..bytes.len()).filter(ends_line).map(|at| at + 1)).collect();
        Self { text, version, starts }
    }

    /// The byte at a position; a position outside of the text is moved to its nearest place.
    pub(super) fn offset(&self, position: &Value) -> usize {
        let number = |name: &str| position[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let (line, units) = (number("line"), number("character"));
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mut counted = 0;
        for (at, c) in text.char_indices() {
            if counted >= units {
                return start + at;
            }
            counted += c.len_utf16();
        }
        start + text.len()
    }

    /// The position of a byte.
    pub(super) fn position(&self, offset: usize) -> Value {
        let offset = (0..=offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let units: usize = self.text[self.starts[line]..offset].chars().map(char::len_utf16).sum();
        json!({ "line": line, "character": units })
    }

    /// The positions of both ends.
    pub(super) fn range(&self, range: &Range<usize>) -> Value {
        json!({ "start": self.position(range.start), "end": self.position(range.end) })
    }

    /// The text with one change of the editor: of a range, or all of it.
    pub(super) fn change(&mut self, change: &Value) -> Option<()> {
        let new = change["text"].as_str()?;
        let range = &change["range"];
        let text = if range.is_null() {
            new.to_owned()
        } else {
            let (start, end) = (self.offset(&range["start"]), self.offset(&range["end"]));
            format!("{}{new}{}", &self.text[..start], &self.text[end.max(start)..])
        };
        *self = Self::new(text, self.version.take());
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf_16_units() {
        let document = Document::new("aé😀b\r\n日本\rc\n".to_owned(), Value::Null);
        for (offset, line, character) in
            [(0, 0, 0), (1, 0, 1), (3, 0, 2), (7, 0, 4), (8, 0, 5), (10, 1, 0), (13, 1, 1), (17, 2, 0), (19, 3, 0)]
        {
            let position = json!({ "line": line, "character": character });
            assert_eq!(document.position(offset), position, "{offset}");
            assert_eq!(document.offset(&position), offset);
        }
        assert_eq!(document.offset(&json!({ "line": 0, "character": 99 })), 8);
        assert_eq!(document.offset(&json!({ "line": 99, "character": 0 })), 19);
        assert_eq!(document.offset(&json!({ "line": 0, "character": 3 })), 7, "the middle of a pair");
        assert_eq!(document.offset(&json!("nonsense")), 0);
    }

    #[test]
    fn changes_are_applied() {
        let mut document = Document::new("aé😀b\nc".to_owned(), Value::Null);
        let range = json!({ "start": { "line": 0, "character": 2 }, "end": { "line": 1, "character": 0 } });
        document.change(&json!({ "range": range, "text": "x\n" })).unwrap();
        assert_eq!(document.text, "aéx\nc");
        document.change(&json!({ "text": "new" })).unwrap();
        assert_eq!(document.text, "new");
        assert!(document.change(&json!({})).is_none());
    }
}
