//! Mounts and volumes: what a container sees, and where its data lie.

use std::collections::BTreeMap;

use wlc_plan::{
    name::{AbsolutePath, VolumeName, WorkloadName},
    spec::{
        Access, ConfigFiles, ConfigMount, EmptyDir, EndpointFiles, FieldFile, FileSource, FilesMount, Image,
        InstanceField, Item, Medium, Mount, MountSource, NodePath, OnChange, OnSwap, PathKind, Propagation, PullPolicy,
        SecretFiles, TextFile, View, VolumeSource,
    },
};

use super::{
    Contents,
    env::{self, Amount},
};
use crate::{
    model::{
        self,
        image::ImageName,
        mount::{ConfigSource, OnChangeWord, ResourceFile, SecretSource},
        pod::Pod,
        volume::{HostPathType, Size, Volume},
    },
    span::Spanned,
};

/// The volumes of a pod by name; those that only bring files are no volumes in a plan.
pub(super) fn volumes(pod: &Pod) -> BTreeMap<VolumeName, VolumeSource> {
    let named = pod.volumes.iter().filter_map(|volume| Some((volume.name.value.clone(), Place::of(volume).source()?)));
    named.collect()
}

/// The words that say where data lie, of a volume or of a mount.
struct Place<'a> {
    empty_dir: &'a Option<Spanned<Size>>,
    tmpfs: &'a Option<Spanned<Size>>,
    host_path: &'a Option<Spanned<AbsolutePath>>,
    kind: &'a Option<Spanned<HostPathType>>,
    named: &'a Option<Spanned<VolumeName>>,
    image: &'a Option<Spanned<ImageName>>,
}

impl<'a> Place<'a> {
    fn of(volume: &'a Volume) -> Self {
        let Volume { empty_dir, tmpfs, host_path, kind, named, image, .. } = volume;
        Self { empty_dir, tmpfs, host_path, kind, named, image }
    }

    fn of_mount(mount: &'a model::mount::Mount) -> Self {
        let model::mount::Mount { empty_dir, tmpfs, host_path, kind, named, image, .. } = mount;
        Self { empty_dir, tmpfs, host_path, kind, named, image }
    }

    fn source(&self) -> Option<VolumeSource> {
        let empty =
            |medium| move |size: &Spanned<Size>| VolumeSource::EmptyDir(EmptyDir { medium, size: size.value.0 });
        let disk = self.empty_dir.as_ref().map(empty(Medium::Disk));
        let memory = self.tmpfs.as_ref().map(empty(Medium::Memory));
        let path = || self.host_path.as_ref().map(|path| host_path(&path.value, self.kind.as_ref()));
        let named = || self.named.as_ref().map(|name| VolumeSource::Named(name.value.clone()));
        let image = || self.image.as_ref().map(|name| VolumeSource::Image(image(&name.value)));
        disk.or(memory).or_else(path).or_else(named).or_else(image)
    }
}

fn host_path(path: &AbsolutePath, kind: Option<&Spanned<HostPathType>>) -> VolumeSource {
    let Some(kind) = kind else { return VolumeSource::HostPath(path.clone()) };
    let kind = match kind.value {
        HostPathType::Directory => PathKind::Directory,
        HostPathType::DirectoryOrCreate => PathKind::DirectoryOrCreate,
        HostPathType::File => PathKind::File,
        HostPathType::FileOrCreate => PathKind::FileOrCreate,
        HostPathType::Socket => PathKind::Socket,
        HostPathType::CharDevice => PathKind::CharDevice,
        HostPathType::BlockDevice => PathKind::BlockDevice,
    };
    VolumeSource::NodePath(NodePath { path: path.clone(), kind })
}

fn image(name: &ImageName) -> Image {
    Image { name: name.written.clone(), digest: name.digest.clone(), pull: PullPolicy::IfNotPresent }
}

/// A mount; a volume that it declares for itself is added to the pod's.
pub(super) fn mount(
    pod: &Pod,
    mount: &model::mount::Mount,
    contents: &Contents,
    volumes: &mut BTreeMap<VolumeName, VolumeSource>,
) -> Option<Mount> {
    let of_volume = mount.volume.as_ref().and_then(|name| pod.volumes.iter().find(|one| one.name.value == name.value));
    let source = match (simple_config(mount, contents), files(pod, mount, of_volume, contents)) {
        (Some(config), _) => MountSource::Config(config),
        (None, Some(files)) => MountSource::Files(files),
        (None, None) => data(mount, volumes)?,
    };
    let cannot_be_written = match &source {
        MountSource::Config(_) | MountSource::Files(_) => true,
        MountSource::Volume(name) => matches!(volumes.get(name), Some(VolumeSource::Image(_))),
        MountSource::Claim(_) => false,
    };
    let read_only =
        mount.read_only.value || cannot_be_written || of_volume.is_some_and(|volume| volume.read_only.value);
    Some(Mount {
        path: mount.path.value.clone(),
        source,
        access: if read_only { Access::ReadOnly } else { Access::ReadWrite },
        view: view(mount),
    })
}

fn view(mount: &model::mount::Mount) -> View {
    View {
        sub_path: mount.sub_path.as_ref().map(|path| path.value.0.clone()),
        propagation: match mount.propagation.as_ref().map(|one| one.value) {
            None | Some(model::mount::Propagation::Private) => Propagation::Private,
            Some(model::mount::Propagation::Slave) => Propagation::Slave,
            Some(model::mount::Propagation::Shared) => Propagation::Shared,
        },
    }
}

fn data(mount: &model::mount::Mount, volumes: &mut BTreeMap<VolumeName, VolumeSource>) -> Option<MountSource> {
    if let Some(claim) = &mount.claim {
        return VolumeName::parse(claim.value.as_str()).ok().map(MountSource::Claim);
    }
    if let Some(volume) = &mount.volume {
        return volumes.contains_key(&volume.value).then(|| MountSource::Volume(volume.value.clone()));
    }
    let source = Place::of_mount(mount).source()?;
    let name = own_volume_name(volumes);
    volumes.insert(name.clone(), source);
    Some(MountSource::Volume(name))
}

/// A name for a volume that one mount declares for itself.
fn own_volume_name(taken: &BTreeMap<VolumeName, VolumeSource>) -> VolumeName {
    let names = (0..).map_while(|number: u32| VolumeName::parse(&format!("own-{number}")).ok());
    names.into_iter().find(|name| !taken.contains_key(name)).expect("there are more numbers than volumes")
}

/// One config alone, all of its files as they are.
fn simple_config(mount: &model::mount::Mount, contents: &Contents) -> Option<ConfigMount> {
    let [config] = &mount.configs[..] else { return None };
    let is_alone = mount.secrets.is_empty() && mount.fields.is_empty() && mount.resources.is_empty();
    if !is_alone || !config.items.is_empty() {
        return None;
    }
    let digest = contents.digest(&config.name.value)?;
    let on_change = match (mount.on_change.value, &mount.signal) {
        (OnChangeWord::Signal, Some(signal)) => OnChange::Signal(signal.value.0.clone()),
        (OnChangeWord::Nothing, _) => OnChange::Nothing,
        (OnChangeWord::Restart | OnChangeWord::Signal, _) => OnChange::Restart(digest),
    };
    Some(ConfigMount { config: config.name.value.clone(), mode: mount.mode.value.0, on_change })
}

/// The sources of files of a mount, or of the volume that it names.
fn files(
    pod: &Pod,
    mount: &model::mount::Mount,
    of_volume: Option<&Volume>,
    contents: &Contents,
) -> Option<FilesMount> {
    let is_swapped = mount.on_change.value != OnChangeWord::Restart;
    let from = Directory { pod, contents, is_swapped, optional: mount.optional.value };
    let mut sources = from.sources((&mount.configs, &mount.secrets), (&mount.fields, &mount.resources));
    let mut mode = mount.mode.value.0;
    if let Some(volume) = of_volume {
        sources = from.sources((&volume.configs, &volume.secrets), (&volume.fields, &volume.resources));
        mode = volume.mode.value.0;
    }
    sources.extend(
        mount
            .endpoints
            .as_ref()
            .map(|of: &Spanned<WorkloadName>| FileSource::Endpoints(EndpointFiles { workload: of.value.clone() })),
    );
    let only_missing = mount.optional.value && !(mount.configs.is_empty() && mount.secrets.is_empty());
    if sources.is_empty() && !only_missing {
        return None;
    }
    let on_swap = match (&mount.on_change.value, &mount.signal) {
        (OnChangeWord::Signal, Some(signal)) => OnSwap::Signal(signal.value.0.clone()),
        (OnChangeWord::Signal | OnChangeWord::Restart | OnChangeWord::Nothing, _) => OnSwap::Nothing,
    };
    Some(FilesMount { mode, sources, on_swap })
}

/// A directory of several sources.
struct Directory<'a> {
    pod: &'a Pod,
    contents: &'a Contents,
    is_swapped: bool,
    optional: bool,
}

impl Directory<'_> {
    fn sources(
        &self,
        (configs, secrets): (&[ConfigSource], &[SecretSource]),
        (fields, resources): (&[model::mount::FieldFile], &[ResourceFile]),
    ) -> Vec<FileSource> {
        let configs = configs.iter().filter_map(|config| self.config(config));
        let secrets = secrets.iter().filter_map(|secret| self.secret(secret));
        let fields = fields.iter().map(|file| self.field(file));
        configs.chain(secrets).chain(fields).chain(resources.iter().map(|one| self.resource(one))).collect()
    }

    /// A config that need not exist and does not is left out, and so are its files that do not.
    fn config(&self, config: &ConfigSource) -> Option<FileSource> {
        let content = self.contents.get(&config.name.value)?;
        let mut items = items(&config.items);
        if self.optional || config.optional.value {
            items.retain(|item| content.files.contains_key(&item.key));
        }
        let digest = self.contents.digest(&config.name.value).filter(|_| !self.is_swapped);
        Some(FileSource::Config(ConfigFiles { config: config.name.value.clone(), content: digest, items }))
    }

    fn secret(&self, secret: &SecretSource) -> Option<FileSource> {
        let known = self.contents.secret(&secret.name.value)?;
        let items = match &secret.items[..] {
            [] => known.keys.iter().map(|key| Item { key: key.clone(), path: key.to_string(), mode: None }).collect(),
            written => items(written),
        };
        Some(FileSource::Secret(SecretFiles {
            secret: secret.name.value.clone(),
            version: known.version.clone().filter(|_| !self.is_swapped),
            items,
            optional: self.optional || secret.optional.value,
        }))
    }

    fn field(&self, file: &model::mount::FieldFile) -> FileSource {
        FileSource::Field(FieldFile {
            path: file.path.value.0.clone(),
            field: env::field(self.pod, &file.field.value),
            mode: file.mode.as_ref().map(|mode| mode.value.0),
        })
    }

    fn resource(&self, file: &ResourceFile) -> FileSource {
        let unit = file.unit.as_ref().map(|unit| unit.value.as_str());
        let (path, mode) = (file.path.value.0.clone(), file.mode.as_ref().map(|mode| mode.value.0));
        match env::amount(self.pod, &file.container.value, (file.resource.value, unit)) {
            Amount::Known(text) => FileSource::Text(TextFile { path, text, mode }),
            Amount::OfNode(word) => FileSource::Field(FieldFile { path, field: InstanceField::Told(word), mode }),
        }
    }
}

fn items(items: &[model::mount::Item]) -> Vec<Item> {
    let item = |item: &model::mount::Item| Item {
        key: item.key.value.clone(),
        path: item.path.value.0.clone(),
        mode: item.mode.as_ref().map(|mode| mode.value.0),
    };
    items.iter().map(item).collect()
}
