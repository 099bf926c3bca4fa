//! A second reading of what is no KDL: which mistakes it has, and what was meant all the same.
//!
//! Only text that the parser refused comes here. Every line becomes a block as far as it can be understood, so that what
//! is right in a broken file is still checked, and each mistake of form is reported where it was made. Lines with such a
//! mistake are noted, so that nothing else is said about them.

mod braces;
mod entries;
mod faults;
mod lexer;
mod lines;
mod words;

use std::ops::Range;

use super::Block;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::{FileId, Span},
};

use faults::Fault;

/// A block at the top of a broken text.
pub(super) struct Item {
    /// Where it stands.
    pub at: Range<usize>,
    /// What it says, as far as it can be understood; none where it is slash-dashed.
    pub block: Option<Block>,
    /// Whether it is whole.
    pub is_whole: bool,
}

/// What a second reading found.
#[derive(Default)]
pub(super) struct Reading {
    /// The blocks at the top.
    pub items: Vec<Item>,
    /// What is wrong.
    faults: Vec<Fault>,
    /// Lines about which enough is said.
    broken: Vec<Range<usize>>,
    /// Whether it is not sure where its last block ends.
    spills: bool,
}

/// Reads a range of a file that the parser refused.
pub(super) fn read(file: FileId, text: &str, range: Range<usize>) -> Reading {
    let (tokens, mut faults) = lexer::tokens(text, range);
    faults.sort_by_key(|fault| fault.at.start);
    let is_balanced = braces::is_balanced(&tokens);
    let spills = !is_balanced || faults.iter().any(|fault| fault.is_open);
    let reading = lines::Lines::new(file, text, tokens, is_balanced, faults).read();
    Reading { spills, ..reading }
}

impl Reading {
    /// Whether a brace or a quote is missing, so that it is not sure where the last block ends.
    pub(in crate::syntax) fn spills(&self) -> bool {
        self.spills
    }

    /// Whether nothing is wrong with the form.
    pub(in crate::syntax) fn is_fine(&self) -> bool {
        self.faults.is_empty()
    }

    /// Reports the first mistake of each line, at most so many. Gives how many there were.
    pub(in crate::syntax) fn report(
        &mut self,
        file: FileId,
        text: &str,
        most: usize,
        problems: &mut Problems,
    ) -> usize {
        self.faults.sort_by_key(|fault| fault.at.start);
        let mut reported = 0;
        let mut last_line_end = None;
        for fault in &self.faults {
            if reported == most {
                break;
            }
            if !fault.is_certain && last_line_end.is_some_and(|end| fault.at.start < end) {
                continue;
            }
            last_line_end = Some(text[fault.at.start..].find('\n').map_or(text.len(), |at| fault.at.start + at));
            let span = Span::new(file, fault.at.start, fault.at.end);
            problems.add(Diagnostic::new(Code::Syntax, &fault.message, span, fault.label).hint(&fault.hint));
            reported += 1;
        }
        for line in &self.broken {
            problems.say_no_more(Span::new(file, line.start, line.end));
        }
        reported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages about a text, and the texts under them.
    fn said(text: &str) -> Vec<(String, String)> {
        let reading = read(FileId(0), text, 0..text.len());
        reading.faults.into_iter().map(|fault| (fault.hint, text[fault.at].to_owned())).collect()
    }

    fn hints(text: &str) -> Vec<String> {
        said(text).into_iter().map(|(hint, _)| hint).collect()
    }

    #[test]
    fn each_habit_is_answered_with_the_line_that_is_right() {
        assert_eq!(hints("replicas = 3"), ["write `replicas 3`"]);
        assert_eq!(hints("replicas=3"), ["write `replicas 3`"]);
        assert_eq!(hints("privileged true"), ["write `#true`; the text is `\"true\"`"]);
        assert_eq!(hints("request memory=256Mi"), ["write `memory=\"256Mi\"`"]);
        assert_eq!(hints("update max-surge=25%"), ["write `max-surge=\"25%\"`"]);
        assert_eq!(hints("command [\"a\", \"b\"]"), ["write `command \"a\" \"b\"`"; 1]);
        assert_eq!(hints("image 'a:1'"), ["write `\"a:1\"`"]);
    }

    #[test]
    fn one_missing_quote_or_brace_leaves_the_rest_as_it_is() {
        let text = "a {\n    b \"c\n    d 1\n}\ne {\n    f {\n        g 1\n}\nh 1\n";
        let under: Vec<String> = said(text).into_iter().map(|(_, under)| under).collect();
        assert_eq!(under, ["\"c", "{"]);
        let reading = read(FileId(0), text, 0..text.len());
        let words: Vec<String> = reading.items.into_iter().filter_map(|item| Some(item.block?.word.value)).collect();
        assert_eq!(words, ["a", "e", "h"]);
    }

    #[test]
    fn what_is_kdl_has_no_fault() {
        let text = "a 1 b=#true { c \"x\\ty\"; d #\"\\\"# }\n/- e {\n}\nf \\\n  1 /* { */ // {\n(parameter)\"g\" 0x1f -1.5e3\n";
        assert_eq!(said(text), []);
    }
}
