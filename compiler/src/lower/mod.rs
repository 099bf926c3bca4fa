//! Model and placement → specs, instances and gates: every default is filled in, every strategy becomes gates.

mod claims;
mod config;
mod env;
mod given;
mod instance;
mod job;
mod leaving;
mod life;
mod mount;
mod next_lock;
mod nodes;
mod pod;
mod revisions;
mod rollout;
mod security;
mod surroundings;
mod told;

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    content::ConfigContent,
    digest::Digest,
    format::Format,
    name::{FleetName, NodeName, ReplicaName, WorkloadName},
    node_plan::{IpFamily, NodePlan},
    spec::PodSpec,
};

pub use self::{config::contents, given::Contents, nodes::check_nodes, pod::published};
use self::{revisions::Revised, rollout::Site};
use crate::{
    content::Content,
    diagnostics::{Code, Diagnostic, Problems},
    lock::Lock,
    model::{Repository, fleet::IpFamilyWord, workload::Workload},
    parallel,
    pins::Pins,
    placement::{Placement, leaned_on},
    rollout::hold,
};

/// So many pod templates are made before another thread would have begun.
const WORKLOADS_FOR_A_THREAD: usize = 32;

/// What a build decides: the content of the plan set, and the lock that remembers it.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The content of the plan set.
    pub content: Content,
    /// The lock after this build.
    pub lock: Lock,
    /// The waves of each rollout that have not come, in order.
    pub waves: BTreeMap<WorkloadName, Vec<String>>,
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
    problems: &mut Problems,
) -> Lowered {
    let mut bodies: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
    let mut revised: BTreeMap<_, Revised> = BTreeMap::new();
    let workloads: Vec<_> = repository.workloads.iter().collect();
    let all = parallel::map(&workloads, (workloads.len(), WORKLOADS_FOR_A_THREAD), |(name, workload)| {
        let kept = workload.common().revisions.value.0;
        match (pins.get(*name), old.workloads.get(*name)) {
            (Some(pin), Some(lock)) => revisions::pinned(pin, kept, lock, &old.bodies),
            (None, lock) | (_, lock @ None) => revisions::revise(template(workload, contents), kept, lock, &old.bodies),
        }
    });
    for ((name, workload), mut one) in workloads.into_iter().zip(all) {
        let lock = old.workloads.get(name);
        if one.pinned.is_none() {
            let newest = one.newest().reference.revision;
            hold::check(workload, lock, &newest, problems);
            let placed = by_wave(repository, workload, placement);
            one.keep(hold::hold(workload, lock, &newest, &placed), &old.bodies);
            same_ports(workload, &one, problems);
        }
        bodies.insert(one.newest().reference.spec, one.body.clone());
        revised.insert(name.clone(), one);
    }
    let bytes_of: BTreeMap<Digest, Vec<u8>> = contents.values().map(encoded).collect();
    for digest in revised.values().flat_map(|one| one.bodies()) {
        if let Some(bytes) = bytes_of.get(&digest).or_else(|| old.bodies.get(&digest)) {
            bodies.insert(digest, bytes.clone());
        }
    }
    let lock = next_lock::next(repository, placement, &revised, bodies.clone(), old);
    nodes::check_removed(repository, placement, &lock, problems);
    let occasions = job::Occasions::of(repository, &revised, &lock);
    let mut plans = plans(repository, fleet, placement, contents, &revised, &occasions);
    leaving::add(repository, placement, &lock, &mut plans);
    claims::plan(placement, &lock, &mut plans);
    let mut content = Content { fleet: fleet.clone(), plans, specs: BTreeMap::new(), contents: BTreeMap::new() };
    let swapped = content.plans.values().flat_map(|plan| &plan.instances).flat_map(|one| &one.contents);
    let sources = content.plans.values().flat_map(|plan| &plan.instances).flat_map(|one| &one.sources);
    let sources = sources.flat_map(|one| one.configs.values().copied());
    let swapped: Vec<Digest> = swapped.map(|one| one.content).chain(sources).collect();
    for digest in swapped {
        content.contents.extend(bytes_of.get(&digest).map(|bytes| (digest, bytes.clone())));
    }
    let specs = revised.values().flat_map(|one| &one.revisions).map(|one| one.reference.spec);
    for digest in specs.collect::<std::collections::BTreeSet<_>>() {
        content.specs.extend(bodies.remove(&digest).map(|bytes| (digest, bytes)));
    }
    content.contents.extend(bodies);
    let waves = revised.iter().map(|(name, one)| (name.clone(), one.hold.to_come.clone()));
    let waves = waves.filter(|(_, to_come)| !to_come.is_empty()).collect();
    Lowered { content, lock, waves }
}

/// The pod template of a workload, as its files have it.
pub fn template(workload: &Workload, contents: &Contents) -> PodSpec {
    let mut spec = pod::spec(workload.pod(), contents);
    job::shape(workload, &mut spec);
    spec
}

/// The replicas of a workload, each with the value of the label by which its node belongs to a wave.
fn by_wave<'a>(
    repository: &'a Repository,
    workload: &Workload,
    placement: &'a Placement,
) -> BTreeMap<&'a ReplicaName, &'a str> {
    let key = workload.pace().and_then(|pace| pace.by.as_ref()).map(|by| &by.value);
    let value = |node: &NodeName| {
        let mut labels = repository.nodes.get(node)?.labels.iter();
        labels.find(|label| Some(&label.key.value) == key).map(|label| label.value.value.as_str())
    };
    let placed = placement.workloads.get(&workload.name().value).into_iter().flatten();
    placed.map(|(replica, placed)| (replica, value(&placed.node).unwrap_or_default())).collect()
}

/// Replicas that keep an older revision have the ports of the files: both revisions must publish the same.
fn same_ports(workload: &Workload, revised: &Revised, problems: &mut Problems) {
    if revised.base.as_ref().is_none_or(|base| pod::published(base) == pod::published(&revised.spec)) {
        return;
    }
    let number = revised.hold.base.unwrap_or_default();
    let name = &workload.name().value;
    let message = format!("`{name}` publishes other ports than revision {number}, which some of its replicas keep");
    let diagnostic = Diagnostic::new(Code::Contradiction, message, workload.span(), "other ports");
    problems.add(diagnostic.hint("let all replicas have the same revision first, or publish the same ports"));
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
    occasions: &job::Occasions<'_>,
) -> BTreeMap<NodeName, NodePlan> {
    let there = repository.nodes.iter().filter(|(_, node)| !node.gone.value).map(|(name, _)| name);
    let ip_family = repository.fleet.as_ref().map_or_else(IpFamily::default, |fleet| match fleet.ip_family.value {
        IpFamilyWord::Ipv4 => IpFamily::Ipv4,
        IpFamilyWord::Dual => IpFamily::Dual,
    });
    let empty = |node: &NodeName| NodePlan {
        format: Format::V1,
        fleet: fleet.clone(),
        node: node.clone(),
        instances: Vec::new(),
        leaving: Vec::new(),
        volumes: Vec::new(),
        standbys: Vec::new(),
        ip_family,
    };
    let mut plans: BTreeMap<NodeName, NodePlan> = there.map(|node| (node.clone(), empty(node))).collect();
    for (name, replicas) in &placement.workloads {
        for (replica, placed) in replicas {
            let workload = &repository.workloads[name];
            let site = Site::of(repository, placement, workload, &placed.node);
            let mut instance = instance::instance(workload, &revised[name], (replica, placed), &site, contents);
            instance.leans_on = leaned_on(repository, workload, &placed.node);
            instance.work = job::work(workload, placement, &placed.node, occasions);
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
