//! Fleets of which a placement is known: nodes are filled with replicas at random, and then only such constraints are
//! written down as hold where the replicas lie. So each replica that finds no node is a fault of who looked for one.

use wlc::solver::problem::{Amounts, NODE, NOWHERE, Nodes, Port, Problem, Relation, Spread, Workload};

use crate::dice::Dice;

/// What a fleet is like.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// The same number gives the same fleet.
    pub seed: u64,
    /// How many nodes.
    pub nodes: usize,
    /// About how many replicas.
    pub replicas: usize,
    /// How much of the scarcer of CPU and memory is asked for, in hundredths.
    pub full: u64,
    /// How many workloads in a hundred have constraints.
    pub constrained: usize,
}

/// A fleet, and where its replicas lay when it was made.
#[derive(Debug)]
pub struct Planted {
    /// What is asked for.
    pub problem: Problem,
    /// Where each replica lay.
    pub plant: Vec<u32>,
}

/// CPU in millicores and memory in MiB of each class, and how many nodes in a hundred are of it.
const CLASSES: [(u64, u64, usize); 5] = [
    (16_000, 64 << 10, 50),
    (64_000, 256 << 10, 15),
    (16_000, 256 << 10, 15),
    (32_000, 64 << 10, 12),
    (96_000, 768 << 10, 8),
];

/// Sets of classes that a workload may ask for. The last class has a taint.
const SETS: [&[usize]; 7] = [&[0, 1, 2, 3], &[0, 1, 2], &[0, 1], &[2], &[3], &[4], &[1, 2]];

const ZONE: u32 = 1;
const RACK: u32 = 2;
const NODES_OF_A_RACK: usize = 40;

struct Grower {
    dice: Dice,
    classes: Vec<usize>,
    nodes: Nodes,
    sets: Vec<Vec<u32>>,
    free: Vec<Amounts>,
    ports: Vec<Vec<Port>>,
    /// How often each node has the workload that is planted now.
    here: Vec<u32>,
    workloads: Vec<Workload>,
    plant: Vec<u32>,
    first: Vec<usize>,
}

/// The fleet that is wished for.
pub fn fleet(wish: Wish) -> Planted {
    let mut grower = Grower::new(wish);
    let all: [u64; 2] = std::array::from_fn(|n| grower.nodes.all.iter().map(|all| all[n]).sum());
    let goal: [u64; 2] = std::array::from_fn(|n| all[n] * wish.full / 100);
    let (mut used, mut idle) = ([0, 0], 0);
    while used[0] < goal[0] && used[1] < goal[1] && idle < 200 {
        let demand = grower.grow(wish);
        idle = if demand == [0, 0] { idle + 1 } else { 0 };
        used[0] += demand[0];
        used[1] += demand[1];
    }
    grower.shuffle()
}

impl Grower {
    fn new(wish: Wish) -> Self {
        let mut dice = Dice::new(wish.seed);
        let zones = if wish.nodes < 30 { 2 } else { 3 };
        let (mut classes, mut nodes) = (Vec::new(), Nodes::default());
        nodes.domains = vec![Vec::new(), Vec::new()];
        let racks = wish.nodes.div_ceil(NODES_OF_A_RACK).max(2);
        for node in 0..wish.nodes {
            let mut roll = dice.below(100);
            let class = CLASSES.iter().position(|(_, _, share)| {
                let is_here = roll < *share;
                roll = roll.saturating_sub(*share);
                is_here
            });
            let class = if node < CLASSES.len() { node } else { class.unwrap_or(0) };
            let rack = dice.below(racks);
            classes.push(class);
            nodes.all.push([CLASSES[class].0, CLASSES[class].1 << 20, 0, 0]);
            nodes.domains[0].push(u32::try_from(rack % zones).unwrap());
            nodes.domains[1].push(u32::try_from(rack).unwrap());
        }
        nodes.free.clone_from(&nodes.all);
        nodes.there = vec![0; wish.nodes];
        nodes.most = vec![110; wish.nodes];
        let set_of = |set: &&[usize]| -> Vec<u32> {
            (0u32..).zip(&classes).filter(|(_, class)| set.contains(class)).map(|(node, _)| node).collect()
        };
        let sets = SETS.iter().map(set_of).collect();
        Self {
            dice,
            free: nodes.all.clone(),
            ports: vec![Vec::new(); wish.nodes],
            here: vec![0; wish.nodes],
            classes,
            nodes,
            sets,
            workloads: Vec::new(),
            plant: Vec::new(),
            first: Vec::new(),
        }
    }

    /// Plants one workload; what all its replicas take.
    fn grow(&mut self, wish: Wish) -> [u64; 2] {
        let weights = [20, 20, 20, 12, 10, 8, 10];
        let mut roll = self.dice.below(100);
        let set = weights.iter().position(|weight| {
            let is_here = roll < *weight;
            roll = roll.saturating_sub(*weight);
            is_here
        });
        let is_free = |set: &usize| !self.is_full(*set, wish.full);
        let set = set.filter(is_free).or_else(|| (0..SETS.len()).rev().find(is_free)).unwrap_or(0);
        let wanted = *self.dice.one_of(&[1, 1, 2, 2, 3, 3, 3, 4, 5, 6, 8, 10, 12, 20, 40, 100]);
        let wanted = wanted.min(wish.replicas / 10 + 1).min(wish.nodes / 2 + 1);
        let mean = self.mean(set, wish);
        let part = |dice: &mut Dice, mean: u64| {
            mean * *dice.one_of(&[10u64, 20, 30, 50, 60, 80, 100, 120, 150, 200, 280]) / 100
        };
        let base = self.dice.below(3);
        let cpu = part(&mut self.dice, mean[0]).max(10);
        let memory = if base == 0 {
            part(&mut self.dice, mean[1])
        } else {
            cpu * (mean[1] / mean[0].max(1)) * *self.dice.one_of(&[60, 80, 100, 130]) / 100
        };
        // A tenth asks for nothing of one of them.
        let none = self.dice.below(60);
        let cpu = if none == 0 { 0 } else { cpu };
        let largest = self.sets[set].first().map_or([0; 4], |_| self.nodes.all[self.sets[set][0] as usize]);
        let demand = [(cpu / 10 * 10).min(largest[0] / 2), ((memory >> 20) << 20).clamp(1 << 20, largest[1] / 2), 0, 0];
        let mut workload = Workload { demand, set: u32::try_from(set).unwrap(), ..Workload::default() };
        if self.dice.below(100) < wish.constrained {
            self.constrain(&mut workload);
        }
        let lie = self.lay(&workload, wanted);
        workload.replicas = u32::try_from(lie.len()).unwrap();
        if lie.is_empty() {
            return [0, 0];
        }
        self.keep_apart(&mut workload, &lie);
        self.first.push(self.plant.len());
        self.plant.extend(&lie);
        self.workloads.push(workload);
        [demand[0] * lie.len() as u64, demand[1] * lie.len() as u64]
    }

    /// What a replica takes on average, so that there are about as many as wished for.
    fn mean(&self, set: usize, wish: Wish) -> [u64; 2] {
        let nodes = self.sets[set].len().max(1) as u64;
        std::array::from_fn(|n| {
            let all: u64 = self.sets[set].iter().map(|node| self.nodes.all[*node as usize][n]).sum();
            all / nodes * wish.full / 100 * wish.nodes as u64 / wish.replicas.max(1) as u64
        })
    }

    /// Whether so many hundredths and a few more of a set are taken.
    fn is_full(&self, set: usize, full: u64) -> bool {
        let sum =
            |column: &[Amounts], n: usize| self.sets[set].iter().map(|node| column[*node as usize][n]).sum::<u64>();
        (0..2).any(|n| {
            let all = sum(&self.nodes.all, n);
            (all - sum(&self.free, n)) * 100 > all * (full + 3).min(96)
        })
    }

    fn constrain(&mut self, workload: &mut Workload) {
        let own = u32::try_from(self.workloads.len()).unwrap();
        match self.dice.below(10) {
            0..3 => workload.spread.push(Spread { key: ZONE, max_skew: 1, min_domains: 0 }),
            3..6 => workload.apart.push(Relation { other: own, key: NODE }),
            6 => workload.apart.push(Relation { other: own, key: RACK }),
            7 => workload.ports.push(Port { number: u32::try_from(8_000 + self.dice.below(40)).unwrap(), address: 0 }),
            8 if own > 0 => {
                let other = u32::try_from(self.dice.below(own as usize)).unwrap();
                workload.near.push(Relation { other, key: *self.dice.one_of(&[ZONE, ZONE, ZONE, RACK]) });
            }
            _ => workload.at_most = 2,
        }
    }

    /// Lays replicas on random nodes that take them.
    fn lay(&mut self, workload: &Workload, wanted: usize) -> Vec<u32> {
        let set = workload.set as usize;
        let mut lie: Vec<u32> = Vec::new();
        let zones = self.nodes.domains[0].iter().max().map_or(0, |most| *most as usize + 1);
        let mut misses = 0;
        while lie.len() < wanted && misses < 400 && !self.sets[set].is_empty() {
            let node = *self.dice.one_of(&self.sets[set]);
            let zone = self.nodes.domain(ZONE, node) as usize;
            let is_turn = workload.spread.is_empty() || lie.len() % zones == zone;
            if is_turn && self.takes(workload, &lie, node) {
                let at = node as usize;
                (0..2).for_each(|n| self.free[at][n] -= workload.demand[n]);
                self.ports[at].extend(&workload.ports);
                self.here[at] += 1;
                lie.push(node);
                misses = 0;
            } else {
                misses += 1;
            }
        }
        lie.iter().for_each(|node| self.here[*node as usize] = 0);
        lie
    }

    fn takes(&self, workload: &Workload, lie: &[u32], node: u32) -> bool {
        let at = node as usize;
        let has_room = (0..2).all(|n| self.free[at][n] >= workload.demand[n]);
        let own = u32::try_from(self.workloads.len()).unwrap();
        let is_apart = workload.apart.iter().all(|rule| {
            let domain = self.nodes.domain(rule.key, node);
            rule.other != own || lie.iter().all(|other| self.nodes.domain(rule.key, *other) != domain)
        });
        let is_near = workload.near.iter().all(|rule| {
            let domain = self.nodes.domain(rule.key, node);
            let first = self.first[rule.other as usize];
            let others = &self.plant[first..first + self.workloads[rule.other as usize].replicas as usize];
            others.iter().any(|other| self.nodes.domain(rule.key, *other) == domain)
        });
        let has_ports = workload.ports.iter().all(|port| self.ports[at].iter().all(|other| !port.collides(*other)));
        let few = workload.at_most == 0 || self.here[at] < workload.at_most;
        has_room && is_apart && is_near && has_ports && few
    }

    /// Sometimes another workload that shares no node is one to stay away from.
    fn keep_apart(&mut self, workload: &mut Workload, lie: &[u32]) {
        if self.workloads.is_empty() || self.dice.below(20) > 0 {
            return;
        }
        let other = self.dice.below(self.workloads.len());
        let first = self.first[other];
        let others = &self.plant[first..first + self.workloads[other].replicas as usize];
        if !lie.iter().any(|node| others.contains(node)) {
            workload.apart.push(Relation { other: u32::try_from(other).unwrap(), key: NODE });
        }
    }

    /// Nodes and workloads in another order than that in which they grew.
    fn shuffle(mut self) -> Planted {
        let nodes = permutation(&mut self.dice, self.classes.len());
        let workloads = permutation(&mut self.dice, self.workloads.len());
        let at = |of: &[u32], index: u32| of[index as usize];
        let mut back = vec![0u32; workloads.len()];
        for (old, new) in (0u32..).zip(&workloads) {
            back[*new as usize] = old;
        }
        let moved = |column: &[u32]| {
            let mut new = vec![0; column.len()];
            column.iter().zip(&nodes).for_each(|(value, to)| new[*to as usize] = *value);
            new
        };
        let domains = self.nodes.domains.iter().map(|column| moved(column)).collect();
        let mut all = vec![[0; 4]; nodes.len()];
        self.nodes.all.iter().zip(&nodes).for_each(|(value, to)| all[*to as usize] = *value);
        let set = |set: &Vec<u32>| {
            let mut set: Vec<u32> = set.iter().map(|node| at(&nodes, *node)).collect();
            set.sort_unstable();
            set
        };
        let (mut plant, mut shuffled) = (Vec::new(), Vec::new());
        for old in back {
            let mut workload = self.workloads[old as usize].clone();
            let rename = |rule: &Relation| Relation { other: at(&workloads, rule.other), key: rule.key };
            workload.apart = workload.apart.iter().map(rename).collect();
            workload.near = workload.near.iter().map(rename).collect();
            let first = self.first[old as usize];
            plant.extend(self.plant[first..first + workload.replicas as usize].iter().map(|node| at(&nodes, *node)));
            shuffled.push(workload);
        }
        let count = plant.len();
        let problem = Problem {
            nodes: Nodes { free: all.clone(), all, domains, ..self.nodes },
            sets: self.sets.iter().map(set).collect(),
            workloads: shuffled,
            homes: vec![NOWHERE; count],
            bound: vec![false; count],
            most_moves: 0,
        };
        Planted { problem, plant }
    }
}

fn permutation(dice: &mut Dice, count: usize) -> Vec<u32> {
    let mut all: Vec<u32> = (0u32..).take(count).collect();
    for at in (1..count).rev() {
        all.swap(at, dice.below(at + 1));
    }
    all
}
