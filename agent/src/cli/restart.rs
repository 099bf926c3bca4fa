//! `wlagent restart`: a word to the running agent.

use super::{Exit, output};
use crate::{settings::Settings, status::client};

/// Asks the agent to make the pods of these workloads or replicas anew.
pub(super) async fn restart(settings: &Settings, names: &[String]) -> Exit {
    let mut exit = Exit::Fine;
    for name in names {
        if let Err(error) = client::say(&settings.listen, &format!("/restart/{name}")).await {
            exit = output::fail(&format!("`{name}` is not restarted: {error}"));
        }
    }
    exit
}
