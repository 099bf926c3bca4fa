//! Everything of the fleet, from three requests at once. Only what lists do not say is inspected, once for each run.
//!
//! Each of Podman's lists of pods and of containers looks at every container, and takes its locks. The list of containers
//! tells what the other does, since infra containers carry the labels of their pods; the other is asked only where they do
//! not.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use podman_api::{models::ListContainer, opts};
use serde::Deserialize;
use tokio::try_join;

use super::{Client, LOOK, look::Inspected};
use crate::{
    clock::Moment,
    observed::{Observed, PodFolders},
    podman::{
        PodmanError,
        labels::{FLEET, PodLabels},
        listing::{self, Known, Run, Times},
        ownership::{self, Found, FoundPod, Labels},
        raw::{Call, encoded},
    },
};

/// A volume, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedVolume {
    name: String,
    labels: Option<Labels>,
}

impl Client {
    pub(super) async fn observe_all(&self) -> Result<Observed, PodmanError> {
        let ((pods, containers), volumes, network) =
            try_join!(self.list_pods_and_containers(), self.list_volumes(), self.network_labels())?;
        self.inspect_unclear(&containers).await;
        self.exits.watch(&main_processes(&containers));
        let known = self.known();
        let containers = containers.iter().map(|listed| listing::container(listed, &known)).collect();
        let mut observed = ownership::own(&Found { pods, containers, volumes, network }, &self.fleet);
        let without_pod: Vec<String> = self.folders.pods().into_iter().filter(|name| !observed.has_pod(name)).collect();
        observed.leftovers.extend(without_pod);
        Ok(observed)
    }

    async fn list_pods_and_containers(&self) -> Result<(Vec<FoundPod>, Vec<ListContainer>), PodmanError> {
        let fleet = opts::ContainerListFilter::LabelKeyVal(FLEET.to_owned(), self.fleet.to_string());
        let containers = self.list_containers([fleet]).await?;
        let (pods, containers) = if listing::has_infra_of_each(&containers) {
            (containers.iter().filter_map(listing::pod_of_infra).collect(), containers)
        } else {
            try_join!(self.list_pods(), self.list_containers([]))?
        };
        Ok((pods.into_iter().map(|pod| self.with_contents(pod)).collect(), containers))
    }

    async fn list_containers(
        &self,
        filters: impl IntoIterator<Item = opts::ContainerListFilter>,
    ) -> Result<Vec<ListContainer>, PodmanError> {
        let wanted = opts::ContainerListOpts::builder().all(true).filter(filters).build();
        self.api("list containers", LOOK, self.api.containers().list(&wanted)).await
    }

    async fn list_pods(&self) -> Result<Vec<FoundPod>, PodmanError> {
        let fleet = opts::PodListFilter::LabelKeyVal(FLEET.to_owned(), self.fleet.to_string());
        let wanted = opts::PodListOpts::builder().filter([fleet]).build();
        let listed = self.api("list pods", LOOK, self.api.pods().list(&wanted)).await?;
        Ok(listed.iter().map(listing::pod).collect())
    }

    fn with_contents(&self, mut pod: FoundPod) -> FoundPod {
        if PodLabels::own(&pod.name, &pod.labels, &self.fleet).is_some() {
            pod.contents = self.folders.recorded(&pod.name);
            pod.folders = if self.folders.has(&pod.name) { PodFolders::There } else { PodFolders::Lost };
        }
        pod
    }

    /// With the raw client: podman-api refuses the whole list where one volume has no options.
    pub(super) async fn list_volumes(&self) -> Result<Vec<(String, Labels)>, PodmanError> {
        let filters = serde_json::json!({ "label": [format!("{FLEET}={}", self.fleet)] }).to_string();
        let path = format!("/volumes/json?filters={}", encoded(&filters));
        let reply = self.raw.send(Call::get("list volumes", path, LOOK)).await?;
        let listed: Option<Vec<ListedVolume>> = reply.json("list volumes")?;
        let pair = |volume: ListedVolume| (volume.name, volume.labels.unwrap_or_default());
        Ok(listed.into_iter().flatten().map(pair).collect())
    }

    /// Learns addresses and exact times, and forgets those of containers that are gone. What cannot be inspected stays
    /// unknown until the next pass: it may have gone in between.
    async fn inspect_unclear(&self, containers: &[ListContainer]) {
        let unknown: Vec<&ListContainer> = {
            let mut known = self.known();
            let runs: BTreeSet<Run> = containers.iter().map(listing::run).collect();
            known.addresses.retain(|run, _| runs.contains(run));
            known.times.retain(|run, _| runs.contains(run));
            let pods: BTreeSet<&String> = containers.iter().filter_map(|one| one.pod_name.as_ref()).collect();
            known.broken.retain(|pod| pods.contains(pod));
            containers.iter().filter(|one| is_unclear(one, &known)).collect()
        };
        join_all(unknown.into_iter().map(|container| self.learn(container))).await;
    }

    async fn learn(&self, listed: &ListContainer) {
        let run = listing::run(listed);
        let Ok(Some(inspected)) = self.container(&run.0).await else { return };
        let mut known = self.known();
        if listing::is_infra(listed) {
            known.addresses.extend(address(&inspected).map(|address| (run, address)));
        } else {
            known.times.insert(run, times(&inspected));
        }
    }
}

fn is_unclear(listed: &ListContainer, known: &Known) -> bool {
    let run = listing::run(listed);
    if listing::is_infra(listed) {
        listing::is_running(listed) && !known.addresses.contains_key(&run)
    } else {
        listing::is_ended(listed) && !known.times.contains_key(&run)
    }
}

fn main_processes(containers: &[ListContainer]) -> BTreeMap<String, i64> {
    let running = containers.iter().filter(|one| listing::is_running(one));
    running.filter_map(|one| Some((one.id.clone()?, one.pid.filter(|pid| *pid > 0)?))).collect()
}

fn address(inspected: &Inspected) -> Option<std::net::IpAddr> {
    let networks = &inspected.network_settings.as_ref()?.networks;
    networks.values().find_map(|network| network.ip.parse().ok())
}

fn times(inspected: &Inspected) -> Times {
    let moment = |time: chrono::DateTime<chrono::Utc>| Moment(u64::try_from(time.timestamp_millis()).unwrap_or(0));
    Times { started: moment(inspected.state.started_at), finished: moment(inspected.state.finished_at) }
}
