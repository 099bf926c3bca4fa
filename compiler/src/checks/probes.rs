//! Probes: they ask a port of their container or run a command in it, in a time that leaves room for the next try.

use wlc_plan::quantity::Millis;

use super::handlers::{self, Handler, Takes, Words};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        pod::Pod,
        probe::{Probe, ProbeKind},
    },
    span::Spanned,
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in pod.all() {
        for (word, probe) in container.probes() {
            let handler = Handler {
                word,
                kind: Spanned::new(probe.kind.value.word(), probe.kind.span),
                extent: probe.extent,
                words: &probe.words,
                port: probe.port.as_ref().map(|port| Spanned::new(port.value.as_str(), port.span)),
                host: probe.host.as_ref(),
                headers: &probe.headers,
            };
            handlers::check(container, &handler, &takes(probe.kind.value), problems);
            check_service(probe, problems);
            check_numbers(word, probe, problems);
            check_grace(word, probe, problems);
        }
    }
}

fn takes(kind: ProbeKind) -> Takes {
    match kind {
        ProbeKind::Http | ProbeKind::Https => Takes { words: Words::Path, port: true, host: true, headers: true },
        ProbeKind::Tcp => Takes { words: Words::Nothing, port: true, host: true, headers: false },
        ProbeKind::Grpc => Takes { words: Words::Nothing, port: true, host: false, headers: false },
        ProbeKind::Exec => Takes { words: Words::Command, port: false, host: false, headers: false },
    }
}

fn check_service(probe: &Probe, problems: &mut Problems) {
    if let (Some(service), true) = (&probe.service, probe.kind.value != ProbeKind::Grpc) {
        let message = format!("`{}` asks for no service", probe.kind.value.word());
        let diagnostic = Diagnostic::new(Code::Contradiction, message, service.span, "never asked");
        problems.add(diagnostic.hint("only `\"grpc\"` asks for a service"));
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
    if probe.period.value.0 > 0 && probe.timeout.value > probe.period.value {
        let message = format!("a try may take {}, the next is due after {}", probe.timeout.value, probe.period.value);
        let diagnostic = Diagnostic::new(Code::SlowProbe, message, probe.timeout.span, "longer than the period");
        problems
            .add(diagnostic.hint("tries never overlap: the next waits, so failures are found later than they look"));
    }
}

/// S-307: a probe that stops the container may have a grace of its own; a readiness probe stops nothing.
fn check_grace(word: &str, probe: &Probe, problems: &mut Problems) {
    let Some(grace) = &probe.grace else { return };
    if word == "readiness" {
        let message = "a readiness probe stops nothing, so it has no grace";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, grace.span, "no effect");
        problems.add(diagnostic.hint("take it out, or write it at the liveness or startup probe"));
    } else if grace.value < Millis::from_seconds(1) {
        let message = "the grace of a probe is at least a second";
        let diagnostic = Diagnostic::new(Code::BadValue, message, grace.span, "at least `\"1s\"`");
        problems.add(diagnostic.hint("write `\"1s\"` or more"));
    }
}
