use super::{
    Problem, Solution,
    problem::{Device, DeviceDemand, NODE, NOWHERE, Port, Relation, SHARES, Spread, Workload},
    solve,
};
use crate::verify::{Rule, faults};

/// So many nodes of 1,000 CPU and 1,000 memory; the value of key 1 is their number modulo `zones`.
fn nodes(count: u32, zones: u32) -> Problem {
    let mut problem = Problem { sets: vec![(0..count).collect()], ..Problem::default() };
    problem.nodes.all = vec![[1_000, 1_000, 0, 0]; count as usize];
    problem.nodes.free.clone_from(&problem.nodes.all);
    problem.nodes.there = vec![0; count as usize];
    problem.nodes.most = vec![100; count as usize];
    problem.nodes.domains = vec![(0..count).map(|node| node % zones).collect()];
    problem
}

fn add(problem: &mut Problem, workload: Workload) {
    problem.homes.extend((0..workload.replicas).map(|_| NOWHERE));
    problem.bound.extend((0..workload.replicas).map(|_| false));
    problem.workloads.push(workload);
}

fn of(replicas: u32, cpu: u64) -> Workload {
    Workload { replicas, demand: [cpu, cpu, 0, 0], ..Workload::default() }
}

/// Solves, and nothing is broken.
fn solved(problem: &Problem) -> Solution {
    let solution = solve(problem);
    assert_eq!(faults(problem, &solution), [].into());
    assert_eq!(solution, solve(problem));
    solution
}

fn placed_at(problem: &Problem) -> Vec<u32> {
    solved(problem).at
}

#[test]
fn the_emptiest_node_is_taken_and_the_first_of_equal_ones() {
    let mut problem = nodes(3, 1);
    add(&mut problem, of(4, 100));
    assert_eq!(placed_at(&problem), [0, 1, 2, 0]);
    problem.nodes.free[0] = [500, 1_000, 0, 0];
    assert_eq!(placed_at(&problem), [1, 2, 0, 1]);
}

#[test]
fn no_nodes_no_replicas_and_no_amounts_are_no_trouble() {
    let mut empty = nodes(0, 1);
    assert!(placed_at(&empty).is_empty());
    add(&mut empty, of(2, 0));
    assert_eq!(placed_at(&empty), [NOWHERE, NOWHERE]);
    let mut problem = nodes(2, 1);
    problem.nodes.all = vec![[u64::MAX, 0, 0, 0], [1 << 60, 0, 0, 0]];
    problem.nodes.free.clone_from(&problem.nodes.all);
    add(&mut problem, of(0, 5));
    add(&mut problem, Workload { demand: [1 << 59, 0, 0, 0], ..of(3, 0) });
    assert!(!placed_at(&problem).contains(&NOWHERE));
}

#[test]
fn a_thousand_and_one_replicas_do_not_fit_where_a_thousand_may_be() {
    let mut problem = nodes(1, 1);
    problem.nodes.most = vec![1_000];
    add(&mut problem, of(1_001, 0));
    assert_eq!(solved(&problem).unplaced().count(), 1);
}

#[test]
fn what_was_somewhere_stays_though_another_node_is_emptier() {
    let mut problem = nodes(3, 1);
    add(&mut problem, of(3, 100));
    problem.homes = vec![2, 2, 2];
    let solution = solved(&problem);
    assert_eq!((solution.at, solution.moves, solution.forced), (vec![2, 2, 2], 0, 0));
}

#[test]
fn what_no_longer_fits_leaves_and_is_no_move_for_others() {
    let mut problem = nodes(2, 1);
    add(&mut problem, of(2, 600));
    problem.homes = vec![0, 0];
    let solution = solved(&problem);
    assert_eq!((solution.at, solution.moves, solution.forced), (vec![0, 1], 0, 1));
}

/// Node 0 has 600 left and node 1 too; a replica of 700 fits only where one of 400 goes from one to the other.
#[test]
fn others_move_only_as_far_as_they_may() {
    let mut problem = nodes(2, 1);
    add(&mut problem, of(2, 400));
    add(&mut problem, of(1, 700));
    problem.homes = vec![0, 1, NOWHERE];
    assert_eq!(placed_at(&problem), [0, 1, NOWHERE]);
    problem.most_moves = 1;
    let solution = solved(&problem);
    assert_eq!((solution.unplaced().count(), solution.moves), (0, 1));
    problem.bound = vec![true, true, false];
    assert_eq!(placed_at(&problem), [0, 1, NOWHERE]);
}

#[test]
fn devices_are_handed_out_by_share_and_kind() {
    let mut problem = nodes(2, 1);
    for node in [0, 1] {
        problem.nodes.all[node][SHARES] = 2_000;
        problem.nodes.free[node][SHARES] = 2_000;
        let device = Device { node: u32::try_from(node).unwrap(), kind: u8::try_from(node).unwrap(), free: 1_000 };
        problem.nodes.devices.extend([device, device]);
    }
    let share = |share: u32, kinds| Workload {
        demand: [1, 1, 0, u64::from(share)],
        devices: Some(DeviceDemand { count: 1, share, kinds }),
        ..of(2, 1)
    };
    add(&mut problem, share(600, 1));
    add(&mut problem, share(400, 1));
    let solution = solved(&problem);
    assert_eq!(solution.at, [0, 0, 0, 0]);
    // Two devices that are free by 400 do not hold 800.
    add(&mut problem, Workload { replicas: 1, ..share(800, 1) });
    assert!(solved(&problem).unplaced().next().is_some());
    problem.workloads[2].devices = Some(DeviceDemand { count: 1, share: 800, kinds: 2 });
    assert_eq!(placed_at(&problem)[4], 1);
}

#[test]
fn near_goes_where_the_other_is_and_a_ring_of_them_is_found() {
    let mut problem = nodes(4, 2);
    add(&mut problem, Workload { near: vec![Relation { other: 1, key: 1 }], ..of(2, 300) });
    add(&mut problem, of(1, 900));
    let at = placed_at(&problem);
    assert!(at.iter().all(|node| node % 2 == at[2] % 2), "{at:?}");
    problem.workloads[1].near = vec![Relation { other: 0, key: 1 }];
    let at = placed_at(&problem);
    assert!(at.iter().all(|node| node % 2 == at[2] % 2), "{at:?}");
}

#[test]
fn spread_counts_empty_values_and_those_that_are_missing() {
    let mut problem = nodes(6, 3);
    let spread = Spread { key: 1, max_skew: 1, min_domains: 0 };
    add(&mut problem, Workload { spread: vec![spread], ..of(7, 10) });
    let mut zones: Vec<usize> =
        (0..3).map(|zone| placed_at(&problem).iter().filter(|node| **node % 3 == zone).count()).collect();
    zones.sort_unstable();
    assert_eq!(zones, [2, 2, 3]);
    problem.workloads[0].spread[0].min_domains = 4;
    assert_eq!(solved(&problem).unplaced().count(), 4);
}

/// Three nodes, each of them with room for three of four workloads' replicas: what is laid down first leaves no room for
/// the last, unless somebody goes elsewhere, and then another.
#[test]
fn room_is_made_by_chains() {
    let mut problem = nodes(12, 1);
    for (replicas, cpu) in [(12, 510), (12, 260), (12, 230)] {
        add(&mut problem, of(replicas, cpu));
    }
    assert!(!placed_at(&problem).contains(&NOWHERE));
}

/// A placement that is right but for one thing is refused by that thing's name.
#[test]
fn the_checker_names_the_rule_that_is_broken() {
    type Change = fn(&mut Problem, &mut Solution);
    let cases: [(&str, Rule, Change); 15] = [
        ("a node that is not there", Rule::Place, |_, solution| solution.at[0] = 9),
        ("a node that is not in its set", Rule::Eligible, |problem, _| problem.sets[0] = vec![1, 2, 3]),
        ("too much CPU", Rule::Cpu, |problem, _| problem.nodes.free[0][0] = 9),
        ("too much memory", Rule::Memory, |problem, _| problem.nodes.free[0][1] = 9),
        ("too much storage", Rule::Storage, |problem, _| problem.workloads[0].demand[2] = 1),
        ("too many replicas", Rule::Replicas, |problem, _| problem.nodes.there[0] = 100),
        ("a port that is taken", Rule::Ports, |problem, _| {
            problem.workloads[0].ports = vec![Port { number: 80, address: 2 }];
            problem.nodes.ports = vec![(0, Port { number: 80, address: 0 })];
        }),
        ("a device that it did not get", Rule::Devices, |problem, _| {
            problem.workloads[0].devices = Some(DeviceDemand { count: 1, share: 1, kinds: 1 });
        }),
        ("too close", Rule::Apart, |problem, _| problem.workloads[1].apart = vec![Relation { other: 0, key: 1 }]),
        ("too far", Rule::Near, |problem, _| problem.workloads[0].near = vec![Relation { other: 1, key: NODE }]),
        ("uneven", Rule::Spread, |problem, _| {
            problem.workloads[0].spread = vec![Spread { key: NODE, max_skew: 1, min_domains: 5 }];
            problem.workloads[0].spread[0].key = 1;
            problem.workloads[0].spread[0].min_domains = 3;
            problem.nodes.domains[0] = vec![0, 0, 1, 1];
        }),
        ("too many on one node", Rule::AtMost, |problem, solution| {
            problem.workloads[0].at_most = 1;
            solution.at[1] = 0;
        }),
        ("a node for itself", Rule::Exclusive, |problem, solution| {
            problem.workloads[1].exclusive = true;
            solution.at[2] = 0;
        }),
        ("bound elsewhere", Rule::Bound, |problem, _| problem.bound[0] = true),
        ("too many moves", Rule::Moves, |_, solution| solution.moves = 1),
    ];
    for (what, rule, change) in cases {
        let mut problem = nodes(4, 2);
        add(&mut problem, of(2, 10));
        add(&mut problem, of(1, 5));
        let mut solution = solve(&problem);
        assert_eq!(solution.at, [0, 1, 2], "{what}");
        assert_eq!(faults(&problem, &solution), [].into());
        change(&mut problem, &mut solution);
        let rules: Vec<Rule> = faults(&problem, &solution).into_iter().map(|fault| fault.rule).collect();
        assert!(!rules.is_empty() && rules.iter().all(|one| *one == rule), "{what}: {rules:?}");
    }
}
