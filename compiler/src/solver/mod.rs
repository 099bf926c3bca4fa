//! The search for a place for each replica, in indices and whole numbers.
//!
//! What was somewhere stays there while it may. The others are laid down one workload after the other, each replica on
//! the emptiest node that takes it, which an index of nodes by free room finds. What finds no node pushes out what does;
//! and what had to leave its home for that goes back where it can. Nothing here depends on time, threads or chance.

mod bound;
mod choose;
mod exact;
mod fleet;
mod home;
mod index;
pub mod problem;
mod repair;
mod state;
mod tally;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub use self::problem::{Problem, Solution};
use self::{
    choose::Chooser,
    fleet::Fleet,
    problem::{AMOUNTS, Amounts, NOWHERE, Workload},
    repair::Repair,
    state::State,
};

/// A search begins again so often, with those first that were hard to place.
const ATTEMPTS: u64 = 4;
/// Steps for each replica in the first attempt to make room, and at least so many.
const STEPS: (u64, u64) = (400, 300_000);

/// Steps to make room where a search through all ways follows, or where it is proved that not all have room.
const FEW_STEPS: u64 = 2_000;

/// Finds a node for every replica, if the work that is allowed suffices.
pub fn solve(problem: &Problem) -> Solution {
    let fleet = Fleet::new(problem);
    let mut repair = Repair::new(problem.workloads.len(), problem.most_moves);
    let mut best: Option<State<'_>> = None;
    let mut steps = 0;
    let mut at_first = 0;
    for attempt in 1..=ATTEMPTS {
        let (mut state, forced) = kept(&fleet);
        state.steps = steps;
        (repair.moves_left, repair.forced) = (problem.most_moves, forced);
        let is_short = bound::is_short(&state);
        let mut pool = place_new(&mut state, &repair);
        at_first = if attempt == 1 { pool.len() } else { at_first };
        let is_last = exact::is_small(&state) || is_short;
        let work = attempt * STEPS.1.max(STEPS.0 * fleet.of.len() as u64);
        repair.limit = state.steps + if is_last { FEW_STEPS } else { work };
        repair.run(&mut state, &mut pool);
        steps = state.steps;
        if best.as_ref().is_none_or(|best| unplaced(&state) < unplaced(best)) {
            best = Some(state);
        }
        if pool.is_empty() || is_last {
            break;
        }
    }
    let mut state = best.expect("there is an attempt");
    if unplaced(&state) > at_first {
        state = kept(&fleet).0;
        place_new(&mut state, &Repair::new(problem.workloads.len(), 0));
    }
    state.lift_lonely();
    home::bring(&mut state);
    exact::improve(&mut state, &repair.forced, problem.most_moves);
    solution(&state, &repair.forced)
}

fn unplaced(state: &State<'_>) -> usize {
    state.at.iter().filter(|node| **node == NOWHERE).count()
}

/// What may stay where it was; those that must leave.
fn kept<'a>(fleet: &'a Fleet<'a>) -> (State<'a>, Vec<u32>) {
    let mut state = State::new(fleet);
    let mut forced = Vec::new();
    let mut order = order(fleet, None);
    order.sort_by_key(|workload| fleet.workload(*workload).grown);
    for workload in order {
        let set = &fleet.sets[fleet.workload(workload).set as usize];
        for replica in fleet.replicas(workload) {
            let home = fleet.home(replica);
            if home == NOWHERE {
                continue;
            }
            if set.holds(home) && state.fits(workload, home) { state.lay(replica, home) } else { forced.push(replica) }
        }
    }
    forced.sort_unstable();
    (state, forced)
}

/// Those first that were hard to place, then those with the fewest nodes to choose from, then the biggest; and who is
/// followed right before the first of its followers.
fn order(fleet: &Fleet<'_>, hardness: Option<&[u64]>) -> Vec<u32> {
    let most = |amount: usize| fleet.all.iter().map(|all| all[amount]).filter(|all| *all < u64::MAX).max().unwrap_or(0);
    let all: Amounts = std::array::from_fn(most);
    let urgency = |(number, workload): (usize, &Workload)| {
        let hard = hardness.map_or(0, |hardness| hardness[number]);
        let nodes = fleet.sets[workload.set as usize].nodes;
        let devices = workload.devices.map(|demand| (demand.count, demand.share));
        let size = (0..AMOUNTS).map(|n| u128::from(workload.demand[n]) * 1_000_000 / u128::from(all[n].max(1))).max();
        (Reverse(hard), nodes, Reverse(devices), Reverse(size), Reverse(workload.demand))
    };
    let mut urgencies: Vec<_> = fleet.problem.workloads.iter().enumerate().map(urgency).collect();
    let mut order: Vec<u32> = (0u32..).take(fleet.rules.len()).collect();
    order.sort_by_key(|number| Reverse(fleet.rules[*number as usize].depth));
    for follower in &order {
        for friend in &fleet.rules[*follower as usize].friends {
            let urgency = urgencies[*follower as usize].min(urgencies[friend.other as usize]);
            urgencies[friend.other as usize] = urgency;
        }
    }
    order.sort_unstable_by_key(|number| {
        let at = *number as usize;
        (urgencies[at], fleet.rules[at].depth, *number)
    });
    order
}

/// Lays down what has no node yet; those that find none.
fn place_new(state: &mut State<'_>, repair: &Repair) -> Vec<u32> {
    state.build_index();
    let mut left = Vec::new();
    for workload in order(state.fleet, Some(&repair.hardness)) {
        let replicas = state.fleet.replicas(workload);
        if replicas.len() == state.placed[workload as usize] as usize {
            continue;
        }
        let mut chooser = Chooser::new(state, workload);
        let mut is_full = false;
        for replica in replicas {
            if state.at[replica as usize] != NOWHERE || state.fleet.is_bound(replica) {
                continue;
            }
            match if is_full { None } else { chooser.next(state) } {
                Some(node) => state.lay(replica, node),
                None => {
                    is_full = true;
                    left.push(replica);
                }
            }
        }
        chooser.show(state);
    }
    left.reverse();
    left
}

fn solution(state: &State<'_>, forced: &[u32]) -> Solution {
    let fleet = state.fleet;
    let name = |node: &u32| if *node == NOWHERE { NOWHERE } else { fleet.names[*node as usize] };
    let given = state.given.iter();
    let away = (0u32..).zip(&state.at).filter(|(one, at)| **at != NOWHERE && state.is_away(*one));
    let forced_away = forced.iter().filter(|one| state.is_away(**one) && state.at[**one as usize] != NOWHERE).count();
    Solution {
        at: state.at.iter().map(name).collect(),
        devices: given
            .flat_map(|(one, devices)| devices.iter().map(|device| (*one, fleet.device_names[*device as usize])))
            .collect(),
        forced: u32::try_from(forced.len()).expect("replicas are counted in 32 bits"),
        moves: u32::try_from(away.count() - forced_away).expect("replicas are counted in 32 bits"),
        steps: state.steps,
    }
}
