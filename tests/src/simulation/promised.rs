//! What a plan set promises of its node, read from the plan and from what its author wrote.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    gate::{Condition, Counts, Gate, Step},
    instance::{Instance, SwappedContent},
    job::Work,
    node_plan::NodePlan,
    rollout::Replacement,
};

use super::{author::Author, service::Service};

/// What a plan set promises of its node.
#[derive(Debug, Clone, Default)]
pub(super) struct Promised {
    pub(super) replicas: BTreeMap<String, Replica>,
    /// What is run of each job and cron job.
    pub(super) works: BTreeMap<String, Work>,
}

/// The place of a mount: its container and path.
pub(super) type Place = (String, String);

/// What is promised of a replica.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub(super) workload: String,
    pub(super) revision: String,
    /// How many replicas of its workload may be missing by the agent's doing.
    pub(super) may_be_missing: usize,
    /// How many replicas of its workload may have a copy.
    pub(super) copies: usize,
    /// The replicas that must have been ready before its first start.
    pub(super) starts_after: Vec<String>,
    /// The replicas that must be of the newest revision before it is updated.
    pub(super) updated_after: Vec<String>,
    /// The digests of the contents that are swapped in place.
    pub(super) contents: BTreeMap<Place, String>,
    /// Where a container is told of a new content by a signal.
    pub(super) signalled: BTreeSet<Place>,
    /// Whether two of its pods may run side by side.
    pub(super) may_be_two: bool,
    /// How many containers of its pod run for as long as it does.
    pub(super) containers: usize,
    /// Whether all old replicas of its workload end before a new one begins.
    pub(super) is_recreated: bool,
    /// Whether it goes back by itself to the revision before, or may have.
    pub(super) goes_back: bool,
    /// Whether a new revision comes only when somebody asks for it.
    pub(super) is_on_delete: bool,
}

impl Promised {
    /// What the plan of the only node promises, which was compiled from what the author wrote.
    pub(super) fn of_plan(plan: &NodePlan, author: &Author) -> Self {
        let service = |one: &Instance| author.services.iter().find(|service| service.name == one.workload.as_str());
        let replica = |one: &Instance| Replica::of(one, service(one).expect("what is published was written"));
        let (jobs, services): (Vec<&Instance>, Vec<&Instance>) =
            plan.instances.iter().partition(|one| one.work.is_some());
        let work = |one: &Instance| Some((one.workload.to_string(), one.work.as_deref()?.clone()));
        Self {
            replicas: services.into_iter().map(|one| (one.replica.to_string(), replica(one))).collect(),
            works: jobs.into_iter().filter_map(work).collect(),
        }
    }

    /// The replicas of a workload.
    pub(super) fn of<'a>(&'a self, workload: &'a str) -> impl Iterator<Item = (&'a String, &'a Replica)> {
        self.replicas.iter().filter(move |(_, replica)| replica.workload == workload)
    }
}

impl Replica {
    fn of(instance: &Instance, service: &Service) -> Self {
        let content =
            |one: &SwappedContent| ((one.container.to_string(), one.path.to_string()), one.content.to_string());
        Self {
            workload: instance.workload.to_string(),
            revision: instance.spec.revision.to_string(),
            may_be_missing: slot(instance, Counts::Missing),
            copies: slot(instance, Counts::Surge),
            starts_after: after(instance, Step::FirstStart),
            updated_after: after(instance, Step::Replace),
            contents: instance.contents.iter().map(content).collect(),
            signalled: service.signalled(),
            may_be_two: instance.rollout.replacement == Replacement::StartFirst,
            containers: service.containers(),
            is_recreated: service.is_recreated(),
            goes_back: service.goes_back(),
            is_on_delete: service.is_on_delete(),
        }
    }
}

/// The size of the smallest slot that counts this.
fn slot(instance: &Instance, counts: Counts) -> usize {
    let slots = instance.gates.iter().filter_map(|gate| match &gate.gate {
        Gate::Slot(slot) if slot.counts == counts => Some(slot.size as usize),
        Gate::Slot(_) | Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    });
    slots.min().unwrap_or(usize::MAX)
}

/// The replicas that have to be ready before a step.
fn after(instance: &Instance, step: Step) -> Vec<String> {
    let gates = instance.gates.iter().filter(|gate| gate.step == step);
    let replicas = gates.filter_map(|gate| match &gate.gate {
        Gate::After(after) if after.until == Condition::Ready => Some(&after.of),
        Gate::After(_) | Gate::Slot(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    });
    replicas.flatten().map(ToString::to_string).collect()
}
