//! Stateful-sets: claims that can be made, and identities that stay single (S-125 to S-139).

use std::collections::BTreeSet;

use wlc_plan::quantity::{Bytes, Millis};

use super::names;
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{
        Repository,
        stateful_set::{Access, Claim, Retention, StatefulSet},
        workload::Workload,
    },
};

pub(super) fn check(repository: &Repository, workload: &StatefulSet, problems: &mut Problems) {
    names::twice("claim", workload.claims.iter().map(|claim| &claim.name), problems);
    for claim in &workload.claims {
        size(claim, problems);
        volume(workload, claim, problems);
        access(claim, problems);
        storage(repository, claim, problems);
        before_remove(repository, claim, problems);
    }
    let grace = &workload.common.pod.grace;
    if grace.value == Millis(0) {
        let message = "without any grace a replica is killed, and its successor may start beside what is left of it";
        let diagnostic = Diagnostic::new(Code::NoGrace, message, grace.span, "no time to stop");
        problems.add(diagnostic.hint("write `grace \"30s\"`, or as long as it needs"));
    }
}

/// S-127: more than nothing.
fn size(claim: &Claim, problems: &mut Problems) {
    if claim.size.value == Bytes(0) {
        let message = format!("claim `{}` asks for nothing", claim.name.value);
        let diagnostic = Diagnostic::new(Code::BadValue, message, claim.size.span, "more than 0");
        problems.add(diagnostic.hint("write `size=\"20GiB\"`, or as much as it needs"));
    }
}

/// S-125: a claim and a volume of one name would be mounted by one word.
fn volume(workload: &StatefulSet, claim: &Claim, problems: &mut Problems) {
    let volumes = &workload.common.pod.volumes;
    if let Some(volume) = volumes.iter().find(|volume| volume.name.value.as_str() == claim.name.value.as_str()) {
        let message = format!("`{}` is a claim and a volume", claim.name.value);
        let diagnostic = Diagnostic::new(Code::DuplicateName, message, claim.name.span, "a claim here");
        problems.add(diagnostic.also(volume.name.span, "a volume here").hint("give one of them another name"));
    }
}

/// S-126: a folder of one node is used on that node alone.
fn access(claim: &Claim, problems: &mut Problems) {
    let many = match claim.access.value {
        Access::ReadWriteOnce | Access::ReadWriteOncePod => return,
        Access::ReadOnlyMany | Access::ReadWriteMany => claim.access.value.word(),
    };
    if claim.storage.is_none() {
        let message =
            format!("`{many}` needs a storage that several nodes share, and a claim without one lies on its node");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, claim.access.span, "one node only");
        problems.add(diagnostic.hint("write `access=\"read-write-once\"`, or name a shared `storage=`"));
    }
}

/// S-128: some node has a storage of this name.
fn storage(repository: &Repository, claim: &Claim, problems: &mut Problems) {
    let Some(storage) = &claim.storage else { return };
    let nodes = repository.nodes.values();
    let there: BTreeSet<&str> = nodes.flat_map(|node| &node.storage).map(|one| one.name.value.as_str()).collect();
    if there.contains(storage.value.as_str())
        || repository.nodes.values().any(|node| problems.any_error_in(node.extent))
    {
        return;
    }
    let message = format!("no node has a storage `{}`", storage.value);
    let diagnostic = Diagnostic::new(Code::UnknownName, message, storage.span, "no such storage");
    problems.add(diagnostic.hint(suggest::hint(storage.value.as_str(), there)));
}

/// A job that must complete before the claim is deleted.
fn before_remove(repository: &Repository, claim: &Claim, problems: &mut Problems) {
    let Some(job) = &claim.before_remove else { return };
    names::known_workload(repository, job, problems);
    match repository.workloads.get(&job.value) {
        Some(Workload::Job(_)) | None => {}
        Some(other) => names::not_a_job(other, job, problems),
    }
    let is_deleted = [&claim.when_deleted, &claim.when_scaled].iter().any(|one| one.value == Retention::Delete);
    if !is_deleted {
        let message = format!("claim `{}` is never deleted", claim.name.value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, job.span, "never runs");
        problems.add(diagnostic.hint("write `when-deleted=\"delete\"` or `when-scaled=\"delete\"`, or take it out"));
    }
}
