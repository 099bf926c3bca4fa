//! Runs that may last longer than the time to the next.

use wlc_plan::{name::WorkloadName, quantity::Millis, time::Timestamp};

use super::{Concurrency, Runs};

/// A job of which a run may still be there when the next is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The job.
    pub name: WorkloadName,
    /// The run after which the next comes soonest.
    pub at: Timestamp,
    /// How soon.
    pub shortest: Millis,
    /// How long a run may take.
    pub deadline: Millis,
    /// What then happens.
    pub concurrency: Concurrency,
}

/// Whether the job's deadline is longer than the shortest time between two of its runs.
pub(super) fn of(job: &Runs) -> Option<Overlap> {
    let deadline = job.entry.deadline?;
    let between =
        |pair: &[Timestamp]| (Millis((pair[1].seconds() - pair[0].seconds()).unsigned_abs() * 1_000), pair[0]);
    let (shortest, at) = job.at.windows(2).map(between).min()?;
    let (name, concurrency) = (job.entry.name.clone(), job.entry.concurrency);
    (shortest < deadline).then_some(Overlap { name, at, shortest, deadline, concurrency })
}
