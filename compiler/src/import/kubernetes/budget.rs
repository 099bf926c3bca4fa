//! PodDisruptionBudgets: each becomes the `budget` of the workload whose pods it selects.

use super::{
    super::{kdl::Block, report::Report},
    Cx,
    object::Object,
    selector::{Known, Selector},
};
use crate::span::Spanned;

/// A budget that waits for its workload.
#[derive(Debug)]
pub(super) struct Budget {
    name: Spanned<String>,
    selector: Selector,
    block: Block,
    used: bool,
}

/// Reads a PodDisruptionBudget.
pub(super) fn read(object: Object, cx: &mut Cx<'_, '_>) {
    let Object { name, notes, mut fields, .. } = object;
    let report = &mut cx.import.report;
    let mut block = Block::new("budget");
    let Some(mut spec) = fields.map("spec", report) else {
        return report.refuse(
            name.span,
            format!("PodDisruptionBudget `{}` has no `spec`", name.value),
            "say what it selects and how many may be away",
        );
    };
    let selector = spec.map("selector", report);
    for (theirs, ours) in [("minAvailable", "min-available"), ("maxUnavailable", "max-unavailable")] {
        if let Some(amount) = spec.text(theirs, report) {
            block.push(Block::new(ours).arg(count_or_share(&amount.value)));
        }
    }
    if let Some(policy) = spec.text("unhealthyPodEvictionPolicy", report) {
        let word = if policy.value == "AlwaysAllow" { "always-allow" } else { "if-healthy-budget" };
        block.push(Block::new("unhealthy").arg(word));
    }
    block.absorb(notes);
    spec.close(&mut block, report);
    fields.close(&mut block, report);
    let Some(selector) = selector else {
        report.refuse(
            name.span,
            format!("PodDisruptionBudget `{}` selects nothing", name.value),
            "a budget belongs to one workload here: write `budget` into it",
        );
        return;
    };
    let selector = Selector::read(selector, report);
    cx.budgets.push(Budget { name, selector, block, used: false });
}

/// A number or a percentage.
pub(super) fn count_or_share(text: &str) -> super::super::kdl::Value {
    match text.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => text.into(),
    }
}

/// The budget of a workload.
pub(super) fn write(known: &Known, block: &mut Block, cx: &mut Cx<'_, '_>) {
    let mut has_one = false;
    for budget in cx.budgets.iter_mut().filter(|budget| budget.selector.selects(&known.labels)) {
        budget.used = true;
        if has_one {
            let what = format!("PodDisruptionBudget {}", budget.name.value);
            let note = cx.import.report.not_carried(budget.name.span, &what, "the workload has a budget already");
            block.note(note);
        } else {
            block.push(budget.block.clone());
        }
        has_one = true;
    }
}

/// Reports budgets of no workload.
pub(super) fn report_unused(cx: &mut Cx<'_, '_>) {
    let unused: Vec<Spanned<String>> = cx.budgets.iter().filter(|one| !one.used).map(|one| one.name.clone()).collect();
    unused.into_iter().for_each(|name| unselected(&name, &mut cx.import.report));
}

fn unselected(name: &Spanned<String>, report: &mut Report<'_>) {
    let what = format!("PodDisruptionBudget {}", name.value);
    report.not_carried(name.span, &what, "no workload of the input has the labels that it selects");
}
