//! The checks, in order. Each looks at one subject and reports everything that is wrong with it.
//!
//! Blocks have been read before: what stands in them is of its kind and form. Here they are held against each other.

mod fleet;
mod images;
mod mounts;
mod names;
mod nodes;
mod place;
mod placeholders;
mod ports;
mod probes;
mod resources;
mod security;
mod updates;

use crate::{diagnostics::Problems, model::Repository};

/// Runs all checks.
pub(crate) fn run(repository: &Repository, problems: &mut Problems) {
    fleet::check(repository, problems);
    nodes::check(repository, problems);
    names::check(repository, problems);
    placeholders::check(repository, problems);
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
    }
}
