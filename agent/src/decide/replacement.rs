//! A pod of another revision or binding: it is stopped, and the one that is asked for takes its place.
//!
//! The images of the new revision are fetched first, so that a missing image leaves the old pod as it is.

use wlc_plan::gate::Step;

use super::{
    Scene,
    draft::Draft,
    gates::{self, Slots, Wish},
    leftovers, make,
    standing::Standing,
};
use crate::{action::Reason, observed::ObservedPod};

/// Replaces `pod`, if the gates are open; false where it has to stay.
pub(super) fn replace<'a>(
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    pod: &ObservedPod,
    others: (&[Standing<'a>], &mut Slots<'a>),
    draft: &mut Draft<'_>,
) -> bool {
    let (standings, slots) = others;
    let gates = &standing.wanted.instance.gates;
    let wish = Wish { who: standing.who(), step: Step::Replace, gates, health: standing.health };
    let is_open = gates::pass(scene, standings, slots, wish, draft);
    if is_open {
        let pulls = make::pull_images(&standing.wanted.spec);
        let stop = leftovers::stop_by_its_spec(scene, pod);
        let actions = pulls.chain(stop).chain(make::make(scene, standing.wanted)).collect();
        let reason = if pod.name == standing.target { Reason::ConfigsLost } else { Reason::Changed };
        draft.act(standing.who(), reason, actions);
    }
    is_open
}
