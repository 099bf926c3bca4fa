//! Writing files of a set (edge): each appears whole or not at all, and nothing that is there already is touched.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: writes the folder of a plan set")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use rustix::fs::syncfs;
use wlc_plan::set::{ReadFile, SetFile};

use super::{Folder, PublishError, error::file_error};
use crate::replace::{self, Sync};

/// From this many new files on, the whole file system is synced once instead of each file.
const FILES_SYNCED_ONE_BY_ONE: usize = 64;

/// Writes the files of a content that are not there with the right bytes. The answer: how many. All of them have reached the
/// disk when this returns.
pub(super) fn write_content(out: &Path, files: &BTreeMap<SetFile, Vec<u8>>) -> Result<usize, PublishError> {
    let folder = Folder::new(out);
    let is_there = |file: &SetFile, bytes: &[u8]| matches!(folder.read(file, bytes.len() as u64), Ok(Some(found)) if found == bytes);
    let missing: Vec<_> = files.iter().filter(|(file, bytes)| !is_there(file, bytes)).collect();
    let sync = if missing.len() < FILES_SYNCED_ONE_BY_ONE { Sync::Now } else { Sync::Later };
    let mut folders = BTreeSet::new();
    for (file, bytes) in &missing {
        folders.insert(place(&folder.path(file), bytes, sync)?);
    }
    match sync {
        Sync::Now => folders.iter().try_for_each(|folder| sync_folder(folder))?,
        Sync::Later => {
            let root = File::open(out).map_err(file_error("open", out))?;
            syncfs(root).map_err(|error| file_error("sync", out)(error.into()))?;
        }
    }
    if !missing.is_empty() {
        sync_folder(out)?;
    }
    Ok(missing.len())
}

/// Writes one file; it has reached the disk when this returns.
pub(super) fn write(out: &Path, file: &SetFile, bytes: &[u8]) -> Result<(), PublishError> {
    let folder = place(&Folder::new(out).path(file), bytes, Sync::Now)?;
    sync_folder(&folder)?;
    sync_folder(out)
}

/// Removes files, and the folders of nodes that this leaves empty. The answer: how many files.
pub(super) fn remove(out: &Path, files: &BTreeSet<SetFile>) -> Result<usize, PublishError> {
    let folder = Folder::new(out);
    for file in files {
        let path = folder.path(file);
        fs::remove_file(&path).map_err(file_error("remove", &path))?;
        if let (SetFile::Plan(..), Some(node)) = (file, path.parent()) {
            // A folder that still holds a plan stays.
            let _ = fs::remove_dir(node);
        }
    }
    Ok(files.len())
}

/// Removes what builds that were interrupted have left beside the files of the set.
pub(super) fn remove_left_over(out: &Path) -> Result<(), PublishError> {
    for entry in fs::read_dir(out).map_err(file_error("list", out))? {
        let entry = entry.map_err(file_error("list", out))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().map_err(file_error("look at", &path))?.is_dir();
        if is_folder && !name.starts_with('.') {
            remove_left_over(&path)?;
        } else if !is_folder && replace::is_left_over(&name) {
            fs::remove_file(&path).map_err(file_error("remove", &path))?;
        }
    }
    Ok(())
}

/// Puts a file at its place. The answer: the folder that it is in.
fn place(path: &Path, bytes: &[u8], sync: Sync) -> Result<PathBuf, PublishError> {
    let folder = path.parent().expect("every file of a set lies in a folder").to_owned();
    fs::create_dir_all(&folder).map_err(file_error("make", &folder))?;
    replace::replace(path, bytes, sync).map_err(file_error("write", path))?;
    Ok(folder)
}

fn sync_folder(folder: &Path) -> Result<(), PublishError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error("sync", folder))
}
