//! What stands at a place means.

use serde_json::{Value, json};

use super::{
    completion::about,
    document::Document,
    language::{self, Here, Part},
    outline::Outline,
    templates,
};
use crate::fields::{Field, Schema, reference};

/// What stands at a place of the first outline means.
pub(super) fn hover(document: &Document, outlines: &[&Outline], offset: usize) -> Value {
    let here = language::here(outlines, offset);
    if here.spelled.text.is_empty() {
        return Value::Null;
    }
    let text = of_template(outlines, &here).or_else(|| of_language(outlines, &here));
    text.map_or(Value::Null, |text| {
        json!({ "contents": { "kind": "markdown", "value": text }, "range": document.range(&here.spelled.range) })
    })
}

/// A template, or a parameter of one.
fn of_template(outlines: &[&Outline], here: &Here) -> Option<String> {
    let said = here.spelled.text.as_str();
    let Some(item) = here.item.map(|item| &outlines[0].items[item]) else {
        let template = templates::find(outlines, said).filter(|_| language::top(said).is_none())?;
        return Some(template.text());
    };
    let top = &outlines[0].items[item.top];
    match &here.part {
        Part::Argument(_) | Part::Value(_) if here.spelled.is_parameter => {
            templates::find(outlines, &top.arguments.first()?.text)?.parameter_text(said)
        }
        Part::Argument(0) if item.word.text == "use" => templates::find(outlines, said).map(|one| one.text()),
        Part::Argument(0) if item.word.text == language::TEMPLATE && item.parent.is_none() => {
            templates::find(outlines, said).map(|one| one.text())
        }
        Part::Argument(_) | Part::Value(_) | Part::Word | Part::Name => {
            let name = language::parameter_at(outlines, here)?;
            templates::used(outlines, top)?.parameter_text(&name)
        }
    }
}

/// A word of the language.
fn of_language(outlines: &[&Outline], here: &Here) -> Option<String> {
    match (&here.part, here.schema) {
        (Part::Word, None) if here.item.is_none() => {
            language::top(&here.spelled.text).map(|schema| block(schema.word, schema))
        }
        (Part::Word, Some(schema))
            if schema.word == language::TEMPLATE && language::top(&here.spelled.text).is_some() =>
        {
            language::top(&here.spelled.text).map(|schema| block(schema.word, schema))
        }
        (Part::Word | Part::Name, Some(schema)) => field(schema, here).map(|field| {
            let title = format!("**`{}`**\n\n{}", field.word, about(field));
            field.block.map_or(title, |inner| block(field.word, inner))
        }),
        (Part::Argument(_) | Part::Value(_), _) => {
            language::value_field(outlines, here).map(|field| format!("**`{}`**\n\n{}", field.word, about(field)))
        }
        (Part::Word | Part::Name, None) => None,
    }
}

/// The field that a word is; of `env`, what its variables are.
fn field(schema: &'static Schema, here: &Here) -> Option<&'static Field> {
    let entry = || language::entry(schema).filter(|_| here.part == Part::Word);
    language::field(schema, &here.spelled.text).or_else(entry)
}

fn block(word: &str, schema: &Schema) -> String {
    format!("**`{word}`**\n\n```text\n{}```", reference::block_text(word, schema))
}
