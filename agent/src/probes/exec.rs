//! Asks with a command in the container (edge): it must end with 0 (S-319).

use wlc_plan::{quantity::Millis, spec::Command};

use super::verdict::Answer;
use crate::podman::{Executed, Podman};

/// Runs the command within the limit; a late one is killed with its children, and has failed (S-304, P-109).
pub async fn ask(podman: &dyn Podman, container: &str, probe: &Command, limit: Millis) -> Answer {
    let program = probe.command.first().map_or("", String::as_str);
    match podman.exec(container, &probe.command, limit).await {
        Ok(Executed::Ended { code: 0, .. }) => Answer::Good,
        Ok(Executed::Ended { code, output }) => match output.lines().last() {
            Some(last) => Answer::Bad(format!("`{program}` ended with {code}: {last}")),
            None => Answer::Bad(format!("`{program}` ended with {code}")),
        },
        Ok(Executed::TimedOut) => Answer::Bad(format!("`{program}` took longer than {limit}")),
        Ok(Executed::NotStarted(why)) => Answer::Bad(format!("`{program}` cannot be run: {why}")),
        Err(error) => Answer::Unheard(error.to_string()),
    }
}
