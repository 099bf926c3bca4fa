//! Text → tokens that lose nothing: joined again they are the text.
//!
//! It knows where strings, comments and words of KDL 2 begin and end, and not whether they make sense together. It takes any
//! text, in time that grows with its length, and does not recurse.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Blanks inside a line.
    Blank,
    /// The end of a line.
    Newline,
    /// `// …`, without the end of its line.
    LineComment,
    /// `/* … */`, perhaps over several lines.
    BlockComment,
    /// `/-`.
    Slashdash,
    /// A quoted or raw string, perhaps over several lines.
    Text,
    /// A bare word, a number, a keyword.
    Word,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// `(`.
    TypeOpen,
    /// `)`.
    TypeClose,
    /// `=`.
    Equals,
    /// `;`.
    Semicolon,
    /// `\`: the line goes on in the next one.
    Continuation,
    /// A sign that no KDL file has there.
    Stray,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub start: usize,
}

impl Token<'_> {
    /// Behind its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// All tokens of a text.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    split(text, Quotes::Needed)
}

/// All tokens of a text that is being written: a string on one line ends with its line where its quote is missing.
pub fn tokens_in_writing(text: &str) -> Vec<Token<'_>> {
    split(text, Quotes::Missing)
}

/// Whether a closing quote may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Needed,
    Missing,
}

fn split(text: &str, quotes: Quotes) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = next(rest, first, quotes);
        found.push(Token { kind, text: &rest[..length], start: at });
        at += length;
    }
    found
}

/// Kind and length of the token that a text begins with.
fn next(rest: &str, first: char, quotes: Quotes) -> (Kind, usize) {
    let one = first.len_utf8();
    match first {
        _ if is_blank(first) => (Kind::Blank, while_true(rest, is_blank)),
        '\r' if rest.starts_with("\r\n") => (Kind::Newline, 2),
        _ if is_newline(first) => (Kind::Newline, one),
        '/' if rest.starts_with("//") => (Kind::LineComment, while_true(rest, |c| !is_newline(c))),
        '/' if rest.starts_with("/*") => (Kind::BlockComment, block_comment(rest)),
        '/' if rest.starts_with("/-") => (Kind::Slashdash, 2),
        '"' => (Kind::Text, string(rest, 0, quotes)),
        '#' => hashes(rest, quotes),
        '{' => (Kind::Open, one),
        '}' => (Kind::Close, one),
        '(' => (Kind::TypeOpen, one),
        ')' => (Kind::TypeClose, one),
        '=' => (Kind::Equals, one),
        ';' => (Kind::Semicolon, one),
        '\\' => (Kind::Continuation, one),
        _ if is_word(first) => (Kind::Word, while_true(rest, is_word)),
        _ => (Kind::Stray, one),
    }
}

fn while_true(rest: &str, is: fn(char) -> bool) -> usize {
    rest.find(|c| !is(c)).unwrap_or(rest.len())
}

/// A blank of KDL that ends no line.
pub fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

/// A sign of KDL that ends a line.
pub fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A sign that may stand in a bare word.
pub fn is_word(c: char) -> bool {
    !is_blank(c) && !is_newline(c) && !"\\/(){}[];\"#=".contains(c)
}

/// Comments nest; one without an end goes on to the end of the text.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0usize);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            Some(_) | None => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// A raw string, or a keyword.
fn hashes(rest: &str, quotes: Quotes) -> (Kind, usize) {
    let hashes = while_true(rest, |c| c == '#');
    if rest[hashes..].starts_with('"') {
        return (Kind::Text, hashes + string(&rest[hashes..], hashes, quotes));
    }
    (Kind::Word, hashes + while_true(&rest[hashes..], is_word))
}

/// The length of a string from its first quote on, with the hashes behind it.
fn string(rest: &str, hashes: usize, missing: Quotes) -> usize {
    let bytes = rest.as_bytes();
    let quotes = if rest.starts_with("\"\"\"") { 3 } else { 1 };
    let close = format!("{}{}", "\"".repeat(quotes), "#".repeat(hashes));
    let mut at = quotes;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if hashes == 0 => at += 2,
            b'"' if bytes[at..].starts_with(close.as_bytes()) => return at + close.len(),
            b'\n' | b'\r' if quotes == 1 && missing == Quotes::Missing => return at,
            _ => at += 1,
        }
    }
    // An escape may stand before a character of several bytes, or at the very end.
    (at.min(bytes.len())..=bytes.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let all = tokens(text);
        assert_eq!(all.iter().map(|token| token.text).collect::<String>(), text, "nothing is lost");
        all.into_iter().filter(|token| token.kind != Kind::Blank).map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn strings_end_where_they_end() {
        for text in [
            "\"a \\\" b\"",
            "#\"a \" b\"#",
            "##\"a\"# b\"##",
            "\"\"",
            "\"\"\"\n a \" \"\" b\n \"\"\"",
            "#\"\"\"\n a\n\"\"\"#",
        ] {
            assert_eq!(kinds(text), [(Kind::Text, text)]);
        }
        assert_eq!(kinds("\"a\" b").len(), 2);
        assert_eq!(kinds("\"a\\é").len(), 1);
        assert_eq!(kinds("\"a\\").len(), 1);
    }

    #[test]
    fn comments_nest_and_end_with_their_line() {
        assert_eq!(kinds("/* a /* b */ c */d"), [(Kind::BlockComment, "/* a /* b */ c */"), (Kind::Word, "d")]);
        let line = [(Kind::LineComment, "// a"), (Kind::Newline, "\r\n"), (Kind::Word, "b")];
        assert_eq!(kinds("// a\r\nb"), line);
        assert_eq!(kinds("/* a").len(), 1);
    }

    #[test]
    fn words_numbers_and_keywords_are_words() {
        for word in ["a-b.c", "-1.5e+3", "0xFF", "1_000", "#true", "#-inf", "日本", "a'b"] {
            assert_eq!(kinds(word), [(Kind::Word, word)]);
        }
        let signs =
            [Kind::Slashdash, Kind::TypeOpen, Kind::Word, Kind::TypeClose, Kind::Word, Kind::Equals, Kind::Word];
        assert_eq!(kinds("/-(t)a=1").iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), signs);
    }
}
