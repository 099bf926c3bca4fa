//! Command lines as lists of words, the way a shell or systemd splits them. Nothing is expanded.

/// The words of a command line. None where a quote is not closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                let escaped = chars.next()?;
                let current = word.get_or_insert_default();
                if quote.is_some() && !matches!(escaped, '"' | '\\' | '$' | '`') {
                    current.push('\\');
                }
                if escaped != '\n' {
                    current.push(escaped);
                }
            }
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn lines_are_split_as_a_shell_does() {
        let split = |line| words(line).unwrap().join("|");
        assert_eq!(split("a  b\tc"), "a|b|c");
        assert_eq!(split(r#"sh -c "echo \"x\" 'y'" 'a "b"' """#), r#"sh|-c|echo "x" 'y'|a "b"|"#);
        assert_eq!(split(r"a\ b '\n'"), r"a b|\n");
        assert_eq!(words("a 'b"), None);
        assert_eq!(words("").unwrap().len(), 0);
    }
}
