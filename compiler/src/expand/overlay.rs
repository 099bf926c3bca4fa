//! Overlays: blocks that repeat others by kind and name and say only what differs.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    lay::{self, WITHOUT},
    template::{Head, Without, each_reference, is_head, top_schema},
    uses::{self, Used},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    fields::FromBlock,
    span::Spanned,
    syntax::{Block, Scalar},
};

/// Blocks by what becomes of them. A `without` is where that is which it takes away.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) templates: Vec<Block>,
    pub(super) uses: Vec<Block>,
    pub(super) blocks: Vec<Block>,
}

/// Sorts blocks; `names` are those of all templates.
pub(super) fn sort(blocks: Vec<Block>, names: &BTreeSet<String>) -> Sorted {
    let mut sorted = Sorted::default();
    for block in blocks {
        let taken = block.arguments.first().filter(|_| block.word.value == WITHOUT);
        let word = match taken.map(|word| &word.value) {
            Some(Scalar::Text(word)) => word.as_str(),
            Some(_) | None => block.word.value.as_str(),
        };
        if word == Head::SCHEMA.word {
            sorted.templates.push(block);
        } else if word == super::Use::SCHEMA.word || names.contains(word) {
            sorted.uses.push(block);
        } else {
            sorted.blocks.push(block);
        }
    }
    sorted
}

/// Reports what has a meaning in templates and overlays only.
pub(super) fn report_outside(base: &mut Sorted, over: &Sorted, problems: &mut Problems) {
    for list in [&mut base.templates, &mut base.uses, &mut base.blocks] {
        for block in list.extract_if(.., |block| block.word.value == WITHOUT) {
            let message = "`without` stands outside of an overlay";
            let diagnostic = Diagnostic::new(Code::UnknownWord, message, block.word.span, "takes nothing away");
            problems.add(diagnostic.hint("take out what is not wanted, or write this in `_overlays/NAME/`"));
        }
    }
    for list in [&base.uses, &base.blocks, &over.uses, &over.blocks] {
        report_references(list, problems);
    }
}

/// A reference outside of a template stands for nothing.
fn report_references(blocks: &[Block], problems: &mut Problems) {
    each_reference(blocks, &mut |name, reference| {
        let message = format!("the parameter `{name}` stands outside of a template");
        let diagnostic = Diagnostic::new(Code::UnknownParameter, message, reference.span, "has no value here");
        problems.add(diagnostic.hint("write the value; only blocks inside a `template` have parameters"));
    });
}

/// Kind and name of a block at the top of a file. There is one fleet, whatever it is called.
fn key(block: &Block) -> (String, String) {
    let word = block.word.value.clone();
    let name = if word == "fleet" { None } else { lay::name(block, None) };
    (word, name.unwrap_or_default())
}

/// Lays the blocks of an overlay over those of the base. What repeats nothing is new.
pub(super) fn lay(mut base: Vec<Block>, over: Vec<Block>, problems: &mut Problems) -> Vec<Block> {
    if over.is_empty() {
        return base;
    }
    let (without, over): (Vec<_>, Vec<_>) = over.into_iter().partition(|block| block.word.value == WITHOUT);
    for one in &without {
        take_away(&mut base, one, problems);
    }
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (index, block) in base.iter().enumerate() {
        places.entry(key(block)).or_insert(index);
    }
    for block in over {
        // What the overlay says twice stays twice, so that it is reported.
        match places.remove(&key(&block)) {
            Some(index) => lay_block(&mut base[index], block, problems),
            None => base.push(block),
        }
    }
    base
}

fn lay_block(base: &mut Block, over: Block, problems: &mut Problems) {
    match over.word.value.as_str() {
        "template" => lay_template(base, over, problems),
        "fleet" => lay_fleet(base, over, problems),
        word => {
            let schema = top_schema(word);
            lay::lay(base, over, schema, problems);
        }
    }
}

/// The head of a template is a block like others; its body is laid over as the top of a file is.
fn lay_template(base: &mut Block, over: Block, problems: &mut Problems) {
    let Block { children, .. } = over;
    let (head, body): (Vec<_>, Vec<_>) = children.into_iter().partition(|child| is_head(child) || is_of_head(child));
    let old = std::mem::take(&mut base.children);
    let (old_head, old_body): (Vec<_>, Vec<_>) = old.into_iter().partition(is_head);
    base.children = old_head;
    lay::lay(base, Block { children: head, ..over }, Some(Head::SCHEMA), problems);
    base.children.extend(lay(old_body, body, problems));
}

/// Whether a `without` takes a parameter away.
fn is_of_head(child: &Block) -> bool {
    let word = child.arguments.first().map(|word| &word.value);
    child.word.value == WITHOUT && matches!(word, Some(Scalar::Text(word)) if word == "parameter" || word == "doc")
}

/// An overlay is a fleet of its own by its own name; the fleet's name cannot be changed.
fn lay_fleet(base: &mut Block, over: Block, problems: &mut Problems) {
    let (old, new) = (base.arguments.first().cloned(), over.arguments.first());
    if let (Some(old), Some(new)) = (old, new)
        && old.value != new.value
    {
        let message = "an overlay cannot change the name of its fleet";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, new.span, "another name than the base says");
        let hint = "repeat the name of the base; the fleet of an overlay is called `FLEET-OVERLAY` by itself";
        problems.add(diagnostic.also(old.span, "the name").hint(hint));
    }
    lay::lay(base, over, top_schema("fleet"), problems);
}

/// Takes blocks away by kind and name.
fn take_away(base: &mut Vec<Block>, without: &Block, problems: &mut Problems) {
    let Some(Without { word, names, .. }) = Without::from_block(without, problems) else { return };
    if names.is_empty() {
        let message = format!("`without \"{}\"` needs the name of what it takes away", word.value);
        let diagnostic = Diagnostic::new(Code::MissingValue, message, word.span, "which one?");
        problems.add(diagnostic.hint(format!("write `without \"{}\" \"NAME\"`", word.value)));
    }
    for name in names {
        let before = base.len();
        let wanted = (word.value.clone(), name.value.clone());
        base.retain(|block| key(block) != wanted);
        if base.len() == before {
            let same = base.iter().map(key).filter(|(kind, _)| *kind == word.value);
            let known: Vec<String> = same.map(|(_, name)| name).collect();
            let what = format!("no {} `{}`", word.value, name.value);
            problems.add(lay::nothing_there(&what, &name.value, name.span, &known, None));
        }
    }
}

/// Uses by template and name, each with what the overlay says of it.
pub(super) fn lay_over_uses(base: Vec<Block>, over: Vec<Block>, problems: &mut Problems) -> Vec<Used> {
    let (without, over): (Vec<_>, Vec<_>) = over.into_iter().partition(|block| block.word.value == WITHOUT);
    let mut base = base;
    for one in &without {
        take_away_use(&mut base, one, problems);
    }
    let mut uses: Vec<Used> = base.into_iter().map(|block| Used { block, over: Vec::new() }).collect();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (index, used) in uses.iter().enumerate() {
        places.entry(use_key(&used.block)).or_insert(index);
    }
    for block in over {
        match places.get(&use_key(&block)) {
            Some(&index) => uses[index].over.push(block),
            None => uses.push(Used { block, over: Vec::new() }),
        }
    }
    uses
}

/// Template and name of a use.
fn use_key(block: &Block) -> (String, String) {
    let template = uses::template_name(block).map(|(name, _)| name.to_owned()).unwrap_or_default();
    let name = uses::arguments(block).first().map(|value| super::shown(&value.value));
    (template, name.unwrap_or_default())
}

fn take_away_use(base: &mut Vec<Block>, without: &Block, problems: &mut Problems) {
    let Some(Without { word, names, .. }) = Without::from_block(without, problems) else { return };
    for name in names {
        let before = base.len();
        let wanted = (word.value.clone(), name.value.clone());
        base.retain(|block| use_key(block) != wanted);
        if base.len() == before {
            let same = base.iter().map(use_key).filter(|(template, _)| *template == word.value);
            let known: Vec<String> = same.map(|(_, name)| name).collect();
            let what = format!("no {} `{}`", word.value, name.value);
            problems.add(lay::nothing_there(&what, &name.value, name.span, &known, None));
        }
    }
}

/// Gives the fleet the name of its overlay: `FLEET-OVERLAY`.
pub(super) fn name_fleet(blocks: &mut [Block], overlay: &str) {
    for block in blocks.iter_mut().filter(|block| block.word.value == "fleet") {
        if let Some(Spanned { value: Scalar::Text(name), .. }) = block.arguments.first_mut() {
            name.push('-');
            name.push_str(overlay);
        }
    }
}
