//! The disk below the agent's state: what the ledger and the last accepted set are kept on.
//!
//! What is written reaches the disk only when it is synced, a file for its bytes and a folder for its names. [`replace`]
//! puts the steps in the order that survives a power loss at any moment.

mod machine;
mod regular;
pub mod simulated;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

pub use self::{
    machine::MachineDisk,
    regular::{open_regular, read_regular, read_regular_text},
};
use crate::mutant::{self, Mutant};

/// How the name of a file ends that is being written.
pub const BESIDE: &str = ".wlc-new";

/// Files and folders. An absent one is no error where it is read, listed or removed.
pub trait Disk: Send + Sync + fmt::Debug {
    /// The bytes of a file; none where it is absent.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// The number of bytes of a file.
    fn length(&self, path: &Path) -> io::Result<usize>;
    /// The paths of all files below a folder, sorted, with `/` between their parts.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder with all that lead to it.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes a file anew; a power loss may leave any part of it until it is synced.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes at the end of a file, which is made if needed; a power loss may leave any part of what was added until it is
    /// synced.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes the bytes of a file, or the names in a folder, outlive a power loss.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder if it is empty.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// Where a file is written before it gets its name.
fn beside(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}{BESIDE}", path.file_name().unwrap_or_default().to_string_lossy()))
}

/// Writes a file, which appears whole or not at all and has reached the disk when this returns.
///
/// # Errors
/// The disk fails; what was there before is still whole.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file lies in a folder"))?;
    let beside = beside(path);
    let beside = if mutant::is(Mutant::WrittenInPlace) { path.to_owned() } else { beside };
    let sync = || if mutant::is(Mutant::FileUnsynced) { Ok(()) } else { disk.sync(&beside) };
    let rename = || if beside == path { Ok(()) } else { disk.rename(&beside, path) };
    let written = disk.write(&beside, bytes).and_then(|()| sync()).and_then(|()| rename());
    if written.is_err() {
        // What is half written helps nobody; the error of the writing is the one that counts.
        let _ = disk.remove(&beside);
    }
    let settle = || if mutant::is(Mutant::FolderUnsynced) { Ok(()) } else { disk.sync(folder) };
    written.and_then(|()| settle())
}
