//! What happens to the ledger while the agent is away: it is removed, torn, copied to another machine, or written by a
//! newer agent. The first two cost back-off and history; with the others the agent must not act.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::time::sleep;
use wlagent::{
    disk::{Disk, replace},
    ledger::store,
};
use wlc_plan::digest::Digest;

use super::{life::World, machine::Machine};

/// The id of the machine.
pub(super) fn this_machine() -> Digest {
    Digest::of(b"this machine")
}

fn another_machine() -> Digest {
    Digest::of(b"another machine")
}

impl World {
    /// The ledger is removed, or one bit of it flips.
    pub(super) fn spoil_ledger(&mut self, bit: Option<usize>) {
        if self.machine.is_barred() {
            return;
        }
        let path = self.ledger();
        let disk = self.machine.disk.as_ref();
        let bytes = disk.read(&path).expect("a simulated disk can be read");
        let Some(mut bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return };
        let done = match bit.map(|bit| bit % (bytes.len() * 8)) {
            Some(bit) => {
                bytes[bit / 8] ^= 1 << (bit % 8);
                replace(disk, &path, &bytes)
            }
            None => disk.remove(&path).and_then(|()| disk.sync(&self.settings.fleet_state())),
        };
        if done.is_ok() {
            self.machine.weather.witness().forget_history();
            self.kill_agent(0);
        }
    }

    /// The disk is found on another machine for a while.
    pub(super) fn clone_disk(&mut self, length: u64) {
        if !self.has_ledger() {
            return;
        }
        self.machine.be(another_machine());
        self.bar(length, |machine| {
            machine.be(this_machine());
            true
        });
    }

    /// A newer agent has written the ledger; somebody puts the older one back after a while.
    pub(super) fn write_newer_ledger(&mut self, length: u64) {
        if !self.has_ledger() {
            return;
        }
        let (path, disk) = (self.ledger(), Arc::clone(&self.machine.disk));
        let before = disk.read(&path).expect("a simulated disk can be read").unwrap_or_default();
        if replace(disk.as_ref(), &path, &store::sealed(2, &"nobody knows")).is_err() {
            return;
        }
        self.bar(length, move |machine| {
            machine.disk.set_full(false);
            replace(machine.disk.as_ref(), &path, &before).is_ok()
        });
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.settings.fleet_state().join("ledger.json")
    }

    fn has_ledger(&self) -> bool {
        let found = self.machine.disk.read(&self.ledger()).expect("a simulated disk can be read");
        found.is_some() && !self.machine.is_barred()
    }

    /// The agent is killed, and must not act until the end of `length`. `end` says whether it could be ended: not while the
    /// power is gone.
    fn bar(&mut self, length: u64, mut end: impl FnMut(&Machine) -> bool + Send + 'static) {
        self.kill_agent(0);
        self.machine.bar(true);
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            sleep(Duration::from_millis(length)).await;
            machine.bar(false);
            while !end(&machine) {
                sleep(Duration::from_millis(100)).await;
            }
        });
    }
}
