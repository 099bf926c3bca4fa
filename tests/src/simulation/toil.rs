//! The programs of jobs: each runs for a while and ends by itself, well or not, and some never do.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{machine::Machine, seen::Attempt};
use crate::dice::Dice;

/// How often it is looked at who is through.
const LOOK: u64 = 1_500;
/// How long a program runs at most where nothing goes wrong any more.
const SOON: u64 = 5_000;
/// How often somebody wants a run of a cron job.
const WORD: u64 = 200_000;

/// How the program of an attempt runs.
#[derive(Debug, Clone, Copy)]
struct Toil {
    /// How long, in milliseconds; none: until somebody ends it.
    length: Option<u64>,
    code: i32,
}

impl Toil {
    /// Of one attempt it is always the same.
    fn of(seed: u64, attempt: &Attempt, has_deadline: bool, is_calm: bool) -> Self {
        let name = format!("{attempt:?}");
        let mut dice = Dice::new(name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())));
        let length = [2_000, 9_000, 40_000, 150_000, 300_000][dice.below(5)] + dice.below(3_000) as u64;
        let code = [0, 0, 0, 0, 0, 1, 1, 42][dice.below(8)];
        let hangs = dice.below(5) == 0 && has_deadline;
        match (hangs, is_calm) {
            (true, _) => Self { length: None, code },
            (false, true) => Self { length: Some(length.min(SOON)), code: 0 },
            (false, false) => Self { length: Some(length), code },
        }
    }
}

/// Lets the programs of jobs run and end, for ever.
pub(super) async fn toil(machine: Arc<Machine>, seed: u64) {
    let mut dice = Dice::new(seed ^ 0x701);
    let mut said = 0;
    loop {
        sleep(Duration::from_millis(LOOK)).await;
        let (now, is_calm) = (machine.weather.elapsed(), machine.weather.is_calm());
        let running = machine.weather.witness().attempts(now);
        for (name, attempt, age, has_deadline) in running {
            let toil = Toil::of(seed, &attempt, has_deadline, is_calm);
            if toil.length.is_some_and(|length| age >= length) {
                machine.podman.kill(&name, toil.code);
            }
        }
        if !is_calm && now > said + WORD {
            said = now;
            let crons = machine.weather.witness().crons();
            if !crons.is_empty() {
                machine.ask_to_run(&crons[dice.below(crons.len())]);
            }
        }
    }
}
