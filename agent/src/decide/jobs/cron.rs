//! Cron jobs: a slot that is due begins a run, once (S-229 to S-246, P-091 to P-101).

use std::collections::BTreeSet;

use wlc_plan::{
    job::{Concurrency, Cron, Work},
    quantity::Millis,
    time::Timestamp,
};

use super::{CronView, Jobs, count, ends, run::Run};
use crate::{
    clock::Moment,
    desired::WantedJob,
    ledger::jobs::{CronRecord, End, JobRecord, Missed, by_hand_at},
    mutant::{self, Mutant},
    observed::ObservedPod,
};

impl<'a> Jobs<'a> {
    pub(super) fn cron(&mut self, job: &'a WantedJob, cron: &Cron) {
        let now = self.scene.now.timestamp();
        let known = self.ledger.crons.remove(&job.workload);
        let mut record = known.unwrap_or_else(|| CronRecord::since(now));
        self.read_back(job, cron, &mut record);
        let asked = begin_asked(job, cron, &mut record, self.scene.now);
        let waits = fire(job, cron, &mut record, self.scene.now).or(asked);
        self.step_all(job, &mut record);
        self.forget_old(job, cron, &mut record);
        let next = next(job, &record, now);
        self.dues.extend(next.filter(|_| !job.work.suspend).map(Moment::of));
        self.crons.push(view(job, cron, &record, next, waits));
        self.ledger.crons.insert(job.workload.clone(), record);
    }

    /// Runs of which there is a pod and no record: the ledger was lost.
    /// Of runs that never overlap all but the newest had ended, and what ran in an empty pod is not known.
    fn read_back(&self, job: &WantedJob, cron: &Cron, record: &mut CronRecord) {
        let pods = self.scene.observed.pods().filter(|pod| pod.workload == job.workload);
        let pods: Vec<_> = pods.filter_map(|pod| Some((pod, pod.run.as_ref()?))).collect();
        // What runs is the newest, whatever a clock that was set back made of its time.
        let order = |(pod, _): &&(&ObservedPod, _)| (ends::is_running(pod), pod.created, pod.name.clone());
        let newest = pods.iter().max_by_key(order).map(|(_, run)| &run.run);
        for (pod, run) in &pods {
            if record.runs.contains_key(&run.run) {
                continue;
            }
            let slot = slot_of(&run.run);
            record.last = record.last.max(slot);
            record.handled = slot.map_or(record.handled, |slot| record.handled.max(slot));
            let revision = Some(pod.revision);
            let is_old = cron.concurrency != Concurrency::Allow && newest != Some(&run.run);
            let unknown = is_old || pods.iter().any(|(pod, one)| one.run == run.run && pod.containers.is_empty());
            record.runs.insert(run.run.clone(), JobRecord { revision, slot, unknown, ..JobRecord::of(&run.run) });
        }
    }

    /// Takes all runs a step further. What takes the place of a run waits until nothing of that one is left.
    fn step_all(&mut self, job: &'a WantedJob, record: &mut CronRecord) {
        // So does what takes the place of one that was ending already, such as by its deadline.
        let is_ending = |one: &JobRecord| match job.work.cron.as_ref().map(|cron| cron.concurrency) {
            Some(Concurrency::Replace) => one.verdict.is_some(),
            Some(Concurrency::Allow | Concurrency::Forbid) | None => {
                one.verdict.as_ref().is_some_and(|verdict| verdict.end == End::Replaced)
            }
        };
        let may_begin = !record.runs.values().any(|one| is_ending(one) && one.finished.is_none());
        let may_begin = may_begin || mutant::is(Mutant::ReplacedKept);
        for (suffix, one) in &mut record.runs {
            let work = Work { suspend: false, ..job.work.clone() };
            let may_begin = may_begin && !one.unknown;
            let run = Run { scene: self.scene, job, work, name: name(job, suffix), may_begin };
            let step = run.step(one);
            if one.unknown && step.active == 0 {
                count::decide(one, End::Lost, self.scene.now, "what became of it is not known any more".to_owned());
            }
            self.take(&run, step, one);
            if one.end().is_some_and(End::is_success) {
                record.last_success = record.last_success.max(one.finished);
            }
        }
    }

    /// S-236, S-237: of the runs that have ended, the newest stay. One that was replaced is not kept.
    fn forget_old(&mut self, job: &WantedJob, cron: &Cron, record: &mut CronRecord) {
        let mut ended: Vec<(&String, &JobRecord, End)> =
            record.runs.iter().filter_map(|(suffix, one)| Some((suffix, one, one.end()?))).collect();
        ended.sort_by_key(|(suffix, one, _)| std::cmp::Reverse((one.begun, (*suffix).clone())));
        let (mut succeeded, mut failed) = (cron.keep_succeeded, cron.keep_failed);
        let mut old: BTreeSet<String> = BTreeSet::new();
        for (suffix, one, end) in ended {
            let left = if end.is_success() { &mut succeeded } else { &mut failed };
            let is_kept = *left > 0 && end != End::Replaced;
            let ttl = job.work.ttl.zip(one.finished).map(|(ttl, at)| at.plus(ttl));
            if is_kept && ttl.is_none_or(|at| at > self.scene.now) {
                *left -= 1;
            } else {
                old.insert(suffix.clone());
            }
        }
        let pods = self.scene.observed.pods().filter(|pod| pod.workload == job.workload);
        let pods: Vec<_> = pods.filter_map(|pod| Some((pod, &pod.run.as_ref()?.run))).collect();
        record.runs.retain(|suffix, _| !old.contains(suffix) || pods.iter().any(|(_, run)| *run == suffix));
        let spent = pods.into_iter().filter(|(_, run)| old.contains(*run)).map(|(pod, _)| pod);
        for pod in spent {
            if !self.spent.iter().any(|one| one.name == pod.name) {
                self.spent.push(pod);
            }
        }
        self.views
            .retain(|view| view.workload != job.workload || record.runs.keys().any(|one| name(job, one) == view.name));
    }
}

/// What its replicas are named by: of a run of a cron job, the cron job and the slot.
pub(super) fn name(job: &WantedJob, suffix: &str) -> String {
    let place = job.places.first().map_or(job.workload.as_str(), |place| place.replica().as_str());
    format!("{place}-{suffix}")
}

/// Begins the runs that somebody wants; else why one of them waits.
fn begin_asked(job: &WantedJob, cron: &Cron, record: &mut CronRecord, at: Moment) -> Option<String> {
    while let Some(trigger) = record.triggers.first() {
        let mut moment = trigger.at;
        while record.runs.contains_key(&by_hand_at(moment)) {
            moment = moment.plus(Millis::from_seconds(1));
        }
        let suffix = by_hand_at(moment);
        if let Some(run) = make_way(cron, record, at, &format!("the run `{}`", name(job, &suffix))) {
            return Some(format!("somebody wants a run, and `{}` has not ended", name(job, &run)));
        }
        let revision = job.places.first().map(|place| place.instance.spec.revision);
        let run = JobRecord { revision, ..JobRecord::by_hand(&suffix, record.triggers.remove(0)) };
        record.runs.insert(suffix, run);
    }
    None
}

/// Makes way for another run; else the one that has to end before.
fn make_way(cron: &Cron, record: &mut CronRecord, at: Moment, other: &str) -> Option<String> {
    match cron.concurrency {
        Concurrency::Allow => None,
        Concurrency::Forbid if mutant::is(Mutant::ForbidOverlaps) => None,
        Concurrency::Forbid => record.runs.iter().find(|(_, one)| one.finished.is_none()).map(|(run, _)| run.clone()),
        Concurrency::Replace => {
            let open = record.runs.values_mut().filter(|one| one.finished.is_none());
            open.for_each(|one| count::decide(one, End::Replaced, at, format!("{other} took its place")));
            None
        }
    }
}

/// Begins a run where a slot is due; else why one does not run that is due.
fn fire(job: &WantedJob, cron: &Cron, record: &mut CronRecord, at: Moment) -> Option<String> {
    let now = at.timestamp();
    let (schedule, zone) = job.times.as_ref()?;
    if job.work.suspend {
        return None;
    }
    let Some(due) = schedule.due(record.handled, now, *zone) else {
        let is_ahead = record.handled.seconds() > now.seconds() + 60;
        return is_ahead.then(|| format!("slots up to {} have had their turn: the clock was set back", record.handled));
    };
    let late = Moment(at.0.saturating_sub(Moment::of(due.at).0));
    if cron.starting_deadline.is_some_and(|deadline| late.0 > deadline.0) {
        let why = format!("it could not start within {}", cron.starting_deadline.unwrap_or_default());
        miss(record, due.before + 1, due.at, why);
        record.handled = due.at;
        return None;
    }
    if let Some(run) = make_way(cron, record, at, &format!("slot {}", due.at)) {
        return Some(format!("slot {} is due, and the run `{}` has not ended", due.at, name(job, &run)));
    }
    if let Some(newest) = due.newest_before {
        miss(record, due.before, newest, "it was followed by a later one before it could start".to_owned());
    }
    let suffix = suffix(due.at);
    let revision = job.places.first().map(|place| place.instance.spec.revision);
    let run = JobRecord { revision, slot: Some(due.at), ..JobRecord::of(&suffix) };
    record.runs.entry(suffix).or_insert(run);
    record.last = Some(due.at);
    record.handled = due.at;
    None
}

fn miss(record: &mut CronRecord, count: u32, slot: Timestamp, why: String) {
    record.missed = record.missed.saturating_add(count);
    record.last_missed = Some(Missed { slot, why });
}

fn next(job: &WantedJob, record: &CronRecord, now: Timestamp) -> Option<Timestamp> {
    let (schedule, zone) = job.times.as_ref()?;
    let next = schedule.next(record.handled, *zone);
    // What is due and waits for its turn is not the next one.
    next.filter(|at| *at > now).or_else(|| schedule.next(now, *zone))
}

/// The end of the name of a slot's run: its time in UTC.
pub(super) fn suffix(slot: Timestamp) -> String {
    let digits: String = slot.to_string().chars().filter(char::is_ascii_digit).collect();
    digits.strip_suffix("00").map_or(digits.clone(), str::to_owned)
}

/// The slot in the end of a name; none of a run that was started by hand.
fn slot_of(suffix: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| suffix.get(from..to);
    let seconds = if suffix.len() == 14 { part(12, 14)? } else { "00" };
    let is_slot = matches!(suffix.len(), 12 | 14) && suffix.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let text = format!("{year}-{month}-{day}T{}:{}:{seconds}Z", part(8, 10)?, part(10, 12)?);
    Timestamp::parse(&text).ok().filter(|_| is_slot)
}

fn view(job: &WantedJob, cron: &Cron, record: &CronRecord, next: Option<Timestamp>, waits: Option<String>) -> CronView {
    let active = record.runs.iter().filter(|(_, one)| one.finished.is_none());
    CronView {
        workload: job.workload.clone(),
        schedule: cron.schedule.clone(),
        zone: cron.zone.clone(),
        suspended: job.work.suspend,
        last: record.last,
        next: next.filter(|_| !job.work.suspend),
        last_success: record.last_success,
        missed: record.missed,
        last_missed: record.last_missed.clone(),
        active: active.map(|(suffix, _)| name(job, suffix)).collect(),
        waits,
        is_alone: cron.concurrency == Concurrency::Forbid,
        parameters: super::view::parameters(&job.work),
    }
}
