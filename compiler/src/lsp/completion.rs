//! What the editor is told about a place: what may be written there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    declared,
    document::Document,
    language::{self, Here, Part},
    names::{self, Space},
    outline::{Item, Outline},
    templates,
};
use crate::{
    expand,
    fields::{Field, Schema, Shape},
};

/// The protocol's numbers for kinds of completions.
const KEYWORD: u32 = 14;
const PROPERTY: u32 = 10;
const VALUE: u32 = 12;
const REFERENCE: u32 = 18;

/// What may be written at a place of the first outline.
pub(super) fn completions(document: &Document, outlines: &[&Outline], offset: usize) -> Value {
    let here = language::here(outlines, offset);
    let mut items = match (&here.part, here.schema) {
        (Part::Word, None) if here.item.is_none() => blocks(outlines),
        (Part::Word, Some(schema)) if schema.word == language::TEMPLATE => {
            children(schema).into_iter().chain(blocks(outlines)).collect()
        }
        (Part::Word, schema) => {
            parameters(outlines, &here).into_iter().chain(schema.map(children).unwrap_or_default()).collect()
        }
        (Part::Argument(_) | Part::Name, schema) => {
            let properties = schema.map(|schema| properties(schema, outlines[0], &here)).unwrap_or_default();
            parameters(outlines, &here).into_iter().chain(properties).collect()
        }
        (Part::Value(_), _) => Vec::new(),
    };
    items.splice(0..0, values(outlines, &here));
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item["label"].to_string()));
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
    let uses = templates::all(outlines).filter_map(|template| {
        let name = template.name()?;
        Some(entry(name, KEYWORD, name.to_owned(), "template", &template.text()))
    });
    own.chain(uses).collect()
}

/// The parameters of the template that is used at a place.
fn parameters(outlines: &[&Outline], here: &Here) -> Vec<Value> {
    let user = here.item.map(|item| &outlines[0].items[item]).filter(|item| item.parent.is_none());
    let is_use = |item: &&Item| item.word.text == "use" || language::top(&item.word.text).is_none();
    let Some(template) = user.filter(is_use).and_then(|item| templates::used(outlines, item)) else {
        return Vec::new();
    };
    let is_bare = matches!(here.part, Part::Name | Part::Word);
    let one = |parameter: &Item| {
        let name = parameter.arguments.first()?.text.as_str();
        let text = if is_bare { name.to_owned() } else { format!("{name}=") };
        Some(entry(name, PROPERTY, text, "parameter", &template.parameter_text(name)?))
    };
    template.parameters().filter_map(one).collect()
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
fn values(outlines: &[&Outline], here: &Here) -> Vec<Value> {
    let mut found: Vec<Value> =
        known(outlines, here).iter().map(|name| entry(name, REFERENCE, quoted(name), "declared", "")).collect();
    if let Some(field) = language::value_field(outlines, here) {
        let words = language::choices(field);
        found.extend(words.iter().map(|word| entry(word, VALUE, quoted(word), field.word, "")));
        if field.value.contains("`#true`") && field.shape != Shape::Flag {
            found.extend(["#true", "#false"].map(|word| entry(word, VALUE, word.to_owned(), field.word, "")));
        }
    }
    found
}

/// The names that a value may refer to; of labels and taints the keys, or the values of a key.
fn known(outlines: &[&Outline], here: &Here) -> BTreeSet<String> {
    let (Some(item), Some(space)) = (here.item, names::referred(outlines[0], here)) else { return BTreeSet::new() };
    let key = outlines[0].items[item].arguments.first().map(|key| key.text.as_str());
    let declared = declared::declared(outlines, item, &space).into_iter();
    let mut names: BTreeSet<String> = match (&here.part, &space) {
        (Part::Argument(1..), Space::Label | Space::Taint) => declared
            .filter(|one| Some(one.name.as_str()) == key)
            .filter_map(|one| one.value)
            .map(|(value, _)| value)
            .collect(),
        (_, Space::Replica) => declared.map(|one| format!("{}-0", one.name)).collect(),
        _ => declared.map(|one| one.name).collect(),
    };
    let is_by = outlines[0].items[item].word.text == "by" || matches!(&here.part, Part::Value(name) if name == "by");
    if is_by {
        names.insert("node".to_owned());
    }
    if space == Space::Parameter {
        names.insert(templates::NAME.to_owned());
    }
    names
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A field for people: what it is, its value, its default, what Kubernetes calls it.
pub(super) fn about(field: &Field) -> String {
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
