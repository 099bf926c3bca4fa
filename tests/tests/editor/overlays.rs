//! Files of overlays, and uses of templates: the whole check of their fleet, help, and the places of their names.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use wlc_tests::{folder, running};

use super::client::{Client, behind, uri};

const PRODUCTION: &str = "_overlays/production/workloads.kdl";
const STAGING: &str = "_overlays/staging/all.kdl";
const SHOP: &str = "workloads/shop.kdl";
const TEMPLATE: &str = "_shared/web-service.kdl";

/// `examples/overlays` in an editor.
struct Session {
    folder: tempfile::TempDir,
    client: Client,
}

impl Session {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        folder::copy(&running::workspace().join("examples/overlays"), folder.path());
        Self { folder, client: Client::start() }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn uri(&self, file: &str) -> String {
        uri(&self.path(file))
    }

    /// Opens a file. The errors in it.
    fn open(&mut self, file: &str) -> Vec<Value> {
        let (uri, text) = (self.uri(file), self.text(file));
        self.client.open(&uri, &text);
        errors(self.client.diagnostics(&uri, 0))
    }

    /// Writes a file that is open. The errors in it.
    fn write(&mut self, file: &str, version: u64, text: &str) -> Vec<Value> {
        let uri = self.uri(file);
        self.client.change(&uri, version, json!([{ "text": text }]));
        errors(self.client.diagnostics(&uri, version))
    }

    fn labels(&mut self, file: &str, text: &str, piece: &str) -> Vec<String> {
        let (line, character) = behind(text, piece);
        let uri = self.uri(file);
        self.client.labels(&uri, line, character)
    }

    fn hover(&mut self, file: &str, piece: &str) -> String {
        let (line, character) = behind(&self.text(file), piece);
        let uri = self.uri(file);
        let hover = self.client.at("hover", &uri, line, character);
        hover["contents"]["value"].as_str().unwrap_or_else(|| panic!("nothing behind {piece:?}")).to_owned()
    }

    /// The definitions of the name behind a piece of a file, as file and line.
    fn definitions(&mut self, file: &str, piece: &str) -> Vec<(String, u64)> {
        let (line, character) = behind(&self.text(file), piece);
        let uri = self.uri(file);
        let found = self.client.at("definition", &uri, line, character);
        let root = format!("{}/", self.uri(""));
        let place = |one: &Value| {
            let file = one["uri"].as_str().unwrap().strip_prefix(&root).unwrap().to_owned();
            (file, one["range"]["start"]["line"].as_u64().unwrap() + 1)
        };
        found.as_array().unwrap().iter().map(place).collect()
    }
}

fn errors(found: Vec<Value>) -> Vec<Value> {
    found.into_iter().filter(|one| one["severity"] == 1).collect()
}

/// Code and message of the only error.
fn only(found: &[Value]) -> (&str, &str) {
    assert_eq!(found.len(), 1, "{found:#?}");
    (found[0]["code"].as_str().unwrap(), found[0]["message"].as_str().unwrap())
}

#[test]
fn a_file_of_an_overlay_is_checked_as_its_fleet() {
    let mut session = Session::new();
    for file in [PRODUCTION, STAGING, SHOP, TEMPLATE] {
        assert_eq!(session.open(file), Vec::<Value>::new(), "{file}");
    }
    let text = session.text(PRODUCTION);
    let found = session.write(
        PRODUCTION,
        1,
        &text.replace("without \"deployment\" \"mail-catcher\"", "without \"deployment\" \"mail\""),
    );
    assert_eq!(only(&found).0, "nothing-there");
    let found = session.write(PRODUCTION, 2, &text.replace("replicas=6", "replicas=60"));
    assert!(only(&found).1.contains("60"), "{found:?}");
    let found = session.write(PRODUCTION, 3, &text.replace("label \"zone\"", "label \"zone\" \"c\""));
    assert_eq!(only(&found).0, "matches-nothing");
    let (line, _) = behind(&text, "label \"zone\"");
    assert_eq!(found[0]["range"]["start"]["line"], line);
    assert!(session.write(PRODUCTION, 4, &text).is_empty());
    assert_eq!(session.client.end(), Some(0));
}

#[test]
fn what_only_an_overlay_breaks_is_shown_in_the_base_with_its_name() {
    let mut session = Session::new();
    session.open(SHOP);
    let text = session.text(SHOP).replace("memory \"512MiB\"", "memory \"4GiB\"\n    replicas 2");
    let found = session.write(SHOP, 1, &text);
    let (code, message) = only(&found);
    assert_eq!(code, "no-node-fits");
    assert!(message.contains("(in the overlay `staging`)"), "production has room: {message}");
    assert_eq!(session.client.end(), Some(0));
}

#[test]
fn a_new_file_is_checked_before_it_is_saved() {
    let mut session = Session::new();
    for file in ["workloads/new.kdl", "_overlays/staging/new.kdl"] {
        let uri = format!("{}/{file}", session.uri(""));
        session.client.open(&uri, "deployment \"new\" {\n    container \"main\" image=\"localhost/a:1\" {\n        mount \"/c\" config=\"none\"\n    }\n}\n");
        let found = errors(session.client.diagnostics(&uri, 0));
        assert_eq!(only(&found).0, "unknown-name", "{file}");
        session.client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }
    assert_eq!(session.client.end(), Some(0));
}

#[test]
fn names_and_parameters_are_offered_in_overlays_and_uses() {
    let mut session = Session::new();
    for file in [PRODUCTION, STAGING, SHOP] {
        session.open(file);
    }
    let text = session.text(PRODUCTION);
    let labels = session.labels(PRODUCTION, &text, "web-service \"shop\" ");
    assert!(["replicas", "memory", "image"].iter().all(|word| labels.iter().any(|label| label == word)), "{labels:?}");
    let asked = text.replace("label \"zone\"", "label \"zone\" ");
    session.write(PRODUCTION, 1, &asked);
    assert_eq!(session.labels(PRODUCTION, &asked, "require { label \"zone\" "), ["a", "b", "at-least", "at-most"]);
    let (asked, piece) = (format!("{text}deployment \"x\" {{\n    after \n    \n}}\n"), "    after ");
    session.write(PRODUCTION, 2, &asked);
    let labels = session.labels(PRODUCTION, &asked, piece);
    assert!(
        ["shop", "search", "mail-catcher"].iter().all(|word| labels.iter().any(|label| label == word)),
        "{labels:?}"
    );
    // The nodes of another overlay are none of this one.
    let asked = text.replace("require { label \"zone\" }", "on ");
    session.write(PRODUCTION, 3, &asked);
    assert_eq!(session.labels(PRODUCTION, &asked, "place { on "), ["production-1", "production-2"]);
    // A port of a container that the template declares.
    let text = session.text(STAGING);
    let asked = text.replace("env {", "liveness \"tcp\" port=\n        env {");
    session.write(STAGING, 1, &asked);
    assert_eq!(session.labels(STAGING, &asked, "\"tcp\" port="), ["http"]);
    assert_eq!(session.client.end(), Some(0));
}

#[test]
fn hover_explains_templates_and_their_parameters() {
    let mut session = Session::new();
    for file in [PRODUCTION, SHOP, TEMPLATE] {
        session.open(file);
    }
    for (file, piece, expected) in [
        (SHOP, "web-serv", "A service behind the proxy"),
        (SHOP, "web-serv", "`replicas`: How many run."),
        (SHOP, "\"shop\" ima", "What it runs."),
        (SHOP, "    memo", "at most `4GiB`"),
        (SHOP, "memory \"51", "What each may use."),
        (SHOP, "env { LOG", "variable"),
        (SHOP, "mount \"/var/cache/index\" empty", "empty"),
        (PRODUCTION, "replicas=", "How many run."),
        (PRODUCTION, "    gra", "terminationGracePeriodSeconds"),
        (TEMPLATE, "template \"web", "A service behind the proxy"),
        (TEMPLATE, "replicas=(parameter)\"repl", "at least `1`, at most `12`, default `1`"),
        (TEMPLATE, "deployment (parameter)\"na", "the name of a use"),
        (TEMPLATE, "    deplo", "apps/v1 Deployment"),
    ] {
        let text = session.hover(file, piece);
        assert!(text.contains(expected), "{file}, {piece}: {text}");
    }
    assert_eq!(session.client.end(), Some(0));
}

#[test]
fn definitions_are_found_through_templates_and_overlays() {
    let mut session = Session::new();
    let added = "config \"site\" { file \"a\" text=\"x\" }
secret \"tls\" { key \"tls.key\" }
deployment \"proxy\" {
    after \"shop\"
    container \"main\" image=\"localhost/a:1\" {
        mount \"/a\" config=\"site\"
        mount \"/b\" secret=\"tls\"
        env { KEY secret=\"tls\" key=\"tls.key\" }
    }
    place { require { label \"zone\" \"b\" } }
}
web-service \"files\" image=\"localhost/a:1\" {
    container \"main\" {
        mount \"/a\" config=\"site\"
        readiness \"tcp\" port=\"http\"
    }
    place { require { label \"zone\" \"a\" } }
}
";
    fs::write(session.path("workloads/proxy.kdl"), added).unwrap();
    const PROXY: &str = "workloads/proxy.kdl";
    for file in [PRODUCTION, SHOP, TEMPLATE, PROXY] {
        session.open(file);
    }
    let one = |file: &str, line: u64| vec![(file.to_owned(), line)];
    const NODES: &str = "_overlays/production/nodes.kdl";
    for (file, piece, expected) in [
        (SHOP, "web-serv", one(TEMPLATE, 2)),
        (SHOP, "\"shop\" ima", one(TEMPLATE, 4)),
        (SHOP, "    memo", one(TEMPLATE, 6)),
        (PRODUCTION, "web-serv", one(TEMPLATE, 2)),
        (PRODUCTION, "\"shop\" repl", one(TEMPLATE, 5)),
        (PRODUCTION, "web-service \"sh", one(SHOP, 1)),
        (PRODUCTION, "deployment \"sea", one(SHOP, 7)),
        (PRODUCTION, "without \"deployment\" \"mail", one(SHOP, 16)),
        (TEMPLATE, "replicas=(parameter)\"repl", one(TEMPLATE, 5)),
        (TEMPLATE, "port=\"ht", one(TEMPLATE, 13)),
        (PROXY, "after \"sh", one(SHOP, 1)),
        (PROXY, "mount \"/a\" config=\"si", one(PROXY, 1)),
        (PROXY, "mount \"/b\" secret=\"tl", one(PROXY, 2)),
        (PROXY, "KEY secret=\"tls\" key=\"tls", one(PROXY, 2)),
        (PROXY, "label \"zone\" \"b", one(NODES, 2)),
        (PROXY, "{\n        mount \"/a\" config=\"si", one(PROXY, 1)),
        (PROXY, "\"tcp\" port=\"ht", one(TEMPLATE, 13)),
        (PROXY, "label \"zone\" \"a", one(NODES, 1)),
        (PROXY, "label \"zo", vec![(NODES.to_owned(), 1), (NODES.to_owned(), 2)]),
    ] {
        let expected = expected.clone();
        assert_eq!(session.definitions(file, piece), expected, "{file}, {piece}");
    }
    // What an overlay says of a block is found from the base too.
    assert_eq!(session.definitions(SHOP, "web-service \"sea"), one(PRODUCTION, 12));
    assert_eq!(session.client.end(), Some(0));
}
