//! What a container mounts: volumes by their units, paths of the node, copies of the files that it sees now, and secrets by
//! their names in Podman.

use std::collections::BTreeMap;

use wlc_plan::{
    name::{AbsolutePath, VolumeName},
    spec::{Access, FileSource, Mount, MountSource, Propagation, VolumeSource},
};

use super::{Body, Writing, unit::Unit};
use crate::{
    action::RunContainer,
    files::{Bytes, File, Files, SecretKey},
    podman::create::image_reference,
};

const CONTAINER: &str = "Container";

/// Writes the mounts of a container.
pub(super) fn write(writing: &mut Writing<'_>, run: &RunContainer, unit: &mut Unit) {
    for (at, mount) in run.spec.mounts.iter().enumerate() {
        match &mount.source {
            MountSource::Config(_) => copied(writing, run, (at, mount), unit),
            MountSource::Files(files) => {
                if files.sources.iter().any(|source| matches!(source, FileSource::Endpoints(_))) {
                    let what = format!("the endpoints at {}", mount.path);
                    writing.leave(run.spec.name.as_str(), what, "they are written as they are now; nothing keeps them");
                }
                match run.files.iter().find(|one| one.path == mount.path).filter(|files| files.are_secret()) {
                    Some(files) => one_by_one(writing, run, (at, files), unit),
                    None => copied(writing, run, (at, mount), unit),
                }
            }
            MountSource::Volume(name) => volume(writing, run, (mount, name), unit),
            MountSource::Claim(claim) => {
                let source = format!("{}-{claim}.volume", writing.replica());
                shown(writing, run, (mount, &source), unit);
            }
        }
    }
}

fn volume(writing: &mut Writing<'_>, run: &RunContainer, (mount, name): (&Mount, &VolumeName), unit: &mut Unit) {
    let fleet = writing.labels().fleet.clone();
    match run.volumes.get(name) {
        Some(VolumeSource::EmptyDir(_)) => {
            let source = format!("{}-{name}.volume", writing.replica());
            shown(writing, run, (mount, &source), unit);
        }
        Some(VolumeSource::Named(volume)) => shown(writing, run, (mount, &format!("{fleet}-{volume}.volume")), unit),
        Some(VolumeSource::HostPath(path)) => node_path(writing, run, (mount, path), unit),
        Some(VolumeSource::NodePath(path)) => node_path(writing, run, (mount, &path.path), unit),
        Some(VolumeSource::Image(image)) => {
            let image = image_reference(image);
            unit.set(CONTAINER, "Mount", &format!("type=image,source={image},destination={}", mount.path));
        }
        None => {}
    }
}

/// A volume of Podman, all of it.
fn shown(writing: &mut Writing<'_>, run: &RunContainer, (mount, source): (&Mount, &str), unit: &mut Unit) {
    if mount.view.sub_path.is_some() {
        let what = format!("the mount at {}", mount.path);
        return writing.leave(run.spec.name.as_str(), what, "only a part of the volume is to be seen");
    }
    unit.set(CONTAINER, "Volume", &format!("{source}:{}{}", mount.path, options(mount)));
}

fn node_path(writing: &mut Writing<'_>, run: &RunContainer, (mount, path): (&Mount, &AbsolutePath), unit: &mut Unit) {
    if path.as_str().contains(':') || mount.path.as_str().contains(':') {
        let what = format!("the mount at {}", mount.path);
        return writing.leave(run.spec.name.as_str(), what, "a colon in a path ends it");
    }
    let part = mount.view.sub_path.as_ref().map_or_else(String::new, |part| format!("/{part}"));
    unit.set(CONTAINER, "Volume", &format!("{path}{part}:{}{}", mount.path, options(mount)));
}

fn options(mount: &Mount) -> String {
    let mut options = Vec::new();
    if mount.access == Access::ReadOnly {
        options.push("ro");
    }
    match mount.view.propagation {
        Propagation::Private => {}
        Propagation::Slave => options.push("rslave"),
        Propagation::Shared => options.push("rshared"),
    }
    if options.is_empty() { String::new() } else { format!(":{}", options.join(",")) }
}

/// Files that are no secret: a copy of what the container sees now.
fn copied(writing: &mut Writing<'_>, run: &RunContainer, (at, mount): (usize, &Mount), unit: &mut Unit) {
    let name = format!("files/{}/{}/{at}", writing.replica(), run.spec.name);
    let now = writing.target.folders.mounted(&run.pod.pod_name(), &run.spec.name, &mount.path);
    writing.out.files.insert(name.clone(), Body::CopyOf(now));
    let part = mount.view.sub_path.as_ref().map_or_else(String::new, |part| format!("/{part}"));
    let source = writing.target.folder.join(name);
    unit.set(CONTAINER, "Volume", &format!("{}{part}:{}:ro", source.display(), mount.path));
}

/// Files of which one is a secret: each by itself, so that no bytes of a secret are written.
fn one_by_one(writing: &mut Writing<'_>, run: &RunContainer, (at, files): (usize, &Files), unit: &mut Unit) {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for file in &files.files {
        let target = format!("{}/{}", files.path, file.path);
        match &file.bytes {
            Bytes::Secret(key) => {
                let name = secret(writing, key);
                unit.set(CONTAINER, "Secret", &format!("{name},type=mount,target={target}{}", rights(files, file)));
            }
            Bytes::Text(text) => {
                let name = format!("files/{}/{}/{at}/{}", writing.replica(), run.spec.name, file.path);
                let source = writing.target.folder.join(&name);
                unit.set(CONTAINER, "Volume", &format!("{}:{target}:ro", source.display()));
                texts.insert(name, text.clone());
            }
            Bytes::Address => {
                let what = format!("file {target}");
                writing.leave(run.spec.name.as_str(), what, "a unit does not know the address of its pod");
            }
            Bytes::Content(_) | Bytes::ContentFile(..) => {
                let what = format!("files of a config at {target}");
                writing.leave(
                    run.spec.name.as_str(),
                    what,
                    "they lie in one folder with a secret, which is not copied",
                );
            }
        }
    }
    writing.out.files.extend(texts.into_iter().map(|(name, text)| (name, Body::Text(text))));
}

fn rights(files: &Files, file: &File) -> String {
    let mut rights = format!(",mode={:04o}", file.mode.unwrap_or(files.mode));
    for (word, id) in [("uid", files.owner.user), ("gid", files.owner.group)] {
        rights.extend(id.map(|id| format!(",{word}={id}")));
    }
    rights
}

/// The name of a secret in Podman, which has to be told of it.
pub(super) fn secret(writing: &mut Writing<'_>, key: &SecretKey) -> String {
    let name = format!("{}.{}", key.secret, key.key);
    let path = writing.target.secrets.join(key.secret.as_str()).join(key.key.as_str());
    writing.out.secrets.insert((name.clone(), path));
    name
}
