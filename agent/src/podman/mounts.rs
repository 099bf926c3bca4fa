//! What a container mounts, in Podman's words: pure.

use std::path::Path;

use serde::Serialize;
use wlc_plan::{
    name::{AbsolutePath, VolumeName},
    spec::{Access, Mount, MountSource, VolumeSource},
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

/// All mounts of a container. A mount of a volume that the pod does not have is left out: the validator of plans refuses
/// such a spec.
pub(super) fn mounts(request: &RunContainer, folders: &Folders) -> (Vec<BindMount>, Vec<NamedVolume>) {
    let (mut binds, mut volumes) = (Vec::new(), Vec::new());
    for mount in &request.spec.mounts {
        match &mount.source {
            MountSource::Config(_) => binds.push(config(request, mount, folders)),
            MountSource::Volume(name) => match request.volumes.get(name) {
                Some(VolumeSource::EmptyDir(_)) => volumes.push(named_volume(request, mount, name)),
                Some(VolumeSource::HostPath(source)) => binds.push(host_path(mount, source)),
                None => {}
            },
        }
    }
    (binds, volumes)
}

/// The folder itself is mounted, not what it points to, so that a swap inside it is seen. Where SELinux is on, `z` lets all
/// containers read it.
fn config(request: &RunContainer, mount: &Mount, folders: &Folders) -> BindMount {
    let folder = folders.mounted(&request.pod.pod_name(), &request.spec.name, &mount.path);
    bind(&mount.path, folder.to_string_lossy().into_owned(), vec!["ro", "nosuid", "nodev", "rbind", "rprivate", "z"])
}

fn host_path(mount: &Mount, source: &AbsolutePath) -> BindMount {
    bind(&mount.path, source.to_string(), vec![access(mount.access), "rbind", "rprivate"])
}

/// The file for a container's last words. Where SELinux is on, `z` lets the container write it.
pub(super) fn message(path: &AbsolutePath, file: &Path) -> BindMount {
    bind(path, file.to_string_lossy().into_owned(), vec!["rw", "nosuid", "nodev", "rbind", "rprivate", "z"])
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

fn bind(destination: &AbsolutePath, source: String, options: Vec<&'static str>) -> BindMount {
    BindMount { destination: destination.to_string(), r#type: "bind", source, options }
}

/// An empty directory is empty: what the image has at that path is not copied into it.
fn named_volume(request: &RunContainer, mount: &Mount, name: &VolumeName) -> NamedVolume {
    NamedVolume {
        name: request.pod.volume_name(name),
        dest: mount.path.to_string(),
        options: vec![access(mount.access), "nocopy"],
    }
}

fn access(access: Access) -> &'static str {
    match access {
        Access::ReadWrite => "rw",
        Access::ReadOnly => "ro",
    }
}
