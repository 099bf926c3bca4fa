//! What the names in values refer to.

use super::{
    language::{Here, Part},
    outline::{Item, Outline},
};

/// What a name is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Space {
    /// A config.
    Config,
    /// A secret.
    Secret,
    /// A file of this config.
    File(String),
    /// A key of this secret.
    Key(String),
    /// A workload of any kind.
    Workload,
    /// A replica of a stateful-set.
    Replica,
    /// A machine.
    Node,
    /// A label of a node: its key, or one of its values.
    Label,
    /// A taint of a node: its key, or one of its values.
    Taint,
    /// A place for claims on a node.
    Storage,
    /// A volume of the workload.
    Volume,
    /// A claim of the workload.
    Claim,
    /// A port of the container.
    Port,
    /// A container of the workload.
    Container,
    /// A parameter of the job.
    JobParameter,
    /// A template.
    Template,
    /// A parameter of the template around it.
    Parameter,
}

/// What a value refers to; nothing where it is a value of its own.
pub(super) fn referred(outline: &Outline, here: &Here) -> Option<Space> {
    let item = &outline.items[here.item?];
    if here.spelled.is_parameter {
        return Some(Space::Parameter);
    }
    let words: Vec<&str> =
        outline.path(here.item?).iter().map(|item| outline.items[*item].word.text.as_str()).collect();
    let word = *words.last()?;
    match &here.part {
        Part::Value(name) => by_word(name, outline, item, &words),
        Part::Argument(number) if words.len() == 1 => at_top(word, *number, item),
        Part::Argument(_) => in_block(word, outline, item, &words),
        Part::Word | Part::Name => None,
    }
}

/// What the values behind the word of a block at the top of a file refer to.
fn at_top(word: &str, number: usize, item: &Item) -> Option<Space> {
    match (word, number) {
        ("facts", 0) => Some(Space::Node),
        ("removed", 0) => Some(Space::Workload),
        ("released", 0) => Some(Space::Replica),
        ("use", 0) => Some(Space::Template),
        ("without", 1..) => Some(match item.arguments.first()?.text.as_str() {
            "config" => Space::Config,
            "secret" => Space::Secret,
            "node" | "facts" => Space::Node,
            "template" => Space::Template,
            _ => Space::Workload,
        }),
        _ => None,
    }
}

/// What the values behind the word of a block inside of another refer to.
fn in_block(word: &str, outline: &Outline, item: &Item, words: &[&str]) -> Option<Space> {
    let gives_a_name = matches!(word, "container" | "init" | "sidecar" | "port" | "volume" | "claim" | "storage");
    match word {
        "label" if words.contains(&"place") => Some(Space::Label),
        "tolerate" => Some(Space::Taint),
        "use" => Some(Space::Template),
        "item" => part_of(&outline.items[item.parent?]),
        _ if gives_a_name => None,
        _ => by_word(word, outline, item, words),
    }
}

/// What the value of a field refers to, which is a property or a child.
fn by_word(word: &str, outline: &Outline, item: &Item, path: &[&str]) -> Option<Space> {
    let is_in = |word: &str| path.contains(&word);
    let is_in_container = is_in("container") || is_in("sidecar") || is_in("init");
    match word {
        "config" => Some(Space::Config),
        "secret" => Some(Space::Secret),
        "key" => part_of(item).or_else(|| part_of(&outline.items[item.parent?])),
        "volume" => Some(Space::Volume),
        "claim" => Some(Space::Claim),
        "endpoints" if !is_in("board") => Some(Space::Workload),
        "after" | "near" | "before" | "before-remove" => Some(Space::Workload),
        "from" if is_in("apart") => Some(Space::Workload),
        "on" | "node" if is_in("place") || is_in("released") => Some(Space::Node),
        "by" if is_in("place") || is_in("update") => Some(Space::Label),
        "storage" if is_in("claim") => Some(Space::Storage),
        "parameter" if is_in("env") => Some(Space::JobParameter),
        "port" if is_in_container => Some(Space::Port),
        "container" => Some(Space::Container),
        _ => None,
    }
}

/// The parts of the config or secret that a block names.
fn part_of(item: &Item) -> Option<Space> {
    let property = |word: &str| item.properties.iter().find(|(name, _)| name.text == word).map(|(_, value)| value);
    let argument = |word: &str| item.arguments.first().filter(|_| item.word.text == word);
    let named = |word: &str| property(word).or_else(|| argument(word)).map(|name| name.text.clone());
    named("config").map(Space::File).or_else(|| named("secret").map(Space::Key))
}
