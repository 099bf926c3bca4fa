//! What one replica of a workload asks of its node, with the places where it says so.

use std::{collections::BTreeMap, net::IpAddr};

use wlc_plan::{
    instance::WorkloadKind,
    name::{ContainerName, PortName, WorkloadName},
    quantity::{Bytes, Cpu},
    spec::{PodSpec, Protocol, Resources},
};

use crate::{
    model::{
        Repository,
        container::{Container, HostPort, ProtocolWord},
        fleet::PortRange,
        node::Forbidden,
        place::Place,
        pod::Pod,
        workload::Workload,
    },
    rollback::Pins,
    span::Span,
};

/// What one replica asks of its node.
#[derive(Debug, Clone)]
pub struct Request {
    /// The workload.
    pub workload: WorkloadName,
    /// Where its name stands.
    pub span: Span,
    /// Its kind.
    pub kind: WorkloadKind,
    /// How many replicas; for a daemon-set, one on each eligible node.
    pub replicas: u32,
    /// CPU of all its containers.
    pub cpu: Cpu,
    /// Where the largest part of it is asked for.
    pub cpu_span: Option<Span>,
    /// Memory of all its containers.
    pub memory: Bytes,
    /// Where the largest part of it is asked for.
    pub memory_span: Option<Span>,
    /// Where the first limit is set; none where there is none.
    pub limit_span: Option<Span>,
    /// Host ports.
    pub ports: Vec<PortRequest>,
    /// What it asks for that a node may forbid, and where.
    pub forbidden: Vec<(Forbidden, Span)>,
    /// Where it may run.
    pub place: Option<Place>,
    /// The range for ports that ask `auto`.
    pub auto_ports: Option<PortRange>,
}

/// A host port that is asked for.
#[derive(Debug, Clone)]
pub struct PortRequest {
    /// The container.
    pub container: ContainerName,
    /// Its port.
    pub port: PortName,
    /// The protocol.
    pub protocol: Protocol,
    /// The address that listens; none: all.
    pub address: Option<IpAddr>,
    /// Which port.
    pub host: HostPort,
    /// Where it is asked for.
    pub span: Span,
}

/// The requests of all workloads.
pub(super) fn all(repository: &Repository, pins: &Pins) -> BTreeMap<WorkloadName, Request> {
    let auto_ports = repository.fleet.as_ref().and_then(|fleet| fleet.host_ports.as_ref()).map(|range| range.value);
    let mut requests: BTreeMap<WorkloadName, Request> =
        repository.workloads.iter().map(|(name, workload)| (name.clone(), one(workload, auto_ports))).collect();
    for (name, pin) in pins {
        if let Some(request) = requests.get_mut(name) {
            roll_back(request, &pin.spec);
        }
    }
    requests
}

/// What the template asks for that a rollback runs instead of the files'. It publishes the same ports.
fn roll_back(request: &mut Request, spec: &PodSpec) {
    let sum = |amount: fn(&Resources) -> Option<u64>| {
        spec.containers.iter().filter_map(|one| amount(&one.resources)).fold(0u64, u64::saturating_add)
    };
    request.cpu = Cpu(sum(|amounts| amounts.cpu_request.map(|cpu| cpu.0)));
    request.memory = Bytes(sum(|amounts| amounts.memory_request.map(|memory| memory.0)));
}

fn one(workload: &Workload, auto_ports: Option<PortRange>) -> Request {
    let containers = &workload.pod().containers;
    let (cpu, cpu_span) =
        sum(containers, |container| requested(container, |amounts| amounts.cpu.map(|cpu| (cpu.value.0, cpu.span))));
    let (memory, memory_span) = sum(containers, |container| {
        requested(container, |amounts| amounts.memory.map(|memory| (memory.value.0, memory.span)))
    });
    Request {
        workload: workload.name().value.clone(),
        span: workload.span(),
        kind: workload.kind(),
        replicas: match workload {
            Workload::Deployment(deployment) => deployment.replicas.value.0,
            Workload::DaemonSet(_) => 0,
        },
        cpu: Cpu(cpu),
        cpu_span,
        memory: Bytes(memory),
        memory_span,
        limit_span: containers.iter().find_map(|container| container.limit.as_ref()).map(|limit| limit.span),
        ports: containers.iter().flat_map(host_ports).collect(),
        forbidden: forbidden(workload.pod()),
        place: workload.common().place.clone(),
        auto_ports,
    }
}

/// What a pod asks for that a node may forbid.
fn forbidden(pod: &Pod) -> Vec<(Forbidden, Span)> {
    let mut found = Vec::new();
    let shared = pod.volumes.iter().filter_map(|volume| volume.host_path.as_ref());
    found.extend(shared.map(|path| (Forbidden::HostPath, path.span)));
    for container in &pod.containers {
        found.extend(container.privileged.value.then_some((Forbidden::Privileged, container.privileged.span)));
        let own = container.mounts.iter().filter_map(|mount| mount.host_path.as_ref());
        found.extend(own.map(|path| (Forbidden::HostPath, path.span)));
    }
    found
}

/// What a container asks for: its request, or its limit where it has no request (S-349).
fn requested(
    container: &Container,
    amount: impl Fn(&crate::model::amount::Amounts) -> Option<(u64, Span)>,
) -> Option<(u64, Span)> {
    let request = container.request.as_ref().and_then(&amount);
    request.or_else(|| container.limit.as_ref().and_then(&amount))
}

/// The sum over the containers, and where the largest part stands.
fn sum(containers: &[Container], amount: impl Fn(&Container) -> Option<(u64, Span)>) -> (u64, Option<Span>) {
    let parts: Vec<(u64, Span)> = containers.iter().filter_map(amount).collect();
    let total = parts.iter().fold(0u64, |sum, (part, _)| sum.saturating_add(*part));
    (total, parts.iter().max_by_key(|(part, _)| *part).map(|(_, span)| *span))
}

fn host_ports(container: &Container) -> impl Iterator<Item = PortRequest> {
    let asked = container.ports.iter().filter_map(|port| port.host.as_ref().map(|host| (port, host)));
    asked.map(|(port, host)| PortRequest {
        container: container.name.value.clone(),
        port: port.name.value.clone(),
        protocol: match port.protocol.value {
            ProtocolWord::Tcp => Protocol::Tcp,
            ProtocolWord::Udp => Protocol::Udp,
        },
        address: port.address.as_ref().map(|address| address.value.0),
        host: host.value,
        span: host.span,
    })
}
