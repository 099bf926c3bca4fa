//! Jobs and cron jobs → what each node runs of them.
//!
//! Completions are numbered over the fleet and cut into parts, one for each node that has places, as large as its places are
//! many: nodes need not ask each other which number is whose.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    digest::Digest,
    instance::WorkloadKind,
    job::{
        Concurrency, Cron, ExitCodes, FailureAction, FailureKind, FailureRule, OnLost, Part, Runs, SuccessRule, Work,
    },
    name::{EnvName, NodeName, WorkloadName},
    spec::{EnvValue, EnvVariable, InstanceField, PodSpec, RestartPolicy},
};

use super::{claims, revisions::Revised};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lock::Lock,
    model::{
        Repository,
        cron_job::{self, CronJob},
        job::{self, JobRestart, Mode, OnExit, PodCondition},
        workload::Workload,
    },
    placement::Placement,
};

/// Kubernetes: `backoffLimit` is 6 where nothing is written.
const BACKOFF_LIMIT: u32 = 6;
/// Kubernetes' variable for the number of a run of an indexed job (S-177).
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// What of a pod template only jobs have: when containers start again, and the number of the run.
pub(super) fn shape(workload: &Workload, spec: &mut PodSpec) {
    let Some(work) = workload.work() else { return };
    spec.restart = match work.restart.value {
        JobRestart::Never => RestartPolicy::Never,
        JobRestart::OnFailure => RestartPolicy::OnFailure,
    };
    if work.mode.value != Mode::Indexed {
        return;
    }
    let name = EnvName::parse(INDEX).expect("Kubernetes' name for it is one");
    for container in &mut spec.containers {
        if container.env.iter().all(|variable| variable.name != name) {
            let value = EnvValue::Field(InstanceField::Index);
            container.env.insert(0, EnvVariable { name: name.clone(), value });
        }
    }
}

/// What makes jobs run that run for others: each new occasion runs them again.
pub(super) struct Occasions<'a> {
    /// The revisions that they must complete for.
    revisions: BTreeMap<&'a WorkloadName, Vec<String>>,
    /// Jobs that run before a claim goes, and not otherwise.
    of_claims: BTreeSet<&'a WorkloadName>,
    /// The claims that go, by job and node.
    removed: BTreeMap<(&'a WorkloadName, &'a NodeName), Vec<String>>,
}

impl<'a> Occasions<'a> {
    pub(super) fn of(repository: &'a Repository, revised: &BTreeMap<WorkloadName, Revised>, lock: &'a Lock) -> Self {
        let mut revisions: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (name, workload) in &repository.workloads {
            if let (Some(job), Some(one)) = (workload.before(), revised.get(name)) {
                let word = format!("{name}@{}", one.newest().reference.revision.short());
                revisions.entry(&job.value).or_default().push(word);
            }
        }
        let claims = lock.workloads.values().flat_map(|one| one.claims.values());
        let of_claims = claims.filter_map(|claim| claim.before_remove.as_ref()).collect();
        Self { revisions, of_claims, removed: claims::before(lock) }
    }

    /// The word for the run that a job makes on a node now; none where it runs for others, and there is no occasion.
    fn word(&self, job: &WorkloadName, node: &NodeName, written: Option<&str>) -> Option<String> {
        let of_revisions = self.revisions.get(job).map(|words| words.join(" "));
        let of_claims = self.removed.get(&(job, node)).map(|claims| match &claims[..] {
            [one] => format!("removes {one}"),
            all => format!("removes {} claims@{}", all.len(), Digest::of(all.join(" ").as_bytes()).short(8)),
        });
        if self.of_claims.contains(job) && of_claims.is_none() && of_revisions.is_none() {
            return None;
        }
        let words = written.map(str::to_owned).into_iter().chain(of_revisions).chain(of_claims);
        Some(words.collect::<Vec<_>>().join(" "))
    }
}

/// What a node runs of a job; none of other workloads.
pub(super) fn work(
    workload: &Workload,
    placement: &Placement,
    node: &NodeName,
    occasions: &Occasions<'_>,
) -> Option<Box<Work>> {
    let (work, word, suspend, cron) = match workload {
        Workload::Job(one) => {
            let written = one.run.as_ref().map(|word| word.value.as_str());
            (&one.work, occasions.word(&one.name.value, node, written), one.suspend.value, None)
        }
        Workload::CronJob(one) => (&one.work, Some(String::new()), one.suspend.value, Some(cron(one))),
        Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::DaemonSet(_) => return None,
    };
    let share = Share::of(workload, work, placement, node);
    let default = work.backoff_limit_per_index.is_none().then_some(BACKOFF_LIMIT);
    Some(Box::new(Work {
        runs: share.runs,
        parallelism: share.parallelism,
        suspend: suspend || word.is_none(),
        run: word.unwrap_or_default(),
        backoff_limit: work.backoff_limit.as_ref().map(|limit| limit.value.0).or(default),
        backoff_limit_per_index: work.backoff_limit_per_index.as_ref().map(|limit| limit.value.0),
        max_failed_indexes: work.max_failed_indexes.as_ref().map(|most| most.value.0),
        deadline: work.deadline.as_ref().map(|deadline| deadline.value),
        ttl: work.ttl.as_ref().map(|ttl| ttl.value),
        on_lost: match work.on_lost.value {
            job::OnLost::Retry => OnLost::Retry,
            job::OnLost::Fail => OnLost::Fail,
        },
        rules: rules(work),
        success: work.success.iter().map(success).collect(),
        parameters: parameters(work),
        cron,
    }))
}

/// What one node has of a job.
struct Share {
    runs: Runs,
    parallelism: u32,
}

impl Share {
    fn of(workload: &Workload, work: &job::Work, placement: &Placement, node: &NodeName) -> Self {
        if work.per_node.value {
            return Self { runs: Runs::Own, parallelism: 1 };
        }
        let name = &workload.name().value;
        let parallelism = work.parallelism.as_ref().map_or(1, |parallelism| parallelism.value.0);
        if workload.kind() == WorkloadKind::CronJob {
            let room = placement.rooms.get(name).copied().unwrap_or(u32::MAX);
            let part = Part { first: 0, count: work.wanted().unwrap_or(parallelism) };
            let runs = if work.wanted().is_some() { Runs::Each(part) } else { Runs::Any(part) };
            return Self { runs, parallelism: work.slots().min(room) };
        }
        let mut places: BTreeMap<&NodeName, u32> = BTreeMap::new();
        for placed in placement.workloads.get(name).into_iter().flat_map(BTreeMap::values) {
            *places.entry(&placed.node).or_default() += 1;
        }
        let all: u32 = places.values().sum();
        let here = places.get(node).copied().unwrap_or(0);
        let before: u32 = places.range::<NodeName, _>(..node).map(|(_, count)| *count).sum();
        let runs = match work.wanted() {
            Some(wanted) => {
                let first = part(wanted, before, all);
                Runs::Each(Part { first, count: part(wanted, before + here, all) - first })
            }
            None => Runs::Any(Part { first: before, count: here }),
        };
        Self { runs, parallelism: if parallelism == 0 { 0 } else { here } }
    }
}

/// How many of `wanted` belong to the first places of `all`.
fn part(wanted: u32, places: u32, all: u32) -> u32 {
    let part = u64::from(wanted) * u64::from(places) / u64::from(all.max(1));
    u32::try_from(part).expect("a part is no more than the whole")
}

fn rules(work: &job::Work) -> Vec<FailureRule> {
    let codes = |rule: &OnExit| ExitCodes {
        codes: rule.codes.iter().filter_map(|code| u8::try_from(code.value.0).ok()).collect(),
        container: rule.container.as_ref().map(|name| name.value.clone()),
    };
    let exits = work.on_exit.iter().map(|rule| (rule.span, FailureKind::Exit(codes(rule)), rule.action.value));
    let others = work.on_exit_not.iter().map(|rule| (rule.span, FailureKind::ExitNot(codes(rule)), rule.action.value));
    let conditions = work.on_condition.iter().filter_map(|rule| match rule.condition.value {
        PodCondition::DisruptionTarget => Some((rule.span, FailureKind::Disrupted, rule.action.value)),
        // A build has refused it.
        PodCondition::ConfigIssue => None,
    });
    let mut all: Vec<_> = exits.chain(others).chain(conditions).collect();
    all.sort_by_key(|(span, ..)| *span);
    all.into_iter().map(|(_, on, action)| FailureRule { on, action: self::action(action) }).collect()
}

fn action(word: job::FailureAction) -> FailureAction {
    match word {
        job::FailureAction::FailJob => FailureAction::FailJob,
        job::FailureAction::Ignore => FailureAction::Ignore,
        job::FailureAction::Count => FailureAction::Count,
        job::FailureAction::FailIndex => FailureAction::FailIndex,
    }
}

fn success(rule: &job::Success) -> SuccessRule {
    SuccessRule {
        indexes: rule.indexes.as_ref().map(|indexes| indexes.value.numbers().clone()),
        count: rule.count.as_ref().map(|count| count.value.0),
    }
}

fn parameters(work: &job::Work) -> BTreeMap<EnvName, Option<String>> {
    let default = |one: &job::Parameter| one.default.as_ref().map(|text| text.value.clone());
    work.parameters.iter().map(|one| (one.name.value.clone(), default(one))).collect()
}

fn cron(one: &CronJob) -> Cron {
    let history = one.history.as_ref();
    Cron {
        schedule: one.schedule.value.0.written().to_owned(),
        zone: one.time_zone.value.0.name().to_owned(),
        concurrency: match one.concurrency.value {
            cron_job::Concurrency::Allow => Concurrency::Allow,
            cron_job::Concurrency::Forbid => Concurrency::Forbid,
            cron_job::Concurrency::Replace => Concurrency::Replace,
        },
        starting_deadline: one.starting_deadline.as_ref().map(|deadline| deadline.value),
        keep_succeeded: history.map_or(3, |history| history.succeeded.value.0),
        keep_failed: history.map_or(1, |history| history.failed.value.0),
    }
}

/// What counts over all numbers cannot be found out by nodes that do not see each other.
pub(super) fn check_nodes(workload: &Workload, nodes: usize, problems: &mut Problems) {
    let Some(rule) = workload.work().and_then(|work| work.success.first()).filter(|_| nodes > 1) else { return };
    let name = &workload.name().value;
    let message =
        format!("the places of `{name}` lie on {nodes} nodes, and none of them knows how many have succeeded");
    let diagnostic = Diagnostic::new(Code::Contradiction, message, rule.span, "cannot be counted");
    problems.add(diagnostic.hint("keep the job on one node: `place { on \"…\" }`"));
}
