//! Reading the folder of a set (edge).
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: reads the folder of a plan set")]

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use wlc_plan::set::{ReadFile, SetFile};

use super::{PublishError, error::file_error};

/// The folder of a plan set.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a file of the set lies.
    pub fn path(&self, file: &SetFile) -> PathBuf {
        self.root.join(file.to_string())
    }
}

impl ReadFile for Folder {
    type Error = io::Error;

    fn read(&self, file: &SetFile, most: u64) -> Result<Option<Vec<u8>>, io::Error> {
        let opened = match File::open(self.path(file)) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        opened.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// The paths of all files below the folder of a set, sorted, with `/` between their parts. Names that begin with a dot are
/// passed over; a folder that is missing has no files.
pub fn list(root: &Path) -> Result<Vec<String>, PublishError> {
    let mut paths = Vec::new();
    if root.exists() {
        list_below(root, "", &mut paths)?;
    }
    paths.sort();
    Ok(paths)
}

fn list_below(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<(), PublishError> {
    for entry in fs::read_dir(folder).map_err(file_error("list", folder))? {
        let entry = entry.map_err(file_error("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().map_err(file_error("look at", &entry.path()))?.is_dir() {
            list_below(&entry.path(), &format!("{path}/"), paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
