//! What Kubernetes' own end-to-end tests look at, on a real Podman: from a file over `wlc build` and `wlagent` to containers.
//!
//! A scene shows one or more rows of `tests/conformance.tsv`. `tests/run` plays the short scenes; `tests/slow conformance`
//! sets `WLC_CONFORMANCE=all`, plays all of them and prints the table. With `WLC_UPDATE=1` it writes what it
//! came to into `tests/conformance-results.tsv`, of which the page of the book is made.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cluster;
mod cron_job;
mod daemon_set;
mod data;
mod deployment;
mod hook;
mod init;
mod job;
mod looks;
mod pod;
mod probe;
mod replica_set;
mod report;
mod restart;
mod runtime;
mod security;
mod stage;
mod stateful_set;
mod volume;

use std::{
    env,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use report::Outcomes;
use stage::{Length, Scene};
use wlc_tests::conformance::{self, Row};

/// How many scenes are played at once: most of the time each waits for something.
const AT_ONCE: usize = 4;

fn scenes() -> Vec<Scene> {
    let groups = [
        deployment::SCENES,
        replica_set::SCENES,
        stateful_set::SCENES,
        cluster::SCENES,
        daemon_set::SCENES,
        restart::SCENES,
        probe::SCENES,
        hook::SCENES,
        init::SCENES,
        pod::SCENES,
        runtime::SCENES,
        security::SCENES,
        volume::SCENES,
        data::SCENES,
        job::SCENES,
        cron_job::SCENES,
    ];
    groups.concat()
}

fn main() -> ExitCode {
    let begun = Instant::now();
    let is_whole = env::var_os("WLC_CONFORMANCE").is_some_and(|word| word == "all");
    let filters: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let rows = conformance::rows();
    let is_asked = |scene: &Scene| {
        let names = |row: &Row| row.podman.tests().iter().any(|test| test == scene.name);
        let mut ids = rows.iter().filter(|row| names(row)).map(|row| row.id.as_str()).chain([scene.name]);
        filters.is_empty() || ids.any(|id| filters.iter().any(|filter| id.contains(filter.as_str())))
    };
    let played = |scene: &Scene| (is_whole || scene.length == Length::Short) && is_asked(scene);
    let scenes: Vec<Scene> = scenes().into_iter().filter(played).collect();
    stage::catch_panics();
    let outcomes = play(&scenes, &rows);
    report::print(&outcomes, &rows, is_whole, begun.elapsed());
    if is_whole && env::var_os("WLC_UPDATE").is_some() {
        report::write(&outcomes, &rows);
    }
    ExitCode::from(u8::from(outcomes.values().any(report::Outcome::is_failure)))
}

/// Plays scenes, some of them at once, and gathers what became of their rows.
fn play(scenes: &[Scene], rows: &[Row]) -> Outcomes {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Outcomes::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(scenes.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scene) = scenes.get(number) else { return };
                    let begun = Instant::now();
                    let found = stage::play(scene, number, rows);
                    let failed = found.values().filter(|outcome| outcome.is_failure()).count();
                    let took = begun.elapsed().as_secs_f64();
                    eprintln!("scene {} took {took:.1} s, {} rows, {failed} failed", scene.name, found.len());
                    outcomes.lock().expect("no scene panics").extend(found);
                }
            });
        }
    });
    outcomes.into_inner().expect("no scene panics")
}
