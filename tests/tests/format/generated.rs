//! Generated files: comments, `/-`, line ends and blanks wherever KDL allows them, every kind of string and number.

use std::collections::BTreeSet;

use wlc::format::lexer::{self, Kind};
use wlc_tests::dice::Dice;

use super::{blocks, check};

/// How many files must be formatted.
const FILES: usize = 1_000;

#[test]
fn a_thousand_generated_files_keep_meaning_and_comments() {
    let (mut formatted, mut refused, mut comments) = (0, 0, 0);
    let mut seen = BTreeSet::new();
    for seed in 1.. {
        let text = Writer::new(seed).file();
        if blocks(&text).is_none() {
            refused += 1;
            assert!(refused < FILES / 5, "the parser refuses too many of the generated files, such as:\n{text}");
            continue;
        }
        let after = check(&format!("seed {seed}"), &text);
        assert_eq!(marks(&text), marks(&after), "seed {seed}: the same comments in the same order");
        comments += marks(&text).len();
        seen.extend(positions(&text));
        formatted += 1;
        if formatted == FILES {
            break;
        }
    }
    eprintln!("{formatted} files with {comments} comments; {refused} are not KDL");
    assert!(comments > FILES * 5, "only {comments} comments");
    let missing: Vec<_> = POSITIONS.iter().filter(|wanted| !seen.contains(*wanted)).collect();
    assert!(missing.is_empty(), "no comment stands in these positions: {missing:?}");
}

/// A comment, `/-` or `\\` and the words between which it stands; none is the beginning or the end of the file.
type Position = (Kind, Option<Kind>, Option<Kind>);

/// Where comments can be written.
const POSITIONS: [Position; 42] = {
    use Kind::{
        BlockComment, Close, Continuation, Equals, LineComment, Newline, Open, Semicolon, Slashdash, Text, TypeClose,
        TypeOpen, Word,
    };
    [
        (LineComment, None, Some(Newline)),
        (BlockComment, None, Some(Newline)),
        (LineComment, Some(Newline), Some(Newline)),
        (BlockComment, Some(Newline), Some(Newline)),
        (BlockComment, Some(Newline), None),
        (LineComment, Some(Newline), None),
        (LineComment, Some(Word), Some(Newline)),
        (LineComment, Some(Text), Some(Newline)),
        (LineComment, Some(Open), Some(Newline)),
        (LineComment, Some(Close), Some(Newline)),
        (LineComment, Some(Semicolon), Some(Newline)),
        (LineComment, Some(Continuation), Some(Newline)),
        (LineComment, Some(Slashdash), Some(Newline)),
        (BlockComment, Some(Open), Some(Newline)),
        (BlockComment, Some(Open), Some(Word)),
        (BlockComment, Some(Open), Some(Close)),
        (BlockComment, Some(Word), Some(Word)),
        (BlockComment, Some(Word), Some(Text)),
        (BlockComment, Some(Text), Some(Word)),
        (BlockComment, Some(Text), Some(Text)),
        (BlockComment, Some(Word), Some(Open)),
        (BlockComment, Some(Text), Some(Open)),
        (BlockComment, Some(Word), Some(Close)),
        (BlockComment, Some(Text), Some(Close)),
        (BlockComment, Some(Word), Some(TypeOpen)),
        (BlockComment, Some(TypeOpen), Some(Word)),
        (BlockComment, Some(Word), Some(TypeClose)),
        (BlockComment, Some(TypeClose), Some(Word)),
        (BlockComment, Some(TypeClose), Some(Text)),
        (BlockComment, Some(Word), Some(Equals)),
        (BlockComment, Some(Equals), Some(Word)),
        (BlockComment, Some(Equals), Some(Text)),
        (BlockComment, Some(Slashdash), Some(Word)),
        (BlockComment, Some(Slashdash), Some(Text)),
        (BlockComment, Some(Word), Some(Slashdash)),
        (BlockComment, Some(Word), Some(Semicolon)),
        (Slashdash, Some(Newline), Some(Word)),
        (Slashdash, Some(Word), Some(Word)),
        (Slashdash, Some(Word), Some(Text)),
        (Slashdash, Some(Word), Some(Open)),
        (Continuation, Some(Word), Some(Newline)),
        (Continuation, Some(Text), Some(Newline)),
    ]
};

/// The positions in a text.
fn positions(text: &str) -> Vec<Position> {
    let tokens: Vec<Kind> = lexer::tokens(text).iter().map(|token| token.kind).collect();
    let is_meant =
        |kind: &Kind| matches!(kind, Kind::LineComment | Kind::BlockComment | Kind::Slashdash | Kind::Continuation);
    let around = |found: Option<&Kind>| found.copied();
    let place = |(at, kind): (usize, &Kind)| {
        let before = tokens[..at].iter().rev().find(|kind| **kind != Kind::Blank);
        let after = tokens[at + 1..].iter().find(|kind| **kind != Kind::Blank);
        (*kind, around(before), around(after))
    };
    tokens.iter().enumerate().filter(|(_, kind)| is_meant(kind)).map(place).collect()
}

/// The words of all comments, in order.
fn marks(text: &str) -> Vec<&str> {
    text.split('«').skip(1).filter_map(|rest| rest.split('»').next()).collect()
}

/// Writes one file.
struct Writer {
    dice: Dice,
    text: String,
    /// How many comments there are.
    comments: usize,
    /// How many `/-` stand before what is being written; the guard admits few that are nested.
    dashes: usize,
    /// Whether a `/-` stands before the block that was written last; the parser refuses a `;` behind it.
    taken_out: bool,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), text: String::new(), comments: 0, dashes: 0, taken_out: false }
    }

    fn file(mut self) -> String {
        let newline = *self.dice.one_of(&["\n", "\n", "\n", "\r\n"]);
        for _ in 0..=self.dice.below(4) {
            self.between_lines();
            self.block(0);
            self.end();
        }
        self.between_lines();
        match self.dice.below(8) {
            0 => self.block_comment(),
            1 => {
                self.line_comment();
                self.text.truncate(self.text.trim_end().len());
            }
            _ => {}
        }
        self.text.replace('\n', newline)
    }

    fn happens(&mut self, one_in: usize) -> bool {
        self.dice.below(one_in) == 0
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn put_one_of(&mut self, texts: &[&str]) {
        let text = *self.dice.one_of(texts);
        self.put(text);
    }

    fn mark(&mut self) -> String {
        self.comments += 1;
        format!("«ä {} {{ \"»", self.comments)
    }

    fn line_comment(&mut self) {
        let mark = self.mark();
        self.put(&format!("//{mark} \t\n"));
    }

    fn block_comment(&mut self) {
        let mark = self.mark();
        let end = *self.dice.one_of(&["", " ", "\n", "\n        ", " /* inner */ "]);
        self.put(&format!("/* {mark}{end}*/"));
    }

    /// Blanks that may be missing.
    fn blanks(&mut self) {
        match self.dice.below(12) {
            0..=4 => {}
            5 | 6 => self.put(" "),
            7 => self.put("\t  "),
            8 => self.put("\u{a0}"),
            9 => self.block_comment(),
            10 => self.put("   "),
            _ => {
                self.put(" ");
                self.block_comment();
                self.put("  ");
            }
        }
    }

    /// Blanks that must be there.
    fn space(&mut self) {
        match self.dice.below(14) {
            0 => self.put(" \\\n"),
            1 => {
                self.put(" \\ ");
                self.line_comment();
                self.put("   ");
            }
            2 => {
                self.block_comment();
                self.put(" ");
            }
            _ => self.put_one_of(&[" ", "  ", "\t"]),
        }
        self.blanks_of_spaces();
    }

    fn blanks_of_spaces(&mut self) {
        self.put_one_of(&["", "", " ", "\t"]);
    }

    fn between_lines(&mut self) {
        for _ in 0..self.dice.below(4) {
            match self.dice.below(5) {
                0 => self.line_comment(),
                1 => {
                    self.block_comment();
                    self.put("\n");
                }
                2 => self.put("\n\n\n"),
                3 => self.put("  \n"),
                _ => self.blanks_of_spaces(),
            }
        }
    }

    fn end(&mut self) {
        match self.dice.below(6) {
            _ if self.taken_out => self.put("\n"),
            0 => self.put(";"),
            1 => {
                self.blanks();
                self.line_comment();
            }
            2 => self.put(" ;  \n"),
            _ => self.put("\n"),
        }
    }

    fn slashdash(&mut self) {
        if self.dashes == 2 {
            return;
        }
        self.dashes += 1;
        self.put("/-");
        match self.dice.below(6) {
            0 => self.blanks(),
            1 => {
                self.put(" ");
                self.line_comment();
            }
            2 => self.put("\n   "),
            _ => {}
        }
    }

    fn block(&mut self, depth: usize) {
        let dashes = self.dashes;
        let start = self.text.len();
        if self.happens(6) {
            self.slashdash();
        }
        self.type_before();
        self.word();
        for _ in 0..self.dice.below(4) {
            self.space();
            if self.happens(6) {
                self.slashdash();
            }
            self.entry();
        }
        if depth < 3 && self.happens(2) {
            self.space();
            if self.happens(8) {
                self.slashdash();
            }
            self.children(depth);
        }
        self.dashes = dashes;
        self.taken_out = self.text[start..].starts_with("/-");
        self.blanks();
    }

    fn children(&mut self, depth: usize) {
        self.put("{");
        match self.dice.below(3) {
            0 => self.blanks(),
            1 => self.put("\n"),
            _ => self.between_lines(),
        }
        for _ in 0..self.dice.below(4) {
            self.block(depth + 1);
            self.end();
            self.between_lines();
        }
        if self.happens(3) {
            self.block(depth + 1);
            self.blanks();
        }
        self.put("}");
    }

    fn type_before(&mut self) {
        if self.happens(10) {
            self.put("(");
            self.blanks();
            self.word();
            self.blanks();
            self.put(")");
            self.blanks();
        }
    }

    fn entry(&mut self) {
        if self.happens(2) {
            self.word();
            self.blanks();
            self.put("=");
            self.blanks();
        }
        self.type_before();
        self.value();
    }

    fn word(&mut self) {
        self.put_one_of(&["a", "image", "max-skew", "\"quoted\"", "_x", "日本", "a.b", "#\"raw\"#", "-", "+x"]);
    }

    fn value(&mut self) {
        match self.dice.below(4) {
            0 => self.put_one_of(&["1", "-2.50", "0xFF", "1_000", "1e3", "0b1010", "#true", "#null", "bare", "0o17"]),
            1 => self.put_one_of(&[
                "\"\"",
                "\"a \\\" // b\"",
                "\"{ /* \"",
                "#\"a \" \\ b\"#",
                "##\"a\"#b\"##",
                "\"é\\u{e9}\"",
            ]),
            2 => self.lines(),
            _ => self.put_one_of(&["\"on \\\n    and on\"", "\"a\\tb\"", "\"x\"", "\"10s\""]),
        }
    }

    /// A string over several lines.
    fn lines(&mut self) {
        let hashes = *self.dice.one_of(&["", "#", "##"]);
        let prefix = *self.dice.one_of(&["", "  ", "    ", "\t", "            "]);
        self.put(&format!("{hashes}\"\"\"\n"));
        for _ in 0..self.dice.below(4) {
            let line = *self.dice.one_of(&["a", "  { b", "// no comment", "\"c\"", "\t}", "d  "]);
            let blank = *self.dice.one_of(&["", "", "\n", "   \n"]);
            self.put(&format!("{prefix}{line}\n{blank}"));
        }
        self.put(&format!("{prefix}\"\"\"{hashes}"));
    }
}
