//! Room for copies beside what they replace: on the node of the replica itself, set aside for each workload, so that a
//! rollout never changes a placement and several may go at once.
//!
//! What is written must have its room, for one copy on each node at least; what goes without saying shrinks to the room
//! that is left.

use std::collections::BTreeMap;

use wlc_plan::name::{NodeName, ReplicaName};

use super::{
    Placed, Placement, Task,
    capacity::Machine,
    filter,
    ports::{self, Locked},
    refusal::Refusal,
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    lock::Lock,
    rollout::{
        self,
        budget::{self, Budget},
    },
};

/// Copies of one workload on each node that has room for them.
pub type Copies = BTreeMap<NodeName, u32>;

/// Sets room aside for the copies of all workloads: first of those whose files ask for them.
pub(super) fn set_aside(
    tasks: &[Task<'_>],
    lock: &Lock,
    placement: &mut Placement,
    machines: &mut BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) {
    let is_written = |task: &&Task<'_>| rollout::surge(task.workload).written.is_some();
    let (written, unwritten): (Vec<_>, Vec<_>) = tasks.iter().partition(is_written);
    for task in written.into_iter().chain(unwritten) {
        let name = &task.request.workload;
        let Some(placed) = placement.workloads.get_mut(name).filter(|placed| !placed.is_empty()) else { continue };
        let copies = of_workload(task, placed, machines, problems);
        if copies.values().any(|count| *count > 0) {
            second_ports(task, lock, placed, machines, problems);
        }
        placement.copies.insert(name.clone(), copies);
    }
}

fn of_workload(
    task: &Task<'_>,
    placed: &BTreeMap<ReplicaName, Placed>,
    machines: &mut BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) -> Copies {
    let mut replicas: BTreeMap<&NodeName, u32> = BTreeMap::new();
    for one in placed.values() {
        *replicas.entry(&one.node).or_insert(0) += 1;
    }
    let all = replicas.values().sum();
    let wanted = Budget::of(task.workload, all).surge;
    let mut found = Copies::new();
    let mut full = BTreeMap::new();
    for (node, share) in budget::shares(wanted, &replicas) {
        let Some(machine) = machines.get_mut(&node).filter(|_| wanted > 0) else { continue };
        let most = share.clamp(1, replicas[&node]);
        let mut count = 0;
        while count < most {
            let missing = filter::room_for_copy(task.request, machine);
            if !missing.is_empty() {
                full.insert(node.clone(), missing);
                break;
            }
            machine.take_copy(task.request);
            count += 1;
        }
        if count > 0 {
            full.remove(&node);
        }
        found.insert(node, count);
    }
    report(task, &full, problems);
    found
}

/// A second host port for each replica that has one of the fleet's range, for its copies (P-032).
fn second_ports(
    task: &Task<'_>,
    lock: &Lock,
    placed: &mut BTreeMap<ReplicaName, Placed>,
    machines: &mut BTreeMap<NodeName, Machine<'_>>,
    problems: &mut Problems,
) {
    let locked = lock.workloads.get(&task.request.workload);
    for (replica, one) in placed {
        let Some(machine) = machines.get_mut(&one.node) else { continue };
        let had = locked.and_then(|locked| locked.replicas.get(replica)).filter(|had| had.node == one.node);
        let had: Locked = had.map(|had| had.ports.clone()).unwrap_or_default();
        match ports::second(task.request, replica, &had, (&mut one.binding, machine)) {
            Ok(()) => {}
            Err(asked) => super::report::no_free_port(task.request, asked, machine, problems),
        }
    }
}

fn report(task: &Task<'_>, full: &BTreeMap<NodeName, Vec<Refusal>>, problems: &mut Problems) {
    let Some(span) = rollout::surge(task.workload).written.filter(|_| !full.is_empty()) else { return };
    let name = &task.request.workload;
    let nodes = suggest::list(full.keys().map(NodeName::as_str));
    let message = format!("there is no room for a copy of `{name}` beside what it replaces on {nodes}");
    let mut diagnostic = Diagnostic::new(Code::NoRoomForCopy, message, span, "asks for copies");
    if let Some(refusal) = full.values().flatten().next() {
        diagnostic = diagnostic.also(refusal.span, refusal.detail.clone());
    }
    problems
        .add(diagnostic.hint("make room, or stop the old one first: `max-surge 0` with a `max-unavailable` above 0"));
}
