//! Every KDL block compiles, or fails as it says.
//!
//! `kdl` is a whole repository: what it lacks of a fleet, a node `n1` and its facts is added. `kdl,fails=CODE` must be
//! answered with that code. `kdl,part` is only KDL. `kdl,agent` is the settings of an agent.

use std::{collections::BTreeMap, fs};

use wlagent::settings::Settings;
use wlc::{
    attachments::{self, Attachments},
    diagnostics::{Diagnostic, Problems, Severity, terminal},
    files,
    lock::Lock,
    pipeline::{self, Compiled},
    sources::Sources,
    syntax,
};

use crate::pages::{self, Block, Page};

const FLEET: &str = "fleet \"f\" { host-ports \"20000-29999\" }\n";
const NODE: &str = "node \"n1\"\n";

fn facts(node: &str) -> String {
    format!("facts \"{node}\" {{ capacity cpu=8 memory=\"16GiB\" }}\n")
}

/// What is declared, by kind and name.
fn declared(sources: &Sources) -> Vec<(&'static str, String)> {
    let front = pipeline::read(sources.clone(), Problems::default());
    front.repository.declared.into_keys().collect()
}

/// The sources with what they lack.
fn completed(mut sources: Sources) -> Sources {
    let declared = declared(&sources);
    let has = |kind: &str| declared.iter().any(|(found, _)| *found == kind);
    if !has("fleet") {
        sources.add("added/fleet.kdl", FLEET);
    }
    if !has("node") {
        sources.add("added/node.kdl", NODE);
    }
    if !has("facts") {
        let nodes = declared.iter().filter(|(kind, _)| *kind == "node").map(|(_, name)| name.as_str());
        let nodes: Vec<&str> = if has("node") { nodes.collect() } else { vec!["n1"] };
        sources.add("added/facts.kdl", &nodes.into_iter().map(facts).collect::<String>());
    }
    sources
}

/// Compiles with an empty lock. Every file that is named is there.
fn compile(sources: Sources) -> Compiled {
    let front = pipeline::read(completed(sources), Problems::default());
    let mut found = Attachments::default();
    for named in attachments::named(&front.sources, &front.repository) {
        found.put(named.span, named.path.map(|_| b"some text\n".to_vec()).map_err(str::to_owned));
    }
    pipeline::compile(front, &found, &Lock::default())
}

fn compile_text(text: &str) -> Compiled {
    let mut sources = Sources::default();
    sources.add("example.kdl", text);
    compile(sources)
}

fn assert_compiles(place: &str, compiled: &Compiled) {
    let sorted = compiled.problems.sorted();
    let errors: Vec<&Diagnostic> = sorted.into_iter().filter(|one| one.severity() == Severity::Error).collect();
    let text = terminal::render(&compiled.sources, &errors, terminal::Style::Plain);
    assert!(errors.is_empty(), "{place} does not compile:\n{text}");
}

fn assert_fails(block: &Block, code: &str) {
    let compiled = compile_text(&block.text);
    let sorted = compiled.problems.sorted();
    let found: Vec<&str> = sorted.iter().map(|one| one.code.name()).collect();
    let text = terminal::render(&compiled.sources, &sorted, terminal::Style::Plain);
    assert!(found.contains(&code), "{} should be answered with `{code}`, and is answered with:\n{text}", block.place);
}

fn assert_is_kdl(block: &Block) {
    let mut sources = Sources::default();
    let id = sources.add("example.kdl", &block.text);
    let mut problems = Problems::default();
    let read = syntax::read(id, sources.file(id), &mut problems);
    let text = terminal::render(&sources, &problems.sorted(), terminal::Style::Plain);
    assert!(read.is_some(), "{} is no KDL:\n{text}", block.place);
}

fn assert_is_settings(block: &Block) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.kdl");
    fs::write(&file, &block.text).unwrap();
    if let Err(error) = Settings::read(&file) {
        panic!("{}: {error}", block.place);
    }
}

fn check(block: &Block) {
    match (block.value("fails"), &block.words[1..]) {
        (Some(code), _) => assert_fails(block, code),
        (None, []) => assert_compiles(&block.place, &compile_text(&block.text)),
        (None, [word]) if word == "part" => assert_is_kdl(block),
        (None, [word]) if word == "agent" => assert_is_settings(block),
        (None, _) => panic!("{}: `{}` is not known", block.place, block.words.join(",")),
    }
}

#[test]
fn every_kdl_block_compiles_or_fails_as_it_says() {
    let blocks: Vec<Block> = pages::all().iter().flat_map(Page::blocks).filter(|block| block.kind() == "kdl").collect();
    assert!(blocks.len() > 10, "only {} blocks of KDL were found", blocks.len());
    blocks.iter().for_each(check);
}

#[test]
fn every_example_compiles() {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(pages::checkout().join("examples")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join(files::ROOT_FILE).exists() {
            found.insert(folder.display().to_string(), folder);
        }
    }
    assert!(!found.is_empty());
    for (name, folder) in found {
        let mut problems = Problems::default();
        let sources = files::read(&folder, &mut problems).unwrap();
        let front = pipeline::read(completed(sources), problems);
        let attached = files::attach(&folder, &attachments::named(&front.sources, &front.repository));
        assert_compiles(&name, &pipeline::compile(front, &attached, &Lock::default()));
    }
}
