//! What a build would change, and why: a value, compared from what is there before and what the build decides.
//!
//! Before is the last plan set, or the lock where no plan set is at hand. Nothing is printed here: `text` and `markdown`
//! render the value, and serde writes it as JSON.

mod before;
mod configs;
pub(crate) mod fields;
pub mod markdown;
mod outlook;
mod replicas;
mod steps;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wlc_plan::{
    digest::Digest,
    instance::{Instance, WorkloadKind},
    name::{
        ConfigName, ContainerName, FileKey, FleetName, NodeName, ReplicaName, SignerName, VolumeName, WorkloadName,
    },
};

pub use self::before::Before;
use self::before::Had;
use crate::{content::Content, lock::WorkloadLock, lower::Lowered};

/// What a build would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The fleet.
    pub fleet: FleetName,
    /// What the build was compared with.
    pub against: Against,
    /// The generation of the plan set that it was compared with.
    pub generation: Option<u64>,
    /// The digest of the plan set that the build would give: what `wlc build --expect` insists on.
    pub digest: Digest,
    /// Whether the plan set would be another one.
    pub content: Changed,
    /// Nodes that come and go.
    pub nodes: NodeChanges,
    /// Signers that the last plan set does not fit.
    pub signers: Option<SignerChanges>,
    /// What the lock would say anew: names of workloads.
    pub locked: Vec<String>,
    /// Each workload of which something changes.
    pub workloads: Vec<WorkloadChange>,
}

/// What a build is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The last plan set.
    PlanSet,
    /// The lock: no plan set is at hand.
    Lock,
    /// Nothing was there.
    Nothing,
}

/// Whether something is another than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// It is.
    Changed,
    /// It is not.
    Same,
    /// Before is not known.
    Unknown,
}

/// Nodes that come and go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct NodeChanges {
    /// New ones.
    pub added: Vec<NodeName>,
    /// Those that are no longer there.
    pub removed: Vec<NodeName>,
}

/// Why the last plan set is signed anew although its content may be the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SignerChanges {
    /// Those who signed it, and sign no more.
    pub removed: Vec<SignerName>,
    /// Those who signed it with another key than today's.
    pub other_key: Vec<SignerName>,
    /// How many of today's signers have signed it with their key of today.
    pub have: u32,
    /// How many must.
    pub need: u32,
}

/// What becomes of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is new.
    Created,
    /// It goes on with changes.
    Changed,
    /// It goes.
    Removed,
}

/// What changes of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkloadChange {
    /// Its name.
    pub workload: WorkloadName,
    /// Its kind.
    pub kind: WorkloadKind,
    /// What becomes of it.
    pub fate: Fate,
    /// The revision before; none where it is new.
    pub from_revision: Option<u32>,
    /// The revision after; none where it goes.
    pub to_revision: Option<u32>,
    /// What changes in its pod template, field by field.
    pub fields: Vec<FieldChange>,
    /// Configs that it mounts and whose files change.
    pub configs: Vec<ConfigChange>,
    /// What changes beside the template. It restarts nothing.
    pub settings: Vec<FieldChange>,
    /// Its replicas that are not as they were.
    pub replicas: Vec<ReplicaChange>,
    /// Volumes that are made, emptied, left behind or removed.
    pub volumes: Vec<VolumeChange>,
    /// How many replicas stay ready while they are replaced; none where none is.
    pub outlook: Option<Outlook>,
}

/// A field and its two values, each in the words of the language; none where it is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FieldChange {
    /// Where it stands, as in `container nginx env LOG_LEVEL`.
    pub field: String,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
}

/// What a change of a config does to those who mount it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The pod is replaced.
    Restart,
    /// The files are swapped, and the container gets this signal.
    Signal(String),
    /// The files are swapped.
    Nothing,
}

/// A config whose files change, as a container sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ConfigChange {
    /// The config.
    pub config: ConfigName,
    /// Who mounts it.
    pub container: ContainerName,
    /// Where.
    pub path: String,
    /// What the change does.
    pub effect: Effect,
    /// Its files that are not as they were.
    pub files: Vec<FileChange>,
}

/// A file of a config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileChange {
    /// Its name.
    pub file: FileKey,
    /// What becomes of it.
    pub fate: Fate,
    /// Lines that are new.
    pub added: usize,
    /// Lines that go.
    pub removed: usize,
}

/// What becomes of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaFate {
    /// It is new.
    Created,
    /// Its pod is replaced by one of another revision.
    Replaced,
    /// Its pod is replaced for other ports, devices or cores.
    Rebound,
    /// It goes to another node.
    Moved,
    /// New files are swapped in while it runs.
    InPlace,
    /// It goes.
    Removed,
}

/// A replica that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplicaChange {
    /// Its name.
    pub replica: ReplicaName,
    /// What becomes of it.
    pub fate: ReplicaFate,
    /// Its node; for one that goes, the node that it leaves.
    pub node: NodeName,
    /// The node that it leaves for another.
    pub from: Option<NodeName>,
    /// Why it leaves its node.
    pub reason: Option<String>,
    /// Host ports that are not as they were.
    pub ports: Vec<PortChange>,
}

/// The host ports of a port, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortChange {
    /// Container and port, as in `nginx/http`.
    pub port: String,
    /// Before; empty where it had none.
    pub old: Vec<u16>,
    /// After; empty where it has none.
    pub new: Vec<u16>,
}

/// What becomes of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeFate {
    /// It is made.
    Created,
    /// It lives as long as the pod: with a new pod it is empty.
    Emptied,
    /// Its replica goes, and its data stay on the node.
    Kept,
    /// It is removed with its data.
    Removed,
}

/// A volume that a change touches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct VolumeChange {
    /// The volume or claim.
    pub volume: VolumeName,
    /// What becomes of it.
    pub fate: VolumeFate,
    /// Of which replicas.
    pub replicas: Vec<ReplicaName>,
}

/// How a rollout goes on its nodes, as the gates of the plan have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// How many replicas there are after the build.
    pub replicas: usize,
    /// How many of those that were there stay ready at the worst moment, if nothing fails.
    pub ready: usize,
    /// Each node on which replicas are replaced.
    pub nodes: Vec<NodeOutlook>,
}

/// How a rollout goes on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeOutlook {
    /// The node. Nodes do not wait for each other.
    pub node: NodeName,
    /// How many replicas are replaced.
    pub replaced: usize,
    /// How many of them at once.
    pub at_once: usize,
    /// In which order.
    pub steps: Vec<RolloutStep>,
}

/// Replicas of a node that are replaced at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolloutStep {
    /// Which.
    pub replicas: Vec<ReplicaName>,
    /// How many replicas of the workload stay ready on the node meanwhile.
    pub ready: usize,
}

impl Difference {
    /// Whether there is nothing to do: no new plan set, no new lock.
    pub fn is_empty(&self) -> bool {
        let same = match self.content {
            Changed::Same => true,
            Changed::Changed => false,
            Changed::Unknown => self.workloads.is_empty() && self.nodes == NodeChanges::default(),
        };
        same && self.locked.is_empty() && self.signers.is_none()
    }

    /// How many replicas have a fate.
    pub fn count(&self, fate: ReplicaFate) -> usize {
        let replicas = self.workloads.iter().flat_map(|workload| &workload.replicas);
        replicas.filter(|replica| replica.fate == fate).count()
    }
}

/// What is compared with before.
pub struct After<'a> {
    /// What the build decides.
    pub lowered: &'a Lowered,
    /// The digest of its content.
    pub digest: Digest,
    /// What the lock would say anew.
    pub locked: Vec<String>,
    /// Signers that the last plan set does not fit.
    pub signers: Option<SignerChanges>,
    /// Why a workload cannot stay on a node, or why it goes from there.
    pub why_left: &'a dyn Fn(&WorkloadName, &NodeName) -> String,
}

/// What the build changes.
pub fn difference<'a>(before: &'a Before<'a>, after: &'a After<'a>) -> Difference {
    let content = &after.lowered.content;
    let fleet = Fleet::of(before, content);
    let new = instances(content, before);
    let had = before.replicas();
    let names: BTreeSet<&WorkloadName> =
        new.values().map(|(_, one)| &one.workload).chain(had.values().map(|one| one.workload)).collect();
    let mut of: BTreeMap<&WorkloadName, Sides<'_>> = BTreeMap::new();
    for (replica, one) in &new {
        of.entry(&one.1.workload).or_default().new.insert(replica, *one);
    }
    for (replica, one) in &had {
        of.entry(one.workload).or_default().old.insert(replica, one);
    }
    let changes = names.into_iter().filter_map(|name| workload(name, &of[name], before, after, &fleet));
    Difference {
        fleet: content.fleet.clone(),
        against: before.against(),
        generation: before.generation(),
        digest: after.digest,
        content: before.content(after.digest),
        nodes: before.nodes(content),
        signers: after.signers.clone(),
        locked: after.locked.clone(),
        workloads: changes.collect(),
    }
}

/// The replicas of a workload before and after.
#[derive(Default)]
struct Sides<'a> {
    old: BTreeMap<&'a ReplicaName, &'a Had<'a>>,
    new: BTreeMap<&'a ReplicaName, (&'a NodeName, &'a Instance)>,
}

/// What is known of all workloads, whatever becomes of them.
struct Fleet<'a> {
    /// Those that were there before.
    known: BTreeSet<&'a WorkloadName>,
    /// How many replicas each has after the build.
    replicas: BTreeMap<&'a WorkloadName, usize>,
}

impl<'a> Fleet<'a> {
    fn of(before: &'a Before<'a>, content: &'a Content) -> Self {
        let mut replicas = BTreeMap::new();
        for instance in content.plans.values().flat_map(|plan| &plan.instances) {
            *replicas.entry(&instance.workload).or_insert(0) += 1;
        }
        Self { known: before.workloads(content), replicas }
    }
}

/// The instances on every node whose plan is another one.
fn instances<'a>(content: &'a Content, before: &Before<'_>) -> BTreeMap<&'a ReplicaName, (&'a NodeName, &'a Instance)> {
    let plans = content.plans.iter().filter(|(node, _)| !before.is_same(node));
    plans.flat_map(|(node, plan)| plan.instances.iter().map(move |one| (&one.replica, (node, one)))).collect()
}

fn workload(
    name: &WorkloadName,
    sides: &Sides<'_>,
    before: &Before<'_>,
    after: &After<'_>,
    fleet: &Fleet<'_>,
) -> Option<WorkloadChange> {
    let old = sides.old.values().next();
    let new = sides.new.values().next().map(|(_, instance)| *instance);
    let kind = new.map(|one| one.kind).or(old.map(|one| one.kind))?;
    let lock = after.lowered.lock.workloads.get(name);
    let fate = fate(lock, fleet.known.contains(name));
    let replicas = replicas::changes(name, sides, after);
    let specs = fields::Specs::of(old.copied(), new, before, &after.lowered.content);
    let change = WorkloadChange {
        workload: name.clone(),
        kind,
        fate,
        from_revision: old.map(|one| one.spec.number),
        to_revision: new.map(|one| one.spec.number),
        fields: if old.is_some() || fate == Fate::Created { specs.changes() } else { Vec::new() },
        configs: configs::changes(&specs),
        settings: fields::settings(old.copied(), new),
        volumes: replicas::volumes(name, &replicas, &specs, before, &after.lowered.content),
        outlook: outlook::outlook(fleet.replicas.get(name).copied().unwrap_or(0), &replicas, sides),
        replicas,
    };
    let is_something = !change.replicas.is_empty()
        || !change.fields.is_empty()
        || !change.settings.is_empty()
        || !change.configs.is_empty()
        || !change.volumes.is_empty()
        || change.fate != Fate::Changed;
    is_something.then_some(change)
}

fn fate(lock: Option<&WorkloadLock>, was_there: bool) -> Fate {
    let lives = lock.is_some_and(|lock| lock.state == crate::lock::State::Live);
    match (was_there, lives) {
        (_, false) => Fate::Removed,
        (true, true) => Fate::Changed,
        (false, true) => Fate::Created,
    }
}
