//! `wlagent shutdown`: stops everything, for the machine's shutdown.

use std::{sync::Arc, time::Duration};

use super::{Exit, apply, output};
use crate::{agent::Agent, settings::Settings};

/// Stops everything of the fleet; where an agent runs, which would start it again, it is left alone.
pub(super) async fn shutdown(settings: &Arc<Settings>, limit: Duration) -> Exit {
    let agent = match Agent::begin(settings).await {
        Ok(agent) => agent,
        Err(error) => return apply::cannot_begin(&error),
    };
    let stopped = match agent.shut_down(limit).await {
        Ok(stopped) => stopped,
        Err(error) => return output::fail(&error.to_string()),
    };
    let failed = stopped.failures.len();
    output::print(&format!("{} of {} pods stopped\n", stopped.pods - failed, stopped.pods));
    for failure in &stopped.failures {
        output::fail(&failure.to_string());
    }
    if failed == 0 { Exit::Fine } else { Exit::Problems }
}
