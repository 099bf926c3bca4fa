//! Texts over several lines, quoted and raw: what stands before the closing quotes is taken from each line.

use super::Reader;
use crate::syntax::characters::{self, Class};

const QUOTES: &str = "\"\"\"";

/// Where the lines of a text are.
struct Lines<'a> {
    /// The first one begins here.
    start: usize,
    /// Here begins the one with the closing quotes.
    end: usize,
    /// The blanks before the closing quotes.
    prefix: &'a str,
}

impl<'a> Reader<'a> {
    /// A quoted text whose opening quotes stand here.
    pub(super) fn quoted_lines(&mut self) -> Option<String> {
        let lines = self.lines(Self::stands_before_quotes, Self::pass_quoted_line)?;
        let text = self.unindented(&lines, Self::push_quoted_line)?;
        self.at += QUOTES.len();
        Some(text)
    }

    /// A raw text whose opening quotes stand here.
    pub(super) fn raw_lines(&mut self, hashes: usize) -> Option<String> {
        let ends = |reader: &Self| reader.ends_raw(QUOTES.len(), hashes);
        let lines = self.lines(ends, |reader| reader.pass_raw_line(ends))?;
        let text = self.unindented(&lines, Self::push_raw_line)?;
        self.at += QUOTES.len() + hashes;
        (text != "\"").then_some(text)
    }

    /// Looks for the line with the closing quotes. Each line before it is passed over by `pass`.
    fn lines(&mut self, ends: impl Fn(&Self) -> bool, pass: impl Fn(&mut Self) -> Option<()>) -> Option<Lines<'a>> {
        self.at += QUOTES.len();
        self.end_of_line()?;
        let start = self.at;
        loop {
            let end = self.at;
            self.spaces();
            if ends(self) {
                return Some(Lines { start, end, prefix: &self.text[end..self.at] });
            }
            pass(self)?;
            self.end_of_line()?;
        }
    }

    /// The lines without their prefix, each added by `push`. The reader stands at the closing quotes then.
    fn unindented(&mut self, lines: &Lines, push: fn(&mut Self, &mut String) -> Option<()>) -> Option<String> {
        self.at = lines.start;
        let mut text = String::with_capacity(lines.end - lines.start);
        while self.at < lines.end {
            if self.line_has_content(lines.prefix)? {
                push(self, &mut text)?;
            }
            text.push('\n');
            self.end_of_line()?;
        }
        self.at = lines.end + lines.prefix.len();
        text.pop();
        text.shrink_to_fit();
        Some(text)
    }

    /// Passes over the prefix of a line, and over all of a blank line.
    fn line_has_content(&mut self, prefix: &str) -> Option<bool> {
        let start = self.at;
        self.spaces();
        if characters::newline(self.bytes, self.at) > 0 {
            return Some(false);
        }
        self.at = start + prefix.len();
        self.bytes[start..].starts_with(prefix.as_bytes()).then_some(true)
    }

    fn end_of_line(&mut self) -> Option<()> {
        let length = if self.at < self.bytes.len() { characters::newline(self.bytes, self.at) } else { 0 };
        self.at += length;
        (length > 0).then_some(())
    }

    fn stands_before_quotes(&self) -> bool {
        self.bytes[self.at..].starts_with(QUOTES.as_bytes())
    }

    fn pass_quoted_line(&mut self) -> Option<()> {
        loop {
            self.plain();
            match self.peek(0)? {
                b'"' if self.stands_before_quotes() => return None,
                b'"' => self.at += 1,
                b'\\' => drop(self.escape()?),
                _ => return Some(()),
            }
        }
    }

    fn push_quoted_line(&mut self, text: &mut String) -> Option<()> {
        loop {
            let start = self.at;
            self.plain();
            text.push_str(&self.text[start..self.at]);
            match self.peek(0)? {
                b'"' => {
                    text.push('"');
                    self.at += 1;
                }
                b'\\' => text.extend(self.escape()?),
                _ => return Some(()),
            }
        }
    }

    /// A line of a raw text, in which the closing quotes may not stand.
    fn pass_raw_line(&mut self, ends: impl Fn(&Self) -> bool) -> Option<()> {
        loop {
            self.plain();
            match characters::class(self.bytes, self.at) {
                Class::Quote if ends(self) => return None,
                Class::Quote => self.at += 1,
                Class::Word | Class::Sign | Class::Blank | Class::Wide => return Some(()),
            }
        }
    }

    fn push_raw_line(&mut self, text: &mut String) -> Option<()> {
        let start = self.at;
        self.pass_raw_line(|_| false)?;
        text.push_str(&self.text[start..self.at]);
        Some(())
    }
}
