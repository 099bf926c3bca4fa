//! The one evaluator of gates.
//!
//! `after` looks at replicas at the revision that the plan asks for, `between` at the clock. Who holds the places of slots
//! stands in a file of its own.

use wlc_plan::{
    gate::{After, Between, Condition, Gate, Step, StepGate},
    name::ReplicaName,
    window::Opening,
};

pub(super) use super::slots::Slots;
use super::{
    Scene,
    draft::{Draft, Who},
    jobs, slots,
    standing::{self, Health, Holding, Standing},
    upkeep,
};
use crate::{
    clock::Moment,
    mutant::{self, Mutant},
};

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
    /// What it costs.
    pub(super) cost: Cost,
}

/// What a step costs while it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// The replica is missing.
    Missing,
    /// The room of a second pod.
    Surge,
    /// A mounted content changes under a pod that goes on: it may be missing for a while.
    Content,
}

/// What holds a step back.
struct Blocked {
    gate: &'static str,
    reason: String,
    until: Option<Moment>,
    on: Vec<ReplicaName>,
}

/// Whether all gates of a step are open; each that is not becomes a wait. Places are taken only when all is open.
pub(super) fn pass<'a>(
    scene: Scene<'a>,
    standings: &[Standing<'a>],
    slots: &mut Slots<'a>,
    wish: Wish<'a>,
    draft: &mut Draft<'_>,
) -> bool {
    let gates = || wish.gates.iter().filter(|gate| gate.step == wish.step);
    let mut blocked: Vec<_> = gates().filter_map(|gate| closed(scene, standings, &wish, &gate.gate)).collect();
    if blocked.is_empty() {
        let full = gates().filter_map(slots::slot).filter_map(|slot| slots.refusal(slot, &wish));
        blocked.extend(full.map(|(reason, on)| Blocked { gate: "slot", reason, until: None, on }));
    }
    if blocked.is_empty() {
        gates().filter_map(slots::slot).for_each(|slot| slots.take(slot, &wish));
        return true;
    }
    for Blocked { gate, reason, until, on } in blocked {
        draft.wait_for(wish.who, (gate, reason, until), on);
    }
    false
}

/// Whether all is complete that must be before something leaves for good; what is not becomes a wait.
pub(super) fn is_complete<'a>(
    scene: Scene<'a>,
    standings: &[Standing<'a>],
    (who, gates): (Who<'a>, &[StepGate]),
    draft: &mut Draft<'_>,
) -> bool {
    let is_meant = |gate: &&StepGate| matches!(&gate.gate, Gate::After(after) if after.until == Condition::Complete);
    let gates: Vec<StepGate> = gates.iter().filter(is_meant).cloned().collect();
    let wish = Wish { who, step: Step::Leave, gates: &gates, health: Health::NotReady, cost: Cost::Missing };
    let closed: Vec<Blocked> = gates.iter().filter_map(|gate| closed(scene, standings, &wish, &gate.gate)).collect();
    let is_open = closed.is_empty();
    for Blocked { gate, reason, until, on } in closed {
        draft.wait_for(who, (gate, reason, until), on);
    }
    is_open
}

/// What closes a gate other than a slot.
fn closed(scene: Scene<'_>, standings: &[Standing<'_>], wish: &Wish<'_>, gate: &Gate) -> Option<Blocked> {
    match gate {
        // The order of replacements protects what serves: what never has need not keep it (P-041).
        Gate::After(after) if orders_replacements(wish, after) && has_never_served(scene, standings, wish) => None,
        Gate::After(after) if wish.step == Step::Replace && is_waited_for(scene, standings, wish, after) => None,
        Gate::After(after) if orders_replacements(wish, after) && mutant::is(Mutant::UpdateOrderIgnored) => None,
        Gate::After(_) if wish.step == Step::FirstStart && mutant::is(Mutant::StartOrderIgnored) => None,
        Gate::After(after) if after.until == Condition::Gone && is_older(standings, wish) => None,
        Gate::After(after) if after.until == Condition::Complete && has_begun(standings, wish) => None,
        Gate::After(after) => closed_after(scene, standings, wish.step, after),
        Gate::Between(between) => closed_between(scene, wish, between),
        Gate::Slot(_) => None,
        Gate::Lease(_) | Gate::Once(_) => {
            unreachable!("an instance with such a gate is refused before it is decided about")
        }
    }
}

/// Whether the pod that is to go is not ready, and never has been.
fn has_never_served(scene: Scene<'_>, standings: &[Standing<'_>], wish: &Wish<'_>) -> bool {
    let pod = standing::of(standings, wish.who.replica).and_then(|standing| standing.holding.pod());
    let is_new = pod.is_some_and(|pod| !scene.ledger.available.contains(&pod.name));
    is_new && wish.health == Health::NotReady && !mutant::is(Mutant::StuckStaysStuck)
}

/// Whether a gate keeps the order of replacements. What must be complete before is no matter of order.
fn orders_replacements(wish: &Wish<'_>, after: &After<ReplicaName>) -> bool {
    match after.until {
        Condition::Started | Condition::Ready | Condition::Gone => wish.step == Step::Replace,
        Condition::Complete => false,
    }
}

/// Whether what starts has a pod, and starts anew after a boot: what had to be complete before it was so once. That it runs
/// again, or failed for another revision, changes nothing.
fn has_begun(standings: &[Standing<'_>], wish: &Wish<'_>) -> bool {
    let holding = standing::of(standings, wish.who.replica).map(|standing| standing.holding);
    let has_pod = match holding {
        Some(Holding::Other(_) | Holding::Current(_) | Holding::Both { .. }) => true,
        Some(Holding::Nothing) | None => false,
    };
    wish.step == Step::FirstStart && has_pod
}

/// Whether it is a pod of another revision that starts, anew after a boot: it is one of those that others wait to be gone, and
/// they would wait for each other.
fn is_older(standings: &[Standing<'_>], wish: &Wish<'_>) -> bool {
    let holding = standing::of(standings, wish.who.replica).map(|standing| standing.holding);
    wish.step == Step::FirstStart && matches!(holding, Some(Holding::Other(_)))
}

/// Whether what a sick replica would wait for is down, and waits to start itself: both would wait for ever.
fn is_waited_for(scene: Scene<'_>, standings: &[Standing<'_>], wish: &Wish<'_>, after: &After<ReplicaName>) -> bool {
    let mut others = after.of.iter().filter_map(|replica| standing::of(standings, replica));
    let waits = |other: &Standing<'_>| cannot_start(scene, standings, other);
    wish.health == Health::NotReady && others.any(waits) && !mutant::is(Mutant::StuckStaysStuck)
}

/// Whether a replica cannot take its step anyway, whoever holds places of slots.
pub(super) fn is_held_up(scene: Scene<'_>, standings: &[Standing<'_>], standing: &Standing<'_>) -> bool {
    let is_replaced = match standing.holding {
        Holding::Other(_) => true,
        Holding::Nothing | Holding::Current(_) | Holding::Both { .. } => false,
    };
    cannot_start(scene, standings, standing) || is_replaced && is_closed(scene, standings, (standing, Step::Replace))
}

/// Whether a replica has to start, for the first time or anew, and may not yet.
fn cannot_start(scene: Scene<'_>, standings: &[Standing<'_>], standing: &Standing<'_>) -> bool {
    let is_down = matches!(standing.holding, Holding::Nothing) || upkeep::starts_anew(scene, standing);
    is_down && is_closed(scene, standings, (standing, Step::FirstStart))
}

fn is_closed(scene: Scene<'_>, standings: &[Standing<'_>], (standing, step): (&Standing<'_>, Step)) -> bool {
    let (gates, health) = (&standing.wanted.instance.gates, standing.health);
    let wish = Wish { who: standing.who(), step, gates, health, cost: Cost::Missing };
    gates.iter().any(|gate| gate.step == step && closed(scene, standings, &wish, &gate.gate).is_some())
}

fn closed_after(
    scene: Scene<'_>,
    standings: &[Standing<'_>],
    step: Step,
    after: &After<ReplicaName>,
) -> Option<Blocked> {
    let is_there = |replica: &ReplicaName| {
        let is_enough = step == Step::FirstStart && serves(scene, standings, replica, after.until);
        is_enough || has_reached(scene, standings, replica, after.until)
    };
    let missing: Vec<_> = after.of.iter().filter(|replica| !is_there(replica)).collect();
    let first = missing.first()?;
    let others = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
    let reason = format!("waits until `{first}`{others} {}", words(after.until));
    let counts_from = missing.iter().filter_map(|replica| standing::of(standings, replica)?.counts_from()).max();
    let on = missing.into_iter().cloned().collect();
    Some(Blocked { gate: "after", reason, until: counts_from.filter(|at| *at > scene.now), on })
}

/// A first start waits for what serves, of whichever revision that is: else a replica that is new and an update that comes
/// with it would wait for each other (P-034).
fn serves(scene: Scene<'_>, standings: &[Standing<'_>], replica: &ReplicaName, condition: Condition) -> bool {
    let is_meant = match condition {
        Condition::Started | Condition::Ready => true,
        Condition::Complete | Condition::Gone => false,
    };
    is_meant && standing::of(standings, replica).is_some_and(|standing| standing.is_available(scene.now))
}

fn has_reached(scene: Scene<'_>, standings: &[Standing<'_>], replica: &ReplicaName, condition: Condition) -> bool {
    if let Some(has) = jobs::has_reached(scene, replica, condition) {
        return has;
    }
    match (standing::of(standings, replica), condition) {
        (Some(standing), condition) => standing.has_reached(scene, condition),
        (None, Condition::Gone) => scene.observed.pods_of(replica).next().is_none(),
        (None, Condition::Started | Condition::Ready | Condition::Complete) => false,
    }
}

/// A rollout begins inside a window, and goes on outside of it; so does the way back from one that failed.
fn closed_between(scene: Scene<'_>, wish: &Wish<'_>, between: &Between) -> Option<Blocked> {
    let has_begun = || {
        let asked = &scene.desired.wanted(wish.who.replica)?.instance.spec;
        let record = scene.ledger.rollouts.get(wish.who.workload)?;
        let is_under_way = record.begun.values().any(|begun| begun.revision == asked.revision);
        (is_under_way || record.failure_of(asked).is_some()).then_some(())
    };
    match between.at(scene.now.timestamp()) {
        Opening::Open => None,
        Opening::ClosedUntil(_) if has_begun().is_some() => None,
        Opening::ClosedUntil(at) => {
            let reason = "a rollout begins inside its window only".to_owned();
            Some(Blocked { gate: "window", reason, until: Some(Moment::of(at)), on: Vec::new() })
        }
        Opening::Never => {
            let reason = "the rollout is paused".to_owned();
            Some(Blocked { gate: "paused", reason, until: None, on: Vec::new() })
        }
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
