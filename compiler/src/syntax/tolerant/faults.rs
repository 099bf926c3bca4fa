//! What is wrong with the form of a file, in the words of a user.

use std::ops::Range;

/// A mistake of form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The faulty token.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What stands under the token.
    pub label: &'static str,
    /// What to do.
    pub hint: String,
    /// Whether something is opened and not closed.
    pub is_open: bool,
    /// Whether it is no echo of another mistake on its line.
    pub is_certain: bool,
}

impl Fault {
    /// A mistake at a place.
    pub(super) fn new(
        at: Range<usize>,
        message: impl Into<String>,
        label: &'static str,
        hint: impl Into<String>,
    ) -> Self {
        Self { at, message: message.into(), label, hint: hint.into(), is_open: false, is_certain: false }
    }

    /// A text whose quote is missing.
    pub(super) fn unclosed_text(at: Range<usize>, is_long: bool) -> Self {
        let hint = match is_long {
            true => "write `\"\"\"` on a line of its own behind it",
            false => "write `\"` behind it; a text over several lines stands between lines of `\"\"\"`",
        };
        Self { is_open: true, ..Self::new(at, "this text has no closing quote", "opened here", hint) }
    }

    /// A block whose brace is missing.
    pub(super) fn unclosed_block(at: Range<usize>, line: &str) -> Self {
        let hint = format!("write `}}` behind what belongs to `{}`", short(line));
        Self::new(at, "this block has no end", "opened here", hint)
    }

    /// A brace too many.
    pub(super) fn stray_brace(at: Range<usize>) -> Self {
        let hint = "take it out, or write the `{` that is missing before it";
        Self::new(at, "this `}` closes nothing", "no block is open here", hint)
    }
}

/// The beginning of a text, on one line, for a hint.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
