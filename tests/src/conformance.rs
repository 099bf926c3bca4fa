//! The table of conformance: which of the behaviours that Kubernetes' own end-to-end tests look at is shown by which of our
//! tests, and with what result.
//!
//! `tests/conformance.tsv` has five columns: id, group, what is true here, what shows it without Podman, what shows it on a
//! real one. A cell of the last two names tests, or begins with `-` and says why there is none. A test is a function, a
//! folder of data (`compile/CASE`, `errors/CASE`, `import/CASE`), or for the last column a scene of `tests/tests/conformance`.
//! `tests/conformance-results.tsv` holds what each row came to when it was last played with `WLC_UPDATE=1`, and where.

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::running::workspace;

/// One behaviour.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id, `C-001`.
    pub id: String,
    /// What it is about.
    pub group: String,
    /// What is true here, in one sentence.
    pub what: String,
    /// What shows it in `tests/run`, without Podman.
    pub run: Shown,
    /// What shows it on a real Podman.
    pub podman: Shown,
}

/// What shows a row.
#[derive(Debug, Clone)]
pub enum Shown {
    /// These tests.
    By(Vec<String>),
    /// None, for this reason.
    Not(String),
}

impl Shown {
    fn read(cell: &str) -> Self {
        match cell.strip_prefix('-') {
            Some(reason) => Self::Not(reason.trim().to_owned()),
            None => Self::By(cell.split(", ").map(str::to_owned).collect()),
        }
    }

    /// The tests.
    pub fn tests(&self) -> &[String] {
        match self {
            Self::By(tests) => tests,
            Self::Not(_) => &[],
        }
    }
}

/// The rows, in the order of the file.
pub fn rows() -> Vec<Row> {
    let text = fs::read_to_string(workspace().join("tests/conformance.tsv")).expect("the table is there");
    text.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [id, group, what, run, podman] = columns[..] else { panic!("a line has five columns: {line}") };
    let [id, group, what] = [id, group, what].map(str::to_owned);
    Row { id, group, what, run: Shown::read(run), podman: Shown::read(podman) }
}

/// Where the last results are.
pub fn results_file() -> PathBuf {
    workspace().join("tests/conformance-results.tsv")
}

/// what rows came to when they were last played: the machine that it ran on, and a word for each id.
pub fn results() -> (String, BTreeMap<String, String>) {
    let text = fs::read_to_string(results_file()).unwrap_or_default();
    let (machine, rows) = text.split_once('\n').unwrap_or_default();
    let rows = rows.lines().filter_map(|line| line.split_once('\t'));
    (machine.to_owned(), rows.map(|(id, word)| (id.to_owned(), word.to_owned())).collect())
}

/// Writes what a whole run came to.
pub fn write_results(machine: &str, results: &BTreeMap<String, String>) {
    let rows: String = results.iter().map(|(id, word)| format!("{id}\t{word}\n")).collect();
    fs::write(results_file(), format!("{machine}\n{rows}")).expect("the results can be written");
}
