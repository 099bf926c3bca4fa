//! Text → blocks with spans.
//!
//! Two readers give the same tree of our own. The strict one is fast and reads files without mistakes. What it does not
//! understand, and all of a file with a mistake, is read by the kdl crate, guarded against hostile input, and explained.
//! No room behind this one notices which of them has read a file. What neither of them reads is no KDL; a third reading,
//! the tolerant one, finds out what is wrong and what was meant.

mod characters;
mod foreign;
pub mod guard;
mod kdl_errors;
mod many;
mod reader;
mod strict;
mod tolerant;

pub use many::read_all;
pub(crate) use many::read_all_by;
pub use reader::{Reader, read, read_by, read_whole};

use crate::span::{Span, Spanned};

/// A KDL node: a word with arguments, properties and children.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The word it begins with.
    pub word: Spanned<String>,
    /// Its arguments, in order.
    pub arguments: Vec<Value>,
    /// Its properties, in order, repeated ones included.
    pub properties: Vec<Property>,
    /// Its children; a block without braces has none.
    pub children: Vec<Block>,
    /// From its word to the last value behind it.
    pub span: Span,
    /// From its word to the end of its children.
    pub extent: Span,
}

impl Block {
    /// Whether a value in it, or in a block inside, is a parameter.
    pub(crate) fn has_references(&self) -> bool {
        let values = self.arguments.iter().chain(self.properties.iter().map(|property| &property.value));
        let is_reference = |value: &Value| matches!(value.value, Scalar::Parameter(_));
        values.into_iter().any(is_reference) || self.children.iter().any(Self::has_references)
    }
}

/// `name=value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The name.
    pub name: Spanned<String>,
    /// The value.
    pub value: Value,
}

/// A value and its place.
pub type Value = Spanned<Scalar>;

/// What KDL can write as a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A string, bare, quoted, raw or multi-line.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// A number with a point or an exponent, as it was written, without `_`.
    Decimal(String),
    /// `#true` or `#false`.
    Bool(bool),
    /// `#null`.
    Null,
    /// `(parameter)"name"`: the value that the use of a template gives a parameter. None is left behind the expansion.
    Parameter(String),
}

impl Scalar {
    /// The kind of value, as messages name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Decimal(_) => "a number with decimals",
            Self::Bool(_) => "`#true` or `#false`",
            Self::Null => "`#null`",
            Self::Parameter(_) => "a parameter",
        }
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) | Self::Decimal(text) => f.write_str(text),
            Self::Parameter(name) => write!(f, "(parameter)\"{name}\""),
            Self::Integer(number) => number.fmt(f),
            Self::Bool(flag) => write!(f, "#{flag}"),
            Self::Null => f.write_str("#null"),
        }
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i32> for Scalar {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}
