//! Which time of a schedule is due, after times at which nobody looked.

use super::{Kind, Schedule, Zone};
use crate::{quantity::Millis, time::Timestamp};

/// So many times are counted at most.
const MOST: u32 = 100;
/// How far back the newest time is looked for first.
const MINUTE: Millis = Millis::from_seconds(60);

/// Times that have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The newest one.
    pub at: Timestamp,
    /// How many came before it; 100 stands for all that are more.
    pub before: u32,
    /// The newest of those, if any.
    pub newest_before: Option<Timestamp>,
}

impl Schedule {
    /// The newest time after `after` and not after `now`, and how many lie before it. However many there are, it takes as
    /// long as a few hundred of them at most.
    pub fn due(&self, after: Timestamp, now: Timestamp, zone: Zone) -> Option<Due> {
        let at = self.newest(after, now, zone)?;
        let earlier = std::iter::successors(self.next(after, zone), |one| self.next(*one, zone));
        let before = earlier.take_while(|one| *one < at).take(MOST as usize).count();
        let newest_before = self.newest(after, Timestamp::from_seconds(at.seconds().saturating_sub(1)), zone);
        Some(Due { at, before: u32::try_from(before).unwrap_or(MOST), newest_before })
    }

    fn newest(&self, after: Timestamp, now: Timestamp, zone: Zone) -> Option<Timestamp> {
        if let Kind::Every(length) = &self.kind {
            let (length, passed) = (length.0 / 1_000, now.seconds().checked_sub(after.seconds())?);
            let passed = u64::try_from(passed).ok()?;
            let whole = passed.checked_div(length)?.checked_mul(length)?;
            return (whole > 0).then(|| after.plus(Millis(whole.saturating_mul(1_000))));
        }
        let mut back = MINUTE;
        loop {
            let from = Timestamp::from_seconds(now.seconds().saturating_sub_unsigned(back.0 / 1_000)).max(after);
            let first = self.next(from, zone).filter(|at| *at <= now);
            if let Some(first) = first {
                let all = std::iter::successors(Some(first), |at| self.next(*at, zone));
                return all.take_while(|at| *at <= now).last();
            }
            if from <= after {
                return None;
            }
            back = Millis(back.0.saturating_mul(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(schedule: &str, after: &str, now: &str) -> Option<(String, u32)> {
        let time = |text| Timestamp::parse(text).unwrap();
        let due = Schedule::parse(schedule).unwrap().due(time(after), time(now), Zone::default())?;
        assert_eq!(due.newest_before.is_some(), due.before > 0);
        assert!(due.newest_before.is_none_or(|before| time(after) < before && before < due.at));
        Some((due.at.to_string(), due.before))
    }

    /// C-106, S-230, S-231, S-246, P-091, P-092.
    #[test]
    fn of_all_that_were_missed_the_newest_is_due() {
        let of = |at: &str, before| Some((at.to_owned(), before));
        let after = "2026-11-23T00:00:00Z";
        assert_eq!(due("0 * * * *", after, "2026-11-23T00:59:59Z"), None);
        assert_eq!(due("0 * * * *", after, "2026-11-23T01:00:00Z"), of("2026-11-23T01:00:00Z", 0));
        assert_eq!(due("0 * * * *", after, "2026-11-23T03:30:00Z"), of("2026-11-23T03:00:00Z", 2));
        assert_eq!(due("* * * * *", after, "2027-03-01T00:00:30Z"), of("2027-03-01T00:00:00Z", 100));
        assert_eq!(due("0 0 31 * *", after, "2027-03-01T00:00:00Z"), of("2027-01-31T00:00:00Z", 1));
        assert_eq!(due("@every 90s", after, "2026-11-23T00:01:29Z"), None);
        assert_eq!(due("@every 90s", after, "2026-11-23T00:05:00Z"), of("2026-11-23T00:04:30Z", 2));
        assert_eq!(due("0 * * * *", "2026-11-23T05:00:00Z", "2026-11-23T04:00:00Z"), None, "the clock went back");
        assert_eq!(due("@every 90s", "2026-11-23T05:00:00Z", "2026-11-23T04:00:00Z"), None);
    }
}
