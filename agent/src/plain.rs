//! Words of others, such as of containers and of people, on a line of ours.

/// A text in which blanks stand for all that could end the line or move a terminal's cursor.
pub fn plain(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(plain("a\nb\u{1b}[2Jc\u{9b}d ä"), "a b [2Jc d ä");
    }
}
