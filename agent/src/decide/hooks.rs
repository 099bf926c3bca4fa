//! Hooks as actions: with the number of the port that they ask.

use wlc_plan::spec::{ContainerSpec, Hook};

use crate::{
    action::{Action, HookCall, HookRun, StopOne},
    podman::labels::PodLabels,
};

/// The hook after the start of an attempt, if the container has one.
pub(super) fn post_start(pod: &PodLabels, container: &ContainerSpec, attempt: u32) -> Option<Action> {
    let hook = container.hooks.post_start.as_ref()?;
    Some(Action::PostStart(Box::new(HookRun {
        pod: pod.pod_name(),
        container: pod.container_name(&container.name, attempt),
        call: call(hook, container),
    })))
}

/// The end of one container, with the hook before it; `spec` is what it was made from, where that is known.
pub(super) fn stop_one(name: &str, spec: Option<&ContainerSpec>) -> StopOne {
    let pre_stop = spec.and_then(|spec| Some(call(spec.hooks.pre_stop.as_ref()?, spec)));
    StopOne { container: name.to_owned(), pre_stop }
}

fn call(hook: &Hook, container: &ContainerSpec) -> HookCall {
    let name = match hook {
        Hook::Http(http) | Hook::Https(http) => Some(&http.port),
        Hook::Exec(_) | Hook::Sleep(_) => None,
    };
    let port = name.and_then(|name| container.ports.iter().find(|port| port.name == *name));
    HookCall { hook: hook.clone(), port: port.map(|port| port.number) }
}
