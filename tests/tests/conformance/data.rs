//! Scenes that are data: a folder of `tests/conformance` with the files of a fleet, the secrets of its node, and what its
//! containers print.
//!
//! Each container prints lines that begin with the id of a row, and `end` when it has nothing more to say. `expected.txt`
//! has those lines. What the agent asks of Podman for such a folder is looked at without one, in `tests/tests/compile`.

use std::{collections::BTreeMap, fs, path::Path};

use wlc_tests::{
    folder,
    node::{self, Node},
    podman, running,
};

use crate::stage::{Scene, Stage, data};

pub(crate) const SCENES: &[Scene] = &[
    data!(Short "data/env"),
    data!(Long "data/security"),
    data!(Long "data/volume"),
    data!(Long "data/runtime"),
    data!(Long "data/users"),
    data!(Long "data/apparmor"),
];

/// Files that are no sources.
const SCRIPT: [&str; 3] = ["asked.json", "expected.txt", "needs.txt"];

/// Plays the folder that the scene names.
pub(crate) fn play(stage: &Stage) {
    let folder = running::workspace().join("tests/conformance").join(stage.name().trim_start_matches("data/"));
    if let Some(why) = missing(&folder) {
        return rows(&expected(&folder)).keys().for_each(|id| stage.skip(id, &why));
    }
    let mut node = stage.node();
    put(&node, &folder);
    node.build();
    node.start_agent();
    let (expected, found) = (rows(&expected(&folder)), rows(&printed(&node)));
    for (id, lines) in &expected {
        stage.row(id, || assert_eq!(found.get(id), Some(lines)));
    }
}

/// What the folder needs of the machine, in its file `needs.txt`, and is not there.
fn missing(folder: &Path) -> Option<String> {
    let needs = fs::read_to_string(folder.join("needs.txt")).unwrap_or_default();
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    match needs.trim() {
        "" => None,
        "users" => (!read("/etc/subuid").lines().any(|line| line.starts_with("containers:")))
            .then(|| "/etc/subuid names no range for `containers`".to_owned()),
        "apparmor" => {
            (!read("/sys/kernel/security/lsm").contains("apparmor")).then(|| "this kernel has no AppArmor".to_owned())
        }
        other => panic!("nobody knows the need `{other}`"),
    }
}

fn put(node: &Node, folder: &Path) {
    for path in folder::files(folder) {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        match name.strip_prefix("secrets/") {
            Some(key) => {
                let (secret, key) = key.split_once('/').expect("a key lies in the folder of its secret");
                node.write_secret(secret, key, fs::read(&path).unwrap());
            }
            None if SCRIPT.contains(&name.as_str()) => {}
            None => node.write_bytes(&name, &fs::read(&path).unwrap()),
        }
    }
}

fn expected(folder: &Path) -> String {
    fs::read_to_string(folder.join("expected.txt")).unwrap()
}

/// The lines behind each id, in their order.
fn rows(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("C-")) {
        let (id, said) = line.split_once(' ').unwrap_or((line, ""));
        rows.entry(id.to_owned()).or_default().push(said.to_owned());
    }
    rows
}

/// What all containers print, one after the other, once the last of them has said its `end`.
fn printed(node: &Node) -> String {
    let mut all = String::new();
    node.wait_until("all replicas are there", |node| {
        let status = node.status().unwrap_or_default();
        let instances = status["instances"].as_array().cloned().unwrap_or_default();
        !instances.is_empty() && instances.iter().all(|instance| instance["state"] == "running")
    });
    for name in node.containers() {
        let logs = || {
            let told = podman::podman(&["logs", &name]);
            [told.stdout, told.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat()
        };
        let is_over = || logs().lines().any(|line| line == "end");
        let came = node::wait_until("the end", std::time::Duration::from_secs(20), is_over);
        assert!(came.is_some(), "{name} does not come to its end: {}", logs());
        all.push_str(&logs());
    }
    all
}
