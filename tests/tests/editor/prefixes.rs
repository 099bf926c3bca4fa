//! Every example as it is being written: cut behind each of its words, the server lives, what is wrong stands at the cut,
//! and what was written next is offered there.

use std::{fs, path::Path};

use serde_json::{Value, json};
use wlc::format::lexer::{self, Kind, Token};
use wlc_tests::{folder, running};

use super::client::{Client, uri};

const FACTS: &str = "facts \"here\" {\n    capacity cpu=8 memory=\"16GiB\"\n}\n";

#[test]
fn every_prefix_of_every_example() {
    let examples = running::workspace().join("examples");
    let (mut prefixes, mut offered, mut silent) = (0, 0, Vec::new());
    for name in folder::folders(&examples) {
        let copy = tempfile::tempdir().unwrap();
        folder::copy(&examples.join(&name), copy.path());
        if name == "web" {
            // What `examples/run` lets the agent write.
            fs::write(copy.path().join("nodes/here.facts.kdl"), FACTS).unwrap();
        }
        if name == "overlays" {
            // Its nodes stand in its overlays, and a file that is typed belongs to none.
            fs::create_dir(copy.path().join("nodes")).unwrap();
            fs::write(copy.path().join("nodes/here.kdl"), format!("node \"here\"\n{FACTS}")).unwrap();
        }
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
    eprintln!("{prefixes} prefixes; at {offered} of them the next word is a word of the language and is offered");
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
        self.client.open(&self.uri, "");
        self.client.diagnostics(&self.uri, 0);
        let tokens = lexer::tokens(&text);
        for (number, token) in tokens.iter().enumerate() {
            self.version += 1;
            let end = position(&text[..token.start]);
            let change = json!([{ "range": { "start": end, "end": end }, "text": token.text }]);
            self.client.change(&self.uri, self.version, change);
            let found = self.client.diagnostics(&self.uri, self.version);
            let written = &text[..token.end()];
            for one in found.iter().filter(|one| one["severity"] == 1) {
                assert!(
                    is_at_the_cut(written, one),
                    "{}: {one:#} does not stand at the end of\n{written}",
                    path.display()
                );
            }
            self.offers(written, &tokens[number + 1..], path);
        }
        self.client.notify("textDocument/didClose", json!({ "textDocument": { "uri": self.uri } }));
        tokens.len()
    }

    /// Whether the next word, if it is one of the language, is offered.
    fn offers(&mut self, written: &str, rest: &[Token<'_>], path: &Path) {
        let end = position(written);
        let place = |name: &str| usize::try_from(end[name].as_u64().unwrap()).unwrap();
        let labels = self.client.labels(&self.uri, place("line"), place("character"));
        let [next, ..] = rest else { return };
        let is_own = written.rsplit('{').next().is_some_and(|inner| !inner.contains('}'))
            && written.trim_end_matches(|c| c != '{').ends_with("env {");
        let begins = written.trim_end_matches([' ', '\t']).ends_with(['\n', '{', ';']) || written.is_empty();
        let is_name = rest.get(1).is_some_and(|token| token.kind == Kind::Equals) && written.ends_with(' ');
        if next.kind != Kind::Word || is_own || !(begins || is_name) {
            return;
        }
        match labels.iter().any(|label| label == next.text) {
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

/// Whether a diagnostic ends at the last word of a text, or stands at the head of the last block at the top: there is what
/// is not yet complete.
fn is_at_the_cut(written: &str, diagnostic: &Value) -> bool {
    let line = |which: &str| usize::try_from(diagnostic["range"][which]["line"].as_u64().unwrap()).unwrap();
    let last_line = written.trim_end().matches('\n').count();
    let block = written.match_indices('\n').map(|(at, _)| at + 1).chain([0]);
    let heads = block.filter(|at| written[*at..].starts_with(|c: char| c.is_ascii_lowercase()));
    let head = written[..heads.max().unwrap_or_default()].matches('\n').count();
    line("end") >= last_line || line("start") == head
}
