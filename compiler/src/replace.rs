//! Files that appear whole or not at all (edge): each is written beside its place and then renamed.
//!
//! What a writer that was killed has left beside a place is known by its name, and nothing reads it.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "edge: replaces files whole")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// How the name of a file ends that is being written.
const BESIDE: &str = ".wlc-new";

/// When the bytes of a file must have reached the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Before it gets its name.
    Now,
    /// When the caller says so, or the system.
    Later,
}

/// Puts these bytes at a place. A file that was there keeps its rights; after an error it is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8], sync: Sync) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}{BESIDE}"));
    // What lies there is left over, or a link that somebody has put there.
    let _ = fs::remove_file(&beside);
    fill(&beside, path, bytes, sync).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // What is half written helps nobody; the error is the one that counts.
        let _ = fs::remove_file(&beside);
    })
}

fn fill(beside: &Path, path: &Path, bytes: &[u8], sync: Sync) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(beside)?;
    file.write_all(bytes)?;
    if let Ok(there) = fs::metadata(path) {
        file.set_permissions(there.permissions())?;
    }
    match sync {
        Sync::Now => file.sync_all(),
        Sync::Later => Ok(()),
    }
}

/// Whether a file of this name was being written when its writer ended.
pub(crate) fn is_left_over(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(BESIDE)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_beside_the_place_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (place, other) = (folder.path().join("a"), folder.path().join("other"));
        fs::write(&other, "untouched").unwrap();
        symlink(&other, folder.path().join(".a.wlc-new")).unwrap();
        replace(&place, b"new", Sync::Now).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "untouched");
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
    }

    #[test]
    fn rights_stay_and_nothing_is_left_after_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        fs::write(&place, "old").unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&place, b"new", Sync::Later).unwrap();
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o640);
        fs::create_dir(folder.path().join("b")).unwrap();
        replace(&folder.path().join("b"), b"new", Sync::Now).unwrap_err();
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().all(|name| !is_left_over(&name.to_string_lossy())));
    }
}
