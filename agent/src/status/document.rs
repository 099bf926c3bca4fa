//! The status document: what `wlagent status --format json` prints. Its fields keep their names and meaning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wlc_plan::{
    instance::WorkloadKind,
    name::{ContainerName, FleetName, NodeName, ReplicaName, WorkloadName},
    revision::Revision,
    time::Timestamp,
};

pub use super::jobs::{CronJob, Job};
use super::{jobs, live::Live};
use crate::{
    action::Wait,
    clock::Moment,
    decide::{ContainerFailure, ContainerView, Decision, InstanceState},
    events::notice::Recalled,
    ledger::Hold,
    plans::Plans,
};

/// The version of the document.
pub const VERSION: u32 = 1;

/// What the agent says about itself and its node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The version of this form.
    pub version: u32,
    /// The node.
    pub node: NodeName,
    /// The fleet.
    pub fleet: FleetName,
    /// The generation in force; none where no plan set was ever accepted.
    pub generation: Option<u64>,
    /// Why the newest plan set is refused; what was accepted before keeps running.
    pub refused: Option<Refused>,
    /// What the source is waited for, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// What somebody should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What somebody holds, sorted by name: it is left alone until it is released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
    /// How busy the machine is; read when the status is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Live>,
    /// Jobs and the runs of cron jobs, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
    /// Cron jobs, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cron_jobs: Vec<CronJob>,
    /// All replicas, sorted by name.
    pub instances: Vec<Instance>,
}

/// Why a plan set is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The word that scripts compare.
    pub code: String,
    /// The sentence.
    pub reason: String,
}

/// A workload or replica that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its name.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// Who said so.
    pub by: String,
    /// Why, where they said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its name.
    pub replica: ReplicaName,
    /// Its workload, where it is known.
    pub workload: Option<WorkloadName>,
    /// The workload's kind, where it is known.
    pub kind: Option<WorkloadKind>,
    /// How it is, in one word.
    pub state: String,
    /// Whether its pod is ready.
    pub ready: bool,
    /// The revision that its pod is of.
    pub revision: Option<Revision>,
    /// The revision that the plan asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Since when its state is what it is.
    pub since: Timestamp,
    /// How often its containers were restarted in this pod.
    pub restarts: u32,
    /// What it waits for.
    pub waits: Vec<Waiting>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// The revision that failed here and was given up, while the plan asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad_revision: Option<Revision>,
    /// What went wrong last.
    pub last_failure: Option<String>,
    /// The youngest run of a container that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A revision that the plan asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number.
    pub number: u32,
    /// The revision.
    pub revision: Revision,
}

/// A run of a container that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The container.
    pub container: ContainerName,
    /// Which run of it, from 0.
    pub attempt: u32,
    /// Its exit code.
    pub exit_code: i32,
    /// The signal that ended it, without `SIG`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Kubernetes' word for the reason.
    pub reason: String,
    /// Its last words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The last lines of its log.
    pub log: Vec<String>,
    /// When it ended.
    pub at: Timestamp,
}

/// What a replica waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The kind of wait, in one word.
    pub gate: String,
    /// The sentence.
    pub reason: String,
    /// When it ends at the latest, where the clock decides.
    pub until: Option<Timestamp>,
    /// The replicas that it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<ReplicaName>,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: ContainerName,
    /// `waiting`, `running` or `terminated`.
    pub state: String,
    /// How often it was restarted in this pod.
    pub restarts: u32,
    /// Its last exit code.
    pub exit_code: Option<i32>,
    /// Why it is in this state.
    pub reason: Option<String>,
}

/// What the document says beside the replicas: of the plan, and of the agent itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The document without replicas.
    pub document: Document,
}

impl Frame {
    /// The frame for the plan in force.
    pub fn new(
        node: &NodeName,
        fleet: &FleetName,
        plans: &Plans,
        warnings: Vec<String>,
        holds: &BTreeMap<String, Hold>,
    ) -> Self {
        let not_taken = plans.not_taken();
        let (refused, waiting) = match not_taken {
            Some(not_taken) if not_taken.is_refusal => {
                (Some(Refused { code: not_taken.code, reason: not_taken.reason }), None)
            }
            Some(not_taken) => (None, Some(not_taken.reason)),
            None => (None, None),
        };
        let (node, fleet) = (node.clone(), fleet.clone());
        let generation = plans.generation().map(wlc_plan::head::Generation::number);
        let instances = Vec::new();
        let machine = None;
        let holds = holds.iter().map(held).collect();
        let version = VERSION;
        let document = Document {
            version,
            node,
            fleet,
            generation,
            refused,
            waiting,
            warnings,
            holds,
            machine,
            jobs: Vec::new(),
            cron_jobs: Vec::new(),
            instances,
        };
        Self { document }
    }

    /// The document with the replicas of a decision. What did not change since `before`, or since an agent before this one,
    /// keeps its time.
    pub fn with(self, decision: &Decision, before: &[Instance], recalled: &Recalled, now: Moment) -> Document {
        let before: BTreeMap<&ReplicaName, &Instance> =
            before.iter().map(|instance| (&instance.replica, instance)).collect();
        let instances = decision.states.iter().map(|state| {
            let waits = decision.waits.iter().filter(|wait| wait.replica == state.replica);
            let before = before.get(&state.replica).map(|one| (one.state.as_str(), one.ready, one.since));
            let recalled = recalled.get(&state.replica).map(|(state, ready, since)| (state.as_str(), *ready, *since));
            instance(state, waits, before.or(recalled), now)
        });
        let instances = instances.collect();
        let (jobs, cron_jobs) = (jobs::jobs(&decision.jobs), jobs::cron_jobs(&decision.crons));
        Document { jobs, cron_jobs, instances, ..self.document }
    }
}

fn held((name, hold): (&String, &Hold)) -> Held {
    let Hold { since, by, reason } = hold.clone();
    Held { name: name.clone(), since: since.timestamp(), by, reason }
}

fn instance<'a>(
    state: &InstanceState,
    waits: impl Iterator<Item = &'a Wait>,
    before: Option<(&str, bool, Timestamp)>,
    now: Moment,
) -> Instance {
    let word = state.phase.word().to_owned();
    let unchanged = before.filter(|(before, ready, _)| *before == word && *ready == state.ready);
    Instance {
        replica: state.replica.clone(),
        workload: state.workload.clone(),
        kind: state.kind,
        state: word,
        ready: state.ready,
        revision: state.revision,
        asked: state.asked.map(|(number, revision)| Asked { number, revision }),
        since: unchanged.map_or(now.timestamp(), |(_, _, since)| since),
        restarts: state.containers.iter().map(|container| container.restarts).sum(),
        waits: waits.map(waiting).collect(),
        containers: state.containers.iter().map(container).collect(),
        bad_revision: state.bad_revision,
        last_failure: state.last_failure.clone(),
        failure: state.failure.as_ref().map(failure),
    }
}

/// A run that ended, as status and events show it.
pub fn failure(of: &ContainerFailure) -> Failure {
    Failure {
        container: of.container.clone(),
        attempt: of.attempt,
        exit_code: of.code,
        signal: of.signal.map(str::to_owned),
        reason: of.reason.to_owned(),
        message: of.message.clone(),
        log: of.log.clone(),
        at: of.at.timestamp(),
    }
}

fn waiting(wait: &Wait) -> Waiting {
    Waiting {
        gate: wait.gate.to_owned(),
        reason: wait.reason.clone(),
        until: wait.until.map(|until| until.timestamp()),
        on: wait.on.clone(),
    }
}

fn container(view: &ContainerView) -> Container {
    Container {
        name: view.name.clone(),
        state: view.state.word().to_owned(),
        restarts: view.restarts,
        exit_code: view.exit_code,
        reason: view.reason.map(str::to_owned),
    }
}

impl Document {
    /// The replicas that a name means: a replica, or all of a workload.
    pub fn of_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.instances.iter().filter(move |instance| {
            let of_workload = instance.workload.as_ref().is_some_and(|workload| workload.as_str() == name);
            of_workload || instance.replica.as_str() == name
        })
    }
}
