//! The calendar in words.

use wlc_plan::{
    quantity::Millis,
    schedule::{LocalTime, Zone},
    time::Timestamp,
};

use super::{Calendar, ClockChange, Concurrency, Herd, Overlap, Runs};

/// The next runs of each job, at most `most` of each, in the time of its zone and in UTC.
pub fn runs(calendar: &Calendar, most: usize) -> String {
    calendar.jobs.iter().map(|job| block(job, most)).collect::<Vec<_>>().join("\n")
}

/// What may surprise, a sentence each.
pub fn notes(calendar: &Calendar) -> Vec<String> {
    let changes = calendar.clock_changes.iter().map(clock_change);
    let overlaps = calendar.overlaps.iter().map(|overlap| self::overlap(overlap, zone_of(calendar, overlap)));
    let herds = calendar.herds.iter().map(herd);
    changes.chain(overlaps).chain(herds).collect()
}

fn block(job: &Runs, most: usize) -> String {
    let entry = &job.entry;
    let node = entry.node.as_ref().map(|node| format!("  on {node}")).unwrap_or_default();
    let mut text = format!("{}  `{}`  {}{node}\n", entry.name, entry.schedule, entry.zone.name());
    if job.at.is_empty() {
        text.push_str("  no run in this time\n");
    }
    for at in job.at.iter().take(most) {
        text.push_str(&format!("  {:<28} {at}\n", local(entry.zone, *at)));
    }
    text
}

/// `Thu 2026-11-26 03:00 CET`.
pub fn local(zone: Zone, at: Timestamp) -> String {
    let local: LocalTime = zone.local(at);
    format!("{} {local}", local.weekday())
}

fn zone_of(calendar: &Calendar, overlap: &Overlap) -> Zone {
    let job = calendar.jobs.iter().find(|job| job.entry.name == overlap.name);
    job.map(|job| job.entry.zone).unwrap_or_default()
}

fn clock_change(change: &ClockChange) -> String {
    let ClockChange { name, zone, at, seconds, runs } = change;
    let length = Millis(u64::from(seconds.unsigned_abs()) * 1_000);
    let (way, effect) = match (*seconds > 0, *runs) {
        (true, 1) => ("forward", "a run is left out".to_owned()),
        (true, runs) => ("forward", format!("{runs} runs are left out")),
        (false, 1) => ("back", "a run comes twice".to_owned()),
        (false, runs) => ("back", format!("{runs} runs come twice")),
    };
    format!("{name}: clocks of {} go {way} by {length} at {at}: {effect}", zone.name())
}

fn overlap(overlap: &Overlap, zone: Zone) -> String {
    let Overlap { name, at, shortest, deadline, concurrency } = overlap;
    let effect = match concurrency {
        Concurrency::Allow => "then both run",
        Concurrency::Forbid => "then the next is left out, or starts late",
        Concurrency::Replace => "then the next ends it",
    };
    format!(
        "{name}: a run may last {deadline}, and the next may be due after {shortest} ({}): {effect}",
        local(zone, *at)
    )
}

fn herd(herd: &Herd) -> String {
    let names: Vec<&str> = herd.jobs.iter().map(|name| name.as_str()).collect();
    let times = match herd.times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    format!(
        "{}: {} jobs start in the same minute {times}, first at {}: {}",
        herd.node,
        names.len(),
        herd.first,
        names.join(", ")
    )
}
