//! The solver's core against an oracle: small fleets of all kinds of constraints, each of them searched through by
//! branch and bound, which shares no code with the solver. `tests/slow placement CASES` plays more of them.

use std::collections::{BTreeMap, BTreeSet};

use wlc::{
    solver::{
        problem::{Device, DeviceDemand, NODE, NOWHERE, Nodes, Port, Problem, Relation, Spread, Workload},
        solve,
    },
    verify,
};
use wlc_tests::{
    dice::Dice,
    planted::{self, Wish},
};

/// So many small fleets are played where nobody asks for more.
const CASES: u64 = 3_000;
/// So many steps the oracle makes before it gives a fleet up.
const STEPS: u64 = 3_000_000;

/// What the oracle found.
#[derive(Debug, PartialEq)]
enum Answer {
    /// Every replica has a node; so many are away from home at least.
    Fits(u32),
    Never,
    TooLong,
}

struct Oracle<'a> {
    problem: &'a Problem,
    of: Vec<u32>,
    at: Vec<u32>,
    best: u32,
    steps: u64,
}

fn answer(problem: &Problem) -> Answer {
    let of =
        (0u32..).zip(&problem.workloads).flat_map(|(number, one)| (0..one.replicas).map(move |_| number)).collect();
    let mut oracle = Oracle { problem, of, at: Vec::new(), best: u32::MAX, steps: 0 };
    oracle.branch(0);
    match oracle.best {
        _ if oracle.steps > STEPS => Answer::TooLong,
        u32::MAX => Answer::Never,
        away => Answer::Fits(away),
    }
}

impl Oracle<'_> {
    fn branch(&mut self, away: u32) {
        self.steps += 1;
        if self.steps > STEPS || away >= self.best || !self.may_become_right() {
            return;
        }
        let replica = self.at.len();
        if replica == self.of.len() {
            if self.is_right() {
                self.best = away;
            }
            return;
        }
        let (home, own) = (self.problem.homes[replica], self.of[replica]);
        let is_twin = |other: usize| self.of[other] == own && self.problem.homes[other] == NOWHERE;
        let first = if replica > 0 && home == NOWHERE && is_twin(replica - 1) { self.at[replica - 1] } else { 0 };
        let set = &self.problem.sets[self.problem.workloads[own as usize].set as usize];
        for node in set.iter().copied().filter(|node| *node >= first) {
            self.at.push(node);
            self.branch(away + u32::from(home != NOWHERE && node != home));
            self.at.pop();
        }
    }

    fn workload(&self, replica: usize) -> &Workload {
        &self.problem.workloads[self.of[replica] as usize]
    }

    /// Whether the last replica breaks nothing that more replicas could not mend.
    fn may_become_right(&self) -> bool {
        let Some(node) = self.at.last().copied() else { return true };
        let there: Vec<usize> = (0..self.at.len()).filter(|replica| self.at[*replica] == node).collect();
        let free = &self.problem.nodes.free[node as usize];
        let has_room =
            (0..free.len()).all(|n| there.iter().map(|one| self.workload(*one).demand[n]).sum::<u64>() <= free[n]);
        let is_alone = there.len() == 1 || there.iter().all(|one| !self.workload(*one).exclusive);
        let most = (self.problem.nodes.most[node as usize] - self.problem.nodes.there[node as usize]) as usize;
        let few = there.iter().all(|one| {
            let twins = there.iter().filter(|other| self.of[**other] == self.of[*one]).count();
            let at_most = self.workload(*one).at_most as usize;
            at_most == 0 || twins <= at_most
        });
        has_room
            && is_alone
            && few
            && there.len() <= most
            && self.has_ports(node, &there)
            && self.has_devices(node, &there)
            && self.is_apart()
    }

    fn has_ports(&self, node: u32, there: &[usize]) -> bool {
        let fixed = self.problem.nodes.ports.iter().filter(|(at, _)| *at == node).map(|(_, port)| *port);
        let asked = there.iter().flat_map(|one| self.workload(*one).ports.iter().copied());
        let all: Vec<Port> = fixed.chain(asked).collect();
        (0..all.len()).all(|one| {
            (0..one).all(|other| {
                let (one, other) = (all[one], all[other]);
                one.number != other.number || one.address != 0 && other.address != 0 && one.address != other.address
            })
        })
    }

    /// Shares are halves or wholes, and the devices of a node are all of one kind: they fit where they do one by one.
    fn has_devices(&self, node: u32, there: &[usize]) -> bool {
        let devices: Vec<&Device> = self.problem.nodes.devices.iter().filter(|device| device.node == node).collect();
        let demands: Vec<DeviceDemand> = there.iter().filter_map(|one| self.workload(*one).devices).collect();
        let is_kind = demands
            .iter()
            .all(|one| devices.iter().all(|device| one.kinds >> device.kind & 1 == 1) && !devices.is_empty());
        let wholes: u32 = demands.iter().filter(|one| one.share > 500).map(|one| one.count).sum();
        let halves = demands.iter().filter(|one| one.share <= 500);
        // Several halves of one replica lie on different devices.
        let left = devices.len().saturating_sub(wholes as usize);
        let (mut twos, mut all) = (0, 0);
        for one in halves {
            twos = twos.max(one.count as usize);
            all += one.count as usize;
        }
        demands.is_empty() || is_kind && wholes as usize <= devices.len() && twos <= left && all <= 2 * left
    }

    fn domain(&self, key: u32, replica: usize) -> u32 {
        if key == NODE {
            self.at[replica]
        } else {
            self.problem.nodes.domains[key as usize - 1][self.at[replica] as usize]
        }
    }

    fn is_apart(&self) -> bool {
        (0..self.at.len()).all(|one| {
            self.workload(one).apart.iter().all(|rule| {
                (0..self.at.len()).filter(|other| *other != one && self.of[*other] == rule.other).all(|other| {
                    self.domain(rule.key, one) != self.domain(rule.key, other) || self.domain(rule.key, one) == NOWHERE
                })
            })
        })
    }

    fn is_right(&self) -> bool {
        let all = 0..self.at.len();
        let is_near = all.clone().all(|one| {
            self.workload(one).near.iter().all(|rule| {
                let domain = self.domain(rule.key, one);
                let mut others = all.clone().filter(|other| self.of[*other] == rule.other);
                let shares = |other: usize| self.domain(rule.key, other) == domain;
                let is_met = if rule.other == self.of[one] { others.all(shares) } else { others.any(shares) };
                domain != NOWHERE && is_met
            })
        });
        is_near && (0..self.problem.workloads.len()).all(|workload| self.is_even(workload))
    }

    fn is_even(&self, number: usize) -> bool {
        let workload = &self.problem.workloads[number];
        workload.spread.iter().all(|spread| {
            let domains = &self.problem.nodes.domains[spread.key as usize - 1];
            let set = &self.problem.sets[workload.set as usize];
            let values: BTreeSet<u32> =
                set.iter().map(|node| domains[*node as usize]).filter(|one| *one != NOWHERE).collect();
            let mut counts: BTreeMap<u32, u32> = values.iter().map(|value| (*value, 0)).collect();
            for replica in (0..self.at.len()).filter(|replica| self.of[*replica] as usize == number) {
                match counts.get_mut(&self.domain(spread.key, replica)) {
                    Some(count) => *count += 1,
                    None => return false,
                }
            }
            let least = counts.values().min().copied().unwrap_or(0);
            let least = if counts.len() < spread.min_domains as usize { 0 } else { least };
            counts.values().all(|count| count - least <= spread.max_skew)
        })
    }
}

/// A small fleet, some of whose replicas have been somewhere.
fn small(seed: u64) -> Problem {
    let mut dice = Dice::new(seed);
    (0..8).for_each(|_| _ = dice.below(7));
    let count = 1 + dice.below(6);
    let mut nodes = Nodes { there: vec![0; count], most: vec![0; count], ..Nodes::default() };
    nodes.domains = vec![Vec::new(), Vec::new()];
    for node in 0..count {
        let devices = [0, 0, 0, 1, 2][dice.below(5)];
        nodes.all.push([
            *dice.one_of(&[4, 6, 8]),
            *dice.one_of(&[4, 6, 8, 12]),
            *dice.one_of(&[0, 5]),
            devices * 1_000,
        ]);
        nodes.most[node] = *dice.one_of(&[2, 5, 9]);
        nodes.domains[0].push(u32::try_from(dice.below(3)).unwrap());
        nodes.domains[1].push(*dice.one_of(&[0, 1, NOWHERE]));
        let (kind, name) = (u8::try_from(dice.below(2)).unwrap(), u32::try_from(node).unwrap());
        nodes.devices.extend((0..devices).map(|_| Device { node: name, kind, free: 1_000 }));
        if dice.below(8) == 0 {
            nodes.ports.push((name, Port { number: 1, address: u32::try_from(dice.below(2)).unwrap() }));
        }
    }
    nodes.free.clone_from(&nodes.all);
    let all: Vec<u32> = (0..u32::try_from(count).unwrap()).collect();
    let part: Vec<u32> = all.iter().copied().filter(|_| dice.below(3) > 0).collect();
    let mut problem = Problem { nodes, sets: vec![all, part], most_moves: u32::MAX, ..Problem::default() };
    let workloads = 1 + dice.below(4);
    for _ in 0..workloads {
        let left = 10 - problem.homes.len();
        let replicas = (1 + dice.below(4)).min(left);
        let workload = workload(&mut dice, replicas, workloads);
        problem.workloads.push(workload);
        problem.bound.extend((0..replicas).map(|_| false));
        let homes = dice.below(2) == 0;
        problem.homes.extend((0..replicas).map(|_| match homes && dice.below(4) > 0 {
            true => u32::try_from(dice.below(count)).unwrap(),
            false => NOWHERE,
        }));
    }
    problem
}

fn workload(dice: &mut Dice, replicas: usize, workloads: usize) -> Workload {
    let other = |dice: &mut Dice| u32::try_from(dice.below(workloads)).unwrap();
    let key = |dice: &mut Dice| u32::try_from(dice.below(3)).unwrap();
    let mut workload = Workload {
        replicas: u32::try_from(replicas).unwrap(),
        demand: [dice.below(4) as u64, dice.below(5) as u64, 0, 0],
        set: u32::from(dice.below(4) == 0),
        ..Workload::default()
    };
    match dice.below(12) {
        0 | 1 => workload.apart.push(Relation { other: other(dice), key: key(dice) }),
        2 | 3 => workload.near.push(Relation { other: other(dice), key: key(dice) }),
        4 | 5 => workload.spread.push(Spread {
            key: 1 + u32::try_from(dice.below(2)).unwrap(),
            max_skew: 1 + u32::from(dice.below(4) == 0),
            min_domains: *dice.one_of(&[0, 0, 2, 3]),
        }),
        6 => workload.at_most = 1 + u32::from(dice.below(2) == 0),
        7 => workload.exclusive = true,
        8 => workload.ports.push(Port { number: 1, address: u32::try_from(dice.below(3)).unwrap() }),
        9 => {
            let demand = DeviceDemand { count: 1, share: *dice.one_of(&[500, 1_000]), kinds: *dice.one_of(&[1, 2, 3]) };
            workload.demand[3] = u64::from(demand.share);
            workload.devices = Some(demand);
        }
        10 => workload.demand[2] = dice.below(3) as u64,
        _ => {}
    }
    workload
}

#[test]
fn small_fleets_are_placed_as_the_oracle_says() {
    let cases = std::env::var("WLC_PLACEMENT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let (mut refused, mut moved, mut skipped, mut fitting) = (Vec::new(), Vec::new(), 0, 0);
    for seed in 0..cases {
        let problem = small(seed);
        let solution = solve(&problem);
        let faults = verify::faults(&problem, &solution);
        assert!(faults.is_empty(), "fleet {seed}: {faults:?}\n{problem:#?}\n{:?}", solution.at);
        let is_whole = solution.unplaced().next().is_none();
        let away = (0..).zip(&solution.at).filter(|(replica, node)| {
            let home = problem.homes[*replica as usize];
            home != NOWHERE && home != **node
        });
        match answer(&problem) {
            Answer::TooLong => skipped += 1,
            Answer::Never => assert!(!is_whole, "fleet {seed}: the oracle says that there is no placement"),
            Answer::Fits(_) if !is_whole => refused.push(seed),
            Answer::Fits(least) => {
                fitting += 1;
                if away.count() > least as usize {
                    moved.push(seed);
                }
            }
        }
    }
    println!("{cases} fleets: {fitting} fit, {skipped} were too much for the oracle");
    assert!(refused.is_empty(), "these fleets fit and were refused: {refused:?}");
    assert!(moved.is_empty(), "in these fleets more moved than must: {moved:?}");
    assert!(skipped < cases / 100 + 1, "{skipped} of {cases} were too much for the oracle");
    assert!(fitting > cases / 4, "only {fitting} of {cases} fit");
}

/// In whatever order files come, names decide: here nodes and workloads stand in another order, and the same names get the
/// same amounts. What is planted finds its place however full it is.
#[test]
fn planted_fleets_are_placed_whole() {
    for (seed, full) in [(1, 60), (2, 80), (3, 92), (4, 80), (5, 92)] {
        let wish = Wish { seed, nodes: 400, replicas: 4_000, full, constrained: 40 };
        let planted = planted::fleet(wish);
        let mut plant = wlc::solver::Solution { at: planted.plant, devices: Vec::new(), forced: 0, moves: 0, steps: 0 };
        assert!(verify::faults(&planted.problem, &plant).is_empty(), "{wish:?}: the plant itself does not hold");
        let solution = solve(&planted.problem);
        assert!(verify::faults(&planted.problem, &solution).is_empty(), "{wish:?}");
        assert_eq!(solution.unplaced().count(), 0, "{wish:?}");
        // What was placed once stays.
        plant.at.clone_from(&solution.at);
        let again = solve(&Problem { homes: plant.at, ..planted.problem });
        assert_eq!((again.at, again.moves, again.forced), (solution.at, 0, 0), "{wish:?}");
    }
}
