//! Names that blocks give and names that values refer to, over all files.

use std::{collections::BTreeSet, ops::Range};

use super::{
    language::{Here, Part},
    outline::{Item, Outline},
};

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// A config.
    Config,
    /// A secret.
    Secret,
    /// A workload of any kind.
    Workload,
    /// A machine.
    Node,
    /// A volume of the workload.
    Volume,
    /// A claim of the workload.
    Claim,
    /// A port of the container.
    Port,
    /// A container of the workload.
    Container,
    /// A label of a node.
    Label,
    /// A template.
    Template,
}

/// The kinds of workloads.
const WORKLOADS: [&str; 5] = ["deployment", "stateful-set", "daemon-set", "job", "cron-job"];

/// What a value refers to; nothing where it is a value of its own.
pub(super) fn referred(outline: &Outline, here: &Here) -> Option<Space> {
    let item = here.item?;
    let words: Vec<&str> = outline.path(item).iter().map(|item| outline.items[*item].word.text.as_str()).collect();
    let word = *words.last()?;
    let is_top = words.len() == 1;
    match &here.part {
        Part::Value(name) => by_word(name, &words),
        Part::Argument(0) if is_top && matches!(word, "facts" | "released") => Some(Space::Node),
        Part::Argument(0) if is_top && word == "removed" => Some(Space::Workload),
        Part::Argument(_) if word == "use" => Some(Space::Template),
        Part::Argument(_) if word == "label" && words.contains(&"place") => Some(Space::Label),
        Part::Argument(_) if !is_top && !declares(word) => by_word(word, &words),
        Part::Argument(_) | Part::Word | Part::Name => None,
    }
}

fn by_word(word: &str, path: &[&str]) -> Option<Space> {
    match word {
        "config" => Some(Space::Config),
        "secret" => Some(Space::Secret),
        "volume" => Some(Space::Volume),
        "claim" => Some(Space::Claim),
        "endpoints" | "after" | "near" | "before" | "before-remove" | "from"
            if !path.contains(&"config") || word != "from" =>
        {
            Some(Space::Workload)
        }
        "on" | "node" if path.contains(&"place") || path.contains(&"released") => Some(Space::Node),
        "port" if path.contains(&"container") || path.contains(&"sidecar") || path.contains(&"init") => {
            Some(Space::Port)
        }
        "container" => Some(Space::Container),
        _ => None,
    }
}

/// Whether the first argument of a block inside of another is a name that it gives.
fn declares(word: &str) -> bool {
    matches!(word, "container" | "init" | "sidecar" | "port" | "volume" | "claim")
}

/// The blocks that give a name of a space, in one file. Names of a workload count only inside of it.
pub(super) fn declarations<'a>(outline: &'a Outline, space: Space, within: Option<usize>) -> Vec<&'a Item> {
    let is_top = |item: &&Item| item.parent.is_none() && !item.dashed;
    let top = within.map(|item| outline.items[item].top);
    let inside = |item: &Item, words: &[&str]| {
        !item.dashed && item.parent.is_some() && Some(item.top) == top && words.contains(&item.word.text.as_str())
    };
    let container = within.and_then(|item| {
        outline
            .path(item)
            .into_iter()
            .find(|item| matches!(outline.items[*item].word.text.as_str(), "container" | "sidecar" | "init"))
    });
    let of = |words: &'static [&'static str]| -> Vec<&'a Item> {
        outline.items.iter().filter(is_top).filter(|item| words.contains(&item.word.text.as_str())).collect()
    };
    match space {
        Space::Config => of(&["config"]),
        Space::Secret => of(&["secret"]),
        Space::Workload => of(&WORKLOADS),
        Space::Node => of(&["node"]),
        Space::Template => of(&["template"]),
        Space::Volume => outline.items.iter().filter(|item| inside(item, &["volume"])).collect(),
        Space::Claim => outline.items.iter().filter(|item| inside(item, &["claim"])).collect(),
        Space::Container => {
            outline.items.iter().filter(|item| inside(item, &["container", "sidecar", "init"])).collect()
        }
        Space::Port => outline.children(container.or(top)).filter(|item| item.word.text == "port").collect(),
        Space::Label => {
            let is_node = |item: &&Item| {
                item.parent.is_some_and(|parent| {
                    outline.items[parent].parent.is_none() && outline.items[parent].word.text == "node"
                })
            };
            outline.items.iter().filter(|item| item.word.text == "label" && !item.dashed).filter(is_node).collect()
        }
    }
}

/// The name that a block gives.
pub(super) fn name(item: &Item) -> Option<(&str, Range<usize>)> {
    let name = item.arguments.first()?;
    Some((&name.text, name.range.clone()))
}

/// What may be written for a reference: the names of its space; for a label its keys, or the values of its key.
pub(super) fn known(outlines: &[&Outline], own: &Outline, here: &Here, space: Space) -> BTreeSet<String> {
    let is_own = matches!(space, Space::Volume | Space::Claim | Space::Container | Space::Port);
    let all: Vec<&Item> = match is_own {
        true => declarations(own, space, here.item),
        false => outlines.iter().flat_map(|outline| declarations(outline, space, None)).collect(),
    };
    let key = here.item.and_then(|item| own.items[item].arguments.first()).map(|key| key.text.as_str());
    match (&here.part, space) {
        (Part::Argument(number), Space::Label) if *number > 0 => {
            let values = all.iter().filter(|item| name(item).map(|(name, _)| name) == key);
            values.filter_map(|item| item.arguments.get(1)).map(|value| value.text.clone()).collect()
        }
        _ => all.iter().filter_map(|item| name(item)).map(|(name, _)| name.to_owned()).collect(),
    }
}
