//! How each wanted replica stands: which pod is its own, and how well that pod is.

use std::cmp::Reverse;

use wlc_plan::{
    gate::Condition,
    name::ReplicaName,
    spec::{MountSource, PodSpec},
};

use super::{Scene, containers, draft::Who};
use crate::{
    clock::Moment,
    desired::Wanted,
    observed::{ObservedPod, PodFolders, Sandbox},
};

/// How a wanted replica stands.
pub(super) struct Standing<'a> {
    /// What is wanted.
    pub(super) wanted: &'a Wanted,
    /// The name of the pod that is asked for.
    pub(super) target: String,
    /// What it has.
    pub(super) holding: Holding<'a>,
    /// Further pods of it, which have to go.
    pub(super) surplus: Vec<&'a ObservedPod>,
    /// How well its pod is.
    pub(super) health: Health,
}

/// The pod of a replica.
#[derive(Clone, Copy)]
pub(super) enum Holding<'a> {
    /// None.
    Nothing,
    /// The one that is asked for.
    Current(&'a ObservedPod),
    /// One of another revision or binding, or one whose configs are lost.
    Other(&'a ObservedPod),
}

/// How well a pod or container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Ready.
    Ready {
        /// Since when, without a break.
        since: Moment,
    },
    /// The probes have not answered often enough to tell.
    Unknown,
    /// Known not to be ready.
    NotReady,
    /// Ended well, and done.
    Complete,
}

/// How all wanted replicas stand, sorted by name.
pub(super) fn all(scene: Scene<'_>) -> Vec<Standing<'_>> {
    scene.desired.wanted.iter().map(|wanted| Standing::of(scene, wanted)).collect()
}

/// In the order in which they take their turn: what is not ready anyway first, so that a broken revision never blocks the
/// one that mends it (P-018).
pub(super) fn unhealthy_first<'s, 'a>(standings: &'s [Standing<'a>]) -> Vec<&'s Standing<'a>> {
    let mut order: Vec<_> = standings.iter().collect();
    order.sort_by_key(|standing| standing.health != Health::NotReady);
    order
}

/// The standing of a replica.
pub(super) fn of<'s, 'a>(standings: &'s [Standing<'a>], replica: &ReplicaName) -> Option<&'s Standing<'a>> {
    let at = standings.binary_search_by(|standing| standing.wanted.replica().cmp(replica)).ok()?;
    Some(&standings[at])
}

impl<'a> Standing<'a> {
    fn of(scene: Scene<'a>, wanted: &'a Wanted) -> Self {
        let target = wanted.pod_name();
        let mut pods: Vec<_> = scene.observed.pods_of(wanted.replica()).collect();
        pods.sort_by_key(|pod| (pod.name != target, Reverse(pod.created)));
        let mut pods = pods.into_iter();
        let holding = match pods.next() {
            None => Holding::Nothing,
            Some(pod) if pod.name == target && !has_lost_configs(pod, &wanted.spec) => Holding::Current(pod),
            Some(pod) => Holding::Other(pod),
        };
        let health = holding.pod().map_or(Health::NotReady, |pod| health(scene, pod));
        Self { wanted, target, holding, surplus: pods.collect(), health }
    }

    /// The replica, for tasks and waits.
    pub(super) fn who(&self) -> Who<'_> {
        let instance = &self.wanted.instance;
        Who { replica: &instance.replica, workload: &instance.workload, pod: &self.target }
    }

    /// When it counts as ready at the revision that is asked for: it has been ready for its min-ready time.
    pub(super) fn counts_from(&self) -> Option<Moment> {
        match (self.holding, self.health) {
            (Holding::Current(_), Health::Ready { since }) => Some(since.plus(self.wanted.instance.rollout.min_ready)),
            (Holding::Current(_), Health::Unknown | Health::NotReady | Health::Complete)
            | (Holding::Nothing | Holding::Other(_), _) => None,
        }
    }

    /// Whether its pod is as ready as its revision asks for, whichever revision that is.
    pub(super) fn is_available(&self, now: Moment) -> bool {
        match (self.holding, self.health) {
            (Holding::Current(_), _) => {
                self.counts_from().is_some_and(|at| at <= now) || self.health == Health::Complete
            }
            (Holding::Other(_), health) => matches!(health, Health::Ready { .. } | Health::Complete),
            (Holding::Nothing, _) => false,
        }
    }

    /// Whether it has come so far at the revision that is asked for.
    pub(super) fn has_reached(&self, scene: Scene<'_>, condition: Condition) -> bool {
        match (self.holding, condition) {
            (Holding::Nothing, Condition::Gone) => true,
            (Holding::Nothing | Holding::Other(_), _) | (Holding::Current(_), Condition::Gone) => false,
            (Holding::Current(pod), Condition::Started) => {
                let started = |container: containers::Container<'_>| container.has_reached(Condition::Started);
                pod.sandbox == Sandbox::Up && containers::of(scene, pod, &self.wanted.spec).all(started)
            }
            (Holding::Current(_), Condition::Ready) => self.counts_from().is_some_and(|at| at <= scene.now),
            (Holding::Current(_), Condition::Complete) => self.health == Health::Complete,
        }
    }
}

impl<'a> Holding<'a> {
    /// The pod, whichever it is.
    pub(super) fn pod(self) -> Option<&'a ObservedPod> {
        match self {
            Self::Nothing => None,
            Self::Current(pod) | Self::Other(pod) => Some(pod),
        }
    }
}

/// Whether the folders of its configs are gone: its containers see nothing there, so it has to be made anew.
fn has_lost_configs(pod: &ObservedPod, spec: &PodSpec) -> bool {
    let mut mounts = spec.containers.iter().flat_map(|container| &container.mounts);
    pod.folders == PodFolders::Lost && mounts.any(|mount| matches!(mount.source, MountSource::Config(_)))
}

/// How well a pod is, judged by the spec that it was made from.
pub(super) fn health<'a>(scene: Scene<'a>, pod: &'a ObservedPod) -> Health {
    match scene.desired.specs.get(&pod.revision) {
        Some(spec) => health_by(scene, pod, spec),
        None if pod.sandbox == Sandbox::Up => Health::Unknown,
        None => Health::NotReady,
    }
}

fn health_by<'a>(scene: Scene<'a>, pod: &'a ObservedPod, spec: &'a PodSpec) -> Health {
    let worst = containers::of(scene, pod, spec).map(|container| container.health()).fold(Health::Complete, worse);
    match (pod.sandbox, worst) {
        (_, Health::Complete) => Health::Complete,
        (Sandbox::Up, health) => health,
        (Sandbox::Created | Sandbox::Down, Health::Ready { .. } | Health::Unknown | Health::NotReady) => {
            Health::NotReady
        }
    }
}

fn worse(one: Health, other: Health) -> Health {
    match (one, other) {
        (Health::NotReady, _) | (_, Health::NotReady) => Health::NotReady,
        (Health::Unknown, _) | (_, Health::Unknown) => Health::Unknown,
        (Health::Ready { since }, Health::Ready { since: also }) => Health::Ready { since: since.max(also) },
        (Health::Ready { since }, Health::Complete) | (Health::Complete, Health::Ready { since }) => {
            Health::Ready { since }
        }
        (Health::Complete, Health::Complete) => Health::Complete,
    }
}
