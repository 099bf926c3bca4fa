//! The table of conformance, `tests/conformance.tsv`: each row that we measure ourselves by is there, and so is what it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use wlc_tests::{
    conformance::{self, Row, Shown},
    folder, golden, running,
};

use super::functions;

/// The groups, each with the numbers of its rows. What upstream tests and has no meaning here is left out of them: pure
/// programming interfaces, services, and what placement brings.
const GROUPS: [(&str, &[u32]); 15] = [
    ("Deployment", &[1, 2, 3, 4, 5, 7, 9]),
    ("ReplicaSet", &[13, 15, 17, 18, 21]),
    ("StatefulSet", &[29, 30, 32, 33, 34, 35, 36, 37, 38, 40, 44, 46, 47, 51, 52, 54, 55, 56, 57]),
    ("DaemonSet", &[59, 60, 61, 63, 65, 66, 67]),
    ("Restart", &[127, 128, 138, 140]),
    (
        "Probe",
        &[
            143, 144, 145, 146, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 162, 164, 165, 169, 171,
            175, 176, 178, 179, 181, 183, 185, 187, 188, 189,
        ],
    ),
    ("Hook", &[193, 194, 196, 197, 198, 199, 202, 203, 204, 205, 206, 207]),
    ("Init", &[209, 210, 212, 213, 214, 215, 216, 217]),
    ("Runtime", &[221, 224, 226, 227, 228, 229, 231, 232, 234, 235, 237, 238, 239, 241, 242, 243, 248, 249, 250]),
    ("Pod", &[253, 255, 259, 260, 261, 262, 265, 266, 270, 271]),
    ("Env", &[283, 284, 285, 288, 289, 290, 293, 295, 297, 298, 301, 303, 304, 305, 306, 309, 311]),
    (
        "Security",
        &[
            313, 314, 316, 317, 318, 320, 321, 322, 324, 326, 327, 328, 330, 333, 334, 338, 339, 341, 343, 344, 345,
            346, 347,
        ],
    ),
    (
        "Volume",
        &[
            349, 351, 352, 353, 354, 355, 356, 358, 360, 361, 363, 364, 365, 366, 367, 368, 369, 372, 374, 376, 377,
            378, 381, 382, 383, 385, 386, 387, 388, 389, 390, 391, 393, 395, 396, 397, 398, 399, 404, 405, 406, 407,
            409, 411, 412, 417, 418, 419, 420, 421, 422, 426, 427,
        ],
    ),
    ("Job", &[70, 72, 73, 74, 78, 80, 82, 83, 84, 85, 86, 87, 88, 89, 90, 93, 94, 99, 101]),
    ("CronJob", &[103, 104, 105, 106, 107, 111, 113]),
];

#[test]
fn every_row_of_conformance_is_there_once() {
    let expected = GROUPS.iter().flat_map(|(group, numbers)| numbers.iter().map(move |number| (*group, *number)));
    let expected: Vec<(String, String)> =
        expected.map(|(group, number)| (format!("C-{number:03}"), group.to_owned())).collect();
    let found: Vec<(String, String)> = conformance::rows().into_iter().map(|row| (row.id, row.group)).collect();
    assert_eq!(found, expected);
}

/// A test with the text above and in it, in which a row's id stands.
type Texts = BTreeMap<String, String>;

/// All tests of the workspace.
fn tests() -> Texts {
    let root = running::workspace();
    let mut texts = Texts::new();
    let crates = ["plan", "compiler", "agent", "tests"].iter().flat_map(|name| folder::files(&root.join(name)));
    for path in crates.filter(|path| path.extension().is_some_and(|found| found == "rs")) {
        let text = fs::read_to_string(path).unwrap();
        texts.extend(functions(&text).into_iter().chain(contract(&text)).map(|name| (name, text.clone())));
    }
    texts.extend(data().into_iter().map(|(name, text)| (format!("conformance/{name}"), text)));
    for kind in ["compile", "errors", "import"] {
        for case in fs::read_dir(root.join("tests").join(kind)).unwrap().map(Result::unwrap) {
            let files = folder::files(&case.path());
            let text = files.into_iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
            texts.insert(format!("{kind}/{}", case.file_name().to_string_lossy()), text);
        }
    }
    texts
}

/// The expectations of a contract that is run against both Podmans.
fn contract(text: &str) -> Vec<String> {
    let list = text.split("\ncontract!(").nth(1).and_then(|behind| behind.split(");").next());
    let names = list.into_iter().flat_map(|list| list.split(',').map(str::trim)).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// All scenes on a real Podman.
fn scenes() -> Texts {
    let folder = running::workspace().join("tests/tests/conformance");
    let texts = folder::files(&folder).into_iter().map(|path| fs::read_to_string(path).unwrap());
    let mut scenes: Texts =
        texts.flat_map(|text| names_of_scenes(&text).into_iter().map(move |name| (name, text.clone()))).collect();
    scenes.extend(data().into_iter().map(|(name, text)| (format!("data/{name}"), text)));
    scenes
}

/// The folders of data for a real Podman, with all their text.
fn data() -> Vec<(String, String)> {
    let folders = fs::read_dir(running::workspace().join("tests/conformance")).unwrap().map(Result::unwrap);
    let text = |entry: &fs::DirEntry| {
        folder::files(&entry.path()).into_iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
    };
    folders.map(|entry| (entry.file_name().to_string_lossy().into_owned(), text(&entry))).collect()
}

fn names_of_scenes(text: &str) -> Vec<String> {
    let parts = text.split("scene!(").skip(1).filter_map(|part| part.split(')').next());
    parts.filter_map(|inside| inside.split_whitespace().nth(1).map(str::to_owned)).collect()
}

fn wrong(row: &Row, shown: &Shown, texts: &Texts) -> Vec<String> {
    let test = |name: &String| match texts.get(name) {
        None => Some(format!("{}: there is no test `{name}`", row.id)),
        Some(text) if !text.contains(&row.id) => Some(format!("{}: where `{name}` stands, the id does not", row.id)),
        Some(_) => None,
    };
    shown.tests().iter().filter_map(test).collect()
}

#[test]
fn every_row_of_conformance_is_shown_by_tests_that_name_it() {
    let (tests, scenes) = (tests(), scenes());
    let rows = conformance::rows();
    let wrong: Vec<String> =
        rows.iter().flat_map(|row| [wrong(row, &row.run, &tests), wrong(row, &row.podman, &scenes)].concat()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scene_shows_a_row() {
    let named: BTreeSet<String> = conformance::rows().iter().flat_map(|row| row.podman.tests().to_vec()).collect();
    let idle: Vec<String> = scenes().into_keys().filter(|name| name != "$length" && !named.contains(name)).collect();
    assert!(idle.is_empty(), "no row names {}", idle.join(", "));
}

#[test]
fn the_page_about_conformance_is_the_table() {
    let page = running::workspace().join("book/src/conformance.md");
    let (machine, results) = conformance::results();
    assert_eq!(golden::compare(&page, &page_of(&conformance::rows(), &machine, &results)), None);
}

const INTRODUCTION: &str = "# Conformance

What Kubernetes' own end-to-end tests look at, row by row: what is true here, the tests that show it in `tests/run` without a Podman, and
the scene of `tests/slow conformance` that shows it on a real one, through files, `wlc build` and `wlagent`, with its last result. The ids
are those by which this project counts those tests; what only has a meaning for an API server, for services or for a scheduler that runs is
not among them. `tests/run` plays the short scenes on a real Podman too.
";

fn page_of(rows: &[Row], machine: &str, results: &BTreeMap<String, String>) -> String {
    let mut text = INTRODUCTION.to_owned();
    let count = |start: &str| results.values().filter(|word| word.starts_with(start)).count();
    let (passed, skipped, failed) = (count("passed"), count("skipped"), count("failed"));
    text.push_str(&format!(
        "\nOf {} rows, {passed} passed on a real Podman, {skipped} were skipped, {failed} failed; {} have no scene. It was \
        {machine}. {}\n",
        rows.len(),
        rows.iter().filter(|row| row.podman.tests().is_empty()).count(),
        UNKNOWN,
    ));
    for (group, _) in GROUPS {
        text.push_str(&format!("\n## {group}\n\n| id | here | without Podman | on Podman | result |\n"));
        text.push_str("| --- | --- | --- | --- | --- |\n");
        for Row { id, what, run, podman, .. } in rows.iter().filter(|row| row.group == group) {
            let result = results.get(id).map_or("", String::as_str);
            text.push_str(&format!("| {id} | {what} | {} | {} | {result} |\n", cell(run), cell(podman)));
        }
    }
    text
}

const UNKNOWN: &str = "What follows from that machine: cgroup v2, crun, Podman 5, several NUMA nodes, AppArmor, SELinux, huge pages \
and NFS were not there. What the agent does for them was written by reading their documentation and is tried on the simulated Podman only: \
whether it works on a real one is unknown.";

fn cell(shown: &Shown) -> String {
    match shown {
        Shown::By(tests) => tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", "),
        Shown::Not(reason) if reason.is_empty() => "not shown yet".to_owned(),
        Shown::Not(reason) => reason.clone(),
    }
}
