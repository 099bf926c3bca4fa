//! `wlc lock`: decides, and writes the lock.

use std::collections::BTreeMap;

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
    /// The word that a rollout in waves (`by=`) goes on: the next nodes get the new revision of this workload.
    #[arg(long, value_name = "WORKLOAD")]
    next_wave: Vec<String>,
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
        let lock = self.with_next_waves(lock, &lowered.waves)?;
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

    /// The last wave ends the rollout: nobody keeps an older revision any more.
    fn with_next_waves(&self, mut lock: Lock, to_come: &BTreeMap<WorkloadName, Vec<String>>) -> Result<Lock, Failure> {
        for name in &self.next_wave {
            let name = WorkloadName::parse(name).map_err(Failure::problem)?;
            let waiting = to_come.get(&name).and_then(|to_come| to_come.split_first());
            let (Some((next, rest)), Some(one)) = (waiting, lock.workloads.get_mut(&name)) else {
                return Err(Failure::new(PROBLEMS, format!("no wave of `{name}` is to come")));
            };
            one.waves.insert(next.clone());
            if rest.is_empty() {
                one.waves.clear();
                one.base = None;
            }
            output::note(&format!("`{name}`: the wave `{next}` comes, {} to come", rest.len()));
        }
        Ok(lock)
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
