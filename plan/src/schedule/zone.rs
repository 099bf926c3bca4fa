//! Time zones by their IANA names, and what a wall clock in one shows.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeZone, Timelike, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::time::Timestamp;

/// A time zone of the IANA database, such as `Europe/Berlin`. The default is `UTC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl Zone {
    /// The zone of this name, spelt as in the database. None where there is none; `Local` is none (S-226).
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What a clock on the wall shows.
    pub fn local(self, time: Timestamp) -> LocalTime {
        let local = self.at(time);
        LocalTime {
            wall: local.naive_local(),
            offset_seconds: local.offset().fix().local_minus_utc(),
            abbreviation: local.format("%Z").to_string(),
        }
    }

    /// The next time after `after` and before `until` at which clocks of the zone are put forward or back.
    pub fn next_shift(self, after: Timestamp, until: Timestamp) -> Option<Shift> {
        const DAY: i64 = 86_400;
        let offset = |seconds: i64| self.local(Timestamp::from_seconds(seconds)).offset_seconds;
        let mut from = after.seconds();
        while from < until.seconds() {
            let to = (from + DAY).min(until.seconds());
            if offset(from) != offset(to) {
                let at = first_changed(from, to, |seconds| offset(seconds) != offset(from));
                return Some(Shift { at: Timestamp::from_seconds(at), seconds: offset(at) - offset(at - 1) });
            }
            from = to;
        }
        None
    }

    pub(super) fn at(self, time: Timestamp) -> DateTime<Tz> {
        let utc = DateTime::from_timestamp(time.seconds(), 0).expect("a time lies inside the years 1970 to 9999");
        self.0.from_utc_datetime(&utc.naive_utc())
    }
}

/// The first second for which `changed` holds; it holds for `to` and not for `from`.
fn first_changed(from: i64, to: i64, changed: impl Fn(i64) -> bool) -> i64 {
    let (mut before, mut behind) = (from, to);
    while behind - before > 1 {
        let middle = before + (behind - before) / 2;
        if changed(middle) { behind = middle } else { before = middle }
    }
    behind
}

/// Clocks of a zone are put forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// The first second of the new time.
    pub at: Timestamp,
    /// By how much: above 0 forward, which leaves a gap; below 0 back, which doubles so much.
    pub seconds: i32,
}

/// What a clock on the wall shows, written `2026-11-23 03:00 CET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    wall: NaiveDateTime,
    /// East of UTC.
    pub offset_seconds: i32,
    /// The name of the offset: `CET`, or `+03` where the zone has no names.
    pub abbreviation: String,
}

impl LocalTime {
    /// The day of the week.
    pub fn weekday(&self) -> Weekday {
        self.wall.weekday()
    }

    /// The minute of the day, 0 to 1439.
    pub fn minute(&self) -> u32 {
        self.wall.hour() * 60 + self.wall.minute()
    }

    /// Whether its minute is not whole, as before zones were agreed on.
    pub fn seconds(&self) -> u32 {
        self.wall.second()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.wall.format("%Y-%m-%d %H:%M"), self.abbreviation)
    }
}
