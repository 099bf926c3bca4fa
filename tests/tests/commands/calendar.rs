//! `wlc calendar`: the cron jobs of `tests/calendar/`, seen from a fixed day.

use wlc_tests::{folder, golden, repository::Repository, running};

use crate::json;

const FROM: [&str; 5] = ["calendar", "--from", "2026-11-23T03:00:00Z", "--runs", "3"];

fn jobs() -> Repository {
    let repository = Repository::new();
    folder::copy(&running::workspace().join("tests/calendar"), repository.path());
    repository
}

#[test]
fn the_calendar_names_runs_clock_changes_overlaps_and_herds() {
    let ran = jobs().wlc(&FROM);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(golden::compare(&running::workspace().join("tests/calendar/expected.txt"), &ran.stdout), None);
}

#[test]
fn the_calendar_as_json_says_the_same() {
    let ran = jobs().wlc(&[&FROM[..], &["--format", "json", "backup"]].concat());
    let document = json(&ran);
    assert_eq!(document["version"], 1);
    assert_eq!(document["cron_jobs"].as_array().unwrap().len(), 1);
    assert_eq!(document["cron_jobs"][0]["node"], "n1");
    let runs = document["cron_jobs"][0]["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["local"]), (3, &"Tue 2026-11-24 02:30 CET".into()));
    assert!(document["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("left out")));
}

#[test]
fn a_cron_job_that_is_not_there_is_named_with_the_nearest() {
    let ran = jobs().wlc(&["calendar", "backups"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("there is no cron job `backups`; did you mean `backup`?"), "{}", ran.stderr);
    assert_eq!(jobs().wlc(&["calendar", "--from", "yesterday"]).code, Some(64));
}
