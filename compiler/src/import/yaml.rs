//! YAML → a tree with places. Hostile input is refused here: what is too deep, what repeats itself through aliases, and
//! what is no YAML at all. What the words mean is for the readers of each format.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    sources::Source,
    span::{FileId, Span, Spanned},
};

/// Deepest nesting of lists and mappings. A manifest has about 15.
const DEPTH: usize = 64;
/// Most values of one file, those that aliases repeat counted each time.
const NODES: usize = 400_000;
/// Most bytes of text in one file, that which aliases repeat counted each time.
const TEXT_BYTES: usize = 32 << 20;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// What it is.
    pub(super) value: Value,
    /// Its token; of a list or mapping, where it begins.
    pub(super) span: Span,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, a number or a truth value: what it is depends on who reads it.
    Text {
        /// Its text.
        text: String,
        /// Whether it stands there without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys with values, in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: Spanned<String>,
    /// The value.
    pub(super) node: Node,
}

impl Node {
    /// The value of a key, where this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.node),
            Value::Null | Value::Text { .. } | Value::List(_) => None,
        }
    }

    /// The keys with their values, where this is a mapping.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Text { .. } | Value::List(_) => &[],
        }
    }

    /// The items, where this is a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Text { .. } | Value::Map(_) => &[],
        }
    }

    /// The text, where this is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// How many values and bytes it holds.
    fn weight(&self) -> (usize, usize) {
        let sum = |(nodes, bytes): (usize, usize), (more, longer): (usize, usize)| (nodes + more, bytes + longer);
        match &self.value {
            Value::Null => (1, 0),
            Value::Text { text, .. } => (1, text.len()),
            Value::List(items) => items.iter().map(Self::weight).fold((1, 0), sum),
            Value::Map(entries) => {
                let of = |entry: &Entry| sum(entry.node.weight(), (1, entry.key.value.len()));
                entries.iter().map(of).fold((1, 0), sum)
            }
        }
    }
}

/// The documents of a file. None where it is no YAML; why is reported.
pub(super) fn read(file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Node>> {
    let mut builder = Builder::new(file, source.text());
    match builder.run() {
        Ok(()) => Some(builder.documents),
        Err(diagnostic) => {
            problems.add(*diagnostic);
            None
        }
    }
}

/// A list or mapping that is not closed yet.
struct Open {
    value: Value,
    /// Keys of a mapping so far.
    keys: BTreeSet<String>,
    key: Option<Spanned<String>>,
    anchor: usize,
    span: Span,
}

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    /// The byte at which each character begins; empty where every character is one byte.
    offsets: Vec<u32>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    documents: Vec<Node>,
    nodes: usize,
    bytes: usize,
}

type Refused = Box<Diagnostic>;

impl<'a> Builder<'a> {
    fn new(file: FileId, text: &'a str) -> Self {
        let offsets = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        };
        let (open, documents) = (Vec::new(), Vec::new());
        Self { file, text, offsets, open, anchors: BTreeMap::new(), documents, nodes: 0, bytes: 0 }
    }

    fn run(&mut self) -> Result<(), Refused> {
        for event in Parser::new_from_str(self.text) {
            match event {
                Ok((event, span)) => self.event(event, self.span(&span.start, &span.end))?,
                Err(error) => {
                    let end = self.offset(error.marker().index());
                    // A tab that may not stand there is behind the reader when it stops.
                    let tabs = self.text[..end].len() - self.text[..end].trim_end_matches('\t').len();
                    let span = Span::new(self.file, end - tabs, end);
                    let message = format!("this is no YAML: {}", error.info());
                    let diagnostic = Diagnostic::new(Code::ImportSyntax, message, span, "it cannot be read from here");
                    return Err(Box::new(diagnostic.hint("nothing of this file is imported before it is mended")));
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Refused> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.suffix == "str");
                let node = Node { value: scalar(text.into_owned(), style, is_text), span: self.first_line(span) };
                self.bytes += node.weight().1;
                self.put(node, anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.bad(span, "this alias stands for a value that is not closed yet".to_owned()));
                };
                let (nodes, bytes) = node.weight();
                self.nodes += nodes;
                self.bytes += bytes;
                self.put(node, 0)
            }
            Event::SequenceStart(anchor, _) => self.open(Value::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => self.open(Value::Map(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { value, anchor, span, .. }) => self.put(Node { value: merged(value), span }, anchor),
                None => Ok(()),
            },
        }
    }

    fn open(&mut self, value: Value, anchor: usize, span: Span) -> Result<(), Refused> {
        if self.open.len() >= DEPTH {
            return Err(hostile(span, format!("lists and mappings are nested more than {DEPTH} deep")));
        }
        let span = self.first_line(span);
        self.open.push(Open { value, keys: BTreeSet::new(), key: None, anchor, span });
        Ok(())
    }

    /// Puts a value where it belongs: into what is open, as a key or behind one, or as a document.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Refused> {
        self.nodes += 1;
        if self.nodes > NODES || self.bytes > TEXT_BYTES {
            let message = format!("the file grows beyond {NODES} values or {TEXT_BYTES} bytes");
            return Err(hostile(node.span, message));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
            let (nodes, bytes) = node.weight();
            self.nodes += nodes;
            self.bytes += bytes;
        }
        let Some(open) = self.open.last_mut() else {
            if node.value != Value::Null {
                self.documents.push(node);
            }
            return Ok(());
        };
        match (&mut open.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => {
                if !open.keys.insert(key.value.clone()) && key.value != "<<" {
                    return Err(self.bad(key.span, format!("the key `{}` stands twice in one mapping", key.value)));
                }
                entries.push(Entry { key, node });
            }
            (Value::Map(_), None) => match node.value {
                Value::Text { text, .. } => open.key = Some(Spanned::new(text, node.span)),
                Value::Null => open.key = Some(Spanned::new(String::new(), node.span)),
                Value::List(_) | Value::Map(_) => {
                    return Err(self.bad(node.span, "a list or a mapping is no key".to_owned()));
                }
            },
            (Value::Null | Value::Text { .. }, _) => unreachable!("only lists and mappings are open"),
        }
        Ok(())
    }

    fn bad(&self, span: Span, message: String) -> Refused {
        let diagnostic = Diagnostic::new(Code::ImportSyntax, message, span, "here");
        Box::new(diagnostic.hint("nothing of this file is imported before it is mended"))
    }

    fn offset(&self, index: usize) -> usize {
        let offset = if self.offsets.is_empty() {
            index
        } else {
            self.offsets.get(index).map_or(self.text.len(), |at| *at as usize)
        };
        offset.min(self.text.len())
    }

    fn span(&self, start: &Marker, end: &Marker) -> Span {
        Span::new(self.file, self.offset(start.index()), self.offset(end.index()))
    }

    /// The part of a span on its first line, so that a text of a hundred lines is not underlined as a whole.
    fn first_line(&self, span: Span) -> Span {
        let text = &self.text[span.start as usize..span.end as usize];
        let length = text.find('\n').unwrap_or(text.len());
        Span::new(self.file, span.start as usize, span.start as usize + text[..length].trim_end().len())
    }
}

fn hostile(span: Span, message: String) -> Refused {
    let diagnostic = Diagnostic::new(Code::HostileInput, message, span, "refused from here");
    Box::new(diagnostic.hint("nothing that people write looks like this; split the file, or write its aliases out"))
}

fn scalar(text: String, style: ScalarStyle, is_text: bool) -> Value {
    let plain = style == ScalarStyle::Plain && !is_text;
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
        _ => Value::Text { text, plain },
    }
}

/// A mapping with `<<` replaced by the keys that it brings and that are not written.
fn merged(value: Value) -> Value {
    let Value::Map(entries) = value else { return value };
    let is_merge = |entry: &Entry| entry.key.value == "<<" && !matches!(entry.node.value, Value::Text { .. });
    if !entries.iter().any(is_merge) {
        return Value::Map(entries);
    }
    let (merges, mut kept): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_merge);
    for merge in merges {
        let brought = match merge.node.value {
            Value::List(items) => items,
            Value::Map(_) | Value::Null | Value::Text { .. } => vec![merge.node],
        };
        for Node { value, .. } in brought {
            let Value::Map(more) = value else { continue };
            let known: BTreeSet<String> = kept.iter().map(|entry| entry.key.value.clone()).collect();
            kept.extend(more.into_iter().filter(|entry| !known.contains(&entry.key.value)));
        }
    }
    Value::Map(kept)
}
