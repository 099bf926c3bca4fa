//! Who still sends work to a pod that goes: those on this node that mount the endpoints of its workload, until they were
//! told of a list without it, and have had the time to read it.

use std::collections::BTreeSet;

use wlc_plan::{
    name::WorkloadName,
    quantity::Millis,
    spec::{ContainerSpec, FileSource, MountSource},
};

use super::{
    Scene,
    endpoints::{self, Backends},
    files::{self, Subject},
    make,
};
use crate::{
    action::{Action, Drain},
    observed::ObservedPod,
};

/// Has a pod leave the lists first, where anybody on this node mounts one that it may stand in. At most for `grace`.
pub(super) fn first(scene: Scene<'_>, pod: &ObservedPod, grace: Millis) -> Option<Action> {
    let is_listed = || listeners(scene).any(|(_, container)| lists(container, &pod.workload));
    let runs = pod.containers.iter().any(|one| one.is_running());
    (runs && grace.0 > 0 && is_listed()).then(|| Action::Drain(Drain { pod: pod.name.clone(), within: grace }))
}

/// The pods that are going and that nobody on this node is told of any more.
pub(super) fn drained(scene: Scene<'_>) -> BTreeSet<String> {
    let going: Vec<&ObservedPod> = scene.observed.pods().filter(|pod| pod.stopping.is_some()).collect();
    if going.is_empty() {
        return BTreeSet::new();
    }
    let behind = behind(scene, endpoints::backends(scene));
    going.into_iter().filter(|pod| !behind.contains(&pod.workload)).map(|pod| pod.name.clone()).collect()
}

/// The workloads of which a list is mounted that is not the one of now, or may not have been read yet.
fn behind<'a>(scene: Scene<'a>, backends: &Backends) -> BTreeSet<&'a WorkloadName> {
    let mut behind = BTreeSet::new();
    for (pod, container) in listeners(scene) {
        let Some(spec) = scene.desired.spec(&pod.revision) else { continue };
        let labels = make::labels(scene, pod);
        let instance = scene.desired.wanted(&pod.replica).map(|wanted| &wanted.instance);
        let (node, ip_family) = (scene.desired.node.as_str(), scene.desired.ip_family);
        let subject = Subject { labels: &labels, node, instance, backends, ip_family };
        for files in files::of(subject, spec, container) {
            let told = pod.contents.get(&(container.name.clone(), files.path.clone()));
            let of_mount = container.mounts.iter().filter(|mount| mount.path == files.path);
            if told != Some(&files.digest()) || scene.busy.contains(&pod.replica) {
                behind.extend(of_mount.flat_map(|mount| listed(&mount.source)));
            }
        }
    }
    behind
}

/// The running containers that mount endpoints. A pod that is going itself is told nothing any more.
fn listeners(scene: Scene<'_>) -> impl Iterator<Item = (&ObservedPod, &ContainerSpec)> {
    let pods = scene.observed.pods().filter(|pod| pod.stopping.is_none());
    let containers = pods.flat_map(move |pod| {
        let spec = scene.desired.spec(&pod.revision).into_iter();
        spec.flat_map(move |spec| spec.containers.iter().map(move |one| (pod, one)))
    });
    containers.filter(|(pod, container)| {
        let mounts_lists = container.mounts.iter().any(|mount| listed(&mount.source).next().is_some());
        mounts_lists && pod.newest(&container.name).is_some_and(|newest| newest.is_running())
    })
}

fn lists(container: &ContainerSpec, workload: &WorkloadName) -> bool {
    container.mounts.iter().flat_map(|mount| listed(&mount.source)).any(|listed| listed == workload)
}

/// The workloads whose endpoints are among the files of a mount.
fn listed(source: &MountSource) -> impl Iterator<Item = &WorkloadName> {
    let files = match source {
        MountSource::Files(files) => Some(files),
        MountSource::Config(_) | MountSource::Volume(_) | MountSource::Claim(_) => None,
    };
    files.into_iter().flat_map(|files| &files.sources).filter_map(|source| match source {
        FileSource::Endpoints(of) => Some(&of.workload),
        FileSource::Config(_) | FileSource::Secret(_) | FileSource::Field(_) | FileSource::Text(_) => None,
    })
}
