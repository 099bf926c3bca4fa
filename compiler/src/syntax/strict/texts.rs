//! Texts: bare words, quoted texts on one line, raw ones on one line.

use super::Reader;
use crate::syntax::characters::{self, Class};

/// Words that a text without quotes may not be: each is a keyword without its `#`.
const RESERVED: [&str; 6] = ["true", "false", "null", "inf", "-inf", "nan"];

impl Reader<'_> {
    /// A text, where nothing else may stand.
    pub(super) fn string(&mut self) -> Option<String> {
        self.string_if_any()?
    }

    /// A text, or none where a number, a keyword or a type begins.
    pub(super) fn string_if_any(&mut self) -> Option<Option<String>> {
        match self.peek(0)? {
            b'"' => self.quoted().map(Some),
            b'#' => match self.hashes() {
                Some(hashes) => self.raw(hashes).map(Some),
                None => Some(None),
            },
            b'(' => Some(None),
            _ if self.is_number() => Some(None),
            _ => self.word().map(Some),
        }
    }

    fn word(&mut self) -> Option<String> {
        let start = self.at;
        self.at = characters::word_end(self.bytes, start);
        let word = &self.text[start..self.at];
        let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
        let looks_like_number =
            unsigned.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        (!word.is_empty() && !looks_like_number && !RESERVED.contains(&word)).then(|| word.to_owned())
    }

    fn quoted(&mut self) -> Option<String> {
        if self.bytes[self.at..].starts_with(b"\"\"\"") {
            return self.quoted_lines();
        }
        self.at += 1;
        let start = self.at;
        self.plain();
        if self.peek(0)? == b'"' {
            let text = self.text[start..self.at].to_owned();
            self.at += 1;
            return Some(text);
        }
        let mut text = self.text[start..self.at].to_owned();
        loop {
            match self.peek(0)? {
                b'"' => break,
                b'\\' => text.extend(self.escape()?),
                _ => return None,
            }
            let start = self.at;
            self.plain();
            text.push_str(&self.text[start..self.at]);
        }
        self.at += 1;
        text.shrink_to_fit();
        Some(text)
    }

    /// Passes over what means itself in a quoted text, up to a quote, a `\`, the end of the line, or what is forbidden.
    pub(super) fn plain(&mut self) {
        loop {
            match characters::class(self.bytes, self.at) {
                Class::Word | Class::Sign => self.at += 1,
                Class::Wide | Class::Blank if self.at < self.bytes.len() && !self.breaks_text() => self.at += 1,
                Class::Wide | Class::Blank | Class::Quote => return,
            }
        }
    }

    /// Whether a line end or a forbidden character stands here.
    pub(super) fn breaks_text(&self) -> bool {
        characters::newline(self.bytes, self.at) + characters::forbidden(self.bytes, self.at) > 0
    }

    /// What stands for a `\` and what is behind it; nothing stands for blanks and line ends.
    pub(super) fn escape(&mut self) -> Option<Option<char>> {
        self.at += 1;
        let character = match self.peek(0)? {
            b'\\' => '\\',
            b'"' => '"',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b's' => ' ',
            b'u' => return self.code_point().map(Some),
            _ => return self.blanks_and_lines().then_some(None),
        };
        self.at += 1;
        Some(Some(character))
    }

    /// `u{…}` with one to six digits.
    fn code_point(&mut self) -> Option<char> {
        let rest = self.text[self.at..].strip_prefix("u{")?;
        let digits = &rest[..rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count()];
        let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
        self.at += "u{".len() + digits.len();
        (self.peek(0)? == b'}').then(|| self.at += 1)?;
        Some(character)
    }

    fn blanks_and_lines(&mut self) -> bool {
        let start = self.at;
        while self.at < self.bytes.len() {
            match characters::space(self.bytes, self.at) + characters::newline(self.bytes, self.at) {
                0 => break,
                length => self.at += length,
            }
        }
        self.at > start
    }

    /// How many `#` stand before a quote.
    fn hashes(&self) -> Option<usize> {
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        (self.peek(hashes) == Some(b'"')).then_some(hashes)
    }

    fn raw(&mut self, hashes: usize) -> Option<String> {
        self.at += hashes;
        let has_lines = self.bytes[self.at..].starts_with(b"\"\"\"")
            && self.at + 3 < self.bytes.len()
            && characters::newline(self.bytes, self.at + 3) > 0;
        if has_lines {
            return self.raw_lines(hashes);
        }
        self.at += 1;
        let start = self.at;
        while !self.ends_raw(1, hashes) {
            if self.at >= self.bytes.len() || self.breaks_text() {
                return None;
            }
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        self.at += 1 + hashes;
        (text != "\"").then(|| text.to_owned())
    }

    /// Whether so many quotes and `#` stand here.
    pub(super) fn ends_raw(&self, quotes: usize, hashes: usize) -> bool {
        let rest = &self.bytes[self.at..];
        rest.first() == Some(&b'"')
            && rest.len() >= quotes + hashes
            && rest[..quotes].iter().all(|byte| *byte == b'"')
            && rest[quotes..quotes + hashes].iter().all(|byte| *byte == b'#')
    }
}
