//! Marks in broken sources: a line of blanks and `^` under a faulty token says where a diagnostic must stand.
//!
//! ```text
//! deployment "web" replcas=2 {
//!                  ^^^^^^^
//! ```
//!
//! Marks are written by hand and taken out before a file is read, so that lines count as without them. Each run of `^` is
//! a mark of its own. Columns count characters.

use std::collections::BTreeMap;

/// A marked token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The file.
    pub file: String,
    /// The line, from 1, as it counts without marks.
    pub line: usize,
    /// The first column, from 1.
    pub column: usize,
    /// The column behind the last.
    pub end: usize,
}

/// A place that a diagnostic names first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The first column, from 1.
    pub column: usize,
    /// The line on which it ends.
    pub end_line: usize,
    /// The column behind the last.
    pub end_column: usize,
}

impl Place {
    /// Whether it begins on the line of a mark and covers what is marked. An empty place is under a mark of one column.
    pub fn covers(&self, mark: &Mark) -> bool {
        let is_empty = (self.line, self.column) == (self.end_line, self.end_column);
        let end = if self.end_line > self.line { usize::MAX } else { self.end_column + usize::from(is_empty) };
        self.file == mark.file && self.line == mark.line && self.column <= mark.column && mark.end <= end
    }
}

/// The text of a file without its marks, and these.
pub fn take(file: &str, bytes: &[u8]) -> (Vec<u8>, Vec<Mark>) {
    let (mut text, mut marks, mut line) = (Vec::new(), Vec::new(), 0);
    for raw in bytes.split_inclusive(|byte| *byte == b'\n') {
        if is_marking(raw) {
            marks.extend(runs(raw).map(|(column, end)| Mark { file: file.to_owned(), line, column, end }));
        } else {
            line += 1;
            text.extend_from_slice(raw);
        }
    }
    (text, marks)
}

fn is_marking(line: &[u8]) -> bool {
    line.contains(&b'^') && line.iter().all(|byte| b" \t^\r\n".contains(byte))
}

/// The runs of `^` of a line, as columns.
fn runs(line: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    let mut start = None;
    for (at, byte) in line.iter().chain(b"\n").enumerate() {
        match (*byte == b'^', start) {
            (true, None) => start = Some(at),
            (false, Some(first)) => {
                found.insert(first + 1, at + 1);
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_out_and_name_the_line_above() {
        let (text, marks) = take("a.kdl", b"one two\n    ^^^\n^^^\nx ^ y\n\tz\n\t^");
        assert_eq!(text, b"one two\nx ^ y\n\tz\n");
        let found: Vec<_> = marks.iter().map(|mark| (mark.line, mark.column, mark.end)).collect();
        assert_eq!(found, [(1, 5, 8), (1, 1, 4), (3, 2, 3)]);
    }

    #[test]
    fn a_place_covers_what_lies_inside_on_its_first_line() {
        let mark = Mark { file: "a".to_owned(), line: 2, column: 5, end: 8 };
        let place =
            |line, column, end_line, end_column| Place { file: "a".to_owned(), line, column, end_line, end_column };
        assert!(place(2, 4, 2, 9).covers(&mark) && place(2, 5, 3, 1).covers(&mark));
        assert!(
            !place(2, 6, 2, 9).covers(&mark) && !place(2, 5, 2, 7).covers(&mark) && !place(1, 1, 3, 9).covers(&mark)
        );
        let behind = Mark { column: 9, end: 10, ..mark };
        assert!(place(2, 9, 2, 9).covers(&behind) && !place(2, 8, 2, 8).covers(&behind));
    }
}
