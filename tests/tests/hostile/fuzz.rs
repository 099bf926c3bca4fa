//! Changes single tokens of real sources, for `WLC_FUZZ_SECONDS` (5) from `WLC_FUZZ_SEED` (1) on.
//!
//! Nothing may panic or take long; every span of every diagnostic lies inside its file and between characters; and an
//! error stands near the change that caused it.

use std::{
    collections::BTreeMap,
    env, fs,
    ops::Range,
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use wlc::{
    attachments::{self, Attachments},
    diagnostics::{Diagnostic, Problems, Severity, json, terminal},
    format::{self, Unformatted},
    lock::Lock,
    pipeline::{self, Compiled},
    sources::Sources,
};
use wlc_tests::{dice::Dice, folder, running};

use super::tokens::change;

/// One text may take this long; it takes a few milliseconds.
const LONGEST: Duration = Duration::from_secs(5);

#[test]
fn one_changed_token_gives_an_error_near_it() {
    let seconds: u64 = number("WLC_FUZZ_SECONDS", 5);
    let mut dice = Dice::new(number("WLC_FUZZ_SEED", 1));
    let originals = originals();
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut texts, mut with_error, mut near) = (0u32, 0u32, 0u32);
    while Instant::now() < end {
        let name = dice.one_of(&originals.keys().cloned().collect::<Vec<_>>()).clone();
        let (text, place) = change(&originals[&name], &mut dice);
        let compiled = compiled(&name, &text);
        let errors = errors(&compiled);
        texts += 1;
        with_error += u32::from(!errors.is_empty());
        near += u32::from(errors.iter().any(|error| is_near(&compiled, error, &text, &place)));
    }
    let share = f64::from(near) / f64::from(with_error.max(1));
    eprintln!("{texts} changed texts, {with_error} with errors, {:.1} % of them near the change", share * 100.0);
    assert!(texts > 100 && with_error > 50, "too little was tried: {texts} texts, {with_error} errors");
    assert!(share > 0.8, "only {near} of {with_error} errors are near the change");
}

#[test]
fn many_changed_tokens_do_no_harm() {
    let mut dice = Dice::new(number("WLC_FUZZ_SEED", 1) + 1);
    let originals = originals();
    let end = Instant::now() + Duration::from_secs(number("WLC_FUZZ_SECONDS", 5) / 3 + 1);
    while Instant::now() < end {
        let name = dice.one_of(&originals.keys().cloned().collect::<Vec<_>>()).clone();
        let mut text = originals[&name].clone();
        for _ in 0..=dice.below(30) {
            if text.trim().is_empty() {
                break;
            }
            text = change(&text, &mut dice).0;
        }
        compiled(&name, &text);
    }
}

pub(crate) fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).ok().map_or(default, |text| text.parse().expect("it is a number"))
}

/// The sources of the example and of the case that has everything, each a repository of its own with one file more.
fn originals() -> BTreeMap<String, String> {
    let root = running::workspace();
    let folders =
        [root.join("examples/web"), root.join("tests/compile/everything/1"), root.join("tests/compile/hardware/1")];
    let files = folders.iter().flat_map(|folder| folder::files(folder));
    let kdl = files.filter(|path| path.extension().is_some_and(|found| found == "kdl"));
    let named = kdl.filter(|path| path.file_name().is_some_and(|name| name != "fleet.kdl"));
    named.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// Compiles a fleet with this text.
fn compiled(name: &str, text: &str) -> Compiled {
    let started = Instant::now();
    let result = panic::catch_unwind(AssertUnwindSafe(|| compile(text)));
    let compiled = result.unwrap_or_else(|_| panic!("it panics on a change of {name}:\n{text}"));
    assert!(started.elapsed() < LONGEST, "it took {:?} for a change of {name}:\n{text}", started.elapsed());
    compiled
}

fn compile(text: &str) -> Compiled {
    let mut sources = Sources::default();
    sources.add("a.kdl", "fleet \"example\" { host-ports \"20000-29999\" }\nnode \"spare\" { label \"zone\" \"a\" }\n");
    sources.add("b.kdl", "facts \"spare\" { capacity cpu=64 memory=\"256GiB\" }\n");
    sources.add("x.kdl", text);
    sources.add("y.kdl", if text.contains("\"here\"") { "" } else { "node \"here\" { label \"zone\" \"a\" }\n" });
    let front = pipeline::read(sources, Problems::default());
    let mut found = Attachments::default();
    for named in attachments::named(&front.sources, &front.repository) {
        found.put(named.span, Ok(b"text".to_vec()));
    }
    let compiled = pipeline::compile(front, &found, &Lock::default());
    if let Some(lowered) = &compiled.lowered {
        lowered.content.files().unwrap();
    }
    check(&compiled, text);
    check_format(text);
    compiled
}

/// The formatter takes every text: what cannot be read stays, and what it formats stays formatted.
fn check_format(text: &str) {
    match format::format("x.kdl", text) {
        Ok(formatted) => assert_eq!(format::format("x.kdl", &formatted).ok().as_deref(), Some(&*formatted), "{text}"),
        Err(Unformatted::Broken { problems, .. }) => assert!(problems.errors() > 0, "it does not say why:\n{text}"),
        Err(Unformatted::WouldChange) => panic!("formatting would change what it says:\n{text}"),
    }
}

/// What is true of every answer.
pub(crate) fn check(compiled: &Compiled, text: &str) {
    let sorted = compiled.problems.sorted();
    for label in sorted.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let source = compiled.sources.file(label.span.file).text();
        let range = label.span.start as usize..label.span.end as usize;
        assert!(source.get(range).is_some(), "{label:?} is no part of the text:\n{text}");
    }
    let drawn = terminal::render(&compiled.sources, &sorted, terminal::Style::Plain);
    assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{202e}') && !drawn.contains('\u{0}'), "{drawn:?}");
    json::render(&compiled.sources, &sorted);
}

fn errors(compiled: &Compiled) -> Vec<&Diagnostic> {
    compiled.problems.sorted().into_iter().filter(|one| one.severity() == Severity::Error).collect()
}

/// An error is near where one of its places is on the line of the change, or on the line before or behind it.
fn is_near(compiled: &Compiled, error: &Diagnostic, text: &str, place: &Range<usize>) -> bool {
    let line = |at: usize| text[..at].matches('\n').count();
    let changed = line(place.start)..=line(place.end);
    error.labels.iter().any(|label| {
        let source = compiled.sources.file(label.span.file);
        let lines = line_of(source.text(), label.span.start)..=line_of(source.text(), label.span.end);
        &*source.path == "x.kdl" && *lines.start() <= changed.end() + 1 && *lines.end() + 1 >= *changed.start()
    })
}

fn line_of(text: &str, at: u32) -> usize {
    text[..at as usize].matches('\n').count()
}
