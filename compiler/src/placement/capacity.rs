//! A node as placement sees it: what it is, and what is left of it.

use std::{collections::BTreeMap, net::IpAddr};

use wlc_plan::{
    binding::Binding,
    limits,
    name::NodeName,
    quantity::{Bytes, Cpu},
    spec::Protocol,
};

use super::{beside::Company, request::Request};
use crate::model::{Repository, facts::Facts, node::Node, port::overlap};

/// A node and what is left of it.
#[derive(Debug, Clone)]
pub(super) struct Machine<'a> {
    /// What people say of it.
    pub node: &'a Node,
    /// What the agent found.
    pub facts: Option<&'a Facts>,
    /// CPUs that are left; none where the capacity is not known.
    pub cpu: Option<Cpu>,
    /// Memory that is left; none where the capacity is not known.
    pub memory: Option<Bytes>,
    /// CPUs for replicas in all.
    pub all_cpu: Option<Cpu>,
    /// Memory for replicas in all.
    pub all_memory: Option<Bytes>,
    /// Host ports that are taken.
    ports: BTreeMap<(u16, Protocol), Vec<Option<IpAddr>>>,
    /// Replicas on it.
    pub replicas: usize,
    /// What of them counts for rules.
    pub company: Company,
}

/// All nodes, empty.
pub(super) fn machines(repository: &Repository) -> BTreeMap<NodeName, Machine<'_>> {
    let there = repository.nodes.iter().filter(|(_, node)| !node.gone.value);
    there.map(|(name, node)| (name.clone(), machine(node, repository.facts_of(name)))).collect()
}

/// One node, empty; none where there is no such node.
pub(super) fn machine_of<'a>(repository: &'a Repository, name: &NodeName) -> Option<Machine<'a>> {
    repository.nodes.get(name).map(|node| machine(node, repository.facts_of(name)))
}

/// What a node has for replicas: what it has, without what is kept for the system; none where it is not known.
pub fn room(node: &Node, facts: Option<&Facts>) -> (Option<Cpu>, Option<Bytes>) {
    let capacity = facts.and_then(|facts| facts.capacity.as_ref());
    let reserve = node.reserve.as_ref();
    let cpu = capacity.and_then(|capacity| capacity.cpu.as_ref()).map(|cpu| {
        let reserved = reserve.and_then(|reserve| reserve.cpu.as_ref()).map_or(0, |cpu| cpu.value.0);
        Cpu(cpu.value.0.saturating_sub(reserved))
    });
    let memory = capacity.and_then(|capacity| capacity.memory.as_ref()).map(|memory| {
        let reserved = reserve.and_then(|reserve| reserve.memory.as_ref()).map_or(0, |memory| memory.value.0);
        Bytes(memory.value.0.saturating_sub(reserved))
    });
    (cpu, memory)
}

fn machine<'a>(node: &'a Node, facts: Option<&'a Facts>) -> Machine<'a> {
    let (cpu, memory) = room(node, facts);
    // A placeholder has room for everything that insists on it: what it really has is not known.
    let is_open = node.placeholder.value && facts.is_none();
    let (cpu, memory) = if is_open { (Some(Cpu(u64::MAX)), Some(Bytes(u64::MAX))) } else { (cpu, memory) };
    Machine {
        node,
        facts,
        cpu,
        memory,
        all_cpu: cpu,
        all_memory: memory,
        ports: BTreeMap::new(),
        replicas: 0,
        company: Company::default(),
    }
}

impl Machine<'_> {
    /// Takes what a replica gets.
    pub(super) fn take(&mut self, request: &Request, binding: &Binding) {
        self.cpu = self.cpu.map(|left| Cpu(left.0.saturating_sub(request.cpu.0)));
        self.memory = self.memory.map(|left| Bytes(left.0.saturating_sub(request.memory.0)));
        self.replicas += 1;
        self.company.take(request);
        for port in &binding.ports {
            for number in port.host.all() {
                self.ports.entry((number, port.protocol)).or_default().push(port.address);
            }
        }
    }

    /// Takes the room of a copy beside a replica.
    pub(super) fn take_copy(&mut self, request: &Request) {
        self.cpu = self.cpu.map(|left| Cpu(left.0.saturating_sub(request.cpu.0)));
        self.memory = self.memory.map(|left| Bytes(left.0.saturating_sub(request.memory.0)));
    }

    /// Takes a host port more.
    pub(super) fn take_port(&mut self, number: u16, protocol: Protocol, address: Option<IpAddr>) {
        self.ports.entry((number, protocol)).or_default().push(address);
    }

    /// Whether a host port is free.
    pub(super) fn is_free(&self, port: u16, protocol: Protocol, address: Option<IpAddr>) -> bool {
        self.ports.get(&(port, protocol)).into_iter().flatten().all(|other| !overlap(*other, address))
    }

    /// How many host ports are taken at most.
    pub(super) fn ports_taken(&self) -> usize {
        self.ports.len()
    }

    /// Whether it may take another replica.
    pub(super) fn is_below_limit(&self) -> bool {
        self.replicas < limits::REPLICAS_PER_NODE
    }

    /// How full it is in thousandths, by the resource of which least is left.
    pub(super) fn fullness(&self) -> u64 {
        let used = |left: Option<u64>, all: Option<u64>| match (left, all) {
            (Some(left), Some(all)) if all > 0 => {
                u64::try_from(u128::from(all - left.min(all)) * 1_000 / u128::from(all)).unwrap_or(1_000)
            }
            _ => 0,
        };
        let cpu = used(self.cpu.map(|cpu| cpu.0), self.all_cpu.map(|cpu| cpu.0));
        cpu.max(used(self.memory.map(|memory| memory.0), self.all_memory.map(|memory| memory.0)))
    }
}
