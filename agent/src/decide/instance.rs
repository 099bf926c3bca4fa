//! The next step of one wanted replica, whichever comes first.

use wlc_plan::gate::Step;

use super::{
    Scene,
    by_hand::{self, PutRight},
    containers, contents,
    draft::Draft,
    gates::{self, Cost, Slots, Wish},
    leftovers, make, record, replacement,
    standing::{self, Health, Holding, Standing},
    tidy, upkeep,
};
use crate::{
    action::{Action, Reason},
    mutant::{self, Mutant},
    observed::ObservedPod,
};

/// Adds the next task of a replica, or what it waits for.
pub(super) fn next_step<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    standings: &'a [Standing<'a>],
    slots: &mut Slots<'a>,
    draft: &mut Draft<'_>,
) {
    if draft.is_left_alone(standing.who()) {
        return;
    }
    let put_right = by_hand::put_right(scene, standing, draft);
    if put_right == PutRight::Proposed {
        return;
    }
    if !standing.surplus.is_empty() && !mutant::is(Mutant::SurplusKept) {
        return surplus(scene, standing, draft);
    }
    if upkeep::starts_anew(scene, standing) && !may_start(scene, standing, standings, slots, draft) {
        return;
    }
    // Others wait for it to count, of whichever revision it is.
    if let Some(at) = standing.is_available_from().filter(|at| *at > scene.now) {
        draft.look_again(at);
    }
    match standing.holding {
        Holding::Nothing => first_start(scene, standing, standings, slots, draft),
        Holding::Other(pod) => {
            let is_kept = replacement::replace(scene, standing, pod, (standings, slots), draft)
                || upkeep::of_older(scene, standing, pod, draft)
                || contents::tell(scene, standing, pod, draft);
            if !is_kept {
                tidy::tidy(scene, standing, pod, draft);
            }
        }
        Holding::Both { new, old } => {
            let is_kept = upkeep::of_current(scene, standing, new, draft)
                || upkeep::of_older(scene, standing, old, draft)
                || contents::tell(scene, standing, new, draft)
                || contents::tell(scene, standing, old, draft)
                || tidy::tidy(scene, standing, new, draft)
                || tidy::tidy(scene, standing, old, draft);
            if !is_kept {
                wait_for_probes(scene, standing, new, draft);
                wait_for_min_ready(scene, standing, draft);
            }
        }
        Holding::Current(pod) => {
            let is_kept = replacement::restart(scene, standing, pod, (standings, slots), draft)
                || upkeep::of_current(scene, standing, pod, draft)
                || contents::swap(scene, standing, pod, (standings, slots), draft)
                || tidy::tidy(scene, standing, pod, draft);
            if !is_kept {
                // Nothing is left to do: what failed was done after all.
                if put_right == PutRight::Unchanged {
                    draft.ledger.succeeded(standing.wanted.replica());
                }
                wait_for_probes(scene, standing, pod, draft);
                wait_for_min_ready(scene, standing, draft);
            }
            name_stale_secrets(standing, pod, draft);
        }
    }
}

/// Bytes that changed on the node without another version are used at the next start.
fn name_stale_secrets(standing: &Standing<'_>, pod: &ObservedPod, draft: &mut Draft<'_>) {
    for secret in &pod.stale {
        let reason = format!("secret `{secret}` has other bytes now and no other version; the next start uses them");
        draft.wait(standing.who(), "secret", reason, None);
    }
}

/// Of several pods the ready one is kept: as long as it is not known which one that is, as after a start of the agent, none
/// of them goes.
fn surplus(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    let is_kept_ready = matches!(standing.health, Health::Ready { .. } | Health::Complete);
    let may_be_ready = |pod: &&ObservedPod| {
        scene.desired.specs.contains_key(&pod.revision) && standing::health(scene, pod) == Health::Unknown
    };
    if !is_kept_ready && standing.surplus.iter().any(may_be_ready) {
        let reason = "which of its pods is ready is not known yet: one of them goes then".to_owned();
        draft.wait(standing.who(), "surplus", reason, None);
    } else {
        remove_surplus(scene, standing, draft);
    }
}

fn remove_surplus(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    let actions = standing.surplus.iter().flat_map(|pod| leftovers::stop_by_its_spec(scene, pod)).collect();
    let reason = match standing.holding {
        Holding::Current(_) => Reason::Succeeded,
        Holding::Nothing | Holding::Other(_) | Holding::Both { .. } => Reason::Surplus,
    };
    draft.act(standing.who(), reason, actions);
}

fn first_start<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    standings: &[Standing<'a>],
    slots: &mut Slots<'a>,
    draft: &mut Draft<'_>,
) {
    if may_start(scene, standing, standings, slots, draft) {
        let check = make::check_node(standing.plan()).into_iter();
        let pulls = check.chain(make::pull_images(standing.aim.spec));
        let actions: Vec<Action> = pulls.chain(make::make(scene, standing.plan())).collect();
        record::begin(scene, standing, draft);
        draft.act(standing.who(), Reason::New, actions);
    }
}

/// Whether everything is there that a first start waits for.
fn may_start<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    standings: &[Standing<'a>],
    slots: &mut Slots<'a>,
    draft: &mut Draft<'_>,
) -> bool {
    let gates = &standing.wanted.instance.gates;
    let (who, health, cost) = (standing.who(), standing.health, Cost::Missing);
    gates::pass(scene, standings, slots, Wish { who, step: Step::FirstStart, gates, health, cost }, draft)
}

/// A pod that is not ready says which probe it waits for, and what that one saw.
fn wait_for_probes(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, draft: &mut Draft<'_>) {
    for container in containers::of(scene, pod, standing.aim.spec) {
        if let Some(reason) = container.open_probe() {
            draft.wait(standing.who(), "probe", reason, None);
        }
    }
}

fn wait_for_min_ready(scene: Scene<'_>, standing: &Standing<'_>, draft: &mut Draft<'_>) {
    if let Some(at) = standing.counts_from().filter(|at| *at > scene.now) {
        let reason = format!("ready, and counts after {} without a break", standing.wanted.instance.rollout.min_ready);
        draft.wait(standing.who(), "min-ready", reason, Some(at));
    }
}
