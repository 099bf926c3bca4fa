//! The formatter: the same tokens in the same lines, with the blanks of the house.
//!
//! It keeps every comment and the spelling of every value and moves nothing to another line. What it wrote is read again
//! and must say the same; a text of which it cannot show that stays as it is. Formatting twice changes nothing.

mod layout;
pub mod lexer;
mod lines;
mod strings;

use lexer::{Kind, Token};
use strings::Strings;

use crate::{
    diagnostics::Problems,
    sources::Sources,
    syntax::{self, Block, Property},
};

/// Why a text stays as it is.
#[derive(Debug)]
pub enum Unformatted {
    /// It cannot be read.
    Broken {
        /// The file alone.
        sources: Box<Sources>,
        /// Why.
        problems: Box<Problems>,
    },
    /// It would not say the same any more. That is a mistake of the formatter.
    WouldChange,
}

/// The text of a file as it should stand.
pub fn format(path: &str, text: &str) -> Result<String, Unformatted> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let blocks = read(path, text)?;
    for strings in [Strings::Move, Strings::Keep] {
        let formatted = layout::layout(text, strings);
        if formatted == text || says_the_same(path, &blocks, text, &formatted, strings) {
            return Ok(formatted);
        }
    }
    Err(Unformatted::WouldChange)
}

fn read(path: &str, text: &str) -> Result<Vec<Block>, Unformatted> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let mut problems = Problems::default();
    let blocks = syntax::read_whole(file, sources.file(file), &mut problems);
    blocks.ok_or(Unformatted::Broken { sources: Box::new(sources), problems: Box::new(problems) })
}

/// Whether a formatted text has the blocks and the tokens of the original, and is formatted.
fn says_the_same(path: &str, blocks: &[Block], text: &str, formatted: &str, strings: Strings) -> bool {
    let read = read(path, formatted);
    read.is_ok_and(|read| same_blocks(blocks, &read))
        && tokens(text).eq(tokens(formatted))
        && layout::layout(formatted, strings) == formatted
}

/// Kind and spelling of all tokens but blanks. Strings are compared as values with their blocks.
fn tokens(text: &str) -> impl Iterator<Item = (Kind, String)> + use<> {
    let all = lexer::tokens(text).into_iter().filter(|token| !matches!(token.kind, Kind::Blank | Kind::Newline));
    let found: Vec<_> = all.map(|token| (token.kind, spelling(&token))).collect();
    found.into_iter()
}

fn spelling(token: &Token<'_>) -> String {
    if token.kind == Kind::Text && token.text.contains('\n') {
        return String::new();
    }
    token.text.replace("\r\n", "\n").trim_end().to_owned()
}

/// Whether two rows of blocks say the same; where they stand does not matter.
pub fn same_blocks(one: &[Block], other: &[Block]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_block(one, other))
}

fn same_block(one: &Block, other: &Block) -> bool {
    let same_property =
        |one: &Property, other: &Property| one.name.value == other.name.value && one.value.value == other.value.value;
    one.word.value == other.word.value
        && one.arguments.iter().map(|value| &value.value).eq(other.arguments.iter().map(|value| &value.value))
        && one.properties.len() == other.properties.len()
        && one.properties.iter().zip(&other.properties).all(|(one, other)| same_property(one, other))
        && same_blocks(&one.children, &other.children)
}

#[cfg(test)]
mod tests;
