//! A machine with a Podman, and what others may do to it behind the agent's back.

use std::collections::BTreeMap;

use wlagent::podman::{Answer, Podman};
use wlc_plan::{name::FleetName, quantity::Bytes};

/// Labels as Podman stores them.
pub(crate) type Labels = BTreeMap<String, String>;

/// A machine of one fleet.
pub(crate) trait Machine: Send + Sync {
    /// The fleet.
    fn fleet(&self) -> &FleetName;
    /// Podman, as the agent uses it.
    fn podman(&self) -> &dyn Podman;
    /// Ends the main process of a container with SIGKILL.
    fn kill<'a>(&'a self, container: &'a str) -> Answer<'a, ()>;
    /// Freezes a container.
    fn pause<'a>(&'a self, container: &'a str) -> Answer<'a, ()>;
    /// Gives a container another name.
    fn rename<'a>(&'a self, container: &'a str, name: &'a str) -> Answer<'a, ()>;
    /// Takes a pod off the fleet's network.
    fn disconnect<'a>(&'a self, pod: &'a str) -> Answer<'a, ()>;
    /// Lets a container have so much memory.
    fn limit<'a>(&'a self, container: &'a str, memory: Bytes) -> Answer<'a, ()>;
    /// Ends the infra container of a pod with SIGKILL.
    fn kill_sandbox<'a>(&'a self, pod: &'a str) -> Answer<'a, ()>;
    /// Removes a pod, and leaves its volumes.
    fn lose_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()>;
    /// Makes a pod with a running container; both have these labels.
    fn add_foreign_pod<'a>(&'a self, name: &'a str, labels: &'a Labels, container: &'a str) -> Answer<'a, ()>;
    /// Makes a running container in a pod.
    fn add_foreign_container<'a>(&'a self, pod: &'a str, name: &'a str, labels: &'a Labels) -> Answer<'a, ()>;
    /// Makes a volume.
    fn add_foreign_volume<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, ()>;
    /// Makes a network without labels.
    fn add_foreign_network<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;
    /// Names of pods, containers and volumes that contain `part`, whoever made them.
    fn names<'a>(&'a self, part: &'a str) -> Answer<'a, Vec<String>>;
}
