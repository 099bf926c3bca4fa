//! Changes of clocks: the runs that they leave out or double.

use wlc_plan::{
    name::WorkloadName,
    schedule::{Schedule, Shift, Zone},
    time::Timestamp,
};

use super::{Entry, Window};

/// A change of a clock that a schedule notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockChange {
    /// The job.
    pub name: WorkloadName,
    /// Whose clock changes.
    pub zone: Zone,
    /// The first second of the new time.
    pub at: Timestamp,
    /// By how much: above 0 forward, below 0 back.
    pub seconds: i32,
    /// How many runs are left out, or come a second time.
    pub runs: usize,
}

/// The changes in a window that leave runs of a job out or double them. A schedule that keeps to true time is not
/// surprised: one of each hour, or `@every`.
pub(super) fn changes(entry: &Entry, window: Window) -> Vec<ClockChange> {
    let mut found = Vec::new();
    let mut from = window.from;
    while entry.schedule.follows_wall_clock()
        && let Some(shift) = entry.zone.next_shift(from, window.to)
    {
        let runs = inside(&entry.schedule, entry.zone, &shift);
        if runs > 0 {
            let (name, zone) = (entry.name.clone(), entry.zone);
            found.push(ClockChange { name, zone, at: shift.at, seconds: shift.seconds, runs });
        }
        from = shift.at;
    }
    found
}

/// How many times of the schedule lie in the hour that is left out or doubled, by the clock on the wall.
fn inside(schedule: &Schedule, zone: Zone, shift: &Shift) -> usize {
    let before = i64::from(zone.local(Timestamp::from_seconds(shift.at.seconds() - 1)).offset_seconds);
    let first = shift.at.seconds() + before + i64::from(shift.seconds.min(0));
    let last = first + i64::from(shift.seconds.abs());
    // A clock that knows no changes shows what stands on the wall.
    let steady = Zone::default();
    let next = |after: Timestamp| schedule.next(after, steady);
    let times = std::iter::successors(next(Timestamp::from_seconds(first - 1)), |at| next(*at));
    times.take_while(|at| at.seconds() < last).count()
}
