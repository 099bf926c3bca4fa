//! What one replica of a workload asks of its node, with the places where it says so.

use std::{collections::BTreeMap, net::IpAddr};

use wlc_plan::{
    instance::WorkloadKind,
    name::{ContainerName, PortName, WorkloadName},
    quantity::{Bytes, Cpu},
    spec::{PodSpec, Protocol, Resources},
};

use super::beside::{self, Beside};
use crate::{
    model::{
        Repository,
        container::Container,
        fleet::PortRange,
        job::Work,
        node::Forbidden,
        place::Place,
        pod::{Pod, Role},
        port::{HostPort, Port, ProtocolWord},
        workload::Workload,
    },
    pins::Pins,
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
    /// How many replicas there are, and how they are named.
    pub copies: Copies,
    /// Where the number of replicas that run at the same time is asked for, of a job.
    pub parallelism_span: Span,
    /// CPU of all its containers; of a cron job, of all replicas of a run.
    pub cpu: Cpu,
    /// Where the largest part of it is asked for.
    pub cpu_span: Option<Span>,
    /// Memory of all its containers; of a cron job, of all replicas of a run.
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
    /// What it bears beside its replicas.
    pub beside: Beside,
    /// The range for ports that ask `auto`.
    pub auto_ports: Option<PortRange>,
}

/// How many replicas a workload has, and how they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// So many equal ones, which keep the numbers that they have.
    Equal(u32),
    /// The numbers from `first` on.
    Numbered {
        /// The first number.
        first: u32,
        /// How many.
        count: u32,
    },
    /// The numbers from 0 on, as many of them as have room.
    UpTo(u32),
    /// One on each node that may run it.
    EachNode,
    /// One, named like the workload, with room for so many runs at the same time.
    Owner {
        /// How many.
        slots: u32,
    },
}

impl Copies {
    fn of(workload: &Workload) -> Self {
        let of_work = |work: &Work, copies| if work.per_node.value { Self::EachNode } else { copies };
        match workload {
            Workload::Deployment(one) => Self::Equal(one.replicas.value.0),
            Workload::StatefulSet(one) => Self::Numbered { first: one.start.value.0, count: one.replicas.value.0 },
            Workload::DaemonSet(_) => Self::EachNode,
            // One that runs nothing now keeps its place, and what it has done stays known there.
            Workload::Job(one) => of_work(&one.work, Self::UpTo(one.work.slots().max(1))),
            Workload::CronJob(one) => of_work(&one.work, Self::Owner { slots: one.work.slots().max(1) }),
        }
    }

    /// Whether there is no replica to place, wherever it might run.
    pub fn is_none(self) -> bool {
        matches!(self, Self::Equal(0) | Self::Numbered { count: 0, .. } | Self::UpTo(0))
    }
}

impl Request {
    /// The same for so many of the `slots` runs of a cron job.
    #[must_use]
    pub fn of_slots(&self, slots: u32) -> Self {
        let Copies::Owner { slots: all } = self.copies else { return self.clone() };
        let part = |amount: u64| amount / u64::from(all) * u64::from(slots);
        let copies = Copies::Owner { slots };
        Self { copies, cpu: Cpu(part(self.cpu.0)), memory: Bytes(part(self.memory.0)), ..self.clone() }
    }
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
    beside::fill(&mut requests);
    requests
}

/// What the template asks for that a rollback runs instead of the files'. It publishes the same ports.
fn roll_back(request: &mut Request, spec: &PodSpec) {
    let sum = |amount: fn(&Resources) -> Option<u64>| spec.at_once(|one| amount(&one.resources).unwrap_or(0));
    request.cpu = Cpu(sum(|amounts| amounts.cpu_request.map(|cpu| cpu.0)));
    request.memory = Bytes(sum(|amounts| amounts.memory_request.map(|memory| memory.0)));
}

fn one(workload: &Workload, auto_ports: Option<PortRange>) -> Request {
    let pod = workload.pod();
    let (cpu, cpu_span) =
        effective(pod, |container| requested(container, |amounts| amounts.cpu.map(|cpu| (cpu.value.0, cpu.span))));
    let (memory, memory_span) = effective(pod, |container| {
        requested(container, |amounts| amounts.memory.map(|memory| (memory.value.0, memory.span)))
    });
    let copies = Copies::of(workload);
    let slots = if let Copies::Owner { slots } = copies { u64::from(slots) } else { 1 };
    let parallelism = workload.work().and_then(|work| work.parallelism.as_ref());
    Request {
        workload: workload.name().value.clone(),
        span: workload.span(),
        kind: workload.kind(),
        copies,
        parallelism_span: parallelism.map_or(workload.span(), |parallelism| parallelism.span),
        cpu: Cpu(cpu.saturating_mul(slots)),
        cpu_span,
        memory: Bytes(memory.saturating_mul(slots)),
        memory_span,
        limit_span: pod.all().find_map(|container| container.limit.as_ref()).map(|limit| limit.span),
        ports: host_ports(pod),
        forbidden: forbidden(workload.pod()),
        place: workload.common().place.clone(),
        beside: Beside::default(),
        auto_ports,
    }
}

/// What a pod asks for that a node may forbid.
fn forbidden(pod: &Pod) -> Vec<(Forbidden, Span)> {
    let hosts = [
        (Forbidden::HostNetwork, &pod.host_network),
        (Forbidden::HostPid, &pod.host_pid),
        (Forbidden::HostIpc, &pod.host_ipc),
    ];
    let asked = hosts.into_iter().filter(|(_, flag)| flag.value);
    let mut found: Vec<(Forbidden, Span)> = asked.map(|(what, flag)| (what, flag.span)).collect();
    let shared = pod.volumes.iter().filter_map(|volume| volume.host_path.as_ref());
    found.extend(shared.map(|path| (Forbidden::HostPath, path.span)));
    for container in pod.all() {
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

/// What a pod asks for at its busiest (S-299, P-118): all its containers and sidecars together, or one init container with
/// the sidecars that were started before it. With it, where the largest part stands.
fn effective(pod: &Pod, amount: impl Fn(&Container) -> Option<(u64, Span)>) -> (u64, Option<Span>) {
    let total = |parts: &[(u64, Span)]| parts.iter().fold(0u64, |sum, (part, _)| sum.saturating_add(*part));
    let mut stays: Vec<(u64, Span)> = Vec::new();
    let mut busiest: Vec<(u64, Span)> = Vec::new();
    for (role, container) in pod.in_order() {
        let part = amount(container);
        match role {
            Role::Sidecar | Role::Main => stays.extend(part),
            Role::Init => {
                let phase: Vec<(u64, Span)> = stays.iter().copied().chain(part).collect();
                if total(&phase) > total(&busiest) {
                    busiest = phase;
                }
            }
        }
    }
    let phase = if total(&busiest) > total(&stays) { busiest } else { stays };
    (total(&phase), phase.iter().max_by_key(|(part, _)| *part).map(|(_, span)| *span))
}

/// Ports of the node that a pod asks for. On the node's network each of its ports is one (S-406).
fn host_ports(pod: &Pod) -> Vec<PortRequest> {
    let containers = pod.containers.iter().chain(&pod.sidecars);
    let ports = containers.flat_map(|container| container.ports.iter().map(move |port| (container, port)));
    ports.filter_map(|(container, port)| host_port(pod, container, port)).collect()
}

fn host_port(pod: &Pod, container: &Container, port: &Port) -> Option<PortRequest> {
    let own = u16::try_from(port.number.value.0).expect("a port is read as 1 to 65535");
    let (host, span) = match &port.host {
        Some(host) => (host.value, host.span),
        None if pod.host_network.value => (HostPort::Fixed(own), port.number.span),
        None => return None,
    };
    Some(PortRequest {
        container: container.name.value.clone(),
        port: port.name.value.clone(),
        protocol: match port.protocol.value {
            ProtocolWord::Tcp => Protocol::Tcp,
            ProtocolWord::Udp => Protocol::Udp,
            ProtocolWord::Sctp => return None,
        },
        address: port.address.as_ref().map(|address| address.value.0),
        host,
        span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Problems, pipeline, sources::Sources};

    /// S-299, P-118: the busiest phase, not the sum.
    #[test]
    fn a_pod_asks_for_its_busiest_phase() {
        let cases = [
            ("container 100; container 200", 300),
            ("init 500; container 100", 500),
            ("init 50; init 60; container 100", 100),
            ("sidecar 100; init 500; container 100", 600),
            ("init 500; sidecar 100; container 100", 500),
            ("sidecar 100; init 50; sidecar 30; init 80; container 200", 330),
            ("sidecar 100; container 0; init 500; sidecar 400; container 300", 800),
            ("sidecar 100; init 5; sidecar 400; init 450; container 300", 950),
        ];
        for (pod, cpu) in cases {
            assert_eq!(cpu_of(pod), cpu, "{pod}");
        }
    }

    /// Reads `word millicores; …` as the containers of a pod.
    fn cpu_of(pod: &str) -> u64 {
        let containers = pod.split("; ").enumerate().map(|(number, one)| {
            let (word, cpu) = one.split_once(' ').unwrap();
            format!("{word} \"c{number}\" image=\"a\" {{ request cpu=\"{cpu}m\" }}\n")
        });
        let mut sources = Sources::default();
        sources.add("web.kdl", &format!("deployment \"web\" {{\n{}}}", containers.collect::<String>()));
        let front = pipeline::read(sources, Problems::default());
        assert_eq!(front.problems.errors(), 0);
        all(&front.repository, &Pins::new()).values().next().unwrap().cpu.0
    }
}
