//! One run of a job: what has ended of it is counted, what is under way is kept or ended, and as many attempts are wanted as
//! there are places.
//!
//! An attempt that is wanted is an instance like any other. Its pod is made, kept and restarted by the same code. Pods of
//! attempts that have ended are shown to nobody else: they stay for their logs.

use std::sync::Arc;

use wlc_plan::{
    binding::{Binding, Turn},
    instance::{Instance, SpecRef},
    job::{Runs, Work},
    name::ReplicaName,
    spec::{PodSpec, RestartPolicy},
};

use super::{
    count::{self, Failed, UnderWay},
    ends::{self, Outcome, Stand},
};
use crate::{
    action::Wait,
    clock::Moment,
    decide::Scene,
    desired::{Wanted, WantedJob},
    ledger::jobs::JobRecord,
    mutant::{self, Mutant},
    observed::{AHEAD, ObservedPod},
    podman::labels::{PodLabels, RunLabels},
};

/// One run of a job.
pub(super) struct Run<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) job: &'a WantedJob,
    /// What it runs: of a cron job, not whether that is suspended.
    pub(super) work: Work,
    /// What its replicas are named by.
    pub(super) name: String,
    /// Whether new attempts may begin.
    pub(super) may_begin: bool,
}

/// What becomes of a run in this pass.
#[derive(Default)]
pub(super) struct Step<'a> {
    /// Attempts that are to be under way.
    pub(super) wanted: Vec<Wanted>,
    /// Pods that are to end.
    pub(super) ending: Vec<&'a ObservedPod>,
    /// Pods of attempts that have ended.
    pub(super) over: Vec<&'a ObservedPod>,
    /// Pods that are under way, and that nothing can be done for.
    pub(super) untended: Vec<&'a ObservedPod>,
    /// What it waits for.
    pub(super) waits: Vec<Wait>,
    /// When to look again.
    pub(super) dues: Vec<Moment>,
    /// How many attempts are under way.
    pub(super) active: u32,
}

/// The pod of an attempt.
struct Seen<'a> {
    pod: &'a ObservedPod,
    index: u32,
    attempt: u32,
    stand: Stand,
    /// Whether its result is recorded, and nothing of it runs: whatever is left of its pod.
    is_settled: bool,
}

impl Seen<'_> {
    fn is_over(&self) -> bool {
        self.is_settled || matches!(self.stand, Stand::Over(_) | Stand::Lost)
    }

    /// Whether it has ended, and its sidecars have not yet.
    fn is_closing(&self) -> bool {
        self.is_over() && !is_stopping(self) && ends::is_running(self.pod)
    }
}

impl<'a> Run<'a> {
    /// Counts, judges, and says what is wanted.
    pub(super) fn step(&self, record: &mut JobRecord) -> Step<'a> {
        let mut pods = self.pods(record);
        self.count(record, &pods);
        self.miss(record, &pods);
        for seen in &mut pods {
            seen.is_settled = !record.is_news(seen.index, seen.attempt) && !ends::is_running(seen.pod);
        }
        let mut step = Step::default();
        let under_way: Vec<&Seen<'a>> = pods.iter().filter(|seen| !seen.is_over()).collect();
        let is_through = |seen: &&Seen<'a>| seen.is_over() && !is_stopping(seen) && !seen.is_closing();
        step.over.extend(pods.iter().filter(is_through).map(|seen| seen.pod));
        for seen in pods.iter().filter(|seen| seen.is_closing()) {
            let spec = self.scene.desired.specs.get(&seen.pod.revision);
            match spec.and_then(|spec| self.kept(record, seen, spec)) {
                Some(wanted) => step.wanted.push(wanted),
                None => step.untended.push(seen.pod),
            }
        }
        // What somebody began to stop goes, whatever became of it.
        step.ending.extend(pods.iter().filter(|seen| is_stopping(seen)).map(|seen| seen.pod));
        if self.work.suspend {
            record.begun = None;
        } else if record.verdict.is_none() {
            // What began in the future began before the clock was set back: its deadline counts from now.
            record.begun = record.begun.filter(|at| *at <= self.scene.now.plus(AHEAD)).or(Some(self.scene.now));
        }
        let is_restarting = self.spec(record).is_some_and(|spec| spec.restart == RestartPolicy::OnFailure);
        let restarts = under_way.iter().map(|seen| ends::restarts(seen.pod)).sum();
        let of_all = UnderWay { count: u32::try_from(under_way.len()).unwrap_or(u32::MAX), restarts };
        if !record.unknown || self.work.cron.is_some() {
            count::judge(record, &self.work, is_restarting, of_all, self.scene.now);
        }
        let until = self.work.deadline.zip(record.begun).map(|(deadline, begun)| begun.plus(deadline));
        step.dues.extend(until.filter(|_| record.verdict.is_none()));
        if record.verdict.is_some() || self.work.suspend {
            for seen in under_way.iter().filter(|seen| !is_stopping(seen)) {
                count::forget(record, seen.index);
                step.ending.push(seen.pod);
            }
            let is_through =
                under_way.is_empty() && step.ending.is_empty() && step.wanted.is_empty() && !self.has_task();
            if record.verdict.is_some() && is_through {
                record.finished.get_or_insert(self.scene.now);
            }
            return step;
        }
        let is_occupied = |one: &&Seen<'a>| !one.is_over() || is_stopping(one) || one.is_closing();
        let occupied: Vec<u32> = pods.iter().filter(is_occupied).map(|one| one.index).collect();
        let mut live: Vec<&Seen<'a>> = under_way.into_iter().filter(|seen| !is_stopping(seen)).collect();
        // What runs is kept first: where it had to end for what does not, both would run for a while.
        live.sort_by_key(|seen| !ends::is_running(seen.pod));
        self.keep(record, &live, &mut step);
        self.begin(record, &occupied, &mut step);
        step
    }

    /// Whether a task of it is under way, which may make a pod yet.
    fn has_task(&self) -> bool {
        let is_number = |replica: &ReplicaName| {
            let behind = replica.as_str().strip_prefix(self.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
            behind.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        self.scene.busy.iter().any(|replica| match self.work.runs {
            Runs::Own => replica.as_str() == self.name,
            Runs::Each(_) | Runs::Any(_) => is_number(replica),
        })
    }

    fn pods(&self, record: &JobRecord) -> Vec<Seen<'a>> {
        let own = self.scene.observed.pods().filter(|pod| pod.workload == self.job.workload);
        let seen = own.filter_map(|pod| {
            let run = pod.run.as_ref().filter(|run| run.run == record.run)?;
            let stand = ends::stand(self.scene, pod);
            Some(Seen { pod, index: run.index, attempt: run.attempt, stand, is_settled: false })
        });
        let mut pods: Vec<Seen<'a>> = seen.collect();
        pods.sort_by_key(|seen| (seen.index, seen.attempt));
        pods
    }

    /// Ends of attempts, in their order; each is news once.
    fn count(&self, record: &mut JobRecord, pods: &[Seen<'a>]) {
        for seen in pods {
            let (index, attempt) = (seen.index, seen.attempt);
            if !record.is_news(index, attempt) {
                continue;
            }
            let is_wanted = record.attempts.get(&index).is_some_and(|one| one.seen && one.next == attempt);
            match (&seen.stand, seen.pod.stopping) {
                (Stand::Over(outcome), _) if outcome.is_success() => count::succeed(record, index),
                (Stand::Over(outcome), None) => self.failed(record, seen, &Failed::Ended(outcome), outcome),
                (Stand::Over(outcome), Some(_)) if is_wanted => {
                    self.failed(record, seen, &Failed::Disrupted, outcome);
                }
                // Its containers ran, and somebody removed them.
                (Stand::Live, None) if is_wanted && seen.pod.containers.is_empty() => {
                    count::fail(record, &self.work, (index, attempt), &Failed::Lost, self.scene.now);
                }
                (Stand::Lost, None) => {
                    count::fail(record, &self.work, (index, attempt), &Failed::Lost, self.scene.now);
                }
                (Stand::Live | Stand::Untended, None) if ends::has_run(seen.pod) => count::see(record, index, attempt),
                (Stand::Over(_) | Stand::Lost, Some(_)) | (Stand::Live | Stand::Untended, _) => {}
            }
        }
    }

    fn failed(&self, record: &mut JobRecord, seen: &Seen<'_>, failed: &Failed<'_>, outcome: &Outcome) {
        count::fail(record, &self.work, (seen.index, seen.attempt), failed, outcome.at);
    }

    /// Attempts that were under way, and of which nothing is there any more.
    fn miss(&self, record: &mut JobRecord, pods: &[Seen<'a>]) {
        let is_there =
            |index: u32, attempt: u32| pods.iter().any(|seen| (seen.index, seen.attempt) == (index, attempt));
        let seen: Vec<(u32, u32)> =
            record.attempts.iter().filter(|(_, one)| one.seen).map(|(index, one)| (*index, one.next)).collect();
        for (index, attempt) in seen.into_iter().filter(|(index, attempt)| !is_there(*index, *attempt)) {
            let is_busy = self.replica(index).is_some_and(|replica| self.scene.busy.contains(&replica));
            if !is_busy && record.verdict.is_none() {
                count::fail(record, &self.work, (index, attempt), &Failed::Lost, self.scene.now);
            }
        }
    }

    /// Keeps what is under way, as far as there are places for it.
    fn keep(&self, record: &mut JobRecord, live: &[&Seen<'a>], step: &mut Step<'a>) {
        for (at, seen) in live.iter().enumerate() {
            if self.scene.ledger.restarts.contains(&seen.pod.replica) && record.is_news(seen.index, seen.attempt) {
                let attempt = (seen.index, seen.attempt);
                count::fail(record, &self.work, attempt, &Failed::Disrupted, self.scene.now);
            }
            if !record.is_news(seen.index, seen.attempt) {
                step.ending.push(seen.pod);
                continue;
            }
            // Of runs that never overlap all but the newest had ended: what is left of one does not begin again. Nor does an
            // empty pod: somebody may have removed what has run in it.
            let is_left = self.work.cron.is_some() || seen.pod.containers.is_empty();
            let has_ended = is_left && !ends::is_running(seen.pod);
            if record.unknown && has_ended || at >= self.work.parallelism as usize {
                count::forget(record, seen.index);
                step.ending.push(seen.pod);
                continue;
            }
            step.active += 1;
            let spec = self.scene.desired.specs.get(&seen.pod.revision);
            match (&seen.stand, spec) {
                (Stand::Live, Some(spec)) => step.wanted.extend(self.kept(record, seen, spec)),
                (_, _) => step.untended.push(seen.pod),
            }
        }
    }

    /// Begins as many attempts as there are places free.
    fn begin(&self, record: &JobRecord, occupied: &[u32], step: &mut Step<'a>) {
        let part = self.work.runs.part();
        let is_enough = matches!(self.work.runs, Runs::Any(_)) && !record.succeeded.is_empty();
        if !self.may_begin || is_enough {
            return;
        }
        if record.unknown {
            let reason = format!("what has run of it is not known any more: `wlagent retry {}` runs it", self.name);
            return step.waits.extend(self.wait(part.first, "lost", reason, None));
        }
        let mut places = (self.work.parallelism as usize).saturating_sub(occupied.len());
        let open =
            |from| if mutant::is(Mutant::NumberAgain) { Some(from) } else { record.succeeded.first_absent(from) };
        let mut at = open(part.first);
        while let Some(index) = at.filter(|index| places > 0 && part.numbers().contains(index)) {
            at = index.checked_add(1).and_then(open);
            if occupied.contains(&index) || record.failed_numbers.contains(index) {
                continue;
            }
            let row = match self.work.backoff_limit_per_index {
                Some(_) => record.attempts.get(&index).and_then(|attempts| attempts.row),
                None => record.row,
            };
            let until = row.map(|row| count::next_at(row, self.scene.now)).filter(|at| *at > self.scene.now);
            match until {
                Some(until) => {
                    let reason = format!("attempt {} begins after its back-off", record.next(index));
                    step.waits.extend(self.wait(index, "back-off", reason, Some(until)));
                }
                None => {
                    step.active += 1;
                    step.wanted.extend(self.begun(record, index, step));
                }
            }
            places -= 1;
        }
    }

    fn wait(&self, index: u32, gate: &'static str, reason: String, until: Option<Moment>) -> Option<Wait> {
        let (replica, workload) = (self.replica(index)?, self.job.workload.clone());
        Some(Wait { replica, workload, gate, reason, until, on: Vec::new() })
    }

    /// The name of the run of a number; none where it would be too long.
    pub(super) fn replica(&self, index: u32) -> Option<ReplicaName> {
        match self.work.runs {
            Runs::Own => ReplicaName::parse(&self.name).ok(),
            Runs::Each(_) | Runs::Any(_) => ReplicaName::parse(&format!("{}-{index}", self.name)).ok(),
        }
    }

    /// The template of new attempts: that with which the run began, where it is known.
    fn spec(&self, record: &JobRecord) -> Option<&'a Arc<PodSpec>> {
        let desired = self.scene.desired;
        let begun = record.revision.and_then(|revision| desired.specs.get(&revision));
        begun.or_else(|| self.job.places.first().map(|place| &place.spec))
    }

    fn kept(&self, record: &JobRecord, seen: &Seen<'a>, spec: &Arc<PodSpec>) -> Option<Wanted> {
        let pod = seen.pod;
        let place = self.job.places.iter().find(|place| place.turn(pod.binding).is_some());
        let place = place.or_else(|| self.job.places.first())?;
        let labels = PodLabels {
            replica: pod.replica.clone(),
            revision: pod.revision,
            binding: pod.binding,
            run: pod.run.clone(),
            ..place.labels.clone()
        };
        Some(self.wanted(record, place, labels, spec))
    }

    fn begun(&self, record: &JobRecord, index: u32, step: &Step<'a>) -> Option<Wanted> {
        let mut free: Vec<&Wanted> = self.job.places.iter().collect();
        for taken in step.wanted.iter().map(|wanted| &wanted.instance.binding) {
            if let Some(at) = free.iter().position(|place| place.instance.binding == *taken) {
                free.remove(at);
            }
        }
        let place = free.first().copied().or_else(|| self.job.places.first())?;
        let desired = self.scene.desired;
        let revision = record.revision.filter(|revision| desired.specs.contains_key(revision));
        let run = RunLabels { run: record.run.clone(), index, attempt: record.next(index) };
        let labels = PodLabels {
            replica: self.replica(index)?,
            revision: revision.unwrap_or(place.labels.revision),
            run: Some(run),
            ..place.labels.clone()
        };
        Some(self.wanted(record, place, labels, self.spec(record)?))
    }

    fn wanted(&self, record: &JobRecord, place: &Wanted, labels: PodLabels, spec: &Arc<PodSpec>) -> Wanted {
        let asked = &place.instance;
        let mut known = std::iter::once(&asked.spec).chain(&asked.older);
        let reference = known.find(|one| one.revision == labels.revision).cloned();
        let reference = reference.unwrap_or(SpecRef { revision: labels.revision, ..asked.spec.clone() });
        let mut told = asked.told.clone();
        for (name, default) in &self.work.parameters {
            let given = record.parameters.get(name).or(default.as_ref()).cloned();
            told.insert(format!("parameter.{name}"), given.unwrap_or_default());
        }
        let index = labels.run.as_ref().map_or(0, |run| run.index);
        told.insert("annotations.batch.kubernetes.io/job-completion-index".to_owned(), index.to_string());
        let is_of_place = place.turn(labels.binding).is_some();
        let binding = if is_of_place { asked.binding.clone() } else { Binding::default() };
        let turns =
            if is_of_place { place.turns } else { [Turn::First, Turn::Second].map(|turn| binding.digest(turn)) };
        let instance = Instance {
            replica: labels.replica.clone(),
            told,
            spec: reference,
            older: Vec::new(),
            binding,
            work: None,
            ..asked.clone()
        };
        Wanted { instance, spec: Arc::clone(spec), labels, turns }
    }
}

/// Whether somebody began to stop it.
fn is_stopping(seen: &Seen<'_>) -> bool {
    seen.pod.stopping.is_some()
}
