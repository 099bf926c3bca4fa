//! What processes use, as the kernel tells.

use std::{fs, time::Duration};

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(pub(crate) u32);

/// Memory of a process in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Pages that are its own alone, those of its program file among them.
    pub(crate) private: u64,
    /// Of these the ones that were written to.
    pub(crate) dirty: u64,
}

/// Ticks of the kernel's clock in a second, as it shows them to programs.
const TICKS: u64 = 100;

impl Process {
    /// All processes whose command line holds these words.
    pub(crate) fn with_words(words: &[&str]) -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let has_words = |number: &u32| {
            let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            words.iter().all(|word| line.contains(word))
        };
        numbers.filter(has_words).filter(|number| *number != std::process::id()).map(Self).collect()
    }

    /// Its memory; nothing where it is gone.
    pub(crate) fn memory(self) -> Memory {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0)).unwrap_or_default();
        let of = |name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
        };
        let dirty = of("Private_Dirty");
        Memory { private: of("Private_Clean") + dirty, dirty }
    }

    /// Processor time that it has used, with its threads.
    pub(crate) fn cpu(self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let fields: Vec<u64> = behind.split_whitespace().skip(11).take(2).filter_map(|one| one.parse().ok()).collect();
        Duration::from_millis(fields.iter().sum::<u64>() * 1_000 / TICKS)
    }

    /// Processor time to the nanosecond, of all its threads that live.
    pub(crate) fn fine_cpu(self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().flatten();
        let of = |path: std::path::PathBuf| -> Option<u64> {
            fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        let sum: u64 = threads.filter_map(|thread| of(thread.path())).sum();
        if sum == 0 { self.cpu() } else { Duration::from_nanos(sum) }
    }

    /// How many threads it has.
    pub(crate) fn threads(self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.0)).map_or(0, Iterator::count)
    }
}

/// Memory of several processes together.
pub(crate) fn memory_of(processes: &[Process]) -> Memory {
    processes
        .iter()
        .map(|one| one.memory())
        .fold(Memory::default(), |sum, one| Memory { private: sum.private + one.private, dirty: sum.dirty + one.dirty })
}

/// Processor time of several processes together.
pub(crate) fn cpu_of(processes: &[Process]) -> Duration {
    processes.iter().map(|one| one.cpu()).sum()
}
