//! What somebody does to the simulated machine behind the agent's back.

use wlc_plan::name::{FileKey, SecretName};

use super::Simulated;
use crate::observed::{Allowance, PodFolders};

impl Simulated {
    /// Somebody removes an image; containers that were made from it go on.
    pub fn lose_image(&self, name: &str) {
        self.world().images.remove(name);
    }

    /// Somebody removes the fleet's network by force, and Podman with it all pods in it.
    pub fn lose_network(&self) {
        self.world().lose_network(&self.fleet);
        self.happened("the network is lost");
    }

    /// Somebody removes a volume with its data.
    pub fn lose_volume(&self, name: &str) {
        self.world().volumes.remove(name);
    }

    /// Takes a key of a secret away from the node.
    pub fn take_secret(&self, secret: &SecretName, key: &FileKey) {
        self.world().secrets.remove(&(secret.clone(), key.clone()));
        self.changes.notify_one();
    }

    /// Somebody removes the folders of a pod's configs, where it has some.
    pub fn lose_folders(&self, pod: &str) {
        if let Some(pod) = self.world().pods.get_mut(pod).filter(|pod| pod.mounts_configs) {
            pod.folders = PodFolders::Lost;
        }
    }

    /// Somebody removes a pod, and leaves its volumes.
    pub fn lose_pod(&self, pod: &str) {
        self.world().pods.remove(pod);
        self.happened(&format!("{pod} is lost"));
    }

    /// Somebody stops a container.
    pub fn stop_by_hand(&self, container: &str) {
        self.kill(container, 143);
    }

    /// Somebody freezes a container, or lets it go on.
    pub fn pause_by_hand(&self, container: &str, is_paused: bool) {
        self.world().pause(container, is_paused, (self.clock)());
        self.happened(&format!("{container} is paused: {is_paused}"));
    }

    /// Somebody removes a container, running or not.
    pub fn remove_by_hand(&self, container: &str) {
        self.world().pods.values_mut().for_each(|pod| drop(pod.containers.remove(container)));
        self.happened(&format!("{container} is removed"));
    }

    /// Somebody gives a container another name.
    pub fn rename_by_hand(&self, container: &str, name: &str) {
        self.world().rename(container, name);
        self.happened(&format!("{container} is renamed to {name}"));
    }

    /// Somebody removes a container that somebody else made in a pod.
    pub fn remove_foreign_container(&self, pod: &str, name: &str) {
        if let Some(pod) = self.world().pods.get_mut(pod) {
            pod.containers.remove(name);
        }
    }

    /// Somebody takes a pod off the network.
    pub fn disconnect_by_hand(&self, pod: &str) {
        self.world().set_on_network(pod, false);
    }

    /// Somebody lets a container have more or less.
    pub fn limit_by_hand(&self, container: &str, allowance: Allowance) {
        if let Some(container) = self.world().container(container) {
            container.allowance = allowance;
        }
    }
}
