//! What happened on this node: the vocabulary of the record that `wlagent events` prints.
//!
//! An event is written once, when the agent learns of it, and never changed. Its fields keep their names and meaning.

pub mod notice;
pub mod record;
mod text;

use serde::{Deserialize, Serialize};
use wlc_plan::{
    name::{ContainerName, ReplicaName, WorkloadName},
    revision::Revision,
    time::Timestamp,
};

use crate::status::document::Failure;

/// The version of the form in which events are printed.
pub const VERSION: u32 = 1;

/// An event, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number: each is one more than the one before it.
    pub number: u64,
    /// When the agent learned of it.
    pub at: Timestamp,
    /// Whom it concerns.
    #[serde(flatten)]
    pub whom: Whom,
    /// What it is.
    #[serde(flatten)]
    pub event: Event,
}

/// Whom an event concerns: the node, a workload, or a replica.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Whom {
    /// The workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadName>,
    /// The replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<ReplicaName>,
}

/// A revision of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// Its number, where the plan in force names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Its digest.
    pub revision: Revision,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The agent began.
    Began {
        /// Its version.
        version: String,
        /// Why it starts recovered, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovered: Option<String>,
    },
    /// A generation is in force from now on.
    Accepted {
        /// Its number.
        generation: u64,
        /// Who signed it.
        signers: Vec<String>,
        /// The commit that it was built from, where it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// The newest plan set is not taken; what ran before goes on.
    Refused {
        /// The word that scripts compare.
        code: String,
        /// The sentence.
        reason: String,
    },
    /// The first replica here has its turn for a revision.
    RolloutBegun {
        /// Which.
        to: Numbered,
    },
    /// All replicas here run a revision, and are available.
    RolloutFinished {
        /// Which.
        to: Numbered,
    },
    /// A rollout stands still, and goes no further by itself.
    RolloutFailed {
        /// Why.
        reason: String,
    },
    /// A revision is given up, and an older one runs again.
    RolledBack {
        /// The one that is given up.
        from: Numbered,
        /// Why.
        reason: String,
    },
    /// The agent begins to change something.
    Changing {
        /// The pod.
        pod: String,
        /// Why.
        reason: String,
    },
    /// What somebody changed by hand is put right.
    PutRight {
        /// The container.
        container: ContainerName,
        /// What it was instead of running.
        what: String,
    },
    /// A step failed; it is tried again.
    StepFailed {
        /// The step, and what went wrong.
        reason: String,
    },
    /// A run of a container ended.
    Ended {
        /// How.
        run: Failure,
    },
    /// A replica is in another state than before.
    State {
        /// The word that status has for it.
        state: String,
        /// Whether its pod is ready.
        ready: bool,
    },
    /// Somebody said a word to the agent.
    Said {
        /// `restart`, `retry`, `trigger`, `hold` or `release`.
        word: String,
        /// The names that were said.
        names: Vec<String>,
        /// Who said it.
        by: String,
        /// Why, where they said it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What is kept apart, so that a container that ends over and over never pushes decisions out of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// Generations, rollouts, and what people said.
    Decisions,
    /// What became of replicas and containers.
    Runs,
}

impl Event {
    /// Where it is kept.
    pub fn series(&self) -> Series {
        match self {
            Self::Began { .. }
            | Self::Accepted { .. }
            | Self::Refused { .. }
            | Self::RolloutBegun { .. }
            | Self::RolloutFinished { .. }
            | Self::RolloutFailed { .. }
            | Self::RolledBack { .. }
            | Self::Said { .. } => Series::Decisions,
            Self::Changing { .. }
            | Self::PutRight { .. }
            | Self::StepFailed { .. }
            | Self::Ended { .. }
            | Self::State { .. } => Series::Runs,
        }
    }
}

impl Whom {
    /// The node.
    pub fn node() -> Self {
        Self::default()
    }

    /// A workload.
    pub fn workload(workload: &WorkloadName) -> Self {
        Self { workload: Some(workload.clone()), replica: None }
    }

    /// A replica, and its workload where it is known.
    pub fn replica(replica: &ReplicaName, workload: Option<&WorkloadName>) -> Self {
        Self { workload: workload.cloned(), replica: Some(replica.clone()) }
    }
}

impl Entry {
    /// Whether it is about a workload or replica of this name: it concerns it, or somebody said it.
    pub fn is_about(&self, name: &str) -> bool {
        let is_workload = self.whom.workload.as_ref().is_some_and(|workload| workload.as_str() == name);
        let is_replica = self.whom.replica.as_ref().is_some_and(|replica| replica.as_str() == name);
        let is_said = matches!(&self.event, Event::Said { names, .. } if names.iter().any(|said| said == name));
        is_workload || is_replica || is_said
    }
}
