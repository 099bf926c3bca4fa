//! The fires of schedules against those of an independent implementation, croniter, in twenty time zones over five years.
//!
//! `WLC_CRON_ORACLE` names a Python that has croniter (`tests/setup/oracle.sh` makes one); without it the test is skipped
//! aloud. `WLC_CRON_SCHEDULES` says how many schedules there are.

#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]
#![allow(clippy::disallowed_methods, reason = "the environment names the other implementation")]
#![allow(clippy::print_stdout, reason = "what differs is what people want to read")]

mod schedules;

use std::{
    collections::BTreeMap,
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use wlc_plan::{
    schedule::{Schedule, Zone},
    time::Timestamp,
};
use wlc_tests::{dice::Dice, podman};

/// Some on each continent: with one hour, half an hour and none put forward, north and south, far from UTC, and Morocco,
/// whose clocks follow the moon.
const ZONES: [&str; 20] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Africa/Lagos",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Asia/Tehran",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
];

/// 2026-01-01, in seconds.
const FIRST: i64 = 1_767_225_600;
const FIVE_YEARS: usize = 5 * 365 * 86_400;
/// So many fires are compared from one time on.
const FIRES: usize = 3;
/// So near a change of the clock is what it changes.
const DAYS: i64 = 2 * 86_400;
/// At most so many of a thousand differ elsewhere.
const MOST_IN_A_THOUSAND: usize = 5;
const SAME: &str = "the same";

/// A schedule in a zone, from a time on.
struct Case {
    written: String,
    zone: &'static str,
    after: i64,
}

impl Case {
    fn ours(&self) -> Vec<i64> {
        let schedule = Schedule::parse(&self.written).unwrap();
        let zone = Zone::parse(self.zone).unwrap();
        let next = |after: &i64| schedule.next(Timestamp::from_seconds(*after), zone).map(Timestamp::seconds);
        let fires = std::iter::successors(next(&self.after), next);
        fires.take(FIRES).collect()
    }

    fn has_a_step_of_one_day(&self) -> bool {
        let fields: Vec<&str> = self.written.split(' ').collect();
        [fields[2], fields[4]].contains(&"*/1")
    }

    /// Whether a clock changes near a time at which one of the two fires and the other does not.
    fn is_near_a_shift(&self, ours: &[i64], theirs: &[i64]) -> bool {
        let zone = Zone::parse(self.zone).unwrap();
        let only = |these: &[i64], those: &[i64]| these.iter().find(|time| !those.contains(time)).copied();
        let first = only(ours, theirs).into_iter().chain(only(theirs, ours)).min();
        first.is_some_and(|time| {
            let (from, to) = (Timestamp::from_seconds(time - DAYS), Timestamp::from_seconds(time + DAYS));
            zone.next_shift(from, to).is_some()
        })
    }
}

#[test]
fn fires_are_those_of_an_independent_implementation() {
    let Some(python) = env::var_os("WLC_CRON_ORACLE") else {
        return podman::skip("the fires of schedules against croniter: WLC_CRON_ORACLE names no Python that has it");
    };
    let count: usize = env::var("WLC_CRON_SCHEDULES").map_or(150, |count| count.parse().unwrap());
    let cases = cases(count);
    let theirs = oracle(Path::new(&python), &cases);
    let mut classes: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = case.ours();
        let class = match ours == *theirs {
            true => SAME,
            false if case.has_a_step_of_one_day() => "a day field is `*/1`, which Kubernetes takes for a star",
            false if case.is_near_a_shift(&ours, theirs) => "within two days of a change of the clock",
            false => "elsewhere",
        };
        let (count, example) = classes.entry(class).or_default();
        *count += 1;
        if class != SAME && *count <= 5 {
            example.push_str(&format!(
                "  {} {} after {}: ours {ours:?}, theirs {theirs:?}\n",
                case.written, case.zone, case.after
            ));
        }
    }
    for (class, (count, examples)) in &classes {
        println!("{count} of {}: {class}\n{examples}", cases.len());
    }
    let elsewhere = classes.get("elsewhere").map_or(0, |(count, _)| *count);
    assert!(elsewhere * 1_000 <= cases.len() * MOST_IN_A_THOUSAND, "{elsewhere} differ where no clock changes");
}

/// Each schedule in each zone, half of them from a time shortly before a change of the clock on, where there is one.
fn cases(count: usize) -> Vec<Case> {
    let mut dice = Dice::new(7);
    let mut cases = Vec::new();
    for _ in 0..count {
        let written = schedules::any(&mut dice);
        for name in ZONES {
            let zone = Zone::parse(name).unwrap();
            let at = FIRST + i64::try_from(dice.below(FIVE_YEARS)).unwrap();
            let end = Timestamp::from_seconds(FIRST + i64::try_from(FIVE_YEARS).unwrap());
            let shift = zone.next_shift(Timestamp::from_seconds(at), end).filter(|_| dice.below(2) == 0);
            let before = i64::try_from(dice.below(86_400)).unwrap();
            let after = shift.map_or(at, |shift| shift.at.seconds() - before);
            cases.push(Case { written: written.clone(), zone: name, after });
        }
    }
    cases
}

fn oracle(python: &Path, cases: &[Case]) -> Vec<Vec<i64>> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/schedule/oracle.py");
    // Without a path, zones come from the pinned tzdata and not from this machine.
    let mut command = Command::new(python);
    command.arg(script).env("PYTHONTZPATH", "").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let line = |case: &Case| format!("{}\t{}\t{}\t{FIRES}\n", case.written, case.zone, case.after);
    let asked: String = cases.iter().map(line).collect();
    let writer = thread::spawn(move || to.write_all(asked.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the oracle ended with {}", output.status);
    let said = String::from_utf8(output.stdout).unwrap();
    let fires: Vec<_> =
        said.lines().map(|line| line.split_whitespace().map(|time| time.parse().unwrap()).collect()).collect();
    assert_eq!(fires.len(), cases.len());
    fires
}
