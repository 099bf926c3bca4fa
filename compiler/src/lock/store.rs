//! Reads and writes the folder `lock/<fleet>/` (edge).
#![expect(clippy::disallowed_methods, reason = "edge: the lock's folder")]

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use wlc_plan::{digest::Digest, name::WorkloadName};

use super::{
    Lock, WorkloadLock, heal,
    text::{self, LockError, LockProblem},
};
use crate::{
    parallel,
    replace::{self, Sync},
    turn::{NoTurn, Turn},
};

const BODIES: &str = "bodies";

/// How files in conflict are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// They are errors.
    Strict,
    /// What is in conflict counts as not decided.
    Healing,
}

/// Why the lock cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system said no.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not what its name says.
    #[error("{path}: {error}")]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: LockError,
    },
    /// Another process has been writing it for long.
    #[error("{path}: another `wlc` is writing there; waited for {waited} s")]
    Busy {
        /// The folder.
        path: PathBuf,
        /// For how many seconds.
        waited: u64,
    },
    /// A body whose bytes are not those of its name.
    #[error("{path}: its bytes do not have the digest that is its name")]
    Body {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// Whether reading it with [`Reading::Healing`] may go well.
    pub fn can_be_healed(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Busy { .. } => false,
            Self::Text { error, .. } => error.problem != LockProblem::Header,
            Self::Body { .. } => true,
        }
    }

    /// The same error, with its path as it is seen from a folder.
    #[must_use]
    pub fn seen_from(self, root: &Path) -> Self {
        let short = |path: PathBuf| path.strip_prefix(root).map(Path::to_owned).unwrap_or(path);
        match self {
            Self::Io { path, error } => Self::Io { path: short(path), error },
            Self::Text { path, error } => Self::Text { path: short(path), error },
            Self::Busy { path, waited } => Self::Busy { path: short(path), waited },
            Self::Body { path } => Self::Body { path: short(path) },
        }
    }
}

/// Reads the lock below `folder`; a folder that is not there is an empty lock.
pub fn read(folder: &Path, reading: Reading) -> Result<Lock, StoreError> {
    let workloads = each(files(folder, "lock")?, |path, stem| {
        let Ok(name) = WorkloadName::parse(stem) else { return Ok(None) };
        let text = fs::read_to_string(path).map_err(failed(path))?;
        let read: Result<WorkloadLock, LockError> = match reading {
            Reading::Strict => text::read(&text),
            Reading::Healing => heal::read(&text),
        };
        read.map(|lock| Some((name, lock))).map_err(|error| StoreError::Text { path: path.to_owned(), error })
    })?;
    let bodies = each(files(&folder.join(BODIES), "json")?, |path, stem| {
        let bytes = fs::read(path).map_err(failed(path))?;
        match Digest::parse(stem) {
            Ok(digest) if digest == Digest::of(&bytes) => Ok(Some((digest, bytes))),
            Ok(_) | Err(_) if reading == Reading::Healing => Ok(None),
            Ok(_) | Err(_) => Err(StoreError::Body { path: path.to_owned() }),
        }
    })?;
    Ok(Lock { workloads, bodies })
}

/// So many files are read before another thread would have begun.
const FILES_FOR_A_THREAD: usize = 64;

/// What is read of each file, or the first error.
fn each<K: Ord + Send, V: Send>(
    files: Vec<(PathBuf, String)>,
    read: impl Fn(&Path, &str) -> Result<Option<(K, V)>, StoreError> + std::marker::Sync,
) -> Result<BTreeMap<K, V>, StoreError> {
    let read = parallel::map(&files, (files.len(), FILES_FOR_A_THREAD), |(path, stem)| read(path, stem));
    read.into_iter().filter_map(Result::transpose).collect()
}

fn files(folder: &Path, extension: &str) -> Result<Vec<(PathBuf, String)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::Io { path: folder.to_owned(), error }),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::Io { path: folder.to_owned(), error })?;
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        if let (Some(stem), true) = (stem, path.extension().is_some_and(|found| found == extension)) {
            let is_plain = entry.file_type().is_ok_and(|kind| kind.is_file());
            if !is_plain {
                require_plain(&path)?;
            }
            found.push((path, stem));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// A pipe or a device would make a build wait for ever.
fn require_plain(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::Io { path: path.to_owned(), error };
    match fs::metadata(path).map_err(failed)?.is_file() {
        true => Ok(()),
        false => Err(failed(io::Error::other("it is not a plain file"))),
    }
}

/// Writes what differs and removes what is no longer there. Each file is replaced whole, and a body is there as long as a
/// file names it, so that a write that ends half way leaves no revision without its body. Writers wait for each other, and
/// what one that was killed has left beside the files is removed.
pub fn write(folder: &Path, lock: &Lock) -> Result<(), StoreError> {
    let texts = lock.workloads.iter().map(|(name, one)| (format!("{name}.lock"), text::write(one).into_bytes()));
    let bodies = lock.bodies.iter().map(|(digest, bytes)| (format!("{digest}.json"), bytes.clone()));
    let (texts, bodies): (Wanted, Wanted) = (texts.collect(), bodies.collect());
    let _turn = Turn::take(folder).map_err(|why| match why {
        NoTurn::File(_, error) => failed(folder)(error),
        NoTurn::Busy(waited) => StoreError::Busy { path: folder.to_owned(), waited },
    })?;
    put(&folder.join(BODIES), &bodies)?;
    put(folder, &texts)?;
    prune(folder, "lock", &texts)?;
    prune(&folder.join(BODIES), "json", &bodies)
}

/// The files of a folder, by their names.
type Wanted = BTreeMap<String, Vec<u8>>;

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::Io { path, error }
}

fn put(folder: &Path, wanted: &Wanted) -> Result<(), StoreError> {
    fs::create_dir_all(folder).map_err(failed(folder))?;
    remove_left_over(folder)?;
    for (name, bytes) in wanted {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|there| there == *bytes) {
            continue;
        }
        replace::replace(&path, bytes, Sync::Later).map_err(failed(&path))?;
    }
    Ok(())
}

fn remove_left_over(folder: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        if replace::is_left_over(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    Ok(())
}

fn prune(folder: &Path, extension: &str, wanted: &Wanted) -> Result<(), StoreError> {
    for (path, stem) in files(folder, extension)? {
        if !wanted.contains_key(&format!("{stem}.{extension}")) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path)(error)),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}
