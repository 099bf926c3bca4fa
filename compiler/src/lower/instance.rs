//! A placed replica → its instance.

use wlc_plan::{
    canonical,
    digest::Digest,
    instance::{Instance, SwappedContent},
    name::ReplicaName,
    spec::{ConfigMount, MountSource, OnChange, PodSpec},
};

use super::{Contents, revisions::Revised, rollout::Site};
use crate::{model::workload::Workload, placement::Placed};

pub(super) fn instance(
    workload: &Workload,
    revised: &Revised,
    (replica, placed): (&ReplicaName, &Placed),
    site: &Site<'_>,
    contents: &Contents,
) -> Instance {
    let common = workload.common();
    let (asked, older) = revised.split(replica);
    Instance {
        replica: replica.clone(),
        workload: workload.name().value.clone(),
        kind: workload.kind(),
        labels: common.labels.iter().map(|label| (label.key.value.clone(), label.value.value.clone())).collect(),
        spec: asked.reference.clone(),
        older: older.map(|revision| revision.reference.clone()).collect(),
        contents: swapped(revised.spec_of(replica), contents),
        binding: placed.binding.clone(),
        rollout: site.rollout(replica),
        gates: site.gates(replica),
    }
}

/// Contents that are swapped in place, sorted by container and path.
fn swapped(spec: &PodSpec, contents: &Contents) -> Vec<SwappedContent> {
    let mut found = Vec::new();
    for container in &spec.containers {
        for mount in &container.mounts {
            let content = match &mount.source {
                MountSource::Config(ConfigMount { on_change: OnChange::Restart(_), .. }) | MountSource::Volume(_) => {
                    None
                }
                MountSource::Config(ConfigMount { config, .. }) => contents.get(config),
            };
            found.extend(content.map(|content| SwappedContent {
                container: container.name.clone(),
                path: mount.path.clone(),
                content: Digest::of(&canonical::encode(content)),
            }));
        }
    }
    found.sort();
    found
}
