//! Templates, includes and overlays that somebody broke or turned into weapons.

use std::{
    fs,
    os::unix::fs::symlink,
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use wlc::{
    attachments::{self, Attachments},
    diagnostics::Problems,
    lock::Lock,
    pipeline,
    sources::Sources,
};
use wlc_tests::{dice::Dice, repository::Repository, running};

use super::{codes, fuzz, tokens::change};

/// One repository may take this long; it takes a few milliseconds.
const LONGEST: Duration = Duration::from_secs(5);

fn original(path: &str) -> String {
    fs::read_to_string(running::workspace().join("tests/compile").join(path)).unwrap()
}

/// Compiles a base with an overlay.
fn compile(base: &str, overlay: &str) {
    let mut sources = Sources::default();
    sources.add("a.kdl", &original("template/1/fleet.kdl"));
    sources.add("x.kdl", base);
    sources.hold("_overlays/prod/x.kdl", Ok(overlay.to_owned()));
    sources.hold("_shared/x.kdl", Ok(base.to_owned()));
    sources.choose_overlay("prod");
    let front = pipeline::read(sources, Problems::default());
    let mut found = Attachments::default();
    for named in attachments::named(&front.sources, &front.repository) {
        found.put(named.span, Ok(b"text".to_vec()));
    }
    let compiled = pipeline::compile(front, &found, &Lock::default());
    fuzz::check(&compiled, base);
    if let Some(lowered) = &compiled.lowered {
        lowered.content.files().unwrap();
    }
}

#[test]
fn changed_templates_and_overlays_neither_panic_nor_hang() {
    let mut dice = Dice::new(fuzz::number("WLC_FUZZ_SEED", 1) + 2);
    let templates = original("template/1/templates.kdl") + &original("template/1/uses.kdl");
    let bases = [templates, original("overlay/1/web.kdl")];
    let overlay = original("overlay/1/_overlays/prod/all.kdl");
    let end = Instant::now() + Duration::from_secs(fuzz::number("WLC_FUZZ_SECONDS", 5));
    let mut tried = 0u32;
    while Instant::now() < end {
        let (mut base, mut over) = (dice.one_of(&bases).clone(), overlay.clone());
        for _ in 0..=dice.below(6) {
            let changed = if dice.below(2) == 0 { &mut base } else { &mut over };
            *changed = change(changed, &mut dice).0;
        }
        let started = Instant::now();
        let result = panic::catch_unwind(AssertUnwindSafe(|| compile(&base, &over)));
        assert!(result.is_ok(), "it panics on\n{base}\nwith the overlay\n{over}");
        assert!(started.elapsed() < LONGEST, "it took {:?} for\n{base}\nwith\n{over}", started.elapsed());
        tried += 1;
    }
    eprintln!("{tried} repositories with changed templates and overlays");
    assert!(tried > 100, "too little was tried: {tried}");
}

/// Compiles, and the code that must be reported.
fn is_refused(name: &str, text: String, code: &str) {
    let started = Instant::now();
    let codes = codes(name, &Repository::new().with("x.kdl", text));
    assert!(codes.iter().any(|found| found == code), "{name}: {code} is not among {codes:?}");
    assert!(started.elapsed() < LONGEST * 2, "{name} took {:?}", started.elapsed());
}

#[test]
fn what_grows_without_end_is_refused() {
    let laughs = |depth: usize, width: usize| {
        let inner = |level: usize| format!("t{} (parameter)\"name\"; ", level + 1).repeat(width);
        let templates = (0..depth).map(|level| format!("template \"t{level}\" {{ {} }}\n", inner(level)));
        let end = format!("template \"t{depth}\" {{ config (parameter)\"name\" {{ file \"a\" text=\"ha\" }} }}\n");
        format!("{}{end}t0 \"x\"\n", templates.collect::<String>())
    };
    is_refused("laughs", laughs(12, 20), "expansion-too-large");
    is_refused("deep laughs", laughs(200, 2), "expansion-too-large");
    let round = |size: usize| -> String {
        (0..size).map(|at| format!("template \"r{at}\" {{ r{} \"x\" }}\n", (at + 1) % size)).collect()
    };
    is_refused("a long circle", round(500), "template-circle");
    is_refused("a circle that is longer than the search", round(5_000), "expansion-too-large");
    let long = "x".repeat(4 << 20);
    let files = (0..100).map(|at| format!("file \"f{at}\" text=(parameter)\"t\"; ")).collect::<String>();
    let text = format!(
        "template \"t\" {{ parameter \"t\"; config (parameter)\"name\" {{ {files} }} }}\nt \"x\" t=\"{long}\"\n"
    );
    is_refused("a long text many times", text, "expansion-too-large");
    let row = "a (parameter)\"many\" ".to_owned() + &"(parameter)\"many\" ".repeat(500);
    let values = "\"v\" ".repeat(4_000);
    let text = format!(
        "template \"t\" {{ parameter \"many\" many=#true; config (parameter)\"name\" {{ {row} }} }}\nt \"x\" {{ many {values} }}\n"
    );
    is_refused("a long row many times", text, "expansion-too-large");
    is_refused("many includes", "include \"x.kdl\"\n".repeat(20_000), "expansion-too-large");
}

#[test]
fn overlays_that_repeat_everything_take_no_quadratic_time() {
    let labels: String = (0..1_000).map(|at| format!("label \"l{at}\" \"v\"; ")).collect();
    let without: String = (0..700).map(|at| format!("without \"label\" \"l{at}\"; ")).collect();
    let nodes = |inner: &str| (0..300).map(|at| format!("node \"n{at}\" {{ {inner} }}\n")).collect::<String>();
    for over in [&labels, &without] {
        let started = Instant::now();
        compile(&nodes(&labels), &nodes(over));
        assert!(started.elapsed() < LONGEST * 4, "it took {:?}", started.elapsed());
    }
}

#[test]
fn an_include_stays_in_the_repository() {
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("s.kdl"), "a-secret-word\n").unwrap();
    let patterns =
        ["../*.kdl", "/etc/*", "..", "../../../../**/*.kdl", "_x/../../*.kdl", "_link/*.kdl", "_s.kdl", "**/../../*"];
    for pattern in patterns {
        let repository = Repository::new().with("x.kdl", format!("include \"{pattern}\"\n"));
        symlink(secret.path(), repository.path().join("_link")).unwrap();
        symlink(secret.path().join("s.kdl"), repository.path().join("_s.kdl")).unwrap();
        let codes = codes(pattern, &repository);
        let refused = ["includes-nothing", "unreadable-file"];
        assert!(codes.iter().any(|code| refused.contains(&code.as_str())), "{pattern}: {codes:?}");
        let ran = repository.wlc(&["check"]);
        assert!(!ran.stderr.contains("a-secret-word"), "{pattern}: {}", ran.stderr);
    }
}

#[test]
fn what_nobody_includes_does_no_harm() {
    let repository = Repository::new().with("_old/broken.kdl", b"\xff\xfe {{{").with("_x.kdl", "nod \"a\"\n");
    symlink("nowhere", repository.path().join("_lost.kdl")).unwrap();
    assert_eq!(codes("held files", &repository), Vec::<String>::new());
    repository.write("x.kdl", "include \"_old/*.kdl\"\ninclude \"_x.kdl\"\ninclude \"_lost.kdl\"\n");
    let mut found = codes("included", &repository);
    found.sort();
    assert_eq!(found, ["unknown-word", "unreadable-file", "unreadable-file"]);
}

#[test]
fn names_of_overlays_are_no_paths() {
    let repository = Repository::new().with("_overlays/prod/x.kdl", "node \"n2\"\nfacts \"n2\"\n");
    for name in ["..", "prod/..", "../..", "", "/", "prod/", ".", "\u{1b}[2J"] {
        let ran = repository.wlc(&["check", "--overlay", name]);
        super::assert_harmless(name, &ran);
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.stderr);
    }
    assert_eq!(repository.wlc(&["check", "--overlay", "prod"]).code, Some(0));
}
