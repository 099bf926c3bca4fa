//! What should run on this node now: the accepted plan, read with the eyes of this version.
//!
//! An instance that asks for something that this version cannot carry out is refused alone, by name; what runs of it is
//! left alone. Whatever is neither wanted, nor leaving, nor refused here is in no plan and leaves at once.

use std::{collections::BTreeMap, sync::Arc};

use wlc_plan::{
    binding::Turn,
    digest::Digest,
    gate::{Gate, StepGate},
    instance::{Instance, Leaving, WorkloadKind},
    job::{Cron, Work},
    name::{FleetName, NodeName, ReplicaName, WorkloadName},
    node_plan::{ClaimVolume, IpFamily, NodePlan, ReadNodePlan},
    quantity::Millis,
    revision::Revision,
    schedule::{Schedule, Zone},
    spec::PodSpec,
};

use crate::podman::labels::{ClaimLabels, PodLabels};

/// How long a pod may take to stop where its spec is not known. Kubernetes: the default of `terminationGracePeriodSeconds`.
pub const UNKNOWN_GRACE: Millis = Millis::from_seconds(30);

/// What should run on this node. A copy of it costs little: each pass makes one, with the attempts of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The fleet.
    pub fleet: FleetName,
    /// The node.
    pub node: NodeName,
    /// The instances to run, sorted by replica.
    pub wanted: Vec<Arc<Wanted>>,
    /// The replicas that leave in order, sorted by name.
    pub leaving: Vec<Leaving>,
    /// What is left alone, sorted by replica.
    pub refused: BTreeMap<ReplicaName, Refused>,
    /// The specs of all revisions that may run here, by revision.
    pub specs: BTreeMap<Revision, Arc<PodSpec>>,
    /// Volumes of claims, sorted by replica and claim.
    pub claims: Vec<ClaimVolume>,
    /// Which addresses pods have in the fleet's network.
    pub ip_family: IpFamily,
    /// Jobs and cron jobs, sorted by name.
    pub jobs: Vec<Arc<WantedJob>>,
}

/// A job or cron job of which runs go here.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedJob {
    /// The job.
    pub workload: WorkloadName,
    /// What it runs.
    pub work: Work,
    /// Its places: each run takes the binding of one of them. There is at least one.
    pub places: Vec<Wanted>,
    /// When it is due and where, of a cron job; a validator has seen that both can be read.
    pub times: Option<(Schedule, Zone)>,
}

/// An instance to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The instance of the plan.
    pub instance: Instance,
    /// The spec of the revision that is asked for.
    pub spec: Arc<PodSpec>,
    /// The labels of the pod that is asked for; its name follows from them.
    pub labels: PodLabels,
    /// The digests of its binding, in both turns.
    pub turns: [Digest; 2],
}

/// An instance that this version cannot carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its workload and kind, where they can be read.
    pub workload: Option<(WorkloadName, WorkloadKind)>,
    /// What this version cannot do.
    pub why: String,
}

impl WantedJob {
    fn of(workload: WorkloadName, work: Work, place: Wanted) -> Self {
        let read = |cron: &Cron| Some((Schedule::parse(&cron.schedule).ok()?, Zone::parse(&cron.zone)?));
        let times = work.cron.as_ref().and_then(read);
        Self { workload, work, places: vec![place], times }
    }
}

impl Wanted {
    /// The replica's name.
    pub fn replica(&self) -> &ReplicaName {
        &self.instance.replica
    }

    /// The name of the pod that is asked for.
    pub fn pod_name(&self) -> String {
        self.labels.pod_name()
    }

    /// Whether it is an attempt of a job.
    pub fn is_attempt(&self) -> bool {
        self.labels.run.is_some()
    }

    /// The labels of a pod of it that is of this revision and holds its binding in this turn.
    pub fn labels_of(&self, revision: Revision, turn: Turn) -> PodLabels {
        let [first, second] = self.turns;
        let binding = match turn {
            Turn::First => first,
            Turn::Second => second,
        };
        PodLabels { revision, binding, ..self.labels.clone() }
    }

    /// Whether a pod of this name is one of the revision that is asked for.
    pub fn asks_for(&self, pod: &str) -> bool {
        let of = |turn| self.labels_of(self.instance.spec.revision, turn).pod_name();
        [Turn::First, Turn::Second].into_iter().any(|turn| of(turn) == pod)
    }

    /// The turn in which a pod with this binding holds its ports; none where it holds others.
    pub fn turn(&self, binding: Digest) -> Option<Turn> {
        let [first, second] = self.turns;
        (binding == first).then_some(Turn::First).or((binding == second).then_some(Turn::Second))
    }
}

impl Desired {
    /// Reads a plan. `specs` are the specs of the plan set by the digest of their file; `kept` are those of revisions of
    /// which a container may still exist.
    pub fn of(read: &ReadNodePlan, specs: &BTreeMap<Digest, PodSpec>, kept: &BTreeMap<Revision, Arc<PodSpec>>) -> Self {
        let plan = &read.plan;
        let mut desired = Self::nothing(plan);
        desired.specs.clone_from(kept);
        for unreadable in &read.unreadable {
            desired.refuse(&unreadable.replica, None, &unreadable.why);
        }
        for instance in &plan.instances {
            desired.add(instance, specs);
        }
        for leaving in &plan.leaving {
            desired.add_leaving(leaving);
        }
        for standby in &plan.standbys {
            let instance = &standby.instance;
            let workload = Some((instance.workload.clone(), instance.kind));
            desired.refuse(&instance.replica, workload, "standbys are not carried out by this version");
        }
        desired
    }

    /// Whether a replica is named by the plan in any way.
    pub fn names(&self, replica: &ReplicaName) -> bool {
        self.wanted(replica).is_some()
            || self.refused.contains_key(replica)
            || self.leaving.iter().any(|leaving| leaving.replica == *replica)
    }

    /// The instance of a replica.
    pub fn wanted(&self, replica: &ReplicaName) -> Option<&Wanted> {
        let at = self.wanted.binary_search_by(|wanted| wanted.replica().cmp(replica)).ok()?;
        Some(&self.wanted[at])
    }

    /// The spec of a revision that may run here.
    pub fn spec(&self, revision: &Revision) -> Option<&PodSpec> {
        self.specs.get(revision).map(Arc::as_ref)
    }

    /// How long a pod of this revision may take to stop.
    pub fn grace(&self, revision: &Revision) -> Millis {
        self.specs.get(revision).map_or(UNKNOWN_GRACE, |spec| spec.grace)
    }

    fn nothing(plan: &NodePlan) -> Self {
        Self {
            fleet: plan.fleet.clone(),
            node: plan.node.clone(),
            wanted: Vec::new(),
            leaving: Vec::new(),
            refused: BTreeMap::new(),
            specs: BTreeMap::new(),
            claims: plan.volumes.clone(),
            ip_family: plan.ip_family,
            jobs: Vec::new(),
        }
    }

    /// The names of the volumes of all claims.
    pub fn claim_volumes(&self) -> impl Iterator<Item = String> {
        self.claims.iter().map(|one| ClaimLabels::new(&self.fleet, &one.replica, &one.claim).volume_name())
    }

    fn refuse(&mut self, replica: &ReplicaName, workload: Option<(WorkloadName, WorkloadKind)>, why: &str) {
        self.refused.entry(replica.clone()).or_insert_with(|| Refused { workload, why: why.to_owned() });
    }

    fn add(&mut self, instance: &Instance, specs: &BTreeMap<Digest, PodSpec>) {
        for known in std::iter::once(&instance.spec).chain(&instance.older) {
            if let Some(spec) = specs.get(&known.spec) {
                self.share(known.revision, spec);
            }
        }
        let workload = Some((instance.workload.clone(), instance.kind));
        match (cannot(instance), specs.get(&instance.spec.spec)) {
            (Some(why), _) => self.refuse(&instance.replica, workload, &why),
            (None, None) => self.refuse(&instance.replica, workload, "its spec is not part of the plan set"),
            (None, Some(spec)) => {
                let spec = self.share(instance.spec.revision, spec);
                let wanted = self.want(instance, spec);
                match instance.work.as_deref() {
                    Some(work) => self.add_place(work, wanted),
                    None => self.wanted.push(Arc::new(wanted)),
                }
            }
        }
    }

    /// The spec of a revision, which all replicas of it share.
    fn share(&mut self, revision: Revision, spec: &PodSpec) -> Arc<PodSpec> {
        let known = self.specs.entry(revision).or_insert_with(|| Arc::new(spec.clone()));
        if **known != *spec {
            *known = Arc::new(spec.clone());
        }
        Arc::clone(known)
    }

    /// The instances of a job stand side by side: they are sorted by name.
    fn add_place(&mut self, work: &Work, place: Wanted) {
        let workload = &place.instance.workload;
        match self.jobs.iter_mut().find(|job| job.workload == *workload) {
            Some(job) => Arc::make_mut(job).places.push(place),
            None => {
                let job = WantedJob::of(workload.clone(), work.clone(), place);
                self.jobs.push(Arc::new(job));
                self.jobs.sort_by(|a, b| a.workload.cmp(&b.workload));
            }
        }
    }

    /// The job of this name.
    pub fn job(&self, workload: &WorkloadName) -> Option<&WantedJob> {
        self.jobs.iter().find(|job| job.workload == *workload).map(Arc::as_ref)
    }

    fn want(&self, instance: &Instance, spec: Arc<PodSpec>) -> Wanted {
        let labels = PodLabels::new(
            &self.fleet,
            &instance.workload,
            &instance.replica,
            instance.spec.revision,
            (&instance.binding, Turn::First),
        );
        let turns = [Turn::First, Turn::Second].map(|turn| instance.binding.digest(turn));
        Wanted { instance: instance.clone(), spec, labels, turns }
    }

    fn add_leaving(&mut self, leaving: &Leaving) {
        let workload = Some((leaving.workload.clone(), leaving.kind));
        match unknown_gate(&leaving.gates) {
            Some(why) => self.refuse(&leaving.replica, workload, &why),
            None => self.leaving.push(leaving.clone()),
        }
    }
}

/// What this version cannot carry out of an instance.
fn cannot(instance: &Instance) -> Option<String> {
    unknown_kind(instance).or_else(|| unknown_gate(&instance.gates))
}

fn unknown_kind(instance: &Instance) -> Option<String> {
    match (instance.kind, &instance.work) {
        (WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet, None) => None,
        (WorkloadKind::Job | WorkloadKind::CronJob, Some(_)) => None,
        (kind, None) => Some(format!("the plan says nothing of the runs of this {}", kind.word())),
        (kind, Some(_)) => Some(format!("a {} has no runs", kind.word())),
    }
}

fn unknown_gate(gates: &[StepGate]) -> Option<String> {
    let word = gates.iter().find_map(|step| match step.gate {
        Gate::After(_) | Gate::Slot(_) | Gate::Between(_) => None,
        Gate::Lease(_) => Some("lease"),
        Gate::Once(_) => Some("once"),
    })?;
    Some(format!("the gate `{word}` is not carried out by this version"))
}
