//! The files that a container mounts: fields filled in, contents and versions named, endpoints listed.

use wlc_plan::{
    instance::{Instance, SwappedSources},
    name::ContainerName,
    node_plan::IpFamily,
    spec::{
        ConfigFiles, ContainerSpec, FieldFile, FileSource, FilesMount, InstanceField, Item, Mount, MountSource,
        PodSpec, SecretFiles, TextFile,
    },
};

use super::endpoints::{self, Backends};
use crate::{
    files::{Bytes, File, Files, Owner, SecretKey},
    podman::labels::PodLabels,
};

/// What the files of a pod may speak of.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The pod's labels.
    pub(super) labels: &'a PodLabels,
    /// The node's name.
    pub(super) node: &'a str,
    /// The instance of the plan; none where the plan names the replica no more.
    pub(super) instance: Option<&'a Instance>,
    /// The ready replicas of all workloads of this node.
    pub(super) backends: &'a Backends,
    /// Which addresses they have.
    pub(super) ip_family: IpFamily,
}

/// All mounts of files of a container.
pub(super) fn of(subject: Subject<'_>, spec: &PodSpec, container: &ContainerSpec) -> Vec<Files> {
    let mounts = container.mounts.iter().filter_map(|mount| Some((mount, files_of(mount)?)));
    mounts.map(|(mount, files)| resolve(subject, spec, container, (mount, files))).collect()
}

/// The files of a mount, where it is one of files.
pub(super) fn files_of(mount: &Mount) -> Option<&FilesMount> {
    match &mount.source {
        MountSource::Files(files) => Some(files),
        MountSource::Config(_) | MountSource::Volume(_) | MountSource::Claim(_) => None,
    }
}

fn resolve(
    subject: Subject<'_>,
    spec: &PodSpec,
    container: &ContainerSpec,
    (mount, files): (&Mount, &FilesMount),
) -> Files {
    let swapped = swapped(subject, &container.name, mount);
    let of_source = |source: &FileSource| match source {
        FileSource::Config(config) => of_config(config, swapped),
        FileSource::Secret(secret) => of_secret(secret, swapped),
        FileSource::Field(FieldFile { path, field: InstanceField::Address, mode }) => {
            vec![File { path: path.clone(), mode: *mode, bytes: Bytes::Address }]
        }
        FileSource::Field(FieldFile { path, field, mode }) => {
            vec![File { path: path.clone(), mode: *mode, bytes: Bytes::Text(value(subject, field)) }]
        }
        FileSource::Text(TextFile { path, text, mode }) => {
            vec![File { path: path.clone(), mode: *mode, bytes: Bytes::Text(text.clone()) }]
        }
        FileSource::Endpoints(of) => endpoints::files(subject.backends, &of.workload, subject.ip_family),
    };
    let group = spec.surroundings.fs_group.map(|group| group.group);
    Files {
        path: mount.path.clone(),
        mode: files.mode,
        owner: Owner { user: container.security.user, group: group.or(container.security.group) },
        files: files.sources.iter().flat_map(of_source).collect(),
    }
}

fn swapped<'a>(subject: Subject<'a>, container: &ContainerName, mount: &Mount) -> Option<&'a SwappedSources> {
    let sources = &subject.instance?.sources;
    sources.iter().find(|one| one.container == *container && one.path == mount.path)
}

fn of_config(config: &ConfigFiles, swapped: Option<&SwappedSources>) -> Vec<File> {
    let named = || swapped.and_then(|swapped| swapped.configs.get(&config.config)).copied();
    let Some(digest) = config.content.or_else(named) else { return Vec::new() };
    match &config.items[..] {
        [] => vec![File { path: String::new(), mode: None, bytes: Bytes::Content(digest) }],
        items => items.iter().map(|item| file(item, Bytes::ContentFile(digest, item.key.clone()))).collect(),
    }
}

fn of_secret(secret: &SecretFiles, swapped: Option<&SwappedSources>) -> Vec<File> {
    let named = || swapped.and_then(|swapped| swapped.secrets.get(&secret.secret)).cloned();
    let version = secret.version.clone().or_else(named);
    let key = |item: &Item| SecretKey {
        secret: secret.secret.clone(),
        key: item.key.clone(),
        version: version.clone(),
        optional: secret.optional,
    };
    secret.items.iter().map(|item| file(item, Bytes::Secret(key(item)))).collect()
}

fn file(item: &Item, bytes: Bytes) -> File {
    File { path: item.path.clone(), mode: item.mode, bytes }
}

/// What a field of the instance says; empty where there is nothing to say. The address of its pod is not known here.
pub(super) fn value(subject: Subject<'_>, field: &InstanceField) -> String {
    let Subject { labels, node, instance, backends: _, ip_family: _ } = subject;
    match field {
        InstanceField::Replica => labels.replica.to_string(),
        InstanceField::Workload => labels.workload.to_string(),
        InstanceField::Node => node.to_owned(),
        InstanceField::Fleet => labels.fleet.to_string(),
        InstanceField::Revision => {
            instance.and_then(|one| number(one, labels)).map_or_else(String::new, |n| n.to_string())
        }
        InstanceField::Index => index(labels),
        InstanceField::Label(key) => {
            let value = instance.and_then(|one| one.labels.get(key));
            value.map_or_else(String::new, ToString::to_string)
        }
        InstanceField::Address => String::new(),
        InstanceField::Told(word) => instance.and_then(|one| one.told.get(word)).cloned().unwrap_or_default(),
    }
}

fn number(instance: &Instance, labels: &PodLabels) -> Option<u32> {
    let mut known = std::iter::once(&instance.spec).chain(&instance.older);
    known.find(|one| one.revision == labels.revision).map(|one| one.number)
}

/// The number behind the workload's name; a replica that is named by its node has none.
fn index(labels: &PodLabels) -> String {
    let behind = labels.replica.as_str().strip_prefix(labels.workload.as_str()).and_then(|rest| rest.strip_prefix('-'));
    behind.filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default().to_owned()
}
