//! Pages that come from the code. `WLC_UPDATE=1` writes them.

use std::fs;

use wlc::{
    diagnostics::{Code, Severity},
    expand,
    fields::reference,
};

use wlc_tests::golden;

use crate::pages::{self, BOOK};

fn assert_up_to_date(path: &str, expected: &str) {
    let differs = golden::compare(&pages::checkout().join(BOOK).join(path), expected);
    assert!(differs.is_none(), "{}", differs.unwrap_or_default());
}

/// The errors in the order in which the code lists them.
fn list_of_errors() -> String {
    let mut text =
        "# Errors and warnings\n\nEach diagnostic of `wlc` carries a code. `wlc explain CODE` prints its page. \
                    An error stops the build: nothing is written. A warning does not.\n\n\
                    | code | kind | what is wrong |\n| --- | --- | --- |\n"
            .to_owned();
    for code in Code::ALL {
        let kind = match (code, code.severity()) {
            (Code::NotInThisVersion, _) => "warning; of `wlc build` and `wlc lock` an error",
            (_, Severity::Error) => "error",
            (_, Severity::Warning) => "warning",
        };
        let name = code.name();
        text.push_str(&format!("| [`{name}`]({name}.md) | {kind} | {} |\n", code.summary().trim()));
    }
    text
}

/// The table of contents with one line for each error below the list of errors.
fn contents(found: &str) -> String {
    let is_error = |line: &str| line.contains("](errors/") && !line.contains("](errors/README.md)");
    let mut lines = Vec::new();
    for line in found.lines().filter(|line| !is_error(line)) {
        lines.push(line.to_owned());
        if line.contains("](errors/README.md)") {
            lines.extend(Code::ALL.iter().map(|code| format!("  - [{0}](errors/{0}.md)", code.name())));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_reference_of_the_language_is_the_one_of_the_code() {
    assert_up_to_date("reference/language.md", &reference::markdown(&expand::blocks()));
}

/// The words that no template may have as its name, as a paragraph.
fn reserved_words() -> String {
    let words: Vec<String> = expand::reserved().into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ") + "."
}

#[test]
fn the_list_of_taken_words_is_the_one_of_the_code() {
    let page = fs::read_to_string(pages::checkout().join(BOOK).join("reuse.md")).unwrap();
    let (before, behind) = page.split_once("### Words that are taken\n\n").unwrap();
    let mut parts: Vec<&str> = behind.splitn(4, "\n\n").collect();
    let words = reserved_words();
    parts[1] = &words;
    assert_up_to_date("reuse.md", &format!("{before}### Words that are taken\n\n{}", parts.join("\n\n")));
}

#[test]
fn the_list_of_errors_is_the_one_of_the_code() {
    assert_up_to_date("errors/README.md", &list_of_errors());
    let summary = fs::read_to_string(pages::checkout().join(BOOK).join("SUMMARY.md")).unwrap();
    assert_up_to_date("SUMMARY.md", &contents(&summary));
}
