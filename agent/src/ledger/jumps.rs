//! A clock that jumps while the agent looks on: what was noted before counts as long ago as it was, so that no wait is
//! shortened or lengthened, and nothing is given up before its time. Slots of cron jobs are times of the clock, and stay.

use std::collections::BTreeMap;

use super::{Ledger, jobs::JobRecord};
use crate::clock::Moment;

impl Ledger {
    /// The clock has jumped by so many milliseconds.
    pub fn clock_jumped(&mut self, milliseconds: i64) {
        let ends = self.pods.values_mut().flat_map(BTreeMap::values_mut).flat_map(|runs| runs.ends.values_mut());
        let turns = self.rollouts.values_mut().flat_map(|record| record.begun.values_mut()).map(|begun| &mut begun.at);
        let failures = self.failures.values_mut().map(|failure| &mut failure.at);
        let unneeded = self.images.values_mut().filter_map(|fetched| fetched.unneeded.as_mut());
        let of_cron = self.crons.values_mut().flat_map(|record| record.runs.values_mut());
        let jobs = self.jobs.values_mut().chain(of_cron).flat_map(moments);
        let moments = ends.chain(turns).chain(failures).chain(unneeded).chain(jobs);
        moments.for_each(|at| *at = at.jumped(milliseconds));
    }
}

/// From when on the deadlines and back-offs of a run count, and how long it is kept.
fn moments(record: &mut JobRecord) -> impl Iterator<Item = &mut Moment> {
    let rows = record.attempts.values_mut().map(|attempts| &mut attempts.row).chain([&mut record.row]);
    let ends = rows.filter_map(|row| row.as_mut().map(|row| &mut row.last));
    ends.chain(record.begun.as_mut()).chain(record.finished.as_mut())
}

#[cfg(test)]
mod tests {
    use wlc_plan::name::{ReplicaName, WorkloadName};

    use super::*;
    use crate::ledger::{Cause, jobs::Row};

    #[test]
    fn what_was_noted_counts_as_long_ago_as_it_was() {
        let (replica, workload) = (ReplicaName::parse("web-0").unwrap(), WorkloadName::parse("train").unwrap());
        let mut ledger = Ledger::default();
        ledger.failed(&replica, ("pod", Cause::Other), Moment(5_000), "no".to_owned());
        let row = Some(Row { count: 2, last: Moment(6_000) });
        ledger.jobs.insert(workload.clone(), JobRecord { begun: Some(Moment(4_000)), row, ..JobRecord::default() });
        for (by, expected) in [(86_400_000, 86_400_000), (-86_401_000, -1_000), (1_000, 0)] {
            ledger.clock_jumped(by);
            let job = &ledger.jobs[&workload];
            let ends = [ledger.failures[&replica].at, job.begun.unwrap(), job.row.unwrap().last];
            assert_eq!(ends, [5_000, 4_000, 6_000].map(|at| Moment(at).jumped(expected)), "{by}");
        }
    }
}
