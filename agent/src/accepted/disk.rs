//! Reading and writing files below the folder of the accepted set (edge).
#![expect(clippy::disallowed_methods, reason = "edge: keeps the last accepted set on disk")]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use super::AcceptedError;

/// How the name of a file ends that is being written.
const BESIDE: &str = ".wlc-new";

/// The bytes of a file; none where it is absent.
pub(super) fn read(folder: &Path, path: &str) -> Result<Option<Vec<u8>>, AcceptedError> {
    let path = folder.join(path);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", &path)(error)),
    }
}

/// Writes a file unless it has these bytes already. It appears whole or not at all, and has reached the disk when this
/// returns.
pub(super) fn write_if_needed(folder: &Path, path: &str, bytes: &[u8]) -> Result<(), AcceptedError> {
    if read(folder, path)?.as_deref() == Some(bytes) {
        return Ok(());
    }
    let path = folder.join(path);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(failed("make", parent))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}{BESIDE}"));
    let result = fill(&beside, bytes).and_then(|()| fs::rename(&beside, &path));
    if let Err(error) = result {
        // What is half written helps nobody; the error is the one that counts.
        let _ = fs::remove_file(&beside);
        return Err(failed("write", &path)(error));
    }
    for changed in [parent, folder] {
        File::open(changed).and_then(|changed| changed.sync_all()).map_err(failed("sync", changed))?;
    }
    Ok(())
}

/// Removes a file, and the folder that it leaves empty.
pub(super) fn remove(folder: &Path, path: &str) -> Result<(), AcceptedError> {
    let path = folder.join(path);
    fs::remove_file(&path).map_err(failed("remove", &path))?;
    if let Some(parent) = path.parent() {
        // A folder that still holds a file stays.
        let _ = fs::remove_dir(parent);
    }
    Ok(())
}

/// The paths of all files, sorted, with `/` between their parts; also those that a crash has left half written.
pub(super) fn list(folder: &Path) -> Result<Vec<String>, AcceptedError> {
    let mut paths = Vec::new();
    if folder.exists() {
        list_below(folder, "", &mut paths)?;
    }
    paths.sort();
    Ok(paths)
}

fn list_below(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<(), AcceptedError> {
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let entry = entry.map_err(failed("list", folder))?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(failed("look at", &entry.path()))?.is_dir() {
            list_below(&entry.path(), &format!("{path}/"), paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AcceptedError {
    let path = path.to_owned();
    move |source| AcceptedError { action, path, source }
}
