//! What is sent to Podman to make pods, volumes and containers: pure.
//!
//! The bodies are libpod's `PodSpecGenerator` and `SpecGenerator` as Podman 4.3 to 5 read them. Podman ignores keys that it
//! does not know, so each key is checked against a real container by the tests: a misspelt one would be a silent hole.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use wlc_plan::{
    digest::Digest,
    name::{AbsolutePath, FleetName, VolumeName},
    quantity::{Bytes, Millis},
    spec::{
        ContainerSpec, EmptyDir, FsGroup, Image, LogDriver, Medium, MountSource, PodSpec, Protocol, VolumeSource, Whose,
    },
};

use super::{
    PodmanError,
    labels::{ContainerLabels, FLEET, PodLabels, VolumeLabels},
    limits::{ResourceLimits, resource_limits},
    mounts::{BindMount, ImageVolume, Mounted, NamedVolume, Sources, mounts},
    security::{self, SecurityBody},
    signals,
    surroundings::{self, SurroundingsBody},
};
use crate::action::{PodRequest, PublishedPort, RunContainer};

/// Most bytes of a container's log before it starts anew.
pub const LOG_BYTES: Bytes = Bytes(10 << 20);

/// `POST /pods/create`
#[derive(Debug, Serialize)]
pub struct PodBody {
    name: String,
    labels: BTreeMap<String, String>,
    #[serde(flatten)]
    surroundings: SurroundingsBody,
    #[serde(rename = "Networks", skip_serializing_if = "BTreeMap::is_empty")]
    networks: BTreeMap<String, NetworkOptions>,
    portmappings: Vec<PortMapping>,
}

#[derive(Debug, Serialize)]
struct NetworkOptions {
    aliases: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PortMapping {
    host_ip: String,
    host_port: u16,
    container_port: u16,
    protocol: &'static str,
}

/// `POST /containers/create`
#[derive(Debug, Serialize)]
pub struct ContainerBody {
    name: String,
    pod: String,
    image: String,
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_dir: Option<String>,
    env: BTreeMap<String, String>,
    #[serde(flatten)]
    security: SecurityBody,
    resource_limits: ResourceLimits,
    mounts: Vec<BindMount>,
    volumes: Vec<NamedVolume>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_volumes: Vec<ImageVolume>,
    log_configuration: LogConfiguration,
    restart_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<u8>,
    stop_timeout: u64,
}

impl ContainerBody {
    /// The image, as it is asked for.
    pub fn image(&self) -> &str {
        &self.image
    }

    /// Mounts the file for the container's last words, unless the spec has something there.
    pub fn mount_message(&mut self, path: &AbsolutePath, file: &Path) {
        let is_taken =
            self.volumes.iter().any(|volume| volume.is_at(path)) || self.mounts.iter().any(|one| one.is_at(path));
        if !is_taken {
            self.mounts.push(super::mounts::message(path, file));
        }
    }

    /// The name of the pod.
    pub fn pod(&self) -> &str {
        &self.pod
    }
}

#[derive(Debug, Serialize)]
struct LogConfiguration {
    driver: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Bytes>,
}

/// `POST /volumes/create`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VolumeBody {
    name: String,
    labels: BTreeMap<String, String>,
    options: BTreeMap<&'static str, String>,
}

/// The body that makes a pod.
pub fn pod(request: &PodRequest) -> PodBody {
    let replica = request.labels.replica.to_string();
    let network = PodLabels::network_name(&request.labels.fleet);
    let around = &request.spec.surroundings;
    let (networks, portmappings) = match around.network {
        Whose::Pod => {
            let networks = BTreeMap::from([(network, NetworkOptions { aliases: vec![replica.clone()] })]);
            (networks, request.ports.iter().map(port_mapping).collect())
        }
        // Its ports are the node's already.
        Whose::Node => (BTreeMap::new(), Vec::new()),
    };
    PodBody {
        name: request.labels.pod_name(),
        labels: request.labels.to_map(),
        surroundings: surroundings::surroundings(around, &replica),
        networks,
        portmappings,
    }
}

fn port_mapping(port: &PublishedPort) -> PortMapping {
    PortMapping {
        host_ip: port.address.map(|address| address.to_string()).unwrap_or_default(),
        host_port: port.host,
        container_port: port.inside,
        protocol: match port.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        },
    }
}

/// The body that makes one attempt of a container. `image_user` is the user that the image names, empty for none;
/// `profiles` the node's folder of seccomp profiles.
///
/// # Errors
/// A stop signal that Linux does not have.
pub fn container(
    request: &RunContainer,
    (folders, env): (&Sources<'_>, Vec<(String, String)>),
    image_user: &str,
    profiles: &Path,
) -> Result<ContainerBody, PodmanError> {
    let spec = &request.spec;
    let labels = ContainerLabels { pod: request.pod.clone(), container: spec.name.clone(), attempt: request.attempt };
    let Mounted { binds, volumes, images } = mounts(request, folders)?;
    Ok(ContainerBody {
        name: labels.container_name(),
        pod: request.pod.pod_name(),
        image: image_reference(&spec.image),
        labels: labels.to_map(),
        entrypoint: spec.command.clone(),
        command: spec.args.clone(),
        work_dir: spec.working_directory.as_ref().map(ToString::to_string),
        env: env.into_iter().collect(),
        security: security::security(&spec.security, &request.surroundings, image_user, profiles)
            .with_devices(&request.devices),
        resource_limits: resource_limits(&spec.resources, spec.security.process.pids_limit)
            .on(&request.cores, &request.numa),
        mounts: binds,
        volumes,
        image_volumes: images,
        log_configuration: match request.surroundings.log {
            LogDriver::File => LogConfiguration { driver: "k8s-file", size: Some(LOG_BYTES) },
            LogDriver::Journal => LogConfiguration { driver: "journald", size: None },
        },
        restart_policy: "no",
        stop_signal: stop_signal(spec)?,
        stop_timeout: whole_seconds(request.grace),
    })
}

/// The name under which an image is asked for. A digest makes the tag superfluous, and Podman takes only one of them.
pub fn image_reference(image: &Image) -> String {
    let Some(digest) = &image.digest else { return image.name.clone() };
    let name = image.name.split('@').next().unwrap_or(&image.name);
    let tag = name.rfind(':').filter(|&colon| !name[colon..].contains('/'));
    format!("{}@{digest}", &name[..tag.unwrap_or(name.len())])
}

/// The user in `user[:group]` of an image; root where it names none.
pub fn image_user_part(image_user: &str) -> &str {
    image_user.split(':').next().filter(|user| !user.is_empty()).unwrap_or("0")
}

/// The number of the signal that asks a container to end; none: the image's.
///
/// # Errors
/// A signal that Linux does not have.
pub fn stop_signal(spec: &ContainerSpec) -> Result<Option<u8>, PodmanError> {
    let Some(name) = &spec.stop_signal else { return Ok(None) };
    signals::number(name).map(Some).ok_or_else(|| PodmanError::UnknownSignal { signal: name.clone() })
}

/// Podman's grace is in whole seconds: at least as long as what was asked for.
pub fn whole_seconds(length: Millis) -> u64 {
    length.0.div_ceil(1_000)
}

/// The volumes that live as long as a pod.
pub fn volumes<'a>(
    pod: &'a PodLabels,
    spec: &'a PodSpec,
) -> impl Iterator<Item = (VolumeLabels, &'a EmptyDir)> + use<'a> {
    spec.volumes.iter().filter_map(move |(volume, source)| match source {
        VolumeSource::EmptyDir(empty) => Some((VolumeLabels { pod: pod.clone(), volume: volume.clone() }, empty)),
        VolumeSource::HostPath(_) | VolumeSource::NodePath(_) | VolumeSource::Named(_) | VolumeSource::Image(_) => None,
    })
}

/// The volumes that all who name them share.
pub fn named(spec: &PodSpec) -> impl Iterator<Item = &VolumeName> {
    spec.volumes.values().filter_map(|source| match source {
        VolumeSource::Named(volume) => Some(volume),
        VolumeSource::EmptyDir(_) | VolumeSource::HostPath(_) | VolumeSource::NodePath(_) | VolumeSource::Image(_) => {
            None
        }
    })
}

/// Whether a container of the pod mounts files that are put down for it.
pub fn mounts_files(spec: &PodSpec) -> bool {
    let mut mounts = spec.containers.iter().flat_map(|container| &container.mounts);
    mounts.any(|mount| matches!(mount.source, MountSource::Files(_)))
}

/// The body that makes a volume which outlives pods. Its first container gives it its owner.
pub fn lasting_volume(name: &str, labels: &BTreeMap<String, String>) -> VolumeBody {
    VolumeBody { name: name.to_owned(), labels: labels.clone(), options: BTreeMap::new() }
}

/// The body that makes a volume. `page` is the size of the machine's memory pages; the group is that of the pod's volumes.
pub fn volume(labels: &VolumeLabels, empty: &EmptyDir, (page, group): (Bytes, Option<FsGroup>)) -> VolumeBody {
    VolumeBody {
        name: labels.pod.volume_name(&labels.volume),
        labels: labels.to_map(),
        options: match empty.medium {
            // With an owner named, Podman leaves owner and mode alone when the volume is first mounted.
            Medium::Disk => BTreeMap::from([("o", "uid=0".to_owned())]),
            Medium::Memory => BTreeMap::from([
                ("type", "tmpfs".to_owned()),
                ("device", "tmpfs".to_owned()),
                ("o", tmpfs_options(empty.size, page, group)),
            ]),
        },
    }
}

/// Podman 4.3 takes the option `size` for a disk quota, whatever the type of the volume; the kernel knows `nr_blocks`, in
/// pages, as well.
fn tmpfs_options(size: Option<Bytes>, page: Bytes, group: Option<FsGroup>) -> String {
    let owner = match group {
        Some(FsGroup { group, change: _ }) => format!("mode=3777,gid={group}"),
        None => "mode=1777".to_owned(),
    };
    match size {
        Some(size) => format!("{owner},nr_blocks={}", size.0.div_ceil(page.0)),
        None => owner,
    }
}

/// The name of the bridge behind the fleet's network: at most 15 characters, as Linux has it.
///
/// Left to itself, Podman counts `podman1` and on, and two Podmans of one machine count alike: the pods of one of them are
/// then not reachable. The socket tells them apart.
pub fn bridge_name(fleet: &FleetName, socket: &Path) -> String {
    let parts = [fleet.as_str().as_bytes(), socket.as_os_str().as_encoded_bytes()];
    format!("wlc-{}", Digest::of_parts("wlc-bridge-1", &parts).short(8))
}

/// Labels of the fleet's network.
pub fn network_labels(fleet: &FleetName) -> BTreeMap<String, String> {
    BTreeMap::from([(FLEET.to_owned(), fleet.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use wlc_plan::spec::PullPolicy;

    #[test]
    fn a_digest_takes_the_place_of_the_tag() {
        let digest = "sha256:aa";
        for (name, expected) in [
            ("nginx", "nginx@sha256:aa"),
            ("nginx:1.27", "nginx@sha256:aa"),
            ("registry.example:5000/nginx", "registry.example:5000/nginx@sha256:aa"),
            ("registry.example:5000/nginx:1", "registry.example:5000/nginx@sha256:aa"),
            ("nginx:1@sha256:bb", "nginx@sha256:aa"),
        ] {
            let pinned = |digest: Option<&str>| Image {
                name: name.to_owned(),
                digest: digest.map(str::to_owned),
                pull: PullPolicy::Never,
            };
            assert_eq!(image_reference(&pinned(Some(digest))), expected);
            assert_eq!(image_reference(&pinned(None)), name);
        }
    }

    #[test]
    fn lengths_are_rounded_up_to_what_podman_knows() {
        assert_eq!([0, 1, 1_000, 1_001].map(|length| whole_seconds(Millis(length))), [0, 1, 1, 2]);
        let page = Bytes(4_096);
        assert_eq!(tmpfs_options(Some(Bytes(4_097)), page, None), "mode=1777,nr_blocks=2");
        assert_eq!(tmpfs_options(None, page, None), "mode=1777");
    }
}
