//! The reference of the language, made from the declarations of the fields: for `wlc explain` and for the book.

use std::collections::BTreeSet;

use super::{Carried, Field, Schema, Shape};

/// What is said of a word that no build carries out.
const NOT_CARRIED_OUT: &str = "Read and checked; not carried out by this version.";

/// A block with its fields, as `wlc explain` prints it.
pub fn block_text(path: &str, schema: &Schema) -> String {
    let kubernetes = kubernetes(schema.kubernetes);
    let mut text = format!("{path}{kubernetes}\n{}\n", indented(schema.doc, "  "));
    if schema.carried == Carried::NotInThisVersion {
        text.push_str(&format!("  {NOT_CARRIED_OUT}\n"));
    }
    for field in schema.all_fields() {
        text.push_str(&format!("  {}\n", headline(field)));
        text.push_str(&indented(field.doc, "      "));
        text.push('\n');
        if let Some(mark) = mark(field) {
            text.push_str(&format!("      {mark}\n"));
        }
    }
    if !schema.all_absent().is_empty() {
        text.push_str(&format!("  not in this version: {}\n", schema.all_absent().join(", ")));
    }
    text
}

/// A field, as `wlc explain` prints it.
pub fn field_text(path: &str, field: &Field) -> String {
    let doc = indented(field.doc, "  ");
    let carried = mark(field).map(|mark| format!("  {mark}\n")).unwrap_or_default();
    let kubernetes = kubernetes(field.kubernetes);
    format!("{path}{kubernetes}\n{doc}\n{carried}  {}\n  value: {}\n", written(field), field.value)
}

/// The first sentence of a text.
pub fn first_sentence(doc: &str) -> String {
    let line = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    line.split_inclusive(". ").next().unwrap_or("").trim().to_owned()
}

/// The whole reference in Markdown.
pub fn markdown(top: &[&'static Schema]) -> String {
    let mut text =
        "# The language, word by word\n\nMade from the declarations in the code by `wlc explain --reference`.\n"
            .to_owned();
    let mut seen: BTreeSet<&'static str> = BTreeSet::new();
    for schema in top {
        section(schema.word, schema, 2, &mut seen, &mut text);
    }
    text
}

fn section(path: &str, schema: &'static Schema, level: usize, seen: &mut BTreeSet<&'static str>, text: &mut String) {
    let kubernetes =
        if schema.kubernetes.is_empty() { String::new() } else { format!(" Kubernetes: `{}`.", schema.kubernetes) };
    let mark = if schema.carried == Carried::Out { String::new() } else { format!(" *{NOT_CARRIED_OUT}*") };
    text.push_str(&format!("\n{} `{path}`\n\n{}{kubernetes}{mark}\n\n", "#".repeat(level), one_line(schema.doc)));
    text.push_str(
        "| word | written as | value | default | Kubernetes | what it is |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let fields = schema.all_fields();
    for field in &fields {
        let default = field.default.map(|default| format!("`{default}`")).unwrap_or_default();
        let kubernetes = if field.kubernetes.is_empty() { String::new() } else { format!("`{}`", field.kubernetes) };
        let value = field.value.replace('|', "\\|");
        let cells = [
            format!("`{}`", field.word),
            shape_word(field.shape).to_owned(),
            value,
            default,
            kubernetes,
            doc_with_mark(field),
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let absent = schema.all_absent();
    if !absent.is_empty() {
        let words: Vec<String> = absent.iter().map(|word| format!("`{word}`")).collect();
        text.push_str(&format!("\nNot in this version: {}.\n", words.join(", ")));
    }
    for field in fields
        .iter()
        .filter(|field| matches!(field.shape, Shape::Child | Shape::Children | Shape::Either | Shape::Entries))
    {
        if let Some(block) = field.block
            && seen.insert(block.doc)
        {
            section(&format!("{path} › {}", field.word), block, (level + 1).min(4), seen, text);
        }
    }
}

fn doc_with_mark(field: &Field) -> String {
    let doc = one_line(field.doc);
    mark(field).map_or(doc.clone(), |mark| format!("{doc} *{mark}*"))
}

/// What is said of a field that no build carries out, or that has values which none does.
fn mark(field: &Field) -> Option<String> {
    if !field.is_carried_out() {
        return Some(NOT_CARRIED_OUT.to_owned());
    }
    let words: Vec<String> = field.refused.iter().map(|word| format!("`{word}`")).collect();
    (!words.is_empty()).then(|| format!("{}: {}.", NOT_CARRIED_OUT.trim_end_matches('.'), words.join(", ")))
}

fn headline(field: &Field) -> String {
    let default = field.default.map(|default| format!(", default {default}")).unwrap_or_default();
    format!("{}: {}{default}{}", written(field), field.value, kubernetes(field.kubernetes))
}

fn written(field: &Field) -> String {
    match field.shape {
        Shape::Argument => format!("<{}>", field.word),
        Shape::Rest => format!("<{}…>", field.word),
        Shape::Property => format!("{}=", field.word),
        Shape::List => format!("{} …", field.word),
        Shape::Either => format!("{}=", field.word),
        Shape::Flag | Shape::Entries | Shape::Word => field.word.to_owned(),
        Shape::Child | Shape::Children | Shape::Part => format!("{} {{ }}", field.word),
    }
}

fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::Argument => "argument",
        Shape::Rest => "arguments",
        Shape::Property => "property or child",
        Shape::Flag => "flag",
        Shape::List => "child with values",
        Shape::Child => "child",
        Shape::Children => "children",
        Shape::Either => "property or children",
        Shape::Entries => "children of your own names",
        Shape::Word => "the word itself",
        Shape::Part => "group",
    }
}

fn kubernetes(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("  [Kubernetes: {name}]") }
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn indented(doc: &str, indent: &str) -> String {
    doc.lines().map(|line| format!("{indent}{}", line.trim())).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}
