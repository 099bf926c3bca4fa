//! The folders of a fleet on this node (edge): its state, and its secrets in memory.
#![expect(clippy::disallowed_methods, reason = "edge: removes the folders of a fleet that leaves the machine")]

use std::{fs, io, path::PathBuf};

use crate::{
    ledger::store::{Guard, StoreError},
    podman::places::Places,
    settings::Settings,
};

/// The folders of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    state: PathBuf,
    memory: PathBuf,
}

/// Keeps every agent of the fleet away for as long as it lives; none is held where there is no state.
#[derive(Debug)]
pub struct Guarded {
    _guard: Option<Guard>,
}

impl Folders {
    /// Those of the fleet of these settings.
    pub fn of(settings: &Settings) -> Self {
        let places = Places::of_machine(&settings.secrets, &settings.auth_file);
        Self { state: settings.fleet_state(), memory: places.memory.join(settings.fleet.as_str()) }
    }

    /// Those that are there.
    pub fn there(&self) -> Vec<PathBuf> {
        [&self.memory, &self.state].into_iter().filter(|path| path.exists()).cloned().collect()
    }

    /// Takes the guard, without making a folder.
    ///
    /// # Errors
    /// An agent runs, or the disk fails.
    pub fn guard(&self, settings: &Settings) -> Result<Guarded, StoreError> {
        let guard = self.state.is_dir().then(|| Guard::take(&self.state, &settings.fleet)).transpose()?;
        Ok(Guarded { _guard: guard })
    }

    /// Removes them with all that is in them, the state last.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self) -> io::Result<()> {
        for path in [&self.memory, &self.state] {
            match fs::remove_dir_all(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?,
            }
        }
        Ok(())
    }
}
