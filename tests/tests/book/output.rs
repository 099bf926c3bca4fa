//! Whether a command printed what a page shows. `…` stands for anything in a line, and alone for any number of lines.

/// Whether `found` looks like `shown`.
pub(crate) fn matches(shown: &[&str], found: &[&str]) -> bool {
    match shown.split_first() {
        None => found.is_empty(),
        Some((&"…", rest)) => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        Some((first, rest)) => {
            found.split_first().is_some_and(|(line, others)| line_matches(first, line) && matches(rest, others))
        }
    }
}

fn line_matches(shown: &str, found: &str) -> bool {
    let mut parts = shown.trim_end().split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.trim_end().strip_prefix(first) else { return false };
    let others: Vec<&str> = parts.collect();
    let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn an_ellipsis_stands_for_anything_and_nothing_else_does() {
    assert!(matches(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(matches(&["…"], &[]));
    assert!(!matches(&["a", "…", "d"], &["a", "b"]));
    assert!(!matches(&[], &["a"]));
    assert!(line_matches("port … <- host port …", "port http 8080 <- host port 22514"));
    assert!(line_matches("generation 1 …; published", "generation 1 is the first, 7 files; published"));
    assert!(!line_matches("generation 2 …", "generation 1 is the first"));
    assert!(!line_matches("a…b", "a"));
}
