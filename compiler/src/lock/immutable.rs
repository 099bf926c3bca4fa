//! Fields that never change, as the lock has them (S-023, S-100, S-173): plain words with plain values.

use std::collections::BTreeMap;

use super::WorkloadLock;
use crate::{
    model::{job::Job, stateful_set::Claim, workload::Workload},
    span::Span,
};

/// What the lock has of a workload's fields that never change: their words, and what they are.
pub type Immutable = BTreeMap<String, String>;

/// The field of a job that says which run it is.
pub(crate) const RUN: &str = "run";
/// What stands where a field is not written.
const NONE: &str = "none";

/// A field that never changes, as the files have it.
pub(crate) struct Fixed {
    /// Its words.
    pub field: String,
    /// What it is.
    pub value: String,
    /// Where that stands.
    pub span: Span,
}

/// The fields of a workload that never change.
pub fn of(workload: &Workload) -> Immutable {
    fixed(workload).into_iter().map(|one| (one.field, one.value)).collect()
}

/// What is left of them when the workload is gone: what its volumes are.
pub fn of_volumes(lock: &WorkloadLock) -> Immutable {
    let claims = lock.immutable.iter().filter(|(field, _)| field.starts_with("claim "));
    claims.map(|(field, value)| (field.clone(), value.clone())).collect()
}

/// The fields of a workload that never change, as the files have them.
pub(crate) fn fixed(workload: &Workload) -> Vec<Fixed> {
    match workload {
        Workload::StatefulSet(set) => {
            let order = Fixed { field: "order".into(), value: set.order.value.word().into(), span: set.order.span };
            std::iter::once(order).chain(set.claims.iter().flat_map(claim)).collect()
        }
        Workload::Job(job) => of_job(job),
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::CronJob(_) => Vec::new(),
    }
}

/// Those of a claim.
pub(crate) fn claim(claim: &Claim) -> [Fixed; 3] {
    let name = &claim.name;
    let storage = claim.storage.as_ref();
    let field = |word: &str, value: String, span| Fixed { field: format!("claim {} {word}", name.value), value, span };
    [
        field("access", claim.access.value.word().to_owned(), claim.access.span),
        field("size", claim.size.value.to_string(), claim.size.span),
        field(
            "storage",
            storage.map_or(NONE.to_owned(), |one| one.value.to_string()),
            storage.map_or(name.span, |one| one.span),
        ),
    ]
}

/// Those of a job.
pub(crate) fn of_job(job: &Job) -> Vec<Fixed> {
    let work = &job.work;
    let field = |word: &str, value: Option<(String, Span)>| {
        let (value, span) = value.unwrap_or((NONE.to_owned(), job.name.span));
        Fixed { field: word.to_owned(), value, span }
    };
    let wanted = work.wanted().map_or("any".to_owned(), |count| count.to_string());
    let wanted_at = work.completions.as_ref().map(|one| one.span).or(work.parallelism.as_ref().map(|one| one.span));
    let of_index = work.backoff_limit_per_index.as_ref().map(|limit| (limit.value.0.to_string(), limit.span));
    let run = job.run.as_ref().map(|word| (serde_json::Value::from(word.value.as_str()).to_string(), word.span));
    vec![
        field("backoff-limit-per-index", of_index),
        field("completions", Some((wanted, wanted_at.unwrap_or(job.name.span)))),
        field("mode", Some((work.mode.value.word().to_owned(), work.mode.span))),
        field("per-node", Some((work.per_node.value.to_string(), work.per_node.span))),
        field(RUN, run),
    ]
}
