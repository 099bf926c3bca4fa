//! Tokens → lines, each with the level at which it stands.
//!
//! What stands in braces is one level deeper than the line of its block; so is what a block goes on with on the next line.
//! Blocks that open on one line have their contents one level deeper, however many they are, and close where that line
//! begins.

use super::lexer::{Kind, Token, tokens};

/// A line: what stands between two ends of lines that are in no string and no comment.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    /// How deep it stands.
    pub(super) level: usize,
    /// How many columns it was indented by.
    pub(super) indented: usize,
    /// Its tokens but the blanks.
    pub(super) pieces: Vec<Piece<'a>>,
}

/// A token of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// The token.
    pub(super) token: Token<'a>,
    /// Where it stands.
    pub(super) place: Place,
}

/// Where a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where a block may begin.
    Block,
    /// Behind the word of a block.
    Row,
}

/// The columns of one level; a tab is as wide.
pub(super) const INDENT: usize = 4;

/// The lines of a text. A text that ends with its last line's end has no empty line behind it.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut nesting = Nesting::default();
    let all = tokens(text);
    let mut rest = &all[..];
    while !rest.is_empty() {
        let end = rest.iter().position(|token| token.kind == Kind::Newline).unwrap_or(rest.len());
        found.push(nesting.line(&rest[..end]));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found
}

/// How many columns a text of blanks takes.
pub(super) fn width(blanks: &str) -> usize {
    blanks.chars().map(|c| if c == '\t' { INDENT } else { 1 }).sum()
}

/// What is open where a line begins.
#[derive(Default)]
struct Nesting {
    /// For each open brace, the level of its block.
    open: Vec<usize>,
    /// The level of the block that is being read.
    level: usize,
    /// Whether a block has begun and not ended.
    in_row: bool,
    /// Whether a `/-` waits for what it takes out.
    dashed: bool,
    /// Whether the line goes on in the next one.
    escaped: bool,
}

impl Nesting {
    fn line<'a>(&mut self, tokens: &[Token<'a>]) -> Line<'a> {
        let indented = match tokens.first() {
            Some(token) if token.kind == Kind::Blank => width(token.text),
            Some(_) | None => 0,
        };
        let tokens: Vec<Token<'a>> = tokens.iter().copied().filter(|token| token.kind != Kind::Blank).collect();
        let level = self.level_of(&tokens);
        let pieces = tokens.into_iter().map(|token| self.piece(token)).collect();
        if !self.escaped && !self.dashed {
            self.in_row = false;
        }
        self.escaped = false;
        Line { level, indented, pieces }
    }

    fn level_of(&mut self, tokens: &[Token<'_>]) -> usize {
        let closing = tokens.iter().take_while(|token| token.kind == Kind::Close).count();
        if self.in_row && closing == 0 {
            return self.level + 1;
        }
        let inside = self.open.last().map_or(0, |level| level + 1);
        let closed = self.open.get(self.open.len().saturating_sub(closing)).copied();
        self.level = if closing == 0 { inside } else { closed.unwrap_or(inside) };
        self.level
    }

    /// Takes the next token of a line.
    fn piece<'a>(&mut self, token: Token<'a>) -> Piece<'a> {
        let place = if self.in_row { Place::Row } else { Place::Block };
        match token.kind {
            Kind::Open => {
                self.open.push(self.level);
                (self.in_row, self.dashed) = (false, false);
            }
            Kind::Close => {
                self.level = self.open.pop().unwrap_or_default();
                (self.in_row, self.dashed) = (true, false);
            }
            Kind::Semicolon => (self.in_row, self.dashed) = (false, false),
            Kind::Slashdash => self.dashed = true,
            Kind::Continuation => self.escaped = true,
            Kind::Text | Kind::Word | Kind::TypeOpen | Kind::TypeClose | Kind::Equals | Kind::Stray => {
                (self.in_row, self.dashed) = (true, false);
            }
            Kind::Blank | Kind::Newline | Kind::LineComment | Kind::BlockComment => {}
        }
        Piece { token, place }
    }
}
