//! Uses of templates → the blocks that they stand for.

use super::{
    bind::{self, Bound, Values},
    budget::Budget,
    lay,
    refile::Refile,
    template::{self, Found, Template, Templates, Use},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::{FromBlock, Schema, Shape},
    origins::Led,
    span::Span,
    syntax::{Block, Property, Scalar, Value},
};

/// A use of a template, and what the overlay says of it.
#[derive(Debug)]
pub(super) struct Used {
    /// The use.
    pub(super) block: Block,
    /// The same use in the overlay.
    pub(super) over: Vec<Block>,
}

/// The template that a block would be a use of, and the place that names it.
pub(super) fn template_name(block: &Block) -> Option<(&str, Span)> {
    if block.word.value != Use::SCHEMA.word {
        return Some((&block.word.value, block.word.span));
    }
    let value = block.arguments.first()?;
    match &value.value {
        Scalar::Text(name) => Some((name, value.span)),
        Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => None,
    }
}

/// The values behind the name of the template.
pub(super) fn arguments(block: &Block) -> &[Value] {
    let skipped = usize::from(block.word.value == Use::SCHEMA.word);
    block.arguments.get(skipped..).unwrap_or_default()
}

/// The blocks that all uses stand for.
pub(super) fn expand(uses: &[Used], templates: &Templates, problems: &mut Problems) -> Vec<Block> {
    let mut expansion = Expansion { templates, budget: Budget::new(), is_something_lost: false, problems };
    let blocks = uses.iter().flat_map(|used| expansion.whole(used)).collect();
    // Not before all uses were looked at: each template that is not there is a mistake of its own.
    if expansion.is_something_lost {
        problems.hide_declarations();
    }
    blocks
}

struct Expansion<'a> {
    templates: &'a Templates,
    budget: Budget,
    /// Whether a use stands for blocks that nobody knows.
    is_something_lost: bool,
    problems: &'a mut Problems,
}

impl<'a> Expansion<'a> {
    /// A use that stands in no template; nothing where there is no room for all of it.
    fn whole(&mut self, used: &Used) -> Vec<Block> {
        self.budget.begin(used.block.word.span);
        let blocks = self.used(&used.block, &used.over);
        if self.budget.is_spent() { Vec::new() } else { blocks }
    }

    fn used(&mut self, block: &Block, over: &[Block]) -> Vec<Block> {
        let Some(template) = self.template(block) else {
            self.is_something_lost = true;
            return Vec::new();
        };
        let bound = bind::bind(block, over, template, self.problems);
        let mut fill = Fill {
            bound: &bound,
            refile: Refile::new(bound.at, Led::Use),
            budget: &mut self.budget,
            problems: self.problems,
        };
        let filled: Vec<Block> = template.body.iter().filter_map(|inner| fill.block(inner)).collect();
        let mut blocks = Vec::new();
        for inner in filled {
            match self.is_use(&inner) && !self.budget.is_spent() {
                true => blocks.extend(self.used(&inner, &[])),
                false => blocks.push(inner),
            }
        }
        bound.rest.iter().for_each(|rest| self.lay(rest, template, &mut blocks));
        blocks
    }

    fn is_use(&self, block: &Block) -> bool {
        block.word.value == Use::SCHEMA.word || !matches!(self.templates.find(&block.word.value), Found::Nothing)
    }

    /// The template that a block uses. One that is not there is reported.
    fn template(&mut self, block: &Block) -> Option<&'a Template> {
        let Some((name, span)) = template_name(block) else {
            let message = "`use` needs the name of a template behind the word";
            let diagnostic = Diagnostic::new(Code::MissingValue, message, block.word.span, "missing here");
            self.problems.add(diagnostic.hint("write `use \"web-service\" \"shop\"`"));
            return None;
        };
        match self.templates.find(name) {
            Found::Template(template) => Some(template),
            Found::Broken => None,
            Found::Nothing => {
                let message = format!("there is no template `{name}`");
                let diagnostic = Diagnostic::new(Code::UnknownName, message, span, "no such template");
                self.problems.add(diagnostic.hint(suggest::hint(name, self.templates.names())));
                None
            }
        }
    }

    /// Lays what a use says beyond its parameters over the one workload that it stands for.
    fn lay(&mut self, rest: &Block, template: &Template, blocks: &mut [Block]) {
        let schema_of =
            |block: &Block| template::top_schema(&block.word.value).filter(|top| template::is_workload(top));
        let mut workloads: Vec<(&mut Block, &'static Schema)> =
            blocks.iter_mut().filter_map(|block| schema_of(block).map(|schema| (block, schema))).collect();
        let count = workloads.len();
        match workloads.pop() {
            Some((workload, schema)) if count == 1 => {
                let known = self.known(rest, template, schema);
                lay::lay(workload, known, Some(schema), self.problems);
            }
            _ => self.report_rest(rest, template, count),
        }
    }

    /// What the workload has a field for; all else is reported.
    fn known(&mut self, rest: &Block, template: &Template, schema: &'static Schema) -> Block {
        let fields = schema.all_fields();
        let absent = schema.all_absent();
        let mut known = rest.clone();
        let mut unknown = Vec::new();
        let is_child = |word: &str| {
            let is_field = fields.iter().any(|field| field.word == word && field.shape != Shape::Argument);
            is_field || absent.contains(&word) || word == lay::WITHOUT
        };
        let is_property = |word: &str| {
            let fits = |shape: Shape| matches!(shape, Shape::Property | Shape::Flag);
            fields.iter().any(|field| field.word == word && fits(field.shape)) || absent.contains(&word)
        };
        unknown.extend(known.properties.extract_if(.., |one| !is_property(&one.name.value)).map(|one| one.name));
        unknown.extend(known.children.extract_if(.., |one| !is_child(&one.word.value)).map(|one| one.word));
        let words = fields.iter().filter(|field| field.shape != Shape::Argument).map(|field| field.word);
        let words: Vec<&str> = template.parameters().chain(words).collect();
        for word in unknown {
            let name = &template.head.name.value.0;
            let message = format!("`{name}` has no parameter `{}`", word.value);
            let diagnostic = Diagnostic::new(Code::UnknownWord, message, word.span, "not known here");
            self.problems.add(diagnostic.hint(suggest::hint(&word.value, words.iter().copied())));
        }
        known
    }

    fn report_rest(&mut self, rest: &Block, template: &Template, workloads: usize) {
        let name = &template.head.name;
        let properties = rest.properties.iter().map(|property| &property.name);
        for word in properties.chain(rest.children.iter().map(|child| &child.word)) {
            let message = format!("`{}` is no parameter of `{}`", word.value, name.value.0);
            let label = match workloads {
                0 => "there is no workload that it could be laid over".to_owned(),
                count => format!("which of {count} workloads would it be laid over?"),
            };
            let diagnostic = Diagnostic::new(Code::OneWorkload, message, word.span, label);
            let known = suggest::hint(&word.value, template.parameters());
            self.problems.add(diagnostic.also(name.span, "the template").hint(known));
        }
    }
}

/// A copy of a template's block with the values of one use.
struct Fill<'a> {
    bound: &'a Bound,
    refile: Refile,
    budget: &'a mut Budget,
    problems: &'a mut Problems,
}

impl Fill<'_> {
    /// None where nothing is left of it, or there is no room.
    fn block(&mut self, block: &Block) -> Option<Block> {
        if !self.budget.take(block, self.problems) {
            return None;
        }
        let arguments: Vec<Value> = block.arguments.iter().flat_map(|value| self.values(value)).collect();
        let properties: Vec<Property> = block.properties.iter().filter_map(|one| self.property(one)).collect();
        let children: Vec<Block> = block.children.iter().filter_map(|child| self.block(child)).collect();
        let had_more = arguments.len() < block.arguments.len() || properties.len() < block.properties.len();
        if had_more && arguments.is_empty() && properties.is_empty() && children.is_empty() {
            return None;
        }
        let word = crate::span::Spanned::new(block.word.value.clone(), self.span(block.word.span));
        let (span, extent) = (self.span(block.span), self.span(block.extent));
        Some(Block { word, arguments, properties, children, span, extent })
    }

    fn span(&mut self, span: Span) -> Span {
        self.refile.span(span, self.problems)
    }

    fn property(&mut self, property: &Property) -> Option<Property> {
        let values = self.values(&property.value);
        let mut name = property.name.clone();
        name.span = self.span(name.span);
        if let [_, second, ..] = &values[..] {
            let message = format!("`{}` takes one value, not {}", name.value, values.len());
            let diagnostic = Diagnostic::new(Code::SurplusValue, message, second.span, "one too many");
            self.problems.add(diagnostic.hint("a parameter with several values goes into a row of values"));
        }
        Some(Property { name, value: values.into_iter().next()? })
    }

    /// A value of the template, or what stands in its place.
    fn values(&mut self, value: &Value) -> Vec<Value> {
        let at = self.span(value.span);
        let Scalar::Parameter(name) = &value.value else {
            return vec![Value { span: at, ..value.clone() }];
        };
        let (led, values) = match self.bound.values.get(name) {
            Some(Values::Given(values)) => (Led::Given, values),
            Some(Values::Default(values)) => (Led::Default, values),
            // What is wrong was reported: it stays a reference, which nobody reports again.
            None => return vec![Value { span: at, ..value.clone() }],
        };
        let mut refile = Refile::new(at, led);
        let mut filled = Vec::new();
        for value in values {
            if self.budget.take_value(&value.value, self.problems) {
                filled.push(refile.value(value.clone(), self.problems));
            }
        }
        filled
    }
}
