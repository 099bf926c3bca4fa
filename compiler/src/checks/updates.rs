//! How a change is carried out: times that leave a rollout a chance to end, and counts that let it move (S-052 to S-060,
//! S-063, S-114 to S-117, S-156 to S-159, P-003, P-007, P-017).

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        daemon_set::{DaemonSetStrategy, DaemonSetUpdate},
        deployment::{DeploymentStrategy, DeploymentUpdate},
        port::HostPort,
        share::Share,
        stateful_set::{StatefulSet, StatefulSetStrategy, StatefulSetUpdate},
        update::Pace,
        workload::Workload,
    },
    rollout,
    span::{Span, Spanned},
};

pub(super) fn check(workload: &Workload, problems: &mut Problems) {
    match workload {
        Workload::Deployment(one) => one.update.iter().for_each(|update| deployment(update, problems)),
        Workload::DaemonSet(one) => one.update.iter().for_each(|update| daemon_set(update, problems)),
        Workload::StatefulSet(one) => one.update.iter().for_each(|update| stateful_set(one, update, problems)),
        Workload::Job(_) | Workload::CronJob(_) => {}
    }
    copies(workload, problems);
    if let Some(pace) = workload.pace() {
        times(pace, problems);
        zones(pace, problems);
    }
}

/// P-032, S-096: a copy stands on the node of what it replaces, where a fixed port is taken.
fn copies(workload: &Workload, problems: &mut Problems) {
    let asked = rollout::surge(workload);
    let Some(span) = asked.written.filter(|_| !asked.share.is_nothing()) else { return };
    let pod = workload.pod();
    let fixed = pod.all().flat_map(|container| &container.ports).find_map(|port| match &port.host {
        Some(host) if matches!(host.value, HostPort::Fixed(_)) => Some(host.span),
        None if pod.host_network.value => Some(port.number.span),
        Some(_) | None => None,
    });
    if let Some(port) = fixed {
        let message = "a copy cannot listen on a port that the replica beside it holds".to_owned();
        let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "asks for copies");
        let diagnostic = diagnostic.also(port, "a fixed port of the node");
        problems.add(diagnostic.hint("write `host=\"auto\"`, or `max-surge 0` with a `max-unavailable` above 0"));
    }
}

/// All windows of a rollout are read on one clock.
fn zones(pace: &Pace, problems: &mut Problems) {
    let Some((first, rest)) = pace.windows.split_first() else { return };
    if let Some(other) = rest.iter().find(|window| window.time_zone.value.0 != first.time_zone.value.0) {
        let message = "the windows of a rollout are in different time zones".to_owned();
        let diagnostic = Diagnostic::new(Code::Contradiction, message, other.time_zone.span, "another clock");
        let diagnostic = diagnostic.also(first.time_zone.span, "the first one");
        problems.add(diagnostic.hint("write the same `time-zone` in each `window`"));
    }
}

fn deployment(update: &DeploymentUpdate, problems: &mut Problems) {
    let surge = spanned(&update.max_surge, update.max_surge.value);
    let unavailable = spanned(&update.max_unavailable, update.max_unavailable.value);
    let is_rolling = update.strategy.as_ref().is_none_or(|word| word.value == DeploymentStrategy::Rolling);
    for (word, share) in [("max-surge", surge), ("max-unavailable", unavailable)] {
        if !is_rolling && is_written(share, update.span) {
            only_rolling(
                word,
                share.span,
                update.strategy.as_ref().map(|word| (word.value.word(), word.span)),
                problems,
            );
        }
    }
    at_most_all("max-unavailable", unavailable, problems);
    if is_rolling && surge.value.is_nothing() && unavailable.value.is_nothing() {
        nothing_may_move(unavailable, surge, problems);
    }
    if let (Some(canary), Some(word)) = (&update.canary, update.strategy.as_ref().filter(|_| !is_rolling)) {
        only_rolling("canary", canary.span, Some((word.value.word(), word.span)), problems);
    }
    if update.promote.value && update.canary.is_none() {
        let diagnostic = Diagnostic::new(
            Code::Contradiction,
            "`promote` without `canary` says nothing",
            update.promote.span,
            "of what?",
        );
        problems.add(diagnostic.hint("write `canary 1` beside it, or take it out"));
    }
}

fn daemon_set(update: &DaemonSetUpdate, problems: &mut Problems) {
    let surge = spanned(&update.max_surge, update.max_surge.value);
    let unavailable = spanned(&update.max_unavailable, update.max_unavailable.value);
    let strategy = update.strategy.as_ref().map(|word| (word.value.word(), word.span));
    let is_rolling = update.strategy.as_ref().is_none_or(|word| word.value == DaemonSetStrategy::Rolling);
    for (word, share) in [("max-surge", surge), ("max-unavailable", unavailable)] {
        if !is_rolling && is_written(share, update.span) {
            only_rolling(word, share.span, strategy, problems);
        }
        at_most_all(word, share, problems);
    }
    match (is_rolling, surge.value.is_nothing(), unavailable.value.is_nothing()) {
        (true, true, true) => nothing_may_move(unavailable, surge, problems),
        (true, false, false) => {
            let message = "a daemon-set either starts the new replica first or stops the old one first";
            let diagnostic = Diagnostic::new(Code::Contradiction, message, surge.span, "more than 0");
            let diagnostic = match is_written(unavailable, update.span) {
                true => diagnostic.also(unavailable.span, "more than 0 as well"),
                false => diagnostic,
            };
            problems.add(diagnostic.hint("write `max-unavailable 0` beside `max-surge`, or leave `max-surge` out"));
        }
        (true, true, false) | (true, false, true) | (false, _, _) => {}
    }
}

fn stateful_set(workload: &StatefulSet, update: &StatefulSetUpdate, problems: &mut Problems) {
    let unavailable = spanned(&update.max_unavailable, update.max_unavailable.value);
    let strategy = update.strategy.as_ref().map(|word| (word.value.word(), word.span));
    let partition = &update.partition;
    let is_rolling = update.strategy.as_ref().is_none_or(|word| word.value == StatefulSetStrategy::Rolling);
    let written = [
        ("partition", partition.span, partition.span.start != update.span.start),
        ("max-unavailable", unavailable.span, is_written(unavailable, update.span)),
    ];
    for (word, span, _) in written.into_iter().filter(|(_, _, is_written)| *is_written && !is_rolling) {
        only_rolling(word, span, strategy, problems);
    }
    at_most_all("max-unavailable", unavailable, problems);
    if unavailable.value.is_nothing() {
        let message = "no replica may be missing, so none could ever be replaced";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, unavailable.span, "at least 1");
        problems.add(diagnostic.hint("write `max-unavailable 1`"));
    }
    let end = workload.start.value.0 + workload.replicas.value.0;
    if is_rolling && partition.value.0 > end {
        let message =
            format!("the numbers end at {}, the partition begins at {}", end.saturating_sub(1), partition.value.0);
        let diagnostic = Diagnostic::new(Code::NothingUpdates, message, partition.span, "no replica is behind it");
        problems.add(diagnostic.hint("no replica gets a new revision until the partition is lowered"));
    }
}

fn times(pace: &Pace, problems: &mut Problems) {
    let (min_ready, deadline) = (&pace.min_ready, &pace.progress_deadline);
    if min_ready.value >= deadline.value {
        let message =
            format!("a replica must stay ready for {}, and a rollout fails after {}", min_ready.value, deadline.value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, min_ready.span, "no rollout could succeed");
        problems
            .add(diagnostic.hint("`min-ready` is less than `progress-deadline`, which is `\"10m\"` unless written"));
    }
}

fn spanned<T>(written: &Spanned<T>, share: Share) -> Spanned<Share> {
    Spanned::new(share, written.span)
}

/// Whether a field stands in the file: a default stands at the block's word.
fn is_written(share: Spanned<Share>, block: Span) -> bool {
    share.span.start != block.start
}

fn only_rolling(word: &str, span: Span, strategy: Option<(&str, Span)>, problems: &mut Problems) {
    let Some((strategy, at)) = strategy else { return };
    let message = format!("`{word}` is for rolling updates, and this one is `{strategy}`");
    let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "no effect").also(at, "the strategy");
    problems.add(diagnostic.hint(format!("take `{word}` out, or write `update \"rolling\"`")));
}

fn at_most_all(word: &str, share: Spanned<Share>, problems: &mut Problems) {
    if share.value.is_above_all() {
        let message = format!("`{word}` is {} of the replicas, and all of them are 100%", share.value);
        let diagnostic = Diagnostic::new(Code::BadValue, message, share.span, "above 100%");
        problems.add(diagnostic.hint("write `\"100%\"` at most"));
    }
}

fn nothing_may_move(unavailable: Spanned<Share>, surge: Spanned<Share>, problems: &mut Problems) {
    let message = "no replica may be missing and none may be more, so none could ever be replaced";
    let diagnostic = Diagnostic::new(Code::Contradiction, message, unavailable.span, "0");
    problems.add(diagnostic.also(surge.span, "0 as well").hint("write 1 for one of the two"));
}
