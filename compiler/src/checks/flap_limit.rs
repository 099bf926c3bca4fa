//! A limit on how often containers end: it has to be one that can be reached, since there are pauses between restarts.

use wlc_plan::restarts::FlapLimit;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::workload::Workload,
};

pub(super) fn check(workload: &Workload, problems: &mut Problems) {
    let Some(block) = &workload.common().flap_limit else { return };
    let limit = FlapLimit { ends: block.ends.value.0, within: block.within.value };
    let least = limit.least();
    if least <= limit.within {
        return;
    }
    let (ends, within) = (limit.ends, limit.within);
    let message = format!("{ends} ends within {within} never come: with the pauses between restarts they take {least}");
    let diagnostic = Diagnostic::new(Code::NoEffect, message, block.ends.span, "never reached");
    problems.add(diagnostic.hint(format!("write `within=\"{least}\"` or more, or fewer ends")));
}
