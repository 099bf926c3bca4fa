//! Asks the solver for the nodes of all replicas that have none, at once: names, requests and machines become indices and
//! amounts, and what it finds becomes names again. What is kept stays where it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use wlc_plan::{
    binding::Binding,
    limits,
    name::{LabelKey, NodeName, ReplicaName, WorkloadName},
    spec::Protocol,
};

use super::{
    Placement, Task,
    beside::{self, Around},
    capacity::Machine,
    filter::Eligible,
    request::{Copies, Request},
    stay,
};
use crate::{
    lock::Lock,
    model::port::HostPort,
    solver::{
        self,
        problem::{NODE, NOWHERE, Nodes, Port, Problem, Relation, Workload},
    },
    verify,
};

/// The nodes that were found, by replica.
pub(super) type Found = BTreeMap<ReplicaName, NodeName>;

/// What is asked, with the names behind its numbers.
struct Question<'a> {
    nodes: Vec<&'a NodeName>,
    replicas: Vec<ReplicaName>,
    addresses: BTreeMap<IpAddr, u32>,
    sets: BTreeMap<*const Eligible<'a>, u32>,
    machines: &'a BTreeMap<NodeName, Machine<'a>>,
    /// Whether a daemon-set keeps anything away from any node.
    is_claimed: bool,
    /// Whether it keeps everything away from one.
    is_alone: bool,
    /// The number of each workload that is asked for.
    numbers: BTreeMap<&'a WorkloadName, u32>,
    /// The number of each label by which something is apart.
    keys: BTreeMap<&'a LabelKey, u32>,
    problem: Problem,
}

/// A node for each replica that has none and may be anywhere; none at all where not all of them have room. Workloads that
/// make do with less room than they ask for may get none here.
pub(super) fn nodes(
    tasks: &[Task<'_>],
    placement: &Placement,
    lock: &Lock,
    machines: &BTreeMap<NodeName, Machine<'_>>,
) -> Found {
    let mut placed: Vec<&Task<'_>> = tasks.iter().filter(|task| task.request.copies != Copies::EachNode).collect();
    placed.sort_by_key(|task| &task.request.workload);
    let mut question = Question::new(machines);
    for task in tasks.iter().filter(|task| task.request.copies == Copies::EachNode) {
        for one in placement.workloads.get(&task.request.workload).into_iter().flat_map(BTreeMap::values) {
            question.take_ports(&one.node, &one.binding, |_| false);
        }
    }
    question.numbers = placed.iter().zip(0u32..).map(|(task, number)| (&task.request.workload, number)).collect();
    for task in placed {
        question.ask(task, placement, lock);
    }
    question.answer()
}

impl<'a> Question<'a> {
    fn new(machines: &'a BTreeMap<NodeName, Machine<'_>>) -> Self {
        let amount = |cpu: Option<u64>, memory: Option<u64>| [cpu.unwrap_or(0), memory.unwrap_or(0), 0, 0];
        let all = machines.values().map(|one| amount(one.all_cpu.map(|cpu| cpu.0), one.all_memory.map(|all| all.0)));
        let free = machines.values().map(|one| amount(one.cpu.map(|cpu| cpu.0), one.memory.map(|left| left.0)));
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let nodes = Nodes {
            all: all.collect(),
            free: free.collect(),
            there: machines.values().map(|one| count(one.replicas)).collect(),
            most: vec![count(limits::REPLICAS_PER_NODE); machines.len()],
            ..Nodes::default()
        };
        Self {
            nodes: machines.keys().collect(),
            replicas: Vec::new(),
            addresses: BTreeMap::new(),
            sets: BTreeMap::new(),
            machines,
            is_claimed: machines.values().any(|machine| machine.company.is_claimed()),
            is_alone: machines.values().any(|machine| machine.company.is_driven_off()),
            numbers: BTreeMap::new(),
            keys: BTreeMap::new(),
            problem: Problem { nodes, ..Problem::default() },
        }
    }

    fn node(&self, name: &NodeName) -> Option<u32> {
        let at = self.nodes.binary_search(&name).ok()?;
        u32::try_from(at).ok()
    }

    fn port(&mut self, number: u16, protocol: Protocol, address: Option<IpAddr>) -> Port {
        let protocol = match protocol {
            Protocol::Tcp => 0,
            Protocol::Udp => 1,
        };
        let next = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).saturating_add(1);
        let address = address.filter(|address| !address.is_unspecified());
        let address = address.map_or(0, |address| *self.addresses.entry(address).or_insert(next));
        Port { number: u32::from(number) * 2 + protocol, address }
    }

    /// The ports of what is kept are taken, but for those that the solver counts itself.
    fn take_ports(&mut self, node: &NodeName, binding: &Binding, is_counted: impl Fn(u16) -> bool) {
        let Some(at) = self.node(node) else { return };
        for port in &binding.ports {
            for number in port.host.all().filter(|number| !is_counted(*number)) {
                let port = self.port(number, port.protocol, port.address);
                self.problem.nodes.ports.push((at, port));
            }
        }
    }

    fn ask(&mut self, task: &Task<'a>, placement: &Placement, lock: &Lock) {
        let request = task.request;
        let fixed = |number: u16| request.ports.iter().any(|port| port.host == HostPort::Fixed(number));
        let ports = request.ports.iter().filter_map(|port| match port.host {
            HostPort::Fixed(number) => Some((number, port.protocol, port.address)),
            HostPort::Auto => None,
        });
        let ports = ports.map(|(number, protocol, address)| self.port(number, protocol, address)).collect();
        let kept = placement.workloads.get(&request.workload);
        let names = match task.request.copies {
            // It has its place, or is placed alone.
            Copies::EachNode => return,
            Copies::Equal(_) | Copies::Numbered { .. } | Copies::UpTo(_) | Copies::Owner { .. } => {
                stay::names(request, task.eligible, lock)
            }
        };
        let demand = [request.cpu.0, request.memory.0, 0, 0];
        for name in &names {
            let home = kept.and_then(|kept| kept.get(name)).and_then(|one| Some((self.node(&one.node)?, one)));
            if let Some((node, one)) = home {
                self.give_back(node, demand);
                self.take_ports(&one.node, &one.binding, fixed);
            }
            self.problem.homes.push(home.map_or(NOWHERE, |(node, _)| node));
            self.problem.bound.push(home.is_some());
        }
        let replicas = u32::try_from(names.len()).unwrap_or(u32::MAX);
        self.replicas.extend(names);
        let optional = matches!(request.copies, Copies::UpTo(_) | Copies::Owner { .. });
        let set = self.set(task);
        let (at_most, exclusive) =
            (request.beside.at_most.map_or(0, |(most, _)| most), request.beside.exclusive.is_some());
        let apart = self.apart(request);
        let asked =
            Workload { replicas, demand, set, ports, optional, apart, at_most, exclusive, ..Workload::default() };
        self.problem.workloads.push(asked);
    }

    /// What a kept replica has is counted by the solver.
    fn give_back(&mut self, node: u32, demand: [u64; 4]) {
        let nodes = &mut self.problem.nodes;
        let at = node as usize;
        for (free, (demand, all)) in nodes.free[at].iter_mut().zip(demand.into_iter().zip(nodes.all[at])) {
            *free = free.saturating_add(demand).min(all);
        }
        nodes.there[at] = nodes.there[at].saturating_sub(1);
    }

    /// What the workload itself says: the solver holds it both ways. Daemon-sets are kept away from by the set of nodes.
    fn apart(&mut self, request: &'a Request) -> Vec<Relation> {
        let own = request.beside.apart.iter().filter(|(_, said)| said.is_own);
        let others = own.filter_map(|((other, key), _)| Some((*self.numbers.get(other)?, key)));
        let others: Vec<_> = others.collect();
        others.into_iter().map(|(other, key)| Relation { other, key: self.key(key) }).collect()
    }

    /// The number of a label, with a row that says what each node has of it.
    fn key(&mut self, key: &'a LabelKey) -> u32 {
        if beside::is_node(key) {
            return NODE;
        }
        if let Some(number) = self.keys.get(key) {
            return *number;
        }
        let values: Vec<_> = self.machines.values().map(|machine| beside::value(machine.node, key)).collect();
        let all: BTreeSet<_> = values.iter().flatten().copied().collect();
        let numbers: BTreeMap<_, u32> = all.into_iter().zip(0..).collect();
        let row = values.iter().map(|value| value.and_then(|value| numbers.get(value)).copied().unwrap_or(NOWHERE));
        self.problem.nodes.domains.push(row.collect());
        let number = u32::try_from(self.problem.nodes.domains.len()).unwrap_or(u32::MAX);
        self.keys.insert(key, number);
        number
    }

    /// The nodes that may run a workload, without those that daemon-sets keep it from.
    fn set(&mut self, task: &Task<'a>) -> u32 {
        if !self.is_claimed || (!self.is_alone && task.request.beside.apart.is_empty()) {
            return self.shared_set(task.eligible);
        }
        let around = Around::of_daemon_sets(task.request, self.machines.values());
        let is_free = |node: &&&NodeName| {
            let machine = self.machines.get(**node);
            machine.is_some_and(|machine| beside::refusals(task.request, machine, &around).is_empty())
        };
        let free: Vec<u32> = task.eligible.nodes.iter().filter(is_free).filter_map(|node| self.node(node)).collect();
        if free.len() == task.eligible.nodes.len() {
            return self.shared_set(task.eligible);
        }
        let set = u32::try_from(self.problem.sets.len()).unwrap_or(u32::MAX);
        self.problem.sets.push(free);
        set
    }

    fn shared_set(&mut self, eligible: &'a Eligible<'a>) -> u32 {
        let key = std::ptr::from_ref(eligible);
        if let Some(set) = self.sets.get(&key) {
            return *set;
        }
        let nodes = eligible.nodes.iter().filter_map(|node| self.node(node)).collect();
        let set = u32::try_from(self.problem.sets.len()).unwrap_or(u32::MAX);
        self.problem.sets.push(nodes);
        self.sets.insert(key, set);
        set
    }

    fn answer(self) -> Found {
        let solution = solver::solve(&self.problem);
        let faults = verify::faults(&self.problem, &solution);
        assert!(faults.is_empty(), "the search keeps the rules that it was given: {faults:?}");
        let mut optional = self.problem.workloads.iter().flat_map(|one| (0..one.replicas).map(|_| one.optional));
        let is_whole = solution.at.iter().all(|node| optional.next() == Some(true) || *node != NOWHERE);
        let found = self.replicas.into_iter().zip(solution.at).filter(|(_, node)| is_whole && *node != NOWHERE);
        found.map(|(replica, node)| (replica, self.nodes[node as usize].clone())).collect()
    }
}
