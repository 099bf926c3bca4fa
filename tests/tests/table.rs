//! The table of what Kubernetes does and which test shows that we do it: `tests/semantics.tsv`.
//!
//! Each line has four columns: an id, Kubernetes' field, what is true here, and the test. A test is named by the function,
//! or as `compile/CASE` or `errors/CASE` by a folder of data. What is left out on purpose stands in `tests/left-out.tsv`: an
//! id, Kubernetes' field, the reason. The page of the book is made from both tables; `WLC_UPDATE=1` writes it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs};

use wlc_tests::{folder, golden, running};

struct Row {
    id: String,
    field: String,
    here: String,
    test: String,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(running::workspace().join("tests/semantics.tsv")).unwrap();
    text.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [id, field, here, test] = columns[..] else { panic!("a line has four columns: {line}") };
    Row { id: id.to_owned(), field: field.to_owned(), here: here.to_owned(), test: test.to_owned() }
}

/// What is left out: id, Kubernetes' field, reason.
fn left_out() -> Vec<[String; 3]> {
    let text = fs::read_to_string(running::workspace().join("tests/left-out.tsv")).unwrap();
    let columns = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let rows = text.lines().skip(1).map(columns);
    rows.map(|columns| columns.try_into().expect("a line has three columns")).collect()
}

/// The names of all functions below `#[test]` or `#[tokio::test]`.
fn tests() -> BTreeSet<String> {
    let crates = ["plan", "compiler", "agent", "tests"].iter();
    let files = crates.flat_map(|name| folder::files(&running::workspace().join(name)));
    let rust = files.filter(|path| path.extension().is_some_and(|found| found == "rs"));
    rust.flat_map(|path| functions(&fs::read_to_string(path).unwrap())).collect()
}

fn functions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        if let Some(at) = line.find("fn ").filter(|_| is_test && !line.starts_with("//")) {
            found.extend(line[at + 3..].split('(').next().map(str::to_owned));
            is_test = false;
        }
    }
    found
}

#[test]
fn every_row_is_shown_by_a_test_that_is_there() {
    let tests = tests();
    let root = running::workspace().join("tests");
    let is_folder =
        |name: &str| (name.starts_with("compile/") || name.starts_with("errors/")) && root.join(name).is_dir();
    let rows = rows();
    let missing: Vec<String> = rows
        .iter()
        .flat_map(|row| row.test.split(", ").map(move |test| (row, test)))
        .filter(|(_, test)| !tests.contains(*test) && !is_folder(test))
        .map(|(row, test)| format!("{}: there is no test `{test}`", row.id))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let left_out = left_out();
    let ids = rows.iter().map(|row| row.id.as_str()).chain(left_out.iter().map(|[id, ..]| id.as_str()));
    let mut ids: Vec<&str> = ids.collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands once");
}

#[test]
fn the_page_of_the_book_is_the_table() {
    let page = running::workspace().join("book/src/kubernetes.md");
    assert_eq!(golden::compare(&page, &text(&rows(), &left_out())), None);
}

fn text(rows: &[Row], left_out: &[[String; 3]]) -> String {
    let mut text = "# Coming from Kubernetes\n\n\
        What a field of Kubernetes is here, as far as a test shows it. `wlc explain NAME` finds a word of the language by its \
        name in Kubernetes too; the [reference](reference/language.md) has both names of each field. What is not carried out yet is \
        on the [roadmap](roadmap.md), and is answered with [`not-in-this-version`](errors/not-in-this-version.md).\n\n\
        | Kubernetes | here | id |\n| --- | --- | --- |\n"
        .to_owned();
    for Row { id, field, here, .. } in rows {
        text.push_str(&format!("| {field} | {here} | {id} |\n"));
    }
    text.push_str("\n## Left out\n\n| Kubernetes | why | id |\n| --- | --- | --- |\n");
    for [id, field, reason] in left_out {
        text.push_str(&format!("| {field} | {reason} | {id} |\n"));
    }
    text
}
