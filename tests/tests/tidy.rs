//! The repository's own rules, checked over its own files: how long things may be, which words and calls may stand where,
//! and which part may know which.
#![allow(clippy::unwrap_used, reason = "tests")]

mod rust;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use rust::Source;
use wlc_tests::{folder, golden, running};

/// The files that touch the world: an `expect` of a banned call stands in them and nowhere else. The book's page about them
/// is made of their reasons; `WLC_UPDATE=1` writes it.
const EDGES: &[&str] = &[
    "agent/src/cli/eject.rs",
    "agent/src/cli/man.rs",
    "agent/src/clock.rs",
    "agent/src/contents.rs",
    "agent/src/disk/machine.rs",
    "agent/src/disk/regular.rs",
    "agent/src/facts/edges.rs",
    "agent/src/install/lay.rs",
    "agent/src/ledger/store.rs",
    "agent/src/podman/client/node.rs",
    "agent/src/podman/client/secrets.rs",
    "agent/src/podman/allowance.rs",
    "agent/src/podman/processes.rs",
    "agent/src/purge/folders.rs",
    "agent/src/records.rs",
    "agent/src/settings.rs",
    "agent/src/status/serve.rs",
    "agent/src/supervisor.rs",
    "compiler/src/cache/disk.rs",
    "compiler/src/cli/build.rs",
    "compiler/src/cli/fmt.rs",
    "compiler/src/cli/git.rs",
    "compiler/src/cli/import.rs",
    "compiler/src/cli/init.rs",
    "compiler/src/cli/output.rs",
    "compiler/src/cli/up/agent.rs",
    "compiler/src/cli/up/folder.rs",
    "compiler/src/files.rs",
    "compiler/src/lock/store.rs",
    "compiler/src/publish/folder.rs",
    "compiler/src/publish/keygen.rs",
    "compiler/src/publish/write.rs",
    "compiler/src/replace.rs",
    "compiler/src/turn.rs",
];

/// Lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES: usize = 70;
/// Lines of a file, its tests left out.
const FILE_LINES: usize = 500;

const CRATES: [&str; 4] = ["plan", "compiler", "agent", "tests"];

fn sources() -> Vec<Source> {
    let root = running::workspace();
    let files = CRATES.iter().flat_map(|name| folder::files(&root.join(name)));
    let rust = files.filter(|path| path.extension().is_some_and(|found| found == "rs"));
    rust.map(|path| Source::new(&name(&root, &path), &fs::read_to_string(&path).unwrap())).collect()
}

/// The path of a file from the root of the repository.
fn name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("it lies in the repository").to_string_lossy().into_owned()
}

/// Every file that belongs to the repository, but for what git does not keep.
fn all_files() -> Vec<PathBuf> {
    let root = running::workspace();
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let kept = !["target", ".git", "Cargo.lock"].iter().any(|name| path == root.join(name));
            match fs::symlink_metadata(&path).unwrap().file_type() {
                kind if kind.is_dir() && kept => folders.push(path),
                kind if kind.is_file() && kept => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn functions_are_short() {
    let long = |source: &Source| -> Vec<String> {
        let functions = source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES);
        functions.map(|one| format!("{}:{}: `{}` has {} lines", source.path, one.line, one.name, one.lines)).collect()
    };
    let broken = sources().iter().flat_map(long).collect();
    none(&format!("a function has at most {FUNCTION_LINES} lines"), broken);
}

#[test]
fn files_are_short() {
    let long = |source: &Source| {
        let lines = source.lines_without_tests();
        (lines > FILE_LINES).then(|| format!("{} has {lines} lines", source.path))
    };
    let broken = sources().iter().filter_map(long).collect();
    none(&format!("a file has at most {FILE_LINES} lines without its tests"), broken);
}

#[test]
fn nothing_is_left_unfinished() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
        ["HA", "CK"],
        ["for ", "now"],
        ["later ", "version"],
        ["to", "do!"],
        ["unimple", "mented!"],
        ["#[ig", "nore"],
    ];
    let words: Vec<String> = words.iter().map(|parts| parts.concat()).collect();
    let mut broken = Vec::new();
    for path in all_files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = name(&running::workspace(), &path);
        for (number, line) in text.lines().enumerate() {
            let found = words.iter().find(|word| rust::contains_word(line, word));
            broken.extend(found.map(|word| format!("{name}:{}: `{word}`", number + 1)));
        }
    }
    none("a file says what is, and nothing is left for another day", broken);
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let mut places = [["/ro", "ot/"], ["/ho", "me/"]].map(|parts| parts.concat()).to_vec();
    let here = running::workspace().canonicalize().unwrap();
    if here.components().count() > 2 {
        places.push(here.display().to_string());
    }
    let mut broken = Vec::new();
    for path in all_files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = name(&running::workspace(), &path);
        for (number, line) in text.lines().enumerate() {
            let found = places.iter().find(|place| line.contains(place.as_str()));
            broken.extend(found.map(|place| format!("{name}:{}: `{place}`", number + 1)));
        }
    }
    none("no file holds an absolute path of one machine", broken);
}

#[test]
fn no_unwrap_stands_outside_tests() {
    let found = |source: &Source| -> Vec<String> {
        let lines = source.code_without_tests().into_iter().filter(|(_, line)| line.contains(".unwrap()"));
        lines.map(|(number, _)| format!("{}:{number}", source.path)).collect()
    };
    let programs = sources().into_iter().filter(|source| !source.path.starts_with("tests/"));
    none("`expect` states the invariant; `unwrap` says nothing", programs.flat_map(|source| found(&source)).collect());
}

#[test]
fn only_edges_touch_the_world() {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("tests/")) {
        let mut lines = source.code_without_tests().into_iter();
        if lines.any(|(_, line)| line.contains("clippy::disallowed_")) {
            found.insert(source.path.clone());
        }
    }
    let listed: BTreeSet<String> = EDGES.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(found, listed, "the files that expect banned calls are the listed edges");
    let page = running::workspace().join("book/src/dev/edges.md");
    assert_eq!(golden::compare(&page, &edges_page()), None);
}

/// The book's page about the edges: each file and the reason that it gives.
fn edges_page() -> String {
    let mut text = "# Edges\n\nThe files that touch the world. A lint keeps files, clocks, processes and the environment out of all \
                    others; a test keeps this list.\n\n| file | why |\n| --- | --- |\n"
        .to_owned();
    for edge in EDGES {
        let code = fs::read_to_string(running::workspace().join(edge)).unwrap();
        let expected = code.find("clippy::disallowed_").map(|at| &code[at..]).unwrap_or_default();
        let reason = expected.split("reason = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        text.push_str(&format!("| `{edge}` | {} |\n", reason.trim_start_matches("an ").trim_start_matches("edge: ")));
    }
    text
}

#[test]
fn each_crate_has_its_own_bans() {
    let root = running::workspace();
    let missing = CRATES.iter().filter(|name| !root.join(name).join("clippy.toml").is_file());
    none("each crate has its clippy.toml", missing.map(|name| (*name).to_owned()).collect());
}

#[test]
fn no_file_is_named_for_nothing() {
    let names = ["utils", "util", "common", "helper", "helpers", "manager", "misc"];
    let is_vague = |path: &PathBuf| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        names.contains(&stem.as_str()) || folder.is_some_and(|folder| names.contains(&folder.as_str()))
    };
    let broken = all_files().into_iter().filter(is_vague).map(|path| path.display().to_string());
    none("a file is named for what it decides", broken.collect());
}

#[test]
fn arrows_point_one_way() {
    let root = running::workspace();
    let mut broken = Vec::new();
    for (name, forbidden) in [("plan", &["wlc", "wlagent"][..]), ("compiler", &["wlagent"]), ("agent", &["wlc"])] {
        let manifest = fs::read_to_string(root.join(name).join("Cargo.toml")).unwrap();
        for other in forbidden {
            let depends = |line: &str| line.split(['.', '=', ' ']).next() == Some(other);
            broken.extend(manifest.lines().any(depends).then(|| format!("{name}/Cargo.toml depends on {other}")));
            let uses = format!("{other}::");
            let of_crate = sources().into_iter().filter(|source| source.path.starts_with(&format!("{name}/")));
            let names_it = of_crate.filter(|source| source.all_code().any(|line| rust::contains_word(line, &uses)));
            broken.extend(names_it.map(|source| format!("{} names {other}", source.path)));
        }
    }
    none("compiler → plan ← agent", broken);
}
