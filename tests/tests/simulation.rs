//! The short form of `tests/slow simulation`: some worlds of each day's build.

use wlc_tests::simulation::{Script, Tally, live, live_without_power, outages};

const WORLDS: u64 = 40;

/// C-013, C-128, C-138: as many replicas as are asked for, however often agent and Podman are away.
#[test]
fn whatever_happens_promises_are_kept_and_the_world_becomes_as_the_plan_says() {
    let mut tally = Tally::default();
    for seed in 0..WORLDS {
        let (happened, ended) = live(&Script::new(seed));
        tally.add(&happened);
        if let Err(failure) = ended {
            panic!("seed {seed}: {}\n{}", failure.what, failure.journal.join("\n"));
        }
    }
    eprintln!("{tally}");
}

/// Each place where the power can go is one of a few dozen here; `tests/slow power` takes all of them.
#[test]
fn wherever_the_power_goes_while_the_ledger_is_written_no_result_of_a_job_is_lost_or_doubled() {
    let all = outages(0).unwrap_or_else(|failure| panic!("{}\n{}", failure.what, failure.journal.join("\n")));
    assert!(all.len() >= 100, "the ledger is written again and again: {}", all.len());
    for outage in all.into_iter().step_by(13) {
        match live_without_power(0, outage) {
            // Behind the last step the power goes at the next one, which may be of another writing.
            Ok(writings) => {
                let is_there = (outage.writing + 1..=outage.writing + 2).contains(&writings);
                assert!(is_there, "the power was to go at {outage:?}, and the ledger was written {writings} times");
            }
            Err(failure) => panic!("{outage:?}: {}\n{}", failure.what, failure.journal.join("\n")),
        }
    }
}

#[test]
fn a_seed_gives_the_same_world_each_time() {
    let script = Script::new(7);
    assert_eq!(live(&script).0, live(&script).0);
}
