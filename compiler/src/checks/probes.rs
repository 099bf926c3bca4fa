//! Probes: they ask a port of their container, in a time that leaves room for the next try.

use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{
        container::Container,
        pod::Pod,
        probe::{Probe, ProbeKind},
    },
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in &pod.containers {
        let probes =
            [("startup", &container.startup), ("readiness", &container.readiness), ("liveness", &container.liveness)];
        for (word, probe) in probes.iter().filter_map(|(word, probe)| probe.as_ref().map(|probe| (*word, probe))) {
            check_port(container, probe, problems);
            check_path(probe, problems);
            check_numbers(word, probe, problems);
        }
    }
}

fn check_port(container: &Container, probe: &Probe, problems: &mut Problems) {
    let names: Vec<&str> = container.ports.iter().map(|port| port.name.value.as_str()).collect();
    if names.contains(&probe.port.value.as_str()) || problems.any_error_in(container.extent) {
        return;
    }
    let message = format!("container `{}` has no port `{}`", container.name.value, probe.port.value);
    let diagnostic = Diagnostic::new(Code::UnknownName, message, probe.port.span, "no such port");
    problems.add(diagnostic.hint(suggest::hint(probe.port.value.as_str(), names)));
}

fn check_path(probe: &Probe, problems: &mut Problems) {
    match (probe.kind.value, &probe.path) {
        (ProbeKind::Tcp, Some(path)) => {
            let diagnostic =
                Diagnostic::new(Code::SurplusValue, "a TCP probe has no path", path.span, "not expected here");
            problems.add(diagnostic.hint("take it out, or ask over `\"http\"`"));
        }
        (ProbeKind::Http, Some(path))
            if !path.value.starts_with('/') || path.value.contains(|c: char| c.is_control() || c == ' ') =>
        {
            let diagnostic =
                Diagnostic::new(Code::BadValue, "this is no path of a URL", path.span, "begins with `/`, no blanks");
            problems.add(diagnostic.hint("write it as `\"/healthz\"`"));
        }
        (ProbeKind::Http, Some(_) | None) | (ProbeKind::Tcp, None) => {}
    }
    if let (ProbeKind::Tcp, Some(header)) = (probe.kind.value, probe.headers.first()) {
        let message = "a TCP probe sends no headers";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, header.span, "never sent");
        problems.add(diagnostic.hint("take it out, or ask over `\"http\"`"));
    }
}

/// S-303 to S-306: the least values; a success of one for probes that kill.
fn check_numbers(word: &str, probe: &Probe, problems: &mut Problems) {
    for (field, value) in [("period", &probe.period), ("timeout", &probe.timeout)] {
        if value.value.0 == 0 {
            let message = format!("`{field}` must be more than nothing");
            let diagnostic = Diagnostic::new(Code::BadValue, message, value.span, "at least `\"1ms\"`");
            problems.add(diagnostic.hint(format!("write a time, such as `{field}=\"5s\"`")));
        }
    }
    if word != "readiness" && probe.successes.value.0 != 1 {
        let message = format!("`successes` of a {word} probe is always 1");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, probe.successes.span, "must be 1");
        problems.add(diagnostic.hint("take it out; only a readiness probe counts successes"));
    }
    if probe.timeout.value > probe.period.value && probe.period.value.0 > 0 {
        let message = format!("a try may take {}, the next is due after {}", probe.timeout.value, probe.period.value);
        let diagnostic = Diagnostic::new(Code::SlowProbe, message, probe.timeout.span, "longer than the period");
        problems
            .add(diagnostic.hint("tries never overlap: the next waits, so failures are found later than they look"));
    }
}
