//! Model and placement → specs, instances and gates: every default is filled in, every strategy becomes gates.

mod config;
mod gates;
mod instance;
mod life;
mod next_lock;
mod pod;
mod revisions;
mod security;
mod surroundings;

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    content::ConfigContent,
    digest::Digest,
    format::Format,
    name::{ConfigName, FleetName, NodeName},
    node_plan::NodePlan,
    spec::PodSpec,
};

pub use self::config::contents;
use self::revisions::Revised;
use crate::{
    content::Content,
    lock::Lock,
    model::{Repository, workload::Workload},
    pins::Pins,
    placement::Placement,
};

/// The contents of all configs.
pub type Contents = BTreeMap<ConfigName, ConfigContent>;

/// What a build decides: the content of the plan set, and the lock that remembers it.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The content of the plan set.
    pub content: Content,
    /// The lock after this build.
    pub lock: Lock,
}

/// Lowers everything. The repository has no errors and nothing that is not carried out, and every replica has its place:
/// so each workload here is of a kind, and each field of a value, that a plan can say.
pub fn lower(
    repository: &Repository,
    fleet: &FleetName,
    placement: &Placement,
    contents: &Contents,
    pins: &Pins,
    old: &Lock,
) -> Lowered {
    let mut bodies: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
    let mut revised: BTreeMap<_, Revised> = BTreeMap::new();
    for (name, workload) in &repository.workloads {
        let kept = workload.common().revisions.value.0;
        let lock = old.workloads.get(name);
        let one = match (pins.get(name), lock) {
            (Some(pin), Some(lock)) => revisions::pinned(pin, kept, lock, &old.bodies),
            (None, _) | (_, None) => revisions::revise(template(workload, contents), kept, lock, &old.bodies),
        };
        bodies.insert(one.newest().reference.spec, canonical::encode(&one.spec));
        revised.insert(name.clone(), one);
    }
    let bytes_of: BTreeMap<Digest, Vec<u8>> = contents.values().map(encoded).collect();
    for digest in revised.values().flat_map(|one| one.bodies()) {
        if let Some(bytes) = bytes_of.get(&digest).or_else(|| old.bodies.get(&digest)) {
            bodies.insert(digest, bytes.clone());
        }
    }
    let lock = next_lock::next(repository, placement, &revised, bodies.clone(), old);
    let plans = plans(repository, fleet, placement, contents, &revised);
    let mut content = Content { fleet: fleet.clone(), plans, specs: BTreeMap::new(), contents: BTreeMap::new() };
    let swapped = content.plans.values().flat_map(|plan| &plan.instances).flat_map(|one| &one.contents);
    let swapped: Vec<Digest> = swapped.map(|one| one.content).collect();
    for digest in swapped {
        content.contents.extend(bytes_of.get(&digest).map(|bytes| (digest, bytes.clone())));
    }
    let specs = revised.values().flat_map(|one| &one.revisions).map(|one| one.reference.spec);
    for digest in specs.collect::<std::collections::BTreeSet<_>>() {
        content.specs.extend(bodies.remove(&digest).map(|bytes| (digest, bytes)));
    }
    content.contents.extend(bodies);
    Lowered { content, lock }
}

/// The pod template of a workload, as its files have it.
pub fn template(workload: &Workload, contents: &Contents) -> PodSpec {
    pod::spec(workload.pod(), contents)
}

fn encoded(content: &ConfigContent) -> (Digest, Vec<u8>) {
    let bytes = canonical::encode(content);
    (Digest::of(&bytes), bytes)
}

/// The plan of each node; a node without a replica has an empty one, so that it knows that it runs nothing.
fn plans(
    repository: &Repository,
    fleet: &FleetName,
    placement: &Placement,
    contents: &Contents,
    revised: &BTreeMap<wlc_plan::name::WorkloadName, Revised>,
) -> BTreeMap<NodeName, NodePlan> {
    let there = repository.nodes.iter().filter(|(_, node)| !node.gone.value).map(|(name, _)| name);
    let empty = |node: &NodeName| NodePlan {
        format: Format::V1,
        fleet: fleet.clone(),
        node: node.clone(),
        instances: Vec::new(),
        leaving: Vec::new(),
        volumes: Vec::new(),
        standbys: Vec::new(),
    };
    let mut plans: BTreeMap<NodeName, NodePlan> = there.map(|node| (node.clone(), empty(node))).collect();
    for (name, replicas) in &placement.workloads {
        for (replica, placed) in replicas {
            let instance = instance::instance(&repository.workloads[name], &revised[name], replica, placed, contents);
            if let Some(plan) = plans.get_mut(&placed.node) {
                plan.instances.push(instance);
            }
        }
    }
    for plan in plans.values_mut() {
        plan.instances.sort_by(|a, b| a.replica.cmp(&b.replica));
    }
    plans
}
