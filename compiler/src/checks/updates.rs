//! How a change is carried out: times that leave a rollout a chance to end (S-060, S-063, P-017).

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::workload::Workload,
};

pub(super) fn check(workload: &Workload, problems: &mut Problems) {
    let Some(update) = &workload.common().update else { return };
    let (min_ready, deadline) = (&update.min_ready, &update.progress_deadline);
    if min_ready.value >= deadline.value {
        let message =
            format!("a replica must stay ready for {}, and a rollout fails after {}", min_ready.value, deadline.value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, min_ready.span, "no rollout could succeed");
        problems
            .add(diagnostic.hint("`min-ready` is less than `progress-deadline`, which is `\"10m\"` unless written"));
    }
}
