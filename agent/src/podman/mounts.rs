//! What a container mounts, in Podman's words: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::Serialize;
use wlc_plan::{
    name::{AbsolutePath, VolumeName},
    spec::{Access, Mount, MountSource, Propagation, VolumeSource},
};

use super::{
    PodmanError,
    create::image_reference,
    labels::{ClaimLabels, NamedLabels},
};
use crate::{action::RunContainer, contents::Folders};

/// A folder or file of the node; `mounts` of a container.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct BindMount {
    destination: String,
    r#type: &'static str,
    source: String,
    options: Vec<&'static str>,
}

/// A volume of Podman; `volumes` of a container.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct NamedVolume {
    name: String,
    dest: String,
    options: Vec<&'static str>,
}

/// The files of an image; `image_volumes` of a container.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct ImageVolume {
    source: String,
    destination: String,
    read_write: bool,
}

/// All that a container mounts.
#[derive(Debug, Default)]
pub struct Mounted {
    /// Folders and files of the node.
    pub binds: Vec<BindMount>,
    /// Volumes of Podman.
    pub volumes: Vec<NamedVolume>,
    /// Images.
    pub images: Vec<ImageVolume>,
}

/// Where mounted data lie on the node.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The folders on disk.
    pub disk: &'a Folders,
    /// The folders in memory, for secrets.
    pub memory: &'a Folders,
    /// The folders of volumes of which only a part is mounted, by their names.
    pub mountpoints: &'a BTreeMap<String, PathBuf>,
}

/// All mounts of a container. A mount of a volume that the pod does not have is left out: the validator of plans refuses
/// such a spec.
///
/// # Errors
/// A part of something that cannot be mounted in part.
pub(super) fn mounts(request: &RunContainer, sources: &Sources<'_>) -> Result<Mounted, PodmanError> {
    let mut mounted = Mounted::default();
    for mount in &request.spec.mounts {
        match &mount.source {
            MountSource::Config(_) | MountSource::Files(_) => mounted.binds.push(files(request, mount, sources)),
            MountSource::Volume(name) => match request.volumes.get(name) {
                Some(VolumeSource::HostPath(path)) => mounted.binds.push(host_path(mount, path.as_str())),
                Some(VolumeSource::NodePath(path)) => mounted.binds.push(host_path(mount, path.path.as_str())),
                Some(VolumeSource::Image(image)) => mounted.images.push(ImageVolume {
                    source: image_reference(image),
                    destination: mount.path.to_string(),
                    read_write: false,
                }),
                Some(VolumeSource::EmptyDir(_)) => volume(request, mount, (sources, vec!["nocopy"]), &mut mounted)?,
                Some(VolumeSource::Named(_)) => volume(request, mount, (sources, Vec::new()), &mut mounted)?,
                None => {}
            },
            MountSource::Claim(_) => volume(request, mount, (sources, Vec::new()), &mut mounted)?,
        }
    }
    Ok(mounted)
}

/// The folder itself is mounted, not what it points to, so that a swap inside it is seen. Where SELinux is on, `z` lets all
/// containers read it.
fn files(request: &RunContainer, mount: &Mount, sources: &Sources<'_>) -> BindMount {
    let is_secret = request.files.iter().any(|files| files.path == mount.path && files.are_secret());
    let folders = if is_secret { sources.memory } else { sources.disk };
    let folder = folders.mounted(&request.pod.pod_name(), &request.spec.name, &mount.path);
    let options = vec!["ro", "nosuid", "nodev", "rbind", propagation(mount), "z"];
    bind(mount, part(&folder, mount), options)
}

fn host_path(mount: &Mount, source: &str) -> BindMount {
    bind(mount, part(Path::new(source), mount), vec![access(mount.access), "rbind", propagation(mount)])
}

/// The file for a container's last words. Where SELinux is on, `z` lets the container write it.
pub(super) fn message(path: &AbsolutePath, file: &Path) -> BindMount {
    BindMount {
        destination: path.to_string(),
        r#type: "bind",
        source: file.to_string_lossy().into_owned(),
        options: vec!["rw", "nosuid", "nodev", "rbind", "rprivate", "z"],
    }
}

impl BindMount {
    /// Whether it is mounted there.
    pub(super) fn is_at(&self, path: &AbsolutePath) -> bool {
        self.destination == path.as_str()
    }
}

impl NamedVolume {
    /// Whether it is mounted there.
    pub(super) fn is_at(&self, path: &AbsolutePath) -> bool {
        self.dest == path.as_str()
    }
}

/// The part of a folder that is mounted.
fn part(folder: &Path, mount: &Mount) -> PathBuf {
    mount.view.sub_path.as_ref().map_or_else(|| folder.to_owned(), |below| folder.join(below))
}

fn bind(mount: &Mount, source: PathBuf, options: Vec<&'static str>) -> BindMount {
    let source = source.to_string_lossy().into_owned();
    BindMount { destination: mount.path.to_string(), r#type: "bind", source, options }
}

/// A volume of Podman: all of it, or the folder of a part of it. An empty directory is empty: what the image has at that
/// path is not copied into it.
fn volume(
    request: &RunContainer,
    mount: &Mount,
    (sources, options): (&Sources<'_>, Vec<&'static str>),
    mounted: &mut Mounted,
) -> Result<(), PodmanError> {
    let Some(name) = volume_name(request, mount) else { return Ok(()) };
    if mount.view.sub_path.is_none() {
        let options = std::iter::once(access(mount.access)).chain(options).collect();
        mounted.volumes.push(NamedVolume { name, dest: mount.path.to_string(), options });
        return Ok(());
    }
    let folder = sources.mountpoints.get(&name).ok_or_else(|| PodmanError::NotOnNode {
        what: format!("folder of volume `{name}`"),
        why: "only a part of it is to be mounted".to_owned(),
    })?;
    mounted.binds.push(bind(mount, part(folder, mount), vec![access(mount.access), "rbind", propagation(mount), "z"]));
    Ok(())
}

/// The name of the volume of Podman that a mount shows.
fn volume_name(request: &RunContainer, mount: &Mount) -> Option<String> {
    let of_pod = |name: &VolumeName| match request.volumes.get(name)? {
        VolumeSource::EmptyDir(_) => Some(request.pod.volume_name(name)),
        VolumeSource::Named(volume) => {
            Some(NamedLabels { fleet: request.pod.fleet.clone(), volume: volume.clone() }.volume_name())
        }
        VolumeSource::HostPath(_) | VolumeSource::NodePath(_) | VolumeSource::Image(_) => None,
    };
    match &mount.source {
        MountSource::Volume(name) => of_pod(name),
        MountSource::Claim(claim) => {
            Some(ClaimLabels::new(&request.pod.fleet, &request.pod.replica, claim).volume_name())
        }
        MountSource::Config(_) | MountSource::Files(_) => None,
    }
}

/// The volumes of Podman of which only a part is mounted, each with that part.
pub(super) fn volumes_in_part(request: &RunContainer) -> BTreeSet<(String, &str)> {
    let mounts = request.spec.mounts.iter();
    mounts.filter_map(|mount| Some((volume_name(request, mount)?, mount.view.sub_path.as_deref()?))).collect()
}

/// The volumes of Podman that the mounts of a container name.
pub(super) fn lasting_volumes(request: &RunContainer) -> impl Iterator<Item = String> {
    request.spec.mounts.iter().filter_map(|mount| volume_name(request, mount))
}

fn propagation(mount: &Mount) -> &'static str {
    match mount.view.propagation {
        Propagation::Private => "rprivate",
        Propagation::Slave => "rslave",
        Propagation::Shared => "rshared",
    }
}

fn access(access: Access) -> &'static str {
    match access {
        Access::ReadWrite => "rw",
        Access::ReadOnly => "ro",
    }
}
