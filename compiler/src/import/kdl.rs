//! Blocks that an import writes, and how they are laid out: four spaces for each level, one line for what a person would
//! write in one line, texts of several lines as they are read.

/// Longest line of a block that is written with its children in one line.
const LINE: usize = 100;
/// Most children in one line.
const CHILDREN: usize = 4;
/// Blocks that never stand in one line.
const TALL: [&str; 9] =
    ["deployment", "stateful-set", "daemon-set", "job", "cron-job", "container", "init", "sidecar", "config"];

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `#true` or `#false`.
    Flag(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// A block: its word, arguments, properties and children.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    word: String,
    arguments: Vec<Value>,
    properties: Vec<(&'static str, Value)>,
    children: Vec<Item>,
}

/// What stands in a block.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Block(Block),
    Note(String),
}

impl Block {
    /// A block of this word.
    pub(super) fn new(word: &str) -> Self {
        Self { word: word.to_owned(), arguments: Vec::new(), properties: Vec::new(), children: Vec::new() }
    }

    /// With one more argument.
    #[must_use]
    pub(super) fn arg(mut self, value: impl Into<Value>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// Under another word.
    #[must_use]
    pub(super) fn renamed(mut self, word: &str) -> Self {
        word.clone_into(&mut self.word);
        self
    }

    /// Makes this its only argument.
    pub(super) fn set_only(&mut self, value: impl Into<Value>) {
        self.arguments = vec![value.into()];
    }

    /// With a first argument.
    #[must_use]
    pub(super) fn named(mut self, name: &str) -> Self {
        self.arguments.insert(0, name.into());
        self
    }

    /// With more arguments.
    #[must_use]
    pub(super) fn args<T: Into<Value>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(values.into_iter().map(Into::into));
        self
    }

    /// With a property.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// With a child.
    #[must_use]
    pub(super) fn and(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    /// Sets a property.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.properties.push((name, value.into()));
    }

    /// Sets a property that may be absent.
    pub(super) fn set_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds a child.
    pub(super) fn push(&mut self, child: Self) {
        self.children.push(Item::Block(child));
    }

    /// Adds a child that says something; an empty one is not written.
    pub(super) fn push_if_any(&mut self, child: Self) {
        if !child.is_bare() {
            self.push(child);
        }
    }

    /// Adds children.
    pub(super) fn push_all(&mut self, children: impl IntoIterator<Item = Self>) {
        self.children.extend(children.into_iter().map(Item::Block));
    }

    /// Adds a flag: a word alone.
    pub(super) fn flag(&mut self, word: &str, is_set: bool) {
        if is_set {
            self.push(Self::new(word));
        }
    }

    /// Adds a comment.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.children.push(Item::Note(text.into()));
    }

    /// Adds a comment before all children.
    pub(super) fn note_first(&mut self, text: impl Into<String>) {
        self.children.insert(0, Item::Note(text.into()));
    }

    /// Takes the properties and children of another block.
    pub(super) fn merge(&mut self, other: Self) {
        self.properties.extend(other.properties);
        self.children.extend(other.children);
    }

    /// Takes the children of another block.
    pub(super) fn absorb(&mut self, other: Self) {
        self.children.extend(other.children);
    }

    /// Takes those children of another block that it does not have.
    pub(super) fn absorb_new(&mut self, other: Self) {
        for item in other.children {
            if !self.children.contains(&item) {
                self.children.push(item);
            }
        }
    }

    /// Its word.
    pub(super) fn word(&self) -> &str {
        &self.word
    }

    /// Its first argument, where that is a text.
    pub(super) fn name(&self) -> &str {
        match self.arguments.first() {
            Some(Value::Text(text)) => text,
            Some(Value::Number(_) | Value::Flag(_)) | None => "",
        }
    }

    /// Whether it has nothing but its word.
    pub(super) fn is_bare(&self) -> bool {
        self.arguments.is_empty() && self.properties.is_empty() && self.children.is_empty()
    }

    /// The children that are blocks.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|item| match item {
            Item::Block(block) => Some(block),
            Item::Note(_) => None,
        })
    }

    /// The child of a word, made where there is none.
    pub(super) fn child(&mut self, word: &str) -> &mut Self {
        let is_it = |item: &Item| matches!(item, Item::Block(block) if block.word == word);
        let at = self.children.iter().position(is_it).unwrap_or_else(|| {
            self.push(Self::new(word));
            self.children.len() - 1
        });
        match &mut self.children[at] {
            Item::Block(block) => block,
            Item::Note(_) => unreachable!("a block was found there"),
        }
    }
}

/// Blocks as the text of a file, an empty line between them.
pub(super) fn text(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        if !text.is_empty() {
            text.push('\n');
        }
        write(block, 0, &mut text);
    }
    text
}

fn write(block: &Block, depth: usize, text: &mut String) {
    let indent = "    ".repeat(depth);
    if let Some(line) = one_line(block, depth) {
        text.push_str(&format!("{indent}{line}\n"));
        return;
    }
    text.push_str(&indent);
    text.push_str(&head(block, depth));
    if block.children.is_empty() {
        text.push('\n');
        return;
    }
    text.push_str(" {\n");
    for item in &block.children {
        match item {
            Item::Block(child) => write(child, depth + 1, text),
            Item::Note(note) => note.lines().for_each(|line| {
                text.push_str(format!("{indent}    // {}", harmless(line)).trim_end());
                text.push('\n');
            }),
        }
    }
    text.push_str(&format!("{indent}}}\n"));
}

/// A block in one line, where a person would write it so.
fn one_line(block: &Block, depth: usize) -> Option<String> {
    let mut line = head(block, depth);
    if !block.children.is_empty() {
        let is_tall = TALL.contains(&block.word.as_str()) && (depth == 0 || block.word != "config");
        if is_tall || block.children.len() > CHILDREN {
            return None;
        }
        let inner: Option<Vec<String>> = block.children.iter().map(|item| leaf(item, depth)).collect();
        line = format!("{line} {{ {} }}", inner?.join("; "));
        if depth * 4 + line.chars().count() > LINE {
            return None;
        }
    }
    (!line.contains('\n')).then_some(line)
}

fn leaf(item: &Item, depth: usize) -> Option<String> {
    match item {
        Item::Block(block) if block.children.is_empty() => Some(head(block, depth)),
        Item::Block(_) | Item::Note(_) => None,
    }
}

fn head(block: &Block, depth: usize) -> String {
    let mut head = word(&block.word);
    for value in &block.arguments {
        head.push(' ');
        head.push_str(&self::value(value, depth));
    }
    for (name, value) in &block.properties {
        head.push_str(&format!(" {name}={}", self::value(value, depth)));
    }
    head
}

/// A word without quotes where it needs none.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_keyword = ["true", "false", "null", "inf", "nan"].contains(&text);
    if starts && !is_keyword && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

fn value(value: &Value, depth: usize) -> String {
    match value {
        Value::Text(text) if text.trim_end_matches('\n').contains('\n') => several_lines(text, depth),
        Value::Text(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Flag(true) => "#true".to_owned(),
        Value::Flag(false) => "#false".to_owned(),
    }
}

/// A text in quotes, raw where that saves backslashes.
fn quoted(text: &str) -> String {
    let needs_escape = text.chars().any(|c| escape(c).is_some());
    if !needs_escape && text.contains(['"', '\\']) && !text.contains("\"#") && !text.starts_with('"') {
        return format!("#\"{text}\"#");
    }
    let mut escaped = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match (c, escape(c)) {
            ('"' | '\\', _) => escaped.extend(['\\', c]),
            (_, Some(written)) => escaped.push_str(&written),
            (_, None) => escaped.push(c),
        }
    }
    format!("\"{escaped}\"")
}

/// A text of several lines, one level deeper than what it belongs to.
fn several_lines(text: &str, depth: usize) -> String {
    let indent = "    ".repeat(depth + 1);
    let is_plain =
        |line: &str| !line.ends_with(char::is_whitespace) && !line.chars().any(|c| c != '\t' && escape(c).is_some());
    let raw = text.contains(['\\']) && text.split('\n').all(is_plain) && !text.contains("\"\"\"");
    let (open, close) = if raw { ("#\"\"\"\n", "\"\"\"#") } else { ("\"\"\"\n", "\"\"\"") };
    let mut written = open.to_owned();
    for line in text.split('\n') {
        if !line.is_empty() {
            written.push_str(&indent);
            written.push_str(&if raw { line.to_owned() } else { line_escaped(line) });
        }
        written.push('\n');
    }
    written + &indent + close
}

/// A line of a text of several lines. Blanks at its end are written so that they can be seen.
fn line_escaped(line: &str) -> String {
    let end = line.trim_end_matches(char::is_whitespace).len();
    let mut written = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        match (c, escape(c)) {
            ('\\', _) => written.push_str("\\\\"),
            ('"', _) if line[at..].starts_with("\"\"\"") => written.push_str("\\\""),
            (' ', _) if at >= end => written.push_str("\\s"),
            ('\t', _) if at < end => written.push('\t'),
            (_, Some(escaped)) => written.push_str(&escaped),
            (c, None) if at >= end => written.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            (c, None) => written.push(c),
        }
    }
    written
}

/// How a character is written that may not stand in a text as it is.
fn escape(c: char) -> Option<String> {
    match c {
        '\n' => Some("\\n".to_owned()),
        '\r' => Some("\\r".to_owned()),
        '\t' => Some("\\t".to_owned()),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some(format!("\\u{{{:x}}}", u32::from(c))),
        c if crate::diagnostics::terminal::is_harmful(c) => Some(format!("\\u{{{:x}}}", u32::from(c))),
        _ => None,
    }
}

/// A comment without characters that KDL refuses or that act on a terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if escape(c).is_some() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that KDL reads back.
    fn read_back(text: &str, depth: usize) -> String {
        let written = format!("a {}", value(&Value::Text(text.to_owned()), depth));
        let document: kdl::KdlDocument = written.parse().unwrap_or_else(|error| panic!("{error}: {written}"));
        let entry = document.nodes()[0].entries()[0].value();
        entry.as_string().unwrap().to_owned()
    }

    #[test]
    fn every_text_is_read_back_as_it_was() {
        let pieces = [
            "", " ", "a", "\"", "\\", "\n", "\t", "\r", "\"\"\"", "#", "\"#", "\u{0}", "\u{202e}", "\u{feff}", "é",
            "\u{a0}", "\u{2028}", "\u{85}", "  b", "$(X)", "\u{7f}", "\u{b}",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    for text in [format!("{a}{b}{c}"), format!("x{a}\n{b}{c}y"), format!("{a}\n{b}\n{c}")] {
                        assert_eq!(read_back(&text, 0), text);
                        assert_eq!(read_back(&text, 2), text);
                    }
                }
            }
        }
    }

    #[test]
    fn words_get_quotes_only_where_they_need_them() {
        assert_eq!(word("LOG_LEVEL"), "LOG_LEVEL");
        assert_eq!(word("a.b-c"), "a.b-c");
        assert_eq!(word("1a"), "\"1a\"");
        assert_eq!(word("true"), "\"true\"");
        assert_eq!(word(""), "\"\"");
    }

    #[test]
    fn a_block_of_few_short_children_is_one_line() {
        let block = Block::new("update").arg("rolling").and(Block::new("max-surge").arg("25%"));
        assert_eq!(text(&[block]), "update \"rolling\" { max-surge \"25%\" }\n");
        let mut block = Block::new("deployment").arg("web");
        block.note("why");
        block.push(Block::new("container").arg("c").with("image", "nginx:1"));
        let written = "deployment \"web\" {\n    // why\n    container \"c\" image=\"nginx:1\"\n}\n";
        assert_eq!(text(&[block]), written);
    }
}
