//! Small problems are searched through: every way to lay the replicas down, until one is found that places all of them with
//! the fewest away from home, or the work is done.

use super::{problem::NOWHERE, state::State};

/// More nodes than this are too many.
const MOST_NODES: usize = 10;
/// More replicas than this are too many.
const MOST_REPLICAS: usize = 14;
/// So many steps may be made.
const STEPS: u64 = 400_000;

struct Search<'s, 'a> {
    state: &'s mut State<'a>,
    /// Replicas that could not stay at home, ascending.
    forced: &'s [u32],
    most_moves: u32,
    /// Fewer than this must be away from home to be better.
    away: u32,
    best: Option<Vec<u32>>,
    steps: u64,
}

/// Puts a better placement into the state, if there is one and the problem is small.
pub(super) fn improve(state: &mut State<'_>, forced: &[u32], most_moves: u32) {
    let away = (0u32..).take(state.at.len()).filter(|replica| state.is_away(*replica)).count();
    let is_whole = state.at.iter().all(|node| *node != NOWHERE);
    if !is_small(state) || (is_whole && away == 0) {
        return;
    }
    let before = state.at.clone();
    lift_all(state);
    let away = if is_whole { u32::try_from(away).unwrap_or(u32::MAX) } else { u32::MAX };
    let mut search = Search { state, forced, most_moves, away, best: None, steps: 0 };
    search.descend(0, 0, 0);
    let (best, steps) = (search.best, search.steps);
    state.steps += steps;
    for (replica, node) in (0u32..).zip(best.unwrap_or(before)) {
        if node != NOWHERE {
            state.lay(replica, node);
        }
    }
}

/// Whether all ways can be looked at.
pub(super) fn is_small(state: &State<'_>) -> bool {
    let has_optional = state.fleet.problem.workloads.iter().any(|workload| workload.optional);
    state.fleet.nodes() <= MOST_NODES && state.at.len() <= MOST_REPLICAS && !has_optional
}

fn lift_all(state: &mut State<'_>) {
    for replica in (0u32..).take(state.at.len()) {
        if state.at[replica as usize] != NOWHERE {
            state.lift(replica);
        }
    }
}

impl Search<'_, '_> {
    fn descend(&mut self, replica: u32, away: u32, moves: u32) {
        self.steps += 1;
        if self.steps > STEPS || away >= self.away {
            return;
        }
        let fleet = self.state.fleet;
        if replica as usize == fleet.of.len() {
            if self.state.holds() {
                self.away = away;
                self.best = Some(self.state.at.clone());
            }
            return;
        }
        let (workload, home) = (fleet.of[replica as usize], fleet.home(replica));
        if home != NOWHERE {
            self.try_node(replica, home, (away, moves));
        }
        if fleet.is_bound(replica) {
            return;
        }
        let cost = u32::from(home != NOWHERE);
        let moves = moves + if self.forced.binary_search(&replica).is_ok() { 0 } else { cost };
        if moves > self.most_moves {
            return;
        }
        let set = &fleet.sets[fleet.workload(workload).set as usize];
        let first = if cost == 0 { self.last_twin(replica) } else { 0 };
        for node in set.ranges.iter().flat_map(|range| range.0..range.1) {
            if node != home && node >= first {
                self.try_node(replica, node, (away + cost, moves));
            }
        }
    }

    /// The node of the replica before, where one is as good as the other.
    fn last_twin(&self, replica: u32) -> u32 {
        let fleet = self.state.fleet;
        match replica.checked_sub(1) {
            Some(twin) if fleet.of[twin as usize] == fleet.of[replica as usize] && fleet.home(twin) == NOWHERE => {
                self.state.at[twin as usize]
            }
            Some(_) | None => 0,
        }
    }

    fn try_node(&mut self, replica: u32, node: u32, (away, moves): (u32, u32)) {
        let fleet = self.state.fleet;
        let workload = fleet.of[replica as usize];
        let may_run = fleet.sets[fleet.workload(workload).set as usize].holds(node);
        if may_run && self.state.fits_for_itself(workload, node) {
            self.state.lay(replica, node);
            self.descend(replica + 1, away, moves);
            self.state.lift(replica);
        }
    }
}
