//! Lays a block over another: what the upper one says replaces what the lower one says, all else stays.
//!
//! What may stand once and what has a name comes from the declarations of the fields, so there is no second list:
//!
//! | field | what the upper one does |
//! | --- | --- |
//! | arguments behind the name | replace all of them |
//! | property, flag, list | replaces the value |
//! | block of its own, once | is laid over it |
//! | block of its own, many times | is laid over the one with the same name, or is a new one |
//! | child with a word of the user's own | replaces the one with the same word, or is a new one |

use std::collections::BTreeSet;

use super::{refile::Refile, template::Without};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::{Field, FromBlock, Schema, Shape},
    origins::Led,
    span::Span,
    syntax::{Block, Property, Scalar},
};

/// The word that takes something away.
pub(super) const WITHOUT: &str = "without";

/// Lays `over` over `base`.
pub(super) fn lay(base: &mut Block, over: Block, schema: Option<&'static Schema>, problems: &mut Problems) {
    let fields = schema.map(Schema::all_fields).unwrap_or_default();
    let named = usize::from(!over.arguments.is_empty() && is_named(schema));
    let mut layer =
        Layer { over_base: Refile::new(base.word.span, Led::Over), fields, taken: BTreeSet::new(), problems };
    layer.arguments(base, &over, named);
    let (without, children): (Vec<_>, Vec<_>) =
        over.children.into_iter().partition(|child| child.word.value == WITHOUT);
    without.iter().for_each(|one| layer.without(base, one));
    over.properties.into_iter().for_each(|property| layer.property(base, property));
    children.into_iter().for_each(|child| layer.child(base, child));
}

/// Whether the first value behind the word of a block is its name.
fn is_named(schema: Option<&'static Schema>) -> bool {
    let first = schema.and_then(|schema| schema.fields.first());
    first.is_some_and(|field| matches!(field.shape, Shape::Argument | Shape::Rest))
}

struct Layer<'a> {
    /// For what is new in the base.
    over_base: Refile,
    fields: Vec<&'static Field>,
    /// What this layer has said: word and name. What it says twice stays twice, so that it is reported.
    taken: BTreeSet<(String, String)>,
    problems: &'a mut Problems,
}

impl Layer<'_> {
    fn field(&self, word: &str) -> Option<&'static Field> {
        let is_meant = |field: &&&'static Field| field.word == word && field.shape != Shape::Argument;
        self.fields.iter().find(is_meant).copied()
    }

    fn has_entries(&self) -> bool {
        self.fields.iter().any(|field| field.shape == Shape::Entries)
    }

    /// Values behind the name replace all that stand there.
    fn arguments(&mut self, base: &mut Block, over: &Block, named: usize) {
        if over.arguments.len() <= named {
            return;
        }
        let at = base
            .arguments
            .get(named)
            .map_or(base.word.span, |first| first.span.to(base.arguments.last().map_or(first.span, |last| last.span)));
        let mut instead = Refile::new(at, Led::Instead);
        base.arguments.truncate(named);
        let new = over.arguments[named..].iter().map(|value| instead.value(value.clone(), self.problems));
        base.arguments.extend(new);
    }

    fn property(&mut self, base: &mut Block, property: Property) {
        let word = property.name.value.clone();
        let old = base.properties.iter().position(|one| one.name.value == word);
        let as_child = base.children.iter().position(|one| one.word.value == word);
        let is_first = self.taken.insert((word, String::new()));
        let at = match (old, as_child) {
            (Some(index), _) if is_first => Some(base.properties.remove(index).name.span),
            (None, Some(index)) if is_first => Some(base.children.remove(index).word.span),
            _ => None,
        };
        let mut instead = at.map(|at| Refile::new(at, Led::Instead));
        let refile = instead.as_mut().unwrap_or(&mut self.over_base);
        let Property { mut name, value } = property;
        name.span = refile.span(name.span, self.problems);
        let property = Property { name, value: refile.value(value, self.problems) };
        base.properties.insert(old.filter(|_| at.is_some()).unwrap_or(base.properties.len()), property);
    }

    fn child(&mut self, base: &mut Block, child: Block) {
        let field = self.field(&child.word.value);
        let shape = field.map_or(Shape::Entries, |field| field.shape);
        match shape {
            Shape::Property | Shape::Flag | Shape::List => self.replace(base, child),
            Shape::Entries if self.has_entries() => self.replace(base, child),
            Shape::Child => self.merge(base, child, field, String::new()),
            Shape::Children => match name(&child, field.and_then(|field| field.block)) {
                Some(name) => self.merge(base, child, field, name),
                None => self.append(base, child),
            },
            Shape::Argument | Shape::Rest | Shape::Entries | Shape::Part => self.append(base, child),
        }
    }

    /// Replaces a value, whichever way it was written.
    fn replace(&mut self, base: &mut Block, child: Block) {
        if !self.taken.insert((child.word.value.clone(), String::new())) {
            return self.append(base, child);
        }
        let is_same = |word: &str| word == child.word.value;
        if let Some(index) = base.children.iter().position(|one| is_same(&one.word.value)) {
            let at = base.children[index].span;
            base.children[index] = Refile::new(at, Led::Instead).block(child, self.problems);
        } else if let Some(index) = base.properties.iter().position(|one| is_same(&one.name.value)) {
            let at = base.properties.remove(index).name.span;
            base.children.push(Refile::new(at, Led::Instead).block(child, self.problems));
        } else {
            self.append(base, child);
        }
    }

    /// Lays a block over the one of the same word and name.
    fn merge(&mut self, base: &mut Block, child: Block, field: Option<&'static Field>, key: String) {
        let schema = field.and_then(|field| field.block);
        let is_first = self.taken.insert((child.word.value.clone(), key.clone()));
        let is_same = |one: &&mut Block| {
            one.word.value == child.word.value && (key.is_empty() || name(one, schema).as_ref() == Some(&key))
        };
        match base.children.iter_mut().find(is_same) {
            Some(found) if is_first => lay(found, child, schema, self.problems),
            Some(_) | None => self.append(base, child),
        }
    }

    fn append(&mut self, base: &mut Block, child: Block) {
        base.children.push(self.over_base.block(child, self.problems));
    }

    /// Takes away what has a word, or of it what has a name.
    fn without(&mut self, base: &mut Block, without: &Block) {
        let Some(Without { word, names, .. }) = Without::from_block(without, self.problems) else { return };
        let schema = self.field(&word.value).and_then(|field| field.block);
        if names.is_empty() {
            let before = base.children.len() + base.properties.len();
            let known: Vec<String> = words(base);
            base.children.retain(|child| child.word.value != word.value);
            base.properties.retain(|property| property.name.value != word.value);
            if base.children.len() + base.properties.len() == before {
                let what = format!("no `{}` in `{}`", word.value, base.word.value);
                self.problems.add(nothing_there(&what, &word.value, word.span, &known, Some(base.word.span)));
            }
        }
        for one in names {
            let known: Vec<String> = {
                let same = base.children.iter().filter(|child| child.word.value == word.value);
                same.filter_map(|child| name(child, schema)).collect()
            };
            let is_meant =
                |child: &Block| child.word.value == word.value && name(child, schema).as_ref() == Some(&one.value);
            if known.contains(&one.value) {
                base.children.retain(|child| !is_meant(child));
            } else {
                let what = format!("no `{}` named `{}` in `{}`", word.value, one.value, base.word.value);
                self.problems.add(nothing_there(&what, &one.value, one.span, &known, Some(base.word.span)));
            }
        }
    }
}

/// The words that a block says.
fn words(block: &Block) -> Vec<String> {
    let properties = block.properties.iter().map(|property| &property.name.value);
    properties.chain(block.children.iter().map(|child| &child.word.value)).cloned().collect()
}

/// The report of a `without` that takes nothing away.
pub(super) fn nothing_there(what: &str, given: &str, span: Span, known: &[String], base: Option<Span>) -> Diagnostic {
    let message = format!("there is {what} that could be taken away");
    let diagnostic = Diagnostic::new(Code::NothingThere, message, span, "takes nothing away");
    let hint = match known.is_empty() {
        true => "take the line out".to_owned(),
        false => suggest::hint(given, known.iter().map(String::as_str)),
    };
    let diagnostic = match base {
        Some(base) => diagnostic.also(base, "taken from this"),
        None => diagnostic,
    };
    diagnostic.hint(hint)
}

/// The name by which a block is known among those with its word: the first value behind the word.
pub(super) fn name(block: &Block, schema: Option<&'static Schema>) -> Option<String> {
    if schema.is_some() && !is_named(schema) {
        return None;
    }
    Some(match &block.arguments.first()?.value {
        Scalar::Text(text) | Scalar::Decimal(text) => text.clone(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Bool(flag) => format!("#{flag}"),
        Scalar::Null => "#null".to_owned(),
        Scalar::Parameter(name) => format!("(parameter){name}"),
    })
}
