//! Every word of the language stands in a file that passes the check: each field of each block, and each word of each
//! closed set, in `tests/everything`. A field that is new wants its line there.

use std::collections::BTreeSet;

use wlc::{
    diagnostics::Problems,
    expand,
    fields::{Field, Schema, Shape},
    sources::Sources,
    syntax::{self, Block, Scalar, Value},
};
use wlc_tests::{folder, repository::Repository, running};

/// All files of the folder that are KDL.
fn files() -> Sources {
    let mut sources = Sources::default();
    for (path, bytes) in folder::contents(&running::workspace().join("tests/everything")) {
        if path.ends_with(".kdl") {
            sources.add(&path, &String::from_utf8(bytes).unwrap());
        }
    }
    sources
}

/// What the files use: `block field`, where what many blocks have in common is named once, and the words of closed sets.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Used {
    fn block(&mut self, block: &Block, schema: &Schema) {
        let fields = schema.all_fields();
        for property in &block.properties {
            self.value(schema, &fields, &property.name.value, std::slice::from_ref(&property.value));
        }
        let mut values = block.arguments.iter();
        for field in fields.iter().filter(|field| matches!(field.shape, Shape::Argument | Shape::Rest)) {
            let taken = if field.shape == Shape::Rest { usize::MAX } else { 1 };
            let taken: Vec<Value> = values.by_ref().take(taken).cloned().collect();
            if !taken.is_empty() {
                self.value(schema, &fields, field.word, &taken);
            }
        }
        let own = fields.iter().find(|field| field.shape == Shape::Entries);
        for child in &block.children {
            let field = fields.iter().copied().find(|field| field.word == child.word.value);
            match field.or(own.copied()) {
                Some(Field { block: Some(inner), word, .. }) => {
                    self.0.insert(name(schema, word));
                    self.block(child, inner);
                }
                Some(field) => self.value(schema, &fields, field.word, &child.arguments),
                None => {}
            }
        }
    }

    fn value(&mut self, schema: &Schema, fields: &[&'static Field], word: &str, values: &[Value]) {
        let Some(field) = fields.iter().find(|field| field.word == word) else { return };
        self.0.insert(name(schema, word));
        let is_written = |choice: &String| values.iter().any(|value| value.value == Scalar::Text(choice.clone()));
        self.0.extend(choices(field).into_iter().filter(is_written).map(|choice| of_set(field, &choice)));
    }
}

/// A field, by the block or group of fields that declares it.
fn name(schema: &Schema, word: &str) -> String {
    let groups = schema.fields.iter().filter(|field| field.shape == Shape::Part).filter_map(|field| field.block);
    let mut declaring = groups.filter(|group| group.all_fields().iter().any(|field| field.word == word));
    declaring.next().map_or_else(|| format!("{} {word}", schema.word), |group| name(group, word))
}

/// A word of a closed set; several fields may take it.
fn of_set(field: &Field, word: &str) -> String {
    format!("{word} ({})", field.value)
}

/// The words of a closed set.
fn choices(field: &Field) -> Vec<String> {
    let listed = field.value.strip_prefix("one of ").unwrap_or_default();
    let words = listed.split('"').skip(1).step_by(2).map(str::to_owned);
    words.filter(|word| !word.chars().any(char::is_uppercase)).collect()
}

/// Everything that could be used.
fn wanted(schema: &'static Schema, found: &mut BTreeSet<String>) {
    for field in schema.all_fields() {
        let name = name(schema, field.word);
        let is_new = match field.shape {
            Shape::Word | Shape::Part => false,
            Shape::Argument
            | Shape::Rest
            | Shape::Property
            | Shape::Flag
            | Shape::List
            | Shape::Child
            | Shape::Children
            | Shape::Either
            | Shape::Entries => found.insert(name),
        };
        found.extend(choices(field).into_iter().map(|word| of_set(field, &word)));
        if let Some(inner) = field.block.filter(|_| is_new) {
            wanted(inner, found);
        }
    }
}

#[test]
fn every_word_stands_in_a_file_that_passes_the_check() {
    let mut used = Used::default();
    let blocks = expand::blocks();
    for (id, source) in files().iter() {
        for block in syntax::read(id, source, &mut Problems::default()).unwrap() {
            if let Some(schema) = blocks.iter().find(|schema| schema.word == block.word.value) {
                used.block(&block, schema);
            }
        }
    }
    let mut missing = BTreeSet::new();
    blocks.iter().for_each(|schema| wanted(schema, &mut missing));
    missing.retain(|one| !used.0.contains(one));
    assert!(missing.is_empty(), "in no file of tests/everything: {missing:#?}");
}

#[test]
fn files_with_every_word_have_no_errors() {
    let repository = Repository::empty();
    for (path, bytes) in folder::contents(&running::workspace().join("tests/everything")) {
        repository.write(&path, bytes);
    }
    for arguments in [&["check"][..], &["check", "--overlay", "all"], &["check", "--overlay", "some"]] {
        let ran = repository.wlc(arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
}
