//! `tests/slow simulation SEEDS` and `tests/slow mutants`: plays worlds on all cores, and prints what happened in them.

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use wlc_tests::simulation::{Failure, Script, Tally, live, live_without_power, outages, shrink};

const USAGE: &str = "simulation SEEDS [FIRST]: plays so many worlds, from this seed on
simulation --all SEEDS [FIRST]: plays on where one fails, and prints a line for each that does
simulation --power SEEDS [FIRST]: power is lost at each writing of the ledger of so many worlds of jobs
simulation --list-mutants: the faults that are kept, a line for each
simulation --mutant NAME SEEDS [FIRST]: plays worlds with this fault until one of them finds it";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--all", ref seeds @ ..] => numbers(seeds).map_or_else(usage, count_failures),
        ["--power", ref seeds @ ..] => numbers(seeds).map_or_else(usage, lose_power),
        ["--list-mutants"] => mutants::list(),
        ["--mutant", name, ref seeds @ ..] => numbers(seeds).map_or_else(usage, |seeds| mutants::hunt(name, seeds)),
        ref seeds => numbers(seeds).map_or_else(usage, simulate),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(64)
}

/// How many worlds, and the first of them.
fn numbers(words: &[&str]) -> Option<(u64, u64)> {
    match *words {
        [count] => Some((count.parse().ok()?, 0)),
        [count, first] => Some((count.parse().ok()?, first.parse().ok()?)),
        _ => None,
    }
}

fn simulate((count, first): (u64, u64)) -> ExitCode {
    let begun = Instant::now();
    let (tally, failed) = play(first, count);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{tally}");
    println!("{} worlds in {seconds:.1} s: {:.1} worlds per second", tally.worlds, tally.worlds as f64 / seconds);
    match failed {
        None => ExitCode::SUCCESS,
        Some((seed, failure)) => {
            tell(seed, failure);
            ExitCode::FAILURE
        }
    }
}

/// Plays all worlds, and tells of each that fails.
fn count_failures((count, first): (u64, u64)) -> ExitCode {
    let (begun, failures) = (Instant::now(), AtomicU64::new(0));
    let tally = play_on(first, count, |seed, failure| {
        failures.fetch_add(1, Ordering::Relaxed);
        println!("seed {seed} failed: {}", failure.what.lines().next().unwrap_or_default());
        true
    });
    let (seconds, failures) = (begun.elapsed().as_secs_f64(), failures.into_inner());
    println!("{} worlds in {seconds:.1} s, {failures} of them failed", tally.worlds);
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Loses power at each writing of the ledger of so many worlds, on all cores, and tells of each that fails.
fn lose_power((count, first): (u64, u64)) -> ExitCode {
    let (begun, next, failures) = (Instant::now(), AtomicU64::new(first), AtomicU64::new(0));
    let (played, fail) = (AtomicU64::new(0), |seed: u64, place: String, failure: Failure| {
        failures.fetch_add(1, Ordering::Relaxed);
        println!("seed {seed} failed where the power went {place}: {}", failure.what);
        failure.journal.iter().for_each(|line| println!("  {line}"));
    });
    let play = |seed| match outages(seed) {
        Err(failure) => fail(seed, "never".to_owned(), failure),
        Ok(all) => all.into_iter().for_each(|outage| {
            played.fetch_add(1, Ordering::Relaxed);
            live_without_power(seed, outage).map_or_else(|failure| fail(seed, format!("at {outage:?}"), failure), drop);
        }),
    };
    on_all_cores(|| (seed_below(&next, first + count)).map(play).is_some());
    let (played, failures, seconds) = (played.into_inner(), failures.into_inner(), begun.elapsed().as_secs_f64());
    println!("power was lost in {played} places of {count} worlds of jobs, {seconds:.1} s, {failures} of them failed");
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does something on each core for as long as it says that there is more.
fn on_all_cores(work: impl Fn() -> bool + Sync) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(|| while work() {}))));
}

/// The next seed, if there is one.
fn seed_below(next: &AtomicU64, end: u64) -> Option<u64> {
    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < end)
}

/// Plays worlds on all cores until one fails: what happened, and a seed that failed.
fn play(first: u64, count: u64) -> (Tally, Option<(u64, Failure)>) {
    let failed = Mutex::new(None);
    let tally = play_on(first, count, |seed, failure| {
        failed.lock().unwrap().get_or_insert((seed, failure));
        false
    });
    (tally, failed.into_inner().unwrap())
}

/// Plays worlds on all cores; `failed` is told of each that fails, and whether to go on is its word.
fn play_on(first: u64, count: u64, failed: impl Fn(u64, Failure) -> bool + Sync) -> Tally {
    let (next, tally) = (AtomicU64::new(first), Mutex::new(Tally::default()));
    on_all_cores(|| {
        let Some(seed) = seed_below(&next, first + count) else { return false };
        let (happened, ended) = live(&Script::new(seed));
        tally.lock().unwrap().add(&happened);
        if let Err(failure) = ended
            && !failed(seed, failure)
        {
            next.store(first + count, Ordering::Relaxed);
        }
        true
    });
    tally.into_inner().unwrap()
}

fn tell(seed: u64, failure: Failure) {
    println!("seed {seed} failed: {}", failure.what);
    failure.journal.iter().for_each(|line| println!("  {line}"));
    println!("the shortest part of it that fails:");
    let (script, failure) = shrink(&Script::new(seed), failure);
    for event in &script.events {
        println!("  at {:>7} ms: {:?}", event.at, event.what);
    }
    println!("{}", failure.what);
    failure.journal.iter().for_each(|line| println!("  {line}"));
    println!("play it again: tests/slow simulation 1 {seed}");
}

/// The faults that are kept.
#[cfg(feature = "mutants")]
mod mutants {
    use std::{process::ExitCode, time::Instant};

    use wlagent::mutant::{Mutant, choose};
    use wlc_tests::simulation::{Span, live_long};

    pub(super) fn list() -> ExitCode {
        for mutant in Mutant::ALL {
            println!("{}\t{}", mutant.name(), mutant.promise());
        }
        ExitCode::SUCCESS
    }

    /// What only grows is found by a long life.
    fn live_on(mutant: Mutant, begun: Instant) -> ExitCode {
        let name = mutant.name();
        let growth = live_long(Span::SHORT, || 0).map(|life| life.growth());
        let (growth, seconds) = (growth.unwrap_or_else(|failure| vec![failure.what]), begun.elapsed().as_secs_f64());
        match growth.first() {
            Some(what) => {
                println!("{name}: found by a long life, {seconds:.1} s: {what}");
                ExitCode::SUCCESS
            }
            None => {
                println!("{name}: SURVIVES a long life, {seconds:.1} s, though it breaks: {}", mutant.promise());
                ExitCode::FAILURE
            }
        }
    }

    /// Plays worlds until one fails; a fault that none of them finds is a failure.
    pub(super) fn hunt(name: &str, (count, first): (u64, u64)) -> ExitCode {
        let Some(mutant) = Mutant::ALL.iter().find(|mutant| mutant.name() == name) else {
            eprintln!("there is no mutant `{name}`; --list-mutants names them");
            return ExitCode::from(64);
        };
        choose(*mutant);
        let begun = Instant::now();
        if *mutant == Mutant::GoneRemembered {
            return live_on(*mutant, begun);
        }
        let (tally, failed) = super::play(first, count);
        let (worlds, seconds) = (tally.worlds, begun.elapsed().as_secs_f64());
        match failed {
            Some((seed, failure)) => {
                let what = failure.what.lines().next().unwrap_or_default();
                println!("{name}: found after {worlds} worlds, {seconds:.1} s, by seed {seed}: {what}");
                ExitCode::SUCCESS
            }
            None => {
                println!("{name}: SURVIVES {worlds} worlds, {seconds:.1} s, though it breaks: {}", mutant.promise());
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(not(feature = "mutants"))]
mod mutants {
    use std::process::ExitCode;

    pub(super) fn list() -> ExitCode {
        eprintln!("this build has no mutants: tests/slow mutants makes one that has");
        ExitCode::from(64)
    }

    pub(super) fn hunt(_: &str, _: (u64, u64)) -> ExitCode {
        list()
    }
}
