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

use wlc_tests::simulation::{Failure, Script, Tally, live, shrink};

const USAGE: &str = "simulation SEEDS [FIRST]: plays so many worlds, from this seed on
simulation --all SEEDS [FIRST]: plays on where one fails, and prints a line for each that does
simulation --list-mutants: the faults that are kept, a line for each
simulation --mutant NAME SEEDS [FIRST]: plays worlds with this fault until one of them finds it";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--all", ref seeds @ ..] => numbers(seeds).map_or_else(usage, count_failures),
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
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let (happened, ended) = live(&Script::new(seed));
                    tally.lock().unwrap().add(&happened);
                    if let Err(failure) = ended
                        && !failed(seed, failure)
                    {
                        next.store(first + count, Ordering::Relaxed);
                    }
                }
            });
        }
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

    pub(super) fn list() -> ExitCode {
        for mutant in Mutant::ALL {
            println!("{}\t{}", mutant.name(), mutant.promise());
        }
        ExitCode::SUCCESS
    }

    /// Plays worlds until one fails; a fault that none of them finds is a failure.
    pub(super) fn hunt(name: &str, (count, first): (u64, u64)) -> ExitCode {
        let Some(mutant) = Mutant::ALL.iter().find(|mutant| mutant.name() == name) else {
            eprintln!("there is no mutant `{name}`; --list-mutants names them");
            return ExitCode::from(64);
        };
        choose(*mutant);
        let begun = Instant::now();
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
