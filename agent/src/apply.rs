//! Runs the steps of one task, in order; the first failure ends it. What is to be done was decided elsewhere.

use tracing::info;

use crate::{
    action::{Action, Task},
    ledger::Cause,
    podman::{Podman, PodmanError, Pulled, create, pulls::PullFault},
};

/// The step of a task that failed, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{action}: {error}")]
pub struct Failure {
    /// The step.
    pub action: Action,
    /// Podman's reason.
    pub error: PodmanError,
}

impl Failure {
    /// What kind of failure it is.
    pub fn cause(&self) -> Cause {
        match (&self.error, &self.action) {
            (PodmanError::SandboxDown { .. }, _) => Cause::SandboxDown,
            (PodmanError::NoImage { fault: PullFault::Name, .. }, _) => Cause::ImageName,
            (PodmanError::NoImage { fault: PullFault::Never, .. }, _) => Cause::ImageNever,
            (PodmanError::NoImage { .. }, _) => Cause::Image,
            (PodmanError::Foreign { .. }, Action::RunContainer(_)) => Cause::NameTaken,
            (PodmanError::Refused { .. } | PodmanError::NonRoot { .. }, Action::RunContainer(_)) => Cause::Start,
            (_, _) => Cause::Other,
        }
    }
}

/// What a step left that is to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The image, as it is asked for.
    pub reference: String,
    /// What came with it.
    pub pulled: Pulled,
}

/// Runs a task to its end; tells what is to be remembered of it.
///
/// # Errors
/// The first step that failed; those behind it were not begun.
pub async fn apply(podman: &dyn Podman, task: &Task) -> Result<Vec<Brought>, Failure> {
    let mut brought = Vec::new();
    for action in &task.actions {
        brought.extend(step(podman, task, action).await?);
    }
    Ok(brought)
}

/// Runs one step of a task; tells what is to be remembered of it.
///
/// # Errors
/// Podman's reason.
pub async fn step(podman: &dyn Podman, task: &Task, action: &Action) -> Result<Option<Brought>, Failure> {
    info!(workload = %task.workload, replica = %task.replica, reason = %task.reason, "{action}");
    carry_out(podman, action).await.map_err(|error| Failure { action: action.clone(), error })
}

async fn carry_out(podman: &dyn Podman, action: &Action) -> Result<Option<Brought>, PodmanError> {
    if let Action::PullImage(image) = action {
        let pulled = podman.pull_image(image).await?;
        return Ok(Some(Brought { reference: create::image_reference(image), pulled }));
    }
    change(podman, action).await.map(|()| None)
}

async fn change(podman: &dyn Podman, action: &Action) -> Result<(), PodmanError> {
    match action {
        Action::MakeNetwork(ip_family) => podman.make_network(*ip_family).await,
        Action::MakePod(request) => podman.make_pod(request).await,
        Action::RunContainer(request) => podman.run_container(request).await,
        Action::PullImage(image) => podman.pull_image(image).await.map(drop),
        Action::PostStart(run) => podman.post_start(run).await,
        Action::Limit { container, resources } => podman.limit_container(container, resources).await,
        Action::Connect { pod } => podman.connect_pod(pod).await,
        Action::Rename { container, .. } => podman.rename_container(container).await,
        Action::Unpause { container } => podman.unpause_container(container).await,
        Action::Drain(drain) => podman.begin_stop(&drain.pod).await,
        Action::StopContainers(stop) => podman.stop_containers(stop).await,
        Action::RemoveContainer { container } => podman.remove_container(container).await,
        Action::RemovePod { pod } => podman.remove_pod(pod).await,
        Action::SwapContent(swap) => podman.swap_content(swap).await,
        Action::SwapFiles(swap) => podman.swap_files(swap).await,
        Action::CheckNode(needs) => podman.check_node(needs).await,
        Action::RemoveClaim { replica, claim } => podman.remove_claim(replica, claim).await,
    }
}

#[cfg(test)]
mod tests;
