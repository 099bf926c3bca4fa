//! An editor: starts `wlc lsp` and speaks the protocol with it over its standard input and output.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use wlc_tests::programs;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    last: u64,
    /// What was published while something else was waited for.
    published: Vec<Value>,
}

impl Client {
    /// A server that nothing has been said to.
    pub(crate) fn fresh() -> Self {
        let mut command = Command::new(programs::wlc());
        command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let (sender, messages) = mpsc::channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, messages, last: 0, published: Vec::new() }
    }

    /// A server that is initialized.
    pub(crate) fn start() -> Self {
        let mut client = Self::fresh();
        let answer = client.request("initialize", json!({ "processId": null, "rootUri": null, "capabilities": {} }));
        assert_eq!(answer["result"]["capabilities"]["positionEncoding"], "utf-16");
        client.notify("initialized", json!({}));
        client
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.write(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.next();
            if message["id"] == id {
                return message;
            }
            self.published.push(message);
        }
    }

    pub(crate) fn next(&mut self) -> Value {
        self.messages.recv_timeout(LIMIT).expect("the server answers")
    }

    /// Opens a file with a text, as version 0.
    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "kdl", "version": 0, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub(crate) fn change(&mut self, uri: &str, version: u64, changes: Value) {
        let document = json!({ "uri": uri, "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// What is published for a version of a file.
    pub(crate) fn diagnostics(&mut self, uri: &str, version: u64) -> Vec<Value> {
        loop {
            let message = if self.published.is_empty() { self.next() } else { self.published.remove(0) };
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri
                && params["version"] == version
            {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// What is published in one go for these versions of files.
    pub(crate) fn diagnostics_of(&mut self, files: &[(&str, u64)]) -> Vec<Vec<Value>> {
        let mut found = vec![None; files.len()];
        while found.last().is_none_or(Option::is_none) || found.iter().any(Option::is_none) {
            let message = if self.published.is_empty() { self.next() } else { self.published.remove(0) };
            let params = &message["params"];
            let is_meant = |(uri, version): &(&str, u64)| params["uri"] == *uri && params["version"] == *version;
            if let Some(file) = files.iter().position(is_meant) {
                found[file] = params["diagnostics"].as_array().cloned();
            }
        }
        found.into_iter().flatten().collect()
    }

    /// Asks about a place.
    pub(crate) fn at(&mut self, what: &str, uri: &str, line: usize, character: usize) -> Value {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        let answer = self.request(&format!("textDocument/{what}"), params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The labels of what may be written at a place.
    pub(crate) fn labels(&mut self, uri: &str, line: usize, character: usize) -> Vec<String> {
        let found = self.at("completion", uri, line, character);
        let items = found["items"].as_array().unwrap();
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends the session as an editor does. The exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        assert_eq!(self.request("shutdown", Value::Null)["result"], Value::Null);
        self.exit()
    }

    pub(crate) fn exit(&mut self) -> Option<i32> {
        self.notify("exit", Value::Null);
        self.code()
    }

    /// Closes the server's input and waits for its end.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().strip_prefix("Content-Length: ") {
            Some(value) => length = value.parse().ok(),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut bytes = vec![0; length?];
    output.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.canonicalize().unwrap().display())
}

/// Line and character behind a piece of a text, counted as editors do.
pub(crate) fn behind(text: &str, piece: &str) -> (usize, usize) {
    let end = text.find(piece).unwrap_or_else(|| panic!("no `{piece}`")) + piece.len();
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    (text[..end].matches('\n').count(), text[start..end].encode_utf16().count())
}
