//! Templates: which there are, what they take, and what is wrong with them before anyone uses them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    circles,
    parameter::{Parameter, ParameterName},
    reserved,
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::{FromBlock, Schema, Shape},
    span::Spanned,
    syntax::{Block, Scalar, Value},
};

crate::block! {
    /// A kind of block of your own: the blocks that each use of it stands for. `(parameter)"name"` in them is where the value of
    /// a parameter goes. Every template has the parameter `name`, the first value behind the word of a use.
    Head "template" ("") {
        /// Its name, which is the word of its uses.
        name: [required argument] ParameterName, "name" ("");
        /// What it is, for `wlc explain`.
        doc: [optional property] String, "doc" ("");
        /// A value that each use gives.
        parameters: [children] Parameter, "parameter" ("");
    }

    /// Uses a template: `use "web-service" "shop" …` is the long form of `web-service "shop" …`. Values of parameters are
    /// properties or children; other children are laid over the one workload of the template.
    Use "use" ("") {
        /// The template.
        template: [required argument] ParameterName, "template" ("");
        /// The value of the parameter `name`.
        name: [required argument] String, "name" ("");
    }

    /// Reads other files as if they lay here. Each file is read once, however often it is included.
    Include "include" ("") {
        /// The path from this file, in which `*`, `?`, `[ab]` and `**` may stand.
        pattern: [required argument] String, "pattern" ("");
    }

    /// Takes something away that the base, or the template, has. It stands in overlays and in uses of templates.
    Without "without" ("") {
        /// The word of what goes; in `env`, the name of the variable.
        word: [required argument] String, "word" ("");
        /// Its names; without any, everything with that word goes.
        names: [rest] String, "name" ("");
    }
}

/// A template that can be used.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name and parameters.
    pub head: Head,
    /// The blocks that a use stands for.
    pub body: Vec<Block>,
    /// Where each parameter is in the head.
    places: BTreeMap<String, usize>,
}

/// All templates.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    by_name: BTreeMap<String, Template>,
    /// Names of templates that cannot be used, which was reported.
    broken: BTreeSet<String>,
}

/// What a name stands for.
pub(super) enum Found<'a> {
    /// A template.
    Template(&'a Template),
    /// A template that cannot be used.
    Broken,
    /// Nothing.
    Nothing,
}

impl Template {
    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.places.get(name).map(|index| &self.head.parameters[*index])
    }

    /// The names of its parameters, in the order of the file.
    pub fn parameters(&self) -> impl Iterator<Item = &str> + Clone {
        self.head.parameters.iter().map(|parameter| parameter.name.value.0.as_str())
    }
}

impl Templates {
    /// Reads the declarations. What is wrong with one is reported, and it is not used.
    pub(super) fn read(blocks: Vec<Block>, problems: &mut Problems) -> Self {
        let mut templates = Self::default();
        for block in blocks {
            templates.declare(block, problems);
        }
        for name in circles::find(&templates, problems) {
            templates.by_name.remove(&name);
            templates.broken.insert(name);
        }
        templates.by_name.values().for_each(|template| check_references(template, problems));
        templates
    }

    fn declare(&mut self, block: Block, problems: &mut Problems) {
        let Block { children, .. } = block;
        let (head, body): (Vec<_>, Vec<_>) = children.into_iter().partition(is_head);
        let head = Block { children: head, ..block };
        let name = head.arguments.first().cloned();
        let Some(read) = Head::from_block(&head, problems).filter(|read| is_usable(read, &body, problems)) else {
            if let Some(Spanned { value: Scalar::Text(name), .. }) = name {
                self.broken.insert(name);
            }
            return;
        };
        let name = read.name.value.0.clone();
        if let Some(first) = self.by_name.get(&name) {
            let message = format!("template `{name}` is declared twice");
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, read.name.span, "declared again here");
            let diagnostic = diagnostic.also(first.head.name.span, "first declared here");
            problems.add(diagnostic.hint("give one of them another name"));
            return;
        }
        let parameters = read.parameters.iter().enumerate();
        let places = parameters.map(|(index, parameter)| (parameter.name.value.0.clone(), index)).collect();
        self.by_name.insert(name, Template { head: read, body, places });
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &str) -> Found<'_> {
        match self.by_name.get(name) {
            Some(template) => Found::Template(template),
            None if self.broken.contains(name) => Found::Broken,
            None => Found::Nothing,
        }
    }

    /// The template of this name.
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.by_name.get(name)
    }

    /// All templates by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Template)> {
        self.by_name.iter().map(|(name, template)| (name.as_str(), template))
    }

    /// The names of all templates.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }
}

/// Whether a child of a template says what it takes, and is no block of its uses.
pub(super) fn is_head(child: &Block) -> bool {
    Head::SCHEMA.fields.iter().any(|field| field.shape != Shape::Argument && field.word == child.word.value)
}

fn is_usable(head: &Head, body: &[Block], problems: &mut Problems) -> bool {
    let name = &head.name;
    if reserved().contains(name.value.0.as_str()) {
        let message = format!("`{}` is a word of the language, and cannot be the name of a template", name.value.0);
        let diagnostic = Diagnostic::new(Code::ReservedName, message, name.span, "this word has a meaning already");
        problems.add(diagnostic.hint(format!("give it a name of its own, such as `my-{}`", name.value.0)));
        return false;
    }
    for inner in body.iter().filter(|block| matches!(block.word.value.as_str(), "template" | "include" | "without")) {
        let message = format!("`{}` stands in a template", inner.word.value);
        let diagnostic = Diagnostic::new(Code::UnknownWord, message, inner.word.span, "not known here");
        problems.add(diagnostic.hint("it stands at the top of a file"));
    }
    let parameters_fit = super::parameter::check_declarations(head, problems);
    if body.is_empty() {
        let message = format!("template `{}` has no block", name.value.0);
        let diagnostic = Diagnostic::new(Code::MissingValue, message, name.span, "its uses would be nothing");
        problems.add(diagnostic.hint("write the blocks that a use stands for behind its parameters"));
    }
    parameters_fit && !body.is_empty()
}

/// Each parameter that a template names is declared, and each that is declared is named.
fn check_references(template: &Template, problems: &mut Problems) {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let name = &template.head.name.value.0;
    each_reference(&template.body, &mut |parameter, reference| {
        named.insert(parameter);
        if parameter == NAME || template.parameter(parameter).is_some() {
            return;
        }
        let message = format!("template `{name}` has no parameter `{parameter}`");
        let diagnostic = Diagnostic::new(Code::UnknownParameter, message, reference.span, "not declared");
        let known = template.parameters().chain([NAME]);
        let write = format!("or declare it: `parameter \"{parameter}\"`");
        problems.add(diagnostic.hint(suggest::hint(parameter, known)).hint(write));
    });
    for parameter in &template.head.parameters {
        if !named.contains(parameter.name.value.0.as_str()) {
            let parameter_name = &parameter.name.value.0;
            let message = format!("no block of template `{name}` uses the parameter `{parameter_name}`");
            let diagnostic = Diagnostic::new(Code::UnusedParameter, message, parameter.name.span, "given for nothing");
            problems.add(
                diagnostic
                    .hint(format!("write `(parameter)\"{parameter_name}\"` where its value goes, or take it out")),
            );
        }
    }
}

/// The parameter that every template has.
pub(super) const NAME: &str = "name";

/// Visits each place that names a parameter.
pub(super) fn each_reference<'a>(blocks: &'a [Block], visit: &mut dyn FnMut(&'a str, &'a Value)) {
    for block in blocks {
        let values = block.arguments.iter().chain(block.properties.iter().map(|property| &property.value));
        for value in values {
            if let Scalar::Parameter(name) = &value.value {
                visit(name, value);
            }
        }
        each_reference(&block.children, visit);
    }
}

/// The schema of a block that may stand at the top of a file.
pub(super) fn top_schema(word: &str) -> Option<&'static Schema> {
    crate::model::TOP.into_iter().find(|schema| schema.word == word)
}

/// Whether a schema is the one of a workload.
pub(super) fn is_workload(schema: &Schema) -> bool {
    schema.fields.iter().any(|field| field.block.is_some_and(|group| group.word == "workload"))
}

/// The names of all templates that blocks declare, broken ones included. A word of the language stays what it is.
pub(super) fn names<'a>(blocks: impl Iterator<Item = &'a Block>) -> BTreeSet<String> {
    let reserved = reserved();
    let declared = blocks.filter(|block| block.word.value == Head::SCHEMA.word);
    let names = declared.filter_map(|block| match &block.arguments.first()?.value {
        Scalar::Text(name) => Some(name.clone()),
        Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => None,
    });
    names.filter(|name| !reserved.contains(name.as_str())).collect()
}
