//! Host ports of a replica on its node: the fixed ones, the ones it had, and new ones for `auto`.

use std::collections::BTreeMap;

use wlc_plan::{
    binding::{Binding, HostPorts, PortBinding},
    digest::Digest,
    name::{ContainerName, PortName, ReplicaName},
};

use super::{
    capacity::Machine,
    request::{PortRequest, Request},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{container::HostPort, fleet::PortRange},
};

/// The host ports that the lock has for a replica.
pub(super) type Locked = BTreeMap<(ContainerName, PortName), HostPorts>;

/// The binding of a replica on this node; none, and a report, where a port cannot be given.
pub(super) fn bind(
    request: &Request,
    replica: &ReplicaName,
    locked: Locked,
    machine: &Machine,
    problems: &mut Problems,
) -> Option<Binding> {
    let mut ports: Vec<PortBinding> = Vec::new();
    for asked in &request.ports {
        let number = match asked.host {
            HostPort::Fixed(number) => number,
            HostPort::Auto => automatic(request, asked, replica, &locked, &ports, machine, problems)?,
        };
        ports.push(PortBinding {
            container: asked.container.clone(),
            port: asked.port.clone(),
            protocol: asked.protocol,
            address: asked.address,
            host: HostPorts::One(number),
        });
    }
    ports.sort();
    Some(Binding { ports, ..Binding::default() })
}

fn automatic(
    request: &Request,
    asked: &PortRequest,
    replica: &ReplicaName,
    locked: &Locked,
    given: &[PortBinding],
    machine: &Machine,
    problems: &mut Problems,
) -> Option<u16> {
    let Some(range) = request.auto_ports else {
        let message = "the fleet has no `host-ports` from which a port can be picked";
        let diagnostic = Diagnostic::new(Code::NoFreePort, message, asked.span, "from which ports?");
        problems.add(diagnostic.hint("write `host-ports \"20000-29999\"` in the fleet block"));
        return None;
    };
    let is_free = |port: u16| {
        let fixed = request.ports.iter().any(|other| other.host == HostPort::Fixed(port));
        !fixed
            && !given.iter().any(|other| other.host.at(wlc_plan::binding::Turn::First) == port)
            && machine.is_free(port, asked.protocol, asked.address)
    };
    let had = locked.get(&(asked.container.clone(), asked.port.clone()));
    let had =
        had.and_then(|ports| ports.all().find(|port| (range.first..=range.last).contains(port) && is_free(*port)));
    let found = had.or_else(|| search(range, replica, asked, is_free));
    if found.is_none() {
        let message =
            format!("all ports from {} to {} are taken on node `{}`", range.first, range.last, machine.node.name.value);
        let diagnostic = Diagnostic::new(Code::NoFreePort, message, asked.span, "no free port");
        problems.add(diagnostic.hint("widen `host-ports` in the fleet block"));
    }
    found
}

/// Searches from a hash of the replica's name, so that no counter reaches over workloads.
fn search(range: PortRange, replica: &ReplicaName, asked: &PortRequest, is_free: impl Fn(u16) -> bool) -> Option<u16> {
    let parts = [replica.as_str().as_bytes(), asked.container.as_str().as_bytes(), asked.port.as_str().as_bytes()];
    let hash = Digest::of_parts("wlc-auto-port-1", &parts);
    let size = u64::from(range.last - range.first) + 1;
    let start = hash.bytes()[..8].iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte)) % size;
    let at = |step: u64| u16::try_from(u64::from(range.first) + (start + step) % size).unwrap_or(range.first);
    (0..size).map(at).find(|port| is_free(*port))
}
