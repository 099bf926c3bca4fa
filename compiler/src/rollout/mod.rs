//! How a change of a workload is carried out: what the files ask for, as numbers of replicas and nodes.
//!
//! Room for copies is found by placement, and strategies become gates when the plan is made; both ask here.

pub mod budget;
pub mod hold;

use wlc_plan::name::ReplicaName;

use crate::{
    model::{
        deployment::DeploymentStrategy,
        share::Share,
        update::{OnFailureWord, Pace},
        workload::Workload,
    },
    span::{Span, Spanned},
};

/// A share that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How much.
    pub share: Share,
    /// Where it is written; none where it is what goes without saying.
    pub written: Option<Span>,
}

impl Asked {
    fn of(share: &Spanned<Share>, block: Span) -> Self {
        Self { share: share.value, written: (share.span.start != block.start).then_some(share.span) }
    }

    fn unwritten(share: Share) -> Self {
        Self { share, written: None }
    }
}

/// How many copies may stand beside the replicas.
///
/// Where nothing is written, a deployment has Kubernetes' share of them, unless its replicas hold ports of their nodes: each
/// would take a second one.
pub fn surge(workload: &Workload) -> Asked {
    match workload {
        Workload::Deployment(one) => {
            let update = one.update.as_ref();
            let asked = update.map(|update| Asked::of(&update.max_surge, update.span));
            match asked.filter(|asked| asked.written.is_some()) {
                _ if !is_rolling(workload) => Asked::unwritten(Share::Count(0)),
                Some(asked) => asked,
                None if holds_host_ports(workload) => Asked::unwritten(Share::Count(0)),
                None => Asked::unwritten(DEFAULT),
            }
        }
        Workload::DaemonSet(one) => match &one.update {
            Some(update) => Asked::of(&update.max_surge, update.span),
            None => Asked::unwritten(Share::Count(0)),
        },
        Workload::StatefulSet(_) | Workload::Job(_) | Workload::CronJob(_) => Asked::unwritten(Share::Count(0)),
    }
}

/// How many replicas may be missing.
pub fn unavailable(workload: &Workload) -> Asked {
    let one = Asked::unwritten(Share::Count(1));
    match workload {
        Workload::Deployment(deployment) => {
            let update = deployment.update.as_ref();
            update.map_or(Asked::unwritten(DEFAULT), |update| Asked::of(&update.max_unavailable, update.span))
        }
        Workload::DaemonSet(set) => {
            set.update.as_ref().map_or(one, |update| Asked::of(&update.max_unavailable, update.span))
        }
        Workload::StatefulSet(set) => {
            set.update.as_ref().map_or(one, |update| Asked::of(&update.max_unavailable, update.span))
        }
        Workload::Job(_) | Workload::CronJob(_) => one,
    }
}

/// Kubernetes' share of copies and of missing replicas where nothing is written (S-054, S-055).
const DEFAULT: Share = Share::Percent(25);

/// Whether a deployment is replaced a few replicas at a time.
pub fn is_rolling(workload: &Workload) -> bool {
    let Workload::Deployment(one) = workload else { return true };
    let strategy = one.update.as_ref().and_then(|update| update.strategy.as_ref());
    strategy.is_none_or(|word| word.value == DeploymentStrategy::Rolling)
}

/// Whether it stops where it is or goes back when it failed.
pub fn on_failure(pace: &Pace) -> wlc_plan::rollout::OnFailure {
    match pace.on_failure.value {
        OnFailureWord::Stop => wlc_plan::rollout::OnFailure::Stop,
        OnFailureWord::Rollback => wlc_plan::rollout::OnFailure::Rollback,
    }
}

fn holds_host_ports(workload: &Workload) -> bool {
    let pod = workload.pod();
    let mut ports = pod.all().flat_map(|container| &container.ports);
    ports.any(|port| port.host.is_some() || pod.host_network.value)
}

/// The number at the end of a replica's name; the highest where there is none.
pub fn number(replica: &ReplicaName) -> u32 {
    replica.as_str().rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(u32::MAX)
}
