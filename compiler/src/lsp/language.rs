//! Where in the language a place of a text is: which block is being written there, and what of it.

use std::ops::Range;

use super::{
    outline::{Item, Outline, Spelled},
    templates,
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

/// What is at a place of the first outline.
pub(super) fn here(outlines: &[&Outline], offset: usize) -> Here {
    let outline = outlines[0];
    let around = outline.around(offset);
    let inner = |item: usize| outline.path(item).len();
    match outline
        .row(offset)
        .filter(|row| around.is_none_or(|around| *row == around || inner(*row) > inner(around) || *row > around))
    {
        Some(row) if outline.items[row].word.range.end < offset => in_row(outlines, row, offset),
        Some(row) => {
            let parent = outline.items[row].parent;
            let spelled = outline.items[row].word.clone();
            Here { item: parent, schema: parent.and_then(|item| schema(outlines, item)), part: Part::Word, spelled }
        }
        None => {
            let schema = around.and_then(|item| schema(outlines, item));
            Here { item: around, schema, part: Part::Word, spelled: Spelled::nothing(offset) }
        }
    }
}

/// What is at a place behind the word of a block.
fn in_row(outlines: &[&Outline], row: usize, offset: usize) -> Here {
    let item = &outlines[0].items[row];
    let touches = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    let (part, spelled) = property(item, &touches).unwrap_or_else(|| {
        let argument = item.arguments.iter().position(|argument| touches(&argument.range));
        let before = item.arguments.iter().take_while(|argument| argument.range.end < offset).count();
        match argument {
            Some(number) => (Part::Argument(number), item.arguments[number].clone()),
            None => (Part::Argument(before), Spelled::nothing(offset)),
        }
    });
    Here { item: Some(row), schema: schema(outlines, row), part, spelled }
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

/// What a block of the first outline may hold, by the words around it. What a use of a template says is laid over the one
/// workload of the template.
pub(super) fn schema(outlines: &[&Outline], item: usize) -> Option<&'static Schema> {
    let outline = outlines[0];
    let mut path = outline.path(item).into_iter().map(|item| outline.items[item].word.text.as_str());
    let first = path.next()?;
    let first = top(first)
        .filter(|_| first != "use")
        .or_else(|| laid_over(outlines, &outline.items[outline.items[item].top]))?;
    path.try_fold(first, |schema, word| match field(schema, word) {
        Some(field) => field.block,
        None if schema.word == TEMPLATE => top(word),
        None => entry(schema).and_then(|field| field.block),
    })
}

/// The field of a block whose inner blocks begin with words of the author, such as the variables of `env`.
pub(super) fn entry(schema: &'static Schema) -> Option<&'static Field> {
    schema.all_fields().into_iter().find(|field| field.shape == Shape::Entries)
}

/// What the one workload of the template that a block uses may hold.
fn laid_over(outlines: &[&Outline], block: &Item) -> Option<&'static Schema> {
    let template = templates::used(outlines, block)?;
    let is_workload = |schema: &&Schema| schema.all_fields().iter().any(|field| field.word == "container");
    let mut workloads = template.inside().filter_map(|item| top(&item.word.text)).filter(is_workload);
    workloads.next().filter(|_| workloads.next().is_none())
}

/// The name of the parameter at a place, where it is one of the template that is used there.
pub(super) fn parameter_at(outlines: &[&Outline], here: &Here) -> Option<String> {
    let item = &outlines[0].items[here.item?];
    let top = &outlines[0].items[item.top];
    let name = match &here.part {
        Part::Word | Part::Name if item.parent.is_none() => here.spelled.text.as_str(),
        Part::Value(name) if item.parent.is_none() => name,
        Part::Argument(_) if item.parent == Some(item.top) => &item.word.text,
        Part::Word | Part::Name | Part::Value(_) | Part::Argument(_) => return None,
    };
    let is_use = top.word.text == "use" || self::top(&top.word.text).is_none();
    templates::used(outlines, top).filter(|_| is_use)?.parameter(name).map(|_| name.to_owned())
}

/// The word of a template's block, in which other blocks stand.
pub(super) const TEMPLATE: &str = "template";

/// The block of this word that may stand at the top of a file.
pub(super) fn top(word: &str) -> Option<&'static Schema> {
    expand::blocks().into_iter().find(|schema| schema.word == word)
}

/// The field that a block is, or the value of which it is.
pub(super) fn field_of(outlines: &[&Outline], item: usize) -> Option<&'static Field> {
    let item = &outlines[0].items[item];
    let schema = schema(outlines, item.parent?)?;
    field(schema, &item.word.text).or_else(|| entry(schema))
}

/// The field of this word.
pub(super) fn field(schema: &'static Schema, word: &str) -> Option<&'static Field> {
    let named = |field: &&Field| {
        field.word == word && !matches!(field.shape, Shape::Argument | Shape::Rest | Shape::Entries | Shape::Word)
    };
    schema.all_fields().into_iter().find(named)
}

/// The field whose value is at a place.
pub(super) fn value_field(outlines: &[&Outline], here: &Here) -> Option<&'static Field> {
    let item = here.item?;
    match (&here.part, here.schema) {
        (Part::Value(name), Some(schema)) => field(schema, name),
        (Part::Argument(number), Some(schema)) => {
            let fields = schema.all_fields();
            let arguments = fields.iter().filter(|field| field.shape == Shape::Argument);
            let rest = fields.iter().find(|field| field.shape == Shape::Rest);
            arguments.chain(rest).nth(*number).or(rest).copied()
        }
        (Part::Argument(_), None) => field_of(outlines, item),
        (Part::Value(_), None) | (Part::Word | Part::Name, _) => None,
    }
}

/// The words of a closed set, as the declaration of a value shows them.
pub(super) fn choices(field: &Field) -> Vec<&'static str> {
    let Some(words) = field.value.strip_prefix("one of ") else { return Vec::new() };
    words.split("`\"").skip(1).filter_map(|rest| rest.split("\"`").next()).collect()
}
