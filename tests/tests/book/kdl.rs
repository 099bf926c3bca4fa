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

fn must_compile(place: &str, compiled: &Compiled) -> Result<(), String> {
    let sorted = compiled.problems.sorted();
    let errors: Vec<&Diagnostic> = sorted.into_iter().filter(|one| one.severity() == Severity::Error).collect();
    let text = terminal::render(&compiled.sources, &errors, terminal::Style::Plain);
    if errors.is_empty() { Ok(()) } else { Err(format!("{place} does not compile:\n{text}")) }
}

fn must_fail(block: &Block, code: &str) -> Result<(), String> {
    let compiled = compile_text(&block.text);
    let sorted = compiled.problems.sorted();
    let found: Vec<&str> = sorted.iter().map(|one| one.code.name()).collect();
    let text = terminal::render(&compiled.sources, &sorted, terminal::Style::Plain);
    if found.contains(&code) {
        return Ok(());
    }
    Err(format!("{} should be answered with `{code}`, and is answered with:\n{text}", block.place))
}

fn must_be_kdl(block: &Block) -> Result<(), String> {
    let mut sources = Sources::default();
    let id = sources.add("example.kdl", &block.text);
    let mut problems = Problems::default();
    let read = syntax::read(id, sources.file(id), &mut problems);
    let text = terminal::render(&sources, &problems.sorted(), terminal::Style::Plain);
    if read.is_some() { Ok(()) } else { Err(format!("{} is no KDL:\n{text}", block.place)) }
}

fn must_be_settings(block: &Block) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.kdl");
    fs::write(&file, &block.text).unwrap();
    Settings::read(&file).map(drop).map_err(|error| format!("{}: {error}", block.place))
}

fn check(block: &Block) -> Result<(), String> {
    match (block.value("fails"), &block.words[1..]) {
        (Some(code), _) => must_fail(block, code),
        (None, []) => must_compile(&block.place, &compile_text(&block.text)),
        (None, [word]) if word == "part" => must_be_kdl(block),
        (None, [word]) if word == "agent" => must_be_settings(block),
        (None, _) => Err(format!("{}: `{}` is not known", block.place, block.words.join(","))),
    }
}

#[test]
fn every_kdl_block_compiles_or_fails_as_it_says() {
    let blocks: Vec<Block> = pages::all().iter().flat_map(Page::blocks).filter(|block| block.kind() == "kdl").collect();
    assert!(!blocks.is_empty());
    let wrong: Vec<String> = blocks.iter().filter_map(|block| check(block).err()).collect();
    assert!(wrong.is_empty(), "{} of {} blocks:\n{}", wrong.len(), blocks.len(), wrong.join("\n"));
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
        let overlays: Vec<Option<String>> = sources.overlays().into_iter().map(|name| Some(name.to_owned())).collect();
        for overlay in std::iter::once(None).chain(overlays) {
            let mut sources = sources.clone();
            if let Some(overlay) = &overlay {
                sources.choose_overlay(overlay);
            }
            let front = pipeline::read(completed(sources), problems.clone());
            let attached = files::attach(&folder, &attachments::named(&front.sources, &front.repository));
            let name = format!("{name} {}", overlay.unwrap_or_default());
            must_compile(&name, &pipeline::compile(front, &attached, &Lock::default())).unwrap();
        }
    }
}
