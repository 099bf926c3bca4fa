//! Podman: what the agent asks of it.
//!
//! The trait is the whole surface; the real client and the simulated one obey the same contract, which one list of
//! expectations checks against both.

pub mod allowance;
pub mod auth;
pub mod cdi;
pub mod client;
pub mod create;
pub mod errors;
pub mod events;
pub mod exits;
pub mod images;
pub mod labels;
pub mod limits;
pub mod listing;
pub mod mounts;
pub mod ownership;
pub mod places;
pub mod processes;
pub mod pulls;
pub mod raw;
mod security;
pub mod signals;
pub mod simulated;
mod surroundings;
pub mod versions;

use std::{future::Future, pin::Pin};

use tokio::sync::Notify;
use wlc_plan::{
    name::{ReplicaName, VolumeName},
    node_plan::IpFamily,
    quantity::Millis,
    spec::{Image, Resources},
};

use crate::{
    action::{ContentSwap, FilesSwap, HookRun, NodeNeeds, PodRequest, RunContainer, Stop},
    observed::Observed,
};

/// A future that the trait's methods return, so that the trait can stand behind a pointer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PodmanError>> + Send + 'a>>;

/// Podman as the agent uses it. Every call has a time limit of its own.
pub trait Podman: Send + Sync {
    /// Everything of the fleet on this node.
    fn observe(&self) -> Answer<'_, Observed>;
    /// Makes the fleet's network, if there is none that gives such addresses. One that gives others is removed before, which
    /// Podman refuses while something is in it.
    fn make_network(&self, ip_family: IpFamily) -> Answer<'_, ()>;
    /// Makes a pod with its volumes and folders, if there is none of its name.
    fn make_pod<'a>(&'a self, request: &'a PodRequest) -> Answer<'a, ()>;
    /// Makes sure that an image is there, as its pull policy says; tells what came with it.
    fn pull_image<'a>(&'a self, image: &'a Image) -> Answer<'a, Pulled>;
    /// Takes a name from an image, or removes an image by its id, if nothing uses it; with its last name an image goes.
    fn remove_image<'a>(&'a self, name: &'a str) -> Answer<'a, Removed>;
    /// Makes a container, if there is none of its name, and starts it. Its image is there.
    fn run_container<'a>(&'a self, request: &'a RunContainer) -> Answer<'a, ()>;
    /// Runs the hook after a container's start, and notes how it ended, which is observed from then on. Fine if the container
    /// does not run.
    fn post_start<'a>(&'a self, run: &'a HookRun) -> Answer<'a, ()>;
    /// Gives a container its own name back; fine if it has it or does not exist.
    fn rename_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()>;
    /// Lets a running container have as much CPU and memory as it was made for; fine if it does not run or exist.
    fn limit_container<'a>(&'a self, container: &'a str, resources: &'a Resources) -> Answer<'a, ()>;
    /// Takes a pod into the fleet's network again, with its name and its ports; fine if it is there, does not run or does not
    /// exist.
    fn connect_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()>;
    /// Lets a frozen container go on; fine if it is not frozen or does not exist.
    fn unpause_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()>;
    /// Notes that all of a pod ends: from then on it is not ready, and never will be again.
    fn begin_stop<'a>(&'a self, pod: &'a str) -> Answer<'a, ()>;
    /// Asks containers to end, stage by stage, and kills what is left when the grace is over; with no grace at once. Those
    /// that do not run or exist are fine.
    fn stop_containers<'a>(&'a self, stop: &'a Stop) -> Answer<'a, ()>;
    /// Removes a container that does not run; fine if there is none.
    fn remove_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()>;
    /// Removes a pod, what is left in it, and the volumes that live as long as it; fine if there is none.
    fn remove_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()>;
    /// Swaps the content of a mounted folder, signals the container if it runs, and then records the digest beside it.
    fn swap_content<'a>(&'a self, swap: &'a ContentSwap) -> Answer<'a, ()>;
    /// Swaps the files of a mounted folder, signals the container if it runs, and then records their digest beside it.
    fn swap_files<'a>(&'a self, swap: &'a FilesSwap) -> Answer<'a, ()>;
    /// Looks whether the node has what a pod needs of it.
    fn check_node<'a>(&'a self, needs: &'a NodeNeeds) -> Answer<'a, ()>;
    /// Removes the volume of a claim with its data; fine if there is none.
    fn remove_claim<'a>(&'a self, replica: &'a ReplicaName, claim: &'a VolumeName) -> Answer<'a, ()>;
    /// Sends a signal (without `SIG`) to the main process of a container; fine if it does not run or exist.
    fn signal_container<'a>(&'a self, container: &'a str, signal: &'a str) -> Answer<'a, ()>;
    /// Runs a command in a running container, by its name or id, without a shell. When `limit` is over it is killed with all
    /// its children.
    fn exec<'a>(&'a self, container: &'a str, command: &'a [String], limit: Millis) -> Answer<'a, Executed>;
    /// The last lines that a container wrote.
    fn logs<'a>(&'a self, container: &'a str, lines: u32) -> Answer<'a, String>;
    /// Wakes whoever waits when something happened to a container of the fleet. A wake-up that nobody waited for is kept,
    /// several are merged into one; whoever is woken observes anew.
    fn changes(&self) -> &Notify;
}

/// What a pull left on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// Nothing that was not there before.
    Nothing,
    /// A name that no image had.
    New(String),
    /// A name that went over to another image.
    Moved {
        /// The name.
        name: String,
        /// The id of the image that had it, and may have none now.
        from: String,
    },
}

/// What became of an image that was to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is not there, or not under this name.
    Gone,
    /// Something uses it: Podman's words.
    Used(String),
}

/// What became of a command in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executed {
    /// It ended.
    Ended {
        /// Its exit code.
        code: i32,
        /// The end of what it wrote.
        output: String,
    },
    /// It took too long, and was killed.
    TimedOut,
    /// It could not be started, as where there is no such program.
    NotStarted(String),
}

/// Why Podman did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PodmanError {
    /// The socket does not answer.
    #[error("Podman does not answer at {socket}: {why}")]
    Unreachable {
        /// Path of the socket.
        socket: String,
        /// What the system said.
        why: String,
    },
    /// No answer in time.
    #[error("Podman did not {what} within {seconds} s")]
    TimedOut {
        /// What it was asked for.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// Podman said no.
    #[error("Podman refused to {what}: {why}")]
    Refused {
        /// What it was asked for.
        what: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        why: String,
    },
    /// The image is not there and may not be, or could not be, pulled.
    #[error("the image `{image}` cannot be had: {fault} ({why})")]
    NoImage {
        /// Its name.
        image: String,
        /// What is wrong.
        fault: pulls::PullFault,
        /// Podman's words.
        why: String,
    },
    /// The container must not run as user 0, and its image's user is or may be that one.
    #[error("`{image}` would run as {user}, and `non-root` forbids that")]
    NonRoot {
        /// The image.
        image: String,
        /// The user in words.
        user: String,
    },
    /// Something that is not ours has the name that we need.
    #[error("{what} is there already and is not ours")]
    Foreign {
        /// What, with its name.
        what: String,
    },
    /// The infra container of the pod does not run any more: a new container would be alone in a new network.
    #[error("the infra container of `{pod}` is gone; the pod must be made anew")]
    SandboxDown {
        /// The pod.
        pod: String,
    },
    /// A signal that Linux does not have.
    #[error("there is no signal `{signal}`")]
    UnknownSignal {
        /// Its name.
        signal: String,
    },
    /// Another process or container has the host port.
    #[error("a host port of `{pod}` is taken: {why}")]
    PortTaken {
        /// The pod.
        pod: String,
        /// Podman's words.
        why: String,
    },
    /// The content of a config is not among those that the agent has.
    #[error("the content {digest} is not among the accepted files")]
    NoContent {
        /// Its digest.
        digest: wlc_plan::digest::Digest,
    },
    /// A content that is swapped in place, and the instance does not name it.
    #[error("no content is named for `{path}`")]
    NoContentNamed {
        /// Where it is mounted.
        path: wlc_plan::name::AbsolutePath,
    },
    /// A key of a secret that a container needs is not on the node.
    #[error("secret `{secret}` has no key `{key}` on this node: {why}")]
    NoSecret {
        /// The secret.
        secret: String,
        /// The key.
        key: String,
        /// Where it was looked for.
        why: String,
    },
    /// The node has not what a pod needs of it.
    #[error("the node has no {what}: {why}")]
    NotOnNode {
        /// What is needed.
        what: String,
        /// What was found, and what to do.
        why: String,
    },
    /// A folder with a config's files could not be written.
    #[error("the folder {path} cannot be written: {why}")]
    Folder {
        /// Its path.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A version that the agent does not work with.
    #[error("Podman {version} is not supported: {why}")]
    Version {
        /// What Podman said.
        version: String,
        /// Why not.
        why: &'static str,
    },
    /// An answer that cannot be read.
    #[error("Podman's answer to {what} cannot be read: {why}")]
    Unreadable {
        /// What it was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl PodmanError {
    /// Whether Podman is not there, or not yet: it may be asked again.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Refused { .. }
            | Self::NoImage { .. }
            | Self::NonRoot { .. }
            | Self::Foreign { .. }
            | Self::SandboxDown { .. }
            | Self::UnknownSignal { .. }
            | Self::PortTaken { .. }
            | Self::NoContent { .. }
            | Self::NoContentNamed { .. }
            | Self::NoSecret { .. }
            | Self::NotOnNode { .. }
            | Self::Folder { .. }
            | Self::Version { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether Podman said no, in words with `part` in them. It has one status for many faults.
    pub fn says(&self, part: &str) -> bool {
        if let Self::Refused { why, .. } = self { why.contains(part) } else { false }
    }
}
