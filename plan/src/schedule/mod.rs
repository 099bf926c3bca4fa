//! When a cron job starts: a schedule of five fields in a time zone, as Kubernetes reads it.
//!
//! Both halves ask the same code: `wlc` checks a schedule and shows the next runs, `wlagent` fires. The fields are read
//! here, since Kubernetes' rules differ from those of the cron crate, which then walks the calendar: a sixth field is refused,
//! Sunday is 0, `*/1` counts as a star, and when both day fields are restricted, either is enough.
//!
//! A wall clock that is put forward has a gap: a time inside it does not exist, and the schedule does not fire on that day.
//! A wall clock that is put back has a doubled hour: a time inside it comes twice, and the schedule fires twice (S-227,
//! S-228).

mod due;
mod error;
mod field;
mod fires;
mod names;
#[cfg(test)]
mod tests;
mod zone;

use std::fmt;

pub use due::Due;
pub use error::ScheduleError;
pub use zone::{LocalTime, Shift, Zone};

use self::{field::Fields, fires::Fires};
use crate::{quantity::Millis, time::Timestamp};

/// A schedule, such as `0 3 * * 1-5`, `@daily` or `@every 90m`.
#[derive(Debug, Clone)]
pub struct Schedule {
    written: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// At the times that five fields select.
    Fields { fields: Fields, fires: Fires },
    /// So long after the run before.
    Every(Millis),
}

impl Schedule {
    /// Reads a schedule: five fields with names, ranges, lists and steps; `@hourly` and its like; `@every` with a length.
    pub fn parse(written: &str) -> Result<Self, ScheduleError> {
        let kind = match written.strip_prefix("@every ") {
            Some(length) => Kind::Every(names::every(length, written)?),
            None => {
                let fields = Fields::parse(written)?;
                Kind::Fields { fires: Fires::of(&fields), fields }
            }
        };
        Ok(Self { written: written.to_owned(), kind })
    }

    /// As it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The first time after `after` at which it fires; none if it never does before the year 2100.
    ///
    /// `@every` counts from `after`, which then is the run before, or the time since when the schedule is known.
    pub fn next(&self, after: Timestamp, zone: Zone) -> Option<Timestamp> {
        match &self.kind {
            Kind::Fields { fires, .. } => fires.next(after, zone),
            Kind::Every(length) => Some(after.plus(*length)),
        }
    }

    /// Whether it names hours of a clock on the wall; one of each hour, or `@every`, goes on in true time when clocks change.
    pub fn follows_wall_clock(&self) -> bool {
        match &self.kind {
            Kind::Fields { fields, .. } => !fields.hours.star,
            Kind::Every(_) => false,
        }
    }

    /// Whether its days exist in no year, such as the 30th of February (S-225).
    pub fn never_fires(&self) -> bool {
        match &self.kind {
            Kind::Fields { fields, .. } => !fields.has_a_day(),
            Kind::Every(_) => false,
        }
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Schedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}
