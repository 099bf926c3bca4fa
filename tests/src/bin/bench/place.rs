//! `place`, `place-tight` and `place-large`: planted fleets through the solver, against a plain scan of every node for every
//! replica in one thread. A replica without a node is a fault: each has one in the plant.

use std::time::{Duration, Instant};

use wlc::{solver, verify};
use wlc_tests::planted::{self, Planted, Wish};

use super::{
    figures::{self, Times},
    scan,
};

/// A benchmark.
struct Case {
    name: &'static str,
    wish: Wish,
    pairs: usize,
    /// The scan places one workload in so many; its time is multiplied.
    every: usize,
}

const WISH: Wish = Wish { seed: 7, nodes: 10_000, replicas: 100_000, full: 80, constrained: 40 };

/// Runs one of them.
pub(crate) fn run(name: &str) {
    let case = match name {
        "place-tight" => Case { name: "place-tight", wish: Wish { full: 91, ..WISH }, pairs: 5, every: 1 },
        "place-large" => {
            let wish = Wish { nodes: 50_000, replicas: 1_000_000, ..WISH };
            Case { name: "place-large", wish, pairs: 1, every: 200 }
        }
        _ => Case { name: "place", wish: WISH, pairs: 5, every: 1 },
    };
    if name == "place" {
        ladder();
    }
    let planted = planted::fleet(case.wish);
    println!("{}: {}", case.name, described(&planted));
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for pair in 0..case.pairs {
        let start = Instant::now();
        let solution = solver::solve(&planted.problem);
        ours.add(start.elapsed());
        let start = Instant::now();
        let (asked, unplaced) = scan::place(&planted.problem, case.every);
        let all = planted.plant.len() as f64 / asked.max(1) as f64;
        baseline.add(Duration::from_secs_f64(start.elapsed().as_secs_f64() * all));
        if pair == 0 {
            let faults = verify::faults(&planted.problem, &solution).len();
            let left = solution.unplaced().count();
            println!("{}: {left} unplaced, {faults} rules broken; the scan left {unplaced} of {asked}", case.name);
        }
    }
    figures::close(case.name, &ours, &baseline);
}

fn described(planted: &Planted) -> String {
    let problem = &planted.problem;
    let share = |n: usize| {
        let asked: u64 = problem.workloads.iter().map(|one| one.demand[n] * u64::from(one.replicas)).sum();
        asked as f64 * 100.0 / problem.nodes.all.iter().map(|all| all[n]).sum::<u64>() as f64
    };
    let (nodes, workloads, replicas) = (problem.nodes.count(), problem.workloads.len(), planted.plant.len());
    format!(
        "{nodes} nodes, {workloads} workloads, {replicas} replicas, {:.1} % of CPU, {:.1} % of memory",
        share(0),
        share(1)
    )
}

/// Fleets of all sizes and fillings: how many replicas have no node.
fn ladder() {
    for (nodes, seeds) in [(100, 20), (1_000, 10), (10_000, 2)] {
        for full in [60, 80, 92] {
            let (mut fleets, mut whole, mut left, mut by_scan) = (0, 0, 0, 0);
            for seed in 1..=seeds {
                let planted = planted::fleet(Wish { seed, nodes, replicas: nodes * 10, full, ..WISH });
                let unplaced = solver::solve(&planted.problem).unplaced().count();
                fleets += 1;
                whole += usize::from(unplaced == 0);
                left += unplaced;
                by_scan += scan::place(&planted.problem, 1).1;
            }
            println!(
                "place: {nodes} nodes {full} % full: {whole} of {fleets} fleets whole, {left} replicas unplaced (scan {by_scan})"
            );
        }
    }
}
