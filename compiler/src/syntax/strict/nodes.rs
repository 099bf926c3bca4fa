//! Blocks: their words, what stands behind them, and what a `/-` takes out.

use super::Reader;
use crate::{
    span::Spanned,
    syntax::{Block, Property, Scalar, Value, characters, guard},
};

/// What the `{ }` behind a block's values have been so far.
#[derive(Clone, Copy, PartialEq)]
enum Children {
    None,
    /// Taken out by a `/-`; no value may follow.
    Dashed,
    Read,
}

/// What stands before the name of a parameter; no other type has a meaning.
const PARAMETER: &[u8] = b"(parameter)\"";

/// Whether something is taken out by a `/-`.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Kept,
    TakenOut,
}

impl Reader<'_> {
    /// Blocks up to the `}` that closes them, or up to the end of the file at the top.
    pub(super) fn nodes(&mut self) -> Option<Vec<Block>> {
        let first = self.blocks.len();
        loop {
            self.line_spaces()?;
            self.dashed = false;
            let fate = match self.peek(0) {
                None | Some(b'}') => break,
                Some(b'/') => self.slashdash()?,
                Some(_) => Fate::Kept,
            };
            let block = self.node()?;
            if fate == Fate::Kept {
                self.blocks.push(block);
            }
            self.end_of_node(fate)?;
        }
        Some(self.blocks.drain(first..).collect())
    }

    /// A block ends with its line, with `;`, or with the block around it.
    fn end_of_node(&mut self, fate: Fate) -> Option<()> {
        match self.peek(0) {
            None | Some(b'}') => Some(()),
            Some(b'/') if self.peek(1) == Some(b'/') => Some(()),
            Some(b';') if fate == Fate::Kept => {
                self.at += 1;
                if self.depth == 0 {
                    self.end_part();
                }
                Some(())
            }
            Some(_) => self.newline().then_some(()),
        }
    }

    /// `/-`, and what may stand between it and what it takes out.
    fn slashdash(&mut self) -> Option<Fate> {
        if self.peek(1) != Some(b'-') {
            return None;
        }
        self.at += 2;
        let part = self.part;
        self.line_spaces()?;
        self.part = part;
        self.dashed = true;
        Some(Fate::TakenOut)
    }

    fn node(&mut self) -> Option<Block> {
        let start = self.at;
        let word = self.string()?;
        let word = Spanned::new(word, self.span(start));
        let mut span = word.span;
        let mut kind = Children::None;
        let mut children = Vec::new();
        let (mut arguments, mut properties) = (Vec::new(), Vec::new());
        loop {
            let is_apart = self.node_spaces()?;
            match self.peek(0) {
                None | Some(b'}' | b';') => break,
                Some(b'/') if self.peek(1) == Some(b'/') => break,
                Some(b'/') if is_apart => self.taken_out(&mut kind)?,
                Some(b'{') if kind != Children::Read => {
                    (arguments, properties) = self.values();
                    children = self.children()?;
                    kind = Children::Read;
                }
                Some(_) if characters::newline(self.bytes, self.at) > 0 => break,
                Some(_) if is_apart && kind == Children::None => {
                    self.entry(Fate::Kept)?;
                    span.end = self.offset();
                }
                Some(_) => return None,
            }
        }
        if kind != Children::Read {
            (arguments, properties) = self.values();
        }
        let extent = self.span(start);
        Some(Block { word, arguments, properties, children, span, extent })
    }

    /// The values that were read, in vectors of just their size.
    fn values(&mut self) -> (Vec<Value>, Vec<Property>) {
        (self.arguments.drain(..).collect(), self.properties.drain(..).collect())
    }

    /// What stands behind a `/-` in a block: a value, or its children.
    fn taken_out(&mut self, kind: &mut Children) -> Option<()> {
        self.slashdash()?;
        match (self.peek(0)?, *kind) {
            (b'{', _) => {
                let (arguments, properties) = self.values();
                self.children()?;
                self.arguments.extend(arguments);
                self.properties.extend(properties);
                if *kind == Children::None {
                    *kind = Children::Dashed;
                }
            }
            (_, Children::None) => self.entry(Fate::TakenOut)?,
            (_, Children::Dashed | Children::Read) => return None,
        }
        Some(())
    }

    /// `{ }`. Deeper than the guard admits they are not read, so that no file can use up the stack.
    fn children(&mut self) -> Option<Vec<Block>> {
        let dashed = usize::from(std::mem::take(&mut self.dashed));
        if self.depth == guard::DEPTH || self.dashed_depth + dashed > guard::SLASHDASH_DEPTH {
            return None;
        }
        self.depth += 1;
        self.dashed_depth += dashed;
        self.at += 1;
        let children = self.nodes()?;
        if self.peek(0) != Some(b'}') {
            return None;
        }
        self.at += 1;
        self.dashed = false;
        self.depth -= 1;
        self.dashed_depth -= dashed;
        Some(children)
    }

    /// An argument or a property.
    fn entry(&mut self, fate: Fate) -> Option<()> {
        let start = self.at;
        let Some(word) = self.string_if_any()? else {
            let value = self.value()?;
            if fate == Fate::Kept {
                self.arguments.push(value);
            }
            return Some(());
        };
        let word = Spanned::new(word, self.span(start));
        let end = self.at;
        self.node_spaces()?;
        if self.peek(0) != Some(b'=') {
            self.at = end;
            if fate == Fate::Kept {
                self.arguments.push(Spanned::new(Scalar::Text(word.value), word.span));
            }
            return Some(());
        }
        self.at += 1;
        self.node_spaces()?;
        let value = self.value()?;
        if fate == Fate::Kept {
            self.properties.push(Property { name: word, value });
        }
        Some(())
    }

    /// A value behind a `=`, or one that is no text.
    fn value(&mut self) -> Option<Value> {
        let is_parameter = self.bytes[self.at..].starts_with(PARAMETER);
        self.at += if is_parameter { PARAMETER.len() - 1 } else { 0 };
        let start = self.at;
        let scalar = match self.peek(0)? {
            _ if is_parameter => Scalar::Parameter(self.string()?),
            b'#' if !matches!(self.peek(1), Some(b'#' | b'"')) => self.keyword()?,
            _ if self.is_number() => self.number()?,
            _ => Scalar::Text(self.string()?),
        };
        Some(Spanned::new(scalar, self.span(start)))
    }

    fn keyword(&mut self) -> Option<Scalar> {
        let start = self.at;
        self.at = characters::word_end(self.bytes, start + 1);
        match &self.text[start..self.at] {
            "#true" => Some(Scalar::Bool(true)),
            "#false" => Some(Scalar::Bool(false)),
            "#null" => Some(Scalar::Null),
            written @ ("#nan" | "#inf" | "#-inf") => Some(Scalar::Decimal(written.into())),
            _ => None,
        }
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }
}
