//! The options of `wlagent run` that tests of faults need, and nobody else: they are hidden.

use std::path::PathBuf;

use crate::{
    clock,
    ending::{Boundary, Ending},
};

/// What tests of faults ask for. Hidden: nobody else has a use for it.
#[derive(Debug, clap::Args)]
pub(super) struct Faults {
    /// End as SIGKILL does, before the step of this number.
    #[arg(long, hide = true, value_name = "STEP", conflicts_with = "end_after")]
    end_before: Option<u32>,
    /// End as SIGKILL does, after the step of this number.
    #[arg(long, hide = true, value_name = "STEP")]
    end_after: Option<u32>,
    /// A file with the milliseconds by which this agent's clock is ahead of the machine's. It is read each time.
    #[arg(long, hide = true, value_name = "FILE")]
    clock_ahead: Option<PathBuf>,
}

impl Faults {
    /// From now on the clock is as the file says.
    pub(super) fn set_clock(&self) {
        if let Some(file) = &self.clock_ahead {
            clock::run_ahead_by(file);
        }
    }

    /// Where the agent ends.
    pub(super) fn ending(&self) -> Ending {
        let before = self.end_before.map(Boundary::Before);
        before.or(self.end_after.map(Boundary::After)).map_or_else(Ending::default, Ending::at)
    }
}
