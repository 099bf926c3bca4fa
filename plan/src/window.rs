//! Windows: whether a clock is inside one of those of a gate, and when the next one opens.

use crate::{
    gate::{Between, Weekday, Window},
    quantity::Millis,
    schedule::Zone,
    time::Timestamp,
};

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// What a clock says of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is inside one of them.
    Open,
    /// It is outside; the next one opens then, or a little later where clocks are put back before.
    ClosedUntil(Timestamp),
    /// There is none.
    Never,
}

impl Between {
    /// What the clock says at this time.
    pub fn at(&self, time: Timestamp) -> Opening {
        let Some(zone) = Zone::parse(&self.zone).filter(|_| !self.windows.is_empty()) else { return Opening::Never };
        let now = minute_of_week(zone, time);
        if self.starts().any(|(start, minutes)| (now + WEEK - start) % WEEK < minutes) {
            return Opening::Open;
        }
        let next = self.starts().map(|(start, _)| (start + WEEK - now - 1) % WEEK + 1).min();
        next.map_or(Opening::Never, |minutes| Opening::ClosedUntil(after(zone, time, minutes)))
    }

    /// Whether it can be read as a clock: a zone that is known, and windows that last.
    pub(crate) fn is_whole(&self) -> bool {
        let lasts = |window: &Window| {
            !window.days.is_empty() && u32::from(window.from) < DAY && (1..=WEEK).contains(&u32::from(window.minutes))
        };
        Zone::parse(&self.zone).is_some() && self.windows.iter().all(lasts)
    }

    /// Each opening as a minute of the week, with the minutes that it stays open.
    fn starts(&self) -> impl Iterator<Item = (u32, u32)> {
        let of_day = |window: &Window, day: Weekday| {
            (day.days_after_monday() * DAY + u32::from(window.from), u32::from(window.minutes))
        };
        self.windows.iter().flat_map(move |window| window.days.iter().map(move |day| of_day(window, *day)))
    }
}

impl Weekday {
    fn days_after_monday(self) -> u32 {
        match self {
            Self::Monday => 0,
            Self::Tuesday => 1,
            Self::Wednesday => 2,
            Self::Thursday => 3,
            Self::Friday => 4,
            Self::Saturday => 5,
            Self::Sunday => 6,
        }
    }
}

fn minute_of_week(zone: Zone, time: Timestamp) -> u32 {
    let local = zone.local(time);
    local.weekday().num_days_from_monday() * DAY + local.minute()
}

/// So many minutes of the wall later; clocks that are put forward on the way bring it nearer.
fn after(zone: Zone, time: Timestamp, minutes: u32) -> Timestamp {
    let whole = Timestamp::from_seconds(time.seconds() - time.seconds().rem_euclid(60));
    let then = whole.plus(Millis::from_seconds(u64::from(minutes) * 60));
    let forward = zone.local(then).offset_seconds - zone.local(time).offset_seconds;
    Timestamp::from_seconds(then.seconds() - i64::from(forward.max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nightly(zone: &str) -> Between {
        use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        let days = vec![Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];
        Between { zone: zone.to_owned(), windows: vec![Window { days, from: 22 * 60, minutes: 4 * 60 }] }
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_window_over_midnight_opens_each_day_in_its_zone() {
        let utc = nightly("UTC");
        let closed = |until: &str| Opening::ClosedUntil(time(until));
        assert_eq!(utc.at(time("2026-11-23T21:59:59Z")), closed("2026-11-23T22:00:00Z"));
        assert_eq!(utc.at(time("2026-11-23T22:00:00Z")), Opening::Open);
        assert_eq!(utc.at(time("2026-11-24T01:59:59Z")), Opening::Open);
        assert_eq!(utc.at(time("2026-11-24T02:00:00Z")), closed("2026-11-24T22:00:00Z"));
        assert_eq!(nightly("Europe/Berlin").at(time("2026-11-23T21:00:00Z")), Opening::Open);
        assert_eq!(nightly("Europe/Berlin").at(time("2026-11-23T20:59:00Z")), closed("2026-11-23T21:00:00Z"));
    }

    /// Berlin put its clocks forward on 2026-03-29: between noon before and ten in the evening after lie 33 hours.
    #[test]
    fn clocks_that_are_put_forward_bring_the_window_nearer() {
        let weekly = Between {
            zone: "Europe/Berlin".to_owned(),
            windows: vec![Window { days: vec![Weekday::Sunday], from: 22 * 60, minutes: 60 }],
        };
        let until = Opening::ClosedUntil(time("2026-03-29T20:00:00Z"));
        assert_eq!(weekly.at(time("2026-03-28T11:00:00Z")), until);
    }

    #[test]
    fn without_a_window_it_never_opens() {
        let never = Between { zone: "UTC".to_owned(), windows: Vec::new() };
        assert_eq!(never.at(time("2026-11-23T21:59:59Z")), Opening::Never);
        assert!(never.is_whole() && !Between { zone: "Mars".to_owned(), ..never }.is_whole());
    }
}
