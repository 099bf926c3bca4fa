//! Which pods of attempts that ended may go: those of a job that has outlived its time, and the oldest of very many.

use super::run::Run;
use crate::{clock::Moment, ledger::jobs::JobRecord, observed::ObservedPod};

/// So many pods of attempts that have ended stay for their logs; the newest do.
const KEPT: usize = 50;

/// The pods that may go.
pub(super) fn spent<'a>(
    run: &Run<'_>,
    record: &JobRecord,
    over: &[&'a ObservedPod],
    now: Moment,
    dues: &mut Vec<Moment>,
) -> Vec<&'a ObservedPod> {
    let ends = record.finished.zip(run.work.ttl).map(|(at, ttl)| at.plus(ttl));
    dues.extend(ends);
    if ends.is_some_and(|at| at <= now) {
        return over.to_vec();
    }
    let mut newest: Vec<&ObservedPod> = over.to_vec();
    newest.sort_by_key(|pod| (std::cmp::Reverse(pod.created), pod.name.as_str()));
    newest.split_off(newest.len().min(KEPT))
}
