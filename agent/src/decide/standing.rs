//! How each wanted replica stands: which pod is its own, and how well that pod is.

use std::cmp::Reverse;

use wlc_plan::{
    binding::Turn,
    gate::Condition,
    name::ReplicaName,
    rollout::Replacement,
    spec::{MountSource, PodSpec},
};

use super::{
    Scene,
    aim::{self, Aim, UnderWay},
    containers,
    draft::Who,
    make,
};
use crate::{
    clock::Moment,
    desired::Wanted,
    mutant::{self, Mutant},
    observed::{ObservedPod, PodFolders, Sandbox},
    podman::labels::PodLabels,
};

/// How a wanted replica stands.
pub(super) struct Standing<'a> {
    /// What is wanted.
    pub(super) wanted: &'a Wanted,
    /// The revision that it is to run now.
    pub(super) aim: Aim<'a>,
    /// The labels of its pod of that revision: of the one that it has, or of the one that is to be made.
    pub(super) labels: PodLabels,
    /// The name of that pod.
    pub(super) target: String,
    /// What it has.
    pub(super) holding: Holding<'a>,
    /// Further pods of it, which have to go.
    pub(super) surplus: Vec<&'a ObservedPod>,
    /// How well its pod is; of two, the one that is better.
    pub(super) health: Health,
    /// How well its pod of the revision is that it is to run.
    new_health: Health,
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
    /// The one that is asked for, which does not count as ready yet, and beside it the one that it replaces.
    Both {
        /// The one that is asked for.
        new: &'a ObservedPod,
        /// The one that goes.
        old: &'a ObservedPod,
    },
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
    let under_way = aim::under_way(scene);
    scene.desired.wanted.iter().map(|wanted| Standing::of(scene, wanted, &under_way)).collect()
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
    fn of(scene: Scene<'a>, wanted: &'a Wanted, under_way: &UnderWay<'_>) -> Self {
        let pods: Vec<&ObservedPod> = scene.observed.pods_of(wanted.replica()).collect();
        if wanted.is_attempt() {
            return Self::of_attempt(scene, wanted, pods);
        }
        let aim = aim::of(scene, wanted, !pods.is_empty(), under_way);
        let is_current = |pod: &&&ObservedPod| {
            let is_aim = pod.revision == aim.reference.revision && wanted.turn(pod.binding).is_some();
            is_aim && !has_lost_configs(pod, aim.spec)
        };
        let new = pods.iter().filter(is_current).max_by_key(|pod| worth(scene, pod)).copied();
        let old = pods.iter().filter(|pod| !is_current(pod)).max_by_key(|pod| worth(scene, pod)).copied();
        let new_health = new.map_or(Health::NotReady, |pod| health(scene, pod));
        let holding = holding(scene, wanted, (new, new_health), old);
        let health = match holding {
            Holding::Nothing => Health::NotReady,
            Holding::Current(_) => new_health,
            Holding::Other(pod) => health(scene, pod),
            Holding::Both { old, .. } => better(new_health, health(scene, old)),
        };
        let kept = holding.pods();
        let surplus = pods.into_iter().filter(|pod| !kept.contains(&Some(pod.name.as_str()))).collect();
        let labels = labels(wanted, &aim, holding);
        let target = match holding {
            // Its name is the one that its labels give: it would not be ours else.
            Holding::Current(pod) | Holding::Both { new: pod, .. } => pod.name.clone(),
            Holding::Nothing | Holding::Other(_) => labels.pod_name(),
        };
        Self { wanted, aim, target, labels, holding, surplus, health, new_health }
    }

    /// The standing of an attempt of a job: no other pod than its own will do.
    fn of_attempt(scene: Scene<'a>, wanted: &'a Wanted, pods: Vec<&'a ObservedPod>) -> Self {
        let target = wanted.pod_name();
        let own = pods.iter().find(|pod| pod.name == target).copied();
        let other = pods.iter().find(|pod| pod.name != target).copied();
        let holding = match (own, other) {
            (Some(own), _) => Holding::Current(own),
            (None, Some(other)) => Holding::Other(other),
            (None, None) => Holding::Nothing,
        };
        let health = holding.pod().map_or(Health::NotReady, |pod| health(scene, pod));
        let kept = holding.pods();
        let surplus = pods.into_iter().filter(|pod| !kept.contains(&Some(pod.name.as_str()))).collect();
        let aim = Aim { reference: &wanted.instance.spec, spec: &wanted.spec };
        Self { wanted, aim, labels: wanted.labels.clone(), target, holding, surplus, health, new_health: health }
    }

    /// The replica, for tasks and waits.
    pub(super) fn who(&self) -> Who<'_> {
        let instance = &self.wanted.instance;
        Who { replica: &instance.replica, workload: &instance.workload, pod: &self.target }
    }

    /// The pod that it is to have, as it is made.
    pub(super) fn plan(&self) -> make::Plan<'_> {
        make::Plan { wanted: self.wanted, spec: self.aim.spec, labels: &self.labels }
    }

    /// Whether it is to run what the plan asks for, and not an older revision.
    pub(super) fn aims_at_newest(&self) -> bool {
        self.aim.reference == &self.wanted.instance.spec
    }

    /// When its pod of the revision that it is to run counts as ready: it has been ready for its min-ready time.
    pub(super) fn counts_from(&self) -> Option<Moment> {
        match (self.holding, self.new_health) {
            (Holding::Current(_) | Holding::Both { .. }, Health::Ready { since }) => Some(self.counted(since)),
            (Holding::Current(_) | Holding::Both { .. }, Health::Unknown | Health::NotReady | Health::Complete)
            | (Holding::Nothing | Holding::Other(_), _) => None,
        }
    }

    /// When the best pod of it counts as ready, whichever revision that is of: a young one counts no more than a new one.
    pub(super) fn is_available_from(&self) -> Option<Moment> {
        match (self.holding, self.health) {
            (Holding::Nothing, _) => None,
            (_, Health::Ready { since }) => Some(self.counted(since)),
            (_, Health::Unknown | Health::NotReady | Health::Complete) => None,
        }
    }

    /// Whether a pod of it is as ready as its revision asks for, whichever revision that is.
    pub(super) fn is_available(&self, now: Moment) -> bool {
        self.is_available_from().is_some_and(|at| at <= now) || self.health == Health::Complete
    }

    fn counted(&self, since: Moment) -> Moment {
        let is_skipped = mutant::is(Mutant::MinReadySkipped);
        if is_skipped { since } else { since.plus(self.wanted.instance.rollout.min_ready) }
    }

    /// Whether it has come so far at the revision that is asked for. What went back to an older one has not.
    pub(super) fn has_reached(&self, scene: Scene<'_>, condition: Condition) -> bool {
        match (self.holding, condition) {
            (Holding::Nothing | Holding::Current(_), Condition::Gone) => true,
            (Holding::Other(_) | Holding::Both { .. }, Condition::Gone) => false,
            (Holding::Nothing | Holding::Other(_), _) => false,
            (Holding::Current(_) | Holding::Both { .. }, _) if !self.aims_at_newest() => false,
            (Holding::Current(pod) | Holding::Both { new: pod, .. }, Condition::Started) => {
                let started = |container: containers::Container<'_>| container.has_reached(Condition::Started);
                pod.sandbox == Sandbox::Up && containers::of(scene, pod, self.aim.spec).all(started)
            }
            (Holding::Current(_) | Holding::Both { .. }, Condition::Ready) => {
                self.counts_from().is_some_and(|at| at <= scene.now)
            }
            (Holding::Current(_) | Holding::Both { .. }, Condition::Complete) => self.new_health == Health::Complete,
        }
    }
}

impl<'a> Holding<'a> {
    /// The pod, whichever it is; of two, the one that is asked for.
    pub(super) fn pod(self) -> Option<&'a ObservedPod> {
        match self {
            Self::Nothing => None,
            Self::Current(pod) | Self::Other(pod) | Self::Both { new: pod, .. } => Some(pod),
        }
    }

    /// The names of all pods.
    fn pods(self) -> [Option<&'a str>; 2] {
        match self {
            Self::Nothing => [None, None],
            Self::Current(pod) | Self::Other(pod) => [Some(pod.name.as_str()), None],
            Self::Both { new, old } => [Some(new.name.as_str()), Some(old.name.as_str())],
        }
    }
}

/// What a replica has, of its best pod of the revision that it is to run and its best other one.
///
/// Where the new pod is made before the old one goes, both stay until the new one counts as ready. Elsewhere one stays: the
/// old one, if it alone is ready, and then it is replaced in its turn.
fn holding<'a>(
    scene: Scene<'a>,
    wanted: &Wanted,
    new: (Option<&'a ObservedPod>, Health),
    old: Option<&'a ObservedPod>,
) -> Holding<'a> {
    let (new, old) = match (new, old) {
        ((None, _), None) => return Holding::Nothing,
        ((None, _), Some(old)) => return Holding::Other(old),
        ((Some(new), _), None) => return Holding::Current(new),
        ((Some(new), health), Some(old)) => ((new, health), old),
    };
    let rollout = &wanted.instance.rollout;
    let counts = match new.1 {
        Health::Ready { since } => since.plus(rollout.min_ready) <= scene.now,
        Health::Complete => true,
        Health::Unknown | Health::NotReady => false,
    };
    match rollout.replacement {
        _ if counts => Holding::Current(new.0),
        Replacement::StartFirst => Holding::Both { new: new.0, old },
        Replacement::StopFirst | Replacement::Recreate | Replacement::OnDelete => match health(scene, old) {
            Health::Ready { .. } => Holding::Other(old),
            Health::Unknown | Health::NotReady | Health::Complete => Holding::Current(new.0),
        },
    }
}

/// The labels of the pod that it has of this revision, or is to get. One that is made beside another takes the ports that
/// the other one does not hold.
fn labels(wanted: &Wanted, aim: &Aim<'_>, holding: Holding<'_>) -> PodLabels {
    let turn = match holding {
        Holding::Nothing => Turn::First,
        Holding::Current(pod) | Holding::Both { new: pod, .. } => wanted.turn(pod.binding).unwrap_or(Turn::First),
        Holding::Other(pod) => match (wanted.instance.rollout.replacement, wanted.turn(pod.binding)) {
            (Replacement::StartFirst, Some(Turn::First)) => Turn::Second,
            (_, _) => Turn::First,
        },
    };
    wanted.labels_of(aim.reference.revision, turn)
}

/// Of several pods the one that is most ready is kept, and of equals the oldest.
fn worth(scene: Scene<'_>, pod: &ObservedPod) -> (u8, Reverse<Moment>) {
    let rank = match health(scene, pod) {
        Health::Ready { .. } | Health::Complete => 2,
        Health::Unknown => 1,
        Health::NotReady => 0,
    };
    (rank, Reverse(pod.created))
}

fn better(one: Health, other: Health) -> Health {
    match (one, other) {
        (Health::Ready { since }, Health::Ready { since: also }) => Health::Ready { since: since.min(also) },
        (Health::Ready { .. } | Health::Complete, _) => one,
        (_, Health::Ready { .. } | Health::Complete) => other,
        (Health::Unknown, _) => one,
        (Health::NotReady, Health::Unknown | Health::NotReady) => other,
    }
}

/// Whether the folders of its configs are gone: its containers see nothing there, so it has to be made anew.
fn has_lost_configs(pod: &ObservedPod, spec: &PodSpec) -> bool {
    let mut mounts = spec.containers.iter().flat_map(|container| &container.mounts);
    pod.folders == PodFolders::Lost
        && mounts.any(|mount| matches!(mount.source, MountSource::Config(_) | MountSource::Files(_)))
}

/// How well a pod is, judged by the spec that it was made from.
pub(super) fn health<'a>(scene: Scene<'a>, pod: &'a ObservedPod) -> Health {
    match scene.desired.spec(&pod.revision) {
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
