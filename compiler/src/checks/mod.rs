//! The checks, in order. Each looks at one subject and reports everything that is wrong with it.
//!
//! Blocks have been read before: what stands in them is of its kind and form. Here they are held against each other.

mod budgets;
mod cron_jobs;
mod failures;
mod fleet;
mod images;
mod jobs;
mod mounts;
mod names;
mod nodes;
mod order;
mod place;
mod placeholders;
mod ports;
mod probes;
mod released;
mod resources;
mod security;
mod stateful_sets;
mod updates;

use crate::{
    diagnostics::Problems,
    model::{Repository, workload::Workload},
};

/// Runs all checks.
pub(crate) fn run(repository: &Repository, problems: &mut Problems) {
    fleet::check(repository, problems);
    nodes::check(repository, problems);
    names::check(repository, problems);
    placeholders::check(repository, problems);
    released::check(repository, problems);
    order::check(repository, problems);
    for workload in repository.workloads.values() {
        let pod = workload.pod();
        probes::check(pod, problems);
        names::check_pod(workload, problems);
        ports::check(pod, problems);
        mounts::check(repository, pod, problems);
        resources::check(pod, problems);
        security::check(pod, problems);
        images::check(pod, problems);
        updates::check(workload, problems);
        place::check(repository, workload, problems);
        budgets::check(workload, problems);
        kind(repository, workload, problems);
    }
}

/// What one kind alone has.
fn kind(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    if let Some(work) = workload.work() {
        jobs::check(work, problems);
        failures::check(work, workload.pod(), problems);
        names::twice("parameter", work.parameters.iter().map(|parameter| &parameter.name), problems);
    }
    match workload {
        Workload::StatefulSet(one) => stateful_sets::check(repository, one, problems),
        Workload::CronJob(one) => cron_jobs::check(one, problems),
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::Job(_) => {}
    }
}
