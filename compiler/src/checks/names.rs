//! Names: what is referred to is declared, what is made of two names fits, nothing has one name twice.

use std::{collections::BTreeMap, fmt::Display};

use wlc_plan::name::{NameError, NodeName, ReplicaName, WorkloadName};

use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{Repository, job::Work, workload::Workload},
    span::{Span, Spanned},
};

/// What a run of a cron job has in its name: the time of its slot in UTC.
const SLOT: &str = "202611230300";

/// Bytes of all annotations of a workload, keys and texts.
const ANNOTATION_BYTES: usize = 262_144;

/// Names between workloads, nodes and facts.
pub(super) fn check(repository: &Repository, problems: &mut Problems) {
    for facts in repository.facts.values() {
        known_node(repository, &facts.node, problems);
    }
    for workload in repository.workloads.values() {
        if let Some(on) = workload.common().place.as_ref().and_then(|place| place.on.as_ref()) {
            known_node(repository, on, problems);
        }
        check_replica_names(repository, workload, problems);
    }
    for removed in repository.removed.values() {
        if let Some(workload) = repository.workloads.get(&removed.name.value) {
            let message = format!("`{}` is removed and declared", removed.name.value);
            let diagnostic = Diagnostic::new(Code::Contradiction, message, removed.name.span, "removed here");
            problems.add(diagnostic.also(workload.span(), "declared here").hint("keep one of them"));
        }
    }
}

pub(super) fn known_node(repository: &Repository, node: &Spanned<NodeName>, problems: &mut Problems) {
    if repository.is_declared("node", node.value.as_str()) {
        return;
    }
    let diagnostic =
        Diagnostic::new(Code::UnknownName, format!("there is no node `{}`", node.value), node.span, "no such node");
    problems.add(match problems.wants_hints() {
        true => diagnostic.hint(suggest::hint(node.value.as_str(), repository.names("node"))),
        false => diagnostic,
    });
}

/// A workload that is referred to is declared.
pub(super) fn known_workload(repository: &Repository, name: &Spanned<WorkloadName>, problems: &mut Problems) {
    if repository.is_declared("workload", name.value.as_str()) {
        return;
    }
    let message = format!("there is no workload `{}`", name.value);
    let diagnostic = Diagnostic::new(Code::UnknownName, message, name.span, "no such workload");
    problems.add(match problems.wants_hints() {
        true => diagnostic.hint(suggest::hint(name.value.as_str(), repository.names("workload"))),
        false => diagnostic,
    });
}

/// A workload that runs for ever stands where a job must.
pub(super) fn not_a_job(workload: &Workload, name: &Spanned<WorkloadName>, problems: &mut Problems) {
    let message = format!("`{}` is a {}, and a job is needed here", name.value, workload.kind().word());
    let diagnostic = Diagnostic::new(Code::Contradiction, message, name.span, "never completes");
    problems.add(diagnostic.also(workload.span(), "declared here").hint("name a job"));
}

/// S-001 to S-004, S-109, P-050, P-084, P-102: the longest replica name must be a DNS label.
fn check_replica_names(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    let name = workload.name();
    if let Some(error) = too_long(repository, workload) {
        let message = format!("the replica `{}` would have too long a name", error.given);
        let diagnostic = Diagnostic::new(Code::NameTooLong, message, name.span, "too long for its replicas");
        problems.add(diagnostic.hint("replicas' names are host names: at most 63 characters"));
    }
}

fn too_long(repository: &Repository, workload: &Workload) -> Option<NameError> {
    let name = &workload.name().value;
    let numbered = |last: u32| ReplicaName::numbered(name, last).err();
    let of_each_node = || repository.nodes.keys().find_map(|node| ReplicaName::on_node(name, node).err());
    let last = |work: &Work| work.wanted().unwrap_or(0).max(work.slots()).saturating_sub(1);
    match workload {
        Workload::Deployment(one) => numbered(one.replicas.value.0.saturating_sub(1)),
        Workload::StatefulSet(one) => numbered((one.start.value.0 + one.replicas.value.0).saturating_sub(1)),
        Workload::DaemonSet(_) => of_each_node(),
        Workload::Job(one) if one.work.per_node.value => of_each_node(),
        Workload::Job(one) => numbered(last(&one.work)),
        Workload::CronJob(one) => ReplicaName::parse(&format!("{name}-{SLOT}-{}", last(&one.work))).err(),
    }
}

/// Names inside a pod.
pub(super) fn check_pod(workload: &Workload, problems: &mut Problems) {
    let pod = workload.pod();
    if pod.containers.is_empty() && !problems.any_error_in(pod.extent) {
        let message = format!("`{}` has no container", workload.name().value);
        let diagnostic = Diagnostic::new(Code::NoContainer, message, workload.span(), "nothing to run");
        problems.add(diagnostic.hint("write `container \"main\" image=\"…\"` in it"));
    }
    twice("container", pod.in_order().into_iter().map(|(_, container)| &container.name), problems);
    twice("volume", pod.volumes.iter().map(|volume| &volume.name), problems);
    twice(
        "port",
        pod.in_order().into_iter().flat_map(|(_, container)| &container.ports).map(|port| &port.name),
        problems,
    );
    for container in pod.all() {
        twice("mount", container.mounts.iter().map(|mount| &mount.path), problems);
        let variables = container.env.iter().flat_map(|env| &env.variables);
        twice("variable", variables.map(|variable| &variable.name), problems);
    }
    annotations(workload, problems);
    twice("annotation", workload.common().annotations.iter().map(|annotation| &annotation.key), problems);
    twice("label", workload.common().labels.iter().map(|label| &label.key), problems);
}

/// S-009: keys and texts of all annotations together are bounded.
fn annotations(workload: &Workload, problems: &mut Problems) {
    let mut bytes = 0;
    for annotation in &workload.common().annotations {
        bytes += annotation.key.value.as_str().len() + annotation.value.value.len();
        if bytes > ANNOTATION_BYTES {
            let message =
                format!("the annotations of `{}` take more than {ANNOTATION_BYTES} bytes", workload.name().value);
            let diagnostic = Diagnostic::new(Code::BadValue, message, annotation.key.span, "too much from here on");
            return problems.add(diagnostic.hint("put long texts into a config, or beside the repository's files"));
        }
    }
}

/// Reports what stands twice.
pub(super) fn twice<'a, Name: Ord + Display + 'a>(
    what: &str,
    names: impl Iterator<Item = &'a Spanned<Name>>,
    problems: &mut Problems,
) {
    let mut seen: BTreeMap<&Name, Span> = BTreeMap::new();
    for name in names {
        match seen.get(&name.value) {
            None => drop(seen.insert(&name.value, name.span)),
            Some(first) => {
                let message = format!("{what} `{}` is declared twice", name.value);
                let diagnostic = Diagnostic::new(Code::DuplicateName, message, name.span, "declared again here");
                problems.add(diagnostic.also(*first, "first declared here").hint("keep one of them"));
            }
        }
    }
}
