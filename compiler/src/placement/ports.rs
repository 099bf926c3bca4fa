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
use crate::model::{fleet::PortRange, port::HostPort};

/// The host ports that the lock has for a replica.
pub(super) type Locked = BTreeMap<(ContainerName, PortName), HostPorts>;

/// The binding of a replica on this node, or the port that has no free number there.
pub(super) fn bind<'a>(
    request: &'a Request,
    replica: &ReplicaName,
    locked: &Locked,
    machine: &Machine<'_>,
) -> Result<Binding, &'a PortRequest> {
    let mut ports: Vec<PortBinding> = Vec::new();
    for asked in &request.ports {
        let host = match asked.host {
            HostPort::Fixed(number) => HostPorts::One(number),
            HostPort::Auto => automatic(request, asked, replica, locked, &ports, machine).ok_or(asked)?,
        };
        ports.push(PortBinding {
            container: asked.container.clone(),
            port: asked.port.clone(),
            protocol: asked.protocol,
            address: asked.address,
            host,
        });
    }
    ports.sort();
    Ok(Binding { ports, ..Binding::default() })
}

/// Whether the node has a free number for each port that asks `auto`.
pub(super) fn has_room(request: &Request, replica: &ReplicaName, machine: &Machine<'_>) -> bool {
    let is_plenty = |range: PortRange| size(range) > (machine.ports_taken() + request.ports.len()) as u64;
    request.auto_ports.is_some_and(is_plenty) || bind(request, replica, &Locked::new(), machine).is_ok()
}

fn automatic(
    request: &Request,
    asked: &PortRequest,
    replica: &ReplicaName,
    locked: &Locked,
    given: &[PortBinding],
    machine: &Machine<'_>,
) -> Option<HostPorts> {
    let range = request.auto_ports?;
    let is_free = |port: u16| is_free(request, asked, given, machine, port);
    let had = locked.get(&(asked.container.clone(), asked.port.clone())).copied();
    let stays = |port: &u16| (range.first..=range.last).contains(port) && is_free(*port);
    // Two that were held in turn stay: a pod may hold either.
    if let Some(two) = had.filter(|had| had.all().all(|port| stays(&port))) {
        return Some(two);
    }
    let had = had.and_then(|ports| ports.all().find(stays));
    had.or_else(|| search(range, replica, asked, is_free)).map(HostPorts::One)
}

fn is_free(request: &Request, asked: &PortRequest, given: &[PortBinding], machine: &Machine<'_>, port: u16) -> bool {
    let fixed = request.ports.iter().any(|other| other.host == HostPort::Fixed(port));
    !fixed
        && !given.iter().any(|other| other.host.all().any(|taken| taken == port))
        && machine.is_free(port, asked.protocol, asked.address)
}

/// Gives a second number to each port that asks `auto` and has one, for the copies of a replica.
pub(super) fn second<'a>(
    request: &'a Request,
    replica: &ReplicaName,
    locked: &Locked,
    on: (&mut Binding, &mut Machine<'_>),
) -> Result<(), &'a PortRequest> {
    let (binding, machine) = on;
    for asked in request.ports.iter().filter(|asked| asked.host == HostPort::Auto) {
        let is_asked = |port: &PortBinding| port.container == asked.container && port.port == asked.port;
        let Some(at) = binding.ports.iter().position(is_asked) else { continue };
        let HostPorts::One(first) = binding.ports[at].host else { continue };
        let range = request.auto_ports.ok_or(asked)?;
        let free = |port: u16| is_free(request, asked, &binding.ports, machine, port);
        let had = locked.get(&(asked.container.clone(), asked.port.clone()));
        let had =
            had.and_then(|ports| ports.all().find(|port| (range.first..=range.last).contains(port) && free(*port)));
        let number = had.or_else(|| search(range, replica, asked, free)).ok_or(asked)?;
        machine.take_port(number, asked.protocol, asked.address);
        binding.ports[at].host = HostPorts::Two(first, number);
    }
    Ok(())
}

fn size(range: PortRange) -> u64 {
    u64::from(range.last - range.first) + 1
}

/// Searches from a hash of the replica's name, so that no counter reaches over workloads.
fn search(range: PortRange, replica: &ReplicaName, asked: &PortRequest, is_free: impl Fn(u16) -> bool) -> Option<u16> {
    let parts = [replica.as_str().as_bytes(), asked.container.as_str().as_bytes(), asked.port.as_str().as_bytes()];
    let hash = Digest::of_parts("wlc-auto-port-1", &parts);
    let size = size(range);
    let start = hash.bytes()[..8].iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte)) % size;
    let at = |step: u64| u16::try_from(u64::from(range.first) + (start + step) % size).unwrap_or(range.first);
    (0..size).map(at).find(|port| is_free(*port))
}
