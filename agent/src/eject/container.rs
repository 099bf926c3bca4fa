//! The unit of a container.

use wlc_plan::{
    gate::Condition,
    quantity::{Bytes, Cpu, Millis},
    spec::{
        ContainerRole, ContainerSpec, LogDriver, MessagePolicy, Probe, ProbeHandler, PullPolicy, Resources,
        RestartPolicy,
    },
};

use super::{
    Writing, mounts, security,
    unit::{Key, Unit, Version, is_plain, stop_limit},
};
use crate::{
    action::RunContainer,
    files::{EnvPart, EnvText},
    podman::create::{image_reference, whole_seconds},
};

const CONTAINER: &str = "Container";

/// Writes the container at this place of the pod.
pub(super) fn write(writing: &mut Writing<'_>, at: usize) {
    let described = writing.described;
    let run = &described.containers[at];
    let (spec, name) = (&run.spec, run.spec.name.as_str());
    let replica = writing.replica().to_owned();
    let mut unit = Unit::new(writing.target.version);
    unit.set("Unit", "Description", &format!("{name} of {replica}"));
    order(writing, spec, &replica, &mut unit);
    unit.set(CONTAINER, "Pod", &format!("{replica}.pod"));
    unit.set(CONTAINER, "Image", &image_reference(&spec.image));
    let pull = match spec.image.pull {
        PullPolicy::Always => "always",
        PullPolicy::IfNotPresent => "missing",
        PullPolicy::Never => "never",
    };
    unit.set(CONTAINER, "Pull", pull);
    command(writing, spec, &mut unit);
    for (variable, value) in &run.env {
        environment(writing, name, (variable, value), &mut unit);
    }
    mounts::write(writing, run, &mut unit);
    resources(writing, run, &mut unit);
    security::write(writing, name, &spec.security, &mut unit);
    devices(writing, run, &mut unit);
    probes(writing, spec, &mut unit);
    left(writing, spec);
    end(run, described.pod.spec.restart_of(spec), &mut unit);
    writing.file(format!("{replica}-{name}.container"), &unit, &format!("The container `{name}`"));
}

/// What starts before it: systemd waits for the end of an init container, and for the start of any other.
fn order(writing: &mut Writing<'_>, spec: &ContainerSpec, replica: &str, unit: &mut Unit) {
    for after in &spec.after {
        for other in &after.of {
            let service = format!("{replica}-{other}.service");
            unit.set("Unit", "Requires", &service);
            unit.set("Unit", "After", &service);
        }
        if after.until == Condition::Ready {
            writing.leave(spec.name.as_str(), "after … ready", "systemd waits for the start, not for a probe");
        }
    }
}

fn command(writing: &mut Writing<'_>, spec: &ContainerSpec, unit: &mut Unit) {
    if !spec.command.is_empty() {
        let list = serde_json::to_string(&spec.command).expect("texts are JSON");
        unit.set(CONTAINER, "Entrypoint", &list);
    }
    if !spec.args.is_empty() {
        unit.words(CONTAINER, "Exec", &spec.args);
    }
    if let Some(directory) = &spec.working_directory {
        if is_plain(directory.as_str()) {
            unit.set(CONTAINER, "WorkingDir", directory.as_str());
        } else {
            writing.leave(spec.name.as_str(), "working-directory", "a unit file cannot write this path");
        }
    }
}

fn environment(writing: &mut Writing<'_>, name: &str, (variable, value): (&str, &EnvText), unit: &mut Unit) {
    match &value[..] {
        [EnvPart::Secret(key)] => {
            let secret = mounts::secret(writing, key);
            unit.set(CONTAINER, "Secret", &format!("{secret},type=env,target={variable}"));
        }
        parts => {
            let texts = parts.iter().map(|part| match part {
                EnvPart::Text(text) => Some(text.as_str()),
                EnvPart::Secret(_) | EnvPart::Address => None,
            });
            match texts.collect::<Option<String>>() {
                Some(text) => unit.words(CONTAINER, "Environment", &[format!("{variable}={text}")]),
                None if value.contains(&EnvPart::Address) => {
                    writing.leave(name, format!("env {variable}"), "a unit does not know the address of its pod");
                }
                None => writing.leave(name, format!("env {variable}"), "a secret stands in the middle of its text"),
            }
        }
    }
}

fn resources(writing: &mut Writing<'_>, run: &RunContainer, unit: &mut Unit) {
    let Resources { cpu_request, cpu_limit, memory_request, memory_limit, ref huge_pages } = run.spec.resources;
    if let Some(Bytes(limit)) = memory_limit {
        unit.set_or_option(CONTAINER, Key("Memory", "memory", Version(5, 6)), &format!("{limit}b"));
    }
    if let Some(Cpu(limit)) = cpu_limit {
        unit.option(CONTAINER, "cpus", &format!("{}.{:03}", limit / 1_000, limit % 1_000));
    }
    if let Some(Cpu(request)) = cpu_request {
        unit.option(CONTAINER, "cpu-shares", &(request * 1_024 / 1_000).max(2).to_string());
    }
    if memory_request.is_some() && memory_request != memory_limit {
        writing.leave(run.spec.name.as_str(), "request memory", "it is counted at build; Podman has nothing for it");
    }
    if !run.cores.is_empty() {
        unit.option(CONTAINER, "cpuset-cpus", &run.cores.to_string());
    }
    if !run.numa.is_empty() {
        unit.option(CONTAINER, "cpuset-mems", &run.numa.to_string());
    }
    if !huge_pages.is_empty() {
        writing.leave(run.spec.name.as_str(), "huge pages", "Podman's command has no limit for them");
    }
}

/// The devices that placement gave it.
fn devices(writing: &mut Writing<'_>, run: &RunContainer, unit: &mut Unit) {
    for device in &run.devices {
        let name = device.cdi.as_ref().map(ToString::to_string).or(device.path.as_ref().map(ToString::to_string));
        match name {
            Some(name) => unit.words(CONTAINER, "AddDevice", &[name]),
            None => writing.leave(run.spec.name.as_str(), "a device", "it has neither a path nor a CDI name"),
        }
    }
}

/// Quadlet asks by a command in the container, and knows one such question beside that of the start.
fn probes(writing: &mut Writing<'_>, spec: &ContainerSpec, unit: &mut Unit) {
    let name = spec.name.as_str();
    let asked = [("liveness", &spec.probes.liveness, "kill"), ("readiness", &spec.probes.readiness, "none")];
    let mut written: Option<&Probe> = None;
    for (word, probe, on_failure) in asked {
        let Some(probe) = probe else { continue };
        match (health_command(&probe.handler), written) {
            (Some(command), None) => {
                written = Some(probe);
                unit.set(CONTAINER, "HealthCmd", &command);
                unit.set(CONTAINER, "HealthOnFailure", on_failure);
                times(unit, "Health", probe);
                if probe.initial_delay.0 > 0 {
                    unit.set(CONTAINER, "HealthStartPeriod", &seconds(probe.initial_delay));
                }
            }
            (Some(_), Some(before)) if before.handler == probe.handler => {}
            (Some(_), Some(_)) => writing.leave(name, word, "Quadlet knows one probe; that of liveness is written"),
            (None, _) => writing.leave(name, word, "Quadlet asks only by a command in the container"),
        }
    }
    let Some(startup) = &spec.probes.startup else { return };
    match health_command(&startup.handler) {
        Some(command) => {
            unit.set(CONTAINER, "HealthStartupCmd", &command);
            times(unit, "HealthStartup", startup);
        }
        None => writing.leave(name, "startup", "Quadlet asks only by a command in the container"),
    }
}

fn times(unit: &mut Unit, prefix: &str, probe: &Probe) {
    unit.set(CONTAINER, &format!("{prefix}Interval"), &seconds(probe.period));
    unit.set(CONTAINER, &format!("{prefix}Timeout"), &seconds(probe.timeout));
    unit.set(CONTAINER, &format!("{prefix}Retries"), &probe.failures.to_string());
}

/// A command of a shell, or else a list in JSON; none where it is no command.
fn health_command(handler: &ProbeHandler) -> Option<String> {
    match handler {
        ProbeHandler::Exec(exec) => match &exec.command[..] {
            [shell, flag, line] if shell == "sh" && flag == "-c" && is_plain(line) && !line.starts_with('[') => {
                Some(line.clone())
            }
            words => Some(serde_json::to_string(words).expect("texts are JSON")),
        },
        ProbeHandler::Http(_) | ProbeHandler::Https(_) | ProbeHandler::Tcp(_) | ProbeHandler::Grpc(_) => None,
    }
}

fn seconds(length: Millis) -> String {
    format!("{}s", whole_seconds(length).max(1))
}

/// What has no counterpart at all.
fn left(writing: &mut Writing<'_>, spec: &ContainerSpec) {
    let name = spec.name.as_str();
    let hooks = [("post-start", &spec.hooks.post_start), ("pre-stop", &spec.hooks.pre_stop)];
    for (word, _) in hooks.into_iter().filter(|(_, hook)| hook.is_some()) {
        writing.leave(name, word, "Quadlet has no hooks; systemd has `ExecStartPost=` and `ExecStop=` for commands");
    }
    if !spec.termination_message.is_default() || spec.termination_message.policy != MessagePolicy::File {
        writing.leave(name, "termination-message", "nobody reads last words");
    }
}

fn end(run: &RunContainer, restart: RestartPolicy, unit: &mut Unit) {
    if let Some(signal) = &run.spec.stop_signal {
        unit.set_or_option(CONTAINER, Key("StopSignal", "stop-signal", Version(5, 3)), &format!("SIG{signal}"));
    }
    let grace = whole_seconds(run.grace);
    unit.set(CONTAINER, "StopTimeout", &grace.to_string());
    if run.surroundings.log == LogDriver::Journal {
        unit.set(CONTAINER, "LogDriver", "journald");
    }
    if run.spec.role == ContainerRole::Init {
        unit.set("Service", "Type", "oneshot");
        unit.set("Service", "RemainAfterExit", "yes");
    }
    let restart = match restart {
        RestartPolicy::Always => "always",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::Never => "no",
    };
    unit.set("Service", "Restart", restart);
    stop_limit(grace).iter().for_each(|limit| unit.set("Service", "TimeoutStopSec", limit));
}
