//! The clock jumps by a day, forwards and backwards, in the middle of an update whose replicas count only when they have been ready for
//! a while. It is the agent's own clock: the machine's is left alone.

use std::{fs, path::PathBuf, time::Duration};

use wlc_tests::node::wait_until;

use super::{
    ROLLING, Workload,
    fixture::{Fixture, LIMIT},
    whole,
};

const DAY: i64 = 86_400_000;
/// How long a replica must be ready before the next one may go.
const MIN_READY: Duration = Duration::from_secs(3);

const COUNTS_SLOWLY: Workload =
    Workload { update: "update \"rolling\" max-surge=0 max-unavailable=1 min-ready=\"3s\"", ..ROLLING };

/// A fixture whose agent has a clock of its own.
struct Clocked {
    fixture: Fixture,
    file: PathBuf,
}

impl Clocked {
    fn new(test: &str) -> Option<Self> {
        let fixture = Fixture::new(test, COUNTS_SLOWLY)?;
        let file = fixture.node.path("ahead");
        let made = Self { fixture, file };
        made.jump_to(0);
        Some(made)
    }

    /// By how much the agent's clock is ahead from now on.
    fn jump_to(&self, milliseconds: i64) {
        let beside = self.file.with_extension("new");
        fs::write(&beside, milliseconds.to_string()).expect("files can be written");
        fs::rename(beside, &self.file).expect("files can be renamed");
    }

    fn start_agent(&mut self, options: &[&str]) {
        let file = self.file.display().to_string();
        self.fixture.node.start_agent_with(&[&["--clock-ahead", &file], options].concat());
    }

    fn wait_until_new(&self, count: usize) {
        let came = wait_until("", LIMIT, || self.fixture.answer_anew() >= count);
        assert!(came.is_some(), "{count} replicas are not new: {}", self.fixture.account());
    }

    /// Each replica went down only when the one before it had been ready for long enough.
    fn end(self, figures: &str) {
        let seen = self.fixture.end(figures);
        for pair in seen.outages.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let rest = after.begun.saturating_sub(before.ended);
            assert_ne!(after.replica, before.replica, "no replica goes twice in a row: {:?}", seen.outages);
            assert!(rest + Duration::from_millis(500) > MIN_READY, "{after:?} follows {before:?} after {rest:?}");
        }
    }
}

#[test]
fn a_clock_that_jumps_by_a_day_shortens_no_wait_and_lengthens_none() {
    let Some(mut clocked) = Clocked::new("clock") else { return };
    clocked.start_agent(&[]);
    let mut jumps = 0;
    for (number, (first, second)) in [(DAY, 0), (-DAY, 0)].into_iter().enumerate() {
        clocked.fixture.publish(&format!("jump-{number}"));
        clocked.wait_until_new(1);
        clocked.jump_to(first);
        clocked.wait_until_new(2);
        clocked.jump_to(second);
        clocked.fixture.converge();
        jumps += 2;
        if !whole() {
            break;
        }
    }
    clocked.fixture.is_at_rest();
    clocked.end(&format!("clock: {jumps} jumps by a day, min-ready 3 s"));
}

/// The agent dies, the clock jumps, and it starts again with a ledger of another day.
#[test]
fn a_ledger_of_another_day_is_no_hindrance() {
    if !whole() {
        return;
    }
    let Some(mut clocked) = Clocked::new("clock-ledger") else { return };
    let mut rounds = 0;
    for number in 1..=15 {
        clocked.fixture.publish(&format!("greeting-{number}"));
        clocked.start_agent(&["--end-after", &number.to_string()]);
        if !clocked.fixture.dies() {
            break;
        }
        clocked.jump_to(if number % 2 == 0 { DAY } else { -DAY });
        clocked.start_agent(&[]);
        clocked.fixture.converge();
        clocked.fixture.node.kill_agent();
        clocked.jump_to(0);
        rounds += 1;
    }
    clocked.fixture.is_at_rest();
    clocked.fixture.end(&format!("clock-ledger: {rounds} starts after a jump by a day"));
}
