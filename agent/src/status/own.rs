//! What the agent's own process uses (edge). Read when somebody asks.

use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// What a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Processor time since its start.
    pub cpu: Duration,
    /// Memory that is in use, in bytes.
    pub resident: u64,
    /// Address space in bytes.
    pub virtual_size: u64,
    /// When it was started, in seconds since 1970.
    pub started: u64,
}

impl Own {
    /// Reads the values; none where the system does not give them.
    pub fn read() -> Option<Self> {
        let id = Pid::from_u32(std::process::id());
        let mut system = System::new().ok()?;
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), true, what);
        let process = system.process(id)?;
        Some(Self {
            cpu: Duration::from_millis(process.accumulated_cpu_time()),
            resident: process.memory(),
            virtual_size: process.virtual_memory(),
            started: process.start_time(),
        })
    }
}
