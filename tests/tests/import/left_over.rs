//! Nothing is dropped in silence: a key that no reader knows, put in the place of any key of any input, is named.

use std::{collections::BTreeSet, fs};

use wlc::{diagnostics::Problems, import, sources::Sources};
use wlc_tests::folder;

use crate::cases::{folder_of_cases, inputs};

/// A key that no format has.
const UNKNOWN: &str = "zzUnknownKey";

/// What an import of these files says and prints.
fn said(files: &[(String, String)]) -> (String, bool) {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add(name, text);
    }
    let mut problems = Problems::default();
    let text = import::import(&sources, &mut problems);
    let messages: Vec<String> = problems.sorted().into_iter().map(|one| one.message.clone()).collect();
    (format!("{}\n{text}", messages.join("\n")), problems.errors() > 0)
}

/// The places of a key in a YAML text: a word with a colon behind it, where a key can begin.
fn keys(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches([' ', '-', '{', '[']);
        let start = at + line.len() - trimmed.len();
        let length = trimmed.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(0);
        let is_key = trimmed[length..].starts_with(':') && length > 0 && !line.trim_start().starts_with('#');
        found.extend(is_key.then_some((start, start + length)));
        at += line.len();
    }
    found
}

#[test]
fn an_unknown_key_in_the_place_of_any_other_is_named() {
    let mut tried = 0;
    let mut silent = BTreeSet::new();
    for case in folder::folders(&folder_of_cases()) {
        let folder = folder_of_cases().join(&case);
        let names = inputs(&folder);
        let files: Vec<(String, String)> =
            names.iter().map(|name| (name.clone(), fs::read_to_string(folder.join(name)).unwrap())).collect();
        for (number, (name, text)) in files.iter().enumerate() {
            // What is left out as a whole is named as a whole.
            if !name.ends_with(".yaml") || name.starts_with("left-out") {
                continue;
            }
            for (start, end) in keys(text) {
                let changed = format!("{}{UNKNOWN}{}", &text[..start], &text[end..]);
                let mut files = files.clone();
                files[number].1 = changed;
                let (said, is_broken) = said(&files);
                tried += 1;
                // Without a key that must be there, the object is refused; that is no silence either.
                if !is_broken && !said.to_lowercase().contains(&UNKNOWN.to_lowercase()) {
                    let line = text[..start].matches('\n').count() + 1;
                    silent.insert(format!("{case}/{name}:{line}: `{}`", &text[start..end]));
                }
            }
        }
    }
    assert!(tried > 200, "only {tried} keys were tried");
    assert!(
        silent.is_empty(),
        "{} of {tried} keys are dropped in silence:\n{}",
        silent.len(),
        silent.into_iter().collect::<Vec<_>>().join("\n")
    );
}
