//! Nodes by free room: a tree over all nodes, each knot with the most that one node below it has free of each amount, and
//! with the lowest rank below it. Who looks for the node of the lowest rank with room for a demand touches a handful of
//! knots where a scan touches every node.

use super::problem::{AMOUNTS, Amounts, WEIGHED};

/// So many nodes share one leaf, which is scanned.
const LEAF: usize = 8;

/// Parts of a sum have so many bits.
const SMALL: u32 = 24;

/// The rank of a node that takes nothing more.
pub(super) const CLOSED: u64 = u64::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Knot {
    rank: u64,
    free: Amounts,
    /// The most that one node has of the weighed amounts together. It tells a node with much of both from two that have
    /// much of one.
    both: u64,
}

const NONE: Knot = Knot { rank: CLOSED, free: [0; AMOUNTS], both: 0 };

/// The tree, with what it knows of each node.
#[derive(Debug, Clone)]
pub(super) struct Index {
    nodes: Vec<Knot>,
    /// A binary tree in one row: the children of `i` are `2i` and `2i + 1`, leaves begin at `leaves`.
    knots: Vec<Knot>,
    leaves: usize,
    /// By so many bits the weighed amounts are made small enough for a sum.
    shifts: [u32; WEIGHED],
}

/// What is looked for.
pub(super) struct Query<'a> {
    pub demand: &'a Amounts,
    /// What [`Index::both`] makes of it.
    pub both: u64,
    /// Whether it asks for more than the weighed amounts.
    pub is_rare: bool,
    /// The best rank so far; only lower ones count.
    pub rank: u64,
    /// The node that has it.
    pub found: Option<u32>,
    /// How many knots and leaves were touched.
    pub steps: u64,
    /// With so many the search ends, where it has found a node.
    pub enough: u64,
}

/// Steps that are made for a better node after the first one was found. Fewer than some hundred nodes are all looked at.
const MORE: u64 = 64;

impl<'a> Query<'a> {
    pub(super) fn new(demand: &'a Amounts, index: &Index) -> Self {
        let is_rare = demand[WEIGHED..].iter().any(|amount| *amount > 0);
        let both = index.both(demand);
        Self { demand, both, is_rare, rank: CLOSED, found: None, steps: 0, enough: u64::MAX }
    }
}

impl Index {
    /// So many nodes, all closed.
    pub(super) fn new(all: &[Amounts]) -> Self {
        let leaves = all.len().div_ceil(LEAF).next_power_of_two().max(1);
        let most = |amount: usize| all.iter().map(|all| all[amount]).max().unwrap_or(0);
        let shifts = std::array::from_fn(|amount| (u64::BITS - most(amount).leading_zeros()).saturating_sub(SMALL));
        Self { nodes: vec![NONE; all.len()], knots: vec![NONE; 2 * leaves], leaves, shifts }
    }

    /// The weighed amounts together, each rounded down to parts of what the largest node has.
    pub(super) fn both(&self, amounts: &Amounts) -> u64 {
        (0..WEIGHED).map(|amount| (amounts[amount] >> self.shifts[amount]).min(1 << SMALL)).sum()
    }

    /// Says what a node has, for a tree that is built afterwards.
    pub(super) fn set(&mut self, node: u32, rank: u64, free: Amounts) {
        self.nodes[node as usize] = Knot { rank, free, both: self.both(&free) };
    }

    /// Builds all knots.
    pub(super) fn build(&mut self) {
        for leaf in 0..self.leaves {
            self.knots[self.leaves + leaf] = self.leaf(leaf);
        }
        for knot in (1..self.leaves).rev() {
            self.knots[knot] = join(&self.knots[2 * knot], &self.knots[2 * knot + 1]);
        }
    }

    /// A node has another rank and other room.
    pub(super) fn update(&mut self, node: u32, rank: u64, free: Amounts) {
        self.set(node, rank, free);
        let leaf = node as usize / LEAF;
        let mut at = self.leaves + leaf;
        let mut new = self.leaf(leaf);
        while self.knots[at] != new {
            self.knots[at] = new;
            at /= 2;
            if at == 0 {
                break;
            }
            new = join(&self.knots[2 * at], &self.knots[2 * at + 1]);
        }
    }

    fn leaf(&self, leaf: usize) -> Knot {
        let first = (leaf * LEAF).min(self.nodes.len());
        let end = (first + LEAF).min(self.nodes.len());
        self.nodes[first..end].iter().fold(NONE, |sum, node| if node.rank == CLOSED { sum } else { join(&sum, node) })
    }

    /// The node of the lowest rank between `first` and `end` that has room and is accepted.
    pub(super) fn find(&self, (first, end): (u32, u32), query: &mut Query<'_>, accept: &mut impl FnMut(u32) -> bool) {
        if first < end {
            let all = (0, self.leaves * LEAF);
            self.descend(1, all, (first as usize, end as usize), query, accept);
        }
    }

    fn descend(
        &self,
        knot: usize,
        (low, high): (usize, usize),
        (first, end): (usize, usize),
        query: &mut Query<'_>,
        accept: &mut impl FnMut(u32) -> bool,
    ) {
        query.steps += 1;
        if query.steps > query.enough {
            return;
        }
        if knot >= self.leaves {
            return self.scan((low.max(first), high.min(end)), query, accept);
        }
        let middle = usize::midpoint(low, high);
        let is_open = |at: usize, inside: bool, query: &Query<'_>| inside && may_hold(&self.knots[at], query);
        let (left, right) = (2 * knot, 2 * knot + 1);
        let go_left = is_open(left, first < middle, query);
        let go_right = is_open(right, end > middle, query);
        let left_first = self.knots[left].rank <= self.knots[right].rank;
        if go_left && left_first {
            self.descend(left, (low, middle), (first, end), query, accept);
        }
        if go_right && may_hold(&self.knots[right], query) {
            self.descend(right, (middle, high), (first, end), query, accept);
        }
        if go_left && !left_first && may_hold(&self.knots[left], query) {
            self.descend(left, (low, middle), (first, end), query, accept);
        }
    }

    fn scan(&self, (first, end): (usize, usize), query: &mut Query<'_>, accept: &mut impl FnMut(u32) -> bool) {
        let end = end.min(self.nodes.len());
        for at in first..end {
            let is_better = may_hold(&self.nodes[at], query);
            let node = u32::try_from(at).expect("nodes are counted in 32 bits");
            if is_better && accept(node) {
                query.rank = self.nodes[at].rank;
                if query.found.is_none() {
                    query.enough = query.steps + MORE;
                }
                query.found = Some(node);
            }
        }
        query.steps += 1;
    }
}

fn may_hold(knot: &Knot, query: &Query<'_>) -> bool {
    let [cpu, memory, storage, shares] = *query.demand;
    knot.rank < query.rank
        && knot.free[0] >= cpu
        && knot.free[1] >= memory
        && knot.both >= query.both
        && (!query.is_rare || knot.free[2] >= storage && knot.free[3] >= shares)
}

fn join(one: &Knot, other: &Knot) -> Knot {
    let mut free = one.free;
    for (free, other) in free.iter_mut().zip(other.free) {
        *free = (*free).max(other);
    }
    Knot { rank: one.rank.min(other.rank), free, both: one.both.max(other.both) }
}
