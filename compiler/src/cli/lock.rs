//! `wlc lock`: decides, and writes the lock.

use std::path::Path;

use wlc_plan::name::WorkloadName;

use super::{Done, FINE, Failure, Format, PROBLEMS, output, project::Project};
use crate::lock::{
    State,
    store::{self, Reading},
};

/// Places every replica and writes the lock, which is committed with the change.
#[derive(Debug, clap::Args)]
pub(super) struct LockCommand {
    /// Forgets what is left of a workload that was removed: its revision numbers begin anew if it returns.
    #[arg(long, value_name = "WORKLOAD")]
    forget: Vec<String>,
}

impl LockCommand {
    pub(super) fn run(&self, dir: &Path) -> Done {
        let project = Project::open(dir, Reading::Healing)?;
        let code = project.report(Format::Text)?;
        let Some(lowered) = &project.compiled.lowered else { return Ok(code.max(PROBLEMS)) };
        lowered.content.files().map_err(Failure::problem)?;
        let mut lock = lowered.lock.clone();
        for name in &self.forget {
            let name = WorkloadName::parse(name).map_err(Failure::problem)?;
            match lock.workloads.get(&name).map(|one| one.state) {
                Some(State::Tombstone) => drop(lock.workloads.remove(&name)),
                Some(State::Live) => {
                    return Err(Failure::new(PROBLEMS, format!("`{name}` is in the files: remove it first")));
                }
                None => return Err(Failure::new(PROBLEMS, format!("the lock knows no `{name}`"))),
            }
        }
        let changed = project.changed(&lock);
        store::write(&project.lock_folder()?, &lock).map_err(Failure::problem)?;
        output::note(&match changed.len() {
            0 => "the lock is up to date".to_owned(),
            _ => format!("locked: {}", changed.join(", ")),
        });
        Ok(FINE)
    }
}
