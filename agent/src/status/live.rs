//! Live values of the machine (edge): what changes all the time, and is therefore no fact. Read when somebody asks.

use serde::{Deserialize, Serialize};
use sysinfo::System;
use wlc_plan::quantity::{Bytes, Cpu, Millis};

/// How busy the machine is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Memory in bytes.
    pub memory: Bytes,
    /// Memory in bytes that a new process could have without swapping.
    pub memory_available: Bytes,
    /// Mean of the processes that ran or were ready to run in the last minute, in thousandths.
    pub load: Cpu,
    /// Milliseconds since the machine was booted.
    pub uptime: Millis,
}

impl Live {
    /// Reads the values; none where the system does not give them.
    pub fn read() -> Option<Self> {
        let mut system = System::new().ok()?;
        system.refresh_memory();
        let load = System::load_average().ok()?.one * 1_000.0;
        Some(Self {
            memory: Bytes(system.total_memory()),
            memory_available: Bytes(system.available_memory()),
            load: Cpu(thousandths(load)),
            uptime: Millis::from_seconds(System::uptime().ok()?),
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a load is a small number, never below 0")]
fn thousandths(load: f64) -> u64 {
    load.clamp(0.0, 1e12).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_was_booted() {
        let live = Live::read().unwrap();
        assert!(live.memory_available.0 > 0 && live.memory_available <= live.memory, "{live:?}");
        assert!(live.uptime.0 > 0);
    }
}
