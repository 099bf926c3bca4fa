//! Strategies as gates, replica by replica. Nothing else in a plan makes an instance wait.
//!
//! Where copies and missing replicas are both allowed, so many replicas of a node make before they break and so many are
//! replaced in place that both parts are through at about the same time.

use std::collections::BTreeMap;

use wlc_plan::{
    gate::{After, Between, Condition, Counts, Gate, Slot, Step, StepGate, Weekday, Window},
    instance::WorkloadKind,
    name::{NodeName, ReplicaName, SlotName, WorkloadName},
    quantity::Millis,
    rollout::{OnFailure, Replacement, Rollout},
    spec::PodSpec,
};

use super::told;
use crate::{
    model::{
        Repository,
        after::Until,
        daemon_set::DaemonSetStrategy,
        deployment::DeploymentStrategy,
        stateful_set::{Order, StatefulSet, StatefulSetStrategy},
        update::{Hours, Pace},
        workload::Workload,
    },
    placement::Placement,
    rollout::{
        self,
        budget::{self, Budget},
    },
};

/// Kubernetes: `progressDeadlineSeconds` is 600 where nothing is written.
const PROGRESS_DEADLINE: Millis = Millis::from_seconds(600);

/// A workload on one node.
pub(super) struct Site<'a> {
    repository: &'a Repository,
    placement: &'a Placement,
    workload: &'a Workload,
    node: &'a NodeName,
    /// Its replicas on the node, in the order of their numbers.
    replicas: Vec<&'a ReplicaName>,
    budget: Budget,
}

impl<'a> Site<'a> {
    /// What an instance here tells its containers beside its revision.
    pub(super) fn told(&self, spec: &PodSpec) -> BTreeMap<String, String> {
        told::told(self.repository, self.workload, self.node, spec)
    }

    /// The workload on this node.
    pub(super) fn of(
        repository: &'a Repository,
        placement: &'a Placement,
        workload: &'a Workload,
        node: &'a NodeName,
    ) -> Self {
        let name = &workload.name().value;
        let replicas = on_node(placement, name, node);
        let budget = budget(placement, workload, node);
        Self { repository, placement, workload, node, replicas, budget }
    }

    /// How a replica is replaced.
    pub(super) fn rollout(&self, replica: &ReplicaName) -> Rollout {
        let pace = self.workload.pace();
        Rollout {
            replacement: self.replacement(replica),
            min_ready: self.workload.min_ready(),
            progress_deadline: pace.map_or(PROGRESS_DEADLINE, |pace| pace.progress_deadline.value),
            on_failure: pace.map_or(OnFailure::Stop, rollout::on_failure),
        }
    }

    /// What the steps of a replica wait for.
    pub(super) fn gates(&self, replica: &ReplicaName) -> Vec<StepGate> {
        if self.workload.work().is_some() {
            return self.other_workloads();
        }
        let mut gates = self.slots(replica);
        gates.extend(self.order(replica));
        let clock = self.workload.pace().and_then(windows).into_iter();
        let clock = clock.chain(self.workload.common().paused.value.then(never));
        gates.extend(clock.map(|between| StepGate { step: Step::Replace, gate: Gate::Between(between) }));
        gates.extend(self.other_workloads());
        gates.extend(self.job_before());
        gates
    }

    /// The job that completes for a revision before anything of it starts.
    fn job_before(&self) -> impl Iterator<Item = StepGate> {
        let job = self.workload.before().map(|job| job_here(self.placement, &job.value, self.node));
        let gate = |step, after: &After<ReplicaName>| StepGate { step, gate: Gate::After(after.clone()) };
        let steps = [Step::FirstStart, Step::Replace];
        job.into_iter().flatten().flat_map(move |after| steps.map(|step| gate(step, &after)))
    }

    fn replacement(&self, replica: &ReplicaName) -> Replacement {
        match self.workload {
            Workload::Deployment(one) => {
                let strategy = one.update.as_ref().and_then(|update| update.strategy.as_ref()).map(|word| word.value);
                match strategy {
                    Some(DeploymentStrategy::Recreate) => Replacement::Recreate,
                    Some(DeploymentStrategy::Rolling | DeploymentStrategy::HandOff) | None => self.rolling(replica),
                }
            }
            Workload::DaemonSet(one) => {
                let strategy = one.update.as_ref().and_then(|update| update.strategy.as_ref()).map(|word| word.value);
                match strategy {
                    Some(DaemonSetStrategy::OnDelete) => Replacement::OnDelete,
                    Some(DaemonSetStrategy::Rolling) | None => self.rolling(replica),
                }
            }
            Workload::StatefulSet(one) => {
                let strategy = one.update.as_ref().and_then(|update| update.strategy.as_ref()).map(|word| word.value);
                match strategy {
                    Some(StatefulSetStrategy::OnDelete) => Replacement::OnDelete,
                    Some(StatefulSetStrategy::Rolling) | None => Replacement::StopFirst,
                }
            }
            Workload::Job(_) | Workload::CronJob(_) => Replacement::StopFirst,
        }
    }

    fn rolling(&self, replica: &ReplicaName) -> Replacement {
        let at = self.replicas.iter().position(|one| *one == replica).unwrap_or(usize::MAX);
        if at < self.made_first() { Replacement::StartFirst } else { Replacement::StopFirst }
    }

    /// How many replicas make before they break: the first ones.
    fn made_first(&self) -> usize {
        let Budget { surge, unavailable } = self.budget;
        let all = self.replicas.len();
        let (surge, unavailable) = (surge as usize, unavailable as usize);
        match (surge, unavailable) {
            (0, _) => 0,
            (_, 0) => all,
            (_, _) => (all * surge).div_ceil(surge + unavailable),
        }
    }

    fn slots(&self, replica: &ReplicaName) -> Vec<StepGate> {
        let slot = |counts, size| {
            let name = SlotName::parse(self.workload.name().value.as_str())
                .expect("a workload's name and a slot's name obey the same rule");
            StepGate { step: Step::Replace, gate: Gate::Slot(Slot { name, size, counts }) }
        };
        let missing = slot(Counts::Missing, self.budget.unavailable);
        match self.replacement(replica) {
            Replacement::Recreate => Vec::new(),
            Replacement::StopFirst | Replacement::OnDelete => vec![missing],
            Replacement::StartFirst => vec![missing, slot(Counts::Surge, self.budget.surge)],
        }
    }

    /// The order among the replicas of the node.
    fn order(&self, replica: &ReplicaName) -> Vec<StepGate> {
        let others = |keep: &dyn Fn(&ReplicaName) -> bool| -> Vec<ReplicaName> {
            let mut names: Vec<ReplicaName> =
                self.replicas.iter().filter(|one| keep(one)).map(|one| (*one).clone()).collect();
            names.sort();
            names
        };
        let after = |step, of: Vec<ReplicaName>, until| {
            (!of.is_empty()).then_some(StepGate { step, gate: Gate::After(After { of, until }) })
        };
        match self.workload {
            Workload::Deployment(_) if self.replacement(replica) == Replacement::Recreate => {
                after(Step::FirstStart, others(&|one| one != replica), Condition::Gone).into_iter().collect()
            }
            Workload::StatefulSet(set) => {
                let first = in_order(set).then(|| others(&|one| rollout::number(one) < rollout::number(replica)));
                let first = first.and_then(|lower| after(Step::FirstStart, lower, Condition::Ready));
                let update = after(Step::Replace, self.updated_before(set, replica), Condition::Ready);
                first.into_iter().chain(update).collect()
            }
            Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::Job(_) | Workload::CronJob(_) => Vec::new(),
        }
    }

    /// The replicas that are updated before this one: the higher ones, but those that may be missing together with it
    /// (S-118, P-037, P-038).
    fn updated_before(&self, set: &StatefulSet, replica: &ReplicaName) -> Vec<ReplicaName> {
        if self.replacement(replica) == Replacement::OnDelete {
            return Vec::new();
        }
        let partition = set.update.as_ref().map_or(0, |update| update.partition.value.0);
        let higher = self.replicas.iter().filter(|one| rollout::number(one) > rollout::number(replica));
        let higher = higher.filter(|one| rollout::number(one) >= partition);
        let together = (self.budget.unavailable as usize).saturating_sub(1);
        let mut names: Vec<ReplicaName> = higher.skip(together).map(|one| (*one).clone()).collect();
        names.sort();
        names
    }

    /// What other workloads must have come to, on this node, before a replica starts for the first time.
    fn other_workloads(&self) -> Vec<StepGate> {
        let gate = |after: &crate::model::after::After| {
            let mut of: Vec<ReplicaName> =
                on_node(self.placement, &after.workload.value, self.node).into_iter().cloned().collect();
            of.sort();
            let until = condition(self.repository, after);
            (!of.is_empty()).then_some(StepGate { step: Step::FirstStart, gate: Gate::After(After { of, until }) })
        };
        self.workload.common().after.iter().filter_map(gate).collect()
    }
}

/// That all runs of a job on a node have succeeded; none where it has none there.
pub(super) fn job_here(placement: &Placement, job: &WorkloadName, node: &NodeName) -> Option<After<ReplicaName>> {
    let mut of: Vec<ReplicaName> = on_node(placement, job, node).into_iter().cloned().collect();
    of.sort();
    (!of.is_empty()).then_some(After { of, until: Condition::Complete })
}

fn in_order(set: &StatefulSet) -> bool {
    match set.order.value {
        Order::Ready => true,
        Order::Parallel => false,
    }
}

/// How far another workload must have come: of a job, to its end.
fn condition(repository: &Repository, after: &crate::model::after::After) -> Condition {
    let kind = repository.workloads.get(&after.workload.value).map(Workload::kind);
    match (after.until.as_ref().map(|until| until.value), kind) {
        (Some(Until::Ready), _) => Condition::Ready,
        (Some(Until::Started), _) => Condition::Started,
        (Some(Until::Complete), _) | (None, Some(WorkloadKind::Job | WorkloadKind::CronJob)) => Condition::Complete,
        (None, Some(WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet) | None) => {
            Condition::Ready
        }
    }
}

/// The replicas of a workload on a node, in the order of their numbers.
fn on_node<'a>(placement: &'a Placement, workload: &WorkloadName, node: &NodeName) -> Vec<&'a ReplicaName> {
    let placed = placement.workloads.get(workload).into_iter().flatten();
    let mut replicas: Vec<&ReplicaName> =
        placed.filter(|(_, placed)| placed.node == *node).map(|(replica, _)| replica).collect();
    replicas.sort_by_key(|replica| (rollout::number(replica), *replica));
    replicas
}

/// The budget of a workload on one of its nodes. Nodes do not see each other: each has its share of what may be missing,
/// and one at least, so that something moves everywhere.
pub(super) fn budget(placement: &Placement, workload: &Workload, node: &NodeName) -> Budget {
    let name = &workload.name().value;
    let mut replicas = BTreeMap::new();
    for placed in placement.workloads.get(name).into_iter().flat_map(BTreeMap::values) {
        *replicas.entry(&placed.node).or_insert(0u32) += 1;
    }
    let all = replicas.values().sum();
    let surge = placement.copies.get(name).and_then(|copies| copies.get(node)).copied().unwrap_or(0);
    let whole = Budget { surge, ..Budget::of(workload, all) };
    let unavailable = budget::shares(whole.unavailable, &replicas).get(node).copied().unwrap_or(0);
    Budget { surge, unavailable }.moving(replicas.get(node).copied().unwrap_or(0))
}

/// The windows in which a rollout may begin, each day.
fn windows(pace: &Pace) -> Option<Between> {
    let zone = pace.windows.first()?.time_zone.value.0.name().to_owned();
    let windows = pace.windows.iter().map(|window| daily(window.hours.value)).collect();
    Some(Between { zone, windows })
}

fn daily(hours: Hours) -> Window {
    const DAY: u16 = 24 * 60;
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let days = vec![Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];
    Window { days, from: hours.from, minutes: (hours.to + DAY - hours.from) % DAY }
}

/// A clock that opens nothing: the rollout is paused.
fn never() -> Between {
    Between { zone: "UTC".to_owned(), windows: Vec::new() }
}
