//! Where names are declared, over all files: by blocks of the language, by uses of templates, and by what overlays say of
//! both.

use std::{collections::BTreeSet, ops::Range};

use super::{
    language,
    names::Space,
    outline::{Item, Outline},
    templates::{self, Index},
};
use crate::model::WORKLOADS;

/// A name and where it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// The number of the outline.
    pub(super) number: usize,
    /// The name.
    pub(super) name: String,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Of labels and taints, the value and where it stands.
    pub(super) value: Option<(String, Range<usize>)>,
}

impl Declared {
    fn new(number: usize, item: &Item) -> Option<Self> {
        let name = item.arguments.first()?;
        let value = item.arguments.get(1).map(|value| (value.text.clone(), value.range.clone()));
        Some(Self { number, name: name.text.clone(), range: name.range.clone(), value })
    }
}

/// A block at the top of a file: the number of the outline and of the block.
pub(super) type Top = (usize, usize);

/// The names of a space, as they are known at a block of the first outline.
pub(super) fn declared(outlines: &[&Outline], item: usize, space: &Space) -> Vec<Declared> {
    let of_nodes = |word: &str| inside_tops(outlines, &["node"], |_| true, word);
    match space {
        Space::Config => by_kinds(outlines, &["config"]),
        Space::Secret => by_kinds(outlines, &["secret"]),
        Space::File(config) => inside_tops(outlines, &["config"], |name| name == config, "file"),
        Space::Key(secret) => inside_tops(outlines, &["secret"], |name| name == secret, "key"),
        Space::Workload => by_kinds(outlines, &WORKLOADS),
        Space::Replica => by_kinds(outlines, &["stateful-set"]),
        Space::Node => by_kinds(outlines, &["node"]),
        Space::Label => of_nodes("label"),
        Space::Taint => of_nodes("taint"),
        Space::Storage => of_nodes("storage"),
        Space::Template => templates::all(outlines).filter_map(|one| Declared::new(one.number, one.item)).collect(),
        Space::Parameter => parameters(outlines, item, |kind| kind == language::TEMPLATE),
        Space::Volume => in_scopes(outlines, item, &["volume"]),
        Space::Claim => in_scopes(outlines, item, &["claim"]),
        Space::Container => in_scopes(outlines, item, &CONTAINERS),
        Space::JobParameter => parameters(outlines, item, |kind| kind != language::TEMPLATE),
        Space::Port => ports(outlines, item),
    }
}

/// The blocks that are containers.
const CONTAINERS: [&str; 3] = ["container", "sidecar", "init"];

/// Names that blocks at the top give, or uses of templates that stand for such blocks.
fn by_kinds(outlines: &[&Outline], kinds: &[&str]) -> Vec<Declared> {
    let is_kind = |item: &&Item| kinds.contains(&item.word.text.as_str());
    let templates = Index::new(outlines);
    let mut found = Vec::new();
    for (number, outline) in outlines.iter().enumerate() {
        for item in outline.children(None) {
            if is_kind(&item) {
                found.extend(Declared::new(number, item));
            } else if let Some(template) = templates.used(item) {
                let blocks: Vec<&Item> = template.inside().filter(is_kind).collect();
                let by_use = |block: &&&Item| block.arguments.first().is_some_and(|name| name.is_parameter);
                found.extend(
                    name_of_use(item)
                        .filter(|_| blocks.iter().any(|block| by_use(&block)))
                        .map(|(name, range)| Declared { number, name: name.to_owned(), range, value: None }),
                );
                let literal = blocks.iter().filter(|block| !by_use(block));
                found.extend(literal.filter_map(|block| Declared::new(template.number, block)));
            }
        }
    }
    found.dedup();
    found
}

/// The name that a use gives.
fn name_of_use(item: &Item) -> Option<(&str, Range<usize>)> {
    let name = item.arguments.get(usize::from(item.word.text == "use"))?;
    Some((&name.text, name.range.clone()))
}

/// Names that blocks give directly inside of blocks at the top.
fn inside_tops(outlines: &[&Outline], kinds: &[&str], is_meant: impl Fn(&str) -> bool, word: &str) -> Vec<Declared> {
    let mut found = Vec::new();
    for (number, outline) in outlines.iter().enumerate() {
        let is_top = |item: &Item| {
            let name = item.arguments.first().map(|name| name.text.as_str()).unwrap_or_default();
            item.parent.is_none() && kinds.contains(&item.word.text.as_str()) && is_meant(name)
        };
        let inside = outline.items.iter().filter(|item| item.word.text == word && !item.dashed);
        let inside = inside.filter(|item| item.parent.is_some_and(|parent| is_top(&outline.items[parent])));
        found.extend(inside.filter_map(|item| Declared::new(number, item)));
    }
    found
}

/// Names that blocks give anywhere in what is said about the same workload or template.
fn in_scopes(outlines: &[&Outline], item: usize, words: &[&str]) -> Vec<Declared> {
    in_scopes_below(outlines, item, words, |_| true)
}

/// Names as [`in_scopes`] finds them, of which the block around is such a one.
fn in_scopes_below(
    outlines: &[&Outline],
    item: usize,
    words: &[&str],
    is_meant: impl Fn(&Item) -> bool,
) -> Vec<Declared> {
    let mut found = Vec::new();
    for (number, top) in same(outlines, item) {
        let items = &outlines[number].items;
        let inside = items.iter().filter(|item| item.top == top && !item.dashed);
        let inside = inside.filter(|item| words.contains(&item.word.text.as_str()));
        let inside = inside.filter(|item| item.parent.is_some_and(|parent| is_meant(&items[parent])));
        found.extend(inside.filter_map(|item| Declared::new(number, item)));
    }
    found
}

/// Parameters of a template, or of a job.
fn parameters(outlines: &[&Outline], item: usize, is_meant: impl Fn(&str) -> bool) -> Vec<Declared> {
    in_scopes_below(outlines, item, &["parameter"], |around| is_meant(&around.word.text))
}

/// The ports of the container around a block, as far as anything says something about it.
fn ports(outlines: &[&Outline], item: usize) -> Vec<Declared> {
    let is_container = |item: &Item| CONTAINERS.contains(&item.word.text.as_str());
    let path = outlines[0].path(item).into_iter().map(|item| &outlines[0].items[item]);
    let name = path.filter(|item| is_container(item)).find_map(|item| item.arguments.first());
    let name = name.filter(|name| !name.is_parameter).map(|name| name.text.as_str());
    in_scopes_below(outlines, item, &["port"], |around| {
        let other = around.arguments.first().filter(|other| !other.is_parameter);
        is_container(around) && other.is_none_or(|other| name.is_none_or(|name| name == other.text))
    })
}

/// The blocks at the top that speak of the same thing as the one around a block: itself; what the base or an overlay says
/// of it; the use of a template that stands for it; and the template of each use.
pub(super) fn same(outlines: &[&Outline], item: usize) -> Vec<Top> {
    let templates = Index::new(outlines);
    let own = &outlines[0].items[outlines[0].items[item].top];
    let mut found = vec![(0, own.top)];
    for (number, outline) in outlines.iter().enumerate() {
        let others = outline.children(None).filter(|other| is_same(&templates, own, other));
        found.extend(others.map(|other| (number, other.top)).filter(|other| *other != (0, own.top)));
    }
    let uses = found.iter().map(|(number, top)| &outlines[*number].items[*top]);
    let of_uses: BTreeSet<Top> =
        uses.filter_map(|item| templates.used(item)).map(|one| (one.number, one.item.top)).collect();
    let known: BTreeSet<Top> = found.iter().copied().collect();
    found.extend(of_uses.difference(&known));
    found
}

/// Whether two blocks at the top have one name and one kind, or one is a use that stands for the kind of the other.
fn is_same(templates: &Index<'_>, one: &Item, other: &Item) -> bool {
    let ((kind, name), (other_kind, other_name)) = (kind_and_name(one), kind_and_name(other));
    let stands_for = |item: &Item, kind: &str| {
        let blocks = templates.used(item).into_iter().flat_map(|template| template.inside());
        WORKLOADS.contains(&kind) && blocks.into_iter().any(|block| block.word.text == kind)
    };
    name.is_some()
        && name == other_name
        && (kind == other_kind || stands_for(other, kind) || stands_for(one, other_kind))
}

/// Kind and name of a block at the top; of a use, its template and its name.
fn kind_and_name(item: &Item) -> (&str, Option<&str>) {
    let is_use = item.word.text == "use";
    let template = item.arguments.first().filter(|_| is_use).map(|name| name.text.as_str());
    let name = item.arguments.get(usize::from(is_use)).map(|name| name.text.as_str());
    (template.unwrap_or(&item.word.text), name)
}
