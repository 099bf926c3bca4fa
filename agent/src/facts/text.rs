//! Which foreign text may become a fact: short, readable, one line. Anything else counts as not known.

use wlc_plan::quantity::Bytes;

/// The longest text that may become a fact, in bytes.
const LONGEST: usize = 256;

/// `raw` with blanks at the ends removed and those inside made single; absent when empty, too long or not readable.
pub(super) fn clean(raw: &str) -> Option<String> {
    let words: Vec<&str> = raw.trim_matches('\0').split_whitespace().collect();
    let text = words.join(" ");
    (!text.is_empty() && text.len() <= LONGEST && text.chars().all(is_readable)).then_some(text)
}

/// Neither a control character nor one that changes the direction or the beginning of a text, nor the mark of a broken one.
fn is_readable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

/// The value of the first line `key: value` of `document`, cleaned.
pub(super) fn value(document: &str, key: &str) -> Option<String> {
    document
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .and_then(|(_, value)| clean(value))
}

/// An amount as the kernel writes it: its `kB` are KiB.
pub(super) fn kibibytes(text: &str) -> Option<Bytes> {
    text.strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024).map(Bytes)
}
