//! What lies where, and what room is left: replicas are laid down and taken up again, one at a time.

use super::{
    fleet::{Even, Fleet},
    index::{CLOSED, Index},
    problem::{AMOUNTS, Amounts, NODE, NOWHERE, WEIGHED, Workload},
    tally::Tally,
};

/// A placement that may still change.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub fleet: &'a Fleet<'a>,
    /// The node of each replica.
    pub at: Vec<u32>,
    /// The replicas on each node.
    pub lying: Vec<Vec<u32>>,
    pub free: Vec<Amounts>,
    /// How many replicas each node has, with those that it had from the beginning.
    pub count: Vec<u32>,
    /// Replicas on each node that want it for themselves.
    exclusive: Vec<u32>,
    pub tallies: Vec<Tally>,
    /// How many replicas of each workload have a node.
    pub placed: Vec<u32>,
    /// What is free of each device.
    pub devices: Vec<u32>,
    /// The devices of each replica that takes some, in the order of replicas.
    pub given: std::collections::BTreeMap<u32, Vec<u32>>,
    pub index: Index,
    /// Whether the index follows; it is built after the first replicas are down.
    pub indexed: bool,
    pub steps: u64,
}

/// Why a node does not take a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// Nothing but room is missing.
    Full,
    /// Something beside room is in the way, and stays so while replicas of the same workload are placed.
    Never,
    /// Something is in the way that may change with each replica.
    NotNow,
}

impl<'a> State<'a> {
    pub(super) fn new(fleet: &'a Fleet<'a>) -> Self {
        let nodes = &fleet.problem.nodes;
        let of_node = |values: &[Amounts]| fleet.names.iter().map(|name| values[*name as usize]).collect();
        Self {
            at: vec![NOWHERE; fleet.of.len()],
            lying: vec![Vec::new(); fleet.nodes()],
            free: of_node(&nodes.free),
            count: fleet.names.iter().map(|name| nodes.there[*name as usize]).collect(),
            exclusive: vec![0; fleet.nodes()],
            tallies: vec![Tally::default(); fleet.tallies.len()],
            placed: vec![0; fleet.rules.len()],
            devices: fleet.device_names.iter().map(|name| nodes.devices[*name as usize].free).collect(),
            given: std::collections::BTreeMap::new(),
            index: Index::new(&fleet.all),
            indexed: false,
            steps: 0,
            fleet,
        }
    }

    /// Builds the index, which follows from now on.
    pub(super) fn build_index(&mut self) {
        for node in (0u32..).take(self.fleet.nodes()) {
            self.index.set(node, self.rank(node), self.free[node as usize]);
        }
        self.index.build();
        self.indexed = true;
    }

    /// The lower, the sooner a node is taken: the emptier, then the one with fewer replicas, then by name.
    fn rank(&self, node: u32) -> u64 {
        let at = node as usize;
        if self.count[at] >= self.fleet.most[at] || self.exclusive[at] > 0 {
            return CLOSED;
        }
        let (free, all) = (&self.free[at], &self.fleet.all[at]);
        let fullness = (0..WEIGHED).map(|amount| fullness(free[amount], all[amount])).max().unwrap_or(0);
        fullness << 48 | u64::from(self.count[at].min(0xffff)) << 32 | u64::from(self.fleet.names[at])
    }

    /// A node's rank and room are looked at anew.
    pub(super) fn refresh(&mut self, node: u32) {
        if self.indexed {
            self.index.update(node, self.rank(node), self.free[node as usize]);
        }
    }

    /// Keeps a node out of the index until it is refreshed.
    pub(super) fn hide(&mut self, node: u32) {
        self.index.update(node, CLOSED, self.free[node as usize]);
    }

    /// Lays a replica down. Its node has room for it.
    pub(super) fn lay(&mut self, replica: u32, node: u32) {
        let workload = self.fleet.of[replica as usize];
        let (wanted, at) = (self.fleet.workload(workload), node as usize);
        for amount in 0..AMOUNTS {
            self.free[at][amount] -= wanted.demand[amount];
        }
        self.count[at] += 1;
        self.exclusive[at] += u32::from(wanted.exclusive);
        self.lying[at].push(replica);
        self.at[replica as usize] = node;
        self.placed[workload as usize] += 1;
        let fleet = self.fleet;
        for (key, tally) in &fleet.rules[workload as usize].own {
            let domain = fleet.domain(*key, node);
            if domain != NOWHERE {
                self.tallies[*tally as usize].add(domain);
            }
        }
        self.give(replica, wanted, node);
        self.refresh(node);
    }

    /// Takes a replica up again.
    pub(super) fn lift(&mut self, replica: u32) {
        let (node, workload) = (self.at[replica as usize], self.fleet.of[replica as usize]);
        let (wanted, at) = (self.fleet.workload(workload), node as usize);
        for amount in 0..AMOUNTS {
            self.free[at][amount] += wanted.demand[amount];
        }
        self.count[at] -= 1;
        self.exclusive[at] -= u32::from(wanted.exclusive);
        self.lying[at].retain(|one| *one != replica);
        self.at[replica as usize] = NOWHERE;
        self.placed[workload as usize] -= 1;
        let fleet = self.fleet;
        for (key, tally) in &fleet.rules[workload as usize].own {
            let domain = fleet.domain(*key, node);
            if domain != NOWHERE {
                self.tallies[*tally as usize].take(domain);
            }
        }
        for device in self.given.remove(&replica).into_iter().flatten() {
            self.devices[device as usize] += wanted.devices.map_or(0, |demand| demand.share);
        }
        self.refresh(node);
    }

    /// Hands out devices: those of which least is left.
    fn give(&mut self, replica: u32, wanted: &Workload, node: u32) {
        let Some(demand) = wanted.devices else { return };
        let mut free: Vec<(u32, u32)> = self
            .fleet
            .devices_of(node, demand)
            .map(|device| (self.devices[device as usize], device))
            .filter(|(free, _)| *free >= demand.share)
            .collect();
        free.sort_unstable();
        let taken: Vec<u32> = free.into_iter().take(demand.count as usize).map(|(_, device)| device).collect();
        for device in &taken {
            self.devices[*device as usize] -= demand.share;
        }
        self.given.insert(replica, taken);
    }

    /// Whether a node takes a replica of a workload.
    pub(super) fn fits(&self, workload: u32, node: u32) -> bool {
        self.judge(workload, node) == Verdict::Fits
    }

    /// Whether a node of the workload's set takes a replica, and if not, why.
    pub(super) fn judge(&self, workload: u32, node: u32) -> Verdict {
        let wanted = self.fleet.workload(workload);
        let rules = &self.fleet.rules[workload as usize];
        if !rules.foes.is_empty() && self.is_beside_foe(workload, node)
            || !wanted.ports.is_empty() && self.has_port_taken(wanted, node)
            || wanted.at_most > 0 && self.on_node(workload, node) >= wanted.at_most
        {
            return Verdict::Never;
        }
        if !rules.friends.is_empty() && !self.is_near_friends(workload, node)
            || !rules.spread.is_empty() && !rules.spread.iter().all(|even| self.is_even(workload, even, node))
        {
            return Verdict::NotNow;
        }
        if self.has_room(wanted, node) { Verdict::Fits } else { Verdict::Full }
    }

    /// Whether a node takes a replica, wherever those are that it wants to be near to or even with.
    pub(super) fn fits_for_itself(&self, workload: u32, node: u32) -> bool {
        let wanted = self.fleet.workload(workload);
        !self.is_beside_foe(workload, node)
            && !self.has_port_taken(wanted, node)
            && (wanted.at_most == 0 || self.on_node(workload, node) < wanted.at_most)
            && self.has_room(wanted, node)
    }

    /// Whether every replica is near those that it wants to be near to, and all are even.
    pub(super) fn holds(&self) -> bool {
        let workloads = (0u32..).zip(&self.fleet.rules).filter(|(number, _)| self.placed[*number as usize] > 0);
        workloads.into_iter().all(|(number, rules)| {
            let is_near = self.fleet.replicas(number).all(|replica| {
                let node = self.at[replica as usize];
                node == NOWHERE || self.is_near_friends(number, node)
            });
            let is_together = rules
                .friends
                .iter()
                .all(|friend| friend.other != number || self.tallies[friend.tally as usize].values().len() == 1);
            let is_even = rules.spread.iter().all(|even| {
                let tally = &self.tallies[even.tally as usize];
                let domains = u32::try_from(self.fleet.views[even.view as usize].parts.len()).unwrap_or(u32::MAX);
                let least = if domains < even.min_domains { 0 } else { tally.least(domains) };
                let all: u32 = tally.values().iter().map(|(_, count)| *count).sum();
                all == self.placed[number as usize] && tally.most() - least <= even.max_skew
            });
            is_near && is_together && is_even
        })
    }

    /// Whether a workload wants to be near to another.
    pub(super) fn is_friend(&self, workload: u32, other: u32) -> bool {
        self.fleet.rules[workload as usize].friends.iter().any(|friend| friend.other == other)
    }

    /// Those who follow a replica and would be alone without it.
    pub(super) fn orphans(&self, replica: u32) -> Vec<u32> {
        if self.may_leave(replica) {
            return Vec::new();
        }
        let (node, workload) = (self.at[replica as usize], self.fleet.of[replica as usize]);
        let followers = self.fleet.rules[workload as usize].followers.iter();
        let followers = followers.filter(|follower| follower.other != workload);
        let there = followers.flat_map(|follower| {
            let domain = self.fleet.domain(follower.key, node);
            self.fleet.replicas(follower.other).filter(move |one| {
                let at = self.at[*one as usize];
                at != NOWHERE && domain != NOWHERE && self.fleet.domain(follower.key, at) == domain
            })
        });
        there.collect()
    }

    /// Takes up what is not near to those that it wants to be near to: they have no node there.
    pub(super) fn lift_lonely(&mut self) {
        loop {
            let is_lonely = |one: &u32| {
                let (node, workload) = (self.at[*one as usize], self.fleet.of[*one as usize]);
                let has_friends = !self.fleet.rules[workload as usize].friends.is_empty();
                node != NOWHERE && has_friends && !self.is_near_friends(workload, node)
            };
            let lonely: Vec<u32> = (0u32..).take(self.at.len()).filter(is_lonely).collect();
            if lonely.is_empty() {
                return;
            }
            lonely.into_iter().for_each(|one| self.lift(one));
        }
    }

    /// Whether somebody that it wants to be near to has no node at all.
    pub(super) fn lacks_friend(&self, workload: u32) -> bool {
        let friends = &self.fleet.rules[workload as usize].friends;
        friends.iter().any(|friend| friend.other != workload && self.placed[friend.other as usize] == 0)
    }

    /// Whether nothing is in the way on a node but what others take of it.
    pub(super) fn lacks_only_others(&self, workload: u32, node: u32) -> bool {
        let rules = &self.fleet.rules[workload as usize];
        let at_most = self.fleet.workload(workload).at_most;
        (at_most == 0 || self.on_node(workload, node) < at_most)
            && (rules.friends.is_empty() || self.is_near_friends(workload, node))
            && rules.spread.iter().all(|even| self.is_even(workload, even, node))
    }

    /// Whether a node is in a workload's set.
    pub(super) fn may_run(&self, workload: u32, node: u32) -> bool {
        self.fleet.sets[self.fleet.workload(workload).set as usize].holds(node)
    }

    /// How many replicas of a workload a node has.
    pub(super) fn on_node(&self, workload: u32, node: u32) -> u32 {
        self.tallies[self.fleet.rules[workload as usize].own[0].1 as usize].of(node)
    }

    /// Whether a replica has the node for itself.
    pub(super) fn is_exclusive(&self, node: u32) -> bool {
        self.exclusive[node as usize] > 0
    }

    fn has_room(&self, wanted: &Workload, node: u32) -> bool {
        let at = node as usize;
        (0..AMOUNTS).all(|amount| self.free[at][amount] >= wanted.demand[amount])
            && self.count[at] < self.fleet.most[at]
            && self.exclusive[at] == 0
            && (!wanted.exclusive || self.lying[at].is_empty())
            && self.has_devices(wanted, node)
    }

    fn has_devices(&self, wanted: &Workload, node: u32) -> bool {
        wanted.devices.is_none_or(|demand| {
            let devices = self.fleet.devices_of(node, demand);
            devices.filter(|device| self.devices[*device as usize] >= demand.share).count() >= demand.count as usize
        })
    }

    fn has_port_taken(&self, wanted: &Workload, node: u32) -> bool {
        let at = node as usize;
        let replicas = self.lying[at].iter().map(|other| self.fleet.workload(self.fleet.of[*other as usize]));
        let mut taken = self.fleet.ports[at].iter().chain(replicas.flat_map(|other| &other.ports));
        taken.any(|taken| wanted.ports.iter().any(|port| port.collides(*taken)))
    }

    fn is_beside_foe(&self, workload: u32, node: u32) -> bool {
        self.fleet.rules[workload as usize].foes.iter().any(|foe| {
            let domain = self.fleet.domain(foe.key, node);
            domain != NOWHERE && self.tallies[foe.tally as usize].of(domain) > 0
        })
    }

    fn is_near_friends(&self, workload: u32, node: u32) -> bool {
        self.fleet.rules[workload as usize].friends.iter().all(|friend| {
            let domain = self.fleet.domain(friend.key, node);
            let tally = &self.tallies[friend.tally as usize];
            let is_first = friend.other == workload && tally.is_empty();
            domain != NOWHERE && (is_first || tally.of(domain) > 0)
        })
    }

    fn is_even(&self, workload: u32, even: &Even, node: u32) -> bool {
        let domain = self.fleet.domain(even.key, node);
        let most = self.most_before(workload, even);
        domain != NOWHERE && most.is_some_and(|most| self.tallies[even.tally as usize].of(domain) <= most)
    }

    /// How many replicas a value may have before it gets one more, so that those that have no node yet can still make
    /// it even; none where no value may have another.
    pub(super) fn most_before(&self, workload: u32, even: &Even) -> Option<u32> {
        let tally = &self.tallies[even.tally as usize];
        let domains = u32::try_from(self.fleet.views[even.view as usize].parts.len()).unwrap_or(u32::MAX);
        if domains < even.min_domains {
            return Some(even.max_skew - 1);
        }
        let (skew, most) = (even.max_skew, tally.most());
        let left = u64::from(self.fleet.workload(workload).replicas - self.placed[workload as usize]).saturating_sub(1);
        if tally.missing((most + 1).saturating_sub(skew), domains) <= left {
            return Some(most);
        }
        let least = most.saturating_sub(skew);
        if tally.missing(least, domains) <= left { most.checked_sub(1) } else { least.checked_sub(1) }
    }

    /// Whether nobody follows a replica who would be alone without it.
    pub(super) fn may_leave(&self, replica: u32) -> bool {
        let (node, workload) = (self.at[replica as usize], self.fleet.of[replica as usize]);
        let rules = &self.fleet.rules[workload as usize];
        rules.followers.iter().all(|follower| {
            let domain = self.fleet.domain(follower.key, node);
            let own = rules.own.iter().find(|(key, _)| *key == follower.key).map_or(0, |(_, tally)| *tally);
            domain == NOWHERE
                || follower.other == workload
                || self.tallies[own as usize].of(domain) > 1
                || self.tallies[follower.tally as usize].of(domain) == 0
        })
    }

    /// Whether a replica has left a home that it had.
    pub(super) fn is_away(&self, replica: u32) -> bool {
        let home = self.fleet.home(replica);
        home != NOWHERE && self.at[replica as usize] != home
    }
}

fn fullness(free: u64, all: u64) -> u64 {
    let used = all - free.min(all);
    match used.checked_mul(1_000) {
        Some(_) if all == 0 => 0,
        Some(used) => used / all,
        None => u64::try_from(u128::from(used) * 1_000 / u128::from(all)).unwrap_or(1_000),
    }
}

/// The tally by nodes stands first.
const _: () = assert!(NODE == 0);
