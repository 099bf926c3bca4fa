//! When cron jobs run next, and what about it may surprise: changes of clocks, runs that overlap, herds on one node.
//!
//! A pure function of schedules and a point in time. It decides nothing: what it finds is shown.

mod clocks;
mod herds;
mod overlap;
#[cfg(test)]
mod tests;
pub mod text;

use wlc_plan::{
    name::{NodeName, WorkloadName},
    quantity::Millis,
    schedule::{Schedule, Zone},
    time::Timestamp,
};

pub use self::{clocks::ClockChange, herds::Herd, overlap::Overlap};

/// Of one schedule no more runs are looked at; a schedule of each minute has so many in a week.
const MOST_RUNS: usize = 10_080;

/// A cron job, as far as its times go.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: WorkloadName,
    /// When it runs.
    pub schedule: Schedule,
    /// Whose clock counts.
    pub zone: Zone,
    /// The node that starts it, where one is known.
    pub node: Option<NodeName>,
    /// How long a run may take.
    pub deadline: Option<Millis>,
    /// What happens when the run before is still there.
    pub concurrency: Concurrency,
}

/// What happens when the run before is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// Both run.
    Allow,
    /// The new one is left out.
    Forbid,
    /// The new one ends the old one.
    Replace,
}

/// What is looked at: all times after `from`, up to `to`.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Times after it.
    pub from: Timestamp,
    /// Up to here.
    pub to: Timestamp,
}

/// The times of all cron jobs in a window.
#[derive(Debug)]
pub struct Calendar {
    /// Each job and its runs, by name.
    pub jobs: Vec<Runs>,
    /// Changes of clocks that leave runs out or double them.
    pub clock_changes: Vec<ClockChange>,
    /// Jobs of which a run may last longer than the time to the next.
    pub overlaps: Vec<Overlap>,
    /// Jobs that one node starts in the same minute.
    pub herds: Vec<Herd>,
}

/// A job and its runs in the window.
#[derive(Debug)]
pub struct Runs {
    /// The job.
    pub entry: Entry,
    /// Its runs, in order.
    pub at: Vec<Timestamp>,
}

/// The calendar of these jobs.
pub fn calendar(entries: Vec<Entry>, window: Window) -> Calendar {
    let jobs: Vec<Runs> = entries.into_iter().map(|entry| Runs { at: runs(&entry, window), entry }).collect();
    Calendar {
        clock_changes: jobs.iter().flat_map(|job| clocks::changes(&job.entry, window)).collect(),
        overlaps: jobs.iter().filter_map(overlap::of).collect(),
        herds: herds::of(&jobs),
        jobs,
    }
}

fn runs(entry: &Entry, window: Window) -> Vec<Timestamp> {
    let next = |after: Timestamp| entry.schedule.next(after, entry.zone);
    let runs = std::iter::successors(next(window.from), |at| next(*at));
    runs.take_while(|at| *at <= window.to).take(MOST_RUNS).collect()
}
