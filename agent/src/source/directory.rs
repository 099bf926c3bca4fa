//! A directory that holds a plan set (edge).
//!
//! The directory is opened once for each reading, so that a reading sees one directory even while a link to it is
//! exchanged. Links inside it may point to other places inside it, never out of it.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2},
    io::Errno,
};
use wlc_plan::set::{ReadFile, SetFile};

/// How often a file is opened again when the tree is changed at that moment.
const TRIES: u32 = 8;

/// A directory that holds a plan set, by its path. The path may be a link.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

/// A directory that is open for one reading.
#[derive(Debug)]
pub struct OpenDirectory {
    root: OwnedFd,
}

impl Directory {
    /// The directory at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it for one reading; none where nothing is at its path.
    pub fn open(&self) -> io::Result<Option<OpenDirectory>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat(CWD, &self.path, flags, Mode::empty()) {
            Ok(root) => Ok(Some(OpenDirectory { root })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl ReadFile for OpenDirectory {
    type Error = io::Error;

    /// The pointer is the one file whose bytes ever change. It is read until two readings agree: one that is written over
    /// meanwhile could be half of the one and half of the other.
    fn read(&self, file: &SetFile, most: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = self.read_once(file, most)?;
        for _ in 0..if *file == SetFile::Pointer { TRIES } else { 0 } {
            let again = self.read_once(file, most)?;
            let is_settled = again == bytes;
            bytes = again;
            if is_settled {
                break;
            }
        }
        Ok(bytes)
    }
}

impl OpenDirectory {
    fn read_once(&self, file: &SetFile, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(opened) = self.open_file(&file.to_string())? else {
            return Ok(None);
        };
        if !opened.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut bytes = Vec::new();
        opened.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Opens without waiting, so that a pipe in place of a file does not hold the agent.
    fn open_file(&self, path: &str) -> io::Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..TRIES {
            match openat2(&self.root, path, flags, Mode::empty(), resolve) {
                Ok(opened) => return Ok(Some(File::from(opened))),
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::XDEV) => return Err(io::Error::other("it is a link that leads out of the directory")),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::other("the directory is changed faster than it can be read"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make the directories that are read")]

    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn links_may_not_lead_out() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        let plans = outside.path().join("plans");
        fs::create_dir_all(plans.join("..data")).unwrap();
        fs::write(plans.join("..data/head"), "inside").unwrap();
        symlink("..data/head", plans.join("head")).unwrap();
        let read = |directory: &Directory| directory.open().unwrap().unwrap().read(&SetFile::Pointer, 100);
        assert_eq!(read(&Directory::new(&plans)).unwrap(), Some(b"inside".to_vec()));
        symlink(&plans, outside.path().join("link")).unwrap();
        assert_eq!(read(&Directory::new(&outside.path().join("link"))).unwrap(), Some(b"inside".to_vec()));
        for target in ["../secret", "/etc/passwd"] {
            fs::remove_file(plans.join("head")).unwrap();
            symlink(target, plans.join("head")).unwrap();
            let error = read(&Directory::new(&plans)).unwrap_err();
            assert!(error.to_string().contains("leads out"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_is_an_error_and_nothing_is_read_without_end() {
        let plans = tempfile::tempdir().unwrap();
        let directory = Directory::new(plans.path());
        let read = || directory.open().unwrap().unwrap().read(&SetFile::Pointer, 4);
        assert_eq!(read().unwrap(), None);
        fs::write(plans.path().join("head"), "123456789").unwrap();
        assert_eq!(read().unwrap(), Some(b"12345".to_vec()));
        fs::remove_file(plans.path().join("head")).unwrap();
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(CWD, plans.path().join("head"), kind, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(read().is_err());
        assert!(Directory::new(&plans.path().join("absent")).open().unwrap().is_none());
    }
}
