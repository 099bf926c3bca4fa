//! `wlc explain`: a word of the language, by its name here or in Kubernetes, or the code of a diagnostic.

use std::collections::BTreeSet;

use super::{Done, FINE, Failure, PROBLEMS, output};
use crate::{
    diagnostics::{Code, codes, suggest},
    fields::{Field, Schema, Shape, reference},
    model::TOP,
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
    pub(super) fn run(&self) -> Done {
        if self.reference {
            output::result(&reference::markdown(&TOP));
            return Ok(FINE);
        }
        let Some(word) = &self.word else {
            output::result(&list());
            return Ok(FINE);
        };
        if let Some(code) = Code::ALL.iter().find(|code| code.name() == word) {
            output::result(codes::page(*code));
            return Ok(FINE);
        }
        let found = find(word);
        if found.is_empty() {
            let words = known();
            let hint = suggest::hint(word, words.iter().map(String::as_str));
            return Err(Failure::new(
                PROBLEMS,
                format!("`{word}` is neither a word of the language nor a code; {hint}"),
            ));
        }
        output::result(&found.join("\n"));
        Ok(FINE)
    }
}

fn list() -> String {
    let blocks = TOP.iter().map(|schema| format!("  {:<14} {}\n", schema.word, reference::first_sentence(schema.doc)));
    let codes = Code::ALL.iter().map(|code| format!("  {:<22} {}\n", code.name(), code.summary().trim()));
    format!("Blocks:\n{}\nCodes:\n{}", blocks.collect::<String>(), codes.collect::<String>())
}

/// Everything that the word may mean: a path of words from a block on, a word anywhere, or a Kubernetes name.
fn find(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut shown = BTreeSet::new();
    for schema in TOP {
        if schema.word == word {
            found.push(reference::block_text(schema.word, schema));
        }
        walk(schema, schema.word, &mut |path, field| {
            if is_meant(word, path, field) && shown.insert(field.doc) {
                found.push(match (field.block, field.shape) {
                    (Some(block), Shape::Child | Shape::Children) => reference::block_text(path, block),
                    _ => reference::field_text(path, field),
                });
            }
        });
    }
    found
}

fn is_meant(word: &str, path: &str, field: &Field) -> bool {
    let kubernetes = field.kubernetes.split(", ").any(|name| name == word || name.trim_end_matches("[]") == word);
    path == word || field.word == word || (kubernetes && !field.kubernetes.is_empty())
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
    for schema in TOP {
        words.push(schema.word.to_owned());
        walk(schema, schema.word, &mut |_, field| words.push(field.word.to_owned()));
    }
    words.sort_unstable();
    words.dedup();
    words
}
