//! Golden files: what was seen once, and must be seen again. `WLC_UPDATE=1` writes them anew; the review reads the change.

#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]

use std::{collections::BTreeMap, fs, path::Path};

use crate::folder;

/// Whether golden files are written instead of compared.
pub fn updates() -> bool {
    std::env::var("WLC_UPDATE").is_ok_and(|value| value == "1")
}

/// Compares a text with a golden file. None where they are equal, else a text that says what differs.
pub fn compare(path: &Path, seen: &str) -> Option<String> {
    if updates() {
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
        fs::write(path, seen).unwrap();
    }
    differs(&path.display().to_string(), &fs::read_to_string(path).unwrap_or_default(), seen)
}

/// Compares two texts. None where they are equal, else a text that says what differs.
pub fn differs(name: &str, expected: &str, seen: &str) -> Option<String> {
    (expected != seen).then(|| difference(name, expected, seen))
}

/// Compares texts by their names with a folder of golden files; what lies there and was not seen differs too.
pub fn compare_folder(path: &Path, seen: &BTreeMap<String, String>) -> Vec<String> {
    if updates() {
        let old = folder::files(path).into_iter();
        old.for_each(|file| fs::remove_file(file).unwrap());
    }
    let mut different: Vec<String> = seen.iter().filter_map(|(name, text)| compare(&path.join(name), text)).collect();
    let missing = folder::contents(path).into_keys().filter(|name| !seen.contains_key(name));
    different.extend(missing.map(|name| format!("{}: no longer made", path.join(name).display())));
    different
}

/// The first lines that differ.
fn difference(name: &str, expected: &str, seen: &str) -> String {
    let (expected, seen): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), seen.lines().collect());
    let first = expected.iter().zip(&seen).take_while(|(a, b)| a == b).count();
    let show = |lines: &[&str]| {
        lines.iter().skip(first.saturating_sub(2)).take(12).map(|line| format!("    {line}\n")).collect::<String>()
    };
    format!(
        "{name} differs from line {}; `WLC_UPDATE=1` writes it anew\n  expected:\n{}  seen:\n{}",
        first + 1,
        show(&expected),
        show(&seen)
    )
}
