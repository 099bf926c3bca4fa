//! Disruption budgets that a drain can keep (S-458, P-005).

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{budget::Budget, share::Share, workload::Workload},
    span::Spanned,
};

pub(super) fn check(workload: &Workload, problems: &mut Problems) {
    let Some(budget) = &workload.common().budget else { return };
    match (&budget.min_available, &budget.max_unavailable) {
        (Some(min), Some(max)) => {
            let message = "a budget says how many must stay, or how many may be missing";
            let diagnostic = Diagnostic::new(Code::Contradiction, message, max.span, "says it again");
            problems.add(diagnostic.also(min.span, "said here").hint("keep one of them"));
        }
        (None, None) => {
            let message = "this budget allows everything";
            let diagnostic = Diagnostic::new(Code::MissingValue, message, budget.span, "how many must stay?");
            problems.add(diagnostic.hint("write `min-available 4` or `max-unavailable \"25%\"` in it"));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    for (word, share) in [("min-available", &budget.min_available), ("max-unavailable", &budget.max_unavailable)] {
        if let Some(share) = share.as_ref().filter(|share| share.value.is_above_all()) {
            let message = format!("`{word}` is {} of the replicas, and all of them are 100%", share.value);
            let diagnostic = Diagnostic::new(Code::BadValue, message, share.span, "above 100%");
            problems.add(diagnostic.hint("write `\"100%\"` at most"));
        }
    }
    against_replicas(workload, budget, problems);
}

fn against_replicas(workload: &Workload, budget: &Budget, problems: &mut Problems) {
    match workload {
        Workload::DaemonSet(_) | Workload::CronJob(_) => {
            let message = format!("a drain leaves {}s alone", workload.kind().word());
            let diagnostic = Diagnostic::new(Code::Contradiction, message, budget.span, "no effect");
            problems.add(diagnostic.hint("take the budget out"));
        }
        Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::Job(_) => {
            let Some(replicas) = workload.replicas().filter(|replicas| *replicas > 0) else { return };
            let min = budget.min_available.as_ref();
            if let Some(min) = min.filter(|min| count_above(min, replicas)) {
                let message = format!("{} must stay ready, and {replicas} are asked for", min.value);
                let diagnostic = Diagnostic::new(Code::Contradiction, message, min.span, "more than there are");
                problems.add(diagnostic.hint(format!("write `min-available {}` or less", replicas - 1)));
            } else if no_room(budget, replicas) {
                let share = min.or(budget.max_unavailable.as_ref());
                let span = share.map_or(budget.span, |share| share.span);
                let message =
                    format!("no replica of `{}` may be missing: no node can be drained", workload.name().value);
                let diagnostic = Diagnostic::new(Code::NoDrain, message, span, "leaves no room");
                problems.add(diagnostic.hint("leave room for one, or move its replicas by hand before a drain"));
            }
        }
    }
}

fn count_above(min: &Spanned<Share>, replicas: u32) -> bool {
    matches!(min.value, Share::Count(count) if count > replicas)
}

/// Whether the budget is used up when everything is ready. Percentages round up, of both words.
fn no_room(budget: &Budget, replicas: u32) -> bool {
    let all_stay = budget
        .min_available
        .as_ref()
        .is_some_and(|min| !min.value.is_above_all() && min.value.rounded_up(replicas) >= replicas);
    all_stay || budget.max_unavailable.as_ref().is_some_and(|max| max.value.is_nothing())
}
