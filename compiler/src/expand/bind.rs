//! The values that a use gives the parameters of its template, checked.

use std::collections::BTreeMap;

use super::{
    parameter::{self, Parameter},
    template::{NAME, Template},
    uses,
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::Span,
    syntax::{Block, Scalar, Value},
};

/// What a use says.
#[derive(Debug)]
pub(super) struct Bound {
    /// Where the template is used.
    pub(super) at: Span,
    /// The values of each parameter. What is wrong with a value that is not here was reported.
    pub(super) values: BTreeMap<String, Values>,
    /// What else it says: once for the use, once for each overlay of it.
    pub(super) rest: Vec<Block>,
}

/// Values of a parameter.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// The use gives them.
    Given(Vec<Value>),
    /// The template does.
    Default(Vec<Value>),
}

/// A value of a parameter as a use gives it: the place of its word, and the values.
type Given<'a> = BTreeMap<&'a str, (Span, Vec<Value>)>;

/// Reads a use, and what the overlay says of it.
pub(super) fn bind(block: &Block, over: &[Block], template: &Template, problems: &mut Problems) -> Bound {
    let mut given = Given::new();
    let mut rest = Vec::new();
    for layer in std::iter::once(block).chain(over) {
        let (layer, left) = sort(layer, template, problems);
        given.extend(layer);
        rest.extend(left);
    }
    let name = uses::arguments(block).first();
    let at = name.map_or(block.word.span, |name| block.word.span.to(name.span));
    let mut values = BTreeMap::new();
    match name {
        Some(name) => drop(values.insert(NAME.to_owned(), Values::Given(vec![name.clone()]))),
        None => report_no_name(block, problems),
    }
    for parameter in &template.head.parameters {
        let name = parameter.name.value.0.as_str();
        if let Some(found) = value(parameter, given.remove(name), block, problems) {
            values.insert(name.to_owned(), found);
        }
    }
    Bound { at, values, rest }
}

/// The parameters that one layer gives, and what is left of it.
fn sort<'a>(block: &'a Block, template: &Template, problems: &mut Problems) -> (Given<'a>, Option<Block>) {
    if let Some(surplus) = uses::arguments(block).get(1) {
        let message = format!("`{}` takes one value, its name", template.head.name.value.0);
        let diagnostic = Diagnostic::new(Code::SurplusValue, message, surplus.span, "not expected here");
        problems.add(diagnostic.hint("parameters are written as properties or as children"));
    }
    let mut given = Given::new();
    let mut rest = Block { properties: Vec::new(), children: Vec::new(), ..block.clone() };
    let mut take = |word: &'a crate::span::Spanned<String>, values: Vec<Value>| {
        if let Some((first, _)) = given.get(word.value.as_str()) {
            let message = format!("`{}` is written twice in `{}`", word.value, template.head.name.value.0);
            let diagnostic = Diagnostic::new(Code::Repeated, message, word.span, "written again here");
            problems.add(diagnostic.also(*first, "first written here").hint("keep one of them"));
        } else {
            given.insert(&word.value, (word.span, values));
        }
    };
    for property in &block.properties {
        match template.parameter(&property.name.value) {
            Some(_) => take(&property.name, vec![property.value.clone()]),
            None => rest.properties.push(property.clone()),
        }
    }
    for child in &block.children {
        match template.parameter(&child.word.value) {
            Some(_) => take(&child.word, child.arguments.clone()),
            None => rest.children.push(child.clone()),
        }
    }
    let is_empty = rest.properties.is_empty() && rest.children.is_empty();
    (given, (!is_empty).then_some(rest))
}

fn report_no_name(block: &Block, problems: &mut Problems) {
    let word = &block.word.value;
    let message = format!("`{word}` needs a name");
    let diagnostic = Diagnostic::new(Code::MissingValue, message, block.word.span, "missing here");
    problems.add(diagnostic.hint(format!("write it behind the word: `{word} \"shop\"`")));
}

/// The values of a parameter; none where they are wrong or missing, which is reported.
fn value(
    parameter: &Parameter,
    given: Option<(Span, Vec<Value>)>,
    used: &Block,
    problems: &mut Problems,
) -> Option<Values> {
    let name = &parameter.name;
    let Some((word, values)) = given else {
        if !parameter.is_required() {
            return Some(Values::Default(parameter::default_of(parameter)));
        }
        let message = format!("`{}` needs `{}=`", used.word.value, name.value.0);
        let diagnostic = Diagnostic::new(Code::MissingValue, message, used.word.span, "missing here");
        let doc = parameter.doc.as_ref().map(|doc| format!(": {}", doc.value)).unwrap_or_default();
        let hint = format!("`{}` is {}{doc}", name.value.0, parameter.kind.value.looks());
        problems.add(diagnostic.also(name.span, "declared here").hint(hint));
        return None;
    };
    if !parameter.many.value && values.len() != 1 {
        let message = format!("`{}` takes one value, not {}", name.value.0, values.len());
        let diagnostic = Diagnostic::new(Code::MissingValue, message, word, "one value is needed here");
        problems.add(diagnostic.also(name.span, "declared here").hint("a parameter with `many=#true` takes several"));
        return None;
    }
    let before = problems.errors();
    for value in &values {
        // A reference that is left was reported.
        if matches!(value.value, Scalar::Parameter(_)) {
            return None;
        }
        if let Err(refusal) = parameter.check(&value.value) {
            let diagnostic = parameter::refused(&name.value.0, parameter.kind.value, value, refusal);
            problems.add(diagnostic.also(name.span, "declared here"));
        }
    }
    (problems.errors() == before).then_some(Values::Given(values))
}
