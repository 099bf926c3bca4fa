//! `wlc lock`: decides, and writes the lock.

use wlc_plan::name::WorkloadName;

use serde::Serialize;

use super::{Done, FINE, Failure, PROBLEMS, Place, ReportFormat, output, project::Project};
use crate::{
    diagnostics::json,
    lock::{
        Lock, State,
        store::{self, Reading},
    },
};

/// Places every replica and writes the lock, which is committed with the change.
#[derive(Debug, clap::Args)]
pub(super) struct LockCommand {
    /// Forgets what is left of a workload that was removed: its revision numbers begin anew if it returns.
    #[arg(long, value_name = "WORKLOAD")]
    forget: Vec<String>,
    /// How diagnostics and the result are printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<json::One<'a>>,
    locked: Vec<String>,
}

impl LockCommand {
    pub(super) fn run(&self, place: &Place) -> Done {
        let mut project = Project::open(place, Reading::Healing)?;
        project.refuse_what_is_not_carried_out();
        if self.format != ReportFormat::Json {
            project.report(self.format)?;
        }
        let Some(lowered) = &project.compiled.lowered else {
            self.tell(&project, Vec::new())?;
            return Ok(PROBLEMS);
        };
        lowered.content.files().map_err(Failure::problem)?;
        let lock = self.without_forgotten(&lowered.lock)?;
        let changed = project.changed(&lock);
        store::write(&project.lock_folder()?, &lock).map_err(Failure::problem)?;
        output::note(&match changed.len() {
            0 => "the lock is up to date".to_owned(),
            _ => format!("locked: {}", changed.join(", ")),
        });
        project.ended_rollbacks(&lock).iter().for_each(|line| output::note(line));
        self.tell(&project, changed)?;
        Ok(FINE)
    }

    fn tell(&self, project: &Project, locked: Vec<String>) -> Result<(), Failure> {
        if self.format == ReportFormat::Json {
            let sorted = project.compiled.problems.sorted();
            let diagnostics = json::list(&project.compiled.sources, &sorted);
            output::document(&Document { version: 1, diagnostics, locked })?;
        }
        Ok(())
    }

    fn without_forgotten(&self, lock: &Lock) -> Result<Lock, Failure> {
        let mut lock = lock.clone();
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
        Ok(lock)
    }
}
