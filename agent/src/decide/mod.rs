//! Decides what to do next: desired and observed in, tasks and waits out.
//!
//! A plain synchronous function: no I/O, no clock, no log line. It looks at the whole node anew each time, so a missed
//! event costs a delay and nothing else; once everything is as desired, it asks for nothing. The order of the phases
//! stands in [`decide`]; each subject has a file of its own.

mod aim;
mod back_off;
mod by_hand;
mod containers;
mod contents;
mod describe;
mod draft;
mod drain;
mod endpoints;
mod environment;
mod failure;
mod files;
mod gates;
mod hooks;
mod images;
mod instance;
mod jobs;
mod leftovers;
mod make;
mod needs;
mod progress;
mod record;
mod replacement;
mod shutdown;
mod slots;
mod standing;
mod states;
mod stop;
mod tidy;
mod upkeep;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use wlc_plan::name::ReplicaName;

use crate::{
    action::{Task, Wait},
    clock::Moment,
    desired::Desired,
    ledger::Ledger,
    observed::Observed,
    probes::verdict::Verdicts,
};

pub use describe::{Described, describe};
pub use endpoints::Lists;
pub use failure::{ContainerFailure, ends};
pub use jobs::{CronView, JobView};
pub use shutdown::shutdown;
pub use states::{ContainerView, ContainerWord, InstanceState, Phase};

/// Everything that a decision looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What should run.
    pub desired: &'a Desired,
    /// What Podman reported.
    pub observed: &'a Observed,
    /// What the probes say.
    pub verdicts: &'a Verdicts,
    /// What is remembered.
    pub ledger: &'a Ledger,
    /// Replicas whose task is under way.
    pub busy: &'a BTreeSet<ReplicaName>,
    /// The time.
    pub now: Moment,
    /// What this decision has found out of ready replicas; nothing before it.
    pub lists: &'a Lists,
}

/// What is to be done, and why nothing is done where nothing is.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// At most one task for each replica.
    pub tasks: Vec<Task>,
    /// What waits, and for what; sorted by replica.
    pub waits: Vec<Wait>,
    /// When to decide again at the latest.
    pub next_due: Option<Moment>,
    /// All pods that are in no plan: to be told before the first of them is stopped.
    pub removal: Vec<Removal>,
    /// The pods that are going and that nobody on this node is told of any more.
    pub drained: BTreeSet<String>,
    /// Images that the agent fetched, and that may go.
    pub unneeded_images: Vec<String>,
    /// What is to be remembered from now on.
    pub ledger: Ledger,
    /// How each replica is, sorted by replica.
    pub states: Vec<InstanceState>,
    /// How each run of a job is, sorted by name.
    pub jobs: Vec<JobView>,
    /// How each cron job is, sorted by name.
    pub crons: Vec<CronView>,
}

/// A pod that leaves because no plan names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removal {
    /// The replica.
    pub replica: ReplicaName,
    /// Its pod.
    pub pod: String,
}

/// Decides what to do now.
pub fn decide(scene: Scene<'_>) -> Decision {
    let jobs = jobs::look(scene);
    let Some(jobs) = &jobs else { return decide_all(scene, None) };
    let lists = Lists::default();
    let (desired, observed, ledger) = (&jobs.desired, &jobs.observed, &jobs.ledger);
    decide_all(Scene { desired, observed, ledger, lists: &lists, ..scene }, Some(jobs))
}

/// Decides, where the attempts of jobs are wanted like any other replica.
fn decide_all(scene: Scene<'_>, jobs: Option<&jobs::Jobs<'_>>) -> Decision {
    let mut draft = draft::Draft::new(scene);
    if let Some(jobs) = jobs {
        jobs.end(&mut draft);
    }
    leftovers::of_no_plan(scene, &mut draft);
    let standings = standing::all(scene);
    let mut slots = gates::Slots::new(scene, &standings);
    leftovers::leaving(scene, &standings, &mut slots, &mut draft);
    for standing in standing::unhealthy_first(&standings) {
        progress::judge(scene, standing, &mut draft);
        instance::next_step(scene, standing, &standings, &mut slots, &mut draft);
    }
    leftovers::claims(scene, &standings, &mut draft);
    leftovers::of_gone_pods(scene, &standings, &mut draft);
    record::keep(scene, &standings, &mut draft);
    draft.ledger.ready = endpoints::ready(scene);
    images::clean(scene, &mut draft);
    let mut states = states::all(scene, &standings, &draft);
    if let Some(jobs) = jobs {
        jobs.tidy(&mut draft);
        states.extend(jobs.states(&draft));
        states.sort_by(|a, b| a.replica.cmp(&b.replica));
    }
    draft.finish(states, jobs)
}
