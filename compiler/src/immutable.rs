//! Holds the files against what the lock has of fields that never change (S-023, S-100, S-173, S-208).
//!
//! A set that starts its replicas in another order, or a claim that lies elsewhere, is another workload; so is a job with
//! another template, unless its `run` says that it is run anew.

use wlc_plan::{canonical, name::WorkloadName, quantity::Bytes, revision::Revision, spec::PodSpec};

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lock::{
        Lock, State, WorkloadLock,
        immutable::{Fixed, RUN, claim, of_job},
    },
    lower::{self, Contents},
    model::{
        Repository,
        indexes::Completions,
        job::{Job, Mode},
        stateful_set::StatefulSet,
        workload::Workload,
    },
    rollback,
    syntax::Block,
};

const ANOTHER_RUN: &str =
    "put back what was; or say that it is run anew: `run \"…\"` with another word, such as the date of today";

/// Reports what never changes and is not as the lock has it.
pub(crate) fn check(
    blocks: &[Block],
    repository: &Repository,
    contents: &Contents,
    lock: &Lock,
    problems: &mut Problems,
) {
    for (name, had) in &lock.workloads {
        let workload = repository.workloads.get(name).filter(|one| one.kind() == had.kind && !had.immutable.is_empty());
        match workload {
            Some(Workload::StatefulSet(set)) => stateful_set(set, had, problems),
            Some(workload @ Workload::Job(job)) => {
                let is_same = is_same_run(job, had) && !reports_job(job, had, problems);
                if is_same && problems.errors() == 0 && !runs_for_others(repository, name) {
                    template(blocks, workload, &lower::template(workload, contents), (had, lock), problems);
                }
            }
            // Each run of a cron job is a job of its own; the others have no field that never changes but their kind.
            Some(Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::CronJob(_)) | None => {}
        }
    }
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

/// Whether each revision of another workload runs a job anew: its next run takes the template that it has then.
fn runs_for_others(repository: &Repository, job: &WorkloadName) -> bool {
    repository.workloads.values().any(|one| one.before().is_some_and(|before| before.value == *job))
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
