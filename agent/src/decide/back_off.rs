//! How long until the next run of a container that ended, or of a task that failed.
//!
//! Kubernetes' figures (S-251 to S-256): the first restart comes at once, then after 10 s doubling to 5 min, counted from
//! the end of the last run; a run of 10 min begins anew. Clean exits are backed off too.

use wlc_plan::{quantity::Millis, restarts::pause};

use crate::{
    clock::Moment,
    ledger::{Failure, Runs},
    mutant::{self, Mutant},
};

/// A run of this length begins the count anew.
const GOOD_RUN: Millis = Millis::from_seconds(600);
/// The first retry of a failed task comes soon: Podman keeps a port open for a moment after a failed start.
const FIRST_RETRY: Millis = Millis::from_seconds(1);

/// A run of a container that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndedRun {
    /// Which.
    pub(super) attempt: u32,
    /// When it began.
    pub(super) started: Moment,
    /// When it ended.
    pub(super) finished: Moment,
}

impl EndedRun {
    /// Whether it was long enough to begin the count anew.
    pub(super) fn was_good(self) -> bool {
        self.finished.since(self.started) >= GOOD_RUN
    }

    /// When the next run may begin. Where the clock went back behind the end of the run, that is now.
    pub(super) fn next(self, runs: &Runs, now: Moment) -> Moment {
        if self.finished > now || mutant::is(Mutant::BackOffSkipped) {
            now
        } else {
            self.finished.plus(pause(self.restarts_in_a_row(runs)))
        }
    }

    fn restarts_in_a_row(self, runs: &Runs) -> u32 {
        if self.was_good() { 0 } else { self.attempt.checked_sub(runs.good).unwrap_or(self.attempt) }
    }
}

/// When a failed task is tried again. Where the clock went back, that is now.
pub(super) fn retry_at(failure: &Failure, now: Moment) -> Moment {
    let length = match failure.count {
        // S-276: images have a back-off of their own.
        count if failure.cause.is_of_image() => pause(count.max(1)),
        0 | 1 => FIRST_RETRY,
        count => pause(count - 1),
    };
    if failure.at > now || mutant::is(Mutant::RetryAtOnce) { now } else { failure.at.plus(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-253, S-254.
    #[test]
    fn delays_count_from_the_end_and_a_good_run_begins_anew() {
        let minutes = |count: u64| Moment(count * 60_000);
        let short = EndedRun { attempt: 3, started: minutes(100), finished: minutes(101) };
        let at = |run: EndedRun, good| run.next(&Runs { good, ..Runs::default() }, minutes(200));
        assert_eq!(at(short, 0), minutes(101).plus(Millis::from_seconds(40)));
        assert_eq!(at(short, 2), minutes(101).plus(Millis::from_seconds(10)));
        assert_eq!(at(short, 3), minutes(101));
        let good = EndedRun { finished: minutes(110), ..short };
        assert_eq!(at(good, 0), minutes(110));
    }

    #[test]
    fn a_clock_that_went_back_holds_nothing_up() {
        let run = EndedRun { attempt: 5, started: Moment(900), finished: Moment(1_000) };
        assert_eq!(run.next(&Runs::default(), Moment(10)), Moment(10));
    }
}
