//! `tests/slow week`: lives for a week in simulated time, and tells what there was at most in each half of it.
#![allow(clippy::print_stdout, reason = "a program of the tests prints its figures")]

use std::{process::ExitCode, time::Instant};

use peak_alloc::PeakAlloc;
use wlc_tests::simulation::{Span, live_long};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    let words: Vec<Option<u64>> = std::env::args().skip(1).map(|word| word.parse().ok()).collect();
    let span = match words[..] {
        [] => Span::WEEK,
        [Some(seed)] => Span { seed, ..Span::WEEK },
        [Some(seed), Some(rounds), Some(minutes)] => Span { seed, rounds, minutes, ..Span::WEEK },
        [Some(seed), Some(rounds), Some(minutes), Some(settles)] => {
            Span { seed, rounds, minutes, settles, ..Span::WEEK }
        }
        _ => {
            eprintln!(
                "week [SEED [ROUNDS MINUTES]]: lives for 14 rounds of 12 hours, or for so many of so many minutes"
            );
            return ExitCode::from(64);
        }
    };
    let unbroken = lives(span, "one agent that lives all the time");
    let restless = lives(Span { is_unbroken: false, ..span }, "an agent that dies again and again");
    if unbroken && restless { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether all that is promised was kept, and nothing grew.
fn lives(span: Span, title: &str) -> bool {
    let begun = Instant::now();
    let lived = live_long(span, || ALLOCATOR.current_usage());
    let (hours, seconds) = (span.rounds * span.minutes / 60, begun.elapsed().as_secs_f64());
    println!("{title}: {hours} h, played in {seconds:.1} s");
    match lived {
        Ok(life) => {
            print!("{life}");
            let growth = life.growth();
            growth.iter().for_each(|what| println!("GREW {what}"));
            growth.is_empty()
        }
        Err(failure) => {
            println!("failed: {}", failure.what);
            failure.journal.iter().for_each(|line| println!("  {line}"));
            false
        }
    }
}
