//! A small reader for files without mistakes, many times as fast as the kdl crate.
//!
//! It reads a file only where it understands all of it, and then gives the blocks that the kdl crate would have given:
//! the same values in the same order at the same places. About anything that is wrong, rare or unclear it says nothing,
//! and the kdl crate reads the file and explains what is wrong with it. So it has no messages, and where the language
//! leaves a choice it is the narrower one.
//!
//! The limits of the guard hold here as well: a file is no better for being read by this reader.

mod blanks;
mod lines;
mod nodes;
mod numbers;
mod texts;

use std::ops::Range;

use super::{Block, Property, Value, guard};
use crate::span::{FileId, Span};

/// Machines and people rarely write shorter blocks; what is kept for the blocks of a file need not grow then.
const BYTES_OF_A_BLOCK: usize = 32;
/// Few blocks have more arguments, and few more properties.
const VALUES_OF_A_BLOCK: usize = 16;

/// The blocks of a file; none where this reader does not understand every byte of it.
pub(super) fn read(file: FileId, text: &str) -> Option<Vec<Block>> {
    read_part(file, text, 0..text.len())
}

/// The blocks of a part of a file that holds whole ones.
pub(super) fn read_part(file: FileId, text: &str, part: Range<usize>) -> Option<Vec<Block>> {
    if text.len() > guard::FILE_BYTES {
        return None;
    }
    let mut reader = Reader::new(file, &text[..part.end], part.start);
    let blocks = reader.document()?;
    let is_small = reader.longest_part <= guard::SIGNS;
    (is_small || guard::admits(&text[part])).then_some(blocks)
}

/// Where the reader stands, and what it has found but not given to a block.
struct Reader<'a> {
    file: FileId,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How many blocks are open.
    depth: usize,
    /// How many of them opened behind a `/-` on their line.
    dashed_depth: usize,
    /// Whether a `/-` stands before on this line.
    dashed: bool,
    /// Where the last line at the top ended.
    part: usize,
    /// Most bytes between two ends of lines at the top.
    longest_part: usize,
    /// The blocks before this one at each level that is open.
    blocks: Vec<Block>,
    /// The arguments of the block that is being read.
    arguments: Vec<Value>,
    /// Its properties.
    properties: Vec<Property>,
}

impl<'a> Reader<'a> {
    fn new(file: FileId, text: &'a str, start: usize) -> Self {
        Self {
            file,
            text,
            bytes: text.as_bytes(),
            at: start,
            depth: 0,
            dashed_depth: 0,
            dashed: false,
            part: start,
            longest_part: 0,
            blocks: Vec::with_capacity(text.len() / BYTES_OF_A_BLOCK),
            arguments: Vec::with_capacity(VALUES_OF_A_BLOCK),
            properties: Vec::with_capacity(VALUES_OF_A_BLOCK),
        }
    }

    fn document(&mut self) -> Option<Vec<Block>> {
        if self.text[self.at..].starts_with('\u{feff}') {
            self.at += '\u{feff}'.len_utf8();
        }
        let blocks = self.nodes()?;
        self.end_part();
        (self.at == self.bytes.len()).then_some(blocks)
    }

    /// The byte at the place, or one behind it.
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.file, start, self.at)
    }

    /// Takes note of the end of a line at the top, where the guard may end what it counts.
    fn end_part(&mut self) {
        self.longest_part = self.longest_part.max(self.at - self.part);
        self.part = self.at;
    }
}

#[cfg(test)]
mod tests;
