//! Finds and reads the source files of a repository (edge).
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: the source files")]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use wlc_plan::limits;

use crate::{
    attachments::{Attachments, Named},
    diagnostics::{Code, Diagnostic, Problems},
    sources::Sources,
    syntax::guard,
};

/// The file whose folder is the root of a repository.
pub const ROOT_FILE: &str = "fleet.kdl";

/// Folders that hold what builds write, not what people write.
const OUTPUTS: [&str; 2] = ["plans", "lock"];

/// The folder of `fleet.kdl`: this one, or the nearest above it.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(ROOT_FILE).is_file()).map(Path::to_owned)
}

/// Reads every `*.kdl` below a folder, but for `plans/`, `lock/` and names that begin with `_` or `.`.
pub fn read(root: &Path, problems: &mut Problems) -> io::Result<Sources> {
    let mut found = BTreeMap::new();
    find(root, "", &mut found)?;
    let mut sources = Sources::default();
    for (name, path) in found {
        match text(&path) {
            Ok(text) => drop(sources.add(&name, &text)),
            Err(why) => {
                let diagnostic = Diagnostic::nowhere(Code::UnreadableFile, format!("`{name}` cannot be read: {why}"));
                problems.add(diagnostic.hint("a source is a plain file with UTF-8 text"));
            }
        }
    }
    Ok(sources)
}

fn find(folder: &Path, prefix: &str, found: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type()?;
        if name.starts_with(['_', '.']) || (prefix.is_empty() && OUTPUTS.contains(&name.as_str())) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            find(&entry.path(), &format!("{path}/"), found)?;
        } else if name.ends_with(".kdl") {
            found.insert(path, entry.path());
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    let bytes = bounded(path, guard::FILE_BYTES as u64)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(format!("line {line} is not UTF-8"))
        }
    }
}

/// Reads a plain file of at most so many bytes; a pipe or a device would make a build wait for ever.
fn bounded(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    if metadata.len() > most {
        return Err(format!("it has {} bytes, {most} are allowed", metadata.len()));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Reads the files that the sources name. A link may not lead out of the repository.
pub fn attach(root: &Path, named: &[Named]) -> Attachments {
    let mut attachments = Attachments::default();
    for Named { span, path } in named {
        let bytes = match path {
            Ok(path) => inside(root, path).and_then(|path| bounded(&path, limits::CONFIG_BYTES)),
            Err(why) => Err((*why).to_owned()),
        };
        attachments.put(*span, bytes);
    }
    attachments
}

fn inside(root: &Path, path: &str) -> Result<PathBuf, String> {
    let root = root.canonicalize().map_err(|error| error.to_string())?;
    let path = root.join(path).canonicalize().map_err(|error| error.to_string())?;
    if path.starts_with(&root) { Ok(path) } else { Err("a link leads out of the repository".to_owned()) }
}
