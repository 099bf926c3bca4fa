//! A small repository in the editor: what is said while one writes.

use std::fs;

use serde_json::{Value, json};
use wlc_tests::repository::Repository;

use super::client::{Client, behind, uri};

const WEB: &str = "config \"site\" {
    file \"a\" text=\"x\"
}

deployment \"web\" {
    container \"nginx\" image=\"localhost/nginx:1\" {
        port \"http\" 8080 host=\"auto\"
        readiness \"http\" \"/\" port=\"http\"
        mount \"/é😀\" config=\"site\"
    }
    place { require { label \"zone\" \"a\" } }
}
";

const NODE: &str = "node \"n1\" {
    label \"zone\" \"a\"
}
facts \"n1\" {
    capacity cpu=8 memory=\"16GiB\"
}
";

/// A session with `web.kdl` open.
struct Session {
    repository: Repository,
    client: Client,
    web: String,
}

fn session() -> Session {
    let repository = Repository::new().with("nodes/n1.kdl", NODE).with("web.kdl", WEB);
    let web = uri(&repository.path().join("web.kdl"));
    let mut client = Client::start();
    client.open(&web, WEB);
    let found = client.diagnostics(&web, 0);
    assert!(found.iter().all(|one| one["severity"] == 2), "{found:?}");
    Session { repository, client, web }
}

impl Session {
    fn write(&mut self, version: u64, text: &str) -> Vec<Value> {
        self.client.change(&self.web, version, json!([{ "text": text }]));
        let found = self.client.diagnostics(&self.web, version);
        found.into_iter().filter(|one| one["severity"] == 1).collect()
    }

    fn labels(&mut self, text: &str, piece: &str) -> Vec<String> {
        let (line, character) = behind(text, piece);
        self.client.labels(&self.web, line, character)
    }
}

#[test]
fn a_mistake_is_shown_where_it_is_and_goes_when_it_is_mended() {
    let mut session = session();
    let found = session.write(1, &WEB.replace("config=\"site\"", "config=\"sitr\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "unknown-name");
    let line = "        mount \"/é😀\" config=".encode_utf16().count();
    assert_eq!(found[0]["range"]["start"], json!({ "line": 8, "character": line }), "positions count UTF-16 units");
    assert!(session.write(2, WEB).is_empty());
    assert_eq!(session.client.end(), Some(0));
}

#[test]
fn a_broken_block_hides_no_other_and_makes_no_noise() {
    let mut session = session();
    let broken = WEB.replace("    file \"a\" text=\"x\"\n}", "    file \"a\" text=\"x");
    let found = session.write(1, &broken);
    assert_eq!(found.len(), 1, "only the block that is being written: {found:?}");
    assert_eq!(found[0]["code"], "syntax");
    assert_eq!(found[0]["range"]["start"]["line"], 1);
    let both = broken.replace("host=\"auto\"", "host=\"autp\"");
    let found = session.write(2, &both);
    let codes: Vec<&Value> = found.iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["syntax", "bad-value"], "{found:?}");
}

#[test]
fn what_may_be_written_is_offered() {
    let mut session = session();
    let top = session.labels(WEB, "}\n\n");
    assert!(["deployment", "node", "config"].iter().all(|word| top.iter().any(|label| label == word)), "{top:?}");
    let text = WEB.replace("    place", "    \n    place");
    session.write(1, &text);
    let words = session.labels(&text, "    }\n    ");
    assert!(words.contains(&"container".to_owned()) && words.contains(&"update".to_owned()), "{words:?}");
    for (old, new, piece, expected) in [
        ("config=\"site\"", "config=", "config=", "site"),
        ("config=\"site\"", "config=\"\"", "config=\"", "site"),
        ("config=\"site\"", "co", "\"/é😀\" co", "config"),
        ("port=\"http\"", "port=", "\"/\" port=", "http"),
        ("label \"zone\" \"a\"", "label ", "{ label ", "zone"),
        ("label \"zone\" \"a\"", "label \"zone\" ", "label \"zone\" ", "a"),
        ("readiness \"http\"", "readiness ", "readiness ", "tcp"),
        ("require {", "re {", "place { re", "require"),
    ] {
        let text = WEB.replace(old, new);
        session.write(2, &text);
        let labels = session.labels(&text, piece);
        assert!(labels.contains(&expected.to_owned()), "`{new}`: {labels:?}");
    }
}

#[test]
fn hover_explains_and_definitions_are_found() {
    let mut session = session();
    let (line, character) = behind(WEB, "8080 host");
    let hover = session.client.at("hover", &session.web, line, character - 1);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("hostPort") && text.contains("auto"), "{text}");
    let (line, character) = behind(WEB, "deploy");
    let hover = session.client.at("hover", &session.web, line, character);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("Deployment"), "{hover}");
    for (piece, file, declared) in [
        ("config=\"si", "web.kdl", "config "),
        ("port=\"ht", "web.kdl", "port "),
        ("require { label \"zo", "nodes/n1.kdl", "label "),
    ] {
        let (line, character) = behind(WEB, piece);
        let found = session.client.at("definition", &session.web, line, character);
        assert_eq!(found.as_array().unwrap().len(), 1, "{piece}: {found}");
        let path = session.repository.path().join(file);
        assert_eq!(found[0]["uri"], uri(&path), "{piece}");
        let (line, character) = behind(&fs::read_to_string(path).unwrap(), declared);
        assert_eq!(found[0]["range"]["start"], json!({ "line": line, "character": character }), "{piece}");
    }
}

#[test]
fn formatting_and_symbols() {
    let mut session = session();
    let rough = WEB.replace("    file", "  file").replace(" text=", "   text=");
    session.write(1, &rough);
    let params = json!({ "textDocument": { "uri": session.web }, "options": { "tabSize": 2, "insertSpaces": false } });
    let edits = session.client.request("textDocument/formatting", params.clone())["result"].clone();
    assert_eq!(edits[0]["newText"], WEB);
    session.write(2, WEB);
    assert_eq!(session.client.request("textDocument/formatting", params.clone())["result"], json!([]));
    let symbols = session.client.request("textDocument/documentSymbol", params.clone())["result"].clone();
    assert_eq!(
        (&symbols[0]["name"], &symbols[1]["children"][0]["name"]),
        (&json!("config site"), &json!("container nginx"))
    );
    session.write(3, "deployment \"web\" {");
    assert_eq!(session.client.request("textDocument/formatting", params)["result"], Value::Null);
}
