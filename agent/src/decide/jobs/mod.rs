//! Jobs: which attempts are to be under way, and which have ended.
//!
//! An attempt of a job is a pod. What is wanted of each job depends on what has ended, so it is found anew in each pass: first
//! the ends that are seen are put into the ledger, then as many attempts are wanted as the plan has places for. From there on an
//! attempt is a replica like any other. Its result is on the disk before anything is done that relies on it.

mod count;
mod cron;
mod ends;
mod keep;
mod run;
mod view;

use std::{collections::BTreeSet, sync::Arc};

use wlc_plan::{
    gate::Condition,
    instance::WorkloadKind,
    job::Runs,
    name::{ReplicaName, WorkloadName},
};

use self::run::{Run, Step};
use super::{
    Scene, by_hand,
    draft::{Draft, Who},
    leftovers,
    states::{self, InstanceState, Phase},
};
use crate::{
    action::{Reason, Wait},
    clock::Moment,
    desired::{Desired, WantedJob},
    ledger::{
        Ledger,
        jobs::{End, JobRecord},
    },
    observed::{ContainerState, Observed, ObservedPod},
};

pub use view::{CronView, JobView};

/// What the jobs of this node want in this pass.
pub(super) struct Jobs<'a> {
    scene: Scene<'a>,
    /// The plan, with the attempts that are to be under way.
    pub(super) desired: Desired,
    /// What Podman reported, without the pods that nobody else has to do with.
    pub(super) observed: Observed,
    /// What is remembered, with the ends that were seen.
    pub(super) ledger: Ledger,
    /// Pods that are to end.
    ending: Vec<&'a ObservedPod>,
    /// Pods of attempts that have ended, and may go.
    spent: Vec<&'a ObservedPod>,
    /// Pods that stay, with the word for how they are.
    kept: Vec<(&'a ObservedPod, Phase)>,
    waits: Vec<Wait>,
    dues: Vec<Moment>,
    /// Each job's run, and those of cron jobs.
    pub(super) views: Vec<JobView>,
    /// Each cron job.
    pub(super) crons: Vec<CronView>,
}

/// What the jobs want; none where there is no job.
pub(super) fn look(scene: Scene<'_>) -> Option<Jobs<'_>> {
    let remembers = !scene.ledger.jobs.is_empty() || !scene.ledger.crons.is_empty();
    if scene.desired.jobs.is_empty() && !remembers {
        return None;
    }
    let mut jobs = Jobs {
        scene,
        desired: scene.desired.clone(),
        observed: scene.observed.clone(),
        ledger: scene.ledger.clone(),
        ending: Vec::new(),
        spent: Vec::new(),
        kept: Vec::new(),
        waits: Vec::new(),
        dues: Vec::new(),
        views: Vec::new(),
        crons: Vec::new(),
    };
    jobs.forget_removed();
    for job in &scene.desired.jobs {
        match &job.work.cron {
            None => jobs.job(job),
            Some(cron) => jobs.cron(job, cron),
        }
    }
    jobs.ledger.recovered = false;
    if (&jobs.ledger.jobs, &jobs.ledger.crons) != (&scene.ledger.jobs, &scene.ledger.crons) {
        // What has ended may let something begin.
        jobs.dues.push(Moment(scene.now.0 + 1));
    }
    jobs.hide();
    Some(jobs)
}

impl<'a> Jobs<'a> {
    /// A job that is in no plan any more runs again when it comes back.
    fn forget_removed(&mut self) {
        let desired = self.scene.desired;
        let refused: BTreeSet<&WorkloadName> =
            desired.refused.values().filter_map(|one| one.workload.as_ref()).map(|(name, _)| name).collect();
        let is_named = |name: &WorkloadName, is_cron: bool| {
            let is_wanted = desired.job(name).is_some_and(|job| job.work.cron.is_some() == is_cron);
            // Of what cannot be read at all, nobody knows whose it is.
            is_wanted || refused.contains(name) || desired.refused.values().any(|one| one.workload.is_none())
        };
        self.ledger.jobs.retain(|name, _| is_named(name, false));
        self.ledger.crons.retain(|name, _| is_named(name, true));
    }

    fn job(&mut self, job: &'a WantedJob) {
        let Some(place) = job.places.first() else { return };
        let name = match job.work.runs {
            Runs::Own => place.replica().to_string(),
            Runs::Each(_) | Runs::Any(_) => job.workload.to_string(),
        };
        let known = self.ledger.jobs.remove(&job.workload).filter(|record| record.is_of(&job.work.run));
        let is_new = known.is_none();
        let mut record = known.unwrap_or_else(|| JobRecord::of(&job.work.run));
        let may_begin = !self.runs_of_another(job, &record.run);
        let run = Run { scene: self.scene, job, work: job.work.clone(), name, may_begin };
        if is_new && self.scene.ledger.recovered {
            record.unknown = !self.knows_each(&run, &record);
        }
        let step = run.step(&mut record);
        self.take(&run, step, &record);
        self.ledger.jobs.insert(job.workload.clone(), record);
    }

    /// Whether something runs of a run of a job that was there before.
    fn runs_of_another(&self, job: &WantedJob, run: &str) -> bool {
        let pods = self.scene.observed.pods().filter(|pod| pod.workload == job.workload);
        pods.into_iter().any(|pod| pod.run.as_ref().is_none_or(|one| one.run != run) && ends::is_running(pod))
    }

    /// Whether each number has a pod that tells what became of it: an empty one does not.
    fn knows_each(&self, run: &Run<'_>, record: &JobRecord) -> bool {
        let pods = self.scene.observed.pods().filter(|pod| pod.workload == run.job.workload);
        let pods: Vec<_> = pods.filter_map(|pod| Some((pod, pod.run.as_ref()?))).collect();
        let mut of_run = pods.iter().filter(|(_, one)| one.run == record.run);
        let told: BTreeSet<u32> = of_run.clone().map(|(_, one)| one.index).collect();
        of_run.all(|(pod, _)| !pod.containers.is_empty())
            && run.work.runs.part().numbers().all(|index| told.contains(&index))
    }

    /// Adds what becomes of a run.
    fn take(&mut self, run: &Run<'a>, step: Step<'a>, record: &JobRecord) {
        let Step { wanted, ending, over, untended, waits, dues, active } = step;
        self.views.push(view::of(run, record, active, &waits));
        for pod in ending.iter().chain(&over) {
            self.ledger.restarts.remove(&pod.replica);
        }
        let spent = keep::spent(run, record, &over, self.scene.now, &mut self.dues);
        for pod in over {
            let is_recorded = pod.run.as_ref().is_some_and(|one| record.succeeded.contains(one.index));
            let phase = match ends::stand(self.scene, pod) {
                ends::Stand::Over(outcome) if outcome.is_success() => Phase::Complete,
                ends::Stand::Live if is_recorded => Phase::Complete,
                ends::Stand::Over(_) | ends::Stand::Live | ends::Stand::Untended | ends::Stand::Lost => Phase::Failed,
            };
            self.kept.push((pod, phase));
        }
        self.kept.extend(untended.into_iter().map(|pod| (pod, Phase::NotReady)));
        self.kept.extend(ending.iter().map(|pod| (*pod, Phase::Leaving)));
        self.ending.extend(ending);
        self.spent.extend(spent);
        self.desired.wanted.extend(wanted.into_iter().map(Arc::new));
        self.dues.extend(waits.iter().filter_map(|wait| wait.until).chain(dues));
        self.waits.extend(waits);
    }

    /// Takes the pods out that nobody else has to do with.
    fn hide(&mut self) {
        self.desired.wanted.sort_by(|a, b| a.replica().cmp(b.replica()));
        let hidden: BTreeSet<&str> = self.kept.iter().map(|(pod, _)| pod.name.as_str()).collect();
        self.observed.pods.retain(|pod| !hidden.contains(pod.name.as_str()));
    }

    /// Ends what is to end.
    pub(super) fn end(&self, draft: &mut Draft<'_>) {
        for (replica, pods) in by_replica(&self.ending) {
            if draft.task_of(replica).is_none() {
                leftovers::remove(self.scene, &pods, Reason::Over, draft);
            }
        }
        self.unpause(draft);
        for wait in &self.waits {
            let who = Who { replica: &wait.replica, workload: &wait.workload, pod: "" };
            draft.wait(who, wait.gate, wait.reason.clone(), wait.until);
        }
        self.dues.iter().for_each(|at| draft.look_again(*at));
    }

    /// What somebody paused in a pod that is only waited for goes on: it would never end.
    fn unpause(&self, draft: &mut Draft<'_>) {
        for (pod, _) in self.kept.iter().filter(|(_, phase)| *phase == Phase::NotReady) {
            let who = Who { replica: &pod.replica, workload: &pod.workload, pod: &pod.name };
            let paused = pod.containers.iter().find(|one| one.state == ContainerState::Paused);
            let Some(paused) = paused.filter(|_| draft.task_of(who.replica).is_none()) else { continue };
            if !draft.is_left_alone(who) {
                let (reason, actions) = by_hand::unpause(paused);
                draft.act(who, reason, actions);
            }
        }
    }

    /// Removes the pods that are not needed any more, of replicas that have nothing else to do.
    pub(super) fn tidy(&self, draft: &mut Draft<'_>) {
        for (replica, pods) in by_replica(&self.spent) {
            if draft.task_of(replica).is_none() && !self.scene.busy.contains(replica) {
                leftovers::remove(self.scene, &pods, Reason::Tidy, draft);
            }
        }
    }

    /// How the replicas are whose pods are shown to nobody else: of each the newest.
    pub(super) fn states(&self, draft: &Draft<'_>) -> Vec<InstanceState> {
        let mut found: Vec<InstanceState> = Vec::new();
        let mut kept: Vec<&(&ObservedPod, Phase)> = self.kept.iter().collect();
        kept.sort_by_key(|(pod, _)| (&pod.replica, std::cmp::Reverse(pod.created), pod.name.as_str()));
        for (pod, phase) in kept {
            let is_shown = found.last().is_some_and(|one| one.replica == pod.replica);
            if is_shown || self.desired.wanted(&pod.replica).is_some() {
                continue;
            }
            let backs_off = *phase == Phase::Failed && draft.waits_of(&pod.replica).any(|wait| wait.gate == "back-off");
            let phase = if backs_off { Phase::BackOff } else { *phase };
            let kind = self.desired.job(&pod.workload).map(|job| match job.work.cron {
                Some(_) => WorkloadKind::CronJob,
                None => WorkloadKind::Job,
            });
            found.push(states::of_pod(self.scene, pod, kind, phase));
        }
        found
    }

    /// The pods that are shown to nobody else.
    pub(super) fn hidden(&self) -> Vec<&'a ObservedPod> {
        self.kept.iter().map(|(pod, _)| *pod).collect()
    }
}

/// How far a job has come, of which a replica is a place; none where it is none. All of what runs here counts.
pub(super) fn has_reached(scene: Scene<'_>, replica: &ReplicaName, condition: Condition) -> Option<bool> {
    let job = scene.desired.jobs.iter().find(|job| job.places.iter().any(|place| place.replica() == replica))?;
    let record = scene.ledger.jobs.get(&job.workload).filter(|record| record.is_of(&job.work.run));
    let end = record.and_then(JobRecord::end);
    Some(match condition {
        Condition::Started => end.is_some() || record.is_some_and(JobRecord::has_started),
        Condition::Ready | Condition::Complete => end.is_some_and(End::is_success),
        Condition::Gone => scene.observed.pods().all(|pod| pod.workload != job.workload),
    })
}

fn by_replica<'a>(pods: &[&'a ObservedPod]) -> Vec<(&'a ReplicaName, Vec<&'a ObservedPod>)> {
    let mut found: std::collections::BTreeMap<&ReplicaName, Vec<&ObservedPod>> = std::collections::BTreeMap::new();
    for pod in pods {
        found.entry(&pod.replica).or_default().push(pod);
    }
    found.into_iter().collect()
}
