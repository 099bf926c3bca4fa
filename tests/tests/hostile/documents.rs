//! Makes KDL documents of every style that the language has, and breaks documents. All choices come from one seed.

use wlc_tests::dice::Dice;

const BLANKS: [&str; 9] = [" ", " ", " ", "\t", "  ", "\u{a0}", " /* é /* { */ */ ", " \\\n    ", " \\ // é\n "];
const WORDS: [&str; 16] = [
    "a",
    "port",
    "per-node",
    "日本",
    "-x",
    "+",
    "a.b",
    "-.",
    "$<>&,",
    "\"a b\"",
    "\"é\\n\\u{1F600}\\\"\"",
    "\"a \\\n   b\"",
    "\"\"",
    "#\"a\\\"#",
    "##\"a \"# b\"##",
    "\"a // b /* c {\"",
];
const LINES: [&str; 5] = [
    "\"\"\"\n    first { \"quoted\"\n\n      second \\\n third\n    \"\"\"",
    "\"\"\"\r\n\tfirst\r\n \r\n\tsecond\\tend \\s\r\n\t\"\"\"",
    "\"\"\"\n\"\"\"",
    "#\"\"\"\n  first \\\n    \"\"\" second\n  \"\"\"#",
    "##\"\"\"\n // \"\"\"#\n \"\"\"##",
];
const OTHERS: [&str; 17] = [
    "(parameter)\"é\"",
    "0",
    "-1",
    "+1_000",
    "18446744073709551616",
    "0xFf_0",
    "-0o17",
    "0b1_0",
    "1.5",
    "-1_0.0_1e-5",
    "1E+9",
    "#true",
    "#false",
    "#null",
    "#inf",
    "#-inf",
    "#nan",
];
const ENDS: [&str; 8] = ["\n", "\n", "\n", "\r\n", ";", " // é }\n", "\n\n", "\u{2028}"];

/// What is put where it does not belong.
const ODD: [&str; 48] = [
    "{",
    "}",
    "{}",
    "=",
    ";",
    "\"",
    "\"\"\"",
    "#",
    "\\",
    "\\\n",
    "\\ ",
    "\\q",
    "\\u{",
    "\\u{110000}",
    "/-",
    "/- ",
    "/*",
    "*/",
    "//",
    "/",
    "(",
    ")",
    "(a)",
    "[",
    ",",
    "true",
    "-inf",
    "#tru",
    "#\"",
    "\"#",
    "0x",
    "1.",
    "e",
    ".5",
    "-",
    "+",
    "_",
    "\n",
    "\r",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{202e}",
    "\u{0}",
    "\u{7f}",
    "é",
    "/-{ }",
    "99999999999999999999999999999999999999999",
];

/// Blocks that are nested deeper have no `/-`, so that the guard admits them.
const DASHED: usize = 2;

/// A document that has no mistake. It begins with a comment where a `#` would make it look like another language.
pub(crate) fn document(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.below(20) == 0 {
        text.push('\u{feff}');
    }
    nodes(dice, 0, &mut text);
    if text.trim_start().starts_with('#') { format!("// é\n{text}") } else { text }
}

fn nodes(dice: &mut Dice, depth: usize, text: &mut String) {
    for _ in 0..=dice.below(4) {
        if dice.below(3) == 0 {
            text.push_str(["// é\n", "  ", "\n", "/* é */", "\\\n", "\r"][dice.below(6)]);
        }
        let is_taken_out = depth < DASHED && dice.below(8) == 0;
        if is_taken_out {
            text.push_str(["/-", "/- ", "/-\n", "/- // é\n "][dice.below(4)]);
        }
        node(dice, depth, text);
        text.push_str(if is_taken_out { "\n" } else { pick(dice, &ENDS) });
    }
}

fn node(dice: &mut Dice, depth: usize, text: &mut String) {
    text.push_str(pick(dice, &WORDS));
    for _ in 0..dice.below(4) {
        text.push_str(pick(dice, &BLANKS));
        if depth < DASHED && dice.below(8) == 0 {
            text.push_str(["/-", "/- ", "/-\n"][dice.below(3)]);
        }
        entry(dice, text);
    }
    if depth < 4 && dice.below(3) == 0 {
        if depth < DASHED && dice.below(2) == 0 {
            text.push_str(" /-");
            children(dice, depth, text);
        }
        text.push_str(pick(dice, &BLANKS));
        children(dice, depth, text);
        if depth < DASHED && dice.below(4) == 0 {
            text.push_str(" /-{ a; } ");
        }
    }
}

fn children(dice: &mut Dice, depth: usize, text: &mut String) {
    text.push('{');
    if dice.below(5) > 0 {
        text.push_str(["\n", " "][dice.below(2)]);
        nodes(dice, depth + 1, text);
    }
    text.push('}');
}

fn entry(dice: &mut Dice, text: &mut String) {
    if dice.below(3) == 0 {
        text.push_str(pick(dice, &WORDS));
        text.push_str(["=", " =", "= ", " \\\n = /* é */ "][dice.below(4)]);
    }
    text.push_str(match dice.below(6) {
        0 => pick(dice, &LINES),
        1 | 2 => pick(dice, &OTHERS),
        _ => pick(dice, &WORDS),
    });
}

/// A document with a few places changed, each by at most a few characters.
pub(crate) fn broken(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(3) {
        let start = place(&text, dice);
        let end = text[start..].char_indices().nth(1 + dice.below(3)).map_or(text.len(), |(length, _)| start + length);
        match dice.below(4) {
            0 => text.replace_range(start..end, ""),
            1 => text.replace_range(start..end, pick(dice, &ODD)),
            2 => text.insert_str(start, pick(dice, &ODD)),
            _ => {
                let copied = text[start..end].to_owned();
                let target = place(&text, dice);
                text.insert_str(target, &copied);
            }
        }
    }
    text
}

/// A place between two characters.
fn place(text: &str, dice: &mut Dice) -> usize {
    let at = dice.below(text.len() + 1);
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn pick(dice: &mut Dice, of: &[&'static str]) -> &'static str {
    of[dice.below(of.len())]
}
