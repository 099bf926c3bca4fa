//! Rust files as text with a little sense: which lines are code, which are tests, and where functions end.
//!
//! Strings and comments are blanked before braces are counted. That is enough for files that rustfmt has formatted.

/// A Rust file.
pub(crate) struct Source {
    /// Its path from the root of the repository.
    pub(crate) path: String,
    /// Its lines, with the contents of strings and comments left out.
    code: Vec<String>,
}

/// A function and how long it is.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Its first line, from 1.
    pub(crate) line: usize,
    /// Its lines, the first and the last included.
    pub(crate) lines: usize,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), code: blank(text).lines().map(str::to_owned).collect() }
    }

    /// All lines of code.
    pub(crate) fn all_code(&self) -> impl Iterator<Item = &str> {
        self.code.iter().map(String::as_str)
    }

    /// Lines of code with their numbers, without the modules of tests. A file of tests has none.
    pub(crate) fn code_without_tests(&self) -> Vec<(usize, &str)> {
        if self.is_of_tests() {
            return Vec::new();
        }
        let mut kept = Vec::new();
        let mut line = 0;
        while line < self.code.len() {
            if self.code[line].trim() == "#[cfg(test)]" {
                line = self.end_of(line) + 1;
                continue;
            }
            kept.push((line + 1, self.code[line].as_str()));
            line += 1;
        }
        kept
    }

    /// How many lines there are without the modules of tests.
    pub(crate) fn lines_without_tests(&self) -> usize {
        if self.is_of_tests() { self.code.len() } else { self.code_without_tests().len() }
    }

    /// All functions, those inside others included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let starts = self.code.iter().enumerate().filter_map(|(line, text)| Some((line, function_name(text)?)));
        let function = |(line, name)| Function { name, line: line + 1, lines: self.end_of(line) + 1 - line };
        starts.map(function).collect()
    }

    fn is_of_tests(&self) -> bool {
        let parts = || self.path.split('/').skip(1);
        parts().any(|part| part == "tests" || part == "tests.rs" || part == "benches")
    }

    /// The line at which the item that begins here ends: where its braces are closed again, or a `;` before any brace.
    fn end_of(&self, start: usize) -> usize {
        let mut depth = 0usize;
        for (line, text) in self.code.iter().enumerate().skip(start) {
            for byte in text.bytes() {
                match byte {
                    b'{' | b'(' | b'[' => depth += 1,
                    b'}' | b')' | b']' => depth = depth.saturating_sub(1),
                    b';' if depth == 0 => return line,
                    _ => continue,
                }
                if byte == b'}' && depth == 0 {
                    return line;
                }
            }
        }
        self.code.len().saturating_sub(1)
    }
}

fn function_name(line: &str) -> Option<String> {
    let at = line.find("fn ").filter(|at| *at == 0 || line.as_bytes()[at - 1] == b' ')?;
    let begins = ["pub", "async", "const", "unsafe", "fn", "extern", "default"];
    let first = line.trim_start().split([' ', '(']).next()?;
    let name = line[at + 3..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (begins.contains(&first) && !name.is_empty()).then(|| name.to_owned())
}

/// Whether a text holds a word that is no part of a longer one.
pub(crate) fn contains_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + word.len()..].chars().next();
        let ends_open = word.ends_with(|c: char| !c.is_alphanumeric());
        !before.is_some_and(is_part) && (ends_open || !behind.is_some_and(is_part))
    })
}

/// The text with the contents of strings, characters and comments replaced by blanks; lines stay where they are.
fn blank(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, text.len() > rest.len() && is_word_end(&blanked));
        if length == 0 {
            blanked.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            blanked.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    blanked
}

fn is_word_end(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// How many bytes from here on are a comment, a string or a character; 0 for code.
fn skipped(rest: &str, inside_word: bool) -> usize {
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    match rest.as_bytes() {
        [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => until("*/", 2),
        [b'"', ..] => quoted(rest),
        [b'r', b'"' | b'#', ..] if !inside_word => raw(rest),
        [b'\'', b'\\', ..] => until("'", 3),
        [b'\'', ..] => character(rest),
        _ => 0,
    }
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw(rest: &str) -> usize {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    if rest.as_bytes().get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    rest[2 + hashes..].find(&end).map_or(rest.len(), |at| 2 + hashes + at + end.len())
}

/// A character such as `'{'`; a lifetime is none.
fn character(rest: &str) -> usize {
    let Some(inside) = rest[1..].chars().next() else { return 0 };
    let end = 1 + inside.len_utf8();
    if rest.as_bytes().get(end) == Some(&b'\'') { end + 1 } else { 0 }
}

#[test]
fn code_is_told_from_text() {
    let text = "fn a() {\n    let b = \"}\"; // }\n    let c = '}';\n    let d: &'static str = r#\"}\"#;\n}\n\n#[cfg(test)]\nmod tests {\n    fn e() {}\n}\n";
    let source = Source::new("x/src/y.rs", text);
    let functions = source.functions();
    assert_eq!((functions[0].name.as_str(), functions[0].lines), ("a", 5));
    assert_eq!(source.lines_without_tests(), 6);
    assert!(contains_word("use wlc::model", "wlc::") && !contains_word("use my_wlc::model", "wlc::"));
}
