//! Deployments: a number of equal replicas.

use wlc_plan::name::WorkloadName;

use super::{share::OnlyCarried, update::Pace, workload::Common};
use crate::fields::value::Whole;

crate::block! {
    /// Keeps a number of equal replicas running.
    Deployment "deployment" ("apps/v1 Deployment") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// How many replicas run.
        replicas: [default property] Whole<0, 100_000>, "replicas" ("spec.replicas"), default 1;
        /// How a change is carried out.
        update: [child] DeploymentUpdate, "update" ("spec.strategy");
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// How a change of a deployment is carried out.
    DeploymentUpdate "update" ("spec.strategy") {
        /// The strategy.
        strategy: [optional argument] DeploymentStrategy, "strategy" ("type");
        /// How many replicas more than asked for may run. A percentage rounds up. This version carries out 0.
        max_surge: [default property] OnlyCarried<0>, "max-surge" ("rollingUpdate.maxSurge"), default 0;
        /// How many replicas of one node may be missing. A percentage rounds down. This version carries out 1.
        max_unavailable: [default property] OnlyCarried<1>, "max-unavailable" ("rollingUpdate.maxUnavailable"), default 1;
        /// How many replicas get a new revision first; the others follow at the word `promote`.
        canary: [optional property] Whole<1, 100_000>, "canary" (""), not carried out;
        /// The word that the canaries are good: the others follow.
        promote: [flag] bool, "promote" (""), not carried out;
        /// A job that must complete before a new revision starts.
        before: [optional property] WorkloadName, "before" (""), not carried out;
        /// The pace of the rollout.
        pace: [part] Pace, "pace" ("");
    }
}

crate::choice! {
    /// How a change of a deployment is carried out.
    DeploymentStrategy {
        /// A few replicas at a time.
        Rolling "rolling";
        not carried out
        /// All replicas are stopped before the first new one starts.
        Recreate "recreate",
        /// The new replica takes over from the old one by its own word.
        HandOff "hand-off"
    }
}
