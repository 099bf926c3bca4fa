//! One process at a time writes into a folder (edge).
//!
//! The lock is the kernel's, on the folder itself: it leaves no file behind and ends with the process that holds it. A
//! second one waits, since what the first leaves decides what the second has to do; after a minute it gives up by name.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: locks the folder that is written into")]

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    thread,
    time::Duration,
};

const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// The right to write into a folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _folder: File,
}

/// Why there was no turn.
#[derive(Debug)]
pub(crate) enum NoTurn {
    /// The system said no to an action on the folder, as in `make`.
    File(&'static str, io::Error),
    /// Another process has been writing there for so many seconds.
    Busy(u64),
}

impl Turn {
    /// Makes the folder where it is missing, and waits until no other process writes into it.
    pub(crate) fn take(folder: &Path) -> Result<Self, NoTurn> {
        let failed = |action| move |error| NoTurn::File(action, error);
        fs::create_dir_all(folder).map_err(failed("make"))?;
        let opened = File::open(folder).map_err(failed("open"))?;
        for _ in 0..TRIES {
            match opened.try_lock() {
                Ok(()) => return Ok(Self { _folder: opened }),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
            }
        }
        Err(NoTurn::Busy((PAUSE * TRIES).as_secs()))
    }
}
