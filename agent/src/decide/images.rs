//! Images that may go: fetched by the agent, and needed by nothing for a while.
//!
//! Needed is what the revision that is asked for runs, and the one before it, the last that was complete here, and that of
//! every pod there is. What was on the node before the agent fetched it is not in the ledger, and so never goes. Podman
//! keeps what any container uses, whoever made it.

use std::collections::BTreeSet;

use wlc_plan::{
    quantity::Millis,
    revision::Revision,
    spec::{Image, PodSpec, VolumeSource},
};

use super::{Scene, draft::Draft};
use crate::podman::create;

/// How long an image stays that nothing needs.
const AGE: Millis = Millis::from_seconds(24 * 60 * 60);
/// The same where the disk is nearly full. Kubernetes: `imageMinimumGCAge`.
const AGE_UNDER_PRESSURE: Millis = Millis::from_seconds(120);
/// From how many percent on the disk is nearly full. Kubernetes: `imageGCHighThresholdPercent`.
const PRESSURE: u8 = 85;

/// Notes since when images are not needed, and which have been so for long enough.
pub(super) fn clean(scene: Scene<'_>, draft: &mut Draft<'_>) {
    if draft.ledger.images.is_empty() {
        return;
    }
    let needed = needed(scene);
    let is_full = scene.observed.store_percent.is_some_and(|percent| percent >= PRESSURE);
    let age = if is_full { AGE_UNDER_PRESSURE } else { AGE };
    let mut dues = Vec::new();
    for (name, fetched) in &mut draft.ledger.images {
        if fetched.reference.as_ref().is_some_and(|reference| needed.contains(reference)) {
            fetched.unneeded = None;
            continue;
        }
        // Where the clock went back, the time begins anew.
        let since = fetched.unneeded.filter(|since| *since <= scene.now).unwrap_or(scene.now);
        fetched.unneeded = Some(since);
        let due = since.plus(age);
        if due <= scene.now { draft.unneeded_images.push(name.clone()) } else { dues.push(due) }
    }
    dues.into_iter().for_each(|due| draft.look_again(due));
}

/// What revisions need that run here, or may have to.
fn needed(scene: Scene<'_>) -> BTreeSet<String> {
    let instances = scene.desired.wanted.iter().map(|wanted| &wanted.instance);
    let asked = instances.flat_map(|instance| std::iter::once(&instance.spec).chain(instance.older.first()));
    let complete = scene.ledger.rollouts.values().filter_map(|rollouts| rollouts.complete);
    let pods = scene.observed.pods().map(|pod| pod.revision);
    let revisions: BTreeSet<Revision> = asked.map(|one| one.revision).chain(complete).chain(pods).collect();
    let specs = revisions.iter().filter_map(|revision| scene.desired.spec(revision));
    specs.flat_map(of).map(create::image_reference).collect()
}

/// The images that a pod runs or mounts.
pub(super) fn of(spec: &PodSpec) -> impl Iterator<Item = &Image> {
    let mounted = spec.volumes.values().filter_map(|source| match source {
        VolumeSource::Image(image) => Some(image),
        VolumeSource::EmptyDir(_) | VolumeSource::HostPath(_) | VolumeSource::NodePath(_) | VolumeSource::Named(_) => {
            None
        }
    });
    spec.containers.iter().map(|container| &container.image).chain(mounted)
}
