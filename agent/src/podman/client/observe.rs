//! Everything of the fleet, from three requests at once. Only what lists do not say is inspected, once for each run.
//!
//! Each of Podman's lists of pods and of containers looks at every container, and takes its locks. The list of containers
//! tells what the other does, since infra containers carry the labels of their pods; the other is asked only where they do
//! not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use podman_api::{models::ListContainer, opts};
use serde::Deserialize;
use tokio::{
    time::{Instant, sleep},
    try_join,
};

use super::{Client, LOOK, look::Inspected, secrets};
use crate::{
    clock::{self, Moment},
    observed::{LastWords, Observed, PodFolders},
    podman::{
        PodmanError, allowance,
        labels::{ContainerLabels, FLEET, PodLabels},
        listing::{self, Known, Run, Times},
        ownership::{self, Found, FoundContainer, FoundPod, Labels},
        processes,
        raw::{Call, encoded},
    },
};

/// The code of a process that SIGKILL ended, as the kernel does for want of memory (P-126).
const KILLED: i32 = 137;
/// How many lines of the log of a failed run are kept.
const LOG_LINES: u32 = 80;
/// How long Podman may take to hear of the end of a main process. It takes some milliseconds.
const UNHEARD: Duration = Duration::from_secs(3);

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
            try_join!(self.list_pods_and_containers(), self.list_volumes(), self.network())?;
        self.inspect_unclear(&containers).await;
        self.exits.watch(&main_processes(&containers));
        self.exits.keep_only(&containers.iter().filter_map(|one| one.id.as_deref()).collect());
        self.note_vanished(&containers);
        let known = self.known();
        let containers = containers.iter().map(|listed| self.with_records(listed, &known)).collect();
        let mut observed = ownership::own(&Found { pods, containers, volumes, network }, &self.fleet);
        observed.secrets = secrets::all(&self.places);
        observed.store_percent = self.store.percent();
        for pod in &mut observed.pods {
            let given = self.memory.given_secrets(&pod.name).into_iter();
            let stale = given.filter(|(secret, key, digest)| {
                observed.secrets.get(&(secret.clone(), key.clone())).is_some_and(|now| now != digest)
            });
            Arc::make_mut(pod).stale = stale.map(|(secret, ..)| secret).collect();
        }
        let noted = self.folders.pods().into_iter().chain(self.records.pods()).chain(self.memory.pods());
        let without_pod: Vec<String> = noted.filter(|name| !observed.has_pod(name)).collect();
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
            pod.contents.extend(self.memory.recorded(&pod.name));
            pod.stopping = self.records.stopping(&pod.name);
            pod.folders = if self.folders.has(&pod.name) { PodFolders::There } else { PodFolders::Lost };
        }
        pod
    }

    /// A container of the list, with what the agent notes beside Podman.
    fn with_records(&self, listed: &ListContainer, known: &Known) -> FoundContainer {
        let found = listing::container(listed, known);
        let post_start = listed.pod_name.as_ref().filter(|pod| !pod.is_empty() && !listing::is_infra(listed));
        let name = own_name(&found.labels).unwrap_or_else(|| found.name.clone());
        let process = listed.pid.filter(|pid| self.sees_processes && *pid > 0 && listing::is_running(listed));
        FoundContainer {
            is_on_network: self.is_on_network(listed),
            allowance: process.and_then(|process| allowance::of(process, &found.id)),
            post_start: post_start.and_then(|pod| self.records.hook(pod, &name)),
            stop: known.steps.get(&name).copied(),
            last_words: known.last_words.get(&listing::run(listed)).cloned().unwrap_or_default(),
            ..found
        }
    }

    /// Whether it is in the fleet's network. Newer versions may not say it: then nothing is missed.
    fn is_on_network(&self, listed: &ListContainer) -> bool {
        let name = PodLabels::network_name(&self.fleet);
        listed.networks.as_ref().is_none_or(|networks| networks.contains(&name))
    }

    /// What is left of a run that ended, without the values of its secrets. The log is read where it failed only.
    async fn last_words(&self, listed: &ListContainer, inspected: &Inspected) -> LastWords {
        let called = listed.names.iter().flatten().next().cloned().unwrap_or_default();
        let name = own_name(&listing::labels(listed.labels.as_ref())).unwrap_or_else(|| called.clone());
        let pod = listed.pod_name.as_deref().filter(|pod| !pod.is_empty());
        let log = match listed.exit_code {
            Some(0) => String::new(),
            Some(_) | None => self.last_lines(&called, LOG_LINES).await.unwrap_or_default(),
        };
        let message = pod.map(|pod| self.records.message(pod, &name)).unwrap_or_default();
        let masks = pod.map(|pod| self.masks(pod)).unwrap_or_default();
        let is_short = || listed.id.as_deref().is_some_and(|id| self.exits.was_short_of_memory(id));
        let out_of_memory = inspected.state.oom_killed || listed.exit_code == Some(KILLED) && is_short();
        LastWords { out_of_memory, message: masks.hide(&message), log: masks.hide(log.trim_end()) }
    }

    /// Notes which main processes are gone while Podman says that they run: it hears of an end through conmon, and never
    /// where that was killed too. A moment is given to it first.
    fn note_vanished(&self, containers: &[ListContainer]) {
        if !self.sees_processes {
            return;
        }
        let mut known = self.known();
        for listed in containers.iter().filter(|one| listing::is_running(one)) {
            let run = listing::run(listed);
            let is_gone = listed.pid.filter(|pid| *pid > 0).and_then(processes::is_alive) == Some(false);
            if !is_gone {
                known.missing.remove(&run);
                continue;
            }
            let since = known.missing.get(&run).copied();
            match since {
                None => {
                    known.missing.insert(run, Instant::now());
                    self.look_again_in(UNHEARD);
                }
                Some(since) if since.elapsed() >= UNHEARD => {
                    known.vanished_names.extend(listed.names.iter().flatten().next().cloned());
                    known.vanished.entry(run).or_insert_with(clock::now);
                }
                Some(_) => {}
            }
        }
    }

    fn look_again_in(&self, length: Duration) {
        let changes = std::sync::Arc::clone(&self.changes);
        tokio::spawn(async move {
            sleep(length).await;
            changes.notify_one();
        });
    }

    /// Whether a container has vanished.
    pub(super) fn has_vanished(&self, name: &str) -> bool {
        self.known().vanished_names.contains(name)
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
            let connected: BTreeSet<Run> =
                containers.iter().filter(|one| self.is_on_network(one)).map(listing::run).collect();
            known.addresses.retain(|run, _| connected.contains(run));
            known.times.retain(|run, _| runs.contains(run));
            known.last_words.retain(|run, _| runs.contains(run));
            known.vanished.retain(|run, _| runs.contains(run));
            let pods: BTreeSet<&String> = containers.iter().filter_map(|one| one.pod_name.as_ref()).collect();
            known.broken.retain(|pod| pods.contains(pod));
            containers.iter().filter(|one| is_unclear(one, &known)).collect()
        };
        join_all(unknown.into_iter().map(|container| self.learn(container))).await;
    }

    async fn learn(&self, listed: &ListContainer) {
        let run = listing::run(listed);
        let Ok(Some(inspected)) = self.container(&run.0).await else { return };
        let last_words = if listing::is_infra(listed) { None } else { Some(self.last_words(listed, &inspected).await) };
        let mut known = self.known();
        if let Some(last_words) = last_words {
            known.last_words.insert(run.clone(), last_words);
        }
        if listing::is_infra(listed) {
            known.addresses.extend(inspected.address().map(|address| (run, address)));
        } else {
            known.times.insert(run, times(&inspected));
        }
    }
}

/// The name that the labels of a container give: notes about it go by that one.
fn own_name(labels: &Labels) -> Option<String> {
    ContainerLabels::read(labels).map(|labels| labels.container_name())
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

fn times(inspected: &Inspected) -> Times {
    let moment = |time: chrono::DateTime<chrono::Utc>| Moment(u64::try_from(time.timestamp_millis()).unwrap_or(0));
    Times { started: moment(inspected.state.started_at), finished: moment(inspected.state.finished_at) }
}
