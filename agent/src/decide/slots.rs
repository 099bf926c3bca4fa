//! Who holds the places of slots.
//!
//! Of the instances that are not ready, those that have not had their turn cost nothing: one of them may go as long as
//! fewer than the slot's size are missing at the new revision, so that a broken old revision never blocks the new one
//! (P-018), and a broken new one takes down no more than the budget (P-019). What is ready may go as long as fewer are
//! missing in all. This is Kubernetes' arithmetic (S-073 to S-075).

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    gate::{Counts, Gate, Slot, Step, StepGate},
    name::{ReplicaName, SlotName},
    rollout::Replacement,
};

use super::{
    Scene,
    gates::{self, Cost, Wish},
    standing::{Health, Holding, Standing},
};
use crate::mutant::{self, Mutant};

/// Who holds the places of each slot.
pub(super) struct Slots<'a> {
    held: BTreeMap<(&'a SlotName, Counts), Held<'a>>,
}

#[derive(Default)]
struct Held<'a> {
    /// Those that had their turn.
    moved: BTreeSet<&'a ReplicaName>,
    /// Those whose turn has changed nothing yet: a task failed and is tried again. They wait for each other in the order of
    /// their names, since more of them may be left than a newer plan has places for.
    tried: BTreeSet<&'a ReplicaName>,
    /// Those that have not, and are not ready.
    waiting: BTreeSet<&'a ReplicaName>,
}

/// What a replica is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Moved,
    Tried,
    Waiting,
}

impl<'a> Slots<'a> {
    /// The places that are held now.
    pub(super) fn new(scene: Scene<'a>, standings: &[Standing<'a>]) -> Self {
        let mut held: BTreeMap<(&SlotName, Counts), Held<'_>> = BTreeMap::new();
        let newest = newest(standings);
        for standing in standings {
            for slot in standing.wanted.instance.gates.iter().filter_map(slot) {
                let is_newest = newest.get(&slot.name) == Some(&standing.aim.reference.number);
                let place = match slot.counts {
                    Counts::Missing => missing(scene, standings, standing, is_newest),
                    Counts::Surge => surge(scene, standings, standing),
                };
                let of_slot = held.entry((&slot.name, slot.counts)).or_default();
                match place {
                    Some(Place::Moved) => drop(of_slot.moved.insert(standing.wanted.replica())),
                    Some(Place::Tried) => drop(of_slot.tried.insert(standing.wanted.replica())),
                    Some(Place::Waiting) => drop(of_slot.waiting.insert(standing.wanted.replica())),
                    None => {}
                }
            }
        }
        Self { held }
    }

    /// Why a step has no place of a slot, and who holds them, if it has none.
    pub(super) fn refusal(&self, slot: &Slot, wish: &Wish<'_>) -> Option<(String, Vec<ReplicaName>)> {
        let own = wish.who.replica;
        let held = self.held.get(&(&slot.name, slot.counts));
        let tried = held.into_iter().flat_map(|held| &held.tried);
        let is_tried = tried.clone().any(|one| *one == own);
        let moved = held.into_iter().flat_map(|held| &held.moved).filter(|one| **one != own);
        let moved = moved.chain(tried.filter(|one| **one < own || (!is_tried && **one != own)));
        let waiting = held.into_iter().flat_map(|held| &held.waiting).filter(|one| **one != own);
        if is_passed_over(slot.counts) {
            return None;
        }
        let others: Vec<&ReplicaName> = match (slot.counts, wish.cost) {
            (Counts::Surge, Cost::Missing | Cost::Content) => return None,
            (Counts::Missing, Cost::Content) if wish.health == Health::NotReady => return None,
            (Counts::Surge, Cost::Surge) | (Counts::Missing, Cost::Surge) => moved.copied().collect(),
            (Counts::Missing, Cost::Missing) if wish.health == Health::NotReady => moved.copied().collect(),
            (Counts::Missing, Cost::Missing | Cost::Content) => moved.chain(waiting).copied().collect(),
        };
        let most = usize::try_from(slot.size).unwrap_or(usize::MAX);
        let has_place = match (slot.counts, wish.cost) {
            // Nothing is taken: the copy only waits while more are missing than may be.
            (Counts::Missing, Cost::Surge) => others.len() <= most,
            (Counts::Missing, Cost::Missing | Cost::Content) => others.len() < most.max(1),
            (Counts::Surge, _) => others.len() < most,
        };
        (!has_place).then(|| (sentence(slot, &others), others.into_iter().cloned().collect()))
    }

    /// Takes a place of a slot for a step that has one. Whoever has waited for it or was tried before counts once.
    pub(super) fn take(&mut self, slot: &'a Slot, wish: &Wish<'a>) {
        let takes = match (slot.counts, wish.cost) {
            (Counts::Missing, Cost::Missing | Cost::Content) | (Counts::Surge, Cost::Surge) => true,
            (Counts::Missing, Cost::Surge) | (Counts::Surge, Cost::Missing | Cost::Content) => false,
        };
        if takes {
            let held = self.held.entry((&slot.name, slot.counts)).or_default();
            held.tried.remove(wish.who.replica);
            held.waiting.remove(wish.who.replica);
            held.moved.insert(wish.who.replica);
        }
    }
}

/// The newest revision that any of those who share a slot is to run: canaries and partitions hold the others at an older one.
fn newest<'a>(standings: &[Standing<'a>]) -> BTreeMap<&'a SlotName, u32> {
    let mut newest = BTreeMap::new();
    for standing in standings {
        for slot in standing.wanted.instance.gates.iter().filter_map(slot) {
            let number: &mut u32 = newest.entry(&slot.name).or_default();
            *number = standing.aim.reference.number.max(*number);
        }
    }
    newest
}

fn is_passed_over(counts: Counts) -> bool {
    match counts {
        Counts::Missing => mutant::is(Mutant::BudgetIgnored),
        Counts::Surge => mutant::is(Mutant::SurgeIgnored),
    }
}

fn sentence(slot: &Slot, held: &[&ReplicaName]) -> String {
    let names: Vec<String> = held.iter().take(5).map(|name| format!("`{name}`")).collect();
    let (names, size) = (names.join(", "), slot.size);
    match slot.counts {
        Counts::Missing if size == 0 => format!("none of `{}` may be missing, and {names} is not ready", slot.name),
        Counts::Missing => format!("{} of {size} places of `{}` are held by {names}", held.len(), slot.name),
        Counts::Surge => format!("{} of {size} copies of `{}` are there: {names}", held.len(), slot.name),
    }
}

/// Whether a replica is missing: it is being replaced in place, or not ready. One that waits for others holds none of them
/// up, also where it waits to start anew after a boot, and neither does one that is held at an older revision than others.
fn missing(scene: Scene<'_>, standings: &[Standing<'_>], standing: &Standing<'_>, is_newest: bool) -> Option<Place> {
    let is_under_way = is_under_way(scene, standings, standing);
    let is_begun = || has_begun(scene, standing) && !gates::is_held_up(scene, standings, standing);
    match standing.holding {
        Holding::Nothing if is_under_way || is_begun() => Some(Place::Moved),
        Holding::Nothing => (!waits_to_start(standing)).then_some(Place::Waiting),
        Holding::Current(_) if is_busy(scene, standing) => Some(Place::Moved),
        Holding::Current(_) if standing.is_available(scene.now) => None,
        Holding::Current(_) if !is_newest || gates::is_held_up(scene, standings, standing) => Some(Place::Waiting),
        Holding::Current(_) => Some(Place::Moved),
        Holding::Other(_) if is_under_way && !is_made_first(standing) => {
            let is_untouched = !is_busy(scene, standing) && standing.is_available(scene.now);
            Some(if is_untouched { Place::Tried } else { Place::Moved })
        }
        Holding::Other(_) | Holding::Both { .. } => (!standing.is_available(scene.now)).then_some(Place::Waiting),
    }
}

/// Whether a replica has a second pod: a copy that is made or comes up, or what it replaced and is not gone yet (S-083). While
/// a task of it is under way there may be two again: an old pod that lost its infra container is made anew beside its copy,
/// and is away for a moment.
fn surge(scene: Scene<'_>, standings: &[Standing<'_>], standing: &Standing<'_>) -> Option<Place> {
    let is_busy = is_busy(scene, standing);
    match standing.holding {
        Holding::Both { .. } => Some(Place::Moved),
        Holding::Other(_) | Holding::Current(_) if is_busy && is_made_first(standing) => Some(Place::Moved),
        Holding::Current(_) | Holding::Other(_) if is_made_first(standing) && !standing.surplus.is_empty() => {
            Some(Place::Moved)
        }
        Holding::Other(_) if is_made_first(standing) && is_under_way(scene, standings, standing) => Some(Place::Tried),
        Holding::Current(_) | Holding::Other(_) => None,
        Holding::Nothing => None,
    }
}

/// Whether a task of it is under way, or failed and is tried again: not while something else holds it up.
fn is_under_way(scene: Scene<'_>, standings: &[Standing<'_>], standing: &Standing<'_>) -> bool {
    let is_tried_again = || is_failing(scene, standing) && !gates::is_held_up(scene, standings, standing);
    is_busy(scene, standing) || is_tried_again()
}

fn is_busy(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    scene.busy.contains(standing.wanted.replica())
}

fn is_failing(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    let failure = scene.ledger.failures.get(standing.wanted.replica());
    failure.is_some_and(|failure| failure.pod == standing.target)
}

fn has_begun(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    let instance = &standing.wanted.instance;
    let record = scene.ledger.rollouts.get(&instance.workload);
    record.is_some_and(|record| record.has_begun(&instance.replica, &standing.aim.reference.revision))
}

fn is_made_first(standing: &Standing<'_>) -> bool {
    standing.wanted.instance.rollout.replacement == Replacement::StartFirst
}

fn waits_to_start(standing: &Standing<'_>) -> bool {
    standing.wanted.instance.gates.iter().any(|gate| gate.step == Step::FirstStart && slot(gate).is_some())
}

/// The slot of a gate.
pub(super) fn slot(gate: &StepGate) -> Option<&Slot> {
    match &gate.gate {
        Gate::Slot(slot) => Some(slot),
        Gate::After(_) | Gate::Lease(_) | Gate::Once(_) | Gate::Between(_) => None,
    }
}
