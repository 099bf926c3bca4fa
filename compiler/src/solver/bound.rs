//! What proves that not every replica has room, before anybody looks for it: in each set of nodes, those that may run
//! nowhere else ask for more than there is.

use super::{
    fleet::{Range, Set},
    problem::{AMOUNTS, NOWHERE},
    state::State,
};

/// More sets than this are not held against each other.
const MOST_SETS: usize = 64;

/// Whether it is proved that there is not room for all, with what lies where it lies now and may not leave.
pub(super) fn is_short(state: &State<'_>) -> bool {
    let fleet = state.fleet;
    let sets = &fleet.sets;
    if sets.len() > MOST_SETS {
        return false;
    }
    // What may move is counted as if it lay nowhere.
    let stays = fleet.problem.most_moves == 0;
    let mut asked = vec![[0u128; AMOUNTS + 1]; sets.len()];
    for (number, workload) in fleet.problem.workloads.iter().enumerate().filter(|(_, workload)| !workload.optional) {
        let replicas = fleet.first[number]..fleet.first[number + 1];
        let is_asked = |one: &u32| !stays || state.at[*one as usize] == NOWHERE;
        let count = replicas.filter(is_asked).count() as u128;
        let asked = &mut asked[workload.set as usize];
        for (asked, demand) in asked.iter_mut().zip(workload.demand) {
            *asked += u128::from(demand) * count;
        }
        asked[AMOUNTS] += count;
    }
    (0..sets.len()).any(|outer| {
        let inside: Vec<usize> = (0..sets.len()).filter(|inner| is_inside(&sets[*inner], &sets[outer])).collect();
        let all = room(state, &sets[outer], stays);
        (0..=AMOUNTS).any(|amount| inside.iter().map(|set| asked[*set][amount]).sum::<u128>() > all[amount])
    })
}

fn room(state: &State<'_>, set: &Set, stays: bool) -> [u128; AMOUNTS + 1] {
    let fleet = state.fleet;
    let mut all = [0; AMOUNTS + 1];
    for node in set.ranges.iter().flat_map(|range| range.0..range.1).map(|node| node as usize) {
        let lying = || state.lying[node].iter().filter(|_| !stays).map(|one| fleet.of[*one as usize] as usize);
        for (amount, all) in all.iter_mut().enumerate().take(AMOUNTS) {
            let freed = lying().map(|other| u128::from(fleet.demand[other][amount])).sum::<u128>();
            *all += u128::from(state.free[node][amount]) + freed;
        }
        let taken = u128::from(state.count[node]).saturating_sub(lying().count() as u128);
        all[AMOUNTS] += u128::from(fleet.most[node]).saturating_sub(taken);
    }
    all
}

fn is_inside(inner: &Set, outer: &Set) -> bool {
    let is_covered = |range: &Range| {
        let behind = outer.ranges.partition_point(|one| one.0 <= range.0);
        behind > 0 && range.1 <= outer.ranges[behind - 1].1
    };
    inner.nodes <= outer.nodes && inner.ranges.iter().all(is_covered)
}
