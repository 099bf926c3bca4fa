//! Templates as they stand in texts that may be half written: which block is a use of which one, and what it is told.

use std::collections::BTreeMap;

use super::{
    language,
    outline::{Item, Outline},
};

/// The parameter that every template has.
pub(super) const NAME: &str = "name";

/// A template, by the number of its outline and its block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declaration<'a> {
    /// The number of the outline.
    pub(super) number: usize,
    /// The outline.
    pub(super) outline: &'a Outline,
    /// The block.
    pub(super) item: &'a Item,
}

/// All templates.
pub(super) fn all<'a>(outlines: &'a [&'a Outline]) -> impl Iterator<Item = Declaration<'a>> {
    outlines.iter().enumerate().flat_map(|(number, outline)| {
        let templates = outline.children(None).filter(|item| item.word.text == "template");
        templates.map(move |item| Declaration { number, outline, item })
    })
}

/// The template of this name.
pub(super) fn find<'a>(outlines: &'a [&'a Outline], name: &str) -> Option<Declaration<'a>> {
    all(outlines).find(|template| template.name() == Some(name))
}

/// All templates by their names, for those who ask about many blocks.
#[derive(Debug)]
pub(super) struct Index<'a>(BTreeMap<&'a str, Declaration<'a>>);

impl<'a> Index<'a> {
    /// Of these outlines; of two templates with one name, the first.
    pub(super) fn new(outlines: &'a [&'a Outline]) -> Self {
        let mut found = BTreeMap::new();
        for template in all(outlines) {
            found.entry(template.name().unwrap_or_default()).or_insert(template);
        }
        Self(found)
    }

    /// The template that a block at the top of a file is a use of; nothing of a block of the language.
    pub(super) fn used(&self, block: &Item) -> Option<Declaration<'a>> {
        match block.word.text.as_str() {
            "use" => self.0.get(block.arguments.first()?.text.as_str()).copied(),
            word => self.0.get(word).copied().filter(|_| language::top(word).is_none()),
        }
    }
}

/// The template that a block at the top of a file uses.
pub(super) fn used<'a>(outlines: &'a [&'a Outline], block: &Item) -> Option<Declaration<'a>> {
    let name = if block.word.text == "use" { &block.arguments.first()?.text } else { &block.word.text };
    find(outlines, name)
}

impl<'a> Declaration<'a> {
    /// Its name.
    pub(super) fn name(&self) -> Option<&'a str> {
        self.item.arguments.first().map(|name| name.text.as_str())
    }

    /// What stands directly in it.
    pub(super) fn inside(self) -> impl Iterator<Item = &'a Item> {
        self.outline.children(Some(self.item.top))
    }

    /// Its parameters.
    pub(super) fn parameters(self) -> impl Iterator<Item = &'a Item> {
        self.inside().filter(|item| item.word.text == "parameter")
    }

    /// The parameter of this name.
    pub(super) fn parameter(self, name: &str) -> Option<&'a Item> {
        self.parameters().find(|item| item.arguments.first().is_some_and(|said| said.text == name))
    }

    /// Its parameter for people.
    pub(super) fn parameter_text(self, name: &str) -> Option<String> {
        let of = self.name().unwrap_or_default();
        match self.parameter(name) {
            Some(parameter) => {
                Some(format!("**`{name}`**, a parameter of `{of}`\n\n{}", about(self.outline, parameter)))
            }
            None if name == NAME => {
                Some(format!("**`{NAME}`**: the name of a use of `{of}`, which stands behind its word"))
            }
            None => None,
        }
    }

    /// The template with its parameters for people.
    pub(super) fn text(self) -> String {
        let name = self.name().unwrap_or_default();
        let doc = said(self.outline, self.item, "doc").unwrap_or("A template of this repository.");
        let mut text = format!("**`{name}`**, a template of this repository\n\n{}\n", doc.trim());
        for parameter in self.parameters() {
            let name = parameter.arguments.first().map(|name| name.text.as_str()).unwrap_or_default();
            let about = about(self.outline, parameter).replace("\n\n", " ");
            text.push_str(&format!("\n- `{name}`: {about}"));
        }
        text
    }
}

/// What a parameter is, and what value it takes.
fn about(outline: &Outline, parameter: &Item) -> String {
    let kind = said(outline, parameter, "type").unwrap_or("text");
    let doc = said(outline, parameter, "doc").map(|doc| format!("{}\n\n", doc.trim())).unwrap_or_default();
    let mut text = format!("{doc}Value: {kind}");
    if said(outline, parameter, "many").is_some() {
        text.push_str(", any number of them");
    }
    for (word, name) in [("at least", "min"), ("at most", "max"), ("default", "default")] {
        text.push_str(&said(outline, parameter, name).map(|value| format!(", {word} `{value}`")).unwrap_or_default());
    }
    let choices =
        outline.items.iter().filter(|item| is_child_of(outline, item, parameter) && item.word.text == "choices");
    let choices: Vec<String> =
        choices.flat_map(|item| &item.arguments).map(|choice| format!("`{}`", choice.text)).collect();
    if !choices.is_empty() {
        text.push_str(&format!(", one of {}", choices.join(" ")));
    }
    text
}

/// What a block says of itself, as a property or as a child.
fn said<'a>(outline: &'a Outline, block: &'a Item, word: &str) -> Option<&'a str> {
    let property = block.properties.iter().find(|(name, _)| name.text == word).map(|(_, value)| value.text.as_str());
    let child = || {
        let mut inside = outline.items.iter().filter(|item| is_child_of(outline, item, block));
        let child = inside.find(|item| item.word.text == word && !item.dashed)?;
        Some(child.arguments.first().map_or("", |value| value.text.as_str()))
    };
    property.or_else(child)
}

fn is_child_of(outline: &Outline, item: &Item, block: &Item) -> bool {
    item.parent.is_some_and(|parent| outline.items[parent].word.range == block.word.range)
}
