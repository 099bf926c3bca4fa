//! What the solver is held against: for each replica every node is looked at and the least allocated one is taken. One
//! thread, nothing is ever taken back.

use wlc::solver::problem::{NODE, NOWHERE, Port, Problem, Workload};

struct Scan<'a> {
    problem: &'a Problem,
    free: Vec<[u64; 2]>,
    count: Vec<u32>,
    ports: Vec<Vec<Port>>,
    may_run: Vec<Vec<bool>>,
    /// The nodes of each workload's replicas.
    nodes: Vec<Vec<u32>>,
    /// Who is to be kept away from each workload.
    foes: Vec<Vec<(u32, u32)>>,
    on_node: Vec<u32>,
}

/// Places one workload in `every`; how many replicas it looked for a node for, and how many of them found none.
pub(crate) fn place(problem: &Problem, every: usize) -> (usize, usize) {
    let mut scan = Scan::new(problem);
    let (mut asked, mut unplaced) = (0, 0);
    for number in order(problem).into_iter().step_by(every) {
        let workload = &problem.workloads[number as usize];
        for _ in 0..workload.replicas {
            asked += 1;
            match scan.best(number, workload) {
                Some(node) => scan.take(number, workload, node),
                None => unplaced += 1,
            }
        }
        for node in &scan.nodes[number as usize] {
            scan.on_node[*node as usize] = 0;
        }
    }
    (asked, unplaced)
}

/// Who is followed first, then the fewest nodes to choose from, then the biggest.
fn order(problem: &Problem) -> Vec<u32> {
    let mut depth = vec![0u32; problem.workloads.len()];
    for _ in 0..8 {
        for (number, workload) in problem.workloads.iter().enumerate() {
            depth[number] = workload.near.iter().map(|rule| depth[rule.other as usize] + 1).max().unwrap_or(0).min(8);
        }
    }
    let mut order: Vec<u32> = (0u32..).take(problem.workloads.len()).collect();
    order.sort_by_key(|number| {
        let workload = &problem.workloads[*number as usize];
        let nodes = problem.sets[workload.set as usize].len();
        (depth[*number as usize], nodes, std::cmp::Reverse(workload.demand))
    });
    order
}

impl<'a> Scan<'a> {
    fn new(problem: &'a Problem) -> Self {
        let nodes = problem.nodes.count();
        let mut foes = vec![Vec::new(); problem.workloads.len()];
        for (number, workload) in (0u32..).zip(&problem.workloads) {
            for rule in workload.apart.iter() {
                foes[number as usize].push((rule.other, rule.key));
                foes[rule.other as usize].push((number, rule.key));
            }
        }
        let may_run = problem.sets.iter().map(|set| {
            let mut may_run = vec![false; nodes];
            set.iter().for_each(|node| may_run[*node as usize] = true);
            may_run
        });
        Self {
            problem,
            free: problem.nodes.free.iter().map(|free| [free[0], free[1]]).collect(),
            count: problem.nodes.there.clone(),
            ports: vec![Vec::new(); nodes],
            may_run: may_run.collect(),
            nodes: vec![Vec::new(); problem.workloads.len()],
            foes,
            on_node: vec![0; nodes],
        }
    }

    fn best(&self, number: u32, workload: &Workload) -> Option<u32> {
        let (nodes, may_run) = (&self.problem.nodes, &self.may_run[workload.set as usize]);
        let least = self.least(number, workload);
        let mut best: Option<(u64, u32)> = None;
        for (name, free) in (0u32..).zip(&self.free) {
            let node = name as usize;
            if !may_run[node]
                || free[0] < workload.demand[0]
                || free[1] < workload.demand[1]
                || self.count[node] >= nodes.most[node]
            {
                continue;
            }
            let all = &nodes.all[node];
            let score = (all[0] - free[0]) * 500 / all[0] + (all[1] - free[1]) * 500 / all[1];
            if best.is_none_or(|best| (score, name) < best) && self.takes(number, workload, name, &least) {
                best = Some((score, name));
            }
        }
        best.map(|(_, node)| node)
    }

    /// For each spread, the fewest replicas that a value has.
    fn least(&self, number: u32, workload: &Workload) -> Vec<u32> {
        let count = |key: u32| {
            let domains = &self.problem.nodes.domains[key as usize - 1];
            let mut counts =
                vec![0; domains.iter().filter(|one| **one != NOWHERE).max().map_or(0, |most| *most as usize + 1)];
            let mut is_there = vec![false; counts.len()];
            for node in &self.problem.sets[workload.set as usize] {
                is_there[domains[*node as usize] as usize] = true;
            }
            self.nodes[number as usize].iter().for_each(|node| counts[domains[*node as usize] as usize] += 1);
            counts.into_iter().zip(is_there).filter(|(_, there)| *there).map(|(count, _)| count).min().unwrap_or(0)
        };
        workload.spread.iter().map(|spread| count(spread.key)).collect()
    }

    fn takes(&self, number: u32, workload: &Workload, node: u32, least: &[u32]) -> bool {
        let domain = |key: u32, node: u32| self.problem.nodes.domain(key, node);
        let shares = |other: u32, key: u32| {
            if key == NODE && other == number {
                return self.on_node[node as usize] > 0;
            }
            self.nodes[other as usize].iter().any(|there| domain(key, *there) == domain(key, node))
        };
        let own = |key: u32| {
            self.nodes[number as usize].iter().filter(|there| domain(key, **there) == domain(key, node)).count()
        };
        (workload.at_most == 0 || self.on_node[node as usize] < workload.at_most)
            && workload.ports.iter().all(|port| self.ports[node as usize].iter().all(|other| !port.collides(*other)))
            && self.foes[number as usize].iter().all(|(other, key)| !shares(*other, *key))
            && workload.near.iter().all(|rule| shares(rule.other, rule.key))
            && workload
                .spread
                .iter()
                .zip(least)
                .all(|(spread, least)| own(spread.key) < (least + spread.max_skew) as usize)
    }

    fn take(&mut self, number: u32, workload: &Workload, node: u32) {
        let at = node as usize;
        self.free[at][0] -= workload.demand[0];
        self.free[at][1] -= workload.demand[1];
        self.count[at] += 1;
        self.on_node[at] += 1;
        self.ports[at].extend(&workload.ports);
        self.nodes[number as usize].push(node);
    }
}
