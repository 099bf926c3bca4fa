//! The text of all files of a repository that a build reads, and where their lines begin.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, OnceLock},
};

use wlc_plan::digest::Digest;

use crate::{
    origins::Origins,
    span::{FileId, Span},
};

/// The folder of the overlays.
pub const OVERLAYS: &str = "_overlays/";

/// All source files, sorted by path; behind them those that others include.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
    /// Files that are read only where a file includes them or an overlay is chosen: their text, or why there is none.
    held: BTreeMap<String, Result<String, String>>,
    overlay: Option<String>,
    origins: Origins,
}

/// One source file.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Its path from the folder of `fleet.kdl`, with `/` between the parts.
    pub path: Arc<str>,
    text: Text,
    /// What the system says of the file, where it is one.
    stamp: Option<Stamp>,
    /// Where its lines begin, once somebody has asked.
    starts: OnceLock<Arc<[u32]>>,
}

/// What is known of a file's text.
#[derive(Debug, Clone)]
enum Text {
    /// All of it.
    Read(Arc<str>),
    /// It was read before, and its file has not been changed since.
    Known {
        digest: Digest,
        length: usize,
        /// Set when somebody asks for the text.
        missed: OnceLock<()>,
    },
}

impl Default for Text {
    fn default() -> Self {
        Self::Read("".into())
    }
}

/// What the system says of a file. A file whose text is changed gets another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The device and the number on it.
    pub file: (u64, u64),
    /// Bytes.
    pub length: u64,
    /// When its text was changed, as its owner says: nanoseconds since 1970.
    pub modified: u64,
    /// When anything of it was changed: nanoseconds since 1970.
    pub changed: u64,
}

/// A line and a column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Sources {
    /// Adds a file and gives its number.
    pub fn add(&mut self, path: &str, text: &str) -> FileId {
        self.add_shared(path, text.into())
    }

    /// Adds a file whose text is shared, and gives its number.
    pub fn add_shared(&mut self, path: &str, text: Arc<str>) -> FileId {
        self.push(Source::new(path, Text::Read(text)))
    }

    /// Adds a file that was read with this stamp, and gives its number.
    pub(crate) fn add_stamped(&mut self, path: &str, text: Arc<str>, stamp: Stamp) -> FileId {
        self.push(Source { stamp: Some(stamp), ..Source::new(path, Text::Read(text)) })
    }

    /// Adds a file whose text has this digest and is not read, and gives its number.
    pub(crate) fn add_known(&mut self, path: &str, digest: Digest, stamp: Stamp) -> FileId {
        let length = usize::try_from(stamp.length).unwrap_or(usize::MAX);
        let text = Text::Known { digest, length, missed: OnceLock::new() };
        self.push(Source { stamp: Some(stamp), ..Source::new(path, text) })
    }

    fn push(&mut self, source: Source) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(source);
        id
    }

    /// Whether somebody has asked for a text that was not read. Then what was made of the files counts for nothing.
    pub fn misses_a_text(&self) -> bool {
        self.files.iter().any(|source| matches!(&source.text, Text::Known { missed, .. } if missed.get().is_some()))
    }

    /// Adds a file that is read only where a file includes it or its overlay is chosen.
    pub fn hold(&mut self, path: &str, text: Result<String, String>) {
        self.held.insert(path.to_owned(), text);
    }

    /// Chooses an overlay.
    pub fn choose_overlay(&mut self, name: &str) {
        self.overlay = Some(name.to_owned());
    }

    /// The overlay that is chosen.
    pub fn overlay(&self) -> Option<&str> {
        self.overlay.as_deref()
    }

    /// The names of all overlays.
    pub fn overlays(&self) -> BTreeSet<&str> {
        let inside = self.held.keys().filter_map(|path| path.strip_prefix(OVERLAYS)?.split_once('/'));
        inside.map(|(name, _)| name).collect()
    }

    /// The paths of the files that are held.
    pub fn held(&self) -> impl Iterator<Item = &str> {
        self.held.keys().map(String::as_str)
    }

    /// Adds a file that was held. An error where it has no text; none where no such file is held.
    pub(crate) fn release(&mut self, path: &str) -> Option<Result<FileId, String>> {
        let text = self.held.get(path)?.clone();
        Some(text.map(|text| self.add(path, &text)))
    }

    /// Notes where expanded blocks come from.
    pub(crate) fn know(&mut self, origins: &Origins) {
        self.origins = origins.clone();
    }

    /// Gives each file another text, made of its path and the old one.
    pub fn map_texts(&mut self, mut text: impl FnMut(&str, &str) -> String) {
        for source in &mut self.files {
            *source = Source::new(&source.path, Text::Read(text(&source.path, source.text()).into()));
        }
        for (path, held) in &mut self.held {
            if let Ok(old) = held {
                *old = text(path, old);
            }
        }
    }

    /// The file of this number.
    pub fn file(&self, id: FileId) -> &Source {
        &self.files[self.origins.real(id).0 as usize]
    }

    /// All files with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text().get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// `path:line` of a span, for messages that name a second place.
    pub fn place(&self, span: Span) -> String {
        let source = self.file(span.file);
        format!("{}:{}", source.path, source.position(span.start as usize).line)
    }
}

impl Source {
    fn new(path: &str, text: Text) -> Self {
        Self { path: path.into(), text, stamp: None, starts: OnceLock::new() }
    }

    /// Its text. Where it was not read it is empty, and [`Sources::misses_a_text`].
    pub fn text(&self) -> &str {
        match &self.text {
            Text::Read(text) => text,
            Text::Known { missed, .. } => {
                missed.get_or_init(|| ());
                ""
            }
        }
    }

    /// Whether its text was read.
    pub fn is_read(&self) -> bool {
        matches!(self.text, Text::Read(_))
    }

    /// How many bytes its text has.
    pub fn length(&self) -> usize {
        match &self.text {
            Text::Read(text) => text.len(),
            Text::Known { length, .. } => *length,
        }
    }

    /// The digest of its text.
    pub(crate) fn digest(&self) -> Digest {
        match &self.text {
            Text::Read(text) => Digest::of(text.as_bytes()),
            Text::Known { digest, .. } => *digest,
        }
    }

    /// Whether a value may stand there in its text. Of a text that is not read only the length is known.
    pub(crate) fn has(&self, range: Range<usize>) -> bool {
        match &self.text {
            Text::Read(text) => text.get(range).is_some(),
            Text::Known { length, .. } => range.start <= range.end && range.end <= *length,
        }
    }

    /// What the system said of the file when it was read.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    fn starts(&self) -> &[u32] {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let ends = || self.text().match_indices('\n').map(|(at, _)| offset(at + 1));
        self.starts.get_or_init(|| std::iter::once(0).chain(ends()).collect())
    }

    /// Number of the line, from 0, in which a byte stands.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts().partition_point(|&start| start as usize <= offset).saturating_sub(1)
    }

    /// Offset at which a line begins; the end of the text behind the last line.
    pub fn line_start(&self, line: usize) -> usize {
        self.starts().get(line).map_or(self.length(), |&start| start as usize)
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.starts().len()
    }

    /// Line and column of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_of(offset);
        let before = self.text().get(self.line_start(line)..offset).unwrap_or("");
        Position { line: line + 1, column: before.chars().count() + 1 }
    }
}

/// A line and its columns in all the units that programs count in, each from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column in characters.
    pub column: usize,
    /// The column in code units of UTF-16, as SARIF and editors count.
    pub utf16_column: usize,
}

/// Places of many offsets. It goes on from the last offset of each line, so that a thousand places in one long line
/// walk over that line once, if they come in order.
#[derive(Debug, Default)]
pub struct Places {
    last: BTreeMap<(FileId, usize), (usize, Place)>,
    walked: usize,
}

impl Places {
    /// The place of a byte.
    pub fn of(&mut self, sources: &Sources, file: FileId, offset: usize) -> Place {
        let source = sources.file(file);
        let line = source.line_of(offset);
        let begin = (source.line_start(line), Place { line: line + 1, column: 1, utf16_column: 1 });
        let known = self.last.get(&(file, line)).filter(|(known, _)| *known <= offset).copied();
        let (from, mut place) = known.unwrap_or(begin);
        let between = source.text().get(from..offset).unwrap_or("");
        self.walked += between.len();
        place.column += between.chars().count();
        place.utf16_column += between.chars().map(char::len_utf16).sum::<usize>();
        self.last.insert((file, line), (offset, place));
        place
    }

    /// How many bytes were walked over.
    pub fn walked(&self) -> usize {
        self.walked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_and_in_utf16() {
        let mut sources = Sources::default();
        let text = "a\n\u{fc}\u{1f980}x\n";
        let file = sources.add("a.kdl", text);
        let at = text.find('x').unwrap();
        let mut places = Places::default();
        assert_eq!(places.of(&sources, file, at), Place { line: 2, column: 3, utf16_column: 4 });
        assert_eq!(places.of(&sources, file, 2), Place { line: 2, column: 1, utf16_column: 1 });
        assert_eq!(places.of(&sources, file, at + 1), Place { line: 2, column: 4, utf16_column: 5 });
    }

    #[test]
    fn a_thousand_places_in_one_line_walk_over_it_once() {
        let mut sources = Sources::default();
        let text = "\u{e9}".repeat(100_000);
        let file = sources.add("a.kdl", &text);
        let mut places = Places::default();
        for number in 0..1_000 {
            assert_eq!(places.of(&sources, file, number * 200).column, number * 100 + 1);
        }
        assert!(places.walked() <= text.len(), "{} bytes for {}", places.walked(), text.len());
    }
}
