//! What lowering leaves of a workload's update strategy once its order has become gates.

use serde::{Deserialize, Serialize};

use crate::quantity::Millis;

/// How a replacement is made and judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Whether the old pod goes before the new one comes.
    pub replacement: Replacement,
    /// How long a pod must stay ready before it counts. Kubernetes: `minReadySeconds`.
    pub min_ready: Millis,
    /// How long a rollout may stand still before it counts as failed. Kubernetes: `progressDeadlineSeconds`.
    pub progress_deadline: Millis,
    /// What happens to a failed rollout.
    pub on_failure: OnFailure,
}

/// The order of the two halves of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// The old pod is gone before the new one is made.
    StopFirst,
    /// The new pod is ready before the old one goes: make before break.
    StartFirst,
    /// The old pod goes; the new one waits for the gates of a first start, such as that all other old ones are gone.
    Recreate,
    /// Nobody replaces the old pod: the new one comes when somebody removes it.
    OnDelete,
}

/// What happens to a failed rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It stays where it is.
    Stop,
    /// The node goes back to its last complete revision.
    Rollback,
}
