//! Kernel parameters and limits.

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{pod::Pod, system::Sysctl},
};

/// Parameters that each IPC namespace has for itself.
const IPC: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    super::names::twice("sysctl", pod.sysctls.iter().map(|sysctl| &sysctl.name), problems);
    for sysctl in &pod.sysctls {
        check_sysctl(pod, sysctl, problems);
    }
    for container in pod.all() {
        let mut seen = std::collections::BTreeMap::new();
        for ulimit in &container.ulimits {
            if let Some(first) = seen.insert(ulimit.name.value, ulimit.name.span) {
                let message = format!("ulimit `{}` is declared twice", ulimit.name.value.word());
                let diagnostic = Diagnostic::new(Code::DuplicateName, message, ulimit.name.span, "declared again here");
                problems.add(diagnostic.also(first, "first declared here").hint("keep one of them"));
            }
            let Some(hard) = ulimit.hard.as_ref().filter(|hard| ulimit.soft.value > hard.value) else { continue };
            let message = format!("a process would start with {}, above the most of {}", ulimit.soft.value, hard.value);
            let diagnostic = Diagnostic::new(Code::Contradiction, message, ulimit.soft.span, "above `hard`");
            problems.add(diagnostic.also(hard.span, "the most").hint("`soft` is at most `hard`"));
        }
    }
}

/// S-425: only parameters of a namespace that the pod has for itself.
fn check_sysctl(pod: &Pod, sysctl: &Sysctl, problems: &mut Problems) {
    let name = sysctl.name.value.0.as_str();
    let shared = if name.starts_with("net.") {
        Some(("host-network", &pod.host_network))
    } else if IPC.contains(&name) || name.starts_with("fs.mqueue.") {
        Some(("host-ipc", &pod.host_ipc))
    } else {
        let message = format!("`{name}` belongs to the whole node: no pod has it for itself");
        let diagnostic = Diagnostic::new(Code::BadValue, message, sysctl.name.span, "the node's");
        problems.add(diagnostic.hint("set it on the node; pods have `net.*`, `fs.mqueue.*` and the `kernel.*` of IPC"));
        None
    };
    if let Some((word, flag)) = shared.filter(|(_, flag)| flag.value) {
        let message = format!("with `{word}`, `{name}` is the node's");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, sysctl.name.span, "the node's");
        problems.add(diagnostic.also(flag.span, "shared with the node").hint("keep one of them"));
    }
}
