//! The blocks of all files: those that are sources by their place, those that they include, and those of the overlay.

use std::collections::BTreeSet;

use super::{include, template::Include};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::FromBlock,
    sources::{OVERLAYS, Sources},
    span::FileId,
    syntax::{self, Block, Reader},
};

/// What the files hold, without their `include` lines.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) base: Vec<Block>,
    pub(super) overlay: Vec<Block>,
}

/// Which files are being read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layer<'a> {
    /// The sources, and what they include.
    Base,
    /// Those of the overlay with this name, and what they include.
    Overlay(&'a str),
}

/// Most `include` lines of a repository; each is held against the paths of all files.
const MOST_INCLUDES: usize = 1_000;

/// Reads all files. Each is read once.
pub(super) fn gather(reader: Reader, sources: &mut Sources, problems: &mut Problems) -> Gathered {
    let paths = sources.iter().map(|(_, source)| source.path.to_string());
    let paths = paths.chain(sources.held().map(str::to_owned)).collect();
    let own: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    let read = sources.iter().map(|(_, source)| source.path.to_string()).collect();
    let mut reading = Reading { reader, paths, read, waiting: own, includes: 0, sources, problems };
    let base = reading.layer(Layer::Base);
    let overlay = reading.sources.overlay().map(str::to_owned);
    let overlay = overlay.map(|name| {
        reading.release_overlay(&name);
        reading.layer(Layer::Overlay(&name))
    });
    Gathered { base, overlay: overlay.unwrap_or_default() }
}

struct Reading<'a> {
    reader: Reader,
    /// All files that an `include` may name.
    paths: BTreeSet<String>,
    /// Those that are read, or wait.
    read: BTreeSet<String>,
    waiting: Vec<FileId>,
    /// How many `include` lines there were.
    includes: usize,
    sources: &'a mut Sources,
    problems: &'a mut Problems,
}

impl Reading<'_> {
    fn layer(&mut self, layer: Layer<'_>) -> Vec<Block> {
        let mut blocks = Vec::new();
        while !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            let files = waiting.into_iter().map(|file| (file, self.sources.file(file)));
            for (file, read) in syntax::read_all(self.reader, files, self.problems) {
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
        let found = match include::matching(file, &include.pattern, layer, &self.paths) {
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

    /// Puts a file in the row, if it was not there. Why it cannot be read, where it cannot.
    fn release(&mut self, path: &str) -> Option<String> {
        if !self.read.insert(path.to_owned()) {
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
