//! `tests/slow simulation SEEDS`: plays worlds on all cores, and prints what happened in them.

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

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(count)), first) = (numbers.next(), numbers.next().unwrap_or(Ok(0)).unwrap_or(0)) else {
        eprintln!("simulation SEEDS [FIRST]: plays so many worlds, from this seed on");
        return ExitCode::from(64);
    };
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

/// Plays worlds on all cores until one fails: what happened, and the smallest seed that failed.
fn play(first: u64, count: u64) -> (Tally, Option<(u64, Failure)>) {
    let (next, tally, failed) = (AtomicU64::new(first), Mutex::new(Tally::default()), Mutex::new(None));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || failed.lock().unwrap().is_some() {
                        return;
                    }
                    let (happened, ended) = live(&Script::new(seed));
                    tally.lock().unwrap().add(&happened);
                    if let Err(failure) = ended {
                        failed.lock().unwrap().get_or_insert((seed, failure));
                    }
                }
            });
        }
    });
    (tally.into_inner().unwrap(), failed.into_inner().unwrap())
}

fn tell(seed: u64, failure: Failure) {
    println!("seed {seed} failed: {}", failure.what);
    println!("the shortest part of it that fails:");
    let (script, failure) = shrink(&Script::new(seed), failure);
    for event in &script.events {
        println!("  at {:>7} ms: {:?}", event.at, event.what);
    }
    println!("{}", failure.what);
    failure.journal.iter().for_each(|line| println!("  {line}"));
    println!("play it again: tests/slow simulation 1 {seed}");
}
