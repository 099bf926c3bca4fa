//! Init containers and sidecars: what each role may have (S-291, S-249).

use wlc_plan::instance::WorkloadKind;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        container::{Container, RestartWord},
        pod::{Pod, Role},
        workload::Workload,
    },
};

pub(super) fn check(workload: &Workload, problems: &mut Problems) {
    let pod = workload.pod();
    check_deadline(workload.kind(), pod, problems);
    for (role, container) in pod.in_order() {
        match role {
            Role::Init => check_init(container, problems),
            Role::Sidecar => check_sidecar(container, problems),
            Role::Main => {}
        }
    }
}

/// S-032, S-273: what is always restarted never ends.
fn check_deadline(kind: WorkloadKind, pod: &Pod, problems: &mut Problems) {
    let ends = match kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => false,
        WorkloadKind::Job | WorkloadKind::CronJob => true,
    };
    if let (Some(deadline), false) = (&pod.pod_deadline, ends) {
        let message = "only the pods of jobs have a deadline";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, deadline.span, "would be started again");
        problems.add(diagnostic.hint("take it out, or make the workload a `job`"));
    }
    if let Some(deadline) = pod.pod_deadline.as_ref().filter(|deadline| deadline.value.0 == 0) {
        let message = "a pod needs some time";
        let diagnostic = Diagnostic::new(Code::BadValue, message, deadline.span, "no time at all");
        problems.add(diagnostic.hint("write `\"1h\"`, or leave it out"));
    }
}

fn check_init(container: &Container, problems: &mut Problems) {
    let probes = container.probes().map(|(word, probe)| (word, probe.span));
    for (word, span) in probes.chain(container.hooks().map(|(word, hook)| (word, hook.span))) {
        let message = format!("an init container has no `{word}`: it runs to its end");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, span, "never asked");
        problems.add(diagnostic.also(container.span, "the init container").hint("take it out, or write `sidecar`"));
    }
    if let Some(restart) = container.restart.as_ref().filter(|word| word.value == RestartWord::Always) {
        let message = "an init container that is always restarted never ends";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, restart.span, "never ends");
        let name = &container.name.value;
        problems.add(diagnostic.hint(format!("a container that stays is a sidecar: `sidecar \"{name}\" …`")));
    }
}

/// S-294: a sidecar is always restarted.
fn check_sidecar(container: &Container, problems: &mut Problems) {
    if let Some(restart) = container.restart.as_ref().filter(|word| word.value != RestartWord::Always) {
        let diagnostic =
            Diagnostic::new(Code::Contradiction, "a sidecar is always restarted", restart.span, "has no effect");
        problems.add(diagnostic.hint("take it out; a container that ends is an `init` or a `container`"));
    }
}
