//! Text → tokens. Nothing is refused: what is no KDL is a token too, and a fault.
//!
//! A text in quotes that is not closed ends with its line, so that one quote does not turn the rest of the file inside
//! out.

use std::ops::Range;

use super::faults::Fault;
use crate::syntax::characters;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of a line.
    Newline,
    /// `;`.
    Semicolon,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// `=`.
    Equals,
    /// `,`.
    Comma,
    /// `[` or `]`.
    Bracket,
    /// `(type)`.
    Type,
    /// `/-`.
    Slashdash,
    /// A text in quotes of any kind.
    Text,
    /// Anything else up to the next blank.
    Word,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its place in the text.
    pub at: Range<usize>,
    /// Where its content stands, for a text in quotes.
    pub inner: Range<usize>,
    /// Whether no blank stands before it.
    pub is_glued: bool,
    /// Whether it is a raw text.
    pub is_raw: bool,
}

/// The tokens of a range of a text, and what is wrong with their form.
pub(super) fn tokens(text: &str, range: Range<usize>) -> (Vec<Token>, Vec<Fault>) {
    let mut lexer =
        Lexer { text: &text[..range.end], at: range.start, glued: false, tokens: Vec::new(), faults: Vec::new() };
    while lexer.at < range.end {
        lexer.next();
    }
    (lexer.tokens, lexer.faults)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    glued: bool,
    tokens: Vec<Token>,
    faults: Vec<Fault>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&mut self) {
        let Some(first) = self.rest().chars().next() else { return };
        match first {
            '\n' => self.push(Kind::Newline, 1),
            ';' => self.push(Kind::Semicolon, 1),
            '{' => self.push(Kind::Open, 1),
            '}' => self.push(Kind::Close, 1),
            '=' => self.push(Kind::Equals, 1),
            ',' => self.push(Kind::Comma, 1),
            '[' | ']' => self.push(Kind::Bracket, 1),
            '/' if self.rest().starts_with("//") => self.at += self.line_rest(),
            '/' if self.rest().starts_with("/*") => self.comment(),
            '/' if self.rest().starts_with("/-") => self.push(Kind::Slashdash, 2),
            '\\' if self.continues() => {}
            '(' => self.type_or_word(),
            '"' => self.quoted(0, 0),
            '#' if self.hashes(0).is_some() => self.quoted(0, self.hashes(0).unwrap_or_default()),
            'r' if self.hashes(1).is_some() => self.quoted(1, self.hashes(1).unwrap_or_default()),
            '\'' | '`' | '“' | '„' if self.foreign(first) => {}
            blank if blank.is_whitespace() || blank == '\u{feff}' => {
                if self.at > 0 {
                    self.check_characters(self.at..self.at + blank.len_utf8());
                }
                self.at += blank.len_utf8();
                self.glued = false;
            }
            _ => self.word(),
        }
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let at = self.at..self.at + length;
        self.put(Token { kind, inner: at.clone(), at, is_glued: self.glued, is_raw: false });
    }

    fn put(&mut self, token: Token) {
        self.check_characters(token.at.clone());
        self.at = token.at.end;
        self.glued = true;
        self.tokens.push(token);
    }

    /// Characters that no file may hold: controls, marks of direction, a byte order mark that is not the first.
    fn check_characters(&mut self, range: Range<usize>) {
        let bytes = self.text.as_bytes();
        let Some(at) = range.clone().find(|at| characters::forbidden(bytes, *at) > 0) else { return };
        let sign = self.text[at..].chars().next().map_or(0, u32::from);
        let message = format!("`U+{sign:04X}` may stand nowhere in a file");
        let hint = format!("take it out; in a text between quotes it is written `\\u{{{sign:x}}}`");
        let at = at..at + characters::forbidden(bytes, at);
        self.faults.push(Fault { is_certain: true, ..Fault::new(at, message, "nobody sees it", hint) });
    }

    /// Bytes up to the end of the line.
    fn line_rest(&self) -> usize {
        self.rest().find('\n').unwrap_or(self.rest().len())
    }

    fn comment(&mut self) {
        let (start, mut depth) = (self.at, 0usize);
        self.glued = false;
        while !self.rest().is_empty() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
        }
        let hint = "write `*/` behind it; a comment of one line begins with `//`";
        let fault = Fault::new(start..start + 2, "this comment has no end", "opened here", hint);
        self.faults.push(Fault { is_open: true, ..fault });
    }

    /// A backslash at the end of a line: the next line goes on with this one.
    fn continues(&mut self) -> bool {
        let line = &self.rest()[1..self.line_rest()];
        let behind = line.trim_start();
        if !behind.is_empty() && !behind.starts_with("//") {
            return false;
        }
        self.at += (self.line_rest() + 1).min(self.rest().len());
        self.glued = false;
        true
    }

    fn type_or_word(&mut self) {
        let line = &self.rest()[..self.line_rest()];
        match line.find(')') {
            Some(end) if !line[1..end].contains([' ', '(', '{', '"']) => {
                let at = self.at..self.at + end + 1;
                let inner = at.start + 1..at.end - 1;
                self.put(Token { kind: Kind::Type, at, inner, is_glued: self.glued, is_raw: false });
                self.glued = false;
            }
            _ => self.word(),
        }
    }

    /// How many `#` stand before a quote.
    fn hashes(&self, skip: usize) -> Option<usize> {
        let rest = self.rest().as_bytes().get(skip..).unwrap_or_default();
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        let is_value = self.tokens.last().is_some_and(|token| token.kind == Kind::Equals);
        (rest.get(hashes) == Some(&b'"') && (skip == 0 || !self.glued || is_value)).then_some(hashes)
    }

    /// A text in double quotes, `old` bytes of KDL 1's `r` and some `#` before it.
    fn quoted(&mut self, old: usize, hashes: usize) {
        let start = self.at;
        let opening = start + old + hashes;
        let quotes = if self.text[opening..].starts_with("\"\"\"") { 3 } else { 1 };
        let inner = opening + quotes;
        let is_raw = hashes > 0 || old > 0;
        let closing = "\"".repeat(quotes) + &"#".repeat(hashes);
        let token = |end: usize, behind: usize| Token {
            kind: Kind::Text,
            at: start..behind,
            inner: inner..end,
            is_glued: self.glued,
            is_raw,
        };
        let found = self.find_closing(inner, &closing, is_raw, quotes == 3 || old > 0);
        let token = match found {
            Some(end) => token(end, end + closing.len()),
            None => {
                let end = if quotes == 3 { self.broken_lines_end(start) } else { self.broken_end(inner) };
                token(end, end)
            }
        };
        if found.is_none() {
            self.faults.push(Fault::unclosed_text(token.at.clone(), quotes == 3));
        } else if old > 0 {
            let content = &self.text[token.inner.clone()];
            self.faults.push(Fault::new(
                token.at.clone(),
                "a raw text has no `r` before it",
                "as KDL 1 wrote it",
                match content.contains('\n') {
                    true => "KDL 2 writes `#\"…\"#`, and over several lines `#\"\"\"` and `\"\"\"#`".to_owned(),
                    false => format!("write `#\"{}\"#`", super::faults::short(content)),
                },
            ));
        }
        if found.is_some() && !is_raw {
            self.check_escapes(token.inner.clone());
        }
        self.put(token);
    }

    /// The first backslash that begins no escape.
    fn check_escapes(&mut self, inner: Range<usize>) {
        let mut at = inner.start;
        while let Some(found) = self.text[at..inner.end].find('\\') {
            let start = at + found;
            let rest = &self.text[start + 1..inner.end];
            let next = rest.chars().next().unwrap_or('\\');
            let is_code = next == 'u' && rest[1..].starts_with('{') && rest.contains('}');
            if !next.is_whitespace() && !"nrts\\\"bf".contains(next) && !is_code {
                let content = super::faults::short(&self.text[inner.clone()]);
                let hint =
                    format!("write `\\\\{next}` for a backslash, or take every sign as it is: `#\"{content}\"#`");
                let end = start + 1 + next.len_utf8();
                let message = format!("`\\{next}` means nothing in a text");
                self.faults.push(Fault::new(start..end.min(inner.end), message, "no escape of KDL", hint));
                return;
            }
            at = self.behind_escape(start).min(inner.end);
        }
    }

    fn find_closing(&self, inner: usize, closing: &str, is_raw: bool, may_span_lines: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = inner;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if !is_raw => at = self.behind_escape(at),
                b'\n' if !may_span_lines => return None,
                b'"' if bytes[at..].starts_with(closing.as_bytes()) => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    /// A backslash takes the next character with it, or all blanks and line ends behind it.
    fn behind_escape(&self, at: usize) -> usize {
        let rest = &self.text[at + 1..];
        match rest.chars().next() {
            Some(blank) if blank.is_whitespace() => at + 1 + rest.len() - rest.trim_start().len(),
            Some(other) => at + 1 + other.len_utf8(),
            None => at + 1,
        }
    }

    /// Where a text ends whose quote is missing: with its line, but for a brace that opens a block.
    fn broken_end(&self, inner: usize) -> usize {
        let line = &self.text[inner..];
        let line = line[..line.find('\n').unwrap_or(line.len())].trim_end();
        inner + line.strip_suffix('{').unwrap_or(line).trim_end().len()
    }

    /// Where a text over several lines ends whose quotes are missing: before the first line that stands as far to the left
    /// as the one where it begins.
    fn broken_lines_end(&self, start: usize) -> usize {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let own = indent(&self.text[line_start..]);
        let mut end = start + self.text[start..].find('\n').unwrap_or(self.text.len() - start);
        for line in self.text[end..].split_inclusive('\n').skip(1) {
            if !line.trim().is_empty() && indent(line) <= own {
                break;
            }
            end += line.len();
        }
        end.min(self.text.len())
    }

    /// A text in quotes of another language, where it is closed on its line.
    fn foreign(&mut self, quote: char) -> bool {
        let closing = match quote {
            '“' | '„' => '”',
            other => other,
        };
        let length = quote.len_utf8();
        let line = &self.rest()[..self.line_rest()];
        let closed = line[length..].find(|c| c == closing || (quote == '„' && c == '“'));
        let Some(end) =
            closed.filter(|_| !self.glued || !self.tokens.last().is_some_and(|last| last.kind == Kind::Word))
        else {
            return false;
        };
        let inner = self.at + length..self.at + length + end;
        let behind = inner.end + self.text[inner.end..].chars().next().map_or(0, char::len_utf8);
        let at = self.at..behind;
        let content = super::faults::short(&self.text[inner.clone()]);
        let hint = format!("write `\"{content}\"`");
        let message = "a text stands between double quotes";
        self.faults.push(Fault { is_certain: true, ..Fault::new(at.clone(), message, "other quotes", hint) });
        self.put(Token { kind: Kind::Text, at, inner, is_glued: self.glued, is_raw: true });
        true
    }

    fn word(&mut self) {
        let rest = self.rest();
        let mut length = rest.chars().next().map_or(1, char::len_utf8);
        while let Some(next) = rest[length..].chars().next() {
            let is_comment = rest[length..].starts_with("/*")
                || (rest[length..].starts_with("//") && !rest[..length].ends_with(':'));
            if next.is_whitespace() || "{};\"=()[]".contains(next) || is_comment {
                break;
            }
            length += next.len_utf8();
        }
        let word = &rest[..length];
        let without = word.trim_end_matches(',').len();
        self.push(Kind::Word, if without == 0 { length } else { without });
    }
}
