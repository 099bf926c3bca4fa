//! Hooks: what they do is complete, and fits into the grace of a stop.

use wlc_plan::quantity::Millis;

use super::handlers::{self, Handler, Takes, Words};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    fields::FromScalar,
    model::{
        hook::{Hook, HookKind},
        pod::Pod,
    },
    span::Spanned,
    syntax::Scalar,
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in pod.all() {
        for (word, hook) in container.hooks() {
            let handler = Handler {
                word,
                kind: Spanned::new(hook.kind.value.word(), hook.kind.span),
                extent: hook.extent,
                words: &hook.words,
                port: hook.port.as_ref().map(|port| Spanned::new(port.value.as_str(), port.span)),
                host: hook.host.as_ref(),
                headers: &hook.headers,
            };
            handlers::check(container, &handler, &takes(hook.kind.value), problems);
            check_sleep(pod, hook, problems);
        }
    }
}

fn takes(kind: HookKind) -> Takes {
    match kind {
        HookKind::Http | HookKind::Https => Takes { words: Words::Path, port: true, host: true, headers: true },
        HookKind::Exec => Takes { words: Words::Command, port: false, host: false, headers: false },
        HookKind::Sleep => Takes { words: Words::Time, port: false, host: false, headers: false },
    }
}

/// S-338, P-113: a sleep is a duration, and no longer than the grace that it is taken from.
fn check_sleep(pod: &Pod, hook: &Hook, problems: &mut Problems) {
    let (HookKind::Sleep, Some(written)) = (hook.kind.value, hook.words.first()) else { return };
    match Millis::from_scalar(&Scalar::Text(written.value.clone())) {
        Err(refusal) => {
            let message = format!("`sleep`: {}", refusal.message);
            let diagnostic = Diagnostic::new(Code::BadValue, message, written.span, Millis::LOOKS);
            problems.add(diagnostic.hint("write it as `\"5s\"`"));
        }
        Ok(time) if time > pod.grace.value => {
            let message = format!("a sleep of {time} does not fit into the grace of {}", pod.grace.value);
            let diagnostic = Diagnostic::new(Code::Contradiction, message, written.span, "longer than the grace");
            let diagnostic = match pod.grace.span == pod.span {
                true => diagnostic,
                false => diagnostic.also(pod.grace.span, "the grace"),
            };
            problems.add(diagnostic.hint("shorten it, or lengthen `grace`"));
        }
        Ok(_) => {}
    }
}
