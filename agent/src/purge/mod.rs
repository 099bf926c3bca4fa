//! Everything that a fleet has on this node, and its removal: for those who give a machine back.
//!
//! What belongs to the fleet is judged as the agent judges it, by names and labels that fit; all else is not seen. The state
//! goes last: whatever is broken off, or fails, is done by the same word given again.

mod folders;

use std::{fmt, path::PathBuf};

use futures_util::future::join_all;
use serde::Serialize;

use crate::{
    action::Task,
    apply,
    clock::Moment,
    decide::shutdown,
    desired::Desired,
    ledger::Ledger,
    observed::Observed,
    podman::{
        Podman, Removed,
        client::{Client, OwnVolume},
        labels::PodLabels,
    },
    settings::Settings,
};

pub use folders::{Folders, Guarded};

/// What belongs to the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Belongings {
    /// Pods.
    pub pods: Vec<BelongingPod>,
    /// Volumes that live as long as their pod.
    pub pod_volumes: Vec<String>,
    /// Volumes of claims, and those that have a name of their own.
    pub volumes: Vec<String>,
    /// The network.
    pub network: Option<String>,
    /// Images that the agent fetched: those go that nothing else uses.
    pub images: Vec<String>,
    /// Folders: the state with the ledger, and the secrets in memory.
    pub folders: Vec<PathBuf>,
}

/// A pod of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BelongingPod {
    /// Its name; of one that is gone, what it left behind.
    pub name: String,
    /// Its containers, as they are called.
    pub containers: Vec<String>,
}

/// What is needed to look and to remove.
pub struct Purge<'a> {
    /// Settings of the fleet.
    pub settings: &'a Settings,
    /// Podman.
    pub client: &'a Client,
    /// The plan in force, if any.
    pub desired: Option<&'a Desired>,
    /// What Podman has of the fleet.
    pub observed: &'a Observed,
    /// What is remembered.
    pub ledger: &'a Ledger,
}

impl Purge<'_> {
    /// Everything that belongs to the fleet.
    ///
    /// # Errors
    /// Podman's words where it does not list its volumes.
    pub async fn belongings(&self) -> Result<Belongings, String> {
        let listed = self.client.own_volumes().await.map_err(|error| error.to_string())?;
        let (lasting, of_pods): (Vec<_>, Vec<_>) = listed.into_iter().partition(|volume| volume.is_lasting);
        let names = |volumes: Vec<OwnVolume>| volumes.into_iter().map(|volume| volume.name);
        let network = self.observed.network.map(|_| PodLabels::network_name(&self.settings.fleet));
        let pods = self.observed.pods().map(|pod| {
            let called = pod.containers.iter().map(|one| one.called.clone().unwrap_or_else(|| one.name.clone()));
            BelongingPod { name: pod.name.clone(), containers: called.collect() }
        });
        let gone = self.observed.leftovers.iter();
        let gone = gone.map(|name| BelongingPod { name: name.clone(), containers: Vec::new() });
        Ok(Belongings {
            pods: pods.chain(gone).collect(),
            pod_volumes: names(of_pods).collect(),
            volumes: names(lasting).collect(),
            network,
            images: self.ledger.images.keys().cloned().collect(),
            folders: Folders::of(self.settings).there(),
        })
    }

    /// Removes it all, the volumes of claims and those with names only `with_volumes`. Each pod ends as at a shutdown, with
    /// its hooks and its grace. Gives what could not be removed; then the state stays.
    pub async fn remove(&self, belongings: &Belongings, with_volumes: bool, now: Moment) -> Vec<String> {
        let mut failures = Vec::new();
        for stage in shutdown(self.desired, self.observed, now) {
            let ended = join_all(stage.iter().map(|task: &Task| apply::apply(self.client, task))).await;
            failures.extend(ended.into_iter().filter_map(|ended| ended.err().map(|failure| failure.to_string())));
        }
        for pod in &belongings.pods {
            note(&mut failures, self.client.remove_pod(&pod.name).await.err());
        }
        let lasting = belongings.volumes.iter().filter(|_| with_volumes);
        for volume in lasting.chain(&belongings.pod_volumes) {
            note(&mut failures, self.client.remove_own_volume(volume).await.err());
        }
        if belongings.network.is_some() {
            note(&mut failures, self.client.remove_own_network().await.err());
        }
        for image in &belongings.images {
            match self.client.remove_image(image).await {
                Ok(Removed::Gone | Removed::Used(_)) => {}
                Err(error) => failures.push(error.to_string()),
            }
        }
        failures
    }
}

fn note(failures: &mut Vec<String>, failed: Option<impl fmt::Display>) {
    failures.extend(failed.map(|error| error.to_string()));
}

impl Belongings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The list as people read it. Without `with_volumes` those that last are named as kept.
    pub fn text(&self, with_volumes: bool) -> String {
        let mut lines = Vec::new();
        for pod in &self.pods {
            lines.push(format!("pod        {}", pod.name));
            lines.extend(pod.containers.iter().map(|name| format!("container  {name}")));
        }
        lines.extend(self.pod_volumes.iter().map(|name| format!("volume     {name}")));
        let kept = if with_volumes { "" } else { ": kept, since --volumes is not given" };
        lines.extend(self.volumes.iter().map(|name| format!("volume     {name}{kept}")));
        lines.extend(self.network.iter().map(|name| format!("network    {name}")));
        lines.extend(self.images.iter().map(|name| format!("image      {name}: unless something else uses it")));
        lines.extend(self.folders.iter().map(|path| format!("folder     {}", path.display())));
        lines.into_iter().map(|line| line + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_named_in_the_list() {
        let names = |name: &str| vec![name.to_owned()];
        let belongings = Belongings {
            pods: vec![BelongingPod { name: "p".to_owned(), containers: names("p.main.0") }],
            pod_volumes: names("p.work"),
            volumes: names("wlc.example.db-0.data"),
            network: Some("wlc.example".to_owned()),
            images: names("registry.test/web:1"),
            folders: vec![PathBuf::from("/var/lib/wlagent/example")],
        };
        let text = belongings.text(false);
        assert_eq!(text.lines().count(), 7);
        assert!(text.contains("volume     wlc.example.db-0.data: kept"), "{text}");
        assert!(!belongings.text(true).contains("kept"));
        assert!(!belongings.is_empty() && Belongings::default().is_empty());
    }
}
