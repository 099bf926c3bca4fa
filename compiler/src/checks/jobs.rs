//! Jobs: counts, indexes and success that do not contradict each other (S-172 to S-188, S-199 to S-201).

use wlc_plan::quantity::Millis;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        indexes::Completions,
        job::{JobRestart, Mode, Success, Work},
    },
    span::Span,
};

/// Most rules of one kind (S-190, S-199).
pub(super) const MOST_RULES: usize = 20;
/// Of more indexes, failures and parallelism are bounded (S-188).
const MANY: u32 = 100_000;
/// How many failed indexes, and replicas at the same time, a job of so many indexes may have.
const MOST_OF_MANY: u32 = 10_000;

pub(super) fn check(work: &Work, problems: &mut Problems) {
    per_node(work, problems);
    indexed(work, problems);
    per_index(work, problems);
    many(work, problems);
    times(work, problems);
    success(work, problems);
}

/// One run on each node has neither counts nor indexes.
fn per_node(work: &Work, problems: &mut Problems) {
    if !work.per_node.value {
        return;
    }
    let counts = [
        ("completions", work.completions.as_ref().map(|one| one.span)),
        ("parallelism", work.parallelism.as_ref().map(|one| one.span)),
        ("mode", Some(work.mode.span).filter(|_| work.mode.value == Mode::Indexed)),
    ];
    for (word, span) in counts.into_iter().filter_map(|(word, span)| Some((word, span?))) {
        let message = format!("`{word}` and `per-node`: the nodes say how many runs there are");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "no effect");
        problems.add(diagnostic.also(work.per_node.span, "one on each node").hint("keep one of them"));
    }
}

/// S-176: a number for each run needs to know how many there are.
fn indexed(work: &Work, problems: &mut Problems) {
    if work.mode.value != Mode::Indexed || work.per_node.value || work.wanted().is_some() {
        return;
    }
    let message = "an indexed job needs `completions`: how many indexes there are";
    match &work.completions {
        Some(completions) if completions.value == Completions::Any => {
            let diagnostic = Diagnostic::new(Code::Contradiction, message, completions.span, "no number of indexes");
            problems.add(diagnostic.also(work.mode.span, "indexed").hint("write a number"));
        }
        Some(_) | None => {
            let diagnostic = Diagnostic::new(Code::MissingValue, message, work.mode.span, "how many?");
            problems.add(diagnostic.hint("write `completions=4` beside it"));
        }
    }
}

/// S-186, S-188: limits for each index.
fn per_index(work: &Work, problems: &mut Problems) {
    if let Some(limit) = &work.backoff_limit_per_index {
        if work.mode.value != Mode::Indexed {
            needs_indexed("backoff-limit-per-index", limit.span, problems);
        }
        if work.restart.value != JobRestart::Never {
            let message =
                "`backoff-limit-per-index` counts runs that failed, and `restart \"on-failure\"` lets none fail";
            let diagnostic = Diagnostic::new(Code::Contradiction, message, limit.span, "counts nothing");
            problems.add(diagnostic.also(work.restart.span, "restarts in place").hint("write `restart \"never\"`"));
        }
    }
    let Some(most) = &work.max_failed_indexes else { return };
    if work.backoff_limit_per_index.is_none() {
        let message = "`max-failed-indexes` needs `backoff-limit-per-index`: without it no index fails by itself";
        let diagnostic = Diagnostic::new(Code::MissingValue, message, most.span, "no index fails");
        problems.add(diagnostic.hint("write `backoff-limit-per-index 1` beside it"));
    }
    if let Some(wanted) = work.wanted().filter(|wanted| most.value.0 > *wanted) {
        let message = format!("{} indexes may fail, and there are {wanted}", most.value.0);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, most.span, "more than there are");
        problems.add(diagnostic.hint("ask for fewer than `completions`, or leave it out"));
    }
}

fn needs_indexed(word: &str, span: Span, problems: &mut Problems) {
    let message = format!("`{word}` is for indexed jobs");
    let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "there are no indexes");
    problems.add(diagnostic.hint("write `mode=\"indexed\"`, or take it out"));
}

/// S-188: bounds of a job with very many indexes.
fn many(work: &Work, problems: &mut Problems) {
    let Some(completions) = work.completions.as_ref() else { return };
    let Some(count) = completions.value.count().filter(|count| *count > MANY && work.mode.value == Mode::Indexed)
    else {
        return;
    };
    let of = |what: &str| format!("a job of {count} indexes may have {MOST_OF_MANY} {what} at most");
    if let Some(parallelism) = work.parallelism.as_ref().filter(|one| one.value.0 > MOST_OF_MANY) {
        let message = of("replicas at the same time");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, parallelism.span, "too many");
        problems.add(diagnostic.also(completions.span, "so many indexes").hint("lower one of them"));
    }
    let Some(limit) = &work.backoff_limit_per_index else { return };
    match &work.max_failed_indexes {
        Some(most) if most.value.0 <= MOST_OF_MANY => {}
        Some(most) => {
            let diagnostic = Diagnostic::new(Code::Contradiction, of("failed indexes"), most.span, "too many");
            problems.add(diagnostic.also(completions.span, "so many indexes").hint("lower one of them"));
        }
        None => {
            let message = format!("a job of {count} indexes needs `max-failed-indexes`");
            let diagnostic = Diagnostic::new(Code::MissingValue, message, limit.span, "how many may fail?");
            problems.add(diagnostic.hint(format!("write `max-failed-indexes {MOST_OF_MANY}` or less beside it")));
        }
    }
}

/// A job without any time could never run.
fn times(work: &Work, problems: &mut Problems) {
    if let Some(deadline) = work.deadline.as_ref().filter(|deadline| deadline.value == Millis(0)) {
        let diagnostic =
            Diagnostic::new(Code::BadValue, "`deadline` must be more than nothing", deadline.span, "no time at all");
        problems.add(diagnostic.hint("write `deadline \"1h\"`, or leave it out"));
    }
}

/// S-199: rules for early success.
fn success(work: &Work, problems: &mut Problems) {
    if let Some(first) = work.success.first().filter(|_| work.mode.value != Mode::Indexed) {
        needs_indexed("success", first.span, problems);
        return;
    }
    if let Some(surplus) = work.success.get(MOST_RULES) {
        too_many("success", surplus.span, problems);
    }
    work.success.iter().for_each(|rule| success_rule(rule, work.wanted(), problems));
}

pub(super) fn too_many(word: &str, span: Span, problems: &mut Problems) {
    let message = format!("a job has {MOST_RULES} rules of `{word}` at most");
    let diagnostic = Diagnostic::new(Code::SurplusValue, message, span, "one too many");
    problems.add(diagnostic.hint("put several values into one rule"));
}

/// S-200, S-201: indexes and counts that the job has.
fn success_rule(rule: &Success, wanted: Option<u32>, problems: &mut Problems) {
    if rule.indexes.is_none() && rule.count.is_none() && !problems.any_error_in(rule.extent) {
        let diagnostic = Diagnostic::new(Code::MissingValue, "this rule says nothing", rule.span, "when is it enough?");
        problems.add(diagnostic.hint("write `indexes \"0,2-5\"`, `count 3`, or both"));
    }
    if let (Some(indexes), Some(wanted)) = (&rule.indexes, wanted)
        && indexes.value.highest() >= wanted
    {
        let message = format!("there is no index {}: the job has {wanted}", indexes.value.highest());
        let diagnostic = Diagnostic::new(Code::Contradiction, message, indexes.span, "out of range");
        problems.add(diagnostic.hint(format!("indexes go from 0 to {}", wanted.saturating_sub(1))));
        return;
    }
    let there = rule.indexes.as_ref().map(|indexes| indexes.value.count()).or(wanted.map(u64::from));
    if let (Some(count), Some(there)) = (&rule.count, there)
        && u64::from(count.value.0) > there
    {
        let message = format!("{} are asked for, and there are {there}", count.value.0);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, count.span, "more than there are");
        problems.add(diagnostic.hint(format!("write `count {there}` at most")));
    }
}
