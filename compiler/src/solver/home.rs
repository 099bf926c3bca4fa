//! Brings replicas that made room for others home again, where their room is free by now or can be freed.

use super::{choose, problem::NOWHERE, state::State};

/// Brings home what can go there; what came into its place goes elsewhere where a node takes it at once.
pub(super) fn bring(state: &mut State<'_>) {
    let away: Vec<u32> = (0u32..).take(state.at.len()).filter(|replica| is_abroad(state, *replica)).collect();
    for _ in 0..2 {
        for replica in &away {
            if is_abroad(state, *replica) && state.may_leave(*replica) {
                go_home(state, *replica);
            }
        }
    }
}

fn is_abroad(state: &State<'_>, replica: u32) -> bool {
    state.at[replica as usize] != NOWHERE && state.is_away(replica)
}

fn go_home(state: &mut State<'_>, replica: u32) {
    let (fleet, node) = (state.fleet, state.at[replica as usize]);
    let (workload, home) = (fleet.of[replica as usize], fleet.home(replica));
    if !fleet.sets[fleet.workload(workload).set as usize].holds(home) {
        return;
    }
    state.lift(replica);
    if state.fits(workload, home) {
        return state.lay(replica, home);
    }
    let guests: Vec<u32> = state.lying[home as usize].iter().copied().filter(|one| fleet.home(*one) != home).collect();
    for guest in guests {
        if !state.may_leave(guest) {
            continue;
        }
        let host = fleet.of[guest as usize];
        state.lift(guest);
        if state.fits(workload, home) {
            state.lay(replica, home);
            if let Some(other) = choose::choose(state, host) {
                return state.lay(guest, other);
            }
            state.lift(replica);
        }
        state.lay(guest, home);
    }
    state.lay(replica, node);
}
