//! Where caches lie on disk (edge): one file for each repository, below `$XDG_CACHE_HOME/wlc` or `~/.cache/wlc`.
//!
//! A cache is no promise: where it cannot be read there is none, and where it cannot be written the next check takes
//! longer. It is replaced whole, so that two checks at once do each other no harm.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: the cache of what facts say")]

use std::{
    env, fs,
    io::Read,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use wlc_plan::digest::Digest;

use super::{Cache, Keep, Kept, MOST_BYTES};
use crate::files;

/// So many repositories have a cache; those that were not renewed for longest lose theirs.
const MOST_FILES: usize = 16;

/// The cache of one repository, and its file.
#[derive(Debug)]
pub struct Place {
    file: PathBuf,
    /// What the file holds.
    pub cache: Cache,
    /// When it was found, after 1970.
    began: Duration,
}

impl Place {
    /// The cache of the repository at this folder. None where there is no home for it.
    pub fn find(root: &Path) -> Option<Self> {
        let folder = folder()?;
        let name = Digest::of(root.canonicalize().ok()?.as_os_str().as_encoded_bytes()).short(32);
        let file = folder.join(format!("{name}.facts"));
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let cache = Cache::new(program()?, read(&file).unwrap_or_default());
        Some(Self { file, cache, began })
    }

    /// Writes the cache anew, if something was used that it has not.
    pub fn renew(&self, used: &[Keep]) {
        if let Some(bytes) = self.cache.renewed(used, self.began) {
            // What cannot be kept is read again next time.
            self.write(&bytes).ok();
        }
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let temporary = self.file.with_extension(format!("{}.new", std::process::id()));
        let done = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, &self.file));
        if done.is_err() {
            fs::remove_file(&temporary).ok();
        }
        prune(folder)?;
        done
    }
}

fn folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(caches.join("wlc"))
}

/// The program that runs: another one may read facts in another way.
fn program() -> Option<Digest> {
    let mut stamp = Vec::new();
    files::stamp(&fs::metadata(env::current_exe().ok()?).ok()?).put(&mut stamp);
    Some(Digest::of_parts(concat!("wlc ", env!("CARGO_PKG_VERSION")), &[&stamp]))
}

fn read(file: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(file).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?.min(MOST_BYTES) + 1);
    fs::File::open(file).ok()?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= MOST_BYTES).then_some(bytes)
}

/// Removes the oldest files where there are too many.
fn prune(folder: &Path) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            files.push((metadata.modified()?, entry.path()));
        }
    }
    files.sort_unstable();
    let too_many = files.len().saturating_sub(MOST_FILES);
    files.iter().take(too_many).try_for_each(|(_, path)| fs::remove_file(path))
}
