//! What is refused before any parser sees it.
//!
//! The parser recurses for each nested block and each nested comment, takes time that doubles with each nested
//! slash-dashed block, and recurses once for each error at the top level. A small lexical scan keeps its input inside
//! bounds in which all of that is harmless; no file of a person comes near them.

use std::ops::Range;

use super::characters;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::{FileId, Span},
};

/// Longest source file, in bytes.
pub const FILE_BYTES: usize = 16 << 20;
/// Deepest nesting of blocks.
pub const DEPTH: usize = 32;
/// Deepest nesting of `/* */`.
pub const COMMENT_DEPTH: usize = 16;
/// Deepest nesting of slash-dashed blocks.
pub const SLASHDASH_DEPTH: usize = 2;
/// Most closing braces that close nothing; each makes the parser recurse.
const STRAY_BRACES: usize = 16;

/// Most opening parentheses in one block at the top of a file, those of parameters before a text in quotes not counted;
/// they are type annotations, which mean nothing here, and each may make the parser recurse.
const PARENTHESES: usize = 64;
/// What stands before a parameter's name in quotes.
const PARAMETER: &[u8] = b"(parameter)\"";

/// Most characters of one block at the top of a file, blanks, comments and the insides of texts not counted. The parser
/// recurses on what is broken, so this bounds the stack that it needs.
pub const SIGNS: usize = 16 << 10;
/// Longest block at the top in which mistakes are looked for, in bytes.
pub const BROKEN_BYTES: usize = 256 << 10;
/// Most `{` in such a block, those inside of texts counted.
const BROKEN_BRACES: usize = 4 << 10;
/// Most `/-` in a row.
const DASHES: usize = 16;

/// The blocks at the top of a file as ranges of its text, so that each is parsed alone and a mistake in one hides none in
/// another. None where the text may not be parsed at all; why is reported.
pub fn parts(file: FileId, text: &str, problems: &mut Problems) -> Option<Vec<Range<usize>>> {
    match Scan::new(text).run() {
        Ok(parts) => Some(parts),
        Err(Refused { at, length, message }) => {
            let end = (at + length..).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            let start = (0..=at).rev().find(|start| text.is_char_boundary(*start)).unwrap_or_default();
            let span = Span::new(file, start, end.min(text.len()));
            let hint = "nothing that people write looks like this; take it out, or write it in smaller blocks";
            problems.add(Diagnostic::new(Code::HostileInput, message, span, "refused from here").hint(hint));
            None
        }
    }
}

/// Whether the parser can be asked what is wrong with a part. Behind a mistake it may read what stands inside of texts as
/// if it were none, so that counts as well here.
pub(super) fn bears_mistakes(part: &str) -> bool {
    let braces = part.bytes().filter(|byte| *byte == b'{').count();
    braces <= BROKEN_BRACES && part.len() <= BROKEN_BYTES
}

/// Whether a text may be parsed.
pub(super) fn admits(text: &str) -> bool {
    Scan::new(text).run().is_ok()
}

/// Whether every brace of a part is closed again.
pub(super) fn is_closed(part: &str) -> bool {
    let mut scan = Scan::new(part);
    scan.scan().is_ok() && scan.open.is_empty()
}

/// Whether a `/-` stands before on this line.
#[derive(Clone, Copy, PartialEq)]
enum Dashed {
    No,
    Yes,
}

struct Refused {
    at: usize,
    length: usize,
    message: String,
}

/// A scan over the bytes of a file that knows strings and comments.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For each open brace, whether it was slash-dashed.
    open: Vec<bool>,
    /// Whether the next brace on this line opens a slash-dashed block.
    dashed: Dashed,
    stray: usize,
    parentheses: usize,
    /// Characters of the block that is being scanned.
    signs: usize,
    /// Where that block begins.
    begin: usize,
    parts: Vec<Range<usize>>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            open: Vec::new(),
            dashed: Dashed::No,
            stray: 0,
            parentheses: 0,
            signs: 0,
            begin: 0,
            parts: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Vec<Range<usize>>, Refused> {
        self.scan()?;
        self.end_part();
        Ok(self.parts)
    }

    fn scan(&mut self) -> Result<(), Refused> {
        if self.bytes.len() > FILE_BYTES {
            let message = format!("the file is longer than {} MiB", FILE_BYTES >> 20);
            return Err(Refused { at: 0, length: 1, message });
        }
        while let Some(&byte) = self.bytes.get(self.at) {
            self.count(byte)?;
            match byte {
                b'/' if self.next_is(b"/*") => self.comment()?,
                b'/' if self.next_is(b"//") => self.line_comment(),
                b'/' if self.next_is(b"/-") => self.dash()?,
                b'"' | b'#' => self.string(),
                b'{' => self.open_brace()?,
                b'(' => self.parenthesis()?,
                b'}' => self.close_brace()?,
                b'\\' => self.continued_line(),
                b';' => self.line_end(1),
                _ => match characters::newline(self.bytes, self.at) {
                    0 => self.at += 1,
                    length => self.line_end(length),
                },
            }
        }
        Ok(())
    }

    fn count(&mut self, byte: u8) -> Result<(), Refused> {
        self.signs += usize::from(!byte.is_ascii_whitespace());
        if self.signs > SIGNS {
            let message = format!("a block at the top of the file has more than {SIGNS} characters outside of texts");
            return Err(Refused { at: self.begin, length: 1, message });
        }
        Ok(())
    }

    fn line_end(&mut self, length: usize) {
        self.dashed = Dashed::No;
        self.at += length;
        if self.open.is_empty() {
            self.end_part();
        }
    }

    fn end_part(&mut self) {
        let end = self.at.min(self.bytes.len());
        if self.signs > 0 {
            self.parts.push(self.begin..end);
            self.signs = 0;
            self.parentheses = 0;
        }
        self.begin = end;
    }

    fn next_is(&self, word: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(word)
    }

    fn refuse(&self, message: String) -> Refused {
        Refused { at: self.at, length: 1, message }
    }

    fn open_brace(&mut self) -> Result<(), Refused> {
        self.open.push(self.dashed == Dashed::Yes);
        self.dashed = Dashed::No;
        if self.open.len() > DEPTH {
            return Err(self.refuse(format!("blocks are nested deeper than {DEPTH} levels")));
        }
        if self.open.iter().filter(|dashed| **dashed).count() > SLASHDASH_DEPTH {
            return Err(self.refuse(format!("`/-` blocks are nested deeper than {SLASHDASH_DEPTH} levels")));
        }
        self.at += 1;
        Ok(())
    }

    fn parenthesis(&mut self) -> Result<(), Refused> {
        self.parentheses += usize::from(!self.next_is(PARAMETER));
        if self.parentheses > PARENTHESES {
            return Err(self.refuse(format!("there are more than {PARENTHESES} `(` outside of texts")));
        }
        self.at += 1;
        Ok(())
    }

    fn close_brace(&mut self) -> Result<(), Refused> {
        if self.open.pop().is_none() {
            self.stray += 1;
        }
        if self.stray > STRAY_BRACES {
            return Err(self.refuse(format!("more than {STRAY_BRACES} `}}` close nothing")));
        }
        self.dashed = Dashed::No;
        self.at += 1;
        Ok(())
    }

    /// A `/-` may stand apart from what it takes out: blanks, line ends and comments between them do not count.
    fn dash(&mut self) -> Result<(), Refused> {
        self.dashed = Dashed::Yes;
        let mut in_a_row = 0;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'/' if self.next_is(b"//") => self.line_comment(),
                b'/' if self.next_is(b"/*") => self.comment()?,
                b'/' if self.next_is(b"/-") => {
                    in_a_row += 1;
                    self.at += 2;
                }
                b'\\' => self.continued_line(),
                _ => match self.blank(self.at) {
                    0 => return Ok(()),
                    length => self.at += length,
                },
            }
            if in_a_row > DASHES {
                return Err(self.refuse(format!("more than {DASHES} `/-` stand in a row")));
            }
        }
        Ok(())
    }

    /// Length of the blank or line end at a place.
    fn blank(&self, at: usize) -> usize {
        characters::space(self.bytes, at) + characters::newline(self.bytes, at)
    }

    /// A `\`, and the end of its line where nothing but blanks and a comment stand before that.
    fn continued_line(&mut self) {
        self.at += 1;
        let mut end = self.at;
        while end < self.bytes.len() && characters::space(self.bytes, end) > 0 {
            end += characters::space(self.bytes, end);
        }
        if self.bytes[end..].starts_with(b"//") {
            self.at = end;
            self.line_comment();
            end = self.at;
        }
        if end < self.bytes.len() && characters::newline(self.bytes, end) > 0 {
            self.at = end + characters::newline(self.bytes, end);
        }
    }

    /// The parser recurses for each `*` and each `/` of a comment, so they count.
    fn comment(&mut self) -> Result<(), Refused> {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            if matches!(self.bytes[self.at], b'*' | b'/') {
                self.count(b'*')?;
            }
            if self.next_is(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.next_is(b"*/") {
                depth -= 1;
                self.at += 2;
            } else {
                self.at += 1;
            }
            if depth > COMMENT_DEPTH {
                return Err(self.refuse(format!("comments are nested deeper than {COMMENT_DEPTH} levels")));
            }
            if depth == 0 {
                break;
            }
        }
        Ok(())
    }

    fn line_comment(&mut self) {
        while self.at < self.bytes.len() && characters::newline(self.bytes, self.at) == 0 {
            self.at += 1;
        }
    }

    /// A quoted, raw or multi-line string; a `#` that begins a keyword is passed over.
    fn string(&mut self) {
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        if self.bytes.get(self.at + hashes) != Some(&b'"') {
            self.at += hashes.max(1);
            return;
        }
        self.at += hashes;
        let behind = self.at + 3;
        let has_lines =
            self.next_is(b"\"\"\"") && behind < self.bytes.len() && characters::newline(self.bytes, behind) > 0;
        let quotes = if has_lines { 3 } else { 1 };
        self.at += quotes;
        while self.at < self.bytes.len() {
            if hashes == 0 && self.bytes[self.at] == b'\\' {
                self.escape();
            } else if self.ends_string(quotes, hashes) {
                self.at += quotes + hashes;
                return;
            } else {
                self.at += 1;
            }
        }
    }

    /// A `\` with the character behind it, or with all blanks and line ends there.
    fn escape(&mut self) {
        self.at += 1;
        let start = self.at;
        while self.at < self.bytes.len() && self.blank(self.at) > 0 {
            self.at += self.blank(self.at);
        }
        self.at += usize::from(self.at == start);
    }

    fn ends_string(&self, quotes: usize, hashes: usize) -> bool {
        let rest = &self.bytes[self.at..];
        let is = |range: std::ops::Range<usize>, byte: u8| {
            rest.get(range).is_some_and(|part| part.iter().all(|b| *b == byte))
        };
        is(0..quotes, b'"') && is(quotes..quotes + hashes, b'#')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(text: &str) -> bool {
        parts(FileId(0), text, &mut Problems::default()).is_some()
    }

    #[test]
    fn bombs_are_refused() {
        for bomb in [
            "a {\n".repeat(40),
            "/*".repeat(40),
            "a /-{ ".repeat(30),
            "/-a {".repeat(30),
            "a {/-".repeat(30),
            "a /-\n // c\n{ ".repeat(30),
            "}\n".repeat(40_000),
            "(a)".repeat(1_000),
            format!("//\r{}", "a {".repeat(40)),
            format!("a #\"\"\"\"#\n{}", "a {".repeat(40)),
            format!("/*{}*/", "*".repeat(SIGNS)),
        ] {
            assert!(!admitted(&bomb), "{}", &bomb[..20]);
        }
        assert!(!admitted(&" ".repeat(FILE_BYTES + 1)));
    }

    #[test]
    fn a_block_may_hold_many_parameters() {
        let text = format!("template \"t\" {{ {}\n}}", "a (parameter)\"a\" b=(parameter)\"b\"; ".repeat(500));
        assert!(admitted(&text));
        assert!(!admitted(&text.replace("parameter", "text")));
        assert!(admitted(&"a (b)c\n".repeat(1_000)));
    }

    #[test]
    fn each_block_at_the_top_is_a_part() {
        let text = "a 1\n\n// c\nb { c\n d }\n/-\ne 2; f \"\n\" \\\n 3\ng";
        let parts = parts(FileId(0), text, &mut Problems::default()).unwrap();
        let parts: Vec<&str> = parts.into_iter().map(|part| text[part].trim()).collect();
        assert_eq!(parts, ["a 1", "// c", "b { c\n d }", "/-\ne 2;", "f \"\n\" \\\n 3", "g"]);
    }

    #[test]
    fn a_part_is_never_cut_in_two() {
        for text in [
            "a \\ \r\n 1",
            "a \\ // b\n 1",
            "/- /* b */ \n a",
            "/-\u{a0}\n a",
            "/- \\ \n a",
            "a \" \\ \n b\"",
            "a #\"\"\"\nb\n\"\"\"#",
        ] {
            assert_eq!(parts(FileId(0), text, &mut Problems::default()).unwrap().len(), 1, "{text:?}");
        }
    }

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        let strings = format!("a \"{0}\" #\"{0}\"# \"\"\"\n{0}\n\"\"\"\n", "{".repeat(100));
        assert!(admitted(&strings));
        assert!(admitted(&format!("// {0}\n/* {0} */ b #true", "{".repeat(100))));
        assert!(admitted("a { b { c } }\n/- d { e }\n"));
        assert!(admitted(&format!("{}{}", "a { /- old 1\n".repeat(8), "}".repeat(8))));
    }
}
