//! Fields that never change (S-023, S-100, S-173, S-208): the lock has them, and each build holds the files against it.
//!
//! A set that starts its replicas in another order, or a claim that lies elsewhere, is another workload; so is a job with
//! another template, unless its `run` says that it is run anew. What a field is worth is plain text, as the lock has it.

use std::collections::BTreeMap;

use wlc_plan::{canonical, name::WorkloadName, quantity::Bytes, revision::Revision, spec::PodSpec};

use super::{Lock, State, WorkloadLock};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lower::{self, Contents},
    model::{
        Repository,
        indexes::Completions,
        job::{Job, Mode},
        stateful_set::{Claim, StatefulSet},
        workload::Workload,
    },
    rollback,
    span::Span,
    syntax::Block,
};

/// What the lock has of a workload's fields that never change: their words, and what they are.
pub type Immutable = BTreeMap<String, String>;

/// The field of a job that says which run it is.
const RUN: &str = "run";
const ANOTHER_RUN: &str =
    "put back what was; or say that it is run anew: `run \"…\"` with another word, such as the date of today";
/// What stands where a field is not written.
const NONE: &str = "none";

/// A field that never changes, as the files have it.
struct Fixed {
    field: String,
    value: String,
    span: Span,
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

/// Reports what never changes and is not as the lock has it.
pub fn check(blocks: &[Block], repository: &Repository, contents: &Contents, lock: &Lock, problems: &mut Problems) {
    for (name, had) in &lock.workloads {
        let workload = repository.workloads.get(name).filter(|one| one.kind() == had.kind && !had.immutable.is_empty());
        match workload {
            Some(Workload::StatefulSet(set)) => stateful_set(set, had, problems),
            Some(workload @ Workload::Job(job)) => {
                let is_same = is_same_run(job, had) && !reports_job(job, had, problems);
                if is_same && problems.errors() == 0 {
                    template(blocks, workload, &lower::template(workload, contents), (had, lock), problems);
                }
            }
            // Each run of a cron job is a job of its own; the others have no field that never changes but their kind.
            Some(Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::CronJob(_)) | None => {}
        }
    }
}

fn fixed(workload: &Workload) -> Vec<Fixed> {
    match workload {
        Workload::StatefulSet(set) => {
            let order = Fixed { field: "order".into(), value: set.order.value.word().into(), span: set.order.span };
            std::iter::once(order).chain(set.claims.iter().flat_map(claim)).collect()
        }
        Workload::Job(job) => of_job(job),
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::CronJob(_) => Vec::new(),
    }
}

fn claim(claim: &Claim) -> [Fixed; 3] {
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

fn of_job(job: &Job) -> Vec<Fixed> {
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

/// S-100, S-101, S-125 to S-128: order and claims. A claim may grow: placement finds out whether there is room.
fn stateful_set(set: &StatefulSet, had: &WorkloadLock, problems: &mut Problems) {
    let name = &set.name.value;
    for one in set.claims.iter().flat_map(claim) {
        match had.immutable.get(&one.field) {
            Some(was) if *was == one.value || may_grow(&one, was) => {}
            Some(was) => problems.add(changed(name.as_str(), &one, was).hint(way_out(name, had.state))),
            None => {}
        }
    }
    if had.state == State::Tombstone {
        return;
    }
    let order = Fixed { field: "order".into(), value: set.order.value.word().into(), span: set.order.span };
    if let Some(was) = had.immutable.get("order").filter(|was| **was != order.value) {
        let hint = format!("write `order=\"{was}\"`; a set with another order is another stateful-set");
        problems.add(changed(name.as_str(), &order, was).hint(hint));
    }
    claims_that_come_or_go(set, had, problems);
}

fn way_out(set: &WorkloadName, state: State) -> String {
    match state {
        State::Live => {
            "the volumes are there: put back what was, or copy the data to a stateful-set of another name".to_owned()
        }
        State::Tombstone => format!("its volumes may be there still; where they are not, `wlc lock --forget {set}`"),
    }
}

fn claims_that_come_or_go(set: &StatefulSet, had: &WorkloadLock, problems: &mut Problems) {
    let name = &set.name.value;
    let claims = had.immutable.keys().filter_map(|field| field.strip_prefix("claim ")?.strip_suffix(" size"));
    let before: Vec<&str> = claims.collect();
    for claim in set.claims.iter().filter(|claim| !before.contains(&claim.name.value.as_str())) {
        let message =
            format!("claim `{}` of `{name}` is new, and the claims of a stateful-set never change", claim.name.value);
        let diagnostic = Diagnostic::new(Code::Immutable, message, claim.name.span, "not there before");
        problems.add(diagnostic.hint("take it out, or write a new stateful-set that has it from the beginning"));
    }
    for gone in before {
        if set.claims.iter().all(|claim| claim.name.value.as_str() != gone) && !problems.any_error_in(set.extent) {
            let message = format!("claim `{gone}` of `{name}` is gone, and its replicas have data in it");
            let diagnostic = Diagnostic::new(Code::Immutable, message, set.name.span, "had it");
            problems.add(diagnostic.hint(format!(
                "write `claim \"{gone}\"` again, or remove the whole set with a word: `removed \"{name}\"`"
            )));
        }
    }
}

/// Whether a claim asks for more than before.
fn may_grow(one: &Fixed, was: &str) -> bool {
    let bytes = |text: &str| Bytes::parse(text).ok();
    one.field.ends_with(" size") && bytes(was).zip(bytes(&one.value)).is_some_and(|(was, is)| is > was)
}

/// Whether a job is the run that the lock has, and not a new one.
fn is_same_run(job: &Job, had: &WorkloadLock) -> bool {
    let run = of_job(job).into_iter().find(|one| one.field == RUN);
    had.state == State::Live && run.is_some_and(|run| had.immutable.get(RUN) == Some(&run.value))
}

/// S-173, S-176, S-186: counts and mode of a job. Whether one of them has changed.
fn reports_job(job: &Job, had: &WorkloadLock, problems: &mut Problems) -> bool {
    let before = problems.errors();
    for one in of_job(job) {
        match had.immutable.get(&one.field) {
            Some(was) if *was != one.value && !is_elastic(job, &one) => {
                problems.add(changed(job.name.value.as_str(), &one, was).hint(ANOTHER_RUN));
            }
            Some(_) | None => {}
        }
    }
    problems.errors() > before
}

/// S-208: the pod of a job.
fn template(
    blocks: &[Block],
    workload: &Workload,
    source: &PodSpec,
    (had, lock): (&WorkloadLock, &Lock),
    problems: &mut Problems,
) {
    let Some(newest) = had.newest().map(|newest| &newest.reference) else { return };
    if Revision::of(newest.revision.version(), source) == newest.revision {
        return;
    }
    let body = lock.bodies.get(&newest.spec).and_then(|bytes| canonical::decode::<PodSpec>(bytes).ok());
    let labels =
        body.map(|body| rollback::differences(blocks, &workload.name().value, source, &body)).unwrap_or_default();
    let mut labels = labels.into_iter();
    let (span, text) = labels.next().unwrap_or((workload.span(), "another pod than the lock has".to_owned()));
    let message = format!("the pod of job `{}` has changed, and a job runs one pod to its end", workload.name().value);
    let diagnostic = Diagnostic::new(Code::Immutable, message, span, text);
    problems.add(labels.fold(diagnostic, |all, (span, text)| all.also(span, text)).hint(ANOTHER_RUN));
}

/// S-180: an indexed job grows and shrinks where all of its runs go at the same time.
fn is_elastic(job: &Job, one: &Fixed) -> bool {
    let parallelism = job.work.parallelism.as_ref().map(|parallelism| parallelism.value.0);
    let completions = job.work.completions.as_ref().map(|completions| completions.value);
    let all_at_once = matches!(completions, Some(Completions::Count(count)) if Some(count) == parallelism);
    one.field == "completions" && job.work.mode.value == Mode::Indexed && all_at_once
}

fn changed(workload: &str, one: &Fixed, was: &str) -> Diagnostic {
    let (field, is) = (&one.field, &one.value);
    let never = if field.ends_with(" size") { "shrinks" } else { "changes" };
    let message = format!("`{field}` of `{workload}` was `{was}` and never {never}; here it is `{is}`");
    Diagnostic::new(Code::Immutable, message, one.span, format!("the lock has `{was}`"))
}

#[cfg(test)]
mod tests;
