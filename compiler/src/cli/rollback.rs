//! `wlc rollback`: builds an earlier revision of a workload until its files change.

use wlc_plan::name::WorkloadName;

use super::{Done, FINE, Failure, PROBLEMS, Place, ReportFormat, output, project::Project};
use crate::{
    lock::{
        Lock, State,
        store::{self, Reading},
    },
    pins::Pin,
    rollback::{Decided, Target, decide, undo},
};

/// Goes back to an earlier revision of a workload, until its files change. Writes the lock only.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    /// The workload.
    workload: String,
    /// The number of the revision, as `wlc history` shows it; without it, the one before.
    #[arg(long, value_name = "N", conflicts_with = "undo", value_parser = clap::value_parser!(u32).range(1..))]
    to: Option<u32>,
    /// Takes a rollback back: what the files say is built again.
    #[arg(long)]
    undo: bool,
}

impl Rollback {
    pub(super) fn run(&self, place: &Place) -> Done {
        let mut project = Project::open(place, Reading::Healing)?;
        let (name, lock) = project.locked(&self.workload)?;
        if lock.state == State::Tombstone {
            return Err(Failure::new(PROBLEMS, format!("`{name}` is removed: there is nothing to roll back")));
        }
        project.refuse_what_is_not_carried_out();
        let Some(lowered) = &project.compiled.lowered else {
            project.report(ReportFormat::Text)?;
            return Ok(PROBLEMS);
        };
        let Decided::Changed { lock, from, to } = self.decide(&project, &name, &lowered.lock)? else {
            output::note(&format!("skipped: `{name}` runs the template of this revision already"));
            return Ok(FINE);
        };
        let mut changed = lowered.lock.clone();
        changed.workloads.insert(name.clone(), *lock);
        self.write(place, &project, &changed)?;
        output::note(&match self.undo {
            true => format!("the rollback of `{name}` is taken back: revision {to} is what the files say"),
            false => format!("`{name}`: revision {to} is built, with the template of revision {from}"),
        });
        output::note("commit the lock, then build");
        Ok(FINE)
    }

    fn decide(&self, project: &Project, name: &WorkloadName, lock: &Lock) -> Result<Decided, Failure> {
        let one = lock.workloads.get(name).ok_or_else(|| Failure::new(PROBLEMS, format!("`{name}` is in no file")))?;
        let failed = |error| Failure::new(PROBLEMS, format!("`{name}` cannot be rolled back: {error}"));
        if self.undo {
            let was_pinned = project.lock.workloads.get(name).is_some_and(|one| one.pinned.is_some());
            if was_pinned && one.pinned.is_none() {
                let why = "has ended: the files have another revision; `wlc lock` writes it down";
                return Err(Failure::new(PROBLEMS, format!("the rollback of `{name}` {why}")));
            }
            return undo(one).map_err(|error| Failure::new(PROBLEMS, format!("`{name}`: {error}")));
        }
        let newest = one.newest().and_then(|newest| lock.bodies.get(&newest.reference.spec));
        let pinned = project.compiled.pins.get(name).map(|Pin { source, .. }| source.clone());
        let source = match (pinned, newest) {
            (Some(source), _) => source,
            (None, Some(body)) => wlc_plan::canonical::decode(body).map_err(Failure::problem)?,
            (None, None) => return Err(Failure::new(PROBLEMS, format!("the lock has no template of `{name}`"))),
        };
        decide(one, &lock.bodies, &source, self.to.map_or(Target::Previous, Target::Number)).map_err(failed)
    }

    /// Compiles with the new lock, since another template may ask for more, and writes what comes of it.
    fn write(&self, place: &Place, project: &Project, changed: &Lock) -> Result<(), Failure> {
        let again = Project::open_with(place, changed)?;
        let Some(lowered) = &again.compiled.lowered else {
            again.report(ReportFormat::Text)?;
            return Err(Failure::new(PROBLEMS, format!("`{}` stays as it is", self.workload)));
        };
        lowered.content.files().map_err(Failure::problem)?;
        store::write(&project.lock_folder()?, &lowered.lock).map_err(Failure::problem)
    }
}
