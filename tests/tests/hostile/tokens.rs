//! A text as tokens, and changes of single tokens. All choices come from one seed.

use std::ops::Range;

use wlc_tests::dice::Dice;

/// Words, strings and signs of a text; blanks and comments are none.
pub(crate) fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let length = length(&text[at..], first);
        if !first.is_whitespace() && !text[at..].starts_with("//") {
            found.push(at..at + length);
        }
        at += length;
    }
    found
}

fn length(rest: &str, first: char) -> usize {
    let while_true = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    match first {
        '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
        '#' if rest.starts_with("#\"") => rest[2..].find("\"#").map_or(rest.len(), |end| end + 4),
        '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
        c if c.is_whitespace() => while_true(char::is_whitespace),
        c if is_word(c) => while_true(is_word),
        c => c.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "-_.#".contains(c)
}

/// What may stand where something else stood.
const ODD: [&str; 47] = [
    "{",
    "}",
    "=",
    ";",
    "\"",
    "#",
    "\\",
    "/-",
    "/*",
    "*/",
    "(",
    ")",
    "#true",
    "#null",
    "true",
    "-1",
    "0",
    "99999999999",
    "1.5",
    "1e9",
    "0x10",
    "\"\"",
    "\"a\"",
    "\"é\"",
    "é",
    "日本",
    "\u{202e}",
    "\u{0}",
    "\u{1b}[2J",
    "\"\"\"",
    "r\"a\"",
    "node",
    "container",
    "port",
    "\"10s\"",
    "\"1GiB\"",
    "\"auto\"",
    "image",
    "\n",
    "\\\n",
    "replicas=2",
    "name=\"x\"",
    "(parameter)\"name\"",
    "(parameter)image",
    "without",
    "template",
    "use",
];

/// A text with one token changed, and where the change stands.
pub(crate) fn change(text: &str, dice: &mut Dice) -> (String, Range<usize>) {
    let tokens = tokens(text);
    let token = dice.one_of(&tokens).clone();
    let written = &text[token.clone()];
    let other = text[dice.one_of(&tokens).clone()].to_owned();
    let new = match dice.below(7) {
        0 => String::new(),
        1 => format!("{written} {written}"),
        2 => other,
        3 => format!("{} {written}", dice.one_of(&ODD)),
        4 => (*dice.one_of(&ODD)).to_owned(),
        5 => misspelt(written, dice),
        _ => format!("{written}{}", dice.one_of(&ODD)),
    };
    let changed = format!("{}{new}{}", &text[..token.start], &text[token.end..]);
    (changed, token.start..token.start + new.len())
}

/// A word with one character doubled, dropped or replaced.
fn misspelt(word: &str, dice: &mut Dice) -> String {
    let mut characters: Vec<char> = word.chars().collect();
    let at = dice.below(characters.len());
    match dice.below(3) {
        0 => characters.insert(at, characters[at]),
        1 => drop(characters.remove(at)),
        _ => characters[at] = 'x',
    }
    characters.into_iter().collect()
}
