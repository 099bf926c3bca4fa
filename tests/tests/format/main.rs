//! The formatter: on every KDL file of the repository, on a thousand generated ones, and as a command.
#![allow(clippy::unwrap_used, reason = "tests")]

mod command;
mod generated;
mod meaning;

use std::{fs, path::PathBuf};

use wlc::{
    diagnostics::Problems,
    format::{self, Unformatted, same_blocks},
    sources::Sources,
    syntax::{self, Block},
};
use wlc_tests::{folder, running};

/// The blocks of a text; none where it cannot be read.
fn blocks(text: &str) -> Option<Vec<Block>> {
    let mut sources = Sources::default();
    let file = sources.add("a.kdl", text);
    syntax::read_whole(file, sources.file(file), &mut Problems::default())
}

/// A text without what the formatter may change: blanks.
fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect()
}

/// Formats a text that can be read and holds the answer against what is promised. The formatted text.
fn check(name: &str, text: &str) -> String {
    let before = blocks(text).unwrap_or_else(|| panic!("{name} cannot be read:\n{text}"));
    let formatted = format::format(name, text).unwrap_or_else(|why| panic!("{name}: {why:?}:\n{text}"));
    let after = blocks(&formatted).unwrap_or_else(|| panic!("{name} cannot be read any more:\n{formatted}"));
    assert!(same_blocks(&before, &after), "{name} says something else now:\n{text}\n---\n{formatted}");
    let independent = |text: &str| meaning::of(text).unwrap_or_else(|| panic!("{name} is no KDL:\n{text}"));
    assert_eq!(independent(text), independent(&formatted), "{name} says something else now to the kdl crate");
    assert_eq!(without_blanks(text), without_blanks(&formatted), "{name}: only blanks change");
    assert_eq!(format::format(name, &formatted).unwrap(), formatted, "{name}: a second pass changes nothing");
    assert!(formatted.is_empty() || formatted.ends_with('\n') && !formatted.ends_with("\n\n"), "{name}: one end");
    formatted
}

/// Every KDL file of the repository, but for what cargo builds.
fn kdl_files() -> Vec<PathBuf> {
    let root = running::workspace();
    let folders = ["agent", "compiler", "examples", "plan", "tests"].map(|name| root.join(name));
    let files = folders.iter().flat_map(|folder| folder::files(folder));
    files.filter(|path| path.extension().is_some_and(|found| found == "kdl")).collect()
}

#[test]
fn every_file_of_the_repository_keeps_its_meaning() {
    let mut formatted = 0;
    for path in kdl_files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.display().to_string();
        if blocks(text.strip_prefix('\u{feff}').unwrap_or(&text)).is_some() {
            check(&name, &text);
            formatted += 1;
        } else {
            assert!(matches!(format::format(&name, &text), Err(Unformatted::Broken { .. })), "{name} is left alone");
        }
    }
    assert!(formatted > 150, "only {formatted} files were found");
}

#[test]
fn every_block_of_the_book_keeps_its_meaning() {
    let root = running::workspace();
    let mut pages = folder::files(&root.join("book/src"));
    pages.push(root.join("README.md"));
    let mut found = 0;
    for page in pages.iter().filter(|path| path.extension().is_some_and(|found| found == "md")) {
        let text = fs::read_to_string(page).unwrap();
        for block in text.split("\n```kdl").skip(1).filter_map(|rest| rest.split_once('\n')) {
            let (words, rest) = block;
            let (code, _) = rest.split_once("\n```").expect("a block has an end");
            if !words.contains("fails") && blocks(code).is_some() {
                check(&format!("{}: {words}", page.display()), code);
                found += 1;
            }
        }
    }
    assert!(found > 20, "only {found} blocks were found");
}

#[test]
fn what_people_copy_is_formatted() {
    let root = running::workspace();
    let copied =
        [root.join("examples"), root.join("compiler/src/cli/init"), root.join("agent/src/facts/tests/captured")];
    let mut unformatted = Vec::new();
    for path in kdl_files().into_iter().filter(|path| copied.iter().any(|folder| path.starts_with(folder))) {
        // The place of a line that `wlc init` writes whole.
        let text = fs::read_to_string(&path).unwrap().replace("{signer}", "signer \"ci\" \"ssh-ed25519 AAAA\"");
        if check(&path.display().to_string(), &text) != text {
            unformatted.push(path);
        }
    }
    assert!(unformatted.is_empty(), "`wlc fmt` changes {unformatted:#?}");
}
