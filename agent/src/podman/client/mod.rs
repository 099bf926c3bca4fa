//! The real Podman: podman-api where it is right, the raw client where it is not (edge).
//!
//! Nothing is taken for ours by its name alone: what is stopped, signalled or removed is inspected first, and left alone
//! when its labels are not those that give its name.

pub mod attach;
mod end;
mod exec;
mod group;
mod hooks;
pub mod logs;
mod look;
mod make;
mod node;
mod observe;
mod pull;
mod put;
mod right;
mod secrets;
mod stop;
mod store;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use podman_api::{ApiVersion, opts};
use tokio::{sync::Notify, task::JoinHandle};
use wlc_plan::{
    name::{FleetName, ReplicaName, VolumeName},
    node_plan::IpFamily,
    quantity::{Bytes, Millis},
    spec::{Image, Resources},
};

pub use self::end::OwnVolume;

use self::store::Store;
use super::{
    Answer, Executed, Podman, PodmanError, Pulled, Removed, errors, events,
    exits::Exits,
    labels::PodLabels,
    listing::Known,
    places::Places,
    processes,
    raw::{Raw, within},
    versions,
};
use crate::{
    action::{ContentSwap, FilesSwap, HookRun, NodeNeeds, PodRequest, RunContainer, Stop},
    contents::{Contents, Folders},
    observed::Observed,
    records::Records,
};

/// How long looking at something may take.
const LOOK: Duration = Duration::from_secs(30);
/// How long making, starting or removing something may take.
const CHANGE: Duration = Duration::from_secs(120);
/// How long a stop may take beyond its grace.
const BEYOND_GRACE: Duration = Duration::from_secs(30);
/// How long pulling an image may take.
const PULL: Duration = Duration::from_secs(1_800);

/// The real Podman, behind its socket.
pub struct Client {
    api: podman_api::Podman,
    raw: Raw,
    socket: PathBuf,
    fleet: FleetName,
    folders: Folders,
    records: Records,
    memory: Folders,
    contents: Arc<dyn Contents>,
    /// Whether the numbers of processes that Podman gives are those of this process namespace.
    sees_processes: bool,
    page: Bytes,
    places: Places,
    pull_limit: Duration,
    known: Mutex<Known>,
    changes: Arc<Notify>,
    exits: Exits,
    events: JoinHandle<()>,
    store: Store,
}

impl Client {
    /// Asks for the version, refuses those that the agent does not work with, and begins to follow events.
    ///
    /// `state` is the agent's folder; the files of configs are put below it.
    ///
    /// # Errors
    /// The socket does not answer, or the version is not supported.
    pub async fn connect(
        socket: &Path,
        fleet: &FleetName,
        state: &Path,
        contents: Arc<dyn Contents>,
    ) -> Result<Self, PodmanError> {
        // Never `adjust_api_version`: it takes the number of the Docker API.
        let api = podman_api::Podman::unix_versioned(socket, ApiVersion::new(4, Some(3), Some(1)));
        check_version(&api, socket).await?;
        let raw = Raw::new(socket.to_owned());
        let changes = Arc::new(Notify::new());
        let store = Store::find(raw.clone());
        let events = tokio::spawn(events::follow(raw.clone(), fleet.clone(), Arc::clone(&changes)));
        Ok(Self {
            api,
            raw,
            socket: socket.to_owned(),
            fleet: fleet.clone(),
            folders: Folders::new(state),
            records: Records::new(state),
            contents,
            sees_processes: processes::are_shared_with(socket).await,
            page: Bytes(rustix::param::page_size() as u64),
            memory: Folders::new(&Places::default().memory.join(fleet.as_str())),
            places: Places::default(),
            pull_limit: PULL,
            known: Mutex::default(),
            exits: Exits::new(Arc::clone(&changes)),
            changes,
            events,
            store,
        })
    }

    /// The same, with other folders of the node than the usual ones.
    #[must_use]
    pub fn with_places(mut self, places: Places) -> Self {
        self.memory = Folders::new(&places.memory.join(self.fleet.as_str()));
        self.places = places;
        self
    }

    /// The same, with another time that pulling an image may take.
    #[must_use]
    pub fn with_pull_limit(mut self, pull_limit: Duration) -> Self {
        self.pull_limit = pull_limit;
        self
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call of podman-api within its limit, with its error in our words.
    async fn api<T>(
        &self,
        what: &str,
        limit: Duration,
        call: impl Future<Output = podman_api::Result<T>>,
    ) -> Result<T, PodmanError> {
        within(what, limit, async { call.await.map_err(|error| errors::from_api(error, what, &self.socket)) }).await
    }

    async fn make_network_if_needed(&self, ip_family: IpFamily) -> Result<(), PodmanError> {
        let name = PodLabels::network_name(&self.fleet);
        let what = format!("make network {name}");
        let labels = super::create::network_labels(&self.fleet);
        let bridge = super::create::bridge_name(&self.fleet, &self.socket);
        let body = opts::NetworkCreateOpts::builder().name(&name).driver("bridge").dns_enabled(true).labels(labels);
        let body = body.network_interface(&bridge).ipv6_enabled(ip_family == IpFamily::Dual).build();
        let networks = self.api.networks();
        let Err(error) = self.api(&what, CHANGE, networks.create(&body)).await else { return Ok(()) };
        match self.network().await? {
            None => Err(error),
            Some(found) if !found.is_own(&self.fleet) => Err(PodmanError::Foreign { what: format!("network {name}") }),
            Some(found) if found.ip_family == ip_family => Ok(()),
            Some(_) => {
                self.api(&format!("remove network {name}"), CHANGE, networks.get(&*name).delete()).await?;
                self.api(&what, CHANGE, networks.create(&body)).await.map(drop)
            }
        }
    }

    async fn last_lines(&self, container: &str, lines: u32) -> Result<String, PodmanError> {
        use futures_util::TryStreamExt;
        let what = format!("read the log of {container}");
        let wanted = opts::ContainerLogsOpts::builder().stdout(true).stderr(true).tail(lines.to_string()).build();
        let handle = self.api.containers().get(container);
        let chunks: Vec<_> = self.api(&what, LOOK, handle.logs(&wanted).try_collect()).await?;
        let bytes: Vec<u8> = chunks.into_iter().flat_map(Vec::<u8>::from).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Asks with a ping, whose answer names the version: the call that is meant for it takes Podman a third of a second. It is
/// made only where the ping does not tell.
async fn check_version(api: &podman_api::Podman, socket: &Path) -> Result<(), PodmanError> {
    let what = "say its version";
    let failed = |error| errors::from_api(error, what, socket);
    let version = match within(what, LOOK, async { api.ping().await.map_err(failed) }).await {
        Ok(ping) => ping.libpod_api_version,
        Err(PodmanError::Unreadable { .. }) => {
            let asked = within(what, LOOK, async { api.version().await.map_err(failed) });
            asked.await?.version.unwrap_or_default()
        }
        Err(error) => return Err(error),
    };
    versions::check(&version)
}

impl Drop for Client {
    fn drop(&mut self) {
        self.events.abort();
    }
}

impl Podman for Client {
    fn observe(&self) -> Answer<'_, Observed> {
        Box::pin(self.observe_all())
    }

    fn make_network(&self, ip_family: IpFamily) -> Answer<'_, ()> {
        Box::pin(self.make_network_if_needed(ip_family))
    }

    fn make_pod<'a>(&'a self, request: &'a PodRequest) -> Answer<'a, ()> {
        Box::pin(self.make_pod_if_needed(request))
    }

    fn pull_image<'a>(&'a self, image: &'a Image) -> Answer<'a, Pulled> {
        Box::pin(self.pull_if_needed(image))
    }

    fn remove_image<'a>(&'a self, name: &'a str) -> Answer<'a, Removed> {
        Box::pin(self.remove_image_if_unused(name))
    }

    fn run_container<'a>(&'a self, request: &'a RunContainer) -> Answer<'a, ()> {
        Box::pin(self.run_if_needed(request))
    }

    fn post_start<'a>(&'a self, run: &'a HookRun) -> Answer<'a, ()> {
        Box::pin(self.run_post_start(run))
    }

    fn limit_container<'a>(&'a self, container: &'a str, resources: &'a Resources) -> Answer<'a, ()> {
        Box::pin(self.limit_if_running(container, resources))
    }

    fn connect_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        Box::pin(self.connect_if_needed(pod))
    }

    fn rename_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        Box::pin(self.rename_if_needed(container))
    }

    fn unpause_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        Box::pin(self.unpause_if_paused(container))
    }

    fn begin_stop<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.note_stop(pod) })
    }

    fn stop_containers<'a>(&'a self, stop: &'a Stop) -> Answer<'a, ()> {
        Box::pin(self.stop_in_stages(stop))
    }

    fn remove_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        Box::pin(self.remove_container_if_there(container))
    }

    fn remove_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        Box::pin(self.remove_pod_if_there(pod))
    }

    fn swap_content<'a>(&'a self, swap: &'a ContentSwap) -> Answer<'a, ()> {
        Box::pin(self.swap(swap))
    }

    fn swap_files<'a>(&'a self, swap: &'a FilesSwap) -> Answer<'a, ()> {
        Box::pin(self.swap_mounted(swap))
    }

    fn check_node<'a>(&'a self, needs: &'a NodeNeeds) -> Answer<'a, ()> {
        Box::pin(self.check(needs))
    }

    fn remove_claim<'a>(&'a self, replica: &'a ReplicaName, claim: &'a VolumeName) -> Answer<'a, ()> {
        Box::pin(self.remove_claim_if_there(replica, claim))
    }

    fn signal_container<'a>(&'a self, container: &'a str, signal: &'a str) -> Answer<'a, ()> {
        Box::pin(self.signal_if_running(container, signal))
    }

    fn exec<'a>(&'a self, container: &'a str, command: &'a [String], limit: Millis) -> Answer<'a, Executed> {
        Box::pin(self.execute(container, command, limit))
    }

    fn logs<'a>(&'a self, container: &'a str, lines: u32) -> Answer<'a, String> {
        Box::pin(self.last_lines(container, lines))
    }

    fn changes(&self) -> &Notify {
        &self.changes
    }
}
