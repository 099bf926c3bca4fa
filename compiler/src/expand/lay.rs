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

use std::collections::{BTreeMap, BTreeSet};

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
    let over_base = Refile::new(base.word.span, Led::Over);
    let mut layer = Layer { over_base, fields, places: BTreeMap::new(), taken: BTreeSet::new(), problems };
    layer.arguments(base, &over, named);
    let (without, children): (Vec<_>, Vec<_>) =
        over.children.into_iter().partition(|child| child.word.value == WITHOUT);
    layer.without(base, &without);
    over.properties.into_iter().for_each(|property| layer.property(base, property));
    layer.find_places(base);
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
    /// Where children of the base are, by word and name, and the first of each word.
    places: BTreeMap<(String, String), usize>,
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
        let is_first = self.taken.insert((word.clone(), String::new())) && self.field(&word).is_some();
        let old = base.properties.iter().position(|one| is_first && one.name.value == word);
        let as_child = base.children.iter().position(|one| is_first && one.word.value == word);
        let at = match (old, as_child) {
            (Some(index), _) => Some(base.properties.remove(index).name.span),
            (None, Some(index)) => Some(base.children.remove(index).word.span),
            (None, None) => None,
        };
        let mut instead = at.map(|at| Refile::new(at, Led::Instead));
        let refile = instead.as_mut().unwrap_or(&mut self.over_base);
        let Property { mut name, value } = property;
        name.span = refile.span(name.span, self.problems);
        let property = Property { name, value: refile.value(value, self.problems) };
        base.properties.insert(old.unwrap_or(base.properties.len()), property);
    }

    /// Notes where the children of the base are. From here on none is taken away.
    fn find_places(&mut self, base: &Block) {
        for (index, child) in base.children.iter().enumerate() {
            let schema = self.field(&child.word.value).and_then(|field| field.block);
            if let Some(name) = name(child, schema) {
                self.places.entry((child.word.value.clone(), name)).or_insert(index);
            }
            self.places.entry((child.word.value.clone(), String::new())).or_insert(index);
        }
    }

    fn child(&mut self, base: &mut Block, child: Block) {
        let field = self.field(&child.word.value);
        let shape = field.map_or(Shape::Entries, |field| field.shape);
        match shape {
            Shape::Property | Shape::Flag | Shape::List => self.replace(base, child),
            Shape::Entries if self.has_entries() => self.replace(base, child),
            Shape::Child => self.merge(base, child, field, String::new()),
            Shape::Children | Shape::Either => match name(&child, field.and_then(|field| field.block)) {
                Some(name) => self.merge(base, child, field, name),
                None => self.append(base, child),
            },
            Shape::Argument | Shape::Rest | Shape::Entries | Shape::Word | Shape::Part => self.append(base, child),
        }
    }

    /// Replaces a value, whichever way it was written.
    fn replace(&mut self, base: &mut Block, child: Block) {
        let key = (child.word.value.clone(), String::new());
        if !self.taken.insert(key.clone()) {
            return self.append(base, child);
        }
        if let Some(&index) = self.places.get(&key) {
            let at = base.children[index].span;
            base.children[index] = Refile::new(at, Led::Instead).block(child, self.problems);
            return;
        }
        let is_field = self.field(&key.0).is_some();
        match base.properties.iter().position(|one| is_field && one.name.value == key.0) {
            Some(index) => {
                let at = base.properties.remove(index).name.span;
                base.children.push(Refile::new(at, Led::Instead).block(child, self.problems));
            }
            None => self.append(base, child),
        }
    }

    /// Lays a block over the one of the same word and name.
    fn merge(&mut self, base: &mut Block, child: Block, field: Option<&'static Field>, name: String) {
        let key = (child.word.value.clone(), name);
        let place = self.places.get(&key).copied();
        match place.filter(|_| self.taken.insert(key)) {
            Some(index) => lay(&mut base.children[index], child, field.and_then(|field| field.block), self.problems),
            None => self.append(base, child),
        }
    }

    fn append(&mut self, base: &mut Block, child: Block) {
        base.children.push(self.over_base.block(child, self.problems));
    }

    /// Takes away what has a word, or of it what has a name.
    fn without(&mut self, base: &mut Block, without: &[Block]) {
        if without.is_empty() {
            return;
        }
        let names: Vec<Option<String>> = base.children.iter().map(|child| self.name_of(child)).collect();
        let mut there: BTreeSet<(String, Option<String>)> = BTreeSet::new();
        for (child, name) in base.children.iter().zip(&names) {
            there.extend([(child.word.value.clone(), name.clone()), (child.word.value.clone(), None)]);
        }
        there.extend(base.properties.iter().map(|property| (property.name.value.clone(), None)));
        let mut gone = BTreeSet::new();
        for one in without {
            let Some(Without { word, names, .. }) = Without::from_block(one, self.problems) else { continue };
            let whole = names.is_empty().then_some((None, word.span));
            for (name, span) in names.into_iter().map(|name| (Some(name.value), name.span)).chain(whole) {
                let wanted = (word.value.clone(), name);
                match there.contains(&wanted) {
                    true => drop(gone.insert(wanted)),
                    false => self.report_nothing(base, &there, &wanted, span),
                }
            }
        }
        let mut names = names.into_iter();
        base.children.retain(|child| {
            let name = names.next().flatten();
            let word = &child.word.value;
            !gone.contains(&(word.clone(), None)) && (name.is_none() || !gone.contains(&(word.clone(), name)))
        });
        base.properties.retain(|property| !gone.contains(&(property.name.value.clone(), None)));
    }

    fn name_of(&self, child: &Block) -> Option<String> {
        name(child, self.field(&child.word.value).and_then(|field| field.block))
    }

    fn report_nothing(
        &mut self,
        base: &Block,
        there: &BTreeSet<(String, Option<String>)>,
        (word, name): &(String, Option<String>),
        span: Span,
    ) {
        let of = &base.word.value;
        let (what, given) = match name {
            Some(name) => (format!("no `{word}` named `{name}` in `{of}`"), name),
            None => (format!("no `{word}` in `{of}`"), word),
        };
        let known = |(kind, one): &(String, Option<String>)| match name {
            Some(_) => one.clone().filter(|_| kind == word),
            None => one.is_none().then(|| kind.clone()),
        };
        let known: Vec<String> = there.iter().filter_map(known).collect();
        self.problems.add(nothing_there(&what, given, span, &known, Some(base.word.span)));
    }
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
