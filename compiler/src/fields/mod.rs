//! A field is declared once: its word, its Kubernetes name, its type, its default and one sentence about it.
//!
//! The macro [`block!`](crate::block) makes of such declarations the type that holds a block, the function that reads
//! it, and the [`Schema`] from which `wlc explain` and the book's reference come.

pub mod choice;
mod macros;
mod meant;
mod read;
pub mod reference;
mod right_line;
pub mod value;

pub(crate) use meant::sign;
pub(crate) use read::report_missing_end;
pub use read::{Part, Reader};
pub use value::{FromScalar, Refusal};

use crate::{
    diagnostics::Problems,
    span::Spanned,
    syntax::{Block, Scalar},
};

/// What a block of the language may hold.
#[derive(Debug)]
pub struct Schema {
    /// The word that it begins with.
    pub word: &'static str,
    /// What Kubernetes calls it; empty where Kubernetes has no such thing.
    pub kubernetes: &'static str,
    /// What it is, in a few sentences.
    pub doc: &'static str,
    /// Whether it is carried out.
    pub carried: Carried,
    /// Its fields, in the order of the reference.
    pub fields: &'static [Field],
    /// Words of the language that this version does not carry out.
    pub absent: &'static [&'static str],
}

/// One field of a block.
#[derive(Debug)]
pub struct Field {
    /// Its word.
    pub word: &'static str,
    /// What Kubernetes calls it; empty where Kubernetes has no such thing.
    pub kubernetes: &'static str,
    /// How it is written.
    pub shape: Shape,
    /// What a value of it looks like.
    pub value: &'static str,
    /// Its default as it would be written; none where there is none.
    pub default: Option<&'static str>,
    /// One sentence.
    pub doc: &'static str,
    /// Whether it is carried out.
    pub carried: Carried,
    /// Words of its closed set that no build carries out.
    pub refused: &'static [&'static str],
    /// The schema of the block that it is, where it is one.
    pub block: Option<&'static Schema>,
}

/// Whether a build carries out what a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// It is carried out.
    Out,
    /// It is read and checked, and a build refuses it.
    NotInThisVersion,
}

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A value behind the block's word, at its place in the row.
    Argument,
    /// All values behind the block's word from here on.
    Rest,
    /// `word=value`, or a child `word value`.
    Property,
    /// A child without a value, or `word=#true`.
    Flag,
    /// A child with values of its own: `word value value`.
    List,
    /// A block of its own, once.
    Child,
    /// A block of its own, as often as wanted.
    Children,
    /// `word=value`, or blocks `word value { … }` as often as wanted, where there is more to say.
    Either,
    /// Blocks whose words are the user's own, such as the variables of `env`.
    Entries,
    /// The block's own word, which is the user's.
    Word,
    /// A group of fields that are written in this block itself.
    Part,
}

impl Field {
    /// Whether it is carried out: neither it nor the block that it is says otherwise.
    pub fn is_carried_out(&self) -> bool {
        self.carried == Carried::Out && self.block.is_none_or(|block| block.carried == Carried::Out)
    }
}

impl Schema {
    /// All fields that may be written in the block, those of its groups included.
    pub fn all_fields(&self) -> Vec<&'static Field> {
        let own = |field: &'static Field| match (field.shape, field.block) {
            (Shape::Part, Some(group)) => group.all_fields(),
            _ => vec![field],
        };
        self.fields.iter().flat_map(own).collect()
    }

    /// A field that may be written in the block, one of a group included.
    pub fn field(&self, is_meant: &impl Fn(&Field) -> bool) -> Option<&'static Field> {
        self.fields.iter().find_map(|field| match (field.shape, field.block) {
            (Shape::Part, Some(group)) => group.field(is_meant),
            _ => Some(field).filter(|field| is_meant(field)),
        })
    }

    /// All words that this version does not carry out, those of its groups included.
    pub fn all_absent(&self) -> Vec<&'static str> {
        let groups = self.fields.iter().filter(|field| field.shape == Shape::Part).filter_map(|field| field.block);
        self.absent.iter().copied().chain(groups.flat_map(Schema::all_absent)).collect()
    }
}

/// A block that can be read from its syntax.
pub trait FromBlock: Sized {
    /// What it may hold.
    const SCHEMA: &'static Schema;

    /// Reads its fields from a block that is open. None where one of them cannot be held.
    fn from_reader(reader: &mut Reader<'_>) -> Option<Self>;

    /// Reads it. What is wrong is reported; a block that cannot be held is none, and its siblings are read all the same.
    fn from_block(block: &Block, problems: &mut Problems) -> Option<Self> {
        let mut reader = Reader::open(block, Self::SCHEMA, problems);
        let read = Self::from_reader(&mut reader);
        reader.close();
        read
    }
}

/// Blocks that are read and checked, and that no stage asks for: what they say is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked;

/// A child with a row of values, as a block holds it.
pub type List<T> = Option<Spanned<Vec<Spanned<T>>>>;

/// A default, as it would be written in a file.
pub(crate) fn default_scalar(text: impl Into<Scalar>) -> Scalar {
    text.into()
}

#[cfg(test)]
mod tests;
