//! Walks the calendar: the fields → the next time. The cron crate walks, and what differs from Kubernetes is bridged here.

use std::str::FromStr;

use super::{
    Zone,
    field::{Fields, Numbers},
};
use crate::time::Timestamp;

/// Longer than any change of a clock, in seconds: the cron crate gives the times of a doubled hour out of order, so a
/// change so near must be looked through whole.
const NEAR: i64 = 3 * 3_600;

/// What the cron crate walks: one schedule, or two of which either is enough.
#[derive(Debug, Clone)]
pub(super) struct Fires(Vec<cron::Schedule>);

impl Fires {
    /// Of fields. Where both day fields are restricted, either is enough (S-224); the cron crate wants both.
    pub(super) fn of(fields: &Fields) -> Self {
        let any = Numbers { star: true, ..Numbers::default() };
        let days = match (fields.days.star, fields.weekdays.star) {
            (false, false) => vec![(fields.days, any), (any, fields.weekdays)],
            (true, _) => vec![(any, fields.weekdays)],
            (false, true) => vec![(fields.days, any)],
        };
        Self(days.into_iter().map(|(days, weekdays)| schedule(fields, days, weekdays)).collect())
    }

    /// The first time after `after`.
    pub(super) fn next(&self, after: Timestamp, zone: Zone) -> Option<Timestamp> {
        self.0.iter().filter_map(|schedule| next(schedule, after, zone)).min()
    }
}

fn schedule(fields: &Fields, days: Numbers, weekdays: Numbers) -> cron::Schedule {
    let text = format!(
        "0 {} {} {} {} {}",
        list(fields.minutes, 0),
        list(fields.hours, 0),
        list(days, 0),
        list(fields.months, 0),
        // Its Sunday is 1.
        list(weekdays, 1)
    );
    cron::Schedule::from_str(&text).expect("lists of numbers inside their bounds are a schedule of the cron crate")
}

fn list(numbers: Numbers, shift: u8) -> String {
    if numbers.star {
        return "*".to_owned();
    }
    let numbers: Vec<String> = numbers.iter().map(|number| (number + shift).to_string()).collect();
    numbers.join(",")
}

fn next(schedule: &cron::Schedule, after: Timestamp, zone: Zone) -> Option<Timestamp> {
    let first = times(schedule, after, zone).find(|time| *time > after)?;
    if zone.next_shift(earlier(after), later(first)).is_none() {
        return Some(first);
    }
    let near = times(schedule, earlier(after), zone).take_while(|time| *time <= later(first));
    near.filter(|time| *time > after).min()
}

fn times(schedule: &cron::Schedule, from: Timestamp, zone: Zone) -> impl Iterator<Item = Timestamp> {
    schedule.after_owned(zone.at(from)).map(|time| Timestamp::from_seconds(time.timestamp()))
}

fn earlier(time: Timestamp) -> Timestamp {
    Timestamp::from_seconds(time.seconds() - NEAR)
}

fn later(time: Timestamp) -> Timestamp {
    Timestamp::from_seconds(time.seconds() + NEAR)
}
