//! Placement: which node runs which replica, and what the replica gets there.
//!
//! A pure function of the files and the lock: replicas stay where the lock has them unless they no longer fit there;
//! the others are spread by a search that sees all of them. Integers only, sorted maps, ties broken by name.

mod ask;
mod beside;
mod bound;
mod capacity;
mod facts;
mod filter;
mod leaned;
mod ports;
mod refusal;
mod report;
mod request;
mod search;
mod spread;
mod stay;
mod surge;
mod utilisation;
mod why;

use std::collections::BTreeMap;

pub use self::leaned::leaned_on;

use wlc_plan::{
    binding::Binding,
    name::{NodeName, ReplicaName, WorkloadName},
};

use self::{ask::Ask, beside::Around, capacity::Machine, filter::Eligible, request::Copies, search::Found};
pub use self::{
    capacity::room,
    refusal::Refusal,
    request::Request,
    surge::Copies as SurgeCopies,
    utilisation::{Used, Utilisation, utilisation},
    why::Reasons,
};
use crate::{
    diagnostics::Problems,
    lock::Lock,
    model::{Repository, workload::Workload},
    parallel,
    pins::Pins,
};

/// Where every replica is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placement {
    /// The replicas of each workload.
    pub workloads: BTreeMap<WorkloadName, BTreeMap<ReplicaName, Placed>>,
    /// How many copies beside its replicas each workload has room for, node by node.
    pub copies: BTreeMap<WorkloadName, surge::Copies>,
    /// How many replicas of a run each cron job has room for, where those are fewer than it asks for.
    pub rooms: BTreeMap<WorkloadName, u32>,
}

/// A replica's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its node.
    pub node: NodeName,
    /// What it gets there.
    pub binding: Binding,
}

/// A workload that is to be placed.
struct Task<'a> {
    workload: &'a Workload,
    request: &'a Request,
    eligible: &'a Eligible<'a>,
    /// Whether it asks for more than the lock has.
    asks_for_more: bool,
}

/// So many times a node is judged for a workload before another thread would have begun.
const JUDGEMENTS_FOR_A_THREAD: usize = 4_096;

/// So many requests are held against the lock before another thread would have begun.
const REQUESTS_FOR_A_THREAD: usize = 32;

/// Places every replica, or reports why one cannot be placed. What the lock has is kept before anything new is placed,
/// and what asks for no more than it had before what asks for more, so that nobody's growth takes another's room.
pub fn place(repository: &Repository, lock: &Lock, pins: &Pins, problems: &mut Problems) -> Placement {
    let mut machines = capacity::machines(repository);
    let requests = request::all(repository, pins);
    let judged = judge(&requests, &machines);
    let tasks = in_order(repository, &requests, &judged, lock);
    let mut placement = Placement::default();
    for task in &tasks {
        beside::claim(task.request, task.eligible, &mut machines);
    }
    let (more, as_before): (Vec<_>, Vec<_>) =
        tasks.iter().partition(|task| task.asks_for_more || task.request.beside.exclusive.is_some());
    for Task { workload, request, eligible, .. } in as_before.into_iter().chain(more) {
        if eligible.nodes.is_empty() {
            report::matches_nothing(repository, workload, request, &machines, lock, problems);
        }
        let kept = stay::keep(request, eligible, lock, &mut machines);
        placement.workloads.insert(request.workload.clone(), kept);
    }
    let (on_all, others): (Vec<_>, Vec<_>) = tasks.iter().partition(|task| task.request.copies == Copies::EachNode);
    for task in on_all {
        let placed = placement.workloads.entry(task.request.workload.clone()).or_default();
        on_each(task, placed, &mut machines, problems);
    }
    let found = search::nodes(&tasks, &placement, lock, &machines);
    // What makes do with less room than it asks for takes none that was found for others.
    let (sure, modest): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|task| found.is_empty() || is_found(task, &placement, lock, &found));
    for task in sure.into_iter().chain(modest) {
        let placed = placement.workloads.entry(task.request.workload.clone()).or_default();
        match task.request.copies {
            Copies::EachNode => {}
            Copies::Owner { slots } => {
                if let Some(room) = on_owner(task, slots, placed, (&mut machines, &found), problems) {
                    placement.rooms.insert(task.request.workload.clone(), room);
                }
            }
            Copies::Equal(_) | Copies::Numbered { .. } | Copies::UpTo(_) => {
                spread_out(repository, task, (lock, &found), placed, &mut machines, problems);
            }
        }
    }
    surge::set_aside(&tasks, lock, &mut placement, &mut machines, problems);
    report::shared_names(repository, &placement, problems);
    placement
}

/// Whether a node was found for each replica of a workload.
fn is_found(task: &Task<'_>, placement: &Placement, lock: &Lock, found: &Found) -> bool {
    let placed = placement.workloads.get(&task.request.workload);
    let has_node = |name: &ReplicaName| found.contains_key(name) || placed.is_some_and(|all| all.contains_key(name));
    stay::names(task.request, task.eligible, lock).iter().all(has_node)
}

/// The node that was found for a replica, where it still takes it.
fn found_node(
    request: &Request,
    replica: &ReplicaName,
    (found, around): (&Found, &Around),
    machines: &BTreeMap<NodeName, Machine<'_>>,
) -> Option<NodeName> {
    let node = found.get(replica)?;
    let machine = machines.get(node)?;
    let fits = beside::room(request, machine, around).is_empty() && ports::has_room(request, replica, machine);
    fits.then(|| node.clone())
}

/// Where workloads may run, by what decides it.
fn judge<'a>(
    requests: &BTreeMap<WorkloadName, Request>,
    machines: &BTreeMap<NodeName, Machine<'a>>,
) -> BTreeMap<Ask, Eligible<'a>> {
    let asks: BTreeMap<Ask, &Request> = requests.values().map(|request| (Ask::of(request), request)).collect();
    let asks: Vec<(Ask, &Request)> = asks.into_iter().collect();
    let judged = asks.len().saturating_mul(machines.len());
    let eligible = parallel::map(&asks, (judged, JUDGEMENTS_FOR_A_THREAD), |(_, one)| filter::eligible(one, machines));
    asks.into_iter().map(|(ask, _)| ask).zip(eligible).collect()
}

/// Daemon-sets, and jobs for each node, take their room first; then those with the fewest nodes to choose from, then the biggest.
fn in_order<'a>(
    repository: &'a Repository,
    requests: &'a BTreeMap<WorkloadName, Request>,
    judged: &'a BTreeMap<Ask, Eligible<'a>>,
    lock: &Lock,
) -> Vec<Task<'a>> {
    let requests: Vec<(&'a WorkloadName, &'a Request)> = requests.iter().collect();
    let mut tasks = parallel::map(&requests, (requests.len(), REQUESTS_FOR_A_THREAD), |(name, request)| Task {
        workload: &repository.workloads[*name],
        request,
        eligible: &judged[&Ask::of(request)],
        asks_for_more: stay::asks_for_more(request, lock),
    });
    tasks.sort_by_cached_key(|Task { request, eligible, .. }| {
        let daemon_set_first = request.copies != Copies::EachNode;
        let size = std::cmp::Reverse((request.cpu, request.memory));
        (daemon_set_first, eligible.nodes.len(), size, request.workload.clone())
    });
    tasks
}

/// One replica on each eligible node. A node that is full is an error, never a skip (P-054).
fn on_each(
    Task { request, eligible, .. }: &Task<'_>,
    placed: &mut BTreeMap<ReplicaName, Placed>,
    machines: &mut BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) {
    let mut refused = BTreeMap::new();
    let around = Around::of(request, machines.values());
    for &node in &eligible.nodes {
        let Ok(replica) = ReplicaName::on_node(&request.workload, node) else { continue };
        let Some(machine) = machines.get_mut(node).filter(|_| !placed.contains_key(&replica)) else { continue };
        let refusals = beside::room(request, machine, &around);
        if !refusals.is_empty() {
            refused.insert(node, refusals);
            continue;
        }
        match ports::bind(request, &replica, &ports::Locked::new(), machine) {
            Ok(binding) => {
                machine.take(request, &binding);
                placed.insert(replica, Placed { node: node.clone(), binding });
            }
            Err(asked) => report::no_free_port(request, asked, machine, problems),
        }
    }
    if !refused.is_empty() {
        report::daemon_set_without_room(request, &refused, problems);
    }
}

/// The replicas that have no node yet, each where the workload is thinnest. What is bound to its node is an error.
fn spread_out(
    repository: &Repository,
    task: &Task<'_>,
    (lock, found): (&Lock, &Found),
    placed: &mut BTreeMap<ReplicaName, Placed>,
    machines: &mut BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) {
    let Task { request, eligible, .. } = task;
    let mut names = stay::names(request, eligible, lock);
    names.retain(|name| !placed.contains_key(name));
    let mut counts = spread::Counts::of(placed.values());
    let mut around = Around::of(request, machines.values());
    for replica in names {
        if !bound::may_be_placed(repository, task, &replica, lock, machines, problems) {
            break;
        }
        let node = found_node(request, &replica, (found, &around), machines);
        let node = node.or_else(|| spread::choose(request, &replica, eligible, machines, (&counts, &around)));
        let Some(node) = node else {
            let got = u32::try_from(placed.len()).unwrap_or(u32::MAX);
            match request.copies {
                Copies::UpTo(asked) if got > 0 => report::capped(request, got, asked, problems),
                _ if eligible.nodes.is_empty() => {}
                Copies::Equal(_)
                | Copies::Numbered { .. }
                | Copies::UpTo(_)
                | Copies::EachNode
                | Copies::Owner { .. } => report::no_node_fits(request, &replica, eligible, machines, problems),
            }
            break;
        };
        let Some(machine) = machines.get_mut(&node) else { break };
        let binding = match ports::bind(request, &replica, &ports::Locked::new(), machine) {
            Ok(binding) => binding,
            Err(asked) => return report::no_free_port(request, asked, machine, problems),
        };
        machine.take(request, &binding);
        counts.add(&node);
        around.add(request, machine);
        placed.insert(replica, Placed { node, binding });
    }
}

/// The one node that runs a cron job (P-101), with room for as many replicas of a run as it has, if not for all. So many
/// are given back where they are not all.
fn on_owner(
    Task { request, eligible, .. }: &Task<'_>,
    slots: u32,
    placed: &mut BTreeMap<ReplicaName, Placed>,
    (machines, found): (&mut BTreeMap<NodeName, Machine<'_>>, &Found),
    problems: &mut Problems,
) -> Option<u32> {
    let replica = ReplicaName::parse(request.workload.as_str()).ok()?;
    let asked = request.beside.asked.unwrap_or(slots);
    if !placed.is_empty() || eligible.nodes.is_empty() {
        return (slots < asked && !placed.is_empty()).then(|| {
            report::capped(request, slots, asked, problems);
            slots
        });
    }
    let none = spread::Counts::of(std::iter::empty());
    let around = Around::of(request, machines.values());
    let planned = found_node(request, &replica, (found, &around), machines);
    let (mut most, mut too_many) = (if planned.is_some() { slots } else { 0 }, slots.saturating_add(1));
    while too_many - most > 1 {
        let middle = most + (too_many - most) / 2;
        let fits = spread::choose(&request.of_slots(middle), &replica, eligible, machines, (&none, &around)).is_some();
        if fits { most = middle } else { too_many = middle }
    }
    let part = request.of_slots(most);
    let node = Some(most).filter(|most| *most > 0);
    let node =
        node.and_then(|_| planned.or_else(|| spread::choose(&part, &replica, eligible, machines, (&none, &around))));
    let Some((node, machine)) = node.and_then(|node| Some((node.clone(), machines.get_mut(&node)?))) else {
        report::no_node_fits(&request.of_slots(1), &replica, eligible, machines, problems);
        return None;
    };
    match ports::bind(request, &replica, &ports::Locked::new(), machine) {
        Ok(binding) => {
            machine.take(&part, &binding);
            placed.insert(replica, Placed { node, binding });
        }
        Err(asked) => {
            report::no_free_port(request, asked, machine, problems);
            return None;
        }
    }
    (most < asked).then(|| {
        report::capped(request, most, asked, problems);
        most
    })
}
