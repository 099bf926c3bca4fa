//! `wlagent apply`: converges once.

use std::{sync::Arc, time::Duration};

use super::{Exit, output};
use crate::{
    agent::{Agent, CannotBegin},
    ledger::store::StoreError,
    once::Outcome,
    settings::Settings,
};

/// Converges once, within `limit`.
pub(super) async fn apply(settings: &Arc<Settings>, limit: Duration) -> Exit {
    let mut agent = match Agent::begin(settings).await {
        Ok(agent) => agent,
        Err(error) => return cannot_begin(&error),
    };
    match agent.converge_once(limit).await {
        Outcome::Converged => Exit::Fine,
        Outcome::NotConverged(waits) => {
            output::fail("not converged");
            waits.iter().for_each(|wait| output::note(&format!("  {wait}")));
            Exit::Problems
        }
        Outcome::Refused(why) => {
            output::fail(&format!("refused: {why}"));
            Exit::Refused
        }
    }
}

/// Says why the agent cannot begin: a state that it must not act on is a refusal.
pub(super) fn cannot_begin(error: &CannotBegin) -> Exit {
    output::fail(&error.to_string());
    match error {
        CannotBegin::Store(
            StoreError::OtherMachine { .. } | StoreError::OtherFleet { .. } | StoreError::NewerFormat { .. },
        ) => Exit::Refused,
        CannotBegin::Store(StoreError::Guarded { .. } | StoreError::Disk { .. })
        | CannotBegin::Accepted(_)
        | CannotBegin::Podman(_) => Exit::Problems,
    }
}
