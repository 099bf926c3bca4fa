//! The collector: every problem in every file is reported in one run, then the build stops once.
//!
//! Spans of expanded blocks are resolved as they come in: a diagnostic names the real place, and the use of the template or
//! the line of the base that led there. The same mistake behind several uses is one diagnostic.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Diagnostic, Label, Severity};
use crate::{
    origins::{Origin, Origins},
    span::{FileId, Span},
};

/// Of more places that lead to one mistake, the first are named.
const MOST_LABELS: usize = 6;

/// What is wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Diagnostic>,
    /// What is in the list, so that a hostile file with a million mistakes takes no quadratic time.
    known: BTreeMap<(Option<Span>, Code, String), usize>,
    /// Where errors are.
    errors: BTreeSet<Span>,
    error_count: usize,
    /// Blocks that could not be held, by their place and word.
    not_held: BTreeSet<(Span, &'static str)>,
    /// Whether the files have been read: what is held against each other now says nothing about what could be read.
    is_read: bool,
    /// Where what is not carried out begins and ends: nothing inside is reported once more.
    not_carried_out: BTreeMap<(FileId, u32), u32>,
    origins: Origins,
    /// Whether something is missing that stood for declarations.
    are_declarations_hidden: bool,
    /// Lines about which enough is said: where each begins and ends.
    settled: BTreeMap<(FileId, u32), u32>,
}

impl Problems {
    /// Takes one more. The same thing at the same place is said once.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.labels.first().map(|label| label.span);
        self.are_declarations_hidden |= hides_declarations(&diagnostic);
        let (is_error, written) = (diagnostic.severity() == Severity::Error, place);
        let (diagnostic, through) = self.resolved(diagnostic);
        if self.is_echo(&diagnostic) {
            return;
        }
        if is_error && !self.is_read {
            self.errors.extend(written.into_iter().flat_map(|place| self.origins.all(place)));
        }
        let place = diagnostic.labels.first().map(|label| label.span);
        let key = (place, diagnostic.code, diagnostic.message.clone());
        if let Some(&index) = self.known.get(&key) {
            let known = &mut self.list[index];
            through.into_iter().for_each(|label| add_label(known, label));
            return;
        }
        self.known.insert(key, self.list.len());
        self.error_count += usize::from(diagnostic.severity() == Severity::Error);
        self.list.push(diagnostic);
    }

    /// Takes something that is read and checked and that no build carries out. What stands inside something that was
    /// reported so stays quiet.
    pub fn not_carried_out(&mut self, what: &str, word: Span, extent: Span) {
        let around = self.not_carried_out.range(..=(extent.file, extent.start)).next_back();
        if around.is_some_and(|((file, _), end)| *file == extent.file && extent.end <= *end) {
            return;
        }
        self.not_carried_out.insert((extent.file, extent.start), extent.end);
        let message = format!("{what} is not carried out by this version of wlc");
        let diagnostic = Diagnostic::new(Code::NotInThisVersion, message, word, "read and checked only");
        self.add(diagnostic.hint("`wlc build` and `wlc lock` refuse it; the roadmap in the book says what is planned"));
    }

    /// How many things a build refuses although nothing is wrong with them.
    pub fn refused_by_build(&self) -> usize {
        self.list.iter().filter(|one| is_refused_by_build(one.code)).count()
    }

    /// Makes errors of what is not carried out: for what builds.
    pub fn refuse_what_is_not_carried_out(&mut self) {
        let is_meant = |one: &&mut Diagnostic| is_refused_by_build(one.code) && one.severity() == Severity::Warning;
        for diagnostic in self.list.iter_mut().filter(is_meant) {
            *diagnostic = diagnostic.clone().as_error();
            self.error_count += 1;
            self.errors.extend(diagnostic.labels.first().map(|label| label.span));
        }
    }

    /// The diagnostic with places in real files, and the labels that lead there, which it holds too.
    fn resolved(&self, mut diagnostic: Diagnostic) -> (Diagnostic, Vec<Label>) {
        let labels = std::mem::take(&mut diagnostic.labels);
        let mut led = Vec::new();
        for (index, Label { span, text }) in labels.into_iter().enumerate() {
            let traced = self.origins.trace(span);
            let is_known = diagnostic.labels.iter().any(|label| label.span == traced.span);
            // Two uses of one template say the same text twice: the second is told by its use.
            let span = traced.through.first().filter(|_| is_known).map_or(traced.span, |(use_of, _)| *use_of);
            diagnostic.labels.push(Label { span, text });
            if index == 0 {
                led = traced
                    .through
                    .into_iter()
                    .map(|(span, led)| Label { span, text: led.label().to_owned() })
                    .collect();
            }
        }
        led.iter().cloned().for_each(|label| add_label(&mut diagnostic, label));
        (diagnostic, led)
    }

    /// Notes where the text of an expanded block comes from, and gives the file number of its spans.
    pub(crate) fn originate(&mut self, origin: Origin) -> FileId {
        self.origins.add(origin)
    }

    /// Where expanded blocks come from.
    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Takes what was found apart from the rest, by someone who does not know where expanded blocks come from.
    pub fn append(&mut self, others: Self) {
        others.list.into_iter().for_each(|one| self.add(one));
        // Places that were noted without a diagnostic stay silent places here too.
        let noted = others.errors.into_iter().flat_map(|place| self.origins.all(place)).collect::<Vec<_>>();
        self.errors.extend(noted);
        self.not_carried_out.extend(others.not_carried_out);
        self.are_declarations_hidden |= others.are_declarations_hidden;
        self.settled.extend(others.settled);
        self.not_held.extend(others.not_held);
    }

    /// Forgets what is not meant: for editors, in which half of a file may be missing.
    pub(crate) fn retain(&mut self, is_meant: impl Fn(&Diagnostic) -> bool) {
        let list = std::mem::take(&mut self.list);
        self.known.clear();
        self.error_count = 0;
        for diagnostic in list.into_iter().filter(is_meant) {
            let place = diagnostic.labels.first().map(|label| label.span);
            self.known.insert((place, diagnostic.code, diagnostic.message.clone()), self.list.len());
            self.error_count += usize::from(diagnostic.severity() == Severity::Error);
            self.list.push(diagnostic);
        }
    }

    /// From here on errors are no longer about what could be read.
    pub fn end_of_reading(&mut self) {
        self.is_read = true;
    }

    /// How many errors there are; warnings do not count.
    pub fn errors(&self) -> usize {
        self.error_count
    }

    /// Notes that something could not be read or expanded, which was reported: what it would declare is not known.
    pub(crate) fn hide_declarations(&mut self) {
        self.are_declarations_hidden = true;
    }

    /// Notes an error that was reported elsewhere: what stands here cannot be read because of it.
    pub(crate) fn note_error(&mut self, place: Span) {
        self.errors.extend(self.origins.all(place));
    }

    /// Says that enough is said about a line: its form is wrong, so what it says is a guess.
    pub(crate) fn say_no_more(&mut self, line: Span) {
        let end = self.settled.entry((line.file, line.start)).or_default();
        *end = line.end.max(*end);
    }

    /// Whether something only follows from what is reported already: it is about a line whose form is wrong, or about what
    /// is declared where not all that is declared is known.
    fn is_echo(&self, diagnostic: &Diagnostic) -> bool {
        let needs_declarations = matches!(
            diagnostic.code,
            Code::UnknownName | Code::Vanished | Code::OneFleet | Code::MatchesNothing | Code::Done
        );
        let is_settled = |place: Span| {
            let before = self.settled.range(..=(place.file, place.start)).next_back();
            before.is_some_and(|((file, _), end)| *file == place.file && place.start < *end)
        };
        (needs_declarations && self.are_declarations_hidden)
            || (diagnostic.code != Code::Syntax
                && diagnostic.labels.first().is_some_and(|label| is_settled(label.span)))
    }

    /// Whether a hint that takes time to find is worth it: nobody reads the thousandth.
    pub fn wants_hints(&self) -> bool {
        self.list.len() < 1_000
    }

    /// All of them: errors first, then by file and position.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<&Diagnostic> = self.list.iter().collect();
        all.sort_by_key(|one| (one.severity(), one.labels.first().map(|label| label.span)));
        all
    }

    /// Whether something inside a block could not be read. What is misspelt there counts as declared, so that one mistake gives one
    /// error.
    pub fn any_error_in(&self, extent: Span) -> bool {
        let first = Span { end: 0, ..extent };
        let last = Span { file: extent.file, start: extent.end, end: u32::MAX };
        self.errors.range(first..=last).next().is_some()
    }

    /// Whether something of this kind is wrong.
    pub(crate) fn any(&self, code: Code) -> bool {
        self.list.iter().any(|one| one.code == code)
    }

    /// Notes a block that cannot be held: what it declares is not known to be absent.
    pub fn not_held(&mut self, word: &'static str, extent: Span) {
        self.not_held.insert((extent, word));
    }

    /// Whether a block of this word inside another one could not be held.
    pub fn any_not_held(&self, word: &str, inside: Span) -> bool {
        let first = (Span { end: 0, ..inside }, "");
        let last = (Span { file: inside.file, start: inside.end, end: u32::MAX }, "");
        self.not_held.range(first..last).any(|(_, found)| *found == word)
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

fn add_label(diagnostic: &mut Diagnostic, label: Label) {
    let is_new = diagnostic.labels.iter().all(|known| known.span != label.span);
    if is_new && diagnostic.labels.len() < MOST_LABELS {
        diagnostic.labels.push(label);
    }
}

/// Whether a mistake leaves blocks undeclared that would be there without it.
fn hides_declarations(diagnostic: &Diagnostic) -> bool {
    let is_a_source = diagnostic.code == Code::UnreadableFile && diagnostic.labels.is_empty();
    is_a_source || diagnostic.code == Code::HostileInput
}

/// Whether a build refuses what is only a warning of a check.
fn is_refused_by_build(code: Code) -> bool {
    matches!(code, Code::NotInThisVersion | Code::Placeholder)
}
