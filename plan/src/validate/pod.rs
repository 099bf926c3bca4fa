//! The rules inside one pod: containers, ports, mounts, probes, resources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Findings, Rule};
use crate::{
    content::ConfigContent,
    digest::Digest,
    limits,
    name::PortName,
    spec::{
        Command, ConfigMount, ContainerRole, ContainerSpec, FileSource, FilesMount, GrpcProbe, Hook, HttpProbe, Item,
        MountSource, PodSpec, Probe, ProbeHandler, Resources, TcpProbe,
    },
};

pub(super) fn check(spec: &PodSpec, contents: &BTreeMap<Digest, ConfigContent>, findings: &mut Findings) {
    let Some(first) = spec.containers.first() else {
        findings.add("pod", Rule::Empty);
        return;
    };
    let at = format!("pod of `{}`", first.name);
    findings.limit(&at, "containers", spec.containers.len(), limits::CONTAINERS_PER_POD);
    twice(&at, spec.containers.iter().map(|container| &container.name), findings);
    twice(&at, spec.containers.iter().flat_map(|container| &container.ports).map(|port| &port.name), findings);
    for content in spec.contents().filter(|content| !contents.contains_key(content)) {
        findings.add(&at, Rule::NoContent(content));
    }
    if !spec.containers.iter().any(|container| container.role.is_main()) {
        findings.add(&at, Rule::Empty);
    }
    if spec.deadline.is_some_and(|deadline| deadline.0 == 0) {
        findings.add(&at, Rule::Range { field: "deadline", range: "above 0" });
    }
    for (number, container) in spec.containers.iter().enumerate() {
        check_order(container, &spec.containers[..number], findings);
        check_container(container, spec, findings);
    }
}

fn twice<Name: Ord + fmt::Display>(at: &str, names: impl Iterator<Item = Name>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for name in names {
        let text = name.to_string();
        if !seen.insert(name) {
            findings.add(at, Rule::Twice(text));
        }
    }
}

/// A container waits only for containers that stand before it, so that the order of a pod has no circle.
fn check_order(container: &ContainerSpec, before: &[ContainerSpec], findings: &mut Findings) {
    for name in container.after.iter().flat_map(|after| &after.of) {
        if !before.iter().any(|earlier| earlier.name == *name) {
            findings.add(&container.name, Rule::AfterLater(name.clone()));
        }
    }
    if !container.role.is_main() && before.iter().any(|earlier| earlier.role.is_main()) {
        findings.add(&container.name, Rule::RoleOrder);
    }
}

fn check_container(container: &ContainerSpec, spec: &PodSpec, findings: &mut Findings) {
    let at = container.name.as_str();
    twice(at, container.env.iter().map(|variable| &variable.name), findings);
    twice(at, container.mounts.iter().map(|mount| &mount.path), findings);
    if container.ports.iter().any(|port| port.number == 0) {
        findings.add(at, Rule::Range { field: "port", range: "1 to 65535" });
    }
    for mount in &container.mounts {
        check_mount(at, &mount.source, spec, findings);
        if let Some(path) = mount.view.sub_path.as_ref().filter(|path| !is_below(path)) {
            findings.add(at, Rule::NotBelow(path.clone()));
        }
    }
    check_resources(at, &container.resources, findings);
    container.probes.iter().for_each(|probe| check_probe(container, probe, findings));
    container.hooks.iter().for_each(|hook| check_hook(container, hook, findings));
    if container.role == ContainerRole::Init && !(container.probes.is_empty() && container.hooks.is_empty()) {
        findings.add(at, Rule::InitWithProbes);
    }
    if container.probes.readiness.as_ref().is_some_and(|probe| probe.grace.is_some()) {
        findings.add(at, Rule::ReadinessGrace);
    }
}

fn check_mount(at: &str, source: &MountSource, spec: &PodSpec, findings: &mut Findings) {
    match source {
        MountSource::Config(ConfigMount { mode, .. }) if *mode > 0o777 => {
            findings.add(at, Rule::Range { field: "mode", range: "0 to 0777" });
        }
        MountSource::Volume(name) if !spec.volumes.contains_key(name) => {
            findings.add(at, Rule::NoVolume(name.to_string()));
        }
        MountSource::Files(files) => check_files(at, files, findings),
        MountSource::Config(_) | MountSource::Volume(_) | MountSource::Claim(_) => {}
    }
}

/// Every file lies below its directory, with permission bits.
fn check_files(at: &str, files: &FilesMount, findings: &mut Findings) {
    let of_items = |items: &[Item]| -> Vec<(String, Option<u16>)> {
        items.iter().map(|item| (item.path.clone(), item.mode)).collect()
    };
    let own: Vec<(String, Option<u16>)> = files
        .sources
        .iter()
        .flat_map(|source| match source {
            FileSource::Config(config) => of_items(&config.items),
            FileSource::Secret(secret) => of_items(&secret.items),
            FileSource::Field(field) => vec![(field.path.clone(), field.mode)],
            FileSource::Text(text) => vec![(text.path.clone(), text.mode)],
            FileSource::Endpoints(_) => Vec::new(),
        })
        .collect();
    if files.mode > 0o777 || own.iter().any(|(_, mode)| mode.is_some_and(|mode| mode > 0o777)) {
        findings.add(at, Rule::Range { field: "mode", range: "0 to 0777" });
    }
    for (path, _) in own.iter().filter(|(path, _)| !is_below(path)) {
        findings.add(at, Rule::NotBelow(path.clone()));
    }
    twice(at, own.iter().map(|(path, _)| path), findings);
}

/// Whether a path names something below a directory.
fn is_below(path: &str) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.starts_with("..") && !part.contains('\0');
    path.split('/').all(is_part)
}

/// S-349: a request is at most its limit.
fn check_resources(at: &str, resources: &Resources, findings: &mut Findings) {
    let Resources { cpu_request, cpu_limit, memory_request, memory_limit, huge_pages } = resources;
    let cpu_above = cpu_limit.is_some() && cpu_request > cpu_limit;
    let memory_above = memory_limit.is_some() && memory_request > memory_limit;
    if cpu_above || memory_above {
        findings.add(at, Rule::LimitBelowRequest);
    }
    if !huge_pages.is_sorted_by(|a, b| a.page < b.page) {
        findings.add(at, Rule::Order { what: "huge pages" });
    }
    if huge_pages.iter().any(|one| one.page.0 == 0 || one.amount.0 == 0 || !one.amount.0.is_multiple_of(one.page.0)) {
        findings.add(at, Rule::Range { field: "huge-pages", range: "whole pages" });
    }
}

/// S-303 to S-306: the least values of a probe; its port is one of the container's.
fn check_probe(container: &ContainerSpec, probe: &Probe, findings: &mut Findings) {
    let at = container.name.as_str();
    if probe.period.0 == 0 || probe.timeout.0 == 0 {
        findings.add(at, Rule::Range { field: "period and timeout", range: "above 0" });
    }
    if probe.successes == 0 || probe.failures == 0 {
        findings.add(at, Rule::Range { field: "successes and failures", range: "1 and above" });
    }
    match &probe.handler {
        ProbeHandler::Exec(exec) => check_command(container, exec, findings),
        ProbeHandler::Http(HttpProbe { port, .. })
        | ProbeHandler::Https(HttpProbe { port, .. })
        | ProbeHandler::Tcp(TcpProbe { port, .. })
        | ProbeHandler::Grpc(GrpcProbe { port, .. }) => check_asked_port(container, port, findings),
    }
}

fn check_hook(container: &ContainerSpec, hook: &Hook, findings: &mut Findings) {
    match hook {
        Hook::Exec(exec) => check_command(container, exec, findings),
        Hook::Http(http) | Hook::Https(http) => check_asked_port(container, &http.port, findings),
        Hook::Sleep(_) => {}
    }
}

fn check_asked_port(container: &ContainerSpec, port: &PortName, findings: &mut Findings) {
    if !container.ports.iter().any(|own| own.name == *port) {
        findings.add(&container.name, Rule::NoPort(port.clone()));
    }
}

fn check_command(container: &ContainerSpec, exec: &Command, findings: &mut Findings) {
    if exec.command.first().is_none_or(String::is_empty) {
        findings.add(&container.name, Rule::EmptyCommand);
    }
}
