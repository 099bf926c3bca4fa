//! Changes single tokens, lines and bytes of files of other systems, for `WLC_FUZZ_SECONDS` (5) from `WLC_FUZZ_SEED` (1) on,
//! and imports what comes out. The corpus is `tests/import/`.
//!
//! Nothing may panic or take long; every span lies inside its file and between characters; and what is printed is KDL
//! that the formatter leaves as it is.

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use wlc::{
    diagnostics::{Problems, terminal},
    format, import,
    sources::Sources,
};
use wlc_tests::{dice::Dice, folder, running};

use super::tokens::change;

/// One text may take this long; it takes a few milliseconds.
const LONGEST: Duration = Duration::from_secs(5);

/// Pieces of YAML and of units that mean something.
const PIECES: [&str; 24] = [
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: *a\n",
    "---\n",
    "...\n",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "!!str ",
    "~",
    "null",
    "0x7fffffffffffffff",
    "${X:-${Y}}",
    "\\\n",
    "[Container]\n",
    "\u{202e}",
    "\u{0}",
];

#[test]
fn changed_files_of_other_systems_do_no_harm() {
    let mut dice = Dice::new(number("WLC_FUZZ_SEED", 1) + 2);
    let originals = originals();
    let end = Instant::now() + Duration::from_secs(number("WLC_FUZZ_SECONDS", 5));
    let (mut texts, mut printed) = (0u32, 0u32);
    while Instant::now() < end {
        let (name, text) = dice.one_of(&originals).clone();
        let mut text = text;
        for _ in 0..=dice.below(4) {
            text = mutated(&text, &originals, &mut dice);
        }
        texts += 1;
        printed += u32::from(!imported(&name, &text).is_empty());
    }
    eprintln!("{texts} changed files of other systems, {printed} of them printed KDL");
    assert!(texts > 100 && printed > 20, "too little was tried: {texts} texts, {printed} printed");
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).ok().map_or(default, |text| text.parse().expect("it is a number"))
}

/// The inputs of all cases of imports.
fn originals() -> Vec<(String, String)> {
    let files = folder::files(&running::workspace().join("tests/import")).into_iter();
    let inputs = files.filter(|path| path.file_stem().is_some_and(|stem| stem != "expected"));
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    inputs.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// A text with one change: a token, a line moved or doubled, a piece put in or taken out, the tail of another text.
fn mutated(text: &str, others: &[(String, String)], dice: &mut Dice) -> String {
    if text.trim().is_empty() {
        return dice.one_of(others).1.clone();
    }
    let at = boundary(text, dice);
    match dice.below(6) {
        0 => change(text, dice).0,
        1 => {
            let piece = dice.one_of(&PIECES);
            format!("{}{piece}{}", &text[..at], &text[at..])
        }
        2 => {
            let end = boundary(text, dice);
            format!("{}{}", &text[..at.min(end)], &text[at.max(end)..])
        }
        3 => {
            let mut lines: Vec<&str> = text.lines().collect();
            let (from, to) = (dice.below(lines.len()), dice.below(lines.len()));
            lines.insert(to, lines[from]);
            lines.join("\n")
        }
        4 => {
            let other = &dice.one_of(others).1;
            let tail = boundary(other, dice);
            format!("{}{}", &text[..at], &other[tail..])
        }
        _ => text.replacen("  ", if dice.below(2) == 0 { " " } else { "\t" }, 1 + dice.below(3)),
    }
}

fn boundary(text: &str, dice: &mut Dice) -> usize {
    let at = dice.below(text.len() + 1);
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// What a text becomes; it is held against what is true of every answer.
fn imported(name: &str, text: &str) -> String {
    let started = Instant::now();
    let run = || {
        let (mut sources, mut problems) = (Sources::default(), Problems::default());
        sources.add(name, text);
        let written = import::import(&sources, &mut problems);
        (sources, problems, written)
    };
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    let (sources, problems, written) = result.unwrap_or_else(|_| panic!("it panics on {name}:\n{text}"));
    assert!(started.elapsed() < LONGEST, "it took {:?} for {name}:\n{text}", started.elapsed());
    let sorted = problems.sorted();
    for label in sorted.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let range = label.span.start as usize..label.span.end as usize;
        let source = sources.file(label.span.file);
        assert!(source.text().get(range).is_some(), "{label:?} is no part of {name}:\n{text}");
    }
    let drawn = terminal::render(&sources, &sorted, terminal::Style::Plain);
    assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{202e}'), "{drawn:?}");
    if !written.is_empty() {
        let formatted = format::format("imported.kdl", &written);
        let formatted = formatted.unwrap_or_else(|why| panic!("{why:?} of what {name} becomes:\n{text}\n{written}"));
        assert_eq!(formatted, written, "the formatter changes what {name} becomes:\n{text}");
    }
    written
}
