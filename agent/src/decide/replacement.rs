//! A pod of another revision or binding: the one that is asked for takes its place, as the plan says.
//!
//! The images of the new revision are fetched first, so that a missing image leaves the old pod as it is.

use wlc_plan::{gate::Step, rollout::Replacement};

use super::{
    Scene,
    draft::Draft,
    gates::{self, Cost, Slots, Wish},
    leftovers, make, record,
    standing::Standing,
    upkeep,
};
use crate::{
    action::{Action, Reason},
    mutant::{self, Mutant},
    observed::ObservedPod,
};

/// Replaces `pod`, if the gates are open; false where it has to stay.
pub(super) fn replace<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    pod: &ObservedPod,
    others: (&[Standing<'a>], &mut Slots<'a>),
    draft: &mut Draft<'_>,
) -> bool {
    let is_lost = upkeep::is_lost(scene, standing, pod);
    if !is_lost && !may_go(scene, standing, pod, others, draft) {
        return false;
    }
    let check = make::check_node(standing.plan()).into_iter();
    let pulls = check.chain(make::pull_images(standing.aim.spec));
    let stop = || leftovers::stop_by_its_spec(scene, pod);
    let made = || make::make(scene, standing.plan());
    let actions: Vec<Action> = match way(standing, pod) {
        Way::Beside if !is_lost => pulls.chain(made()).collect(),
        Way::Beside | Way::InPlace if mutant::is(Mutant::ImageLast) => {
            stop().into_iter().chain(pulls).chain(made()).collect()
        }
        Way::Beside | Way::InPlace => pulls.chain(stop()).chain(made()).collect(),
        Way::Apart => pulls.chain(stop()).collect(),
    };
    record::begin(scene, standing, draft);
    let reason = if pod.name == standing.target { Reason::ConfigsLost } else { Reason::Changed };
    draft.act(standing.who(), reason, actions);
    draft.ledger.restarts.remove(standing.wanted.replica());
    true
}

/// Makes the pod anew that is asked for already, because somebody wants it; true where a task was proposed.
pub(super) fn restart<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    pod: &ObservedPod,
    others: (&[Standing<'a>], &mut Slots<'a>),
    draft: &mut Draft<'_>,
) -> bool {
    if !scene.ledger.restarts.contains(standing.wanted.replica()) {
        return false;
    }
    let (standings, slots) = others;
    let gates = &standing.wanted.instance.gates;
    let cost = Cost::Missing;
    let wish = Wish { who: standing.who(), step: Step::Replace, gates, health: standing.health, cost };
    let is_open = gates::pass(scene, standings, slots, wish, draft);
    if is_open {
        let stop = leftovers::stop_by_its_spec(scene, pod);
        let actions = make::pull_images(standing.aim.spec).chain(stop).chain(make::make(scene, standing.plan()));
        draft.act(standing.who(), Reason::Asked, actions.collect());
        draft.ledger.restarts.remove(standing.wanted.replica());
    }
    is_open
}

/// Whether somebody has said that the new revision may come, or it is on its way already.
fn is_asked_for(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    let instance = &standing.wanted.instance;
    let record = scene.ledger.rollouts.get(&instance.workload);
    scene.ledger.restarts.contains(&instance.replica)
        || record.is_some_and(|record| record.has_begun(&instance.replica, &standing.aim.reference.revision))
}

/// How a replacement is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The new pod comes beside the old one.
    Beside,
    /// The old pod goes, and the new one comes.
    InPlace,
    /// The old pod goes; the new one is a first start.
    Apart,
}

/// A pod that would have the name of the old one, or might ask for its ports, cannot stand beside it.
fn way(standing: &Standing<'_>, pod: &ObservedPod) -> Way {
    let has_ports = !standing.wanted.instance.binding.ports.is_empty();
    let fits = pod.name != standing.target && (!has_ports || standing.wanted.turn(pod.binding).is_some());
    match standing.wanted.instance.rollout.replacement {
        Replacement::StartFirst if fits => Way::Beside,
        Replacement::StopFirst if fits && mutant::is(Mutant::IdentityTwice) => Way::Beside,
        Replacement::StartFirst | Replacement::StopFirst | Replacement::OnDelete => Way::InPlace,
        Replacement::Recreate => Way::Apart,
    }
}

fn may_go<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    pod: &ObservedPod,
    others: (&[Standing<'a>], &mut Slots<'a>),
    draft: &mut Draft<'_>,
) -> bool {
    let is_on_delete = standing.wanted.instance.rollout.replacement == Replacement::OnDelete;
    if is_on_delete && pod.name != standing.target && !is_asked_for(scene, standing) {
        let number = standing.aim.reference.number;
        let reason = format!("revision {number} comes when its pod is removed: `wlagent restart {}`", pod.replica);
        draft.wait(standing.who(), "on-delete", reason, None);
        return false;
    }
    let (standings, slots) = others;
    let cost = match way(standing, pod) {
        Way::Beside => Cost::Surge,
        Way::InPlace | Way::Apart => Cost::Missing,
    };
    let gates = &standing.wanted.instance.gates;
    let wish = Wish { who: standing.who(), step: Step::Replace, gates, health: standing.health, cost };
    gates::pass(scene, standings, slots, wish, draft)
}
