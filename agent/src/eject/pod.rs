//! The units of a pod: the pod itself, the fleet's network, and its volumes.

use wlc_plan::{
    quantity::Bytes,
    spec::{EmptyDir, Medium, Processes, Protocol, Surroundings, Users, VolumeSource, Whose},
};

use super::{
    Writing,
    unit::{Key, Unit, Version, stop_limit},
};
use crate::{
    action::PublishedPort,
    podman::{
        create::whole_seconds,
        labels::{ClaimLabels, NamedLabels, PodLabels},
    },
};

const POD: &str = "Pod";

/// Writes the pod, the network and the volumes.
pub(super) fn write(writing: &mut Writing<'_>) {
    let (replica, fleet) = (writing.replica().to_owned(), writing.labels().fleet.to_string());
    let request = &writing.described.pod;
    let mut unit = Unit::new(writing.target.version);
    unit.set("Unit", "Description", &format!("{replica} of fleet {fleet}"));
    unit.set(POD, "PodName", &replica);
    surroundings(&mut unit, &request.spec.surroundings, &replica, &fleet);
    for port in &request.ports {
        unit.set(POD, "PublishPort", &published(port));
    }
    unit.set("Service", "Restart", "always");
    stop_limit(whole_seconds(request.spec.grace)).iter().for_each(|limit| unit.set("Service", "TimeoutStopSec", limit));
    unit.set("Install", "WantedBy", "multi-user.target default.target");
    writing.file(format!("{replica}.pod"), &unit, "The pod");
    if request.spec.surroundings.fs_group.is_some() {
        writing.leave("", "fs-group", "a volume keeps the group that it has");
    }
    if request.spec.deadline.is_some() {
        writing.leave("", "pod-deadline", "a unit has no such limit for a pod");
    }
    network(writing, &fleet);
    volumes(writing);
}

fn surroundings(unit: &mut Unit, around: &Surroundings, replica: &str, fleet: &str) {
    match around.network {
        Whose::Pod => {
            unit.set(POD, "Network", &format!("{fleet}.network"));
            unit.set_or_option(POD, Key("NetworkAlias", "network-alias", Version(5, 3)), replica);
        }
        Whose::Node => unit.set(POD, "Network", "host"),
    }
    let hostname = around.hostname.as_ref().map_or(replica, |name| name.as_str());
    if around.network == Whose::Pod {
        unit.set_or_option(POD, Key("HostName", "hostname", Version(5, 6)), hostname);
    }
    match around.processes {
        Processes::Container => {}
        Processes::Pod => unit.option(POD, "share", "+pid"),
        Processes::Node => unit.option(POD, "pid", "host"),
    }
    if around.memory == Whose::Node {
        unit.option(POD, "ipc", "host");
    }
    if around.users == Users::Auto {
        unit.set_or_option(POD, Key("UserNS", "userns", Version(5, 3)), "auto");
    }
    for server in &around.dns.servers {
        unit.set_or_option(POD, Key("DNS", "dns", Version(5, 3)), &server.to_string());
    }
    for search in &around.dns.searches {
        unit.set_or_option(POD, Key("DNSSearch", "dns-search", Version(5, 3)), search);
    }
    for option in &around.dns.options {
        unit.set_or_option(POD, Key("DNSOption", "dns-option", Version(5, 3)), option);
    }
    for entry in &around.host_entries {
        for name in &entry.names {
            unit.set_or_option(POD, Key("AddHost", "add-host", Version(5, 3)), &format!("{name}:{}", entry.address));
        }
    }
    if let Some(Bytes(size)) = around.shm_size {
        unit.set_or_option(POD, Key("ShmSize", "shm-size", Version(5, 5)), &format!("{size}b"));
    }
    for (name, value) in &around.sysctls {
        unit.option(POD, "sysctl", &format!("{name}={value}"));
    }
}

/// `[address:]host:inside[/udp]`, an address of IPv6 in brackets.
fn published(port: &PublishedPort) -> String {
    let address = match port.address {
        Some(address) if address.is_ipv6() => format!("[{address}]:"),
        Some(address) => format!("{address}:"),
        None => String::new(),
    };
    let protocol = match port.protocol {
        Protocol::Tcp => "",
        Protocol::Udp => "/udp",
    };
    format!("{address}{}:{}{protocol}", port.host, port.inside)
}

fn network(writing: &mut Writing<'_>, fleet: &str) {
    if writing.described.pod.spec.surroundings.network == Whose::Node {
        return;
    }
    let mut unit = Unit::new(writing.target.version);
    unit.set("Network", "NetworkName", &PodLabels::network_name(&writing.labels().fleet));
    let text = unit.text(&format!("The network of fleet {fleet}, on which pods know each other by their names"));
    writing.out.files.insert(format!("{fleet}.network"), super::Body::Text(text));
}

/// A unit for each volume, with the name that the volume has now: its data stay.
fn volumes(writing: &mut Writing<'_>) {
    let request = writing.described.pod.clone();
    let (labels, replica) = (&request.labels, writing.replica().to_owned());
    for (name, source) in &request.spec.volumes {
        let mut unit = Unit::new(writing.target.version);
        match source {
            VolumeSource::EmptyDir(EmptyDir { medium, size }) => {
                unit.set("Volume", "VolumeName", &labels.volume_name(name));
                match (medium, size) {
                    (Medium::Disk, None) => {}
                    (Medium::Disk, Some(_)) => {
                        writing.leave("", format!("the size of `{name}`"), "counted at build, not enforced");
                    }
                    (Medium::Memory, size) => in_memory(&mut unit, *size),
                }
                writing.file(format!("{replica}-{name}.volume"), &unit, &format!("The volume `{name}`"));
            }
            VolumeSource::Named(volume) => {
                let fleet = labels.fleet.clone();
                let file = format!("{fleet}-{volume}.volume");
                unit.set("Volume", "VolumeName", &NamedLabels { fleet, volume: volume.clone() }.volume_name());
                writing.file(file, &unit, &format!("The volume `{volume}`"));
            }
            VolumeSource::HostPath(_) | VolumeSource::NodePath(_) | VolumeSource::Image(_) => {}
        }
    }
    for claim in &request.claims {
        let mut unit = Unit::new(writing.target.version);
        let name = ClaimLabels::new(&labels.fleet, &labels.replica, claim).volume_name();
        unit.set("Volume", "VolumeName", &name);
        writing.file(format!("{replica}-{claim}.volume"), &unit, &format!("The claim `{claim}`"));
    }
}

fn in_memory(unit: &mut Unit, size: Option<Bytes>) {
    unit.set("Volume", "Type", "tmpfs");
    unit.set("Volume", "Device", "tmpfs");
    let size = size.map_or_else(String::new, |Bytes(size)| format!(",size={size}"));
    unit.set("Volume", "Options", &format!("mode=1777{size}"));
}
