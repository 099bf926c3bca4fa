//! A disk in memory, for tests: it forgets what was not synced when the power goes, fills up, and fails on request.
//!
//! What a program sees and what is on the disk are kept apart. Syncing a file moves its bytes to the disk, syncing a
//! folder its names. A power loss leaves what is on the disk; of bytes that were never synced it leaves a part, so that a
//! name that outlived them leads to a torn file.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use tokio::sync::Notify;

use super::Disk;

/// A disk in memory.
#[derive(Debug, Default)]
pub struct SimulatedDisk {
    state: Mutex<State>,
    broken: Notify,
}

/// The bytes of a file, under whichever name.
#[derive(Debug, Clone, Default)]
struct File {
    seen: Vec<u8>,
    synced: Option<Vec<u8>>,
    /// Whether something was added since, and nothing else.
    is_longer: bool,
}

impl File {
    /// The half of what was not synced is lost.
    fn after_power_loss(&self) -> Vec<u8> {
        match &self.synced {
            Some(synced) if !self.is_longer => synced.clone(),
            Some(synced) => self.seen[..usize::midpoint(synced.len(), self.seen.len())].to_vec(),
            None => self.seen[..self.seen.len() / 2].to_vec(),
        }
    }

    fn sync(&mut self) {
        let length = self.synced.as_ref().map_or(0, Vec::len);
        match &mut self.synced {
            Some(synced) if self.is_longer => synced.extend_from_slice(&self.seen[length..]),
            Some(_) | None => self.synced = Some(self.seen.clone()),
        }
        self.is_longer = false;
    }
}

#[derive(Debug, Default, Clone)]
struct State {
    files: BTreeMap<u64, File>,
    /// The names as a program sees them.
    seen: BTreeMap<PathBuf, u64>,
    /// The names that outlive a power loss.
    synced: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    made: u64,
    writes: u64,
    is_full: bool,
    /// The step at which the power goes.
    breaks_at: Option<u64>,
    is_broken: bool,
    watched: Option<Watched>,
}

/// A file that is written again and again, and at which of its writings the power goes.
#[derive(Debug, Clone)]
struct Watched {
    path: PathBuf,
    written: u64,
    /// The writing, and after how many of its steps.
    goes: Option<(u64, u64)>,
}

impl State {
    /// A file without a name is gone.
    fn free(&mut self) {
        let named: BTreeSet<u64> = self.seen.values().chain(self.synced.values()).copied().collect();
        self.files.retain(|file, _| named.contains(file));
    }

    /// A file is about to be written.
    fn watch(&mut self, path: &Path) {
        let Some(watched) = self.watched.as_mut().filter(|watched| watched.path == path) else { return };
        let goes = watched.goes.filter(|(writing, _)| *writing == watched.written);
        watched.written += 1;
        self.breaks_at = goes.map(|(_, steps)| self.writes + steps).or(self.breaks_at);
    }

    /// The file of this name, which is made if needed.
    fn number_of(&mut self, path: &Path) -> u64 {
        if let Some(file) = self.seen.get(path) {
            return *file;
        }
        self.made += 1;
        self.seen.insert(path.to_owned(), self.made);
        self.made
    }
}

impl Clone for SimulatedDisk {
    fn clone(&self) -> Self {
        Self { state: Mutex::new(self.state().clone()), broken: Notify::new() }
    }
}

impl SimulatedDisk {
    /// From now on nothing can be written, or everything again.
    pub fn set_full(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    /// The power goes after so many steps from now on: from there nothing reaches the disk until [`Self::lose_power`].
    pub fn break_after(&self, steps: u64) {
        let mut state = self.state();
        state.breaks_at = Some(state.writes + steps);
    }

    /// Counts from now on how often this file is replaced, from 0; where `goes` says so, the power goes at that time, after so
    /// many of its steps: bytes written, synced, renamed, folder synced.
    pub fn watch(&self, path: &Path, goes: Option<(u64, u64)>) {
        self.state().watched = Some(Watched { path: super::beside(path), written: 0, goes });
    }

    /// How often the watched file was replaced.
    pub fn replaced(&self) -> u64 {
        self.state().watched.as_ref().map_or(0, |watched| watched.written)
    }

    /// Ends when the power has gone at a step.
    pub async fn breaks(&self) {
        self.broken.notified().await;
    }

    /// Whether the power is to go at a step that was not reached yet.
    pub fn is_to_break(&self) -> bool {
        self.state().breaks_at.is_some()
    }

    /// Whether the power has gone at a step.
    pub fn has_broken(&self) -> bool {
        self.state().is_broken
    }

    /// How many times something was written, synced, renamed or removed.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// The power goes: what was not synced is lost, or torn.
    pub fn lose_power(&self) {
        let mut state = self.state();
        (state.breaks_at, state.is_broken) = (None, false);
        state.seen = state.synced.clone();
        state.free();
        for file in state.files.values_mut() {
            let left = file.after_power_loss();
            *file = File { seen: left.clone(), synced: Some(left), is_longer: false };
        }
    }

    /// The files that a power loss would lose or change. Those that are being written count for nothing.
    pub fn unsettled(&self) -> Vec<PathBuf> {
        let state = self.state();
        let survives = |path: &PathBuf, file: &u64| {
            state.synced.get(path) == Some(file)
                && state.files.get(file).is_some_and(|file| file.synced.as_ref() == Some(&file.seen))
        };
        let lost = state.seen.iter().filter(|(path, file)| !survives(path, file)).map(|(path, _)| path.clone());
        lost.filter(|path| !path.to_string_lossy().ends_with(super::BESIDE)).collect()
    }

    /// How many bytes there are in files below a folder.
    pub fn bytes_below(&self, folder: &Path) -> usize {
        let state = self.state();
        let below = state.seen.iter().filter(|(path, _)| path.starts_with(folder));
        below.filter_map(|(_, file)| state.files.get(file)).map(|file| file.seen.len()).sum()
    }

    /// Bytes that are set aside for files that grow.
    pub fn spare(&self) -> usize {
        let spare = |bytes: &Vec<u8>| bytes.capacity() - bytes.len();
        let files = self.state();
        files.files.values().map(|file| spare(&file.seen) + file.synced.as_ref().map_or(0, spare)).sum()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the simulated disk")
    }

    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.writes += 1;
        let breaks = state.breaks_at.is_some_and(|last| state.writes > last);
        if breaks && !state.is_broken {
            state.is_broken = true;
            self.broken.notify_one();
        }
        if state.is_broken { Err(io::Error::other("the power is gone")) } else { Ok(state) }
    }

    fn changing(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.step()?;
        if state.is_full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(state) }
    }
}

impl Disk for SimulatedDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        Ok(state.seen.get(path).and_then(|file| state.files.get(file)).map(|file| file.seen.clone()))
    }

    fn length(&self, path: &Path) -> io::Result<usize> {
        self.read(path)?.map(|bytes| bytes.len()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let below = |path: &PathBuf| Some(path.strip_prefix(folder).ok()?.to_string_lossy().into_owned());
        Ok(self.state().seen.keys().filter_map(below).collect())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let known = path.ancestors().map(Path::to_owned);
        self.changing()?.folders.extend(known);
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.state().watch(path);
        let mut state = self.changing()?;
        if !path.parent().is_some_and(|folder| state.folders.contains(folder)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        // Writing a file anew cuts the old bytes off first.
        let number = state.number_of(path);
        state.files.insert(number, File { seen: bytes.to_vec(), synced: None, is_longer: false });
        Ok(())
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.changing()?;
        if !path.parent().is_some_and(|folder| state.folders.contains(folder)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let number = state.number_of(path);
        let file = state.files.entry(number).or_default();
        file.seen.extend_from_slice(bytes);
        file.is_longer = true;
        Ok(())
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut state = self.changing()?;
        if let Some(file) = state.seen.get(path).copied() {
            state.files.entry(file).or_default().sync();
            return Ok(());
        }
        if !state.folders.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let is_in = |name: &Path| name.parent() == Some(path);
        state.synced.retain(|name, _| !is_in(name));
        let names: Vec<_> =
            state.seen.iter().filter(|(name, _)| is_in(name)).map(|(name, file)| (name.clone(), *file)).collect();
        state.synced.extend(names);
        state.free();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.changing()?;
        let file = state.seen.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.seen.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        // A full disk removes all the same.
        let mut state = self.step()?;
        state.seen.remove(path);
        Ok(())
    }

    fn remove_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::replace, *};

    fn disk() -> SimulatedDisk {
        let disk = SimulatedDisk::default();
        disk.make_folder(Path::new("/state")).unwrap();
        disk
    }

    fn read(disk: &SimulatedDisk) -> Option<Vec<u8>> {
        disk.read(Path::new("/state/file")).unwrap()
    }

    #[test]
    fn what_was_replaced_outlives_a_power_loss() {
        let disk = disk();
        for bytes in [b"first".as_slice(), b"second"] {
            replace(&disk, Path::new("/state/file"), bytes).unwrap();
            disk.lose_power();
            assert_eq!(read(&disk).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn what_was_not_synced_is_lost_or_torn() {
        let (disk, path) = (disk(), Path::new("/state/file"));
        disk.write(path, b"lost").unwrap();
        disk.lose_power();
        assert_eq!(read(&disk), None);
        disk.write(path, b"torn").unwrap();
        disk.sync(Path::new("/state")).unwrap();
        disk.lose_power();
        assert_eq!(read(&disk).as_deref(), Some(b"to".as_slice()));
    }

    #[test]
    fn what_was_added_is_torn_until_it_is_synced() {
        let (disk, path) = (disk(), Path::new("/state/file"));
        disk.append(path, b"one").unwrap();
        disk.sync(path).unwrap();
        disk.sync(Path::new("/state")).unwrap();
        disk.append(path, b"twos").unwrap();
        disk.lose_power();
        assert_eq!(read(&disk).as_deref(), Some(b"onetw".as_slice()));
        disk.append(path, b"!").unwrap();
        disk.sync(path).unwrap();
        disk.lose_power();
        assert_eq!(read(&disk).as_deref(), Some(b"onetw!".as_slice()));
    }

    #[test]
    fn wherever_the_power_goes_there_is_the_old_file_or_the_new_one() {
        for steps in 0..6 {
            let disk = disk();
            replace(&disk, Path::new("/state/file"), b"first").unwrap();
            disk.break_after(steps);
            let is_done = replace(&disk, Path::new("/state/file"), b"second").is_ok();
            disk.lose_power();
            let found = read(&disk).unwrap();
            assert!(found == b"second" || (found == b"first" && !is_done), "after {steps} steps: {found:?}");
        }
    }

    #[test]
    fn a_full_disk_keeps_what_was_there() {
        let disk = disk();
        replace(&disk, Path::new("/state/file"), b"first").unwrap();
        disk.set_full(true);
        assert!(replace(&disk, Path::new("/state/file"), b"second").is_err());
        disk.lose_power();
        assert_eq!(read(&disk).as_deref(), Some(b"first".as_slice()));
        assert_eq!(disk.list(Path::new("/state")).unwrap(), ["file"]);
    }
}
