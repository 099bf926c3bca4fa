//! `wlc calendar`: when cron jobs run next, and what about it may surprise.

use serde::Serialize;
use wlc_plan::{name::WorkloadName, quantity::Millis, time::Timestamp};

use super::{Done, FINE, Failure, Format, PROBLEMS, Place, USAGE, build, output, project::Project};
use crate::{
    calendar::{self, Concurrency, Entry, Window, text},
    diagnostics::suggest,
    lock::store::Reading,
    model::{cron_job, workload::Workload},
};

/// Shows when cron jobs run next, in the time of their zones, and what about it may surprise: changes of clocks, runs that may
/// overlap, and jobs that one node starts in the same minute.
#[derive(Debug, clap::Args)]
pub(super) struct Calendar {
    /// These cron jobs; none: all.
    names: Vec<String>,
    /// Counts from this time, such as 2026-11-23T03:00:00Z; without it, from now.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Looks so many days ahead.
    #[arg(long, value_name = "N", default_value_t = 366, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// Shows so many runs of each.
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    version: u32,
    from: Timestamp,
    cron_jobs: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    name: WorkloadName,
    schedule: String,
    time_zone: &'static str,
    node: Option<String>,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    at: Timestamp,
    local: String,
}

impl Calendar {
    pub(super) fn run(&self, place: &Place) -> Done {
        let from = match &self.from {
            Some(text) => Timestamp::parse(text).map_err(|error| Failure::new(USAGE, error.to_string()))?,
            None => build::now(),
        };
        let project = Project::open(place, Reading::Healing)?;
        if project.compiled.problems.errors() > 0 {
            project.report(self.format)?;
            return Ok(PROBLEMS);
        }
        let to = from.plus(Millis(u64::from(self.days) * 86_400_000));
        let found = calendar::calendar(self.entries(&project)?, Window { from, to });
        match self.format {
            Format::Text => self.print(&found)?,
            Format::Json => {
                let document = self.document(from, &found);
                let text = serde_json::to_string(&document).expect("strings and numbers always serialize");
                output::result(&format!("{text}\n"))?;
            }
        }
        Ok(FINE)
    }

    /// The cron jobs that are asked for.
    fn entries(&self, project: &Project) -> Result<Vec<Entry>, Failure> {
        let all = entries(project);
        if let Some(name) = self.names.iter().find(|name| all.iter().all(|entry| entry.name.as_str() != *name)) {
            let hint = suggest::hint(name, all.iter().map(|entry| entry.name.as_str()));
            return Err(Failure::new(PROBLEMS, format!("there is no cron job `{name}`; {hint}")));
        }
        let is_meant =
            |entry: &Entry| self.names.is_empty() || self.names.iter().any(|name| name == entry.name.as_str());
        Ok(all.into_iter().filter(is_meant).collect())
    }

    fn print(&self, found: &calendar::Calendar) -> Result<(), Failure> {
        if found.jobs.is_empty() {
            output::note("the repository has no cron jobs");
            return Ok(());
        }
        output::result(&text::runs(found, self.runs))?;
        let notes = text::notes(found);
        if !notes.is_empty() {
            output::result(&format!("\n{}\n", notes.join("\n")))?;
        }
        Ok(())
    }

    fn document(&self, from: Timestamp, found: &calendar::Calendar) -> Document {
        let row = |job: &calendar::Runs| Row {
            name: job.entry.name.clone(),
            schedule: job.entry.schedule.to_string(),
            time_zone: job.entry.zone.name(),
            node: job.entry.node.as_ref().map(ToString::to_string),
            runs: job
                .at
                .iter()
                .take(self.runs)
                .map(|at| Run { at: *at, local: text::local(job.entry.zone, *at) })
                .collect(),
        };
        Document { version: 1, from, cron_jobs: found.jobs.iter().map(row).collect(), notes: text::notes(found) }
    }
}

/// All cron jobs of a repository that run at all.
fn entries(project: &Project) -> Vec<Entry> {
    let compiled = &project.compiled;
    let mut found = Vec::new();
    for (name, workload) in &compiled.repository.workloads {
        let Workload::CronJob(job) = workload else { continue };
        if job.suspend.value {
            continue;
        }
        let placed = compiled.placement.workloads.get(name).and_then(|replicas| replicas.values().next());
        found.push(Entry {
            name: name.clone(),
            schedule: job.schedule.value.0.clone(),
            zone: job.time_zone.value.0,
            node: placed.map(|placed| placed.node.clone()),
            deadline: job.work.deadline.as_ref().map(|deadline| deadline.value),
            concurrency: match job.concurrency.value {
                cron_job::Concurrency::Allow => Concurrency::Allow,
                cron_job::Concurrency::Forbid => Concurrency::Forbid,
                cron_job::Concurrency::Replace => Concurrency::Replace,
            },
        });
    }
    found
}
