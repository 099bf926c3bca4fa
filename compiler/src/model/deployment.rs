//! Deployments: a number of equal replicas.

use wlc_plan::name::WorkloadName;

use super::{share::Share, update::Pace, workload::Common};
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
        /// How many copies may stand beside the replicas that they replace. A percentage rounds up. Unless written, none where replicas hold ports of their nodes.
        max_surge: [default property] Share, "max-surge" ("rollingUpdate.maxSurge"), default "25%";
        /// How many replicas may be missing. A percentage rounds down; where it comes to nothing and there are no copies, it is 1.
        max_unavailable: [default property] Share, "max-unavailable" ("rollingUpdate.maxUnavailable"), default "25%";
        /// How many replicas get a new revision first; the others follow at the word `promote`.
        canary: [optional property] Whole<1, 100_000>, "canary" ("");
        /// The word that the canaries are good: the others follow.
        promote: [flag] bool, "promote" ("");
        /// A job that runs for each new revision, and must complete before anything of that starts. Its failure changes nothing.
        before: [optional property] WorkloadName, "before" ("");
        /// The pace of the rollout.
        pace: [part] Pace, "pace" ("");
    }
}

crate::choice! {
    /// How a change of a deployment is carried out.
    DeploymentStrategy {
        /// A few replicas at a time.
        Rolling "rolling",
        /// All replicas are stopped before the first new one starts.
        Recreate "recreate";
        not carried out
        /// The new replica takes over from the old one by its own word.
        HandOff "hand-off"
    }
}
