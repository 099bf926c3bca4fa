//! Requests and limits: a request is at most its limit (S-349).

use std::fmt::Display;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{amount::Amounts, pod::Pod},
    span::Spanned,
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in &pod.containers {
        if let (Some(request), Some(limit)) = (&container.request, &container.limit) {
            at_most("cpu", request.cpu.as_ref(), limit.cpu.as_ref(), problems);
            at_most("memory", request.memory.as_ref(), limit.memory.as_ref(), problems);
        }
        for amounts in [&container.request, &container.limit].into_iter().flatten() {
            check_not_empty(amounts, problems);
        }
        if let Some(cpu) = container.limit.as_ref().and_then(|limit| limit.cpu.as_ref())
            && cpu.value.0 < 10
        {
            let message = "a limit below 10m is less than the kernel can give out";
            let diagnostic = Diagnostic::new(Code::BadValue, message, cpu.span, "at least `\"10m\"`");
            problems.add(diagnostic.hint("write `cpu=\"10m\"` or more"));
        }
    }
}

fn at_most<T: Ord + Display>(
    what: &str,
    request: Option<&Spanned<T>>,
    limit: Option<&Spanned<T>>,
    problems: &mut Problems,
) {
    let (Some(request), Some(limit)) = (request, limit) else { return };
    if request.value > limit.value {
        let message = format!("{} of {what} are set aside, {} at most may be used", request.value, limit.value);
        let diagnostic = Diagnostic::new(Code::RequestAboveLimit, message, request.span, "more than the limit");
        problems.add(diagnostic.also(limit.span, "the limit").hint("a request is at most its limit"));
    }
}

fn check_not_empty(amounts: &Amounts, problems: &mut Problems) {
    if amounts.cpu.is_none() && amounts.memory.is_none() {
        let diagnostic = Diagnostic::new(Code::MissingValue, "this asks for nothing", amounts.span, "no amount");
        problems.add(diagnostic.hint("write `cpu=\"500m\"`, `memory=\"256MiB\"`, or both"));
    }
}
