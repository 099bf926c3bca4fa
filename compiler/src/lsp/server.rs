//! The state of a session: which texts are open, what was answered and published.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    analysis::{self, Shown},
    completion, definition,
    document::Document,
    frame::Frame,
    hover,
    outline::Outline,
    symbols, uri,
};
use crate::{
    diagnostics::{Problems, Severity},
    files, format,
    sources::{OVERLAYS, Sources},
};

/// Codes of the protocol for requests that cannot be answered.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;
const NOT_INITIALIZED: i64 = -32002;

/// Whether the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It does.
    Go,
    /// It ends.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Fresh,
    Running,
    ShutDown,
}

/// A session.
#[derive(Debug, Default)]
pub(super) struct Server {
    phase: Phase,
    /// The open files by their addresses.
    open: BTreeMap<String, Document>,
    /// The files of repositories as they are on the disk, by their roots.
    disk: BTreeMap<PathBuf, (Sources, Problems)>,
    /// The addresses for which something was published.
    published: BTreeSet<String>,
    /// Whether something has changed since.
    is_stale: bool,
}

/// A refused request: code and reason.
type Refused = (i64, String);

impl Server {
    /// Whether the editor has said `shutdown`.
    pub(super) fn was_shut_down(&self) -> bool {
        self.phase == Phase::ShutDown
    }

    /// Takes a message and gives the answers to it.
    pub(super) fn take(&mut self, frame: Frame) -> (Vec<Value>, Next) {
        let message = match frame {
            Frame::End => return (Vec::new(), Next::End),
            Frame::Unreadable => return (vec![failure(&Value::Null, PARSE_ERROR, "this is no JSON")], Next::Go),
            Frame::Message(message) => message,
        };
        let Some(method) = message["method"].as_str() else {
            let is_response = message.get("result").is_some() || message.get("error").is_some();
            let refused = failure(&message["id"], INVALID_REQUEST, "a message names its method");
            return (if is_response { Vec::new() } else { vec![refused] }, Next::Go);
        };
        match message.get("id") {
            None if method == "exit" => (Vec::new(), Next::End),
            None => {
                self.notice(method, &message["params"]);
                (Vec::new(), Next::Go)
            }
            Some(id) => {
                let params = &message["params"];
                let answered = panic::catch_unwind(AssertUnwindSafe(|| self.answer(method, params)));
                let mistake = (INTERNAL_ERROR, "a mistake of wlc, please report it".to_owned());
                let answer = match answered.unwrap_or(Err(mistake)) {
                    Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
                    Err((code, why)) => failure(id, code, &why),
                };
                (vec![answer], Next::Go)
            }
        }
    }

    fn answer(&mut self, method: &str, params: &Value) -> Result<Value, Refused> {
        match (self.phase, method) {
            (Phase::Fresh, "initialize") => {
                self.phase = Phase::Running;
                return Ok(capabilities());
            }
            (Phase::Fresh, _) => return Err((NOT_INITIALIZED, "`initialize` comes first".to_owned())),
            (Phase::Running, "initialize") => return Err((INVALID_REQUEST, "it is initialized".to_owned())),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                return Ok(Value::Null);
            }
            (Phase::Running, _) => {}
            (Phase::ShutDown, _) => return Err((INVALID_REQUEST, "it is shut down".to_owned())),
        }
        match method {
            "textDocument/completion" => {
                let (uri, document, offset) = self.place(params)?;
                let outlines = self.outlines(&uri);
                let all: Vec<&Outline> = outlines.iter().map(|(_, _, outline)| outline).collect();
                Ok(completion::completions(&document, &all, offset))
            }
            "textDocument/hover" => {
                let (uri, document, offset) = self.place(params)?;
                let outlines = self.outlines(&uri);
                let all: Vec<&Outline> = outlines.iter().map(|(_, _, outline)| outline).collect();
                Ok(hover::hover(&document, &all, offset))
            }
            "textDocument/definition" => self.definition(params),
            "textDocument/formatting" => self.formatting(params),
            "textDocument/documentSymbol" => {
                let document = &self.open[&self.address(params)?];
                Ok(symbols::symbols(document, &Outline::new(&document.text)))
            }
            other => Err((METHOD_NOT_FOUND, format!("`{other}` is not known here"))),
        }
    }

    fn notice(&mut self, method: &str, params: &Value) {
        if self.phase != Phase::Running {
            return;
        }
        let text_document = &params["textDocument"];
        let uri = text_document["uri"].as_str().unwrap_or_default().to_owned();
        match method {
            "textDocument/didOpen" => {
                let text = text_document["text"].as_str().unwrap_or_default().to_owned();
                self.open.insert(uri, Document::new(text, text_document["version"].clone()));
            }
            "textDocument/didChange" => {
                let Some(document) = self.open.get_mut(&uri) else { return };
                for change in params["contentChanges"].as_array().into_iter().flatten() {
                    document.change(change);
                }
                document.version = text_document["version"].clone();
            }
            "textDocument/didClose" => drop(self.open.remove(&uri)),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {}
            _ => return,
        }
        if method != "textDocument/didChange" {
            self.disk.clear();
        }
        self.is_stale = true;
    }

    fn address(&self, params: &Value) -> Result<String, Refused> {
        let uri = params["textDocument"]["uri"].as_str().unwrap_or_default();
        match self.open.contains_key(uri) {
            true => Ok(uri.to_owned()),
            false => Err((INVALID_PARAMS, format!("`{uri}` is not open"))),
        }
    }

    fn place(&self, params: &Value) -> Result<(String, Document, usize), Refused> {
        let uri = self.address(params)?;
        let document = self.open[&uri].clone();
        let offset = document.offset(&params["position"]);
        Ok((uri, document, offset))
    }

    /// The outlines of a file and of its repository: its own first, each with its address and text. Other overlays than
    /// its own say nothing about it.
    fn outlines(&mut self, uri: &str) -> Vec<(String, Document, Outline)> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let path = path(uri);
        let root = path.as_deref().and_then(|path| files::find_root(path.parent()?));
        if let Some(root) = &root {
            let sources = released(self.disk(root).0.clone());
            texts.extend(
                sources.iter().map(|(_, source)| (uri::uri(&root.join(&*source.path)), source.text().to_owned())),
            );
        }
        texts.extend(self.open.iter().map(|(uri, document)| (uri.clone(), document.text.clone())));
        let own = texts.remove(uri).unwrap_or_default();
        if let (Some(root), Some(path)) = (&root, &path)
            && let Some(name) = overlay(root, path)
        {
            let inside = |folder: String| uri::uri(&root.join(OVERLAYS).join(folder));
            let (all, its) = (inside(String::new()), inside(format!("{name}/")));
            texts.retain(|uri, _| !uri.starts_with(&all) || uri.starts_with(&its));
        }
        let all = std::iter::once((uri.to_owned(), own)).chain(texts);
        all.map(|(uri, text)| {
            let outline = Outline::new(&text);
            (uri, Document::new(text, Value::Null), outline)
        })
        .collect()
    }

    fn definition(&mut self, params: &Value) -> Result<Value, Refused> {
        let (uri, _, offset) = self.place(params)?;
        let outlines = self.outlines(&uri);
        let all: Vec<&Outline> = outlines.iter().map(|(_, _, outline)| outline).collect();
        let mut found = definition::definitions(&all, offset);
        // What an overlay says of a thing is no declaration of it where the base declares it.
        let is_of_overlay = |number: usize| outlines[number].0.contains(&format!("/{OVERLAYS}"));
        if found.iter().any(|(number, _)| !is_of_overlay(*number)) {
            found.retain(|(number, _)| !is_of_overlay(*number));
        }
        let location = |(number, range): (usize, Range<usize>)| json!({ "uri": outlines[number].0, "range": outlines[number].1.range(&range) });
        Ok(found.into_iter().map(location).collect())
    }

    /// A file that cannot be read stays as it is; its diagnostics say why.
    fn formatting(&self, params: &Value) -> Result<Value, Refused> {
        let document = &self.open[&self.address(params)?];
        match format::format("", &document.text) {
            Ok(formatted) if formatted == document.text => Ok(json!([])),
            Ok(formatted) => {
                let whole = document.range(&(0..document.text.len()));
                Ok(json!([{ "range": whole, "newText": formatted }]))
            }
            Err(_) => Ok(Value::Null),
        }
    }

    fn disk(&mut self, root: &Path) -> &(Sources, Problems) {
        self.disk.entry(root.to_owned()).or_insert_with(|| {
            let mut problems = Problems::default();
            let sources = files::read(root, &mut problems).unwrap_or_default();
            (sources, problems)
        })
    }

    /// What is wrong with all repositories that have a file open, if something has changed.
    pub(super) fn diagnostics(&mut self) -> Vec<Value> {
        if !std::mem::take(&mut self.is_stale) {
            return Vec::new();
        }
        let mut repositories: BTreeMap<Option<PathBuf>, Vec<String>> = BTreeMap::new();
        for uri in self.open.keys() {
            let root = uri::path(uri).and_then(|path| files::find_root(path.parent()?));
            repositories.entry(root).or_default().push(uri.clone());
        }
        let mut found: BTreeMap<String, Vec<Value>> = self.open.keys().map(|uri| (uri.clone(), Vec::new())).collect();
        for (root, open) in repositories {
            match root {
                Some(root) => self.repository(&root, &open, &mut found),
                None => open.iter().for_each(|uri| self.alone(uri, &mut found)),
            }
        }
        let gone: Vec<String> = self.published.iter().filter(|uri| !found.contains_key(*uri)).cloned().collect();
        found.extend(gone.into_iter().map(|uri| (uri, Vec::new())));
        self.published = found.iter().filter(|(_, list)| !list.is_empty()).map(|(uri, _)| uri.clone()).collect();
        found.into_iter().map(|(uri, list)| self.publish(&uri, &list)).collect()
    }

    fn publish(&self, uri: &str, list: &[Value]) -> Value {
        let mut params = json!({ "uri": uri, "diagnostics": list });
        if let Some(document) = self.open.get(uri) {
            params["version"] = document.version.clone();
        }
        json!({ "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params })
    }

    fn repository(&mut self, root: &Path, open: &[String], found: &mut BTreeMap<String, Vec<Value>>) {
        let (mut sources, problems) = self.disk(root).clone();
        let (mut texts, mut overlays) = (BTreeMap::new(), BTreeSet::new());
        for uri in open {
            let Some(path) = path(uri) else { continue };
            overlays.extend(overlay(root, &path));
            if let Ok(inside) = path.strip_prefix(root) {
                let name = inside.display().to_string();
                files::add_if_new(&mut sources, &name);
                texts.insert(name, (uri.clone(), self.open[uri].clone()));
            }
        }
        sources.map_texts(|path, text| {
            texts.get(path).map_or_else(|| text.to_owned(), |(_, document)| document.text.clone())
        });
        let known: BTreeMap<String, Document> = released(sources.clone())
            .iter()
            .map(|(_, source)| (source.path.to_string(), Document::new(source.text().to_owned(), Value::Null)))
            .collect();
        let address = |path: &str| texts.get(path).map_or_else(|| uri::uri(&root.join(path)), |(uri, _)| uri.clone());
        for shown in analysis::analyse(Some(root), &overlays, sources, &problems) {
            if let Some(value) = show(&shown, &known, &address) {
                found.entry(address(&shown.place.0)).or_default().push(value);
            }
        }
    }

    /// A file of no repository.
    fn alone(&self, uri: &str, found: &mut BTreeMap<String, Vec<Value>>) {
        let mut sources = Sources::default();
        sources.add(uri, &self.open[uri].text);
        let known = BTreeMap::from([(uri.to_owned(), self.open[uri].clone())]);
        let shown = analysis::analyse(None, &BTreeSet::new(), sources, &Problems::default());
        let values = shown.iter().filter_map(|shown| show(shown, &known, &str::to_owned));
        found.entry(uri.to_owned()).or_default().extend(values);
    }
}

/// The real path of a file by its address; one that is not on the disk yet lies in a folder that is.
fn path(uri: &str) -> Option<PathBuf> {
    let path = uri::path(uri)?;
    let real = path.canonicalize().ok();
    real.or_else(|| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))).or(Some(path))
}

/// The overlay to which a file belongs.
fn overlay(root: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root.join(OVERLAYS)).ok()?;
    inside.parent()?.components().next().map(|name| name.as_os_str().to_string_lossy().into_owned())
}

/// All files, those included that are read only where another one includes them.
fn released(mut sources: Sources) -> Sources {
    let held: Vec<String> = sources.held().map(str::to_owned).collect();
    for path in held {
        // One without a text has nothing to show.
        let _ = sources.release(&path);
    }
    sources
}

/// A diagnostic as the protocol writes it. None where its file is not known.
fn show(shown: &Shown, known: &BTreeMap<String, Document>, address: &dyn Fn(&str) -> String) -> Option<Value> {
    let range = |place: &analysis::Place| known.get(&place.0).map(|document| document.range(&place.1));
    let diagnostic = &shown.diagnostic;
    let hints: String = diagnostic.hints.iter().map(|hint| format!("\n{hint}")).collect();
    let related = shown.related.iter().filter_map(|(place, text)| {
        Some(json!({ "location": { "uri": address(&place.0), "range": range(place)? }, "message": text }))
    });
    Some(json!({
        "range": range(&shown.place)?,
        "severity": if diagnostic.severity() == Severity::Error { 1 } else { 2 },
        "code": diagnostic.code.name(),
        "source": "wlc",
        "message": format!("{}{hints}", diagnostic.message),
        "relatedInformation": related.collect::<Vec<_>>(),
    }))
}

fn failure(id: &Value, code: i64, why: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": why } })
}

fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "completionProvider": { "triggerCharacters": [" ", "\"", "="] },
            "hoverProvider": true,
            "definitionProvider": true,
            "documentFormattingProvider": true,
            "documentSymbolProvider": true,
        },
        "serverInfo": { "name": "wlc", "version": env!("CARGO_PKG_VERSION") },
    })
}
