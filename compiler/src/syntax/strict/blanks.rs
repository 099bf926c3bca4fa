//! Blanks, comments, continued lines and ends of lines.

use super::Reader;
use crate::syntax::{
    characters::{self, Class},
    guard,
};

impl Reader<'_> {
    /// Passes over blanks, `/* */` and continued lines. Whether there were any.
    pub(super) fn node_spaces(&mut self) -> Option<bool> {
        let start = self.at;
        loop {
            match self.peek(0) {
                Some(b'\\') => self.continued_line()?,
                Some(b'/') if self.peek(1) == Some(b'*') => self.comment()?,
                Some(_) => match characters::space(self.bytes, self.at) {
                    0 => break,
                    length => self.at += length,
                },
                None => break,
            }
        }
        Some(self.at > start)
    }

    /// Passes over blanks, comments of both kinds and ends of lines.
    pub(super) fn line_spaces(&mut self) -> Option<()> {
        loop {
            self.node_spaces()?;
            match self.peek(0) {
                Some(b'/') if self.peek(1) == Some(b'/') => self.line_comment(),
                Some(_) if self.newline() => {}
                Some(_) | None => return Some(()),
            }
        }
    }

    /// Passes over the end of a line, if one stands here.
    pub(super) fn newline(&mut self) -> bool {
        let length = characters::newline(self.bytes, self.at);
        self.at += length;
        if length > 0 && self.depth == 0 {
            self.end_part();
        }
        length > 0
    }

    /// What stands behind `//`, up to the end of the line.
    pub(super) fn line_comment(&mut self) {
        while self.at < self.bytes.len() {
            let may_end = matches!(characters::class(self.bytes, self.at), Class::Blank | Class::Wide);
            if may_end && characters::newline(self.bytes, self.at) > 0 {
                return;
            }
            self.at += 1;
        }
    }

    /// `\`, and nothing but blanks and a `//` comment up to the end of the line.
    fn continued_line(&mut self) -> Option<()> {
        self.at += 1;
        self.spaces();
        if self.bytes[self.at..].starts_with(b"//") {
            self.line_comment();
        }
        if self.at == self.bytes.len() {
            return Some(());
        }
        match characters::newline(self.bytes, self.at) {
            0 => None,
            length => {
                self.at += length;
                Some(())
            }
        }
    }

    /// Passes over blanks alone.
    pub(super) fn spaces(&mut self) {
        while self.at < self.bytes.len() {
            match characters::space(self.bytes, self.at) {
                0 => return,
                length => self.at += length,
            }
        }
    }

    /// `/* */`, with others inside.
    fn comment(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match (self.peek(0)?, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
            if depth > guard::COMMENT_DEPTH {
                return None;
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}
