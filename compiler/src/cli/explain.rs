//! `wlc explain`: a word of the language, by its name here or in Kubernetes, or the code of a diagnostic.

use std::collections::BTreeSet;

use super::{Done, FINE, Failure, PROBLEMS, Place, output};
use crate::{
    diagnostics::{Code, Problems, codes, suggest},
    expand::{self, Parameter, Template, Templates, shown},
    fields::{Field, Schema, Shape, reference},
    files, pipeline,
    words::counted,
};

/// Explains a word of the language, by its name here or in Kubernetes, or the code of a diagnostic.
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A word (`deployment`, `deployment.container.port`, `spec.replicas`) or a code (`no-node-fits`); none: the list.
    word: Option<String>,
    /// Prints the whole reference of the language in Markdown.
    #[arg(long, hide = true)]
    reference: bool,
}

impl Explain {
    pub(super) fn run(&self, place: &Place) -> Done {
        if self.reference {
            output::result(&reference::markdown(&expand::blocks()))?;
            return Ok(FINE);
        }
        let templates = templates(place);
        let Some(word) = &self.word else {
            output::result(&list(&templates))?;
            return Ok(FINE);
        };
        if let Some(code) = Code::ALL.iter().find(|code| code.name() == word) {
            output::result(codes::page(*code))?;
            return Ok(FINE);
        }
        let mut found = find(word);
        found.extend(templates.get(word).map(template_text));
        if found.is_empty() {
            let mut words = known();
            words.extend(templates.names().map(str::to_owned));
            let hint = match suggest::nearest(word, words.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`wlc explain` alone lists them".to_owned(),
            };
            return Err(Failure::new(
                PROBLEMS,
                format!("`{word}` is neither a word of the language nor a code; {hint}"),
            ));
        }
        output::result(&found.join("\n"))?;
        Ok(FINE)
    }
}

/// The templates of the repository; none where there is no repository.
fn templates(place: &Place) -> Templates {
    let Some(root) = files::find_root(&place.dir) else { return Templates::default() };
    let mut problems = Problems::default();
    let Ok(mut sources) = files::read(&root, &mut problems) else { return Templates::default() };
    if let Some(overlay) = &place.overlay {
        sources.choose_overlay(overlay);
    }
    pipeline::read(sources, problems).templates
}

/// A template with its parameters, as a block of the language is explained.
fn template_text(template: &Template) -> String {
    let name = &template.head.name.value.0;
    let doc = template.head.doc.as_ref().map_or("A template of this repository.", |doc| doc.value.as_str());
    let mut text =
        format!("{name}  [a template of this repository]\n  {}\n\n  <name>: the name of a use\n", doc.trim());
    for parameter in &template.head.parameters {
        text.push_str(&parameter_text(parameter));
    }
    text
}

fn parameter_text(parameter: &Parameter) -> String {
    let Parameter { name, kind, many, default, min, max, min_length, max_length, choices, doc, span: _, extent: _ } =
        parameter;
    let mut text = format!("  {}=: {}", name.value.0, kind.value.looks());
    if many.value {
        text.push_str(", any number of them");
    }
    for (word, value) in [("at least", min), ("at most", max), ("default", default)] {
        text.push_str(&value.as_ref().map(|value| format!(", {word} {}", shown(&value.value))).unwrap_or_default());
    }
    for (word, value) in [("at least", min_length), ("at most", max_length)] {
        let length = value.as_ref().map(|value| counted(value.value.0 as usize, "character"));
        text.push_str(&length.map(|length| format!(", {word} {length}")).unwrap_or_default());
    }
    if let Some(choices) = choices {
        let words: Vec<String> = choices.value.iter().map(|choice| shown(&choice.value)).collect();
        text.push_str(&format!(", one of {}", words.join(", ")));
    }
    text.push_str(&doc.as_ref().map(|doc| format!("\n      {}", doc.value.trim())).unwrap_or_default());
    text + "\n"
}

fn list(templates: &Templates) -> String {
    let blocks = expand::blocks();
    let blocks =
        blocks.iter().map(|schema| format!("  {:<14} {}\n", schema.word, reference::first_sentence(schema.doc)));
    let codes = Code::ALL.iter().map(|code| format!("  {:<22} {}\n", code.name(), code.summary().trim()));
    let own = templates.iter().map(|(name, template)| {
        let doc = template.head.doc.as_ref().map(|doc| reference::first_sentence(&doc.value)).unwrap_or_default();
        format!("  {name:<14} {doc}\n")
    });
    let own: String = own.collect();
    let own = if own.is_empty() { own } else { format!("\nTemplates of this repository:\n{own}") };
    format!("Blocks:\n{}{own}\nCodes:\n{}", blocks.collect::<String>(), codes.collect::<String>())
}

/// Everything that the word may mean: a path of words from a block on, a word anywhere, or a Kubernetes name.
fn find(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut shown = BTreeSet::new();
    for schema in expand::blocks() {
        if schema.word == word {
            found.push(reference::block_text(schema.word, schema));
        }
        walk(schema, schema.word, &mut |path, field| {
            if is_meant(word, path, field) && shown.insert(field.doc) {
                found.push(match (field.block, field.shape) {
                    (Some(block), Shape::Child | Shape::Children | Shape::Either | Shape::Entries) => {
                        reference::block_text(path, block)
                    }
                    _ => reference::field_text(path, field),
                });
            }
        });
    }
    found
}

fn is_meant(word: &str, path: &str, field: &Field) -> bool {
    path == word
        || field.word == word
        || (!word.is_empty() && field.kubernetes.split(", ").any(|name| names(name, word)))
}

/// Whether Kubernetes' name of a field is this one: all of it, or its last part.
fn names(kubernetes: &str, word: &str) -> bool {
    let whole = kubernetes.trim_end_matches("[]");
    kubernetes == word || whole == word || whole.rsplit('.').next() == Some(word)
}

fn walk(schema: &'static Schema, path: &str, visit: &mut dyn FnMut(&str, &'static Field)) {
    for field in schema.all_fields() {
        let inner = format!("{path}.{}", field.word);
        visit(&inner, field);
        if let Some(block) = field.block {
            walk(block, &inner, visit);
        }
    }
}

fn known() -> Vec<String> {
    let mut words: Vec<String> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    for schema in expand::blocks() {
        words.push(schema.word.to_owned());
        walk(schema, schema.word, &mut |_, field| words.push(field.word.to_owned()));
    }
    words.sort_unstable();
    words.dedup();
    words
}
