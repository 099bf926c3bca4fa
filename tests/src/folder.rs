//! Folders of files: copied, and listed with their contents.

#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Copies everything below a folder into another.
pub fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).expect("it was found there"));
        fs::create_dir_all(target.parent().expect("a file lies in a folder")).unwrap();
        fs::copy(&path, &target).unwrap();
    }
}

/// All plain files below a folder, sorted by path. A folder that is not there has none.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// All plain files below a folder by their path in it, with their bytes.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(folder).expect("it was found there").to_string_lossy().into_owned();
    files(folder).into_iter().map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// The names of the folders in a folder, sorted; those that begin with `_` do not count.
pub fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<String> = folders.filter(|name| !name.starts_with('_')).collect();
    names.sort();
    names
}
