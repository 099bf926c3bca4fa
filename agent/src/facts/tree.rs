//! Files below a root (edge): bounded reading that never leaves the root.
//!
//! Links are resolved here as `chroot` would: an absolute target begins at the root, and `..` stops there. Only regular
//! files are opened, so that a pipe cannot block us. Whatever fails is absent, since a fact that cannot be read is not known.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::text;
use crate::disk;

/// The most bytes of a file with one value.
const VALUE_SIZE: u64 = 1 << 16;
/// The most bytes of a file with many lines: `/proc/cpuinfo` has about 2 KiB for each thread.
const DOCUMENT_SIZE: u64 = 1 << 24;
/// The most names that are taken from one folder.
const FOLDER_SIZE: usize = 1 << 16;
/// The most links on the way to one file, as in the kernel.
const LINKS: usize = 40;

/// A folder that stands for `/` of some machine.
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The tree below `root`, which must be a folder that we may list.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::read_dir(root)?;
        Ok(Self { root: fs::canonicalize(root)? })
    }

    /// The one value in the file at `path`, cleaned.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let bytes = self.bytes(path, VALUE_SIZE)?;
        text::clean(str::from_utf8(&bytes).ok()?)
    }

    /// The one line in the file at `path`, however long: a set of processors can have thousands of characters.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let bytes = self.bytes(path, VALUE_SIZE)?;
        str::from_utf8(&bytes).ok().map(|line| line.trim_matches(['\0', '\n', ' ']).to_owned())
    }

    /// The whole number in the file at `path`.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.parse().ok()
    }

    /// All lines of the file at `path`; bytes that are no text become replacement characters.
    pub(super) fn document(&self, path: &str) -> Option<String> {
        self.bytes(path, DOCUMENT_SIZE).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The readable names in the folder at `path`, sorted.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let Some(entries) = self.resolve(path).and_then(|folder| fs::read_dir(folder).ok()) else { return Vec::new() };
        let readable = |entry: fs::DirEntry| {
            entry.file_name().into_string().ok().filter(|name| text::clean(name).as_deref() == Some(name.as_str()))
        };
        let mut names: Vec<String> = entries.take(FOLDER_SIZE).filter_map(Result::ok).filter_map(readable).collect();
        names.sort();
        names
    }

    /// Whether something is at `path`; a link that leads nowhere counts.
    pub(super) fn has(&self, path: &str) -> bool {
        self.entry(path).is_some_and(|entry| fs::symlink_metadata(entry).is_ok())
    }

    /// The last part of the text of the link at `path`; the link itself is not followed.
    pub(super) fn link_name(&self, path: &str) -> Option<String> {
        let target = fs::read_link(self.entry(path)?).ok()?;
        text::clean(target.file_name()?.to_str()?)
    }

    fn bytes(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        let file = open_regular(&self.resolve(path)?)?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= limit).then_some(bytes)
    }

    /// Where the entry itself is: links are followed in all parts but the last.
    fn entry(&self, path: &str) -> Option<PathBuf> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some(self.resolve(folder)?.join(name))
    }

    /// Where `path` leads below the root, with all links followed.
    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let mut real = self.root.clone();
        let mut pending = parts(Path::new(path));
        let mut links = 0;
        while let Some(part) = pending.pop() {
            if part == ".." {
                if real != self.root {
                    real.pop();
                }
                continue;
            }
            let next = real.join(&part);
            if !fs::symlink_metadata(&next).ok()?.is_symlink() {
                real = next;
                continue;
            }
            links += 1;
            let target = fs::read_link(&next).ok().filter(|_| links <= LINKS)?;
            if target.is_absolute() {
                real.clone_from(&self.root);
            }
            pending.extend(parts(&target));
        }
        Some(real)
    }
}

/// The parts of `path`, the last one first, without empty ones and `.`.
fn parts(path: &Path) -> Vec<OsString> {
    let bytes = path.as_os_str().as_bytes();
    let named = bytes.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    named.rev().map(|part| OsStr::from_bytes(part).to_owned()).collect()
}

fn open_regular(path: &Path) -> Option<File> {
    // What is not regular is not even opened: a device may do something.
    let is_regular = fs::symlink_metadata(path).ok()?.is_file();
    is_regular.then(|| disk::open_regular(path, OFlags::NOFOLLOW).ok()).flatten()
}
