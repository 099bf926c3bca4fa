//! The workload of a unit: what systemd and the pod say.

use super::{
    super::{
        Import, compose::write_labels, kdl::Block, kubernetes::Ports, names, publish::Published, quantity,
        report::Report,
    },
    Units, container,
    unit::Unit,
};
use crate::span::Spanned;

/// A container of its own.
pub(super) fn single(mut unit: Unit, units: &Units<'_>, import: &mut Import<'_>) {
    let name = unit.stem.clone();
    let mut block = head(&mut unit, &mut import.report);
    let mut pod = Block::new("");
    let container = container::read(unit, "Container", Ports::default(), &mut block, &mut pod, units, import);
    block.absorb(pod);
    block.push(container);
    import.set.workload(block, name.span);
}

/// A pod with its containers.
pub(super) fn several(mut unit: Unit, members: Vec<Unit>, units: &Units<'_>, import: &mut Import<'_>) {
    let name = unit.stem.clone();
    let mut block = head(&mut unit, &mut import.report);
    let mut pod = Block::new("");
    let mut ports = Ports::default();
    publish(&mut unit, "Pod", &mut ports, &mut import.report);
    share(&mut unit, "Pod", &mut block, &mut pod, units, &mut import.report);
    let volumes = unit.all("Pod", "Volume");
    let why = "a pod is called after its replica";
    unit.leave("Pod", &["PodName", "ServiceName", "IP", "IP6", "NetworkAlias", "ExitPolicy"], why, &mut import.report);
    unit.leave("Pod", &["PodmanArgs", "GlobalArgs"], "Podman is called by the agent", &mut import.report);
    unit.close(&mut block, &mut import.report);
    let mut containers = Vec::new();
    for mut member in members {
        let stem = member.stem.value.clone();
        service(&mut member, &mut pod, &mut import.report);
        let ports = std::mem::take(&mut ports);
        let mut lines = Block::new("").named(block.name());
        let mut container = container::read(member, "Container", ports, &mut lines, &mut pod, units, import);
        block.absorb_new(lines);
        for volume in &volumes {
            let bind = container::bind(&volume.value);
            container.push(bind.mount(&names::plain(&stem), volume, import));
        }
        containers.push(container);
    }
    block.absorb(pod);
    block.push_all(containers);
    import.set.workload(block, name.span);
}

/// The kind of a workload, and what the sections of systemd say.
fn head(unit: &mut Unit, report: &mut Report<'_>) -> Block {
    let is_once = unit.last("Service", "Type").is_some_and(|kind| kind.value == "oneshot");
    let restart = unit.last("Service", "Restart");
    let label = names::label(&unit.stem, report);
    let mut block = Block::new(if is_once { "job" } else { "deployment" }).arg(label);
    if let Some(description) = unit.last("Unit", "Description") {
        block.note(description.value);
    }
    match restart.as_ref().map(|word| word.value.as_str()) {
        Some("on-failure" | "on-abnormal" | "on-abort") if is_once => {
            block.push(Block::new("restart").arg("on-failure"))
        }
        _ if is_once => {
            block.push(Block::new("backoff-limit").arg(0));
            block.push(Block::new("restart").arg("never"));
        }
        Some("always") => {}
        Some(_) | None => {
            let span = restart.map_or(unit.stem.span, |restart| restart.span);
            let message = "this unit is not restarted in each case: here a container that ends is started again";
            report.differs(span, message, "write a `job` for what is to end by itself");
        }
    }
    service(unit, &mut block, report);
    block
}

/// What is left of the sections of systemd.
fn service(unit: &mut Unit, block: &mut Block, report: &mut Report<'_>) {
    if let Some(time) = unit.last("Service", "TimeoutStopSec") {
        grace(&time, block, report);
    }
    unit.last("Unit", "Description");
    unit.leave("Service", &["TimeoutStartSec"], "an image is pulled for as long as that takes", report);
    unit.leave("Service", &["Restart"], "here a container of a pod that ends is started again", report);
    let keys = ["RestartSec", "RestartSteps", "RestartMaxDelaySec", "Type", "RemainAfterExit"];
    unit.leave("Service", &keys, "the time between two starts doubles, from 10 s to 5 min", report);
    unit.leave(
        "Unit",
        &["StartLimitIntervalSec", "StartLimitBurst"],
        "the time between two starts doubles, from 10 s to 5 min",
        report,
    );
    unit.leave("Unit", &["Documentation"], "a comment says where more can be read", report);
    unit.leave("Install", &["WantedBy", "RequiredBy", "Alias"], "the agent starts what its plan says", report);
    unit.leave("Quadlet", &["DefaultDependencies"], "the agent starts when the network is there", report);
}

fn grace(time: &Spanned<String>, block: &mut Block, report: &mut Report<'_>) {
    match quantity::duration(&time.value) {
        Some(grace) => block.child("grace").set_only(grace),
        None => report.bad(time.span, format!("`{}` is no time", time.value)),
    }
}

/// What a container of its own and a pod both say of the pod.
pub(super) fn share(
    unit: &mut Unit,
    section: &str,
    block: &mut Block,
    pod: &mut Block,
    units: &Units<'_>,
    report: &mut Report<'_>,
) {
    let split = |text: Spanned<String>| {
        let (key, value) = text.value.split_once('=').unwrap_or((&text.value, ""));
        (Spanned::new(key.to_owned(), text.span), Spanned::new(value.to_owned(), text.span))
    };
    let labels = unit.words(section, "Label", report).into_iter().map(split).collect();
    write_labels(labels, block, report);
    for (key, value) in unit.words(section, "Annotation", report).into_iter().map(split) {
        block.push(Block::new("annotation").arg(key.value).arg(value.value));
    }
    after(unit, block, units, report);
    if let Some(time) = unit.last(section, "StopTimeout") {
        grace(&time, pod, report);
    }
    network(unit, section, pod, report);
    for entry in unit.all(section, "AddHost") {
        match entry.value.split_once(':').filter(|(_, address)| address.parse::<std::net::IpAddr>().is_ok()) {
            Some((name, address)) => pod.push(Block::new("host-entry").arg(address).arg(name)),
            None => pod.note(report.not_carried(entry.span, &format!("AddHost={}", entry.value), "it has no address")),
        }
    }
    if let Some(size) = unit.last(section, "ShmSize") {
        match quantity::compose_bytes(&size.value) {
            Some(bytes) => pod.push(Block::new("shm-size").arg(bytes)),
            None => report.bad(size.span, format!("`{}` is no amount of bytes", size.value)),
        }
    }
    if let Some(space) = unit.last(section, "UserNS") {
        match space.value.split(':').next() {
            Some(word @ ("auto" | "host")) => pod.push(Block::new("user-namespace").arg(word)),
            _ => pod.note(report.not_carried(space.span, &format!("UserNS={}", space.value), "it is `auto` or `host`")),
        }
    }
    let ids = ["UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap", "RemapUsers", "RemapUid", "RemapGid"];
    unit.leave(section, &ids, "`user-namespace \"auto\"` gives a pod users of its own", report);
}

fn after(unit: &mut Unit, block: &mut Block, units: &Units<'_>, report: &mut Report<'_>) {
    let mut known = Vec::new();
    for key in ["After", "Requires", "BindsTo", "Wants"] {
        for name in unit.words("Unit", key, report) {
            match units.workload(&name.value) {
                Some(other) if !known.contains(&other) && other != block.name() => {
                    block.push(Block::new("after").arg(other.as_str()).arg("started"));
                    known.push(other);
                }
                Some(_) => {}
                None => {
                    let what = format!("{key}={}", name.value);
                    block.note(report.not_carried(name.span, &what, "no input declares this unit"));
                }
            }
        }
    }
    let others = ["Before", "PartOf", "Conflicts", "ConditionPathExists", "AssertPathExists", "UpheldBy", "Upholds"];
    unit.leave("Unit", &others, "only `after` orders workloads", report);
}

fn network(unit: &mut Unit, section: &str, pod: &mut Block, report: &mut Report<'_>) {
    for network in unit.all(section, "Network") {
        if network.value == "host" {
            pod.push(Block::new("host-network"));
        } else {
            let why = "a fleet has one network, on which replicas know each other by their names";
            pod.note(report.not_carried(network.span, &format!("Network={}", network.value), why));
        }
    }
    if let Some(name) = unit.last(section, "HostName") {
        pod.push(Block::new("hostname").arg(names::label(&name, report)));
    }
    let mut dns = Block::new("dns");
    for (key, word) in [("DNS", "server"), ("DNSSearch", "search")] {
        let values = unit.words(section, key, report);
        if !values.is_empty() {
            dns.push(Block::new(word).args(values.into_iter().map(|value| value.value)));
        }
    }
    for option in unit.words(section, "DNSOption", report) {
        let (name, value) = option.value.split_once(':').map_or((option.value.as_str(), None), |(a, b)| (a, Some(b)));
        dns.push(Block::new("option").arg(name).args(value));
    }
    pod.push_if_any(dns);
}

/// Published ports.
pub(super) fn publish(unit: &mut Unit, section: &str, ports: &mut Ports, report: &mut Report<'_>) {
    for port in unit.all(section, "PublishPort") {
        match Published::parse(&port.value).filter(Published::fits) {
            Some(published) => published.add(None, ports),
            None => report.bad(port.span, format!("`{}` is no published port: write `8080:80`", port.value)),
        }
    }
    for port in unit.all(section, "ExposeHostPort") {
        let (number, protocol) = port.value.split_once('/').unwrap_or((&port.value, "tcp"));
        match number.parse() {
            Ok(number) => ports.declare(number, protocol),
            Err(_) => report.bad(port.span, format!("`{}` is no port", port.value)),
        }
    }
}
