//! What is sent to Podman to make pods, volumes and containers: pure.
//!
//! The bodies are libpod's `PodSpecGenerator` and `SpecGenerator` as Podman 4.3 to 5 read them. Podman ignores keys that it
//! does not know, so each key is checked against a real container by the tests: a misspelt one would be a silent hole.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use wlc_plan::{
    digest::Digest,
    name::FleetName,
    quantity::{Bytes, Millis},
    spec::{ContainerSpec, EmptyDir, Image, Medium, PodSpec, Protocol, Security, VolumeSource},
};

use super::{
    PodmanError,
    labels::{ContainerLabels, FLEET, PodLabels, VolumeLabels},
    limits::{ResourceLimits, resource_limits},
    mounts::{BindMount, NamedVolume, mounts},
    signals,
};
use crate::{
    action::{PodRequest, PublishedPort, RunContainer},
    contents::Folders,
};

/// Most bytes of a container's log before it starts anew.
pub const LOG_BYTES: Bytes = Bytes(10 << 20);

/// `POST /pods/create`
#[derive(Debug, Serialize)]
pub struct PodBody {
    name: String,
    labels: BTreeMap<String, String>,
    hostname: String,
    netns: Namespace,
    #[serde(rename = "Networks")]
    networks: BTreeMap<String, NetworkOptions>,
    portmappings: Vec<PortMapping>,
}

#[derive(Debug, Serialize)]
struct Namespace {
    nsmode: &'static str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    privileged: bool,
    read_only_filesystem: bool,
    no_new_privileges: bool,
    cap_add: Vec<String>,
    cap_drop: Vec<String>,
    resource_limits: ResourceLimits,
    mounts: Vec<BindMount>,
    volumes: Vec<NamedVolume>,
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

    /// The name of the pod.
    pub fn pod(&self) -> &str {
        &self.pod
    }
}

#[derive(Debug, Serialize)]
struct LogConfiguration {
    driver: &'static str,
    size: Bytes,
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
    PodBody {
        name: request.labels.pod_name(),
        labels: request.labels.to_map(),
        hostname: replica.clone(),
        netns: Namespace { nsmode: "bridge" },
        networks: BTreeMap::from([(network, NetworkOptions { aliases: vec![replica] })]),
        portmappings: request.ports.iter().map(port_mapping).collect(),
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

/// The body that makes one attempt of a container. `image_user` is the user that the image names, empty for none.
///
/// # Errors
/// A stop signal that Linux does not have.
pub fn container(request: &RunContainer, folders: &Folders, image_user: &str) -> Result<ContainerBody, PodmanError> {
    let spec = &request.spec;
    let labels = ContainerLabels { pod: request.pod.clone(), container: spec.name.clone(), attempt: request.attempt };
    let (mounts, volumes) = mounts(request, folders);
    Ok(ContainerBody {
        name: labels.container_name(),
        pod: request.pod.pod_name(),
        image: image_reference(&spec.image),
        labels: labels.to_map(),
        entrypoint: spec.command.clone(),
        command: spec.args.clone(),
        work_dir: spec.working_directory.as_ref().map(ToString::to_string),
        env: request.env.iter().cloned().collect(),
        user: user(&spec.security, image_user),
        privileged: spec.security.privileged,
        read_only_filesystem: spec.security.read_only_root,
        no_new_privileges: spec.security.no_new_privileges,
        cap_add: capabilities(&spec.security.add_capabilities),
        cap_drop: capabilities(&spec.security.drop_capabilities),
        resource_limits: resource_limits(&spec.resources),
        mounts,
        volumes,
        log_configuration: LogConfiguration { driver: "k8s-file", size: LOG_BYTES },
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

/// `uid[:gid]`. A group alone keeps the image's user. Kubernetes: `runAsUser`, `runAsGroup`.
fn user(security: &Security, image_user: &str) -> Option<String> {
    match (security.user, security.group) {
        (Some(user), Some(group)) => Some(format!("{user}:{group}")),
        (Some(user), None) => Some(user.to_string()),
        (None, Some(group)) => Some(format!("{}:{group}", image_user_part(image_user))),
        (None, None) => None,
    }
}

/// The user in `user[:group]` of an image; root where it names none.
pub fn image_user_part(image_user: &str) -> &str {
    image_user.split(':').next().filter(|user| !user.is_empty()).unwrap_or("0")
}

fn capabilities(names: &[String]) -> Vec<String> {
    let full = |name: &String| if name == "ALL" { name.clone() } else { format!("CAP_{name}") };
    names.iter().map(full).collect()
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
        VolumeSource::HostPath(_) => None,
    })
}

/// The body that makes a volume. `page` is the size of the machine's memory pages.
pub fn volume(labels: &VolumeLabels, empty: &EmptyDir, page: Bytes) -> VolumeBody {
    VolumeBody {
        name: labels.pod.volume_name(&labels.volume),
        labels: labels.to_map(),
        options: match empty.medium {
            // With an owner named, Podman leaves owner and mode alone when the volume is first mounted.
            Medium::Disk => BTreeMap::from([("o", "uid=0".to_owned())]),
            Medium::Memory => BTreeMap::from([
                ("type", "tmpfs".to_owned()),
                ("device", "tmpfs".to_owned()),
                ("o", tmpfs_options(empty.size, page)),
            ]),
        },
    }
}

/// Podman 4.3 takes the option `size` for a disk quota, whatever the type of the volume; the kernel knows `nr_blocks`, in
/// pages, as well.
fn tmpfs_options(size: Option<Bytes>, page: Bytes) -> String {
    match size {
        Some(size) => format!("mode=1777,nr_blocks={}", size.0.div_ceil(page.0)),
        None => "mode=1777".to_owned(),
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
    fn a_group_alone_keeps_the_user_of_the_image() {
        let with = |user, group| Security { user, group, ..Security::default() };
        for (security, image_user, expected) in [
            (with(Some(5), Some(6)), "7:8", Some("5:6")),
            (with(Some(5), None), "7:8", Some("5")),
            (with(None, Some(6)), "7:8", Some("7:6")),
            (with(None, Some(6)), "", Some("0:6")),
            (with(None, None), "7:8", None),
        ] {
            assert_eq!(user(&security, image_user).as_deref(), expected);
        }
    }

    #[test]
    fn lengths_are_rounded_up_to_what_podman_knows() {
        assert_eq!([0, 1, 1_000, 1_001].map(|length| whole_seconds(Millis(length))), [0, 1, 1, 2]);
        let page = Bytes(4_096);
        assert_eq!(tmpfs_options(Some(Bytes(4_097)), page), "mode=1777,nr_blocks=2");
        assert_eq!(tmpfs_options(None, page), "mode=1777");
    }
}
