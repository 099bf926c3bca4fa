//! What is remembered of a workload's rollouts on this node: the last revision that was complete here, which replicas
//! have had their turn, and the revision that failed.
//!
//! Without it a rollout begins anew at the revision that the plan asks for; what runs is never stopped by that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wlc_plan::{instance::SpecRef, name::ReplicaName, revision::Revision};

use crate::clock::Moment;

/// The rollouts of one workload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rollouts {
    /// The last revision that all its replicas here ran, and were available at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<Revision>,
    /// The replicas that have had their turn, and for what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub begun: BTreeMap<ReplicaName, Begun>,
    /// The revision that failed here and was given up. It is tried again when the plan asks for another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<Bad>,
}

/// A replica's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The revision that it is to run.
    pub revision: Revision,
    /// The pod that was to be made.
    pub pod: String,
    /// When.
    pub at: Moment,
}

/// A revision that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bad {
    /// Its number: the same template that is asked for anew has another one.
    pub number: u32,
    /// The revision.
    pub revision: Revision,
    /// What went wrong.
    pub why: String,
}

impl Rollouts {
    /// Whether a replica has had its turn for this revision.
    pub fn has_begun(&self, replica: &ReplicaName, revision: &Revision) -> bool {
        self.begun.get(replica).is_some_and(|begun| begun.revision == *revision)
    }

    /// What went wrong with a revision, if it is the one that failed.
    pub fn failure_of(&self, asked: &SpecRef) -> Option<&Bad> {
        self.bad.as_ref().filter(|bad| bad.number == asked.number && bad.revision == asked.revision)
    }
}
