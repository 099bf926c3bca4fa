//! What the pods that run were made from, as it would be asked of Podman today: for those who carry them elsewhere.

use std::collections::BTreeMap;

use wlc_plan::name::ReplicaName;

use super::{Scene, make};
use crate::{
    action::{PodRequest, RunContainer},
    observed::{ObservedPod, Sandbox},
};

/// A pod that runs, and its containers in the order of its spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The pod.
    pub pod: PodRequest,
    /// Its containers.
    pub containers: Vec<RunContainer>,
}

/// What runs, sorted by replica; and what of it cannot be told, with the reason.
pub fn describe(scene: Scene<'_>) -> (Vec<Described>, Vec<(ReplicaName, &'static str)>) {
    let mut replicas: BTreeMap<&ReplicaName, Vec<&ObservedPod>> = BTreeMap::new();
    for pod in scene.observed.pods() {
        replicas.entry(&pod.replica).or_default().push(pod);
    }
    for wanted in &scene.desired.wanted {
        replicas.entry(wanted.replica()).or_default();
    }
    let (mut described, mut untold) = (Vec::new(), Vec::new());
    for (replica, pods) in replicas {
        match of_replica(scene, replica, &pods) {
            Ok(one) => described.push(one),
            Err(why) => untold.push((replica.clone(), why)),
        }
        let surplus = pods.len().saturating_sub(1);
        untold.extend((0..surplus).map(|_| (replica.clone(), "a second pod of it runs: a rollout is under way")));
    }
    (described, untold)
}

fn of_replica(scene: Scene<'_>, replica: &ReplicaName, pods: &[&ObservedPod]) -> Result<Described, &'static str> {
    let wanted = scene.desired.wanted(replica).ok_or("the plan does not want it here")?;
    let runs = pods.iter().filter(|pod| pod.sandbox == Sandbox::Up);
    let newest = runs.max_by_key(|pod| (pod.revision == wanted.instance.spec.revision, pod.created));
    let pod = newest.ok_or("it does not run")?;
    let spec = scene.desired.spec(&pod.revision).ok_or("the spec that its pod was made from is not known")?;
    let labels = make::labels(scene, pod);
    let runs = spec.containers.iter().map(|container| make::run_request(scene, &labels, spec, (container, 0)));
    let containers = runs.collect();
    Ok(Described { pod: make::request(make::Plan { wanted, spec, labels: &labels }), containers })
}
