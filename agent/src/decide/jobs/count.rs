//! What ends of attempts mean for their job: each is counted once, and a verdict is final (S-182 to S-202, P-062 to P-076).

use wlc_plan::{
    job::{ExitCodes, FailureAction, FailureKind, OnLost, Runs, SuccessRule, Work},
    quantity::Millis,
};

use super::ends::Outcome;
use crate::{
    clock::Moment,
    ledger::jobs::{Attempts, End, JobRecord, Row, Verdict},
    mutant::{self, Mutant},
};

/// The pause after the first failure; it doubles with each that follows (S-184).
const FIRST: Millis = Millis::from_seconds(10);
/// The longest pause (S-184: what the code does, not what its page says).
const LONGEST: Millis = Millis::from_seconds(600);

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed<'a> {
    /// Containers of it ended badly.
    Ended(&'a Outcome),
    /// It was stopped while it was wanted.
    Disrupted,
    /// Its end is not known.
    Lost,
}

/// An attempt of a number succeeded.
pub(super) fn succeed(record: &mut JobRecord, index: u32) {
    record.succeeded.insert(index);
    record.attempts.remove(&index);
    record.row = None;
}

/// An attempt is under way, and has to be accounted for.
pub(super) fn see(record: &mut JobRecord, index: u32, attempt: u32) {
    let attempts = record.attempts.entry(index).or_default();
    attempts.next = attempts.next.max(attempt);
    attempts.seen = true;
}

/// An attempt is ended because nobody wants it any more: it is no failure.
pub(super) fn forget(record: &mut JobRecord, index: u32) {
    if let Some(attempts) = record.attempts.get_mut(&index) {
        attempts.seen = false;
    }
}

/// An attempt of a number failed.
pub(super) fn fail(record: &mut JobRecord, work: &Work, (index, attempt): (u32, u32), failed: &Failed<'_>, at: Moment) {
    let row = |row: Option<Row>| Some(Row { count: row.map_or(0, |row| row.count).saturating_add(1), last: at });
    record.row = row(record.row);
    let before = record.attempts.remove(&index).unwrap_or_default();
    let mut attempts = Attempts { next: attempt.saturating_add(1), seen: false, row: row(before.row), ..before };
    let action = action(work, failed);
    if action != FailureAction::Ignore {
        record.failed = record.failed.saturating_add(1);
        attempts.failed = attempts.failed.saturating_add(1);
    }
    let is_spent = work.backoff_limit_per_index.is_some_and(|limit| attempts.failed > limit);
    if is_spent || action == FailureAction::FailIndex {
        record.failed_numbers.insert(index);
    } else {
        record.attempts.insert(index, attempts);
    }
    match (action, failed) {
        (FailureAction::FailJob, _) => {
            decide(record, End::PodFailurePolicy, at, format!("run {index}: {}", words(failed)))
        }
        (_, Failed::Lost) if work.on_lost == OnLost::Fail => {
            decide(record, End::Lost, at, format!("the result of run {index} is not known"));
        }
        (FailureAction::Ignore | FailureAction::Count | FailureAction::FailIndex, _) => {}
    }
}

/// What the first rule says that matches; without one, a failure counts (S-190 to S-196).
fn action(work: &Work, failed: &Failed<'_>) -> FailureAction {
    let matches = |kind: &FailureKind| match (kind, failed) {
        (FailureKind::Exit(codes), Failed::Ended(outcome)) => any_code(codes, outcome, |is_in| is_in),
        (FailureKind::ExitNot(codes), Failed::Ended(outcome)) => any_code(codes, outcome, |is_in| !is_in),
        (FailureKind::Disrupted, Failed::Disrupted) => true,
        (FailureKind::Exit(_) | FailureKind::ExitNot(_), Failed::Disrupted | Failed::Lost)
        | (FailureKind::Disrupted, Failed::Ended(_) | Failed::Lost) => false,
    };
    work.rules.iter().find(|rule| matches(&rule.on)).map_or(FailureAction::Count, |rule| rule.action)
}

/// S-193: the code 0 is never considered.
fn any_code(codes: &ExitCodes, outcome: &Outcome, is_meant: impl Fn(bool) -> bool) -> bool {
    let counts = outcome.failed.iter().filter(|(name, _)| codes.container.as_ref().is_none_or(|one| one == name));
    let mut counts = counts.filter(|(_, code)| *code != 0);
    counts.any(|(_, code)| is_meant(u8::try_from(*code).is_ok_and(|code| codes.codes.contains(&code))))
}

fn words(failed: &Failed<'_>) -> String {
    match failed {
        Failed::Ended(outcome) => {
            let one = |(name, code): &(_, i32)| format!("`{name}` ended with {code}");
            outcome.failed.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Failed::Disrupted => "it was stopped".to_owned(),
        Failed::Lost => "its result is not known".to_owned(),
    }
}

/// A verdict is final.
pub(super) fn decide(record: &mut JobRecord, end: End, at: Moment, why: String) {
    record.verdict.get_or_insert(Verdict { end, at, why });
}

/// What is known of the pods that are under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UnderWay {
    /// How many there are.
    pub(super) count: u32,
    /// How often their containers were started again.
    pub(super) restarts: u32,
}

/// Finds the verdict, where it is clear (S-202: failures of all come before early success).
pub(super) fn judge(record: &mut JobRecord, work: &Work, is_restarting: bool, under_way: UnderWay, now: Moment) {
    if record.verdict.is_some() {
        return;
    }
    let is_over_limit = |limit: u32| {
        let by_restarts = is_restarting && under_way.restarts > 0 && under_way.restarts >= limit;
        by_restarts || record.failed > limit
    };
    let deadline = work
        .deadline
        .filter(|_| !mutant::is(Mutant::DeadlineIgnored))
        .zip(record.begun)
        .map(|(deadline, begun)| begun.plus(deadline));
    let failed = record.failed_numbers.count();
    let verdict = if let Some(limit) = work.backoff_limit.filter(|limit| is_over_limit(*limit)) {
        Some((End::BackoffLimitExceeded, format!("more than {limit} failures")))
    } else if deadline.is_some_and(|at| at <= now) {
        Some((End::DeadlineExceeded, format!("not through within {}", work.deadline.unwrap_or_default())))
    } else if work.max_failed_indexes.is_some_and(|most| failed > u64::from(most)) {
        Some((End::MaxFailedIndexesExceeded, format!("numbers {} have failed", record.failed_numbers)))
    } else if work.success.iter().any(|rule| is_enough(record, work, rule)) {
        Some((End::SuccessPolicy, String::new()))
    } else {
        completed(record, work, under_way)
    };
    if let Some((end, why)) = verdict {
        decide(record, end, now, why);
    }
}

fn completed(record: &JobRecord, work: &Work, under_way: UnderWay) -> Option<(End, String)> {
    let all = match work.runs {
        Runs::Any(_) => {
            let is_through = !record.succeeded.is_empty() && under_way.count == 0;
            return is_through.then(|| (End::CompletionsReached, String::new()));
        }
        Runs::Each(_) | Runs::Own => u64::from(work.runs.part().count),
    };
    match (record.succeeded.count(), record.failed_numbers.count()) {
        (succeeded, 0) if succeeded >= all => Some((End::CompletionsReached, String::new())),
        (succeeded, failed) if succeeded + failed >= all => {
            Some((End::FailedIndexes, format!("numbers {} have failed", record.failed_numbers)))
        }
        (_, _) => None,
    }
}

/// S-200, S-201.
fn is_enough(record: &JobRecord, work: &Work, rule: &SuccessRule) -> bool {
    let (there, all) = match &rule.indexes {
        Some(indexes) => (record.succeeded.count_in(indexes), indexes.count()),
        None => (record.succeeded.count(), u64::from(work.runs.part().count)),
    };
    there >= rule.count.map_or(all, u64::from)
}

/// When the next attempt may begin after so many that failed. Where the clock went back behind the end, that is now.
pub(super) fn next_at(row: Row, now: Moment) -> Moment {
    let doublings = row.count.saturating_sub(1).min(10);
    let pause = Millis(FIRST.0.saturating_mul(1 << doublings).min(LONGEST.0));
    if row.last > now { now } else { row.last.plus(pause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-064.
    #[test]
    fn pauses_double_to_ten_minutes() {
        let last = Moment(1_000_000);
        let pause = |count| next_at(Row { count, last }, last).since(last).0 / 1_000;
        assert_eq!([1, 2, 3, 6, 7, 40].map(pause), [10, 20, 40, 320, 600, 600]);
        assert_eq!(next_at(Row { count: 3, last }, Moment(5)), Moment(5), "the clock went back");
    }
}
