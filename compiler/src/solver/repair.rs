//! Makes room for replicas that found none: others of the same node are pushed out and look for another place, those first
//! whose workloads were least often hard to place. How often is counted, so that the same exchange is not made for ever.
//! The work is counted too, and bounded.

use super::{
    choose,
    problem::{AMOUNTS, Amounts, NODE, NOWHERE, WEIGHED},
    state::State,
};

/// So many nodes are looked at before the best of them is taken, and more for what was hard to place before.
const WINDOW: u32 = 16;
/// On nodes with more replicas than this, no two are tried together.
const MOST_FOR_PAIRS: usize = 48;
/// What it costs that a replica leaves its home, against one that was hard to place once.
const MOVE: u64 = 1 << 20;

/// What repairs remember.
#[derive(Debug)]
pub(super) struct Repair {
    /// How often each workload was hard to place.
    pub hardness: Vec<u64>,
    /// So often a workload may be hard to place before those that it is near to go elsewhere.
    patience: Vec<u64>,
    dice: u64,
    /// So many steps may be made in all.
    pub limit: u64,
    /// So many replicas may still leave their homes for others.
    pub moves_left: u32,
    /// Those that had to leave anyway, ascending.
    pub forced: Vec<u32>,
    /// Replicas that no node takes whoever leaves it.
    hopeless: Vec<u32>,
}

/// So many of the cheapest replicas of a node are tried together at most.
const MOST_TOGETHER: usize = 64;

/// See [`Repair::patience`].
const PATIENCE: u64 = 40;

/// An eviction that costs no more than this is taken without a look at others.
const EASY: u64 = 6;

/// How many replicas may leave a node for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    One,
    Several,
}

/// Replicas that would have to leave a node, and what that costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Eviction {
    node: u32,
    cost: u64,
    size: u64,
    replicas: Vec<u32>,
}

impl Repair {
    pub(super) fn new(workloads: usize, moves_left: u32) -> Self {
        Self {
            hardness: vec![0; workloads],
            patience: vec![PATIENCE; workloads],
            dice: 0x9e37_79b9_7f4a_7c15,
            limit: 0,
            moves_left,
            forced: Vec::new(),
            hopeless: Vec::new(),
        }
    }

    fn roll(&mut self, below: u32) -> u32 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        u32::try_from(((self.dice >> 32) * u64::from(below)) >> 32).expect("it is below a number of 32 bits")
    }

    /// Places what has no node, until all have one or the work is done. What still has none is left in `pool`.
    pub(super) fn run(&mut self, state: &mut State<'_>, pool: &mut Vec<u32>) {
        self.hopeless.clear();
        self.work(state, pool);
        pool.append(&mut self.hopeless);
    }

    fn work(&mut self, state: &mut State<'_>, pool: &mut Vec<u32>) {
        while let Some(replica) = pool.pop() {
            let workload = state.fleet.of[replica as usize];
            if let Some(node) = choose::choose(state, workload) {
                self.lay(state, replica, node);
                continue;
            }
            if state.fleet.workload(workload).optional {
                continue;
            }
            if state.steps > self.limit {
                pool.push(replica);
                return self.finish(state, pool);
            }
            self.hardness[workload as usize] += 1;
            if state.lacks_friend(workload) {
                state.steps += 64;
                pool.insert(0, replica);
                continue;
            }
            if self.hardness[workload as usize] >= self.patience[workload as usize] {
                self.patience[workload as usize] *= 2;
                self.move_friends(state, workload, pool);
            }
            match self.cheapest(state, workload, None) {
                Some(eviction) => self.carry_out(state, replica, eviction, pool),
                None if state.fleet.rules[workload as usize].is_free() => self.hopeless.push(replica),
                None => self.shake(state, replica, pool),
            }
        }
    }

    fn carry_out(&mut self, state: &mut State<'_>, replica: u32, eviction: Eviction, pool: &mut Vec<u32>) {
        let mut gone = eviction.replicas;
        let mut next = 0;
        while let Some(victim) = gone.get(next).copied() {
            if state.at[victim as usize] != NOWHERE {
                gone.extend(state.orphans(victim));
                self.lift(state, victim);
            }
            next += 1;
        }
        gone.sort_unstable();
        gone.dedup();
        match state.fits(state.fleet.of[replica as usize], eviction.node) {
            true => self.lay(state, replica, eviction.node),
            // Who left was needed there.
            false => gone.push(replica),
        }
        pool.splice(0..0, gone);
    }

    /// Those that a workload is near to go to other values, and all who follow them look for new places.
    fn move_friends(&mut self, state: &mut State<'_>, workload: u32, pool: &mut Vec<u32>) {
        let fleet = state.fleet;
        for friend in fleet.rules[workload as usize].friends.iter().filter(|friend| friend.other != workload) {
            let followers = fleet.rules[friend.other as usize].followers.iter().map(|follower| follower.other);
            let mut group: Vec<u32> = followers.chain([friend.other]).flat_map(|one| fleet.replicas(one)).collect();
            group.retain(|one| state.at[*one as usize] != NOWHERE);
            group.sort_unstable();
            group.dedup();
            if group.is_empty() || !group.iter().all(|one| self.is_free(state, *one)) {
                continue;
            }
            let left = state.at[fleet.replicas(friend.other).start as usize];
            let left = if left == NOWHERE { NOWHERE } else { fleet.domain(friend.key, left) };
            group.iter().for_each(|one| self.lift(state, *one));
            let (targets, followers): (Vec<u32>, Vec<u32>) =
                group.into_iter().partition(|one| fleet.of[*one as usize] == friend.other);
            pool.splice(0..0, followers);
            for target in targets {
                match self.cheapest(state, friend.other, Some((friend.key, left))) {
                    Some(eviction) => self.carry_out(state, target, eviction, pool),
                    None => pool.push(target),
                }
            }
        }
    }

    /// Nothing more is pushed out: what fits is laid down.
    fn finish(&mut self, state: &mut State<'_>, pool: &mut Vec<u32>) {
        let rest = std::mem::take(pool);
        for replica in rest {
            match choose::choose(state, state.fleet.of[replica as usize]) {
                Some(node) => self.lay(state, replica, node),
                None => pool.push(replica),
            }
        }
    }

    fn lay(&mut self, state: &mut State<'_>, replica: u32, node: u32) {
        let home = state.fleet.home(replica);
        let workload = state.fleet.of[replica as usize];
        let is_home = home != NOWHERE && state.may_run(workload, home) && state.fits(workload, home);
        state.lay(replica, if is_home { home } else { node });
        if is_home && self.forced.binary_search(&replica).is_err() {
            self.moves_left = self.moves_left.saturating_add(1);
        }
    }

    fn lift(&mut self, state: &mut State<'_>, replica: u32) {
        let is_home = state.at[replica as usize] == state.fleet.home(replica);
        if is_home && self.forced.binary_search(&replica).is_err() {
            self.moves_left = self.moves_left.saturating_sub(1);
        }
        state.lift(replica);
    }

    /// No node takes it whoever leaves it: another replica of the same workload, or one that it follows, is in the way
    /// elsewhere. One of them looks for another place.
    fn shake(&mut self, state: &mut State<'_>, replica: u32, pool: &mut Vec<u32>) {
        let workload = state.fleet.of[replica as usize];
        let rules = &state.fleet.rules[workload as usize];
        let friends = rules.friends.iter().map(|friend| friend.other).chain(rules.foes.iter().map(|foe| foe.other));
        let others = friends.filter(|other| *other != workload);
        let mut loose: Vec<u32> = others.chain([workload]).flat_map(|one| state.fleet.replicas(one)).collect();
        loose.retain(|one| state.at[*one as usize] != NOWHERE && self.may_go(state, *one));
        state.steps += 64 + loose.len() as u64;
        pool.insert(0, replica);
        let Ok(count @ 1..) = u32::try_from(loose.len()) else { return };
        let victim = loose[self.roll(count) as usize];
        self.hardness[workload as usize] += 1;
        self.lift(state, victim);
        pool.insert(0, victim);
    }

    /// Whether a replica may be pushed out.
    fn may_go(&self, state: &State<'_>, replica: u32) -> bool {
        self.is_free(state, replica) && state.may_leave(replica)
    }

    /// Whether a replica may be elsewhere.
    fn is_free(&self, state: &State<'_>, replica: u32) -> bool {
        let is_home = state.at[replica as usize] == state.fleet.home(replica);
        let is_forced = || self.forced.binary_search(&replica).is_ok();
        !(is_home && (self.moves_left == 0 && !is_forced() || state.fleet.is_bound(replica)))
    }

    fn cost(&self, state: &State<'_>, replica: u32) -> u64 {
        let is_home = state.at[replica as usize] == state.fleet.home(replica);
        let workload = state.fleet.of[replica as usize];
        let optional = u64::from(!state.fleet.workload(workload).optional);
        (1 + self.hardness[workload as usize]) * optional + if is_home { MOVE } else { 0 }
    }

    /// The cheapest eviction among some of the nodes that may run the workload; among all where those have none. That of
    /// one replica is taken, unless it was hard to place.
    fn cheapest(&mut self, state: &mut State<'_>, workload: u32, not: Option<(u32, u32)>) -> Option<Eviction> {
        let set = &state.fleet.sets[state.fleet.workload(workload).set as usize];
        if set.nodes == 0 {
            return None;
        }
        let start = self.roll(set.nodes);
        let replicas = u64::from(state.fleet.workload(workload).replicas);
        let hardness = u32::try_from(self.hardness[workload as usize] / replicas).unwrap_or(u32::MAX);
        let wide = WINDOW.saturating_add(hardness.saturating_mul(WINDOW / 4));
        let mut best: Option<Eviction> = None;
        for (window, depth) in [(wide, Depth::One), (wide / 2, Depth::Several)] {
            for step in 0..set.nodes {
                if step >= window && best.is_some() {
                    break;
                }
                let node = set.at((start + step) % set.nodes);
                if not.is_some_and(|(key, domain)| state.fleet.domain(key, node) == domain) {
                    continue;
                }
                self.evict(state, workload, node, depth, &mut best);
                state.steps += 4 + state.lying[node as usize].len() as u64 / 4;
            }
            if best.as_ref().is_some_and(|best| best.cost <= EASY) {
                break;
            }
        }
        best
    }

    /// Looks for a cheaper eviction on one node.
    fn evict(&self, state: &State<'_>, workload: u32, node: u32, depth: Depth, best: &mut Option<Eviction>) {
        let Some(conflicts) = self.conflicts(state, workload, node) else { return };
        let (wanted, at) = (&state.fleet.demand[workload as usize], node as usize);
        let mut eviction = Eviction { node, ..Eviction::default() };
        let mut missing: Amounts = std::array::from_fn(|n| wanted[n].saturating_sub(state.free[at][n]));
        for victim in conflicts {
            if state.at[victim as usize] == node {
                relieve(&mut missing, &state.fleet.demand[state.fleet.of[victim as usize] as usize]);
            }
            self.push(state, &mut eviction, victim);
        }
        let leaves = |one: &u32| state.at[*one as usize] == node;
        let has_place = eviction.replicas.iter().any(leaves) || state.count[at] < state.fleet.most[at];
        let wants_devices = state.fleet.workload(workload).devices.is_some();
        let is_short = wants_devices || !has_place || is_short(&missing);
        let is_done = match (is_short, depth) {
            (false, _) => true,
            (true, Depth::One) => self.one(state, workload, &missing, &mut eviction),
            (true, Depth::Several) => {
                let others = state.lying[at].iter().copied();
                let others = others.filter(|one| {
                    let other = state.fleet.of[*one as usize];
                    let is_bystander = other != workload && !state.is_friend(workload, other);
                    is_bystander && !eviction.replicas.contains(one) && self.may_go(state, *one)
                });
                self.complete(state, workload, missing, &mut others.collect(), &mut eviction, best)
            }
        };
        if is_done && is_cheaper(&eviction, best) {
            *best = Some(eviction);
        }
    }

    /// Adds the cheapest replica that makes room alone. Whether there is one.
    fn one(&self, state: &State<'_>, workload: u32, missing: &Amounts, eviction: &mut Eviction) -> bool {
        let (fleet, all) = (state.fleet, &state.fleet.all[eviction.node as usize]);
        let mut best: Option<(u64, u64, u32)> = None;
        for one in &state.lying[eviction.node as usize] {
            let other = fleet.of[*one as usize];
            let demand = &fleet.demand[other as usize];
            let makes_room = (0..AMOUNTS).all(|n| demand[n] >= missing[n]);
            let is_bystander = other != workload && !state.is_friend(workload, other);
            if !makes_room || !is_bystander || eviction.replicas.contains(one) {
                continue;
            }
            let key = (self.cost(state, *one), size(demand, all), *one);
            let is_better = best.is_none_or(|best| key < best);
            if is_better && self.may_go(state, *one) && frees_devices(state, workload, eviction, &[*one]) {
                best = Some(key);
            }
        }
        best.into_iter().for_each(|(.., victim)| self.push(state, eviction, victim));
        best.is_some()
    }

    fn push(&self, state: &State<'_>, eviction: &mut Eviction, victim: u32) {
        let demand = &state.fleet.workload(state.fleet.of[victim as usize]).demand;
        eviction.cost += self.cost(state, victim);
        eviction.size = eviction.size.max(size(demand, &state.fleet.all[eviction.node as usize]));
        eviction.replicas.push(victim);
    }

    /// Adds one replica, or two, or as many as it takes, until there is room. Whether it succeeded.
    fn complete(
        &self,
        state: &State<'_>,
        workload: u32,
        missing: Amounts,
        others: &mut Vec<u32>,
        eviction: &mut Eviction,
        best: &Option<Eviction>,
    ) -> bool {
        let demand = |one: u32| &state.fleet.workload(state.fleet.of[one as usize]).demand;
        let wants_devices = state.fleet.workload(workload).devices.is_some();
        let all = &state.fleet.all[eviction.node as usize];
        others.sort_by_cached_key(|one| (self.cost(state, *one), size(demand(*one), all), *one));
        let frees = |found: &[u32]| {
            let mut missing = missing;
            found.iter().for_each(|one| relieve(&mut missing, demand(*one)));
            !is_short(&missing) && (!wants_devices || frees_devices(state, workload, eviction, found))
        };
        let limit = best.as_ref().map_or(u64::MAX, |best| best.cost);
        let is_dear =
            |found: &[u32]| found.iter().map(|one| self.cost(state, *one)).sum::<u64>() + eviction.cost > limit;
        let one = others.iter().copied().take_while(|one| !is_dear(&[*one])).find(|one| frees(&[*one]));
        let found: Vec<u32> = match one {
            Some(one) => vec![one],
            None => match self.pair(state, others, &frees, limit.saturating_sub(eviction.cost)) {
                Some((one, other)) => vec![one, other],
                None => {
                    others.truncate(MOST_TOGETHER);
                    let count = (1..=others.len()).find(|count| frees(&others[..*count]));
                    let Some(count) = count.filter(|count| !is_dear(&others[..*count])) else { return false };
                    let mut found = others[..count].to_vec();
                    let mut at = 0;
                    while at < found.len() {
                        let left = found.remove(at);
                        if !frees(&found) {
                            found.insert(at, left);
                            at += 1;
                        }
                    }
                    found
                }
            },
        };
        found.into_iter().for_each(|victim| self.push(state, eviction, victim));
        true
    }

    /// The cheapest two whose leaving makes room.
    fn pair(
        &self,
        state: &State<'_>,
        others: &[u32],
        frees: &impl Fn(&[u32]) -> bool,
        limit: u64,
    ) -> Option<(u32, u32)> {
        if others.len() > MOST_FOR_PAIRS {
            return None;
        }
        let mut best: Option<(u64, u32, u32)> = None;
        for (at, one) in others.iter().enumerate() {
            let cost = self.cost(state, *one);
            for other in &others[at + 1..] {
                let both = cost + self.cost(state, *other);
                if both > limit || best.is_some_and(|(best, ..)| best <= both) {
                    break;
                }
                if frees(&[*one, *other]) {
                    best = Some((both, *one, *other));
                    break;
                }
            }
        }
        best.map(|(_, one, other)| (one, other))
    }

    /// Who must leave whatever room there is; none where that does not help, or one of them may not.
    fn conflicts(&self, state: &State<'_>, workload: u32, node: u32) -> Option<Vec<u32>> {
        let wanted = state.fleet.workload(workload);
        if (0..AMOUNTS).any(|n| wanted.demand[n] > state.fleet.all[node as usize][n]) {
            return None;
        }
        let rules = &state.fleet.rules[workload as usize];
        let mut found = Vec::new();
        if !state.lacks_only_others(workload, node) {
            return None;
        }
        for foe in &rules.foes {
            let domain = state.fleet.domain(foe.key, node);
            if domain == NOWHERE || state.tallies[foe.tally as usize].of(domain) == 0 {
                continue;
            }
            if foe.other == workload && foe.key == NODE {
                return None;
            }
            let there = state.fleet.replicas(foe.other).filter(|one| {
                let at = state.at[*one as usize];
                at != NOWHERE && state.fleet.domain(foe.key, at) == domain
            });
            found.extend(there);
        }
        let is_alone = wanted.exclusive || state.is_exclusive(node);
        let pushes = !wanted.ports.is_empty() || is_alone;
        for one in state.lying[node as usize].iter().filter(|_| pushes) {
            let other = state.fleet.workload(state.fleet.of[*one as usize]);
            let collides = other.ports.iter().any(|port| wanted.ports.iter().any(|asked| asked.collides(*port)));
            if collides || is_alone {
                found.push(*one);
            }
        }
        let taken = &state.fleet.ports[node as usize];
        if !wanted.ports.is_empty() && taken.iter().any(|port| wanted.ports.iter().any(|asked| asked.collides(*port))) {
            return None;
        }
        found.sort_unstable();
        found.dedup();
        found.iter().all(|one| self.may_go(state, *one)).then_some(found)
    }
}

fn is_cheaper(eviction: &Eviction, best: &Option<Eviction>) -> bool {
    let key = |one: &Eviction| (one.cost, one.size);
    best.as_ref().is_none_or(|best| key(eviction) < key(best))
}

fn is_short(missing: &Amounts) -> bool {
    missing.iter().any(|amount| *amount > 0)
}

fn relieve(missing: &mut Amounts, freed: &Amounts) {
    for (missing, freed) in missing.iter_mut().zip(freed) {
        *missing = missing.saturating_sub(*freed);
    }
}

/// How much of a node it takes, in parts of 65,536.
fn size(demand: &Amounts, all: &Amounts) -> u64 {
    let share = |n: usize| demand[n].checked_mul(1 << 16).map_or(1 << 16, |part| part / all[n].max(1));
    (0..WEIGHED).map(share).max().unwrap_or(0)
}

/// Whether the devices suffice when some have left.
fn frees_devices(state: &State<'_>, workload: u32, eviction: &Eviction, found: &[u32]) -> bool {
    let Some(demand) = state.fleet.workload(workload).devices else { return true };
    let left = |device: u32| {
        let gone = eviction.replicas.iter().chain(found);
        let shares = gone.filter(|one| state.given.get(one).is_some_and(|given| given.contains(&device)));
        let freed: u32 = shares
            .map(|one| state.fleet.workload(state.fleet.of[*one as usize]).devices.map_or(0, |demand| demand.share))
            .sum();
        state.devices[device as usize] + freed
    };
    let devices = state.fleet.devices_of(eviction.node, demand);
    devices.filter(|device| left(*device) >= demand.share).count() >= demand.count as usize
}
