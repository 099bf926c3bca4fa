//! The disruption budget: how many replicas a drain must leave.

use super::share::Share;

crate::block! {
    /// How many replicas a drain must leave. It says nothing about rollouts.
    Budget "budget" ("policy/v1 PodDisruptionBudget") not carried out {
        /// So many must stay ready. A percentage rounds up.
        min_available: [optional property] Share, "min-available" ("spec.minAvailable");
        /// So many may be missing. A percentage rounds up.
        max_unavailable: [optional property] Share, "max-unavailable" ("spec.maxUnavailable");
        /// Whether replicas that are not ready may be taken although the budget is used up.
        unhealthy: [default property] Unhealthy, "unhealthy" ("spec.unhealthyPodEvictionPolicy"), default "if-healthy-budget";
    }
}

crate::choice! {
    /// Whether replicas that are not ready may be taken although the budget is used up.
    Unhealthy {
        /// Only while enough others are ready.
        IfHealthyBudget "if-healthy-budget",
        /// Always.
        AlwaysAllow "always-allow"
    }
}
