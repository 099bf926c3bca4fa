//! The rules that every plan obeys, run by both sides.
//!
//! A finding in the compiler is a bug of wlc, and says so; in the agent it refuses the plan. The rules of a format never
//! become stricter once plans of it have been published.

mod jobs;
mod pod;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use crate::{
    content::ConfigContent,
    digest::Digest,
    gate::{Condition, Counts, Gate, Step, StepGate},
    instance::{Instance, SpecRef, WorkloadKind},
    limits,
    name::{ContainerName, PortName, ReplicaName, SlotName, VolumeName},
    node_plan::NodePlan,
    restarts::FlapLimit,
    revision::Revision,
    spec::{PodSpec, Protocol},
};

/// A rule that a plan breaks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The replica, and the container or gate in it.
    pub at: String,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.rule)
    }
}

/// The rules, each as the sentence that says how it is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences say it")]
pub enum Rule {
    #[error("{what} are not sorted by name, or one is there twice")]
    Order { what: &'static str },
    #[error("{count} {what}, at most {most} are allowed")]
    TooMany { what: &'static str, count: usize, most: usize },
    #[error("the replica's name does not begin with its workload's name and `-`")]
    ReplicaName,
    #[error("its spec {0} is not part of the set")]
    NoSpec(Digest),
    #[error("its revision is {said}, but its spec gives {found}")]
    RevisionMismatch { said: Box<Revision>, found: Box<Revision> },
    #[error("its content {0} is not part of the set")]
    NoContent(Digest),
    #[error("the pod has no container `{0}`")]
    NoContainer(ContainerName),
    #[error("the container has no port `{0}`")]
    NoPort(PortName),
    #[error("the published port `{0}` has no host port")]
    Unbound(PortName),
    #[error("host port {port}/{protocol:?} is given twice on this node")]
    HostPortTwice { port: u16, protocol: Protocol },
    #[error("slot `{slot}` has room for {first} at one instance and for {second} at another, or for none")]
    SlotSize { slot: SlotName, first: u32, second: u32 },
    #[error("it waits for itself, over {0:?}")]
    Circle(Vec<ReplicaName>),
    #[error("a gate waits for nobody, or for a window of no time")]
    EmptyGate,
    #[error("a pod needs at least one container")]
    Empty,
    #[error("`{0}` is there twice")]
    Twice(String),
    #[error("the value of `{field}` is outside {range}")]
    Range { field: &'static str, range: &'static str },
    #[error("a container may only wait for one that is started before it, not for `{0}`")]
    AfterLater(ContainerName),
    #[error("a container that the pod is for stands before it, and would run without it")]
    RoleOrder,
    #[error("an init container has neither probes nor hooks")]
    InitWithProbes,
    #[error("a command has no words")]
    EmptyCommand,
    #[error("a readiness probe stops nothing, and has no grace")]
    ReadinessGrace,
    #[error("the volume `{0}` is not declared")]
    NoVolume(String),
    #[error("`{0}` does not lie below its directory")]
    NotBelow(String),
    #[error("the claim `{0}` has no volume in this plan")]
    NoClaim(String),
    #[error("a limit is below its request")]
    LimitBelowRequest,
    #[error("only a job and a cron job have runs, and each has")]
    Work,
    #[error("its runs are not those of the job's other instances")]
    OtherWork,
    #[error("{0}")]
    Schedule(String),
}

/// All rules that a plan breaks, given the files that it names. An empty list: it may be carried out.
pub fn validate(
    plan: &NodePlan,
    specs: &BTreeMap<Digest, PodSpec>,
    contents: &BTreeMap<Digest, ConfigContent>,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let instances = || plan.instances.iter().chain(plan.standbys.iter().map(|standby| &standby.instance));
    check_names(plan, &mut findings);
    check_host_ports(plan.instances.iter(), &mut findings);
    check_slots(plan, &mut findings);
    check_circles(plan, &mut findings);
    jobs::check(plan, &mut findings);
    for instance in &plan.instances {
        check_claims(plan, instance, specs, &mut findings);
    }
    for instance in instances() {
        check_instance(instance, specs, contents, &mut findings);
    }
    for spec in used_specs(instances(), specs) {
        pod::check(spec, contents, &mut findings);
    }
    findings.list
}

/// Collects what is wrong.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, at: impl fmt::Display, rule: Rule) {
        self.list.push(Finding { at: at.to_string(), rule });
    }

    fn limit(&mut self, at: impl fmt::Display, what: &'static str, count: usize, most: usize) {
        if count > most {
            self.add(at, Rule::TooMany { what, count, most });
        }
    }
}

fn used_specs<'a>(
    instances: impl Iterator<Item = &'a Instance>,
    specs: &'a BTreeMap<Digest, PodSpec>,
) -> impl Iterator<Item = &'a PodSpec> {
    let used: BTreeSet<Digest> = instances.flat_map(all_specs).map(|spec| spec.spec).collect();
    used.into_iter().filter_map(|digest| specs.get(&digest))
}

fn all_specs(instance: &Instance) -> impl Iterator<Item = &SpecRef> {
    std::iter::once(&instance.spec).chain(&instance.older)
}

fn check_names(plan: &NodePlan, findings: &mut Findings) {
    let count = plan.instances.len() + plan.leaving.len() + plan.standbys.len();
    findings.limit(&plan.node, "replicas", count, limits::REPLICAS_PER_NODE);
    let standby = |one: &crate::node_plan::Standby| one.instance.replica.clone();
    let lists: [(&'static str, Vec<ReplicaName>); 3] = [
        ("instances", plan.instances.iter().map(|one| one.replica.clone()).collect()),
        ("leaving instances", plan.leaving.iter().map(|one| one.replica.clone()).collect()),
        ("standbys", plan.standbys.iter().map(standby).collect()),
    ];
    for (what, names) in &lists {
        if !names.is_sorted_by(|a, b| a < b) {
            findings.add(&plan.node, Rule::Order { what });
        }
    }
    let mut seen = BTreeSet::new();
    for name in lists.iter().flat_map(|(_, names)| names) {
        if !seen.insert(name) {
            findings.add(name, Rule::Twice(name.to_string()));
        }
    }
}

/// Two ports collide when number and protocol are equal and their addresses are equal or one listens on all (S-404).
fn check_host_ports<'a>(instances: impl Iterator<Item = &'a Instance>, findings: &mut Findings) {
    let mut taken: BTreeMap<(u16, Protocol), Vec<Option<IpAddr>>> = BTreeMap::new();
    for instance in instances {
        for port in &instance.binding.ports {
            for number in port.host.all() {
                let others = taken.entry((number, port.protocol)).or_default();
                if others.iter().any(|other| *other == port.address || other.is_none() || port.address.is_none()) {
                    findings.add(&instance.replica, Rule::HostPortTwice { port: number, protocol: port.protocol });
                }
                others.push(port.address);
            }
        }
    }
}

fn all_gates(plan: &NodePlan) -> impl Iterator<Item = (&ReplicaName, &StepGate)> {
    let instances = plan.instances.iter().map(|one| (&one.replica, &one.gates));
    let leaving = plan.leaving.iter().map(|one| (&one.replica, &one.gates));
    instances.chain(leaving).flat_map(|(name, gates)| gates.iter().map(move |gate| (name, gate)))
}

fn check_slots(plan: &NodePlan, findings: &mut Findings) {
    let mut sizes: BTreeMap<(&SlotName, Counts), u32> = BTreeMap::new();
    for (replica, StepGate { step: _, gate }) in all_gates(plan) {
        let empty = match gate {
            Gate::Slot(slot) => {
                let first = *sizes.entry((&slot.name, slot.counts)).or_insert(slot.size);
                if first != slot.size || (slot.size == 0 && slot.counts == Counts::Surge) {
                    let slot_name = slot.name.clone();
                    findings.add(replica, Rule::SlotSize { slot: slot_name, first, second: slot.size });
                }
                false
            }
            Gate::After(after) => after.of.is_empty(),
            Gate::Between(between) => !between.is_whole(),
            Gate::Lease(_) | Gate::Once(_) => false,
        };
        if empty {
            findings.add(replica, Rule::EmptyGate);
        }
    }
}

/// Gates that order first starts must not run in a circle. What is gone waits for nobody.
fn check_circles(plan: &NodePlan, findings: &mut Findings) {
    let mut waits: BTreeMap<&ReplicaName, Vec<&ReplicaName>> = BTreeMap::new();
    for (replica, StepGate { step, gate }) in all_gates(plan) {
        if let (Step::FirstStart, Gate::After(after)) = (step, gate)
            && after.until != Condition::Gone
        {
            waits.entry(replica).or_default().extend(&after.of);
        }
    }
    let mut done = BTreeSet::new();
    for start in waits.keys() {
        if let Some(circle) = circle_from(start, &waits, &mut Vec::new(), &mut done) {
            findings.add(start, Rule::Circle(circle.into_iter().cloned().collect()));
            return;
        }
    }
}

fn circle_from<'a>(
    at: &'a ReplicaName,
    waits: &BTreeMap<&'a ReplicaName, Vec<&'a ReplicaName>>,
    path: &mut Vec<&'a ReplicaName>,
    done: &mut BTreeSet<&'a ReplicaName>,
) -> Option<Vec<&'a ReplicaName>> {
    if let Some(start) = path.iter().position(|name| *name == at) {
        return Some(path[start..].to_vec());
    }
    if !done.insert(at) {
        return None;
    }
    path.push(at);
    let found = waits.get(at).into_iter().flatten().find_map(|next| circle_from(next, waits, path, done));
    path.pop();
    found
}

fn check_instance(
    instance: &Instance,
    specs: &BTreeMap<Digest, PodSpec>,
    contents: &BTreeMap<Digest, ConfigContent>,
    findings: &mut Findings,
) {
    let at = &instance.replica;
    findings.limit(at, "labels", instance.labels.len(), limits::LABELS);
    let told = instance.told.iter().map(|(word, text)| word.len() + text.len()).sum();
    findings.limit(at, "bytes that it tells", told, limits::TOLD_BYTES);
    findings.limit(at, "specs", 1 + instance.older.len(), limits::SPECS_PER_INSTANCE);
    if instance.flap_limit.is_some_and(|limit| !(2..=FlapLimit::MOST).contains(&limit.ends) || limit.within.0 == 0) {
        findings.add(at, Rule::Range { field: "flap_limit", range: "2 to 100 ends in some time" });
    }
    findings.limit(at, "needs of its node", instance.leans_on.len(), limits::NEEDS_PER_INSTANCE);
    if instance.leans_on.iter().flat_map(|need| &need.clauses).any(|clause| !clause.test.is_whole()) {
        findings.add(at, Rule::Range { field: "leans_on", range: "comparisons that can be read" });
    }
    findings.limit(at, "gates", instance.gates.len(), limits::GATES_PER_INSTANCE);
    let rest = at.as_str().strip_prefix(instance.workload.as_str());
    // The one that starts the runs of a cron job is named like it.
    let is_owner = instance.kind == WorkloadKind::CronJob && rest == Some("");
    if !is_owner && !rest.is_some_and(|rest| rest.starts_with('-')) {
        findings.add(at, Rule::ReplicaName);
    }
    for reference in all_specs(instance) {
        match specs.get(&reference.spec) {
            None => findings.add(at, Rule::NoSpec(reference.spec)),
            Some(spec) => check_revision(at, reference, spec, findings),
        }
    }
    for digest in instance.sources.iter().flat_map(|one| one.configs.values()).filter(|one| !contents.contains_key(one))
    {
        findings.add(at, Rule::NoContent(*digest));
    }
    for swapped in instance.contents.iter().filter(|swapped| !contents.contains_key(&swapped.content)) {
        findings.add(at, Rule::NoContent(swapped.content));
    }
    if let Some(spec) = specs.get(&instance.spec.spec) {
        check_binding(instance, spec, findings);
    }
}

/// Each claim that a container mounts has a volume.
fn check_claims(plan: &NodePlan, instance: &Instance, specs: &BTreeMap<Digest, PodSpec>, findings: &mut Findings) {
    let Some(spec) = specs.get(&instance.spec.spec) else { return };
    let has =
        |claim: &VolumeName| plan.volumes.iter().any(|one| one.replica == instance.replica && one.claim == *claim);
    for claim in spec.claims().into_iter().filter(|claim| !has(claim)) {
        findings.add(&instance.replica, Rule::NoClaim(claim.to_string()));
    }
}

fn check_revision(at: &ReplicaName, reference: &SpecRef, spec: &PodSpec, findings: &mut Findings) {
    let found = Revision::of(reference.revision.version(), spec);
    if found != reference.revision {
        findings.add(at, Rule::RevisionMismatch { said: Box::new(reference.revision), found: Box::new(found) });
    }
    if reference.number == 0 {
        findings.add(at, Rule::Range { field: "number", range: "1 and above" });
    }
}

fn check_binding(instance: &Instance, spec: &PodSpec, findings: &mut Findings) {
    let mut bound = BTreeSet::new();
    for port in &instance.binding.ports {
        let at = format!("{}/{}", instance.replica, port.container);
        match spec.container(&port.container) {
            None => findings.add(at, Rule::NoContainer(port.container.clone())),
            Some(container) if !container.ports.iter().any(|own| own.name == port.port && own.published) => {
                findings.add(at, Rule::NoPort(port.port.clone()));
            }
            Some(_) if !bound.insert((&port.container, &port.port)) => {
                findings.add(at, Rule::Twice(port.port.to_string()));
            }
            Some(_) => {}
        }
    }
    for container in &spec.containers {
        for port in container.ports.iter().filter(|port| port.published) {
            if !bound.contains(&(&container.name, &port.name)) {
                findings.add(format!("{}/{}", instance.replica, container.name), Rule::Unbound(port.name.clone()));
            }
        }
    }
    for device in instance.binding.devices.iter().filter(|device| spec.container(&device.container).is_none()) {
        findings.add(&instance.replica, Rule::NoContainer(device.container.clone()));
    }
}

#[cfg(test)]
mod tests;
