//! What the editor is told about a place: what may be written there, what it means, where its name is declared.

use std::ops::Range;

use serde_json::{Value, json};

use super::{
    document::Document,
    language::{self, Here, Part},
    names::{self, Space},
    outline::{Item, Outline},
};
use crate::{
    expand,
    fields::{Field, Schema, Shape, reference},
};

/// The protocol's numbers for kinds of completions.
const KEYWORD: u32 = 14;
const PROPERTY: u32 = 10;
const VALUE: u32 = 12;
const REFERENCE: u32 = 18;

/// What may be written at a place.
pub(super) fn completions(document: &Document, outline: &Outline, outlines: &[&Outline], offset: usize) -> Value {
    let mut here = language::here(outline, offset);
    let in_use = here.item.filter(|_| here.schema.is_none());
    let laid_over = in_use.and_then(|item| language::schema_in_use(outline, outlines, item));
    let is_inside = here.item.is_some_and(|item| outline.items[item].parent.is_some());
    here.schema = here.schema.or(laid_over.filter(|_| is_inside));
    let mut items = match (&here.part, here.schema) {
        (Part::Word, None) if here.item.is_none() => blocks(outlines),
        (Part::Word, None) => parameters(outline, outlines, &here)
            .into_iter()
            .chain(laid_over.map(children).unwrap_or_default())
            .collect(),
        (Part::Word, Some(schema)) if schema.word == language::TEMPLATE => {
            children(schema).into_iter().chain(blocks(&[])).collect()
        }
        (Part::Word, Some(schema)) => children(schema),
        (Part::Argument(_) | Part::Name, None) => parameters(outline, outlines, &here),
        (Part::Name, Some(schema)) => properties(schema, outline, &here),
        _ => Vec::new(),
    };
    items.extend(values(outline, outlines, &here));
    if let (Part::Argument(_), Some(schema)) = (&here.part, here.schema) {
        items.extend(properties(schema, outline, &here));
    }
    let range = document.range(&here.spelled.range);
    for item in &mut items {
        let text = item["insertText"].take();
        item["textEdit"] = json!({ "range": range, "newText": text });
        if let Some(object) = item.as_object_mut() {
            object.remove("insertText");
        }
    }
    json!({ "isIncomplete": false, "items": items })
}

fn entry(label: &str, kind: u32, text: String, detail: &str, doc: &str) -> Value {
    let doc = json!({ "kind": "markdown", "value": doc.trim() });
    json!({ "label": label, "kind": kind, "insertText": text, "filterText": text, "detail": detail, "documentation": doc })
}

/// The blocks that may stand at the top, templates by their own names.
fn blocks(outlines: &[&Outline]) -> Vec<Value> {
    let own = expand::blocks()
        .into_iter()
        .map(|schema| entry(schema.word, KEYWORD, schema.word.to_owned(), "block", schema.doc));
    let templates = outlines.iter().flat_map(|outline| names::declarations(outline, Space::Template, None));
    let uses = templates
        .filter_map(|item| names::name(item))
        .map(|(name, _)| entry(name, KEYWORD, name.to_owned(), "template", ""));
    own.chain(uses).collect()
}

/// The parameters of the template that is used at a place.
fn parameters(outline: &Outline, outlines: &[&Outline], here: &Here) -> Vec<Value> {
    let Some(user) = here.item.map(|item| &outline.items[item]).filter(|item| item.parent.is_none()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for other in outlines {
        for template in names::declarations(other, Space::Template, None) {
            let is_used = names::name(template).is_some_and(|(name, _)| name == user.word.text);
            let inside = other.children(Some(template.top)).filter(|item| is_used && item.word.text == "parameter");
            let is_bare = matches!(here.part, Part::Name | Part::Word);
            let text = |name: &str| if is_bare { name.to_owned() } else { format!("{name}=") };
            found.extend(
                inside.filter_map(names::name).map(|(name, _)| entry(name, PROPERTY, text(name), "parameter", "")),
            );
        }
    }
    found
}

/// The words that may begin a line inside of a block.
fn children(schema: &'static Schema) -> Vec<Value> {
    let is_child =
        |field: &&Field| !matches!(field.shape, Shape::Argument | Shape::Rest | Shape::Entries | Shape::Word);
    let fields = schema.all_fields().into_iter().filter(is_child);
    fields.map(|field| entry(field.word, KEYWORD, field.word.to_owned(), field.value, &about(field))).collect()
}

/// The properties that may stand in the row of a block and do not yet.
fn properties(schema: &'static Schema, outline: &Outline, here: &Here) -> Vec<Value> {
    let written = here.item.map(|item| &outline.items[item].properties[..]).unwrap_or_default();
    let is_new = |field: &&Field| {
        let of_another = |name: &super::outline::Spelled| name.text == field.word && name.range != here.spelled.range;
        !written.iter().any(|(name, _)| of_another(name))
    };
    let is_property = |field: &&Field| matches!(field.shape, Shape::Property | Shape::Flag | Shape::Either);
    let fields = schema.all_fields().into_iter().filter(is_property).filter(is_new);
    let text = |field: &Field| match (field.shape == Shape::Flag, here.part == Part::Name) {
        (true, _) => format!("{}=#true", field.word),
        (false, true) => field.word.to_owned(),
        (false, false) => format!("{}=", field.word),
    };
    fields.map(|field| entry(field.word, PROPERTY, text(field), field.value, &about(field))).collect()
}

/// Values: the words of a closed set, declared names, `#true` and `#false`.
fn values(outline: &Outline, outlines: &[&Outline], here: &Here) -> Vec<Value> {
    let mut found = Vec::new();
    if let Some(space) = names::referred(outline, here) {
        let names = names::known(outlines, outline, here, space);
        found.extend(names.iter().map(|name| entry(name, REFERENCE, quoted(name), "declared", "")));
    }
    if let Some(field) = language::value_field(outline, here) {
        let words = language::choices(field);
        found.extend(words.iter().map(|word| entry(word, VALUE, quoted(word), field.word, "")));
        if field.value.contains("`#true`") && field.shape != Shape::Flag {
            found.extend(["#true", "#false"].map(|word| entry(word, VALUE, word.to_owned(), field.word, "")));
        }
    }
    found
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A field for people: what it is, its value, its default, what Kubernetes calls it.
fn about(field: &Field) -> String {
    let mut text = format!("{}\n\nValue: {}", field.doc.trim(), field.value);
    if let Some(default) = field.default {
        text.push_str(&format!("\n\nDefault: `{default}`"));
    }
    if !field.kubernetes.is_empty() {
        text.push_str(&format!("\n\nKubernetes: `{}`", field.kubernetes));
    }
    if !field.is_carried_out() {
        text.push_str("\n\nRead and checked; this version of wlc does not carry it out.");
    }
    text
}

/// What stands at a place means.
pub(super) fn hover(document: &Document, outline: &Outline, offset: usize) -> Value {
    let here = language::here(outline, offset);
    if here.spelled.text.is_empty() {
        return Value::Null;
    }
    let text = match (&here.part, here.schema) {
        (Part::Word, None) if here.item.is_none() => {
            language::top(&here.spelled.text).map(|schema| block(schema.word, schema))
        }
        (Part::Word | Part::Name, Some(schema)) => language::field(schema, &here.spelled.text).map(|field| {
            let title = format!("**`{}`**\n\n{}", field.word, about(field));
            field.block.map_or(title, |inner| block(field.word, inner))
        }),
        (Part::Argument(_) | Part::Value(_), _) => {
            language::value_field(outline, &here).map(|field| format!("**`{}`**\n\n{}", field.word, about(field)))
        }
        (Part::Word | Part::Name, None) => None,
    };
    text.map_or(Value::Null, |text| {
        json!({ "contents": { "kind": "markdown", "value": text }, "range": document.range(&here.spelled.range) })
    })
}

fn block(word: &str, schema: &Schema) -> String {
    format!("**`{word}`**\n\n```text\n{}```", reference::block_text(word, schema))
}

/// Where the name at a place is declared: places by the number of the outline.
pub(super) fn definitions(outlines: &[&Outline], own: usize, offset: usize) -> Vec<(usize, Range<usize>)> {
    let outline = outlines[own];
    let here = language::here(outline, offset);
    let template = here.part == Part::Word && here.item.is_none() && language::top(&here.spelled.text).is_none();
    let space = if template { Some(Space::Template) } else { names::referred(outline, &here) };
    let Some(space) = space else { return Vec::new() };
    let is_own = matches!(space, Space::Volume | Space::Claim | Space::Container | Space::Port);
    let mut found = Vec::new();
    for (number, other) in outlines.iter().enumerate().filter(|(number, _)| !is_own || *number == own) {
        let within = if is_own { here.item } else { None };
        for item in names::declarations(other, space, within) {
            if let Some((_, range)) = names::name(item).filter(|_| is_meant(outline, &here, item, space)) {
                found.push((number, range));
            }
        }
    }
    found
}

/// Whether a declaration is the one that is meant; of labels, the key or a value of it.
fn is_meant(outline: &Outline, here: &Here, declared: &Item, space: Space) -> bool {
    let said = |number: usize| declared.arguments.get(number).map(|value| value.text.as_str());
    match (&here.part, space) {
        (Part::Argument(number), Space::Label) if *number > 0 => {
            let key = here.item.and_then(|item| outline.items[item].arguments.first()).map(|key| key.text.as_str());
            said(0) == key && said(1) == Some(&here.spelled.text)
        }
        _ => said(0) == Some(&here.spelled.text),
    }
}

/// The blocks of a file, the outer ones with the inner ones.
pub(super) fn symbols(document: &Document, outline: &Outline) -> Value {
    let top = outline.items.iter().enumerate().filter(|(_, item)| item.parent.is_none() && !item.dashed);
    let symbol = |item: &Item, children: Value| {
        let name =
            item.arguments.first().map_or(item.word.text.clone(), |name| format!("{} {}", item.word.text, name.text));
        let selection =
            item.word.range.start..item.arguments.first().map_or(item.word.range.end, |name| name.range.end);
        json!({
            "name": name, "kind": 19, "children": children,
            "range": document.range(&item.extent()), "selectionRange": document.range(&selection),
        })
    };
    let mut children: std::collections::BTreeMap<usize, Vec<Value>> = std::collections::BTreeMap::new();
    for item in outline.items.iter().filter(|item| !item.dashed && !item.arguments.is_empty()) {
        if let Some(parent) = item.parent.filter(|parent| outline.items[*parent].parent.is_none()) {
            children.entry(parent).or_default().push(symbol(item, json!([])));
        }
    }
    top.map(|(number, item)| symbol(item, children.remove(&number).into())).collect()
}
