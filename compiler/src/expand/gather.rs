//! The blocks of all files: those that are sources by their place, those that they include, and those of the overlay.

use std::collections::BTreeSet;

use super::{
    include::{self, Layer},
    template::Include,
};
use crate::{
    cache::{Cache, Keep},
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::FromBlock,
    model::facts::EarlyFacts,
    sources::{OVERLAYS, Source, Sources},
    span::FileId,
    syntax::{self, Block, Reader},
};

/// What the files hold, without their `include` lines.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) base: Vec<Block>,
    pub(super) overlay: Vec<Block>,
    /// The facts among the blocks of the base, where no overlay is laid over them.
    pub(super) facts: EarlyFacts,
    /// What a cache may keep of them.
    pub(super) keep: Vec<Keep>,
}

/// How files are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct How<'a> {
    /// By which readers.
    pub reader: Reader,
    /// What earlier checks have kept, where that counts.
    pub cache: Option<&'a Cache>,
}

/// Most `include` lines of a repository; each is held against the paths of all files.
const MOST_INCLUDES: usize = 1_000;

/// Reads all files. Each is read once.
pub(super) fn gather(how: How<'_>, sources: &mut Sources, problems: &mut Problems) -> Gathered {
    let own: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    let (facts, keep) = (EarlyFacts::default(), Vec::new());
    let (paths, released) = (None, BTreeSet::new());
    let mut reading = Reading { how, paths, released, waiting: own, includes: 0, facts, keep, sources, problems };
    let base = reading.layer(Layer::Base);
    let overlay = reading.sources.overlay().map(str::to_owned);
    let overlay = overlay.map(|name| {
        reading.release_overlay(&name);
        reading.layer(Layer::Overlay(&name))
    });
    Gathered { base, overlay: overlay.unwrap_or_default(), facts: reading.facts, keep: reading.keep }
}

/// What one file holds.
struct FileRead {
    blocks: Vec<Block>,
    facts: EarlyFacts,
    keep: Option<Keep>,
}

impl FileRead {
    fn of_blocks(blocks: Vec<Block>) -> Self {
        Self { blocks, facts: EarlyFacts::default(), keep: None }
    }

    /// Reads a file and the facts in it, or takes from the cache what the same text said before.
    fn with_facts(how: How<'_>, file: FileId, source: &Source, problems: &mut Problems) -> Option<Self> {
        let key = how.cache.and_then(|cache| Some((cache, Cache::key(source)?)));
        if let Some((facts, keep)) = key.and_then(|(cache, text)| cache.facts(&text, file, source)) {
            let (blocks, facts) = EarlyFacts::known(facts);
            return Some(Self { blocks, facts, keep: Some(keep) });
        }
        let mut blocks = syntax::read_by(how.reader, file, source, problems)?;
        let facts = EarlyFacts::take_out_of(&mut blocks);
        let can_be_kept = facts.only(&blocks).filter(|_| problems.is_empty());
        let keep = key.and_then(|(_, text)| Some(Keep::fresh(text, can_be_kept?, source)));
        Some(Self { blocks, facts, keep })
    }
}

/// The files that are sources by their place, and those that are held.
fn all_paths(sources: &Sources) -> BTreeSet<String> {
    let own = sources.iter().map(|(_, source)| source.path.to_string());
    own.chain(sources.held().map(str::to_owned)).collect()
}

struct Reading<'a> {
    how: How<'a>,
    /// All files that an `include` may name, once there was one.
    paths: Option<BTreeSet<String>>,
    /// Those of them that were held, and are read or wait.
    released: BTreeSet<String>,
    waiting: Vec<FileId>,
    /// How many `include` lines there were.
    includes: usize,
    facts: EarlyFacts,
    keep: Vec<Keep>,
    sources: &'a mut Sources,
    problems: &'a mut Problems,
}

impl Reading<'_> {
    fn layer(&mut self, layer: Layer<'_>) -> Vec<Block> {
        let mut blocks = Vec::new();
        // An overlay is laid over blocks as they are written.
        let is_final = self.sources.overlay().is_none();
        let how = self.how;
        let read = |file, source: &Source, problems: &mut Problems| match is_final {
            true => FileRead::with_facts(how, file, source, problems),
            false => syntax::read_by(how.reader, file, source, problems).map(FileRead::of_blocks),
        };
        while !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            let files = waiting.into_iter().map(|file| (file, self.sources.file(file)));
            for (file, read) in syntax::read_all_by(files, read, self.problems) {
                let FileRead { blocks: read, facts, keep } = read;
                self.facts.append(facts);
                self.keep.extend(keep);
                let path = self.sources.file(file).path.clone();
                for block in read {
                    match block.word.value == Include::SCHEMA.word {
                        true => self.include(&path, &block, layer),
                        false => blocks.push(block),
                    }
                }
            }
        }
        blocks
    }

    fn include(&mut self, file: &str, block: &Block, layer: Layer<'_>) {
        let Some(include) = Include::from_block(block, self.problems) else { return };
        self.includes += 1;
        if self.includes > MOST_INCLUDES {
            let message = format!("there are more than {MOST_INCLUDES} `include` lines");
            let diagnostic = Diagnostic::new(Code::ExpansionTooLarge, message, block.word.span, "one too many");
            if self.includes == MOST_INCLUDES + 1 {
                self.problems.add(diagnostic.hint("one `include` names many files: `**/*.kdl`"));
            }
            return self.problems.hide_declarations();
        }
        let paths = self.paths.get_or_insert_with(|| all_paths(self.sources));
        let found = match include::matching(file, &include.pattern, layer, paths) {
            Ok(found) => found,
            Err(diagnostic) => {
                self.problems.add(diagnostic);
                return self.problems.hide_declarations();
            }
        };
        for path in found {
            if let Some(why) = self.release(&path) {
                let message = format!("`{path}` cannot be read: {why}");
                let diagnostic = Diagnostic::new(Code::UnreadableFile, message, include.pattern.span, "included here");
                self.problems.add(diagnostic.hint("a source is a plain file inside the repository, with UTF-8 text"));
                self.problems.hide_declarations();
            }
        }
    }

    /// Puts a file in the row, if it is held and was not there. Why it cannot be read, where it cannot.
    fn release(&mut self, path: &str) -> Option<String> {
        if !self.released.insert(path.to_owned()) {
            return None;
        }
        match self.sources.release(path)? {
            Ok(file) => {
                self.waiting.push(file);
                None
            }
            Err(why) => Some(why),
        }
    }

    /// Puts the files of an overlay in the row, but for those in it that wait for an `include`.
    fn release_overlay(&mut self, name: &str) {
        let folder = format!("{OVERLAYS}{name}/");
        let is_source = |path: &&str| {
            path.strip_prefix(&folder).is_some_and(|path| path.split('/').all(|part| !part.starts_with('_')))
        };
        let files: Vec<String> = self.sources.held().filter(is_source).map(str::to_owned).collect();
        if files.is_empty() {
            let diagnostic = Diagnostic::nowhere(Code::UnknownName, format!("there is no overlay `{name}`"));
            let known = self.sources.overlays();
            let hint = match known.is_empty() {
                true => format!("an overlay is a folder `{OVERLAYS}NAME/` with at least one source"),
                false => suggest::hint(name, known.iter().copied()),
            };
            self.problems.add(diagnostic.hint(hint));
            self.problems.hide_declarations();
        }
        for path in files {
            if let Some(why) = self.release(&path) {
                let diagnostic = Diagnostic::nowhere(Code::UnreadableFile, format!("`{path}` cannot be read: {why}"));
                self.problems.add(diagnostic.hint("a source is a plain file inside the repository, with UTF-8 text"));
            }
        }
    }
}
