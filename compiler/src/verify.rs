//! Looks at a placement once more before it is written, and shares no code with the search that found it. It knows the
//! rules from what is asked for alone, and counts everything anew. What it finds is a fault of ours.

use std::collections::{BTreeMap, BTreeSet};

use crate::solver::problem::{AMOUNTS, NODE, NOWHERE, Port, Problem, Relation, Solution, Spread, WHOLE, Workload};

/// A rule that a placement breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A replica has a node that there is.
    Place,
    /// A node that may not run the workload.
    Eligible,
    /// CPU of a node.
    Cpu,
    /// Memory of a node.
    Memory,
    /// Ephemeral storage of a node.
    Storage,
    /// How many replicas a node takes.
    Replicas,
    /// Two of one host port.
    Ports,
    /// The devices of a replica, or what is taken of one.
    Devices,
    /// Workloads that share no value.
    Apart,
    /// Workloads that share a value.
    Near,
    /// Evenness over values.
    Spread,
    /// Replicas of a workload on one node.
    AtMost,
    /// A node for one replica alone.
    Exclusive,
    /// Replicas that cannot leave their nodes.
    Bound,
    /// More replicas moved than may.
    Moves,
}

/// A broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Which.
    pub rule: Rule,
    /// The workload that asks for it, where one does.
    pub workload: u32,
    /// The node where it is broken, where it is one.
    pub node: u32,
}

/// What is placed, replica by replica.
struct Placed<'a> {
    problem: &'a Problem,
    solution: &'a Solution,
    /// The first replica of each workload.
    first: Vec<usize>,
    /// The replicas' workloads on each node.
    on: Vec<Vec<u32>>,
    faults: BTreeSet<Fault>,
}

/// Every rule that a placement breaks. Replicas without a node break none.
pub fn faults(problem: &Problem, solution: &Solution) -> BTreeSet<Fault> {
    let mut first = Vec::new();
    let mut count = 0;
    for workload in &problem.workloads {
        first.push(count);
        count += workload.replicas as usize;
    }
    let on = vec![Vec::new(); problem.nodes.count()];
    let mut placed = Placed { problem, solution, first, on, faults: BTreeSet::new() };
    placed.lay_down();
    placed.judge_nodes();
    placed.judge_devices();
    for (number, workload) in (0u32..).zip(&problem.workloads) {
        placed.judge_relations(number, workload);
        workload.spread.iter().for_each(|spread| placed.judge_spread(number, workload, *spread));
        placed.judge_homes(number);
    }
    placed.faults
}

impl Placed<'_> {
    fn fault(&mut self, rule: Rule, workload: u32, node: u32) {
        self.faults.insert(Fault { rule, workload, node });
    }

    /// The nodes of a workload's replicas.
    fn nodes_of(&self, workload: u32) -> Vec<u32> {
        let first = self.first[workload as usize];
        let end = first + self.problem.workloads[workload as usize].replicas as usize;
        let at = self.solution.at.get(first..end).unwrap_or_default();
        at.iter().copied().filter(|node| (*node as usize) < self.on.len()).collect()
    }

    fn lay_down(&mut self) {
        if self.solution.at.len() != self.problem.homes.len() {
            self.fault(Rule::Place, NOWHERE, NOWHERE);
        }
        if self.solution.at.iter().any(|node| *node != NOWHERE && *node as usize >= self.on.len()) {
            self.fault(Rule::Place, NOWHERE, NOWHERE);
        }
        for (number, workload) in (0u32..).zip(&self.problem.workloads) {
            for node in self.nodes_of(number) {
                self.on[node as usize].push(number);
                if self.problem.sets[workload.set as usize].binary_search(&node).is_err() {
                    self.fault(Rule::Eligible, number, node);
                }
            }
        }
    }

    fn judge_nodes(&mut self) {
        let nodes = &self.problem.nodes;
        let mut taken: BTreeMap<u32, Vec<Port>> = BTreeMap::new();
        for (node, port) in &nodes.ports {
            taken.entry(*node).or_default().push(*port);
        }
        for node in 0..self.on.len() {
            let name = u32::try_from(node).unwrap_or(NOWHERE);
            let there = std::mem::take(&mut self.on[node]);
            let wanted = || there.iter().map(|number| &self.problem.workloads[*number as usize]);
            let sums = (0..AMOUNTS).map(|n| wanted().map(|one| u128::from(one.demand[n])).sum::<u128>());
            let short: Vec<usize> =
                sums.enumerate().filter(|(n, sum)| *sum > u128::from(nodes.free[node][*n])).map(|(n, _)| n).collect();
            let mut ports = taken.remove(&name).unwrap_or_default();
            let mut collides = false;
            for port in wanted().flat_map(|one| &one.ports) {
                let same = |other: &Port| {
                    let meets = port.address == 0 || other.address == 0 || port.address == other.address;
                    port.number == other.number && meets
                };
                collides |= ports.iter().any(same);
                ports.push(*port);
            }
            let is_crowded = there.len() > 1 && wanted().any(|one| one.exclusive);
            let most = nodes.most[node].saturating_sub(nodes.there[node]) as usize;
            let is_over = there.len() > most;
            let rules = [Rule::Cpu, Rule::Memory, Rule::Storage, Rule::Devices];
            short.into_iter().for_each(|n| self.fault(rules[n], NOWHERE, name));
            let found = [(Rule::Ports, collides), (Rule::Exclusive, is_crowded), (Rule::Replicas, is_over)];
            found.iter().filter(|(_, is)| *is).for_each(|(rule, _)| self.fault(*rule, NOWHERE, name));
            self.on[node] = there;
        }
    }

    /// Each replica has as many different devices of its node as it asks for, and of none is more taken than there is.
    fn judge_devices(&mut self) {
        let devices = &self.problem.nodes.devices;
        let mut given: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (replica, device) in &self.solution.devices {
            given.entry(*replica).or_default().push(*device);
        }
        let mut used = vec![0u64; devices.len()];
        let mut wrong = Vec::new();
        for (number, workload) in (0u32..).zip(&self.problem.workloads) {
            let first = self.first[number as usize];
            for replica in first..first + workload.replicas as usize {
                let node = self.solution.at.get(replica).copied().unwrap_or(NOWHERE);
                let has = given.remove(&u32::try_from(replica).unwrap_or(NOWHERE)).unwrap_or_default();
                let asked = workload.devices.filter(|_| node != NOWHERE);
                let (count, share, kinds) = asked.map_or((0, 0, 0), |one| (one.count, one.share, one.kinds));
                let different: BTreeSet<&u32> = has.iter().collect();
                let is_right = |at: &&u32| {
                    devices
                        .get(**at as usize)
                        .is_some_and(|one| one.node == node && one.kind < 64 && kinds & (1 << one.kind) != 0)
                };
                if different.len() != count as usize || has.len() != different.len() || !different.iter().all(is_right)
                {
                    wrong.push((number, node));
                }
                for at in &has {
                    if let Some(used) = used.get_mut(*at as usize) {
                        *used += u64::from(share);
                    }
                }
            }
        }
        wrong.into_iter().for_each(|(workload, node)| self.fault(Rule::Devices, workload, node));
        for (device, used) in devices.iter().zip(used) {
            if used > u64::from(device.free.min(WHOLE)) {
                self.fault(Rule::Devices, NOWHERE, device.node);
            }
        }
    }

    fn judge_relations(&mut self, number: u32, workload: &Workload) {
        let own = self.nodes_of(number);
        if workload.at_most > 0 {
            let counts = self.counts(NODE, &own);
            let over: Vec<u32> =
                counts.into_iter().filter(|(_, count)| *count > workload.at_most).map(|(node, _)| node).collect();
            over.into_iter().for_each(|node| self.fault(Rule::AtMost, number, node));
        }
        for Relation { other, key } in workload.apart.iter().copied() {
            let others = self.counts(key, &self.nodes_of(other));
            let most = u32::from(other == number);
            let close = |node: &u32| others.get(&self.problem.nodes.domain(key, *node)).copied().unwrap_or(0) > most;
            let close: Vec<u32> = own.iter().copied().filter(close).collect();
            close.into_iter().for_each(|node| self.fault(Rule::Apart, number, node));
        }
        for Relation { other, key } in workload.near.iter().copied() {
            let others = self.counts(key, &self.nodes_of(other));
            let is_split = other == number && others.len() > 1;
            let far = |node: &u32| is_split || !others.contains_key(&self.problem.nodes.domain(key, *node));
            let far: Vec<u32> = own.iter().copied().filter(far).collect();
            far.into_iter().for_each(|node| self.fault(Rule::Near, number, node));
        }
    }

    /// How many of these nodes have each value.
    fn counts(&self, key: u32, nodes: &[u32]) -> BTreeMap<u32, u32> {
        let mut counts = BTreeMap::new();
        for node in nodes {
            let value = self.problem.nodes.domain(key, *node);
            if value != NOWHERE {
                *counts.entry(value).or_insert(0) += 1;
            }
        }
        counts
    }

    /// Empty values count, and so do nodes without one: they take none. A workload of which a part has no node is not judged.
    fn judge_spread(&mut self, number: u32, workload: &Workload, spread: Spread) {
        let own = self.nodes_of(number);
        let counts = self.counts(spread.key, &own);
        let strays = own.iter().copied().find(|node| self.problem.nodes.domain(spread.key, *node) == NOWHERE);
        if let Some(node) = strays {
            self.fault(Rule::Spread, number, node);
        }
        if own.len() < workload.replicas as usize {
            return;
        }
        let set = &self.problem.sets[workload.set as usize];
        let values: BTreeSet<u32> = set
            .iter()
            .map(|node| self.problem.nodes.domain(spread.key, *node))
            .filter(|value| *value != NOWHERE)
            .collect();
        let least = values.iter().map(|value| counts.get(value).copied().unwrap_or(0)).min().unwrap_or(0);
        let least = if values.len() < spread.min_domains as usize { 0 } else { least };
        if counts.values().any(|count| count - least > spread.max_skew.max(1)) {
            self.fault(Rule::Spread, number, NOWHERE);
        }
    }

    fn judge_homes(&mut self, number: u32) {
        let first = self.first[number as usize];
        for replica in first..first + self.problem.workloads[number as usize].replicas as usize {
            let node = self.solution.at.get(replica).copied().unwrap_or(NOWHERE);
            if self.problem.bound[replica] && node != NOWHERE && node != self.problem.homes[replica] {
                self.fault(Rule::Bound, number, node);
            }
        }
        if self.solution.moves > self.problem.most_moves {
            self.fault(Rule::Moves, NOWHERE, NOWHERE);
        }
    }
}
