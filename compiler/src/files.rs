//! Finds and reads the source files of a repository (edge).
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: the source files")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use wlc_plan::{digest::Digest, limits};

use crate::{
    attachments::{Attachments, Named},
    cache::Cache,
    diagnostics::{Code, Diagnostic, Problems},
    parallel,
    sources::{Sources, Stamp},
    syntax::guard,
};

/// The file whose folder is the root of a repository.
pub const ROOT_FILE: &str = "fleet.kdl";

/// So many files are read before another thread would have begun.
const FILES_FOR_A_THREAD: usize = 64;

/// Folders that hold what builds write, not what people write.
pub const OUTPUTS: [&str; 2] = ["plans", "lock"];

/// The folder of `fleet.kdl`: this one, or the nearest above it.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(ROOT_FILE).is_file()).map(Path::to_owned)
}

/// Reads every `*.kdl` below a folder, but for `plans/`, `lock/` and names that begin with `.`. Folders behind links are not
/// entered, and what cannot be read is reported. Files with a name that begins with `_` in their path are held: only an
/// `include` or an overlay reads them.
pub fn read(root: &Path, problems: &mut Problems) -> io::Result<Sources> {
    read_changed(root, None, problems)
}

/// The same; a file that is as a cache knows it is not read.
pub fn read_changed(root: &Path, cache: Option<&Cache>, problems: &mut Problems) -> io::Result<Sources> {
    let root = root.canonicalize()?;
    let mut search = Search { found: BTreeMap::new(), problems };
    search.folder(&root, "");
    let Search { found, problems } = search;
    let found: Vec<(String, Found)> = found.into_iter().collect();
    let mut sources = Sources::default();
    for ((name, _), text) in found.iter().zip(texts(&root, &found, cache)) {
        match text {
            Ok(Content::Known(digest, stamp)) => drop(sources.add_known(name, digest, stamp)),
            Ok(Content::Text(text, _)) if is_held(name) => sources.hold(name, Ok(text.to_string())),
            Err(why) if is_held(name) => sources.hold(name, Err(why)),
            Ok(Content::Text(text, stamp)) => drop(sources.add_stamped(name, text, stamp)),
            Err(why) => problems.add(unreadable(name, &why)),
        }
    }
    Ok(sources)
}

/// Adds a file that is not on the disk yet, empty, where a file of this path would be read.
pub fn add_if_new(sources: &mut Sources, name: &str) {
    let is_known = sources.iter().any(|(_, source)| &*source.path == name) || sources.held().any(|held| held == name);
    let is_output = name.split_once('/').is_some_and(|(folder, _)| OUTPUTS.contains(&folder));
    let is_hidden = name.split('/').any(|part| part.starts_with('.'));
    match is_known || is_output || is_hidden || !name.ends_with(".kdl") {
        true => {}
        false if is_held(name) => sources.hold(name, Ok(String::new())),
        false => drop(sources.add(name, "")),
    }
}

/// What a file holds.
enum Content {
    Text(Arc<str>, Stamp),
    /// What a cache knows.
    Known(Digest, Stamp),
}

/// The texts of files in their order, or why there is none. Many files are read with several threads.
fn texts(root: &Path, found: &[(String, Found)], cache: Option<&Cache>) -> Vec<Result<Content, String>> {
    let text = |(name, found): &(String, Found)| match found {
        Found::Plain(path) => match cache.and_then(|cache| known(name, path, cache)) {
            Some(known) => Ok(known),
            None => text(path),
        },
        Found::Other(path) => inside(root, path).and_then(|path| require_plain(&path).and_then(|()| text(&path))),
    };
    parallel::map(found, (found.len(), FILES_FOR_A_THREAD), text)
}

/// A file that a cache knows, and that nobody has changed since.
fn known(name: &str, path: &Path, cache: &Cache) -> Option<Content> {
    let seen = cache.seen(name)?;
    let stamp = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).as_ref().map(stamp)?;
    (stamp == seen.stamp).then_some(Content::Known(seen.text, stamp))
}

/// What tells that a file is still the same.
pub(crate) fn stamp(metadata: &fs::Metadata) -> Stamp {
    let moment =
        |seconds: i64, nanoseconds: i64| (seconds as u64).wrapping_mul(1_000_000_000).wrapping_add(nanoseconds as u64);
    Stamp {
        file: (metadata.dev(), metadata.ino()),
        length: metadata.len(),
        modified: moment(metadata.mtime(), metadata.mtime_nsec()),
        changed: moment(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Whether a part of a path begins with `_`.
fn is_held(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('_'))
}

fn unreadable(name: &str, why: &str) -> Diagnostic {
    let diagnostic = Diagnostic::nowhere(Code::UnreadableFile, format!("`{name}` cannot be read: {why}"));
    diagnostic.hint("a source is a plain file inside the repository, with UTF-8 text")
}

/// A file that may be a source.
enum Found {
    /// A plain file.
    Plain(PathBuf),
    /// A link, which may lead out of the repository, or what is no file.
    Other(PathBuf),
}

/// A search for source files: each by its path from the root.
struct Search<'a> {
    found: BTreeMap<String, Found>,
    problems: &'a mut Problems,
}

impl Search<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str) {
        match fs::read_dir(folder) {
            Ok(entries) => entries.for_each(|entry| self.entry(entry, prefix)),
            Err(error) => self.unreadable(prefix, &error),
        }
    }

    fn unreadable(&mut self, name: &str, error: &io::Error) {
        if !is_held(name) {
            self.problems.add(unreadable(name, &error.to_string()));
        }
    }

    fn entry(&mut self, entry: io::Result<fs::DirEntry>, prefix: &str) {
        let read = entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?, entry.path())));
        let (name, kind, path) = match read {
            Ok(read) => read,
            Err(error) => return self.unreadable(prefix, &error),
        };
        let name = name.to_string_lossy();
        if name.starts_with('.') || (prefix.is_empty() && OUTPUTS.contains(&&*name)) {
            return;
        }
        if kind.is_dir() {
            self.folder(&path, &format!("{prefix}{name}/"));
        } else if name.ends_with(".kdl") {
            let found = if kind.is_file() { Found::Plain(path) } else { Found::Other(path) };
            self.found.insert(format!("{prefix}{name}"), found);
        }
    }
}

thread_local! {
    /// Where a thread puts what it reads: a piece of memory for all files, not one for each.
    static READ: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn text(path: &Path) -> Result<Content, String> {
    READ.with_borrow_mut(|bytes| {
        // The stamp is older than what is read: who changes the file in between changes the next stamp.
        let stamp = bounded(path, guard::FILE_BYTES as u64, bytes)?;
        match str::from_utf8(bytes) {
            Ok(text) => Ok(Content::Text(text.strip_prefix('\u{feff}').unwrap_or(text).into(), stamp)),
            Err(error) => {
                let good = &bytes[..error.valid_up_to()];
                let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
                Err(format!("line {line} is not UTF-8"))
            }
        }
    })
}

/// A pipe or a device would make a build wait for ever.
fn require_plain(path: &Path) -> Result<(), String> {
    match fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        true => Ok(()),
        false => Err("it is not a plain file".to_owned()),
    }
}

/// Reads a plain file of at most so many bytes, in the place of what was read before. Gives its stamp.
fn bounded(path: &Path, most: u64, bytes: &mut Vec<u8>) -> Result<Stamp, String> {
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let stamp = stamp(&file.metadata().map_err(|error| error.to_string())?);
    let length = stamp.length;
    if length > most {
        return Err(format!("it has {length} bytes, {most} are allowed"));
    }
    bytes.clear();
    bytes.reserve(usize::try_from(length).unwrap_or_default() + 1);
    file.take(most + 1).read_to_end(bytes).map_err(|error| error.to_string())?;
    Ok(stamp)
}

/// Reads the files that the sources name. A link may not lead out of the repository.
pub fn attach(root: &Path, named: &[Named]) -> Attachments {
    let mut attachments = Attachments::default();
    for Named { span, path } in named {
        let bytes = match path {
            Ok(path) => inside(root, Path::new(path)).and_then(|path| attachment(&path)),
            Err(why) => Err((*why).to_owned()),
        };
        attachments.put(*span, bytes);
    }
    attachments
}

fn attachment(path: &Path) -> Result<Vec<u8>, String> {
    require_plain(path)?;
    let mut bytes = Vec::new();
    bounded(path, limits::CONFIG_BYTES, &mut bytes)?;
    Ok(bytes)
}

fn inside(root: &Path, path: &Path) -> Result<PathBuf, String> {
    let root = root.canonicalize().map_err(|error| error.to_string())?;
    let path = root.join(path).canonicalize().map_err(|error| error.to_string())?;
    if path.starts_with(&root) { Ok(path) } else { Err("a link leads out of the repository".to_owned()) }
}
