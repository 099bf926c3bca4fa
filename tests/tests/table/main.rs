//! The table of what Kubernetes does and which test shows that we do it: `tests/semantics.tsv`.
//!
//! Each line has four columns: an id, Kubernetes' field, what is true here, and the test. A test is named by the function,
//! or as `compile/CASE` or `errors/CASE` by a folder of data. What is left out on purpose stands in `tests/left-out.tsv`: an
//! id, Kubernetes' field, the reason. What neither table has yet stands in `tests/not-shown.tsv`: an id, and what it belongs
//! to. Every id of the two lists that we measure ourselves by stands in exactly one of the three. The page of the book is made
//! from them. What Kubernetes' own tests look at stands in a table of its own. `WLC_UPDATE=1` writes it, and takes out of the third what has come into one of the others.
#![allow(clippy::unwrap_used, reason = "tests")]

mod conformance;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
};

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

/// Kubernetes' behaviour is numbered in two lists: what its fields do, and where others who built it anew went wrong.
const LISTS: [(&str, u32); 2] = [("S", 470), ("P", 141)];

fn not_shown_file() -> PathBuf {
    running::workspace().join("tests/not-shown.tsv")
}

/// What no test shows yet: id and subject. With `WLC_UPDATE=1` it loses what one of the other tables has.
fn not_shown() -> Vec<[String; 2]> {
    let text = fs::read_to_string(not_shown_file()).unwrap();
    let (head, rows) = text.split_once('\n').expect("the first line names the columns");
    let elsewhere: BTreeSet<String> =
        self::rows().into_iter().map(|row| row.id).chain(left_out().into_iter().map(|[id, ..]| id)).collect();
    let columns = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let rows = rows.lines().map(|line| columns(line).try_into().expect("a line has two columns"));
    let mut rows: Vec<[String; 2]> = rows.collect();
    if env::var_os("WLC_UPDATE").is_some() {
        rows.retain(|[id, _]| !elsewhere.contains(id));
        let lines: String = rows.iter().map(|[id, subject]| format!("{id}\t{subject}\n")).collect();
        let new = format!("{head}\n{lines}");
        if new != text {
            fs::write(not_shown_file(), new).unwrap();
        }
    }
    rows
}

#[test]
fn every_id_stands_in_exactly_one_table() {
    let mut tables: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in rows() {
        tables.entry(row.id).or_default().push("semantics.tsv");
    }
    for [id, ..] in left_out() {
        tables.entry(id).or_default().push("left-out.tsv");
    }
    for [id, _] in not_shown() {
        tables.entry(id).or_default().push("not-shown.tsv (`WLC_UPDATE=1` takes it out)");
    }
    let twice = tables.iter().filter(|(_, tables)| tables.len() > 1);
    let mut wrong: Vec<String> = twice.map(|(id, tables)| format!("{id}: in {}", tables.join(" and in "))).collect();
    for (list, count) in LISTS {
        let ids = (1..=count).map(|number| format!("{list}-{number:03}"));
        wrong.extend(ids.filter(|id| !tables.contains_key(id)).map(|id| format!("{id}: in no table")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
}

#[test]
fn the_page_of_the_book_is_the_table() {
    let page = running::workspace().join("book/src/kubernetes.md");
    assert_eq!(golden::compare(&page, &text(&rows(), &left_out(), &not_shown())), None);
}

fn text(rows: &[Row], left_out: &[[String; 3]], not_shown: &[[String; 2]]) -> String {
    let mut text = "# Coming from Kubernetes\n\n\
        What a field of Kubernetes is here, as far as a test shows it. `wlc explain NAME` finds a word of the language by its \
        name in Kubernetes too; the [reference](reference/language.md) has both names of each field. What is not carried out yet is \
        on the [roadmap](roadmap.md), and is answered with [`not-in-this-version`](errors/not-in-this-version.md). What Kubernetes' own \
        end-to-end tests look at has a [table of its own](conformance.md).\n\n\
        | Kubernetes | here | id |\n| --- | --- | --- |\n"
        .to_owned();
    for Row { id, field, here, .. } in rows {
        text.push_str(&format!("| {field} | {here} | {id} |\n"));
    }
    text.push_str("\n## Left out\n\n| Kubernetes | why | id |\n| --- | --- | --- |\n");
    for [id, field, reason] in left_out {
        text.push_str(&format!("| {field} | {reason} | {id} |\n"));
    }
    text.push_str(
        "\n## Not shown yet\n\nWhat no test shows yet, since it is not carried out or not tried. The ids are those by which this project \
        counts what Kubernetes does (S) and where it is easily built wrong (P).\n\n| about | ids |\n| --- | --- |\n",
    );
    let mut subjects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for [id, subject] in not_shown {
        subjects.entry(subject).or_default().push(id);
    }
    for (subject, ids) in subjects {
        text.push_str(&format!("| {subject} | {} |\n", ids.join(", ")));
    }
    text
}
