//! Files that are half written: what is wrong with the blocks that cannot be read, and the text without them.
//!
//! A block that cannot be read is blanked out up to its kind and name, so that everything else stands where it stood, is
//! read and checked, and finds that name declared. A block that is not closed ends where the next one begins at the left
//! edge.

use std::ops::Range;

use crate::{
    diagnostics::{Diagnostic, Problems},
    format::lexer::{Kind, tokens_in_writing},
    sources::Sources,
    span::{FileId, Span},
    syntax::{self, guard},
};

/// Broken blocks of a file that are looked at one by one; behind them nothing is read.
const MOST_BROKEN: usize = 50;

/// A file without its broken blocks.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The text, as long as it was.
    pub(super) text: String,
    /// The blocks that cannot be read.
    pub(super) broken: Vec<Broken>,
}

/// A block that cannot be read.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Why; spans are of the whole text, in file 0.
    pub(super) why: Vec<Diagnostic>,
}

/// Looks for broken blocks; none where the whole text can be read.
pub(super) fn look(path: &str, text: &str) -> Half {
    let mut half = Half { text: text.to_owned(), broken: Vec::new() };
    let why = why_unread(path, text, 0);
    if why.is_empty() {
        return half;
    }
    let Some(parts) = guard::parts(FileId(0), text, &mut Problems::default()) else {
        half.blank(text, 0..text.len(), why);
        return half;
    };
    let before = half.broken.len();
    for part in parts {
        if why_unread(path, &text[part.clone()], part.start).is_empty() {
            continue;
        }
        for piece in pieces(text, part) {
            let why = why_unread(path, &text[piece.clone()], piece.start);
            if half.broken.len() == MOST_BROKEN {
                half.blank(text, piece.start..text.len(), Vec::new());
                return half;
            }
            if !why.is_empty() {
                half.blank(text, piece, why);
            }
        }
    }
    if half.broken.len() == before {
        half.blank(text, 0..text.len(), why);
    }
    half
}

/// Why a text cannot be read; nothing where it can.
fn why_unread(path: &str, text: &str, base: usize) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let mut problems = Problems::default();
    if syntax::read_whole(file, sources.file(file), &mut problems).is_some() {
        return Vec::new();
    }
    let mut why: Vec<Diagnostic> = problems.sorted().into_iter().cloned().collect();
    for label in why.iter_mut().flat_map(|diagnostic| &mut diagnostic.labels) {
        label.span = Span::new(FileId(0), base + label.span.start as usize, base + label.span.end as usize);
    }
    why
}

/// A part that cannot be read, cut at words that stand at the left edge.
fn pieces(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let begins = |at: &usize| {
        let rest = text[*at..].trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '-');
        text[*at..].len() > rest.len() && rest.starts_with(" \"")
    };
    let lines = text[part.clone()].match_indices('\n').map(|(at, _)| part.start + at + 1);
    let mut cuts: Vec<usize> = lines.filter(|at| *at < part.end).filter(begins).collect();
    // What stands before the first word is blanks and comments, which are no piece of their own.
    if text[part.start..cuts.first().copied().unwrap_or(part.end)].trim().is_empty() && !cuts.is_empty() {
        cuts.remove(0);
    }
    cuts.insert(0, part.start);
    cuts.push(part.end);
    cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

impl Half {
    fn blank(&mut self, text: &str, range: Range<usize>, why: Vec<Diagnostic>) {
        let head = head(&text[range.clone()]);
        let kept = head.map(|kept| range.start + kept.start..range.start + kept.end);
        let stays = |at: usize| kept.as_ref().is_some_and(|kept| kept.contains(&at));
        let blanked: String = text[range.clone()]
            .char_indices()
            .map(|(at, c)| if c == '\n' || stays(range.start + at) { c.to_string() } else { " ".repeat(c.len_utf8()) })
            .collect();
        self.text.replace_range(range.clone(), &blanked);
        self.broken.push(Broken { range, why });
    }
}

/// Where kind and name of a block stand.
fn head(text: &str) -> Option<Range<usize>> {
    let tokens = tokens_in_writing(text);
    let is_space = |kind: Kind| matches!(kind, Kind::Blank | Kind::Newline | Kind::LineComment | Kind::BlockComment);
    let first = tokens.iter().position(|token| !is_space(token.kind))?;
    let [word, blank, name] = tokens.get(first..first + 3)? else { return None };
    let written = name.text.strip_prefix('"')?.strip_suffix('"')?;
    let is_name = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if word.kind != Kind::Word || blank.kind != Kind::Blank || !is_name || word.text == "include" {
        return None;
    }
    Some(word.start..name.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_broken_block_goes() {
        let text = "node \"a\"\n\ndeployment \"é\" {\n    container \"x\n\nconfig \"c\" {\n}\n";
        let half = look("a.kdl", text);
        assert_eq!(half.text.len(), text.len());
        assert_eq!(half.broken.len(), 1);
        assert!(half.text.starts_with("node \"a\"\n") && half.text.ends_with("config \"c\" {\n}\n"), "{}", half.text);
        assert_eq!(&text[half.broken[0].range.clone()], "deployment \"é\" {\n    container \"x\n\n");
        let half = look("a.kdl", "config \"c\" {\n file \"x");
        assert!(half.text.starts_with("config \"c\" "), "{}", half.text);
    }
}
