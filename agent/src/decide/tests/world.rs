//! A small world: a plan, the simulated Podman, a clock, and an agent that decides and applies until nothing is due.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::FutureExt;
use wlc_plan::{
    binding::Binding,
    digest::Digest,
    format::Format,
    gate::{After, Condition, Counts, Gate, Slot, Step, StepGate},
    instance::{Instance, SpecRef, WorkloadKind},
    name::{ContainerName, FleetName, NodeName, PortName, ReplicaName, SlotName, WorkloadName},
    node_plan::{IpFamily, NodePlan, ReadNodePlan},
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    rollout::{OnFailure, Replacement, Rollout},
    spec::{ContainerSpec, Image, PodSpec, Probe, ProbeHandler, PullPolicy, TcpProbe},
};

use crate::{
    action::{Task, Wait},
    apply::{self, Failure},
    clock::Moment,
    decide::{Decision, Lists, Scene, decide},
    desired::Desired,
    ledger::Ledger,
    observed::{ContainerState, Observed},
    podman::{Podman, PodmanError, Removed, simulated::Simulated},
    probes::verdict::{ContainerVerdicts, Verdict, Verdicts},
};

pub(super) fn replica(name: &str) -> ReplicaName {
    ReplicaName::parse(name).unwrap()
}

pub(super) fn container(name: &str) -> ContainerSpec {
    ContainerSpec::new(
        ContainerName::parse(name).unwrap(),
        Image { name: "web".to_owned(), digest: None, pull: PullPolicy::Never },
    )
}

pub(super) fn spec(containers: Vec<ContainerSpec>) -> PodSpec {
    PodSpec { grace: Millis(5_000), ..PodSpec::new(containers) }
}

/// The spec `main` of this version: another version is another revision.
pub(super) fn version(number: u32) -> PodSpec {
    PodSpec { restarted: Some(number.to_string()), ..spec(vec![container("main")]) }
}

pub(super) fn probe() -> Probe {
    Probe {
        handler: ProbeHandler::Tcp(TcpProbe { port: PortName::parse("http").unwrap(), host: None }),
        initial_delay: Millis(0),
        period: Millis(1_000),
        timeout: Millis(1_000),
        successes: 1,
        failures: 1,
        grace: None,
    }
}

pub(super) fn slot(size: u32) -> StepGate {
    counted("web", Counts::Missing, size)
}

pub(super) fn counted(name: &str, counts: Counts, size: u32) -> StepGate {
    let slot = Slot { name: SlotName::parse(name).unwrap(), size, counts };
    StepGate { step: Step::Replace, gate: Gate::Slot(slot) }
}

pub(super) fn after(step: Step, of: &str, until: Condition) -> StepGate {
    StepGate { step, gate: Gate::After(After { of: vec![replica(of)], until }) }
}

pub(super) fn instance(name: &str, spec: &PodSpec, gates: Vec<StepGate>) -> (Instance, PodSpec) {
    let revision = Revision::of(TemplateVersion::NEWEST, spec);
    let digest = Digest::of(&wlc_plan::canonical::encode(spec));
    let instance = Instance {
        replica: replica(name),
        workload: WorkloadName::parse("web").unwrap(),
        kind: WorkloadKind::Deployment,
        labels: BTreeMap::new(),
        told: BTreeMap::new(),
        spec: SpecRef { number: 1, revision, spec: digest },
        older: Vec::new(),
        contents: Vec::new(),
        sources: Vec::new(),
        leans_on: Vec::new(),
        flap_limit: None,
        binding: Binding::default(),
        rollout: Rollout {
            replacement: Replacement::StopFirst,
            min_ready: Millis(0),
            progress_deadline: Millis(600_000),
            on_failure: OnFailure::Stop,
        },
        gates,
        work: None,
    };
    (instance, spec.clone())
}

pub(super) struct World {
    pub(super) podman: Arc<Simulated>,
    time: Arc<AtomicU64>,
    pub(super) desired: Desired,
    pub(super) ledger: Ledger,
    /// Replicas whose probes fail; those of all others pass.
    pub(super) sick: BTreeSet<ReplicaName>,
    /// Replicas whose probes fail at one revision.
    pub(super) sick_at: BTreeSet<(ReplicaName, Revision)>,
    /// Replicas whose probes were not answered yet.
    pub(super) silent: BTreeSet<ReplicaName>,
}

impl World {
    pub(super) fn new(plan: Vec<(Instance, PodSpec)>) -> Self {
        let time = Arc::new(AtomicU64::new(1_000_000));
        let clock = Arc::clone(&time);
        let fleet = FleetName::parse("f").unwrap();
        let podman = Simulated::new(&fleet, move || Moment(clock.load(Ordering::Relaxed)));
        podman.add_image("web", "");
        let desired = desired(plan, &BTreeMap::new());
        let (sick, sick_at, silent) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { podman: Arc::new(podman), time, desired, ledger: Ledger::default(), sick, sick_at, silent }
    }

    /// Another plan is accepted.
    pub(super) fn accept(&mut self, plan: Vec<(Instance, PodSpec)>) {
        self.desired = desired(plan, &self.desired.specs);
    }

    pub(super) fn now(&self) -> Moment {
        Moment(self.time.load(Ordering::Relaxed))
    }

    pub(super) fn sleep(&self, milliseconds: u64) {
        self.time.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub(super) fn set_clock(&self, now: Moment) {
        self.time.store(now.0, Ordering::Relaxed);
    }

    pub(super) fn observe(&self) -> Observed {
        // A crash point may lie here: then the next agent observes anew.
        let observe = || self.podman.observe().now_or_never().unwrap();
        observe().or_else(|_| observe()).unwrap()
    }

    pub(super) fn decide(&self) -> Decision {
        self.decide_while_busy(&BTreeSet::new())
    }

    pub(super) fn decide_while_busy(&self, busy: &BTreeSet<ReplicaName>) -> Decision {
        let observed = self.observe();
        let verdicts = self.verdicts(&observed);
        let (desired, ledger, now) = (&self.desired, &self.ledger, self.now());
        let lists = Lists::default();
        decide(Scene { desired, observed: &observed, verdicts: &verdicts, ledger, busy, now, lists: &lists })
    }

    /// One pass, whose tasks are carried out one after the other; gives back what was decided.
    pub(super) fn pass(&mut self) -> Decision {
        let decision = self.decide();
        self.ledger = decision.ledger.clone();
        for task in &decision.tasks {
            self.apply(task);
        }
        for name in &decision.unneeded_images {
            match self.podman.remove_image(name).now_or_never().unwrap().unwrap() {
                Removed::Gone => drop(self.ledger.images.remove(name)),
                Removed::Used(_) => self.ledger.put_off_image(name, self.now()),
            }
        }
        decision
    }

    pub(super) fn apply(&mut self, task: &Task) {
        match apply::apply(self.podman.as_ref(), task).now_or_never().unwrap() {
            Ok(brought) => {
                self.ledger.succeeded(&task.replica);
                brought.iter().for_each(|one| self.ledger.brought(&one.reference, &one.pulled));
            }
            // A crash point: the agent was ended, and nothing is noted.
            Err(Failure { error: PodmanError::Unreachable { .. }, .. }) => {}
            Err(failure) => {
                self.ledger.failed(&task.replica, (&task.pod, failure.cause()), self.now(), failure.to_string());
            }
        }
        self.sleep(10);
    }

    /// Passes, with time passing as the decisions ask for it, until there is nothing to do and nothing is due.
    pub(super) fn settle(&mut self) {
        for _ in 0..200 {
            let decision = self.pass();
            match (decision.tasks.is_empty(), decision.next_due) {
                (true, None) => return,
                (true, Some(at)) => self.sleep(at.since(self.now()).0),
                (false, _) => {}
            }
        }
        panic!("it never settles: {:#?}", self.decide());
    }

    /// Somebody wants it tried again.
    pub(super) fn retry(&mut self, name: &str) {
        let (replica, workload) = (replica(name), WorkloadName::parse("web").unwrap());
        let (observed, now) = (self.observe(), self.now());
        self.ledger.retry((&replica, &workload), Some(&self.desired), Some(&observed), now);
    }

    /// The running containers, by name.
    pub(super) fn running(&self) -> Vec<String> {
        let pods = self.observe().pods;
        let containers = pods.into_iter().flat_map(|pod| pod.containers.clone());
        let running = containers.filter(|one| matches!(one.state, ContainerState::Running { .. }));
        running.map(|one| one.name).collect()
    }

    pub(super) fn waits(decision: &Decision, name: &str) -> Vec<&'static str> {
        decision.waits.iter().filter(|wait: &&Wait| wait.replica == replica(name)).map(|wait| wait.gate).collect()
    }

    fn verdicts(&self, observed: &Observed) -> Verdicts {
        let mut verdicts = Verdicts::new();
        for pod in observed.pods() {
            for one in &pod.containers {
                let ContainerState::Running { started } = one.state else { continue };
                let verdict = if self.silent.contains(&pod.replica) {
                    Verdict::Unknown
                } else if self.sick.contains(&pod.replica)
                    || self.sick_at.contains(&(pod.replica.clone(), pod.revision))
                {
                    Verdict::Failed { since: started, saw: "refused".to_owned() }
                } else {
                    Verdict::Passed { since: started }
                };
                let all = ContainerVerdicts { startup: verdict.clone(), readiness: verdict.clone(), liveness: verdict };
                verdicts.insert(one.id.clone(), all);
            }
        }
        verdicts
    }
}

fn desired(plan: Vec<(Instance, PodSpec)>, kept: &BTreeMap<Revision, Arc<PodSpec>>) -> Desired {
    let specs = plan.iter().map(|(instance, spec)| (instance.spec.spec, spec.clone())).collect();
    let plan = NodePlan {
        format: Format::V1,
        fleet: FleetName::parse("f").unwrap(),
        node: NodeName::parse("n").unwrap(),
        instances: plan.into_iter().map(|(instance, _)| instance).collect(),
        leaving: Vec::new(),
        volumes: Vec::new(),
        standbys: Vec::new(),
        ip_family: IpFamily::Ipv4,
    };
    Desired::of(&ReadNodePlan { plan, unreadable: Vec::new() }, &specs, kept)
}
