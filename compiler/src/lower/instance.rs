//! A placed replica → its instance.

use wlc_plan::{
    canonical,
    digest::Digest,
    instance::{Instance, SwappedContent},
    name::ReplicaName,
    quantity::Millis,
    rollout::{OnFailure, Replacement, Rollout},
    spec::{ConfigMount, MountSource, OnChange, PodSpec},
};

use super::{Contents, gates, revisions::Revised};
use crate::{model::workload::Workload, placement::Placed};

/// Kubernetes: `progressDeadlineSeconds` is 600 where nothing is written.
const PROGRESS_DEADLINE: Millis = Millis::from_seconds(600);

pub(super) fn instance(
    workload: &Workload,
    revised: &Revised,
    replica: &ReplicaName,
    placed: &Placed,
    contents: &Contents,
) -> Instance {
    let common = workload.common();
    let (newest, older) = revised.split();
    Instance {
        replica: replica.clone(),
        workload: workload.name().value.clone(),
        kind: workload.kind(),
        labels: common.labels.iter().map(|label| (label.key.value.clone(), label.value.value.clone())).collect(),
        spec: newest.reference.clone(),
        older: older.map(|revision| revision.reference.clone()).collect(),
        contents: swapped(&revised.spec, contents),
        binding: placed.binding.clone(),
        rollout: rollout(workload),
        gates: gates::rolling(&workload.name().value),
    }
}

fn rollout(workload: &Workload) -> Rollout {
    Rollout {
        replacement: Replacement::StopFirst,
        min_ready: workload.min_ready(),
        progress_deadline: workload.pace().map_or(PROGRESS_DEADLINE, |pace| pace.progress_deadline.value),
        on_failure: OnFailure::Stop,
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
