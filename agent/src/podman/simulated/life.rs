//! What makes a simulated Podman live: calls that take time and go wrong, stops that last, and somebody who looks on.

use std::{collections::BTreeMap, time::Duration};

use wlc_plan::{
    digest::Digest,
    name::{AbsolutePath, ContainerName},
};

use super::world::{Container, Pod, World};
use crate::{
    clock::Moment,
    observed::{ContainerState, HookOutcome, PodFolders, Sandbox},
    podman::ownership::Labels,
};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How long until it is looked at.
    pub before: Duration,
    /// How long until its answer is heard.
    pub behind: Duration,
    /// How it ends.
    pub ending: Ending,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Well,
    /// It does nothing, and says so.
    Refused,
    /// It is broken off when so many of its crash points are behind it; not at all if it has fewer.
    HalfDone(u64),
    /// It does everything, and its answer is lost.
    Unheard,
}

/// The way of a simulated Podman that lives in time. Its futures need tokio's clock.
pub trait Life: Send + Sync {
    /// What happens to a call.
    fn fate(&self, call: &str) -> Fate;
    /// How long a container takes to end when it is asked to.
    fn stopping(&self, container: &str) -> Duration;
    /// Whether the agent hears of what happened to a container.
    fn is_heard(&self) -> bool;
    /// Something was done, or happened by itself.
    fn saw(&self, line: &str, now: Moment, glimpse: Glimpse<'_>);
}

/// A look at everything on the machine.
#[derive(Clone, Copy)]
pub struct Glimpse<'a>(pub(super) &'a World);

/// A container at a glance.
#[derive(Debug, Clone, Copy)]
pub struct Glanced<'a> {
    /// Its pod's name.
    pub pod: &'a str,
    /// How its pod's infra container is.
    pub sandbox: Sandbox,
    /// Whether the folders of its pod's configs are there.
    pub folders: PodFolders,
    /// Its pod's contents that are swapped in place, by container and path.
    pub contents: &'a BTreeMap<(ContainerName, AbsolutePath), Digest>,
    /// Its pod's labels.
    pub pod_labels: &'a Labels,
    /// Its name.
    pub name: &'a str,
    /// Podman's id.
    pub id: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
    /// How it is.
    pub state: ContainerState,
    /// Whether its post-start hook ended well.
    pub is_hooked: bool,
}

impl<'a> Glimpse<'a> {
    /// All containers but the infra containers, ours or not.
    pub fn containers(self) -> impl Iterator<Item = Glanced<'a>> {
        self.0.pods.iter().flat_map(|(name, pod)| glance(name, pod))
    }

    /// The names of all volumes.
    pub fn volumes(self) -> impl Iterator<Item = &'a str> {
        self.0.volumes.keys().map(String::as_str)
    }

    /// The labels of a pod.
    pub fn pod(self, name: &str) -> Option<&'a Labels> {
        self.0.pods.get(name).map(|pod| pod.labels.as_ref())
    }
}

fn glance<'a>(pod_name: &'a str, pod: &'a Pod) -> impl Iterator<Item = Glanced<'a>> {
    pod.containers.iter().map(move |(name, container): (&String, &Container)| Glanced {
        pod: pod_name,
        sandbox: pod.sandbox,
        folders: pod.folders,
        contents: &pod.contents,
        pod_labels: &pod.labels,
        name,
        id: &container.id,
        labels: &container.labels,
        state: container.state,
        is_hooked: container.post_start == Some(HookOutcome::Done),
    })
}
