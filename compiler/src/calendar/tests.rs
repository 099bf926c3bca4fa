use wlc_plan::{
    name::{NodeName, WorkloadName},
    quantity::Millis,
    schedule::{Schedule, Zone},
    time::Timestamp,
};

use super::{Calendar, Concurrency, Entry, Window, calendar};

fn entry(name: &str, schedule: &str) -> Entry {
    Entry {
        name: WorkloadName::parse(name).unwrap(),
        schedule: Schedule::parse(schedule).unwrap(),
        zone: Zone::parse("Europe/Berlin").unwrap(),
        node: Some(NodeName::parse("n1").unwrap()),
        deadline: Some(Millis(2 * 3_600_000)),
        concurrency: Concurrency::Forbid,
    }
}

fn year(entries: Vec<Entry>) -> Calendar {
    let time = |text: &str| Timestamp::parse(text).unwrap();
    calendar(entries, Window { from: time("2026-01-01T00:00:00Z"), to: time("2026-12-31T00:00:00Z") })
}

#[test]
fn runs_that_a_clock_change_leaves_out_or_doubles_are_named() {
    let found = year(vec![entry("a", "*/20 2 * * *"), entry("b", "0 3 * * *"), entry("c", "30 * * * *")]);
    let found: Vec<_> =
        found.clock_changes.iter().map(|one| (one.name.as_str(), one.at.to_string(), one.seconds, one.runs)).collect();
    // Berlin goes from 2 to 3 o'clock in March and from 3 to 2 in October: `b` at 3 is outside of both hours.
    let (march, october) = ("2026-03-29T01:00:00Z".to_owned(), "2026-10-25T01:00:00Z".to_owned());
    assert_eq!(found, [("a", march, 3_600, 3), ("a", october, -3_600, 3)]);
}

#[test]
fn a_deadline_longer_than_the_shortest_time_between_two_runs_is_an_overlap() {
    let found = year(vec![entry("a", "0 1,4 * * *"), entry("b", "0 1,2 * * *")]);
    let [overlap] = &found.overlaps[..] else { panic!("{:?}", found.overlaps) };
    assert_eq!((overlap.name.as_str(), overlap.shortest), ("b", Millis(3_600_000)));
}

#[test]
fn three_jobs_in_one_minute_on_one_node_are_a_herd() {
    let mut elsewhere = entry("d", "0 3 * * *");
    elsewhere.node = None;
    let found = year(vec![entry("a", "0 3 * * *"), entry("b", "0 3 * * 1"), entry("c", "0 * 1 * *"), elsewhere]);
    let [herd] = &found.herds[..] else { panic!("{:?}", found.herds) };
    // Of 2026 the 1st of June is a Monday, and no other first day of a month.
    assert_eq!((herd.first.to_string(), herd.times, herd.jobs.len()), ("2026-06-01T01:00:00Z".to_owned(), 1, 3));
}
