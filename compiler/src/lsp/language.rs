//! Where in the language a place of a text is: which block is being written there, and what of it.

use std::ops::Range;

use super::{
    names::{self, Space},
    outline::{Item, Outline, Spelled},
};
use crate::{
    expand,
    fields::{Field, Schema, Shape},
};

/// What stands, or is to stand, at a place.
#[derive(Debug)]
pub(super) struct Here {
    /// The block around it, or that it belongs to; none at the top.
    pub(super) item: Option<usize>,
    /// What that block may hold; none where the language does not know it.
    pub(super) schema: Option<&'static Schema>,
    /// What of the block it is.
    pub(super) part: Part,
    /// The text that stands there, perhaps nothing yet.
    pub(super) spelled: Spelled,
}

/// What of a block stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The word of a block inside of it.
    Word,
    /// The argument of this number.
    Argument(usize),
    /// The name of a property.
    Name,
    /// The value of this property.
    Value(String),
}

/// What is at a place.
pub(super) fn here(outline: &Outline, offset: usize) -> Here {
    let around = outline.around(offset);
    let inner = |item: usize| outline.path(item).len();
    match outline
        .row(offset)
        .filter(|row| around.is_none_or(|around| *row == around || inner(*row) > inner(around) || *row > around))
    {
        Some(row) if outline.items[row].word.range.end < offset => in_row(outline, row, offset),
        Some(row) => {
            let parent = outline.items[row].parent;
            let spelled = outline.items[row].word.clone();
            Here { item: parent, schema: parent.and_then(|item| schema(outline, item)), part: Part::Word, spelled }
        }
        None => {
            let spelled = Spelled { text: String::new(), range: offset..offset };
            Here { item: around, schema: around.and_then(|item| schema(outline, item)), part: Part::Word, spelled }
        }
    }
}

/// What is at a place behind the word of a block.
fn in_row(outline: &Outline, row: usize, offset: usize) -> Here {
    let item = &outline.items[row];
    let touches = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    let (part, spelled) = property(item, &touches).unwrap_or_else(|| {
        let argument = item.arguments.iter().position(|argument| touches(&argument.range));
        let before = item.arguments.iter().take_while(|argument| argument.range.end < offset).count();
        match argument {
            Some(number) => (Part::Argument(number), item.arguments[number].clone()),
            None => (Part::Argument(before), Spelled { text: String::new(), range: offset..offset }),
        }
    });
    Here { item: Some(row), schema: schema(outline, row), part, spelled }
}

fn property(item: &Item, touches: &dyn Fn(&Range<usize>) -> bool) -> Option<(Part, Spelled)> {
    item.properties.iter().find_map(|(name, value)| {
        if touches(&value.range) {
            Some((Part::Value(name.text.clone()), value.clone()))
        } else if touches(&name.range) {
            Some((Part::Name, name.clone()))
        } else {
            None
        }
    })
}

/// What a block may hold, by the words around it.
pub(super) fn schema(outline: &Outline, item: usize) -> Option<&'static Schema> {
    let mut path = outline.path(item).into_iter().map(|item| outline.items[item].word.text.as_str());
    let first = top(path.next()?)?;
    path.try_fold(first, |schema, word| match field(schema, word) {
        Some(field) => field.block,
        None if schema.word == TEMPLATE => top(word),
        None => None,
    })
}

/// What a block inside of a template's use may hold: what the use says is laid over the one workload of the template.
pub(super) fn schema_in_use(outline: &Outline, outlines: &[&Outline], item: usize) -> Option<&'static Schema> {
    let mut path = outline.path(item).into_iter().map(|item| outline.items[item].word.text.as_str());
    let first = workload(outlines, path.next()?)?;
    path.try_fold(first, |schema, word| field(schema, word)?.block)
}

/// What the workload of a template may hold.
fn workload(outlines: &[&Outline], template: &str) -> Option<&'static Schema> {
    let declared = |outline: &&Outline| {
        let mut declared = names::declarations(outline, Space::Template, None).into_iter();
        let found = declared.find(|item| names::name(item).is_some_and(|(name, _)| name == template))?;
        let mut inside = outline.children(Some(found.top)).filter_map(|item| top(&item.word.text));
        inside.find(|schema| schema.all_fields().iter().any(|field| field.word == "container"))
    };
    outlines.iter().find_map(declared)
}

/// The word of a template's block, in which other blocks stand.
pub(super) const TEMPLATE: &str = "template";

/// The block of this word that may stand at the top of a file.
pub(super) fn top(word: &str) -> Option<&'static Schema> {
    expand::blocks().into_iter().find(|schema| schema.word == word)
}

/// The field that a block is, or the value of which it is.
pub(super) fn field_of(outline: &Outline, item: usize) -> Option<&'static Field> {
    field(schema(outline, outline.items[item].parent?)?, &outline.items[item].word.text)
}

/// The field of this word.
pub(super) fn field(schema: &'static Schema, word: &str) -> Option<&'static Field> {
    let named = |field: &&Field| {
        field.word == word && !matches!(field.shape, Shape::Argument | Shape::Rest | Shape::Entries | Shape::Word)
    };
    schema.all_fields().into_iter().find(named)
}

/// The field whose value is at a place.
pub(super) fn value_field(outline: &Outline, here: &Here) -> Option<&'static Field> {
    let item = here.item?;
    match (&here.part, here.schema) {
        (Part::Value(name), Some(schema)) => field(schema, name),
        (Part::Argument(number), Some(schema)) => {
            let fields = schema.all_fields();
            let arguments = fields.iter().filter(|field| field.shape == Shape::Argument);
            let rest = fields.iter().find(|field| field.shape == Shape::Rest);
            arguments.chain(rest).nth(*number).or(rest).copied()
        }
        (Part::Argument(_), None) => field_of(outline, item),
        (Part::Value(_), None) | (Part::Word | Part::Name, _) => None,
    }
}

/// The words of a closed set, as the declaration of a value shows them.
pub(super) fn choices(field: &Field) -> Vec<&'static str> {
    let Some(words) = field.value.strip_prefix("one of ") else { return Vec::new() };
    words.split("`\"").skip(1).filter_map(|rest| rest.split("\"`").next()).collect()
}
