//! The best node for one more replica of a workload: in the value that has fewest of them, on a node that has fewest of
//! them, then the emptiest node.

use super::{
    fleet::{Range, View},
    index::Query,
    problem::{NODE, NOWHERE},
    state::{State, Verdict},
};

/// Chooses nodes for replicas of one workload, one after the other.
pub(super) struct Chooser {
    workload: u32,
    /// Nodes with more replicas of the workload than this are looked at only when no other fits.
    level: u32,
    /// Nodes that were found not to fit, kept out of the index.
    hidden: Vec<u32>,
    /// Whether it pays to keep them out.
    hides: bool,
    /// Values whose nodes are looked at together, with what the first of them is worth.
    parts: Vec<(u32, u32)>,
    /// Only nodes in whose value of this key the tally has so many at most.
    value: Option<(u32, u32, u32)>,
}

/// Of so many values the nodes are looked at together where most of them are as good.
const MANY: usize = 12;

/// With fewer replicas than this, nodes that do not fit are met again sooner than they are hidden.
const FEW: u32 = 8;

impl Chooser {
    pub(super) fn new(state: &State<'_>, workload: u32) -> Self {
        let replicas = state.fleet.workload(workload).replicas;
        let nodes = state.fleet.sets[state.fleet.workload(workload).set as usize].nodes.max(1);
        let level = state.placed[workload as usize] / nodes;
        Self { workload, level, hidden: Vec::new(), hides: replicas > FEW, parts: Vec::new(), value: None }
    }

    /// The best node; none where no node fits.
    pub(super) fn next(&mut self, state: &mut State<'_>) -> Option<u32> {
        let fleet = state.fleet;
        let rules = &fleet.rules[self.workload as usize];
        let set = fleet.workload(self.workload).set;
        if let Some(friend) = rules.friends.iter().find(|friend| !is_first(state, self.workload, friend.other)) {
            if friend.key == NODE {
                let there = state.tallies[friend.tally as usize].values().iter().map(|(node, _)| *node);
                let there = there.filter(|node| fleet.sets[set as usize].holds(*node));
                let ranges: Vec<Range> = there.map(|node| (node, node + 1)).collect();
                return self.by_level(state, &[&ranges], false);
            }
            let there = fleet.views[friend.view as usize].parts.iter();
            let there = there.filter(|(domain, _)| state.tallies[friend.tally as usize].of(*domain) > 0);
            let parts: Vec<&[Range]> = there.map(|(_, ranges)| &ranges[..]).collect();
            return self.by_level(state, &parts, false);
        }
        if let Some(even) = rules.spread.first() {
            let most = state.most_before(self.workload, even)?;
            return self.by_value(state, even.view, even.tally, most);
        }
        let own = rules.foes.iter().find(|foe| foe.other == self.workload && foe.key != NODE && foe.view != NOWHERE);
        match own {
            // Nodes without a value share none.
            Some(foe) => self.by_value(state, foe.view, foe.tally, 0).or_else(|| self.anywhere(state, set)),
            None => self.anywhere(state, set),
        }
    }

    fn anywhere(&mut self, state: &mut State<'_>, set: u32) -> Option<u32> {
        let fleet = state.fleet;
        self.by_level(state, &[&fleet.sets[set as usize].ranges], true)
    }

    /// The values that have fewest of the workload's replicas first.
    fn by_value(&mut self, state: &mut State<'_>, view: u32, tally: u32, most: u32) -> Option<u32> {
        let fleet = state.fleet;
        let View { set, key, parts: all } = &fleet.views[view as usize];
        let (set, key) = (*set, *key);
        let mut parts = std::mem::take(&mut self.parts);
        let counts = (0u32..).zip(all).map(|(at, (domain, _))| (state.tallies[tally as usize].of(*domain), at));
        parts.clear();
        parts.extend(counts.filter(|(count, _)| *count <= most));
        parts.sort_unstable();
        let found = parts.chunk_by(|one, next| one.0 == next.0).find_map(|equal| {
            if equal.len() > MANY && equal.len() * 4 > all.len() {
                self.value = Some((key, tally, equal[0].0));
                let found = self.by_level(state, &[&fleet.sets[set as usize].ranges], false);
                self.value = None;
                return found;
            }
            let ranges: Vec<&[Range]> = equal.iter().map(|(_, at)| &all[*at as usize].1[..]).collect();
            self.by_level(state, &ranges, false)
        });
        self.parts = parts;
        found
    }

    /// The nodes that have fewest of the workload's replicas first.
    fn by_level(&mut self, state: &mut State<'_>, parts: &[&[Range]], is_whole: bool) -> Option<u32> {
        let mut level = if is_whole { self.level } else { 0 };
        loop {
            let (found, next) = self.at_level(state, parts, level);
            if is_whole {
                self.level = level;
            }
            if found.is_some() {
                return found;
            }
            level = next.min(self.lowest_hidden(state, level));
            if level == u32::MAX {
                return None;
            }
        }
    }

    /// The emptiest node of those with so many replicas of the workload at most, and the next higher number that was met.
    fn at_level(&mut self, state: &mut State<'_>, parts: &[&[Range]], level: u32) -> (Option<u32>, u32) {
        let (workload, hides, value) = (self.workload, self.hides, self.value);
        let demand = &state.fleet.workload(workload).demand;
        let mut query = Query::new(demand, &state.index);
        let (mut next, hidden) = (u32::MAX, &mut self.hidden);
        let before = hidden.len();
        let mut accept = |node: u32| {
            if value.is_some_and(|(key, tally, most)| {
                let domain = state.fleet.domain(key, node);
                domain == NOWHERE || state.tallies[tally as usize].of(domain) > most
            }) {
                return false;
            }
            let on_node = state.on_node(workload, node);
            let verdict = state.judge(workload, node);
            let fits = verdict == Verdict::Fits;
            if fits && on_node > level {
                next = next.min(on_node);
            }
            if hides && (on_node > level || verdict == Verdict::Never) {
                hidden.push(node);
            }
            fits && on_node <= level
        };
        for range in parts.iter().flat_map(|ranges| ranges.iter()) {
            state.index.find(*range, &mut query, &mut accept);
        }
        let (found, steps) = (query.found, query.steps);
        state.steps += steps;
        for node in &self.hidden[before..] {
            state.hide(*node);
        }
        (found, next)
    }

    /// Shows the hidden nodes again; the next number of the workload's replicas on one that fits.
    fn lowest_hidden(&mut self, state: &mut State<'_>, level: u32) -> u32 {
        let (workload, mut hidden) = (self.workload, std::mem::take(&mut self.hidden));
        hidden.iter().for_each(|node| state.refresh(*node));
        let there = hidden.drain(..).filter(|node| state.fits(workload, *node));
        there.map(|node| state.on_node(workload, node)).filter(|there| *there > level).min().unwrap_or(u32::MAX)
    }

    /// Shows the hidden nodes again.
    pub(super) fn show(&mut self, state: &mut State<'_>) {
        for node in self.hidden.drain(..) {
            state.refresh(node);
        }
    }
}

fn is_first(state: &State<'_>, workload: u32, other: u32) -> bool {
    other == workload && state.placed[workload as usize] == 0
}

/// The best node for one replica alone.
pub(super) fn choose(state: &mut State<'_>, workload: u32) -> Option<u32> {
    let mut chooser = Chooser { hides: false, ..Chooser::new(state, workload) };
    chooser.next(state)
}
