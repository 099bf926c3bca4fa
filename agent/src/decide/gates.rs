//! The one evaluator of gates.
//!
//! `after` looks at replicas at the revision that the plan asks for. A slot counts every instance of the node that names
//! it: whoever is replaced, or not ready for any other reason, holds one of its places. A replica that is known not to be
//! ready holds its place already, so it may be replaced without taking another.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    gate::{After, Condition, Gate, Slot, Step, StepGate},
    name::{ReplicaName, SlotName},
};

use super::{
    Scene,
    draft::{Draft, Who},
    standing::{self, Health, Holding, Standing},
};
use crate::clock::Moment;

/// Who holds the places of each slot.
pub(super) struct Slots<'a> {
    held: BTreeMap<&'a SlotName, BTreeSet<&'a ReplicaName>>,
}

/// A step that a replica wants to make.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    /// Who.
    pub(super) who: Who<'a>,
    /// Which step.
    pub(super) step: Step,
    /// All gates of the replica.
    pub(super) gates: &'a [StepGate],
    /// How well its pod is.
    pub(super) health: Health,
}

/// What holds a step back.
struct Blocked {
    gate: &'static str,
    reason: String,
    until: Option<Moment>,
}

impl<'a> Slots<'a> {
    /// The places that are held now.
    pub(super) fn new(scene: Scene<'a>, standings: &[Standing<'a>]) -> Self {
        let mut held: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for standing in standings.iter().filter(|standing| holds_places(scene, standing)) {
            for slot in slots_of(standing) {
                held.entry(&slot.name).or_default().insert(standing.wanted.replica());
            }
        }
        Self { held }
    }

    /// Takes a place; false where none is free.
    ///
    /// Whoever holds one already may go on if it is known not to be ready, or if no more are held than there are.
    fn take(&mut self, slot: &'a Slot, replica: &'a ReplicaName, health: Health) -> bool {
        let held = self.held.entry(&slot.name).or_default();
        let size = usize::try_from(slot.size).unwrap_or(usize::MAX);
        if held.contains(replica) {
            return health == Health::NotReady || held.len() <= size;
        }
        let free = held.len() < size;
        if free {
            held.insert(replica);
        }
        free
    }

    fn holders(&self, slot: &Slot) -> String {
        let names = self.held.get(&slot.name).into_iter().flatten();
        names.take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a replica holds a place of each slot that it names: it is being replaced, or not ready.
fn holds_places(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    let replica = standing.wanted.replica();
    let has_begun = matches!(standing.holding, Holding::Current(_) | Holding::Other(_)) || !waits_to_start(standing);
    let is_failing = scene.ledger.failures.get(replica).is_some_and(|failure| failure.pod == standing.target);
    scene.busy.contains(replica) || is_failing || (has_begun && !standing.is_available(scene.now))
}

fn waits_to_start(standing: &Standing<'_>) -> bool {
    standing.wanted.instance.gates.iter().any(|gate| gate.step == Step::FirstStart && slot(gate).is_some())
}

fn slots_of<'a>(standing: &Standing<'a>) -> impl Iterator<Item = &'a Slot> {
    standing.wanted.instance.gates.iter().filter_map(slot)
}

fn slot(gate: &StepGate) -> Option<&Slot> {
    match &gate.gate {
        Gate::Slot(slot) => Some(slot),
        Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    }
}

/// Whether all gates of a step are open; each that is not becomes a wait. Places are taken only when all else is open.
pub(super) fn pass<'a>(
    scene: Scene<'a>,
    standings: &[Standing<'a>],
    slots: &mut Slots<'a>,
    wish: Wish<'a>,
    draft: &mut Draft<'_>,
) -> bool {
    let gates = || wish.gates.iter().filter(|gate| gate.step == wish.step).map(|gate| &gate.gate);
    let mut blocked: Vec<_> = gates().filter_map(|gate| closed(scene, standings, gate)).collect();
    if blocked.is_empty() {
        blocked.extend(gates().filter_map(|gate| full(slots, wish, gate)));
    }
    let is_open = blocked.is_empty();
    for Blocked { gate, reason, until } in blocked {
        draft.wait(wish.who, gate, reason, until);
    }
    is_open
}

/// What closes a gate other than a slot.
fn closed(scene: Scene<'_>, standings: &[Standing<'_>], gate: &Gate) -> Option<Blocked> {
    match gate {
        Gate::After(after) => closed_after(scene, standings, after),
        Gate::Slot(_) => None,
        Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => {
            unreachable!("an instance with such a gate is refused before it is decided about")
        }
    }
}

fn closed_after(scene: Scene<'_>, standings: &[Standing<'_>], after: &After<ReplicaName>) -> Option<Blocked> {
    let missing: Vec<_> =
        after.of.iter().filter(|replica| !has_reached(scene, standings, replica, after.until)).collect();
    let first = missing.first()?;
    let others = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
    let reason = format!("waits until `{first}`{others} {}", words(after.until));
    let counts_from = missing.iter().filter_map(|replica| standing::of(standings, replica)?.counts_from()).max();
    Some(Blocked { gate: "after", reason, until: counts_from.filter(|at| *at > scene.now) })
}

fn has_reached(scene: Scene<'_>, standings: &[Standing<'_>], replica: &ReplicaName, condition: Condition) -> bool {
    match (standing::of(standings, replica), condition) {
        (Some(standing), condition) => standing.has_reached(scene, condition),
        (None, Condition::Gone) => scene.observed.pods_of(replica).next().is_none(),
        (None, Condition::Started | Condition::Ready | Condition::Complete) => false,
    }
}

/// The condition as the end of a sentence.
pub(super) fn words(condition: Condition) -> &'static str {
    match condition {
        Condition::Started => "has started",
        Condition::Ready => "is ready",
        Condition::Complete => "is complete",
        Condition::Gone => "is gone",
    }
}

fn full<'a>(slots: &mut Slots<'a>, wish: Wish<'a>, gate: &'a Gate) -> Option<Blocked> {
    let Gate::Slot(slot) = gate else { return None };
    if slots.take(slot, wish.who.replica, wish.health) {
        return None;
    }
    let reason = format!(
        "{} of {} places of `{}` are held by {}",
        slots.held[&slot.name].len(),
        slot.size,
        slot.name,
        slots.holders(slot)
    );
    Some(Blocked { gate: "slot", reason, until: None })
}
