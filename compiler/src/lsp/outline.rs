//! What stands where in a text that may be half written: blocks with their words and values, as far as they are there.
//!
//! Nothing is reported, and nothing is refused. A block that is not closed ends where the next one begins at the left edge.
//! The blocks lie in one row, each with the number of the one around it, so that no nesting is too deep.

use std::ops::Range;

use crate::format::lexer::{Kind, Token, tokens_in_writing};

/// The blocks of a text.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// All of them, in the order of their words.
    pub(super) items: Vec<Item>,
}

/// A word or value and its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spelled {
    /// What it says; quotes and escapes are gone.
    pub(super) text: String,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Whether `(parameter)` stands before it.
    pub(super) is_parameter: bool,
}

impl Spelled {
    /// Nothing yet, at a place.
    pub(super) fn nothing(at: usize) -> Self {
        Self { range: at..at, ..Self::default() }
    }
}

/// A block.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// The block around it.
    pub(super) parent: Option<usize>,
    /// The outermost block around it; at the top it is its own.
    pub(super) top: usize,
    /// Its word.
    pub(super) word: Spelled,
    /// Its arguments.
    pub(super) arguments: Vec<Spelled>,
    /// Its properties; a value that is not there yet is empty and stands behind the `=`.
    pub(super) properties: Vec<(Spelled, Spelled)>,
    /// Where its row ends: at its brace or its line's end.
    pub(super) row_end: usize,
    /// What stands in its braces.
    pub(super) inside: Option<Range<usize>>,
    /// Whether a `/-` stands before it.
    pub(super) dashed: bool,
}

impl Item {
    /// From its word to its end.
    pub(super) fn extent(&self) -> Range<usize> {
        self.word.range.start..self.inside.as_ref().map_or(self.row_end, |inside| inside.end)
    }
}

impl Outline {
    /// The blocks of a text.
    pub(super) fn new(text: &str) -> Self {
        let tokens = tokens_in_writing(text);
        let count = |kind: Kind| tokens.iter().filter(|token| token.kind == kind).count();
        let is_balanced = count(Kind::Open) == count(Kind::Close);
        let mut builder = Builder { text, is_balanced, ..Builder::default() };
        for token in &tokens {
            builder.token(token);
        }
        builder.end_row(text.len());
        builder.end_all(text.len());
        builder.outline
    }

    /// The innermost block whose braces are around a place.
    pub(super) fn around(&self, offset: usize) -> Option<usize> {
        let is_inside = |item: &Item| item.inside.as_ref().is_some_and(|at| at.start <= offset && offset <= at.end);
        self.items.iter().rposition(is_inside)
    }

    /// The block in whose row, from its word on, a place is.
    pub(super) fn row(&self, offset: usize) -> Option<usize> {
        self.items.iter().rposition(|item| item.word.range.start <= offset && offset <= item.row_end)
    }

    /// The blocks from the outermost one to this.
    pub(super) fn path(&self, item: usize) -> Vec<usize> {
        let mut path: Vec<usize> = std::iter::successors(Some(item), |item| self.items[*item].parent).collect();
        path.reverse();
        path
    }

    /// The blocks directly inside of one, or at the top.
    pub(super) fn children(&self, parent: Option<usize>) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.parent == parent && !item.dashed)
    }
}

#[derive(Default)]
struct Builder<'a> {
    text: &'a str,
    outline: Outline,
    /// The blocks whose braces are open.
    open: Vec<usize>,
    /// The block whose row is being read.
    row: Option<usize>,
    /// Whether an `=` was the last word of the row.
    equals: bool,
    /// Whether a `/-` stands before what comes.
    dashed: bool,
    escaped: bool,
    /// Whether the parentheses of a type are open.
    in_type: bool,
    /// Whether the type before what comes is `parameter`.
    is_parameter: bool,
    /// Whether an empty argument stands for the one that comes.
    is_awaited: bool,
    is_balanced: bool,
}

impl Builder<'_> {
    fn token(&mut self, token: &Token<'_>) {
        match token.kind {
            Kind::TypeOpen => (self.in_type, self.is_parameter) = (true, false),
            Kind::TypeClose => self.close_type(token),
            Kind::Newline if self.escaped => self.escaped = false,
            Kind::Newline => {
                self.in_type = false;
                self.end_row(token.start);
            }
            Kind::Semicolon => self.end_row(token.start),
            Kind::Open => self.open(token),
            Kind::Close => {
                self.end_row(token.start);
                self.close(token.start);
            }
            Kind::Slashdash => self.dashed = true,
            Kind::Continuation => self.escaped = true,
            Kind::Equals => self.equals(token),
            Kind::Text | Kind::Word if !self.in_type => self.word(token),
            Kind::Word if token.text == "parameter" => self.is_parameter = true,
            Kind::Text | Kind::Word | Kind::Blank | Kind::LineComment | Kind::BlockComment | Kind::Stray => {}
        }
    }

    /// Behind `(parameter)` stands a value, if only an empty one.
    fn close_type(&mut self, token: &Token<'_>) {
        self.in_type = false;
        let Some(item) = self.row.map(|row| &mut self.outline.items[row]).filter(|_| self.is_parameter) else { return };
        let nothing = Spelled { is_parameter: true, ..Spelled::nothing(token.end()) };
        match item.properties.last_mut() {
            Some((_, value)) if self.equals => *value = nothing,
            _ if self.dashed => {}
            _ => {
                item.arguments.push(nothing);
                self.is_awaited = true;
            }
        }
    }

    fn word(&mut self, token: &Token<'_>) {
        let (is_parameter, is_awaited) = (std::mem::take(&mut self.is_parameter), std::mem::take(&mut self.is_awaited));
        let spelled = Spelled { text: said(token.text), range: token.start..token.end(), is_parameter };
        let is_left = token.start == 0 || self.text.as_bytes()[token.start - 1] == b'\n';
        if self.row.is_none() && !self.is_balanced && is_left && token.kind == Kind::Word {
            self.end_all(token.start);
        }
        let Some(row) = self.row else {
            let parent = self.open.last().copied();
            let item = Item {
                parent,
                top: parent.map_or(self.outline.items.len(), |parent| self.outline.items[parent].top),
                row_end: spelled.range.end,
                word: spelled,
                dashed: std::mem::take(&mut self.dashed),
                ..Item::default()
            };
            self.row = Some(self.outline.items.len());
            return self.outline.items.push(item);
        };
        let (equals, dashed) = (std::mem::take(&mut self.equals), std::mem::take(&mut self.dashed));
        let item = &mut self.outline.items[row];
        if is_awaited {
            item.arguments.pop();
        }
        match item.properties.last_mut() {
            Some((_, value)) if equals => *value = spelled,
            _ if dashed => {}
            _ => item.arguments.push(spelled),
        }
    }

    /// What was an argument is the name of a property.
    fn equals(&mut self, token: &Token<'_>) {
        let Some(item) = self.row.map(|row| &mut self.outline.items[row]) else { return };
        if let Some(name) = item.arguments.pop() {
            item.properties.push((name, Spelled::nothing(token.end())));
            self.equals = true;
        }
    }

    fn open(&mut self, token: &Token<'_>) {
        let Some(row) = self.row.take() else { return };
        let item = &mut self.outline.items[row];
        item.row_end = token.start;
        item.inside = Some(token.end()..self.text.len());
        self.open.push(row);
        (self.equals, self.dashed, self.in_type) = (false, false, false);
        (self.is_parameter, self.is_awaited) = (false, false);
    }

    fn close(&mut self, at: usize) {
        if let Some(item) = self.open.pop()
            && let Some(inside) = &mut self.outline.items[item].inside
        {
            inside.end = at;
        }
    }

    fn end_all(&mut self, at: usize) {
        while !self.open.is_empty() {
            self.close(at);
        }
    }

    fn end_row(&mut self, at: usize) {
        if let Some(row) = self.row.take() {
            self.outline.items[row].row_end = at;
            self.dashed = false;
        }
        (self.equals, self.is_parameter, self.is_awaited) = (false, false, false);
    }
}

/// What a bare word or a string on one line says.
fn said(written: &str) -> String {
    let hashes = written.len() - written.trim_start_matches('#').len();
    let inner = &written[hashes..];
    let Some(inner) = inner.strip_prefix('"') else { return written.to_owned() };
    let inner = inner.strip_suffix(&"#".repeat(hashes)).unwrap_or(inner);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if hashes > 0 { inner.to_owned() } else { inner.replace("\\\"", "\"").replace("\\\\", "\\") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(outline: &Outline) -> Vec<(Option<usize>, &str)> {
        outline.items.iter().map(|item| (item.parent, item.word.text.as_str())).collect()
    }

    #[test]
    fn blocks_and_their_values() {
        let outline = Outline::new("a \"x\" b=1 (t)2 { c /-d e=\n /- f \\\n 3 }\ng");
        assert_eq!(words(&outline), [(None, "a"), (Some(0), "c"), (Some(0), "f"), (None, "g")]);
        let a = &outline.items[0];
        assert_eq!(a.arguments.iter().map(|value| value.text.as_str()).collect::<Vec<_>>(), ["x", "2"]);
        assert_eq!((a.properties[0].0.text.as_str(), a.properties[0].1.text.as_str()), ("b", "1"));
        assert_eq!(outline.items[1].properties[0].1.text, "");
        assert!(outline.items[2].dashed && outline.items[2].arguments.len() == 1);
    }

    #[test]
    fn what_is_half_written_does_not_swallow_what_follows() {
        let outline = Outline::new("a \"x {\n  b {\n    c \"\n\nd \"y\" {\n  e\n}\n");
        assert_eq!(words(&outline), [(None, "a"), (None, "b"), (Some(1), "c"), (None, "d"), (Some(3), "e")]);
        Outline::new(&"a {".repeat(100_000));
    }
}
