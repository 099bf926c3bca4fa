//! The ledger on disk (edge): one file with a version and a checksum, bound to the machine, behind one guard.
//!
//! A crash or a power loss leaves the old record or the new one. A record that does not match its checksum is named and
//! never trusted.
#![expect(clippy::disallowed_methods, reason = "edge: takes the guard, and reads the machine's id")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use wlc_plan::{canonical, digest::Digest, name::FleetName};

use super::Ledger;
use crate::disk::{Disk, MachineDisk, replace};

const FORMAT: u32 = 1;
const FILE: &str = "ledger.json";
const GUARD: &str = "guard";
/// How often the guard is tried, and the pause between two tries.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The ledger's place on disk. While it exists, no other agent of the fleet runs on this state.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    fleet: FleetName,
    machine: Option<Digest>,
    /// Held for as long as the agent lives: the kernel frees it, however the agent ends. A simulated disk has none.
    _guard: Option<File>,
}

/// The guard of a state alone: while it exists, no agent of the fleet runs on it.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Takes the guard of a state that is there.
    ///
    /// # Errors
    /// An agent holds it, or the disk fails.
    pub fn take(folder: &Path, fleet: &FleetName) -> Result<Self, StoreError> {
        Ok(Self { _file: take_guard(folder, fleet)? })
    }
}

/// How a ledger was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There was none.
    Nothing,
    /// It is whole.
    Whole,
    /// It is torn: what it said is not used.
    Torn(String),
}

/// Why the agent must not act on this state.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another agent holds the guard.
    #[error("another agent of the fleet `{fleet}` runs on this node{by}; its guard is {}", path.display())]
    Guarded {
        /// The fleet.
        fleet: FleetName,
        /// Its process, where it said so.
        by: String,
        /// The guard.
        path: PathBuf,
    },
    /// The state was made on another machine, for example by copying a disk.
    #[error("the state in {} belongs to another machine; remove it if this machine is to take its place", path.display())]
    OtherMachine {
        /// The folder.
        path: PathBuf,
    },
    /// The state was made for another fleet.
    #[error("the state in {} belongs to the fleet `{fleet}`", path.display())]
    OtherFleet {
        /// The folder.
        path: PathBuf,
        /// The fleet that it belongs to.
        fleet: FleetName,
    },
    /// A newer agent wrote it.
    #[error("{} has format {format}, and this version reads format {FORMAT}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The files cannot be read or written.
    #[error("cannot {what} {}: {source}", path.display())]
    Disk {
        /// What was to be done.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The file. Every format has this frame, so that each version tells a newer ledger from a torn one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    /// Of the format and the record.
    checksum: Digest,
    record: serde_json::Value,
}

/// What this format writes down.
#[derive(Serialize, Deserialize)]
struct Record {
    machine: Option<Digest>,
    fleet: FleetName,
    ledger: Ledger,
}

/// The digest of this machine's machine-id, as its facts have it; none where it has no machine-id.
pub fn machine(root: &Path) -> Option<Digest> {
    let identifier = fs::read_to_string(root.join("etc/machine-id")).ok()?;
    let identifier = identifier.trim();
    let is_set = identifier.len() == 32 && identifier.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_set.then(|| Digest::of(format!("wlc machine\n{identifier}").as_bytes()))
}

impl Store {
    /// Takes the guard and reads the ledger of a fleet below `folder`, which is made if needed.
    ///
    /// # Errors
    /// Another agent holds the guard; the state is of another machine, another fleet or a newer format; or the disk fails.
    pub fn open(
        folder: &Path,
        fleet: &FleetName,
        machine: Option<Digest>,
    ) -> Result<(Self, Ledger, Found), StoreError> {
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        let guard = take_guard(folder, fleet)?;
        let store = Self::on(Arc::new(MachineDisk), folder, fleet, machine)?;
        let store = Self { _guard: Some(guard), ..store };
        let (ledger, found) = store.read()?;
        Ok((store, ledger, found))
    }

    /// Reads the ledger of a fleet below `folder` and changes nothing; another agent may run.
    ///
    /// # Errors
    /// The state is of another machine, another fleet or a newer format; or the disk fails.
    pub fn look(folder: &Path, fleet: &FleetName, machine: Option<Digest>) -> Result<(Ledger, Found), StoreError> {
        let (disk, folder) = (Arc::new(MachineDisk), folder.to_owned());
        Self { disk, folder, fleet: fleet.clone(), machine, _guard: None }.read()
    }

    /// The ledger's place on a disk where no other agent runs.
    ///
    /// # Errors
    /// The disk fails.
    pub fn on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        fleet: &FleetName,
        machine: Option<Digest>,
    ) -> Result<Self, StoreError> {
        disk.make_folder(folder).map_err(failed("make", folder))?;
        Ok(Self { disk, folder: folder.to_owned(), fleet: fleet.clone(), machine, _guard: None })
    }

    /// Writes the ledger. When this fails, the record before it is still whole.
    ///
    /// # Errors
    /// The disk fails.
    pub fn write(&self, ledger: &Ledger) -> Result<(), StoreError> {
        let record = Record { machine: self.machine, fleet: self.fleet.clone(), ledger: ledger.clone() };
        let path = self.folder.join(FILE);
        replace(self.disk.as_ref(), &path, &sealed(FORMAT, &record)).map_err(failed("write", &path))
    }

    /// Reads the ledger.
    ///
    /// # Errors
    /// It is of another machine, another fleet or a newer format; or the disk fails.
    pub fn read(&self) -> Result<(Ledger, Found), StoreError> {
        let path = self.folder.join(FILE);
        let Some(bytes) = self.disk.read(&path).map_err(failed("read", &path))? else {
            return Ok((Ledger::default(), Found::Nothing));
        };
        let record = match decode(&bytes) {
            Ok(record) => record,
            Err(Undecoded::Newer(format)) => return Err(StoreError::NewerFormat { path, format }),
            Err(Undecoded::Torn(why)) => {
                return Ok((Ledger::default(), Found::Torn(format!("{} is torn: {why}", path.display()))));
            }
        };
        if record.fleet != self.fleet {
            return Err(StoreError::OtherFleet { path: self.folder.clone(), fleet: record.fleet });
        }
        if record.machine.is_some() && record.machine != self.machine {
            return Err(StoreError::OtherMachine { path: self.folder.clone() });
        }
        Ok((record.ledger, Found::Whole))
    }
}

enum Undecoded {
    Newer(u32),
    Torn(String),
}

/// The bytes of a ledger of some format.
pub fn sealed<R: Serialize>(format: u32, record: &R) -> Vec<u8> {
    let record = serde_json::to_value(record).expect("a ledger has string keys and cannot fail to serialize");
    canonical::encode(&Written { format, checksum: checksum(format, &record), record })
}

fn decode(bytes: &[u8]) -> Result<Record, Undecoded> {
    let torn = |error: serde_json::Error| Undecoded::Torn(error.to_string());
    let Written { format, checksum: promised, record } = serde_json::from_slice(bytes).map_err(torn)?;
    if checksum(format, &record) != promised {
        return Err(Undecoded::Torn("its checksum does not match".to_owned()));
    }
    if format > FORMAT {
        return Err(Undecoded::Newer(format));
    }
    serde_json::from_value(record).map_err(torn)
}

fn checksum(format: u32, record: &serde_json::Value) -> Digest {
    Digest::of_parts("wlc-ledger", &[&format.to_be_bytes(), &canonical::encode(record)])
}

fn take_guard(folder: &Path, fleet: &FleetName) -> Result<File, StoreError> {
    let path = folder.join(GUARD);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut guard = open.map_err(failed("open", &path))?;
    match lock(&guard) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut process = String::new();
            let said = guard.read_to_string(&mut process).is_ok() && !process.trim().is_empty();
            let by = if said { format!(" as process {}", process.trim()) } else { String::new() };
            return Err(StoreError::Guarded { fleet: fleet.clone(), by, path });
        }
        Err(error) => return Err(failed("lock", &path)(error.into())),
    }
    // Whose process it is only helps people: a full disk is no reason to leave what runs alone.
    drop(guard.set_len(0).and_then(|()| writeln!(guard, "{}", std::process::id())));
    Ok(guard)
}

/// Locks the guard. An agent that is just being ended by SIGKILL still holds it for a moment.
fn lock(guard: &File) -> rustix::io::Result<()> {
    for _ in 0..TRIES {
        match flock(guard, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    flock(guard, FlockOperation::NonBlockingLockExclusive)
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Disk { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use wlc_plan::name::ReplicaName;

    use super::*;
    use crate::{clock::Moment, ledger::Cause};

    fn fleet() -> FleetName {
        FleetName::parse("example").unwrap()
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.failed(
            &ReplicaName::parse("web-0").unwrap(),
            ("wlc.example.web-0.12345678", Cause::Other),
            Moment(7),
            "no".to_owned(),
        );
        ledger
    }

    #[test]
    fn what_was_written_is_read_back_and_the_guard_is_freed_with_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Some(Digest::of(b"here"));
        let (store, empty, found) = Store::open(folder.path(), &fleet(), machine).unwrap();
        assert_eq!((empty, found), (Ledger::default(), Found::Nothing));
        store.write(&ledger()).unwrap();
        let second = Store::open(folder.path(), &fleet(), machine).unwrap_err().to_string();
        assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
        drop(store);
        let (_store, read, found) = Store::open(folder.path(), &fleet(), machine).unwrap();
        assert_eq!((read, found), (ledger(), Found::Whole));
    }

    #[test]
    fn every_flipped_bit_is_found_and_never_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let (store, ..) = Store::open(folder.path(), &fleet(), None).unwrap();
        store.write(&ledger()).unwrap();
        let path = folder.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &flipped).unwrap();
            // Blanks around the record mean nothing in JSON; all else is torn, the number of the format as well.
            match store.read().unwrap() {
                (read, Found::Whole) => assert_eq!(read, ledger(), "bit {bit}"),
                (read, _) => assert_eq!(read, Ledger::default(), "bit {bit}"),
            }
        }
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(store.read(), Ok((_, Found::Torn(_)))));
    }

    /// The version before comes back after an upgrade that failed: it knows again what it knew.
    #[test]
    fn what_a_newer_version_added_is_left_out_and_the_rest_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (store, ..) = Store::open(folder.path(), &fleet(), None).unwrap();
        store.write(&ledger()).unwrap();
        let path = folder.path().join(FILE);
        let Written { mut record, .. } = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["younger"] = "of the record".into();
        record["ledger"]["younger"] = serde_json::json!({ "of": "the ledger" });
        record["ledger"]["failures"]["web-0"]["younger"] = 1.into();
        fs::write(&path, sealed(FORMAT, &record)).unwrap();
        assert_eq!(store.read().unwrap(), (ledger(), Found::Whole));
    }

    #[test]
    fn a_full_disk_keeps_no_agent_away_from_its_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (store, ..) = Store::open(folder.path(), &fleet(), None).unwrap();
        store.write(&ledger()).unwrap();
        drop(store);
        fs::remove_file(folder.path().join(GUARD)).unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join(GUARD)).unwrap();
        let (_store, read, found) = Store::open(folder.path(), &fleet(), None).unwrap();
        assert_eq!((read, found), (ledger(), Found::Whole));
    }

    #[test]
    fn another_machine_fleet_or_format_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let (store, ..) = Store::open(folder.path(), &fleet(), Some(Digest::of(b"here"))).unwrap();
        store.write(&ledger()).unwrap();
        drop(store);
        let open = |fleet: &str, machine: &[u8]| {
            let fleet = FleetName::parse(fleet).unwrap();
            Store::open(folder.path(), &fleet, Some(Digest::of(machine))).map(drop)
        };
        assert!(matches!(open("example", b"there"), Err(StoreError::OtherMachine { .. })));
        assert!(matches!(open("other", b"here"), Err(StoreError::OtherFleet { .. })));
        assert!(open("example", b"here").is_ok());
        let path = folder.path().join(FILE);
        fs::write(&path, sealed(2, &"nobody knows")).unwrap();
        assert!(matches!(open("example", b"here"), Err(StoreError::NewerFormat { format: 2, .. })));
    }
}
