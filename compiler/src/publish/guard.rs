//! One build at a time publishes into a folder (edge).
//!
//! The lock is the kernel's, on the folder itself: it leaves no file behind and ends with the process that holds it. A
//! second build waits, since what the first leaves decides what the second has to do; after a minute it gives up by name.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: locks the folder of a plan set")]

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    thread,
    time::Duration,
};

use super::{PublishError, error::file_error};

const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// The right to publish into a folder, until it is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    _folder: File,
}

impl Guard {
    /// Makes the folder where it is missing, and waits until no other build publishes into it.
    pub(super) fn take(folder: &Path) -> Result<Self, PublishError> {
        fs::create_dir_all(folder).map_err(file_error("make", folder))?;
        let opened = File::open(folder).map_err(file_error("open", folder))?;
        for _ in 0..TRIES {
            match opened.try_lock() {
                Ok(()) => return Ok(Self { _folder: opened }),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(file_error("lock", folder)(error)),
            }
        }
        let waited = (PAUSE * TRIES).as_secs();
        Err(PublishError::Busy { folder: folder.to_owned(), waited })
    }
}
