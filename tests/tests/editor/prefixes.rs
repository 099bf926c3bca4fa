//! Every example as it is being written: cut behind each of its words, the server lives, what is wrong stands at the cut,
//! and what was written next is offered there.

use std::{fs, path::Path};

use serde_json::{Value, json};
use wlc::format::lexer::{self, Kind, Token};
use wlc_tests::{folder, running};

use super::client::{Client, uri};

const FACTS: &str = "facts \"here\" {\n    capacity cpu=8 memory=\"16GiB\"\n}\n";

/// Copies of all examples, each a repository that checks.
pub(crate) fn examples() -> Vec<(String, tempfile::TempDir)> {
    let examples = running::workspace().join("examples");
    let copy = |name: String| {
        let copy = tempfile::tempdir().unwrap();
        folder::copy(&examples.join(&name), copy.path());
        if name == "web" {
            // What `examples/run` lets the agent write.
            fs::write(copy.path().join("nodes/here.facts.kdl"), FACTS).unwrap();
        }
        (name, copy)
    };
    folder::folders(&examples).into_iter().map(copy).collect()
}

#[test]
fn every_prefix_of_every_example() {
    let (mut prefixes, mut offered, mut silent) = (0, 0, Vec::new());
    for (_, copy) in examples() {
        let mut client = Client::start();
        for path in folder::files(copy.path()) {
            if path.extension().is_some_and(|found| found == "kdl") {
                let mut typed =
                    Typed { client: &mut client, uri: uri(&path), version: 0, offered: 0, silent: &mut silent };
                prefixes += typed.file(&path);
                offered += typed.offered;
            }
        }
        assert_eq!(client.end(), Some(0));
    }
    eprintln!(
        "{prefixes} prefixes; at {offered} of them the next word is one of the language or a known name, and is offered"
    );
    assert!(prefixes > 800 && offered > 200, "{prefixes} prefixes, {offered} words offered");
    assert!(silent.is_empty(), "not offered: {silent:#?}");
}

/// A file that is typed word by word.
struct Typed<'a> {
    client: &'a mut Client,
    uri: String,
    version: u64,
    offered: usize,
    silent: &'a mut Vec<String>,
}

impl Typed<'_> {
    /// Types a file. How many prefixes it has.
    fn file(&mut self, path: &Path) -> usize {
        let text = fs::read_to_string(path).unwrap();
        let tokens = lexer::tokens(&text);
        self.client.open(&self.uri, &text);
        let known: Vec<bool> = tokens.iter().map(|token| self.is_known_before(&text, token)).collect();
        self.client.change(&self.uri, 0, json!([{ "text": "" }]));
        self.client.diagnostics(&self.uri, 0);
        for (number, token) in tokens.iter().enumerate() {
            self.version += 1;
            let end = position(&text[..token.start]);
            let change = json!([{ "range": { "start": end, "end": end }, "text": token.text }]);
            self.client.change(&self.uri, self.version, change);
            let found = self.client.diagnostics(&self.uri, self.version);
            let written = &text[..token.end()];
            for one in found.iter().filter(|one| one["severity"] == 1) {
                let place = format!("{}: {one:#} does not stand at the end of\n{written}", path.display());
                assert!(is_at_the_cut(written, one), "{place}");
            }
            self.offers(written, &tokens[number + 1..], known.get(number + 1) == Some(&true), path);
        }
        self.client.notify("textDocument/didClose", json!({ "textDocument": { "uri": self.uri } }));
        tokens.len()
    }

    /// Whether a word is a name that is declared above, or in another file.
    fn is_known_before(&mut self, text: &str, token: &Token<'_>) -> bool {
        let row = text[..token.start].rsplit('\n').next().unwrap_or_default();
        let gives_a_name = !row.starts_with([' ', '\t'])
            && !row.contains('{')
            && !["facts ", "removed ", "released ", "use ", "without "].iter().any(|word| row.starts_with(word));
        if token.kind != Kind::Text || token.text.contains('\n') || gives_a_name {
            return false;
        }
        let place = position(&text[..token.start + 1]);
        let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
        let found = self.client.at("definition", &self.uri, at("line"), at("character"));
        let is_before = |one: &Value| {
            let start = |place: &Value| (place["line"].as_u64(), place["character"].as_u64());
            one["uri"] != self.uri.as_str() || start(&one["range"]["start"]) < start(&place)
        };
        found.as_array().unwrap().iter().any(is_before)
    }

    /// Whether the next word, if it is one of the language or a known name, is offered.
    fn offers(&mut self, written: &str, rest: &[Token<'_>], is_known: bool, path: &Path) {
        let end = position(written);
        let place = |name: &str| usize::try_from(end[name].as_u64().unwrap()).unwrap();
        let labels = self.client.labels(&self.uri, place("line"), place("character"));
        let [next, ..] = rest else { return };
        let is_own = written.rsplit('{').next().is_some_and(|inner| !inner.contains('}'))
            && written.trim_end_matches(|c| c != '{').ends_with("env {");
        let begins = written.trim_end_matches([' ', '\t']).ends_with(['\n', '{', ';']) || written.is_empty();
        let is_name = rest.get(1).is_some_and(|token| token.kind == Kind::Equals) && written.ends_with(' ');
        let is_word = next.kind == Kind::Word && !is_own && (begins || is_name);
        if !is_word && !is_known {
            return;
        }
        match labels.iter().any(|label| label == next.text.trim_matches('"')) {
            true => self.offered += 1,
            false => self.silent.push(format!(
                "{}: `{}` behind {:?}",
                path.display(),
                next.text,
                &written[written.len().saturating_sub(60)..]
            )),
        }
    }
}

/// The position behind a text.
fn position(text: &str) -> Value {
    let start = text.rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": text.matches('\n').count(), "character": text[start..].encode_utf16().count() })
}

/// Whether a diagnostic stands at what is not yet complete: at the end of the text; one of syntax at its last word; any other on the row
/// that is being written or at the head of a block that is open around it.
fn is_at_the_cut(written: &str, diagnostic: &Value) -> bool {
    let place = |which: &str| {
        let at = |name: &str| diagnostic["range"][which][name].as_u64().unwrap();
        (at("line"), at("character"))
    };
    let tokens = lexer::tokens_in_writing(written);
    let is_blank = |kind: Kind| matches!(kind, Kind::Blank | Kind::Newline | Kind::LineComment | Kind::BlockComment);
    let words: Vec<&Token<'_>> = tokens.iter().filter(|token| !is_blank(token.kind)).collect();
    let place_of = |offset: usize| {
        let place = position(&written[..offset]);
        (place["line"].as_u64().unwrap(), place["character"].as_u64().unwrap())
    };
    if place("end") >= place_of(written.trim_end().len()) {
        return true;
    }
    let Some(last) = words.last() else { return false };
    if diagnostic["code"] == "syntax" {
        let trimmed = written.trim_end();
        let piece = trimmed.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        return place("end") >= place_of(last.start.min(piece));
    }
    let mut open = Vec::new();
    let mut row = last.start;
    let mut begins = true;
    for token in &tokens {
        match token.kind {
            Kind::Open => {
                open.push(row);
                begins = true;
            }
            Kind::Close => row = open.pop().unwrap_or(row),
            Kind::Newline | Kind::Semicolon => begins = true,
            _ if is_blank(token.kind) => {}
            _ if begins => (row, begins) = (token.start, false),
            _ => {}
        }
    }
    // The block that was closed last may be whole and wait for a sibling.
    open.push(row);
    open.iter().any(|head| place_of(*head).0 == place("start").0)
}
