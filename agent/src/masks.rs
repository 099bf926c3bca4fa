//! Hides the values of secrets in what containers wrote, before it is shown or recorded.
//!
//! A value is hidden as a whole, and each of its lines by itself, since a log breaks it up. What is shorter than four
//! characters is left: it would hide half of the log and no secret. Another spelling of a value, as in base64, is not known.

/// What stands in the place of a value.
const MASK: &str = "***";
/// Shorter values are left as they are.
const SHORTEST: usize = 4;

/// Values that are hidden, the longest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masks(Vec<String>);

impl Masks {
    /// Hides these values.
    pub fn of(values: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut hidden = Vec::new();
        for value in values {
            let text = String::from_utf8_lossy(&value).into_owned();
            let parts = std::iter::once(text.as_str()).chain(text.lines()).map(str::trim);
            hidden.extend(parts.filter(|part| part.chars().count() >= SHORTEST).map(str::to_owned));
        }
        hidden.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        hidden.dedup();
        Self(hidden)
    }

    /// The text without the values.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, value| text.replace(value, MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(values: &[&str], text: &str) -> String {
        Masks::of(values.iter().map(|value| value.as_bytes().to_vec())).hide(text)
    }

    #[test]
    fn values_are_hidden_wherever_they_stand() {
        assert_eq!(hide(&["hunter2\n"], "login hunter2 failed: hunter2!"), "login *** failed: ***!");
        assert_eq!(hide(&["abcd", "abcdef"], "abcdef abcd"), "*** ***", "the longer one first");
        assert_eq!(hide(&[], "nothing"), "nothing");
    }

    #[test]
    fn lines_of_a_value_are_hidden_by_themselves() {
        let key = "-----BEGIN KEY-----\nMIIBVgIBADANBg\n}\n-----END KEY-----\n";
        assert_eq!(hide(&[key], "read MIIBVgIBADANBg\nand }"), "read ***\nand }");
        assert_eq!(hide(&[key], &format!("<{key}>")), "<***\n>");
    }

    #[test]
    fn what_is_short_is_left() {
        assert_eq!(hide(&["yes", "äöü", "äöüß", ""], "yes äöü äöüß"), "yes äöü ***");
    }
}
