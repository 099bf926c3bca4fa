use super::{Schedule, Zone, field::Fields};
use crate::time::Timestamp;
use chrono::{Datelike, Timelike};

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

/// The next times as a clock on the wall shows them.
fn next(schedule: &str, in_zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(schedule).unwrap();
    let mut at = time(after);
    let mut found = Vec::new();
    for _ in 0..count {
        at = schedule.next(at, zone(in_zone)).unwrap();
        found.push(zone(in_zone).local(at).to_string());
    }
    found
}

fn refused(text: &str) -> (String, String, String) {
    let error = Schedule::parse(text).unwrap_err();
    (text[error.range.clone()].to_owned(), error.message, error.hint)
}

#[test]
fn names_ranges_lists_and_steps_select_what_they_select_in_kubernetes() {
    let all = |text: &str| {
        let fields = Fields::parse(text).unwrap();
        [fields.minutes, fields.hours, fields.days, fields.months, fields.weekdays]
            .map(|one| one.iter().collect::<Vec<_>>())
    };
    let [minutes, hours, days, months, weekdays] = all("*/20 9-17/4 1,15 JAN,mar-MAY Mon-FRI");
    assert_eq!((minutes, hours, days), (vec![0, 20, 40], vec![9, 13, 17], vec![1, 15]));
    assert_eq!((months, weekdays), (vec![1, 3, 4, 5], vec![1, 2, 3, 4, 5]));
    let [minutes, hours, ..] = all("5/20 */99 ? * 0");
    assert_eq!(
        (minutes, hours),
        (vec![5, 25, 45], vec![0]),
        "a number with a step goes on to the end; a large step is one"
    );
    assert_eq!(Fields::parse("@weekly").unwrap(), Fields::parse("0 0 * * SUN").unwrap());
}

#[test]
fn what_is_no_schedule_is_refused_at_its_place() {
    for (text, place, hint) in [
        ("0 3 * * 7", "7", "Sunday is `0` or `SUN`"),
        ("0 3 * * tues", "tues", "names have three letters: `TUE`"),
        ("0 3 L * *", "L", "`L`, `W` and `#` are not part of a standard schedule"),
        ("60 3 * * *", "60", "it is 0 to 59, or `*`"),
        ("0 3 1-32 * *", "32", "it is 1 to 31, or `*`"),
        ("0 3 * 13 *", "13", "it is 1 to 12, or `JAN` to `DEC`"),
        ("*/0 * * * *", "0", "a step is a whole number from 1 on: `*/15`"),
        (
            "0 0 3 * * *",
            "*",
            "the fields are minute, hour, day of the month, month, day of the week; there are no seconds and no years",
        ),
        (
            "0 3 * *",
            "0 3 * *",
            "the fields are minute, hour, day of the month, month, day of the week: `0 3 * * *` is 3 o'clock",
        ),
        ("TZ=Europe/Berlin 0 3 * * *", "TZ=Europe/Berlin", "write `time-zone=\"Europe/Berlin\"` beside the schedule"),
        ("@every 10", "10", "write a length behind it, such as `@every 1h30m`"),
        ("0 3 * * 5-1", "5-1", "write `1-5`, or two parts: `5-6,0-1`"),
    ] {
        let (found, message, help) = refused(text);
        assert_eq!((found.as_str(), help.as_str()), (place, hint), "{text}: {message}");
    }
    for text in ["", "@fortnightly", "1,,2 * * * *", "- * * * *", "1- * * * *", "é * * * *", "+1 * * * *", "@every 0s"]
    {
        let error = Schedule::parse(text).unwrap_err();
        assert!(text.get(error.range.clone()).is_some(), "{text}: {error:?}");
    }
}

#[test]
fn either_day_field_is_enough_where_both_are_restricted() {
    assert_eq!(
        next("0 0 13 * 5", "UTC", "2026-11-01T00:00:00Z", 4),
        ["2026-11-06 00:00 UTC", "2026-11-13 00:00 UTC", "2026-11-20 00:00 UTC", "2026-11-27 00:00 UTC"]
    );
    // A step of 1 restricts nothing, a step of 2 does.
    assert_eq!(
        next("0 0 13 * */1", "UTC", "2026-11-01T00:00:00Z", 2),
        ["2026-11-13 00:00 UTC", "2026-12-13 00:00 UTC"]
    );
    assert_eq!(
        next("0 0 13 * */2", "UTC", "2026-11-01T00:00:00Z", 2),
        ["2026-11-03 00:00 UTC", "2026-11-05 00:00 UTC"]
    );
}

/// C-111: slots are those of the zone.
#[test]
fn a_time_in_the_gap_of_a_clock_change_is_skipped_that_day() {
    for (in_zone, schedule, after, expected) in [
        ("Europe/Berlin", "30 2 * * *", "2026-03-27T12:00:00Z", ["2026-03-28 02:30 CET", "2026-03-30 02:30 CEST"]),
        ("America/New_York", "30 2 * * *", "2026-03-07T00:00:00Z", ["2026-03-07 02:30 EST", "2026-03-09 02:30 EDT"]),
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-03T00:00:00Z", ["2018-11-03 00:00 -03", "2018-11-05 00:00 -02"]),
        (
            "Australia/Lord_Howe",
            "15 2 * * *",
            "2026-10-02T15:00:00Z",
            ["2026-10-03 02:15 +1030", "2026-10-05 02:15 +11"],
        ),
    ] {
        assert_eq!(next(schedule, in_zone, after, 2), expected, "{in_zone}");
    }
}

#[test]
fn a_time_in_the_doubled_hour_comes_twice_and_in_order() {
    assert_eq!(
        next("*/30 1-2 * * *", "America/New_York", "2026-11-01T04:59:00Z", 6),
        [
            "2026-11-01 01:00 EDT",
            "2026-11-01 01:30 EDT",
            "2026-11-01 01:00 EST",
            "2026-11-01 01:30 EST",
            "2026-11-01 02:00 EST",
            "2026-11-01 02:30 EST"
        ]
    );
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3),
        ["2026-10-25 02:30 CEST", "2026-10-25 02:30 CET", "2026-10-26 02:30 CET"]
    );
    // A time outside of it comes once.
    assert_eq!(
        next("0 4 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25 04:00 CET", "2026-10-26 04:00 CET"]
    );
}

/// Whether the fields select this minute, as the rules are written, without the cron crate.
fn selects(fields: &Fields, at: Timestamp, in_zone: Zone) -> bool {
    let wall = in_zone.at(at).naive_local();
    let small = |number: u32| u8::try_from(number).unwrap();
    let day = fields.days.has(small(wall.day()));
    let weekday = fields.weekdays.has(small(wall.weekday().num_days_from_sunday()));
    let days = if fields.days.star || fields.weekdays.star { day && weekday } else { day || weekday };
    days && fields.minutes.has(small(wall.minute()))
        && fields.hours.has(small(wall.hour()))
        && fields.months.has(small(wall.month()))
}

/// A small generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn field(&mut self, first: u64, last: u64) -> String {
        let mut number = || first + self.below(last - first + 1);
        let (one, other) = (number(), number());
        match self.below(6) {
            0 | 1 => "*".to_owned(),
            2 => format!("{}-{}", one.min(other), one.max(other)),
            3 => format!("*/{}", 1 + self.below(last)),
            4 => format!("{one},{other}"),
            _ => one.to_string(),
        }
    }

    fn schedule(&mut self) -> String {
        let fields = [(0, 59), (0, 4), (1, 31), (1, 12), (0, 6)].map(|(first, last)| self.field(first, last));
        fields.join(" ")
    }
}

#[test]
fn around_clock_changes_each_minute_that_the_fields_select_comes_once_and_in_order() {
    let changes = [
        ("Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("Asia/Kathmandu", "2026-01-01T00:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("UTC", "2028-02-29T00:00:00Z"),
    ];
    let mut numbers = Numbers(7);
    for round in 0..40 {
        let written = numbers.schedule();
        let (fields, schedule) = (Fields::parse(&written).unwrap(), Schedule::parse(&written).unwrap());
        for (in_zone, change) in changes {
            let (in_zone, change) = (zone(in_zone), time(change).seconds());
            let (from, to) = (change - 30 * 3_600, change + 30 * 3_600);
            let minutes = (from..=to).step_by(60).map(Timestamp::from_seconds);
            let expected: Vec<Timestamp> =
                minutes.filter(|at| at.seconds() > from && selects(&fields, *at, in_zone)).collect();
            let first = schedule.next(Timestamp::from_seconds(from), in_zone);
            let found: Vec<Timestamp> = std::iter::successors(first, |at| schedule.next(*at, in_zone))
                .take_while(|at| at.seconds() <= to)
                .collect();
            assert_eq!(found, expected, "round {round}: `{written}` in {}", in_zone.name());
        }
    }
}

#[test]
fn a_day_that_no_year_has_never_comes() {
    for (text, never) in [
        ("0 0 30 2 *", true),
        ("0 0 31 4,6,9,11 *", true),
        ("0 0 29 2 *", false),
        ("0 0 30 2 1", false),
        ("0 0 31 * *", false),
    ] {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(schedule.never_fires(), never, "{text}");
        assert_eq!(schedule.next(time("2026-01-01T00:00:00Z"), Zone::default()).is_none(), never, "{text}");
    }
}

#[test]
fn every_counts_from_the_run_before() {
    let schedule = Schedule::parse("@every 1h30m").unwrap();
    assert_eq!(schedule.next(time("2026-11-23T03:10:05Z"), Zone::default()), Some(time("2026-11-23T04:40:05Z")));
}

#[test]
fn zones_are_known_by_their_names_in_the_database() {
    assert!(Zone::names().count() > 400);
    for text in ["", "Local", "europe/berlin", "CET+1", "Europe/Atlantis"] {
        assert!(Zone::parse(text).is_none(), "{text}");
    }
    let shift = zone("Europe/Berlin").next_shift(time("2026-01-01T00:00:00Z"), time("2026-12-31T00:00:00Z")).unwrap();
    assert_eq!((shift.at, shift.seconds), (time("2026-03-29T01:00:00Z"), 3_600));
}
