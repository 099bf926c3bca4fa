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
        job::Work,
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
            Workload::Job(one) if one.suspend.value => Self::UpTo(0),
            Workload::Job(one) => of_work(&one.work, Self::UpTo(one.work.slots())),
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
