//! Makes pods, volumes and containers where there are none, and starts containers.
//!
//! Each is simply asked for; only when Podman says no is looked whether it was there already and is ours. So the common
//! case costs one request, and nothing hangs on the words of an error.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use tokio::{join, time::sleep};
use wlc_plan::{
    digest::Digest,
    name::{AbsolutePath, ContainerName},
    spec::{ConfigMount, ContainerSpec, EmptyDir, FsGroup, Medium, MountSource, OnChange},
};

use super::{CHANGE, Client, LOOK, group::give, node::make_part, pull::no_image};
use crate::{
    action::{ContentSwap, PodRequest, RunContainer},
    contents::Place,
    files::EnvPart,
    podman::{
        PodmanError, create, images,
        labels::{ClaimLabels, ContainerLabels, NamedLabels, VolumeLabels},
        mounts,
        ownership::Labels,
        pulls::PullFault,
        raw::{Call, encoded},
    },
};

/// Pauses before a start is tried again whose port is still held by a start that failed just before.
const PORT_PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_000)];
/// How long Podman is given to make a container whose name is taken already.
const BEING_MADE: Duration = Duration::from_secs(3);
/// An empty directory is open to all users of all containers of its pod, as Kubernetes' is.
const OPEN_TO_ALL: u32 = 0o777;

/// A volume, as far as it is read when it is made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MadeVolume {
    mountpoint: PathBuf,
    #[serde(default)]
    labels: Option<Labels>,
}

impl Client {
    pub(super) async fn make_pod_if_needed(&self, request: &PodRequest) -> Result<(), PodmanError> {
        self.put_contents(request).await?;
        self.make_lasting_volumes(request).await?;
        for (labels, empty) in create::volumes(&request.labels, &request.spec) {
            self.make_volume_if_needed(&labels, empty, request.spec.surroundings.fs_group).await?;
        }
        let name = request.labels.pod_name();
        let Err(error) = self.make_pod_alone(request).await? else { return Ok(()) };
        match self.pod(&name).await? {
            None => Err(error),
            Some(pod) if pod.own(self).is_none() => Err(PodmanError::Foreign { what: format!("pod {name}") }),
            Some(pod) if pod.is_half_made() => {
                self.remove_pod_alone(&name).await?;
                self.make_pod_alone(request).await?
            }
            Some(_) => Ok(()),
        }
    }

    /// The outer error is that of the way to Podman, the inner one what it says.
    async fn make_pod_alone(&self, request: &PodRequest) -> Result<Result<(), PodmanError>, PodmanError> {
        let what = format!("make pod {}", request.labels.pod_name());
        let call = Call::post(&what, "/pods/create".to_owned(), CHANGE).with(&create::pod(request));
        Ok(self.raw.send(call).await?.done(&what))
    }

    async fn make_volume_if_needed(
        &self,
        labels: &VolumeLabels,
        empty: &EmptyDir,
        group: Option<FsGroup>,
    ) -> Result<(), PodmanError> {
        let name = labels.pod.volume_name(&labels.volume);
        let what = format!("make volume {name}");
        let body = create::volume(labels, empty, (self.page, group));
        let reply = self.raw.send(Call::post(&what, "/volumes/create".to_owned(), CHANGE).with(&body)).await?;
        let volume = if reply.is_done() {
            reply.json::<MadeVolume>(&what)?
        } else {
            let error = reply.refusal(&what);
            let path = format!("/volumes/{}/json", encoded(&name));
            let found = self.raw.send(Call::get(&what, path, LOOK)).await?.json_if_any::<MadeVolume>(&what)?;
            found.ok_or(error)?
        };
        let given = volume.labels.unwrap_or_default();
        if VolumeLabels::own(&name, &given, &self.fleet).is_none() {
            return Err(PodmanError::Foreign { what: format!("volume {name}") });
        }
        match empty.medium {
            Medium::Disk => {
                open_to_all(&volume.mountpoint).await?;
                give_to_group(&volume.mountpoint, group).await
            }
            Medium::Memory => Ok(()),
        }
    }

    /// The volumes of claims, and those that all who name them share: each is made once, with the owner that its first
    /// container gives it, and then only given to the pod's group.
    async fn make_lasting_volumes(&self, request: &PodRequest) -> Result<(), PodmanError> {
        let (fleet, replica) = (&request.labels.fleet, &request.labels.replica);
        let claims = request.claims.iter().map(|claim| {
            let labels = ClaimLabels::new(fleet, replica, claim);
            (labels.volume_name(), labels.to_map())
        });
        let named = create::named(&request.spec).map(|volume| {
            let labels = NamedLabels { fleet: fleet.clone(), volume: volume.clone() };
            (labels.volume_name(), labels.to_map())
        });
        for (name, labels) in claims.chain(named) {
            let volume = self.lasting_volume(&name, &labels).await?;
            give_to_group(&volume.mountpoint, request.spec.surroundings.fs_group).await?;
        }
        Ok(())
    }

    async fn lasting_volume(&self, name: &str, labels: &Labels) -> Result<MadeVolume, PodmanError> {
        let what = format!("make volume {name}");
        let volume = match self.volume(name).await? {
            Some(found) => found,
            None => {
                let body = create::lasting_volume(name, labels);
                let call = Call::post(&what, "/volumes/create".to_owned(), CHANGE).with(&body);
                self.raw.send(call).await?.json::<MadeVolume>(&what)?
            }
        };
        if volume.labels.as_ref() == Some(labels) {
            Ok(volume)
        } else {
            Err(PodmanError::Foreign { what: format!("volume {name}") })
        }
    }

    async fn volume(&self, name: &str) -> Result<Option<MadeVolume>, PodmanError> {
        let what = format!("look for volume {name}");
        let path = format!("/volumes/{}/json", encoded(name));
        self.raw.send(Call::get(&what, path, LOOK)).await?.json_if_any::<MadeVolume>(&what)
    }

    /// Where the data of volumes lie of which only a part is mounted.
    async fn mountpoints(&self, request: &RunContainer) -> Result<BTreeMap<String, PathBuf>, PodmanError> {
        let mut found = BTreeMap::new();
        for (name, part) in mounts::volumes_in_part(request) {
            let volume = self.volume(&name).await?.ok_or_else(|| PodmanError::NotOnNode {
                what: format!("volume `{name}`"),
                why: "its pod has to be made anew".to_owned(),
            })?;
            make_part(&volume.mountpoint, part).map_err(|error| folder_error(&volume.mountpoint.join(part), &error))?;
            found.insert(name, volume.mountpoint);
        }
        Ok(found)
    }

    async fn put_contents(&self, request: &PodRequest) -> Result<(), PodmanError> {
        let pod = request.labels.pod_name();
        if create::mounts_files(&request.spec) {
            self.folders.prepare(&pod).map_err(|error| folder_error(pod.as_ref(), &error))?;
        }
        for (container, path, config) in config_mounts(&request.spec.containers) {
            let place = Place { pod: &pod, container: &container.name, path };
            let swapped = request.contents.get(&(container.name.clone(), path.clone()));
            match &config.on_change {
                OnChange::Restart(digest) => self.put(place, digest, config.mode).await?,
                OnChange::Signal(_) | OnChange::Nothing => {
                    let digest = swapped.ok_or_else(|| PodmanError::NoContentNamed { path: path.clone() })?;
                    self.put(place, digest, config.mode).await?;
                    self.record(place, digest).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes on a thread that may wait for the disk.
    async fn put(&self, place: Place<'_>, digest: &Digest, mode: u16) -> Result<(), PodmanError> {
        let content = self.contents.content(digest).ok_or(PodmanError::NoContent { digest: *digest })?;
        let digest = *digest;
        self.on_disk(place, move |folders, place| folders.put(place, &digest, &content, mode)).await
    }

    async fn record(&self, place: Place<'_>, digest: &Digest) -> Result<(), PodmanError> {
        let digest = *digest;
        self.on_disk(place, move |folders, place| folders.record(place, &digest)).await
    }

    async fn on_disk(
        &self,
        place: Place<'_>,
        write: impl FnOnce(&crate::contents::Folders, Place<'_>) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), PodmanError> {
        let folder = self.folders.mounted(place.pod, place.container, place.path);
        let (folders, pod) = (self.folders.clone(), place.pod.to_owned());
        let (container, path): (ContainerName, AbsolutePath) = (place.container.clone(), place.path.clone());
        let written = move || write(&folders, Place { pod: &pod, container: &container, path: &path });
        let done = tokio::task::spawn_blocking(written).await.expect("writing a folder does not panic");
        done.map_err(|error| folder_error(&folder, &error))
    }

    pub(super) async fn swap(&self, swap: &ContentSwap) -> Result<(), PodmanError> {
        let place = Place { pod: &swap.pod, container: &swap.container, path: &swap.path };
        self.put(place, &swap.content, swap.mode).await?;
        if let Some(to) = &swap.signal {
            self.signal_if_running(&to.container, &to.signal).await?;
        }
        self.record(place, &swap.content).await
    }

    pub(super) async fn run_if_needed(&self, request: &RunContainer) -> Result<(), PodmanError> {
        let labels = ContainerLabels {
            pod: request.pod.clone(),
            container: request.spec.name.clone(),
            attempt: request.attempt,
        };
        let image_user = self.image_user_if_needed(&request.spec).await?;
        images::check_user(&request.spec, &image_user)?;
        let message = self.make_message(&labels).await?;
        let pod = request.pod.pod_name();
        for files in &request.files {
            self.put_files(&pod, &request.spec.name, files).await?;
        }
        let mountpoints = self.mountpoints(request).await?;
        let folders = mounts::Sources { disk: &self.folders, memory: &self.memory, mountpoints: &mountpoints };
        let of_env = request.env.iter().flat_map(|(_, parts)| parts).filter_map(EnvPart::secret);
        self.keep_masks(&pod, &request.spec.name, of_env).await?;
        let env = self.environment(&pod, &request.env).await?;
        let mut body = create::container(request, (&folders, env), &image_user, &self.places.profiles)?;
        body.mount_message(&request.spec.termination_message.path, &message);
        // Podman would start a new infra container, in a new network that the other containers are not in.
        let (sandbox, made) = join!(self.pod(&pod), self.make_container(&labels, &body));
        if sandbox?.is_some_and(|pod| pod.is_infra_gone()) {
            return Err(PodmanError::SandboxDown { pod });
        }
        match made? {
            Start::Needed => self.start(&labels.container_name(), &pod).await,
            Start::Done => Ok(()),
        }
    }

    /// The file for a container's last words.
    async fn make_message(&self, labels: &ContainerLabels) -> Result<PathBuf, PodmanError> {
        let (pod, container) = (labels.pod.pod_name(), labels.container_name());
        let (records, path) = (self.records.clone(), self.records.message_path(&pod, &container));
        let made = tokio::task::spawn_blocking(move || records.make_message(&pod, &container));
        let made = made.await.expect("writing a file does not panic");
        made.map(|()| path.clone()).map_err(|error| folder_error(&path, &error))
    }

    async fn make_container(
        &self,
        labels: &ContainerLabels,
        body: &create::ContainerBody,
    ) -> Result<Start, PodmanError> {
        let name = labels.container_name();
        let Err(error) = self.make_container_alone(&name, body).await? else { return Ok(Start::Needed) };
        match (self.container(&name).await?, self.own_container(&name).await?) {
            (None, _) if error.says("is already in use") => self.make_over_leftover(&name, body).await,
            (None, _) => Err(self.why_not_made(error, body)),
            (Some(_), None) => Err(PodmanError::Foreign { what: format!("container {name}") }),
            (Some(_), Some(own)) if own.name != name => Err(PodmanError::Foreign { what: format!("container {name}") }),
            (Some(_), Some(own)) if own.is_new() => Ok(Start::Needed),
            (Some(_), Some(_)) => Ok(Start::Done),
        }
    }

    /// The outer error is that of the way to Podman, the inner one what it says.
    async fn make_container_alone(
        &self,
        name: &str,
        body: &create::ContainerBody,
    ) -> Result<Result<(), PodmanError>, PodmanError> {
        let what = format!("make container {name}");
        let call = Call::post(&what, "/containers/create".to_owned(), CHANGE).with(body);
        Ok(self.raw.send(call).await?.done(&what))
    }

    /// A Podman that was killed while it made the container left its storage behind, which has the name and is no container.
    /// One that makes it in this moment, as a dead agent asked, is given the time to.
    async fn make_over_leftover(&self, name: &str, body: &create::ContainerBody) -> Result<Start, PodmanError> {
        sleep(BEING_MADE).await;
        if self.container(name).await?.is_none() {
            let what = format!("remove the storage of {name}");
            let path = format!("/containers/{}?force=true&timeout=0", encoded(name));
            self.raw.send(Call::delete(&what, path, CHANGE)).await?;
        }
        let made = self.make_container_alone(name, body).await?;
        match (made, self.own_container(name).await?) {
            (Ok(()), _) => Ok(Start::Needed),
            (Err(_), Some(own)) if own.is_new() => Ok(Start::Needed),
            (Err(_), Some(_)) => Ok(Start::Done),
            (Err(error), None) => Err(self.why_not_made(error, body)),
        }
    }

    /// A pod that was made before the last boot and never started looks like any other until it is to take a container.
    fn why_not_made(&self, error: PodmanError, body: &create::ContainerBody) -> PodmanError {
        if error.says("cgroup is not set") {
            self.known().broken.insert(body.pod().to_owned());
            return PodmanError::SandboxDown { pod: body.pod().to_owned() };
        }
        if error.says("image not known") || error.says("no such image") {
            return no_image(body.image(), PullFault::Gone, &error.to_string());
        }
        error
    }

    async fn start(&self, name: &str, pod: &str) -> Result<(), PodmanError> {
        for pause in PORT_PAUSES {
            match self.start_once(name, pod).await {
                Err(PodmanError::PortTaken { .. }) => sleep(pause).await,
                done => return done,
            }
        }
        self.start_once(name, pod).await
    }

    /// Podman starts the pod's infra container along with the first of the others. When that fails it says nothing of use:
    /// then the infra container is started by itself.
    async fn start_once(&self, name: &str, pod: &str) -> Result<(), PodmanError> {
        let Err(error) = self.start_one(name).await else { return Ok(()) };
        let Some(infra) = self.pod(pod).await?.filter(|pod| !pod.is_infra_up()) else { return Err(error) };
        self.start_one(infra.infra()).await.map_err(|error| port_taken(error, pod))?;
        self.start_one(name).await
    }

    /// The address of a pod of ours in the fleet's network. A pod that was not started yet has none: its infra container is
    /// started.
    pub(super) async fn address_of(&self, name: &str) -> Result<Option<String>, PodmanError> {
        let Some(pod) = self.pod(name).await?.filter(|pod| pod.own(self).is_some()) else { return Ok(None) };
        if !pod.is_infra_up() && !pod.is_infra_gone() {
            self.start_one(pod.infra()).await.map_err(|error| port_taken(error, name))?;
        }
        let infra = self.container(pod.infra()).await?;
        Ok(infra.and_then(|infra| infra.address()).map(|address| address.first.to_string()))
    }

    async fn start_one(&self, name: &str) -> Result<(), PodmanError> {
        let what = format!("start container {name}");
        let path = format!("/containers/{}/start", encoded(name));
        self.raw.send(Call::post(&what, path, CHANGE)).await?.done(&what)
    }
}

/// Whether a container has to be started.
enum Start {
    Needed,
    Done,
}

fn config_mounts(containers: &[ContainerSpec]) -> impl Iterator<Item = (&ContainerSpec, &AbsolutePath, &ConfigMount)> {
    containers.iter().flat_map(|container| {
        container.mounts.iter().filter_map(move |mount| match &mount.source {
            MountSource::Config(config) => Some((container, &mount.path, config)),
            MountSource::Volume(_) | MountSource::Claim(_) | MountSource::Files(_) => None,
        })
    })
}

async fn open_to_all(folder: &Path) -> Result<(), PodmanError> {
    let permissions = std::fs::Permissions::from_mode(OPEN_TO_ALL);
    tokio::fs::set_permissions(folder, permissions).await.map_err(|error| folder_error(folder, &error))
}

/// On a thread that may wait for the disk.
async fn give_to_group(folder: &Path, group: Option<FsGroup>) -> Result<(), PodmanError> {
    let Some(to) = group else { return Ok(()) };
    let given = folder.to_owned();
    let done = tokio::task::spawn_blocking(move || give(&given, to)).await.expect("giving files away does not panic");
    done.map_err(|error| folder_error(folder, &error))
}

pub(super) fn folder_error(folder: &Path, error: &std::io::Error) -> PodmanError {
    PodmanError::Folder { path: folder.display().to_string(), why: error.to_string() }
}

fn port_taken(error: PodmanError, pod: &str) -> PodmanError {
    if error.says("address already in use") {
        PodmanError::PortTaken { pod: pod.to_owned(), why: error.to_string() }
    } else {
        error
    }
}
