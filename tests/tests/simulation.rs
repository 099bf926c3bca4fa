//! The short form of `tests/slow simulation`: some worlds of each day's build.

use wlc_tests::simulation::{Script, Tally, live};

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

#[test]
fn a_seed_gives_the_same_world_each_time() {
    let script = Script::new(7);
    assert_eq!(live(&script).0, live(&script).0);
}
