//! Where the name at a place is declared.

use std::ops::Range;

use super::{
    declared::{self, Declared},
    language::{self, Here, Part},
    names::{self, Space},
    outline::{Item, Outline},
    templates,
};

/// A place by the number of its outline.
pub(super) type Found = (usize, Range<usize>);

/// Where the name at a place of the first outline is declared.
pub(super) fn definitions(outlines: &[&Outline], offset: usize) -> Vec<Found> {
    let here = language::here(outlines, offset);
    let mut found = of_template(outlines, &here);
    if found.is_empty() {
        found = of_name(outlines, &here);
    }
    if found.is_empty() {
        found = of_block(outlines, &here);
    }
    found
}

/// A template by the word of a use, or a parameter by its word.
fn of_template(outlines: &[&Outline], here: &Here) -> Vec<Found> {
    let said = here.spelled.text.as_str();
    let found = match here.item {
        None if language::top(said).is_some() => None,
        None => templates::find(outlines, said).and_then(|one| place(one.number, one.item)),
        Some(item) if matches!(here.part, Part::Word | Part::Name) => {
            let top = &outlines[0].items[outlines[0].items[item].top];
            let parameter = || {
                let name = language::parameter_at(outlines, here)?;
                let template = templates::used(outlines, top)?;
                place(template.number, template.parameter(&name)?)
            };
            let nested = || {
                let is_body = top.word.text == language::TEMPLATE && language::top(said).is_none();
                templates::find(outlines, said).filter(|_| is_body).and_then(|one| place(one.number, one.item))
            };
            parameter().or_else(nested)
        }
        Some(_) => None,
    };
    found.into_iter().collect()
}

fn place(number: usize, item: &Item) -> Option<Found> {
    item.arguments.first().map(|name| (number, name.range.clone()))
}

/// What a value refers to.
fn of_name(outlines: &[&Outline], here: &Here) -> Vec<Found> {
    let (Some(item), Some(space)) = (here.item, names::referred(outlines[0], here)) else { return Vec::new() };
    let key = outlines[0].items[item].arguments.first().map(|key| key.text.as_str());
    let declared = declared::declared(outlines, item, &space).into_iter();
    let place = |one: Declared| match (&here.part, &space) {
        (Part::Argument(1..), Space::Label | Space::Taint) => one
            .value
            .filter(|(value, _)| Some(one.name.as_str()) == key && *value == here.spelled.text)
            .map(|(_, at)| at),
        (_, Space::Replica) => {
            let workload = here.spelled.text.rsplit_once('-').map(|(workload, _)| workload);
            (workload == Some(&one.name)).then_some(one.range)
        }
        _ => (one.name == here.spelled.text).then_some(one.range),
    };
    declared.filter_map(|one| Some((one.number, place(one)?))).collect()
}

/// What the base and overlays say about the block whose name stands here, or which use of a template stands for it.
fn of_block(outlines: &[&Outline], here: &Here) -> Vec<Found> {
    let Some(item) = here.item else { return Vec::new() };
    let own = &outlines[0].items[item];
    let number_of_name = usize::from(own.word.text == "use");
    if own.parent.is_some() || here.part != Part::Argument(number_of_name) {
        return Vec::new();
    }
    let others = declared::same(outlines, item).into_iter().filter(|(number, _)| *number != 0);
    let said = |(number, top): (usize, usize)| {
        let other = &outlines[number].items[top];
        let name = other.arguments.iter().find(|name| name.text == here.spelled.text)?;
        Some((number, name.range.clone()))
    };
    others.filter_map(said).collect()
}
