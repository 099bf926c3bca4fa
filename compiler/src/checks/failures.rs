//! Rules for failures of jobs (S-190 to S-197, P-073 to P-075).

use super::jobs::{MOST_RULES, too_many};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{
        job::{FailureAction, JobRestart, OnExit, ReplaceWhen, Work},
        pod::Pod,
    },
    span::{Span, Spanned},
};

pub(super) fn check(work: &Work, pod: &Pod, problems: &mut Problems) {
    let mut rules: Vec<(&str, Span)> = Vec::new();
    rules.extend(work.on_exit.iter().map(|rule| ("on-exit", rule.span)));
    rules.extend(work.on_exit_not.iter().map(|rule| ("on-exit-not", rule.span)));
    rules.extend(work.on_condition.iter().map(|rule| ("on-condition", rule.span)));
    rules.sort_by_key(|(_, span)| *span);
    let Some((word, first)) = rules.first().copied() else { return };
    if work.restart.value != JobRestart::Never {
        let message = format!("`{word}` is about runs that failed, and `restart \"on-failure\"` lets none fail");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, first, "never asked");
        problems.add(diagnostic.also(work.restart.span, "restarts in place").hint("write `restart \"never\"`"));
    }
    if let Some(replace) = work.replace_when.as_ref().filter(|one| one.value != ReplaceWhen::Failed) {
        let message = "a rule about failures waits until a run has failed";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, replace.span, "too early for a rule");
        problems.add(diagnostic.also(first, "a rule").hint("write `replace-when \"failed\"`, or leave it out"));
    }
    if let Some((word, surplus)) = rules.get(MOST_RULES) {
        too_many(word, *surplus, problems);
    }
    for rule in &work.on_exit {
        exit_codes("on-exit", rule, problems);
        zero(rule, problems);
    }
    work.on_exit_not.iter().for_each(|rule| exit_codes("on-exit-not", rule, problems));
    for rule in work.on_exit.iter().chain(&work.on_exit_not) {
        container(rule, pod, problems);
    }
    let exits = work.on_exit.iter().chain(&work.on_exit_not).map(|rule| &rule.action);
    exits.chain(work.on_condition.iter().map(|rule| &rule.action)).for_each(|action| index(work, action, problems));
}

/// S-194: ascending, each once.
fn exit_codes(word: &str, rule: &OnExit, problems: &mut Problems) {
    if rule.codes.is_empty() && !problems.any_error_in(rule.extent) {
        let diagnostic =
            Diagnostic::new(Code::MissingValue, format!("`{word}` needs an exit code"), rule.span, "which one?");
        problems.add(diagnostic.hint(format!("write `{word} 42 action=\"{}\"`", rule.action.value.word())));
    }
    for pair in rule.codes.windows(2) {
        let (before, code) = (&pair[0], &pair[1]);
        if code.value == before.value {
            let message = format!("exit code {} stands twice", code.value.0);
            let diagnostic = Diagnostic::new(Code::Repeated, message, code.span, "again here");
            problems.add(diagnostic.also(before.span, "first here").hint("keep one of them"));
            return;
        }
        if code.value < before.value {
            let message = format!("exit code {} stands behind {}", code.value.0, before.value.0);
            let diagnostic = Diagnostic::new(Code::BadValue, message, code.span, "smaller than the one before");
            problems.add(diagnostic.hint("write the codes in ascending order"));
            return;
        }
    }
}

/// S-193, P-073: exit code 0 is no failure.
fn zero(rule: &OnExit, problems: &mut Problems) {
    if let Some(zero) = rule.codes.iter().find(|code| code.value.0 == 0) {
        let diagnostic = Diagnostic::new(Code::BadValue, "exit code 0 is success", zero.span, "never a failure");
        problems.add(diagnostic.hint("take it out"));
    }
}

/// S-195: the container is one of the pod, whatever its role.
fn container(rule: &OnExit, pod: &Pod, problems: &mut Problems) {
    let Some(container) = &rule.container else { return };
    let names: Vec<&str> = pod.all().map(|one| one.name.value.as_str()).collect();
    if names.contains(&container.value.as_str()) || problems.any_error_in(pod.extent) {
        return;
    }
    let message = format!("there is no container `{}`", container.value);
    let diagnostic = Diagnostic::new(Code::UnknownName, message, container.span, "no such container");
    problems.add(diagnostic.hint(suggest::hint(container.value.as_str(), names)));
}

/// S-191: an index can fail by itself only where failures of each index are counted.
fn index(work: &Work, action: &Spanned<FailureAction>, problems: &mut Problems) {
    if action.value == FailureAction::FailIndex && work.backoff_limit_per_index.is_none() {
        let message = "`fail-index` needs `backoff-limit-per-index`: without it no index fails by itself";
        let diagnostic = Diagnostic::new(Code::MissingValue, message, action.span, "no index fails");
        problems.add(diagnostic.hint("write `backoff-limit-per-index 1` in the job, or `fail-job`"));
    }
}
