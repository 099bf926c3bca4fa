//! Why a container failed: its exit code, the signal behind it, a word for the reason, its last words and the end of its log.
//!
//! The code 137 is not proof of a want of memory: anybody can send SIGKILL (P-126). Podman is asked.

use wlc_plan::{
    name::ContainerName,
    spec::{MessagePolicy, PodSpec, TerminationMessage},
};

use crate::{
    clock::Moment,
    desired::Desired,
    observed::{ContainerState, LastWords, Observed, ObservedContainer, ObservedPod},
    podman::signals,
};

/// How many lines of the log a failure carries.
const LINES: usize = 20;
/// How much of the log stands for last words that are missing (S-284).
const FALLBACK_BYTES: usize = 2_048;
/// Codes above this one stand for a signal (S-263).
const SIGNALS: i32 = 128;

/// A run of a container that ended; in status, one that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFailure {
    /// The container.
    pub container: ContainerName,
    /// Which run of it.
    pub attempt: u32,
    /// Its exit code.
    pub code: i32,
    /// The signal that ended it, without `SIG`.
    pub signal: Option<&'static str>,
    /// Kubernetes' word for the reason.
    pub reason: &'static str,
    /// Its last words.
    pub message: Option<String>,
    /// The last lines of its log.
    pub log: Vec<String>,
    /// When it ended.
    pub at: Moment,
}

/// The youngest run of a pod's containers that failed.
pub(super) fn youngest(pod: &ObservedPod, spec: Option<&PodSpec>) -> Option<ContainerFailure> {
    pod.containers.iter().filter_map(|one| of(one, spec)).max_by_key(|failure| failure.at)
}

/// Every run that ended and can still be seen, with its pod.
pub fn ends<'a>(observed: &'a Observed, desired: &Desired) -> Vec<(&'a ObservedPod, ContainerFailure)> {
    let of_pod = |pod: &'a ObservedPod| {
        let spec = desired.spec(&pod.revision);
        pod.containers.iter().filter_map(|one| Some((pod, end(one, spec)?))).collect::<Vec<_>>()
    };
    observed.pods().flat_map(of_pod).collect()
}

fn of(one: &ObservedContainer, spec: Option<&PodSpec>) -> Option<ContainerFailure> {
    end(one, spec).filter(|end| end.code != 0)
}

/// How a run ended, well or badly.
fn end(one: &ObservedContainer, spec: Option<&PodSpec>) -> Option<ContainerFailure> {
    let (code, at) = match one.state {
        ContainerState::Exited { code, finished, .. } => (code, finished),
        ContainerState::Created
        | ContainerState::Running { .. }
        | ContainerState::Paused
        | ContainerState::Stopping => return None,
    };
    let wanted = spec.and_then(|spec| spec.container(&one.container)).map(|spec| &spec.termination_message);
    let lines: Vec<&str> = one.last_words.log.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES)..].iter().map(|&line| line.to_owned()).collect();
    Some(ContainerFailure {
        container: one.container.clone(),
        attempt: one.attempt,
        code,
        signal: signal(code),
        reason: reason(code, &one.last_words),
        message: message(&one.last_words, code, wanted),
        log: last,
        at,
    })
}

/// A container's last words: the file, or the end of its log where it failed, left none, and its spec says so (P-124).
pub(super) fn message(words: &LastWords, code: i32, wanted: Option<&TerminationMessage>) -> Option<String> {
    let falls_back = wanted.is_some_and(|wanted| wanted.policy == MessagePolicy::LogsOnError);
    let text = match (words.message.is_empty(), falls_back && code != 0) {
        (false, _) => words.message.clone(),
        (true, true) => tail(&words.log).to_owned(),
        (true, false) => String::new(),
    };
    Some(text).filter(|text| !text.is_empty())
}

fn tail(log: &str) -> &str {
    let mut from = log.len().saturating_sub(FALLBACK_BYTES);
    while !log.is_char_boundary(from) {
        from += 1;
    }
    &log[from..]
}

/// Kubernetes' word for why a container ended (S-261).
pub(super) fn reason(code: i32, words: &LastWords) -> &'static str {
    match (code, words.out_of_memory) {
        (_, true) => "OOMKilled",
        (0, false) => "Completed",
        (137, false) => "Killed",
        (_, false) => "Error",
    }
}

fn signal(code: i32) -> Option<&'static str> {
    signals::name(u8::try_from(code.checked_sub(SIGNALS)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(message: &str, log: &str, out_of_memory: bool) -> LastWords {
        LastWords { out_of_memory, message: message.to_owned(), log: log.to_owned() }
    }

    /// S-284, C-221, C-224, P-124.
    #[test]
    fn the_log_stands_for_last_words_only_after_a_failure_without_any() {
        let policy = |policy| TerminationMessage { policy, ..TerminationMessage::default() };
        for (message_text, code, is_fallback, expected) in [
            ("said", 0, false, Some("said")),
            ("said", 1, true, Some("said")),
            ("", 1, true, Some("log")),
            ("", 1, false, None),
            ("", 0, true, None),
        ] {
            let wanted = policy(if is_fallback { MessagePolicy::LogsOnError } else { MessagePolicy::File });
            let found = message(&words(message_text, "log", false), code, Some(&wanted));
            assert_eq!(found.as_deref(), expected, "{message_text:?} {code} {is_fallback}");
        }
        let long = message(&words("", &"ä".repeat(3_000), false), 1, Some(&policy(MessagePolicy::LogsOnError)));
        assert_eq!(long.unwrap().len(), FALLBACK_BYTES);
    }

    /// S-261, S-263, C-235, P-126.
    #[test]
    fn a_code_names_its_signal_and_want_of_memory_is_asked_for() {
        for (code, out_of_memory, expected) in [
            (0, false, (None, "Completed")),
            (1, false, (None, "Error")),
            (137, false, (Some("KILL"), "Killed")),
            (137, true, (Some("KILL"), "OOMKilled")),
            (143, false, (Some("TERM"), "Error")),
            (128, false, (None, "Error")),
            (255, false, (None, "Error")),
        ] {
            assert_eq!((signal(code), reason(code, &words("", "", out_of_memory))), expected, "{code}");
        }
    }
}
