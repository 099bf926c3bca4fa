//! What is ours among the things that Podman has: pure.
//!
//! A pod is ours when its name is the one that its labels give; a container when its labels are those of an attempt inside
//! such a pod, and no other one there has them and the name that they give; a volume when its name is the one that its labels give. Whatever else carries our labels
//! or our prefix is foreign: it is never seen, and so never touched.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wlc_plan::{
    digest::Digest,
    name::{AbsolutePath, ContainerName, FleetName},
    node_plan::IpFamily,
};

use super::labels::{ClaimLabels, ContainerLabels, PodLabels, VolumeLabels};
use crate::{
    clock::Moment,
    observed::{
        Allowance, ContainerState, HookOutcome, LastWords, Observed, ObservedContainer, ObservedPod, PodAddress,
        PodFolders, Sandbox, StopStep,
    },
};

/// Labels as Podman gives them.
pub type Labels = BTreeMap<String, String>;

/// Everything that Podman has, ours or not.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Pods.
    pub pods: Vec<FoundPod>,
    /// Containers of all pods, infra containers included.
    pub containers: Vec<FoundContainer>,
    /// Names and labels of volumes.
    pub volumes: Vec<(String, Labels)>,
    /// The network that has our name.
    pub network: Option<FoundNetwork>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundNetwork {
    /// Its labels.
    pub labels: Labels,
    /// Which addresses it gives.
    pub ip_family: IpFamily,
}

/// A pod.
#[derive(Debug, Clone)]
pub struct FoundPod {
    /// Podman's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Arc<Labels>,
    /// When it was made.
    pub created: Moment,
    /// Digests of its contents that are swapped in place.
    pub contents: BTreeMap<(ContainerName, AbsolutePath), Digest>,
    /// Whether the folders of its configs are there.
    pub folders: PodFolders,
    /// When its stop began, where it has.
    pub stopping: Option<Moment>,
}

/// A container in a pod.
#[derive(Debug, Clone)]
pub struct FoundContainer {
    /// Podman's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its pod.
    pub pod: String,
    /// Its labels.
    pub labels: Arc<Labels>,
    /// What it is in its pod.
    pub role: Role,
    /// Whether it is in the fleet's network: infra containers are.
    pub is_on_network: bool,
    /// What the kernel lets it have while it runs, where that can be seen.
    pub allowance: Option<Allowance>,
    /// How its post-start hook ended, where it has.
    pub post_start: Option<HookOutcome>,
    /// The step of its stop that is under way.
    pub stop: Option<StopStep>,
    /// What is left of a run that ended.
    pub last_words: LastWords,
}

/// What a container is in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Podman's own, which holds the network.
    Infra(Sandbox, Option<PodAddress>),
    /// One of the others.
    Member(ContainerState),
}

/// What of all this is the fleet's own.
pub fn own(found: &Found, fleet: &FleetName) -> Observed {
    let mut inside: BTreeMap<&str, Vec<&FoundContainer>> = BTreeMap::new();
    for container in &found.containers {
        inside.entry(&container.pod).or_default().push(container);
    }
    let inside = |pod: &FoundPod| inside.get(pod.id.as_str()).map(Vec::as_slice).unwrap_or_default();
    let mut pods: Vec<_> = found.pods.iter().filter_map(|pod| own_pod(pod, inside(pod), fleet)).map(Arc::new).collect();
    pods.sort_by(|a, b| (&a.replica, &a.name).cmp(&(&b.replica, &b.name)));
    let volumes: Vec<(String, VolumeLabels)> = own_volumes(found, fleet).collect();
    let mut observed = Observed {
        pods,
        network: found.network.as_ref().filter(|found| found.is_own(fleet)).map(|found| found.ip_family),
        volumes: volumes.iter().map(|(name, _)| name.clone()).chain(own_claims(found, fleet)).collect(),
        secrets: BTreeMap::new(),
        leftovers: BTreeSet::new(),
        store_percent: None,
    };
    let of_pods = volumes.into_iter().map(|(_, labels)| labels.pod.pod_name());
    observed.leftovers = of_pods.filter(|pod| !observed.has_pod(pod)).collect();
    observed
}

impl FoundNetwork {
    /// Whether it is the fleet's network.
    pub fn is_own(&self, fleet: &FleetName) -> bool {
        self.labels.get(super::labels::FLEET).is_some_and(|name| name == fleet.as_str())
    }
}

fn own_pod(pod: &FoundPod, inside: &[&FoundContainer], fleet: &FleetName) -> Option<ObservedPod> {
    let labels = PodLabels::own(&pod.name, &pod.labels, fleet)?;
    let inside = || inside.iter().copied();
    let is_on_network = inside().any(|one| one.is_on_network);
    let (sandbox, address) = inside().find_map(infra).unwrap_or((Sandbox::Down, None));
    // Whoever began to stop it does not come back on it: what is left ends too.
    let sandbox = if pod.stopping.is_some() { Sandbox::Down } else { sandbox };
    let mut containers: Vec<_> = inside().filter_map(|container| own_container(container, (pod, &labels))).collect();
    // Of several with the same labels one is ours: the one that has its name, or else the one that was there first.
    let order = |one: &ObservedContainer| (one.container.clone(), one.attempt, one.called.clone(), one.id.clone());
    containers.sort_by_cached_key(order);
    containers.dedup_by(|second, first| (&second.container, second.attempt) == (&first.container, first.attempt));
    Some(ObservedPod {
        id: pod.id.clone(),
        name: pod.name.clone(),
        replica: labels.replica,
        workload: labels.workload,
        revision: labels.revision,
        binding: labels.binding,
        run: labels.run,
        sandbox,
        stopping: pod.stopping,
        address,
        is_on_network,
        created: pod.created,
        contents: pod.contents.clone(),
        folders: pod.folders,
        stale: BTreeSet::new(),
        containers,
    })
}

fn infra(container: &FoundContainer) -> Option<(Sandbox, Option<PodAddress>)> {
    match container.role {
        Role::Infra(sandbox, address) => Some((sandbox, address.filter(|_| sandbox == Sandbox::Up))),
        Role::Member(_) => None,
    }
}

/// `pod` is its pod, which is ours, and the labels of that one.
fn own_container(container: &FoundContainer, pod: (&FoundPod, &PodLabels)) -> Option<ObservedContainer> {
    let Role::Member(state) = container.role else { return None };
    let (pod, labels) = pod;
    let (part, attempt) = ContainerLabels::part(&container.labels, (&pod.labels, labels))?;
    let name = format!("{}.{part}.{attempt}", pod.name);
    Some(ObservedContainer {
        id: container.id.clone(),
        called: (container.name != name).then(|| container.name.clone()),
        name,
        container: part,
        attempt,
        state,
        allowance: container.allowance,
        post_start: container.post_start.clone(),
        stop: container.stop,
        last_words: container.last_words.clone(),
    })
}

fn own_claims(found: &Found, fleet: &FleetName) -> impl Iterator<Item = String> {
    let is_own = |(name, labels): &&(String, Labels)| ClaimLabels::own(name, labels, fleet).is_some();
    found.volumes.iter().filter(is_own).map(|(name, _)| name.clone())
}

fn own_volumes(found: &Found, fleet: &FleetName) -> impl Iterator<Item = (String, VolumeLabels)> {
    let own = |(name, labels): &(String, Labels)| Some((name.clone(), VolumeLabels::own(name, labels, fleet)?));
    found.volumes.iter().filter_map(own)
}
