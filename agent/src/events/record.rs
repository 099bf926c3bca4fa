//! The record on disk: events as lines of JSON, appended and never changed, below the agent's state in `events/`.
//!
//! Each series is a row of files that are named for the number of their first event. A file that is full is followed by
//! another one, and the oldest goes. A power loss or a full disk may leave a torn line, at the end of the bytes that were
//! being written: it is passed over, and what follows begins on a line of its own.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tracing::warn;
use wlc_plan::time::Timestamp;

use super::{Entry, Event, Series, Whom};
use crate::disk::Disk;

/// A file that is longer than this is full.
const FULL: usize = 1 << 20;
/// How many files of a series are kept.
const FILES: usize = 4;
/// Most bytes of the record: a file is closed by the events that fill it.
pub const MOST_BYTES: usize = 2 * (FILES + 1) * FULL;
/// How many events wait for a disk that cannot be written; beyond that, the oldest of them are lost.
const MOST_WAITING: usize = 1_000;
/// Among how many of the youngest lines states are looked for.
const STATES: usize = 1_000;
const ALL: [Series; 2] = [Series::Decisions, Series::Runs];
const ENDING: &str = ".jsonl";

/// The record of a node.
#[derive(Debug)]
pub struct Record {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    next: u64,
    decisions: Row,
    runs: Row,
    waiting: Vec<Entry>,
    lost: u64,
    is_told: bool,
}

/// The youngest file of a series.
#[derive(Debug, Default)]
struct Row {
    file: Option<PathBuf>,
    length: usize,
    /// Whether its last line may be torn.
    is_torn: bool,
}

impl Series {
    fn folder(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Runs => "runs",
        }
    }
}

/// The folder of the record below the agent's state.
pub fn folder(state: &Path) -> PathBuf {
    state.join("events")
}

/// All events that are kept, in order. Lines that are torn are passed over.
///
/// # Errors
/// The disk fails.
pub fn read(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for series in ALL {
        let of_series = folder.join(series.folder());
        for name in files(disk, &of_series)? {
            // A file may have gone in between.
            let bytes = disk.read(&of_series.join(name))?.unwrap_or_default();
            entries.extend(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()));
        }
    }
    entries.sort_by_key(|entry: &Entry| entry.number);
    // What could not be synced was written once more.
    entries.dedup_by_key(|entry| entry.number);
    Ok(entries)
}

/// What changes whenever an event is added: the newest file of each series, and its length.
pub fn signs(disk: &dyn Disk, folder: &Path) -> [(String, usize); 2] {
    ALL.map(|series| {
        let of_series = folder.join(series.folder());
        let newest = files(disk, &of_series).ok().and_then(|files| files.last().cloned()).unwrap_or_default();
        let length = disk.length(&of_series.join(&newest)).unwrap_or_default();
        (newest, length)
    })
}

/// The files of a series, oldest first.
fn files(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<String>> {
    Ok(disk.list(folder)?.into_iter().filter(|name| name.ends_with(ENDING)).collect())
}

impl Record {
    /// The record below the agent's state, and the last entries of each series. Where the disk cannot be read, it begins
    /// empty.
    pub fn open(disk: Arc<dyn Disk>, state: &Path, tail: usize) -> (Self, Vec<Entry>) {
        let folder = folder(state);
        let row = |series: Series| Row::open(disk.as_ref(), &folder.join(series.folder()), tail);
        let ((decisions, mut entries), (runs, of_runs)) = (row(Series::Decisions), row(Series::Runs));
        entries.extend(of_runs);
        entries.sort_by_key(|entry: &Entry| entry.number);
        let next = entries.last().map_or(1, |entry| entry.number + 1);
        let record = Self { disk, folder, next, decisions, runs, waiting: Vec::new(), lost: 0, is_told: false };
        (record, entries)
    }

    /// Adds an event; it is written by the next [`Self::keep`].
    pub fn add(&mut self, at: Timestamp, whom: Whom, event: Event) {
        self.waiting.push(Entry { number: self.next, at, whom, event });
        self.next += 1;
    }

    /// Writes what was added; when this returns, it has reached the disk. What cannot be written is tried again the next
    /// time.
    pub fn keep(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        for series in ALL {
            let of_series: Vec<Entry> =
                waiting.iter().filter(|entry| entry.event.series() == series).cloned().collect();
            if let Err(error) = self.append(series, &of_series) {
                if !self.is_told {
                    warn!("events cannot be recorded in {}, and are kept in memory: {error}", self.folder.display());
                }
                self.is_told = true;
                self.waiting.extend(of_series);
            }
        }
        if self.waiting.is_empty() && std::mem::take(&mut self.is_told) {
            warn!(lost = self.lost, "events are recorded again");
            self.lost = 0;
        }
        self.waiting.sort_by_key(|entry| entry.number);
        let surplus = self.waiting.len().saturating_sub(MOST_WAITING);
        self.lost += surplus as u64;
        self.waiting.drain(..surplus);
    }

    fn append(&mut self, series: Series, entries: &[Entry]) -> io::Result<()> {
        let Some(first) = entries.first() else { return Ok(()) };
        let folder = self.folder.join(series.folder());
        let row = match series {
            Series::Decisions => &mut self.decisions,
            Series::Runs => &mut self.runs,
        };
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).expect("an event has string keys");
            lines.push(b'\n');
        }
        row.append(self.disk.as_ref(), &folder, first.number, lines)
    }
}

impl Row {
    fn open(disk: &dyn Disk, folder: &Path, tail: usize) -> (Self, Vec<Entry>) {
        let newest = files(disk, folder).ok().and_then(|files| files.last().map(|name| folder.join(name)));
        let bytes = newest.as_ref().and_then(|path| disk.read(path).ok()?).unwrap_or_default();
        let is_torn = bytes.last().is_some_and(|last| *last != b'\n');
        let lines = bytes.rsplit(|byte| *byte == b'\n').take(STATES).enumerate();
        // States are looked for further back, since they tell since when a replica is as it is.
        let wanted = lines.filter(|(index, line)| *index < tail || is_state(line));
        let entries = wanted.filter_map(|(_, line)| serde_json::from_slice(line).ok()).collect();
        (Self { file: newest, length: bytes.len(), is_torn }, entries)
    }

    fn append(&mut self, disk: &dyn Disk, folder: &Path, number: u64, mut lines: Vec<u8>) -> io::Result<()> {
        let has_room = self.file.is_some() && self.length < FULL;
        let path =
            self.file.clone().filter(|_| has_room).unwrap_or_else(|| folder.join(format!("{number:020}{ENDING}")));
        let is_new = self.file.as_ref() != Some(&path);
        if is_new {
            disk.make_folder(folder)?;
        } else if self.is_torn {
            lines.insert(0, b'\n');
        }
        let length = lines.len();
        // Until it is known to be whole, it may be torn.
        self.length = if is_new { length } else { self.length + length };
        (self.file, self.is_torn) = (Some(path.clone()), true);
        disk.append(&path, &lines)?;
        disk.sync(&path)?;
        self.is_torn = false;
        if is_new {
            folder.ancestors().take(3).try_for_each(|folder| disk.sync(folder))?;
            remove_oldest(disk, folder)?;
        }
        Ok(())
    }
}

fn is_state(line: &[u8]) -> bool {
    const STATE: &[u8] = b"\"event\":\"state\"";
    line.windows(STATE.len()).any(|part| part == STATE)
}

fn remove_oldest(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let files = files(disk, folder)?;
    let surplus = files.len().saturating_sub(FILES);
    files[..surplus].iter().try_for_each(|name| disk.remove(&folder.join(name)))?;
    // Else a power loss before the next file brings them back, again and again.
    if surplus > 0 { disk.sync(folder) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::simulated::SimulatedDisk;

    const STATE: &str = "/state";

    fn disk() -> Arc<SimulatedDisk> {
        let disk = Arc::new(SimulatedDisk::default());
        disk.make_folder(Path::new(STATE)).unwrap();
        disk.sync(Path::new("/state")).unwrap();
        disk
    }

    fn open(disk: &Arc<SimulatedDisk>) -> (Record, Vec<Entry>) {
        Record::open(Arc::clone(disk) as _, Path::new(STATE), 10)
    }

    fn numbers(disk: &Arc<SimulatedDisk>) -> Vec<u64> {
        let entries = read(disk.as_ref(), &folder(Path::new(STATE))).unwrap();
        entries.iter().map(|entry| entry.number).collect()
    }

    fn add(record: &mut Record, series: Series) {
        let event = match series {
            Series::Decisions => Event::Accepted { generation: 1, signers: vec!["ci".to_owned()], commit: None },
            Series::Runs => Event::StepFailed { reason: "x".repeat(500) },
        };
        record.add(Timestamp::from_seconds(7), Whom::node(), event);
    }

    #[test]
    fn what_was_kept_outlives_a_power_loss_and_numbers_go_on() {
        let disk = disk();
        let (mut record, found) = open(&disk);
        assert!(found.is_empty());
        for series in [Series::Decisions, Series::Runs, Series::Decisions] {
            add(&mut record, series);
        }
        record.keep();
        disk.lose_power();
        let (mut record, found) = open(&disk);
        assert_eq!(found.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2, 3]);
        add(&mut record, Series::Runs);
        record.keep();
        assert!(disk.unsettled().is_empty(), "{:?}", disk.unsettled());
        assert_eq!(numbers(&disk), [1, 2, 3, 4]);
    }

    #[test]
    fn a_torn_line_costs_itself_only() {
        let disk = disk();
        let (mut record, _) = open(&disk);
        add(&mut record, Series::Runs);
        record.keep();
        let path = record.runs.file.clone().unwrap();
        disk.append(&path, b"{\"number\":2,\"at\":\"2026").unwrap();
        disk.sync(&path).unwrap();
        let (mut record, found) = open(&disk);
        assert_eq!(found.len(), 1);
        add(&mut record, Series::Runs);
        record.keep();
        assert_eq!(numbers(&disk), [1, 2]);
    }

    #[test]
    fn a_full_disk_delays_and_loses_the_oldest_only() {
        let disk = disk();
        let (mut record, _) = open(&disk);
        add(&mut record, Series::Decisions);
        record.keep();
        disk.set_full(true);
        for _ in 0..MOST_WAITING + 5 {
            add(&mut record, Series::Runs);
            record.keep();
        }
        disk.set_full(false);
        add(&mut record, Series::Runs);
        record.keep();
        let kept = numbers(&disk);
        assert_eq!((kept[0], kept[1], kept.len()), (1, 7, MOST_WAITING + 2));
    }

    #[test]
    fn the_record_is_bounded_and_runs_never_push_decisions_out() {
        let disk = disk();
        let (mut record, _) = open(&disk);
        add(&mut record, Series::Decisions);
        for _ in 0..12_000 {
            add(&mut record, Series::Runs);
            if record.waiting.len() == 100 {
                record.keep();
            }
        }
        record.keep();
        disk.lose_power();
        let runs = folder(Path::new(STATE)).join(Series::Runs.folder());
        assert_eq!(files(disk.as_ref(), &runs).unwrap().len(), FILES, "what was removed does not come back");
        let bytes = disk.bytes_below(Path::new(STATE));
        assert!(bytes > (FILES - 1) * FULL && bytes < (FILES + 1) * FULL, "{bytes}");
        let kept = numbers(&disk);
        assert_eq!(kept[0], 1, "the generation is still there");
        assert!(kept[1] > 2 && *kept.last().unwrap() == 12_001);
        assert!(kept[1..].windows(2).all(|pair| pair[0] + 1 == pair[1]), "no gap");
    }
}
