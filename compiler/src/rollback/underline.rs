//! Where in the files the fields stand in which two templates differ.

use wlc_plan::spec::{ConfigMount, MountSource, OnChange, PodSpec};

use crate::{
    diff::FieldChange,
    span::Span,
    syntax::{self, Block, Scalar},
};

/// At most so many places are shown.
const SHOWN: usize = 8;

/// Mounts whose configs have other contents.
pub(super) fn configs(source: &PodSpec, built: &PodSpec) -> Vec<FieldChange> {
    let contents = |spec: &PodSpec| -> Vec<(String, OnChange)> {
        let mut found = Vec::new();
        for container in &spec.containers {
            for mount in &container.mounts {
                if let MountSource::Config(ConfigMount { on_change: restart @ OnChange::Restart(_), .. }) =
                    &mount.source
                {
                    found.push((format!("container {} mount {}", container.name, mount.path), restart.clone()));
                }
            }
        }
        found
    };
    let built = contents(built);
    let differs =
        |(field, digest): &(String, OnChange)| built.iter().any(|(other, now)| other == field && now != digest);
    let fields = contents(source).into_iter().filter(differs).map(|(field, _)| field);
    fields.map(|field| FieldChange { field, old: None, new: Some("what its config had then".to_owned()) }).collect()
}

/// The places of the changes inside the block of a workload, in the order of the file, each with what is built. The blocks
/// are those of workloads, expanded: what an overlay or the use of a template says stands where it says it.
pub(super) fn labels(blocks: &[Block], workload: &str, changes: &[FieldChange]) -> Vec<(Span, String)> {
    let is_meant = |block: &&Block| block.arguments.first().is_some_and(|name| is(name, workload));
    let Some(block) = blocks.iter().find(is_meant) else { return Vec::new() };
    let mut found: Vec<(Span, String)> = Vec::new();
    for change in changes {
        let words: Vec<&str> = change.field.split(' ').collect();
        let (span, rest) = find(block, &words);
        let text = match &change.new {
            Some(value) => format!("{} runs", [rest.join(" ").as_str(), value].join(" ").trim()),
            None => "is not there in what runs".to_owned(),
        };
        match found.iter_mut().find(|(other, _)| *other == span) {
            Some((_, said)) => *said = format!("{said}, {text}"),
            None => found.push((span, text)),
        }
    }
    found.sort_by_key(|(span, _)| *span);
    found.truncate(SHOWN);
    found
}

/// The innermost place that the words lead to, and the words that lead no further.
fn find<'w, 't>(block: &Block, words: &'w [&'t str]) -> (Span, &'w [&'t str]) {
    let [word, rest @ ..] = words else { return (block.span, words) };
    let named = |child: &&Block| {
        child.word.value == *word
            && rest.first().is_some_and(|name| child.arguments.first().is_some_and(|one| is(one, name)))
    };
    if let Some(child) = block.children.iter().find(named) {
        return find(child, &rest[1..]);
    }
    if let Some(property) = block.properties.iter().find(|property| property.name.value == *word) {
        return (property.name.span.to(property.value.span), rest);
    }
    match block.children.iter().find(|child| child.word.value == *word && is_alone(block, word)) {
        Some(child) => find(child, rest),
        None => (block.span, words),
    }
}

fn is(value: &syntax::Value, text: &str) -> bool {
    matches!(&value.value, Scalar::Text(one) if one == text)
}

fn is_alone(block: &Block, word: &str) -> bool {
    block.children.iter().filter(|child| child.word.value == word).count() == 1
}
