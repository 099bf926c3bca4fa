//! A problem as the search wants it. Nodes stand in another order: those that the same workloads may use are neighbours, and
//! among them those that share the values of labels. So a set of nodes, and a part of it that shares a value, is a few ranges.

use super::problem::{Amounts, DeviceDemand, NODE, NOWHERE, Port, Problem, Workload};

/// Neighbours: the first, and the one behind the last.
pub(super) type Range = (u32, u32);

/// What does not change while replicas are placed.
#[derive(Debug)]
pub(super) struct Fleet<'a> {
    pub problem: &'a Problem,
    /// The node of the problem that stands here.
    pub names: Vec<u32>,
    pub all: Vec<Amounts>,
    pub most: Vec<u32>,
    /// Ports that are taken from the beginning.
    pub ports: Vec<Vec<Port>>,
    /// For each key but that of nodes, the values.
    pub domains: Vec<Vec<u32>>,
    /// Where the devices of each node begin; one entry more than there are nodes.
    pub devices: Vec<u32>,
    /// The device of the problem that stands here.
    pub device_names: Vec<u32>,
    pub sets: Vec<Set>,
    /// The first replica of each workload; one entry more than there are workloads.
    pub first: Vec<u32>,
    /// The workload of each replica.
    pub of: Vec<u32>,
    /// Where each replica was.
    pub homes: Vec<u32>,
    /// What a replica of each workload takes.
    pub demand: Vec<Amounts>,
    /// Rules of each workload.
    pub rules: Vec<Rules>,
    /// Parts of sets by value.
    pub views: Vec<View>,
    /// The key of each tally.
    pub tallies: Vec<u32>,
}

/// A set of nodes.
#[derive(Debug)]
pub(super) struct Set {
    pub ranges: Vec<Range>,
    pub nodes: u32,
}

/// A set, split by the values of a key.
#[derive(Debug)]
pub(super) struct View {
    pub set: u32,
    pub key: u32,
    /// Each value that the set has, ascending, with its nodes.
    pub parts: Vec<(u32, Vec<Range>)>,
}

/// What a workload's replicas mean for each other and for those of others. Tallies are named by number.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Its own counts: key and tally. The first is that of nodes.
    pub own: Vec<(u32, u32)>,
    /// Whom it shares no value with, by whichever of the two it was said.
    pub foes: Vec<Foe>,
    /// Whom it shares a value with.
    pub friends: Vec<Foe>,
    /// Who shares a value with it, as they see it.
    pub followers: Vec<Foe>,
    /// Evenness: the spread's number, its tally and its view.
    pub spread: Vec<Even>,
    /// How often somebody has to be placed before it.
    pub depth: u32,
}

impl Rules {
    /// Whether it matters to nobody where others are.
    pub(super) fn is_free(&self) -> bool {
        self.foes.is_empty() && self.friends.is_empty() && self.followers.is_empty() && self.spread.is_empty()
    }
}

/// The other side of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Foe {
    pub other: u32,
    pub key: u32,
    /// The tally of the other.
    pub tally: u32,
    /// The view of the workload's own set by this key; [`NOWHERE`] where it is the key of nodes.
    pub view: u32,
}

/// Evenness over a view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Even {
    pub key: u32,
    pub tally: u32,
    pub view: u32,
    pub max_skew: u32,
    pub min_domains: u32,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let names = order(problem);
        let mut stands = vec![0; names.len()];
        for (at, name) in (0u32..).zip(&names) {
            stands[*name as usize] = at;
        }
        let by_name = |node: &u32| *node as usize;
        let nodes = &problem.nodes;
        let domains = nodes.domains.iter().map(|of| names.iter().map(|name| of[by_name(name)]).collect()).collect();
        let mut ports = vec![Vec::new(); names.len()];
        for (node, port) in &nodes.ports {
            ports[stands[*node as usize] as usize].push(*port);
        }
        let (devices, device_names) = devices(problem, &names);
        let home = |node: &u32| if *node == NOWHERE { NOWHERE } else { stands[*node as usize] };
        let homes = problem.homes.iter().map(home);
        let mut fleet = Fleet {
            all: names.iter().map(|name| nodes.all[by_name(name)]).collect(),
            most: names.iter().map(|name| nodes.most[by_name(name)]).collect(),
            sets: problem.sets.iter().map(|set| Set::new(set, &stands)).collect(),
            first: Vec::new(),
            of: Vec::new(),
            homes: homes.collect(),
            demand: problem.workloads.iter().map(|workload| workload.demand).collect(),
            rules: Vec::new(),
            views: Vec::new(),
            tallies: Vec::new(),
            problem,
            names,
            ports,
            domains,
            devices,
            device_names,
        };
        fleet.count_replicas();
        fleet.read_rules();
        fleet
    }

    pub(super) fn workload(&self, workload: u32) -> &'a Workload {
        &self.problem.workloads[workload as usize]
    }

    pub(super) fn nodes(&self) -> usize {
        self.names.len()
    }

    pub(super) fn domain(&self, key: u32, node: u32) -> u32 {
        if key == NODE { node } else { self.domains[key as usize - 1][node as usize] }
    }

    /// Where a replica was.
    pub(super) fn home(&self, replica: u32) -> u32 {
        self.homes[replica as usize]
    }

    pub(super) fn is_bound(&self, replica: u32) -> bool {
        self.problem.bound[replica as usize]
    }

    pub(super) fn replicas(&self, workload: u32) -> std::ops::Range<u32> {
        self.first[workload as usize]..self.first[workload as usize + 1]
    }

    /// The kinds of a node's devices that will do, each with its place.
    pub(super) fn devices_of(&self, node: u32, demand: DeviceDemand) -> impl Iterator<Item = u32> {
        let all = self.devices[node as usize]..self.devices[node as usize + 1];
        all.filter(move |at| {
            let kind = self.problem.nodes.devices[self.device_names[*at as usize] as usize].kind;
            demand.kinds >> kind & 1 == 1
        })
    }

    fn count_replicas(&mut self) {
        let mut first = 0;
        for (number, workload) in (0u32..).zip(&self.problem.workloads) {
            self.first.push(first);
            first += workload.replicas;
            self.of.resize(first as usize, number);
        }
        self.first.push(first);
    }

    fn read_rules(&mut self) {
        let count = self.problem.workloads.len();
        self.rules.resize_with(count, Rules::default);
        for workload in 0..u32::try_from(count).expect("workloads are counted in 32 bits") {
            self.tally(workload, NODE);
        }
        for (number, workload) in (0u32..).zip(&self.problem.workloads) {
            for rule in &workload.apart {
                self.relate(number, rule.other, rule.key, |rules| &mut rules.foes);
                if rule.other != number {
                    self.relate(rule.other, number, rule.key, |rules| &mut rules.foes);
                }
            }
            for rule in &workload.near {
                self.tally(number, rule.key);
                self.relate(number, rule.other, rule.key, |rules| &mut rules.friends);
                self.relate(rule.other, number, rule.key, |rules| &mut rules.followers);
            }
            for rule in &workload.spread {
                let (tally, view) = (self.tally(number, rule.key), self.view(workload.set, rule.key));
                let (max_skew, min_domains) = (rule.max_skew.max(1), rule.min_domains);
                let even = Even { key: rule.key, tally, view, max_skew, min_domains };
                self.rules[number as usize].spread.push(even);
            }
        }
        self.measure_depth();
    }

    fn relate(&mut self, workload: u32, other: u32, key: u32, list: fn(&mut Rules) -> &mut Vec<Foe>) {
        let tally = self.tally(other, key);
        let view = if key == NODE { NOWHERE } else { self.view(self.workload(workload).set, key) };
        let found = list(&mut self.rules[workload as usize]);
        let foe = Foe { other, key, tally, view };
        if !found.contains(&foe) {
            found.push(foe);
        }
    }

    /// The tally of a workload by a key.
    fn tally(&mut self, workload: u32, key: u32) -> u32 {
        let own = &mut self.rules[workload as usize].own;
        if let Some((_, tally)) = own.iter().find(|(of, _)| *of == key) {
            return *tally;
        }
        let tally = u32::try_from(self.tallies.len()).expect("tallies are counted in 32 bits");
        own.push((key, tally));
        self.tallies.push(key);
        tally
    }

    fn view(&mut self, set: u32, key: u32) -> u32 {
        let found = self.views.iter().position(|view| view.set == set && view.key == key);
        let at = found.unwrap_or_else(|| {
            let parts = self.split(set, key);
            self.views.push(View { set, key, parts });
            self.views.len() - 1
        });
        u32::try_from(at).expect("views are counted in 32 bits")
    }

    fn split(&self, set: u32, key: u32) -> Vec<(u32, Vec<Range>)> {
        let mut nodes: Vec<(u32, u32)> = self.sets[set as usize]
            .ranges
            .iter()
            .flat_map(|range| range.0..range.1)
            .map(|node| (self.domain(key, node), node))
            .collect();
        nodes.retain(|(domain, _)| *domain != NOWHERE);
        nodes.sort_unstable();
        let parts = nodes.chunk_by(|one, next| one.0 == next.0);
        parts.map(|part| (part[0].0, ranges(part.iter().map(|(_, node)| *node)))).collect()
    }

    /// Who is followed comes before its followers; in a ring nobody does.
    fn measure_depth(&mut self) {
        for _ in 0..8 {
            for workload in 0..self.rules.len() {
                let friends = self.rules[workload].friends.iter().filter(|friend| friend.other as usize != workload);
                let depth = friends.map(|friend| self.rules[friend.other as usize].depth + 1).max().unwrap_or(0);
                self.rules[workload].depth = depth.min(8);
            }
        }
    }
}

impl Set {
    fn new(nodes: &[u32], stands: &[u32]) -> Self {
        let mut there: Vec<u32> = nodes.iter().map(|node| stands[*node as usize]).collect();
        there.sort_unstable();
        let nodes = u32::try_from(there.len()).expect("nodes are counted in 32 bits");
        Self { ranges: ranges(there.into_iter()), nodes }
    }

    pub(super) fn holds(&self, node: u32) -> bool {
        let behind = self.ranges.partition_point(|range| range.0 <= node);
        behind > 0 && node < self.ranges[behind - 1].1
    }

    /// The node at a place of the set.
    pub(super) fn at(&self, mut place: u32) -> u32 {
        for (first, end) in &self.ranges {
            if place < end - first {
                return first + place;
            }
            place -= end - first;
        }
        NOWHERE
    }
}

/// Ascending nodes as ranges.
fn ranges(nodes: impl Iterator<Item = u32>) -> Vec<Range> {
    let mut found: Vec<Range> = Vec::new();
    for node in nodes {
        match found.last_mut() {
            Some((_, end)) if *end == node => *end += 1,
            Some(_) | None => found.push((node, node + 1)),
        }
    }
    found
}

/// The nodes, neighbours beside each other. Of very many sets the largest decide.
fn order(problem: &Problem) -> Vec<u32> {
    let nodes = problem.nodes.count();
    let mut largest: Vec<&Vec<u32>> = problem.sets.iter().filter(|set| set.len() < nodes).collect();
    largest.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let mut classes = vec![0u64; nodes];
    for (bit, set) in largest.into_iter().take(64).enumerate() {
        for node in set {
            classes[*node as usize] |= 1 << (63 - bit);
        }
    }
    let mut keys: Vec<&Vec<u32>> = problem.nodes.domains.iter().collect();
    keys.sort_by_cached_key(|values| values.iter().filter(|value| **value != NOWHERE).max().copied());
    let mut names: Vec<u32> = (0..).take(nodes).collect();
    names.sort_by(|one, other| {
        let (one, other) = (*one as usize, *other as usize);
        let by_class = classes[other].cmp(&classes[one]);
        keys.iter().fold(by_class, |order, key| order.then_with(|| key[one].cmp(&key[other])))
    });
    names
}

/// Where the devices of each node begin, and which they are.
fn devices(problem: &Problem, names: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let all = &problem.nodes.devices;
    let (mut starts, mut found) = (Vec::with_capacity(names.len() + 1), Vec::with_capacity(all.len()));
    for name in names {
        starts.push(u32::try_from(found.len()).expect("devices are counted in 32 bits"));
        let first = all.partition_point(|device| device.node < *name);
        let end = all.partition_point(|device| device.node <= *name);
        found.extend((0u32..).zip(all).skip(first).take(end - first).map(|(at, _)| at));
    }
    starts.push(u32::try_from(found.len()).expect("devices are counted in 32 bits"));
    (starts, found)
}
