//! What a container sees below a path, and where its data lie.

use serde::{Deserialize, Serialize};

use super::{Image, is_default, is_false};
use crate::{
    digest::Digest,
    name::{AbsolutePath, ConfigName, FileKey, SecretName, VolumeName, WorkloadName},
    quantity::Bytes,
    spec::InstanceField,
};

/// Something mounted into a container. Kubernetes: `volumeMounts[]` with its volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Where it appears in the container.
    pub path: AbsolutePath,
    /// What is mounted.
    pub source: MountSource,
    /// Whether the container may write to it.
    pub access: Access,
    /// Which part of it, and what is seen of later mounts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub view: View,
}

impl Mount {
    /// All of a source at a path.
    pub fn new(path: AbsolutePath, source: MountSource, access: Access) -> Self {
        Self { path, source, access, view: View::default() }
    }
}

/// Which part of a source is mounted, and what is seen of mounts that are made below it later.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// A directory or file below the source, without `..`; none: all of it. Kubernetes: `subPath`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    /// Kubernetes: `mountPropagation`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub propagation: Propagation,
}

/// Whether mounts that are made later are seen on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Propagation {
    /// Neither side sees the other's.
    #[default]
    Private,
    /// The container sees the node's.
    Slave,
    /// Both see each other's.
    Shared,
}

/// Whether a container may write to a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read and write.
    ReadWrite,
    /// Only read.
    ReadOnly,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MountSource {
    /// The files of a config as a directory.
    Config(ConfigMount),
    /// A volume of the pod.
    Volume(VolumeName),
    /// A claim of the replica. Kubernetes: `persistentVolumeClaim`.
    Claim(VolumeName),
    /// Files of several sources, or of sources other than one config, as a directory. Kubernetes: `projected`, `secret`, `downwardAPI`.
    Files(FilesMount),
}

impl MountSource {
    /// The claim, where it is one.
    pub fn claim(&self) -> Option<&VolumeName> {
        match self {
            Self::Claim(claim) => Some(claim),
            Self::Config(_) | Self::Volume(_) | Self::Files(_) => None,
        }
    }

    /// The config, where it is one whose files are swapped while the pod runs.
    pub fn swapped_config(&self) -> Option<&ConfigName> {
        match self {
            Self::Config(ConfigMount { on_change: OnChange::Restart(_), .. })
            | Self::Volume(_)
            | Self::Claim(_)
            | Self::Files(_) => None,
            Self::Config(ConfigMount { config, .. }) => Some(config),
        }
    }
}

/// A config that is mounted as a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigMount {
    /// The config's name in the sources.
    pub config: ConfigName,
    /// Permission bits of its files, 0 to 0o777. Kubernetes: `defaultMode`.
    pub mode: u16,
    /// What a change of its content does.
    pub on_change: OnChange,
}

/// What a change of a mounted content does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnChange {
    /// The pod is replaced: the digest of the content is part of the revision.
    Restart(Digest),
    /// The files are swapped, and the container's main process gets this signal (without `SIG`). The instance names the digest.
    Signal(String),
    /// The files are swapped. The instance names the digest.
    Nothing,
}

/// Files of several sources in one directory, which the container cannot write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesMount {
    /// Permission bits of files that do not say it themselves, 0 to 0o777. Kubernetes: `defaultMode`.
    pub mode: u16,
    /// The sources, in the order of the file; no two of them bring the same path.
    pub sources: Vec<FileSource>,
    /// What the container is told when the files are swapped; what is part of the revision is never swapped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_swap: OnSwap,
}

/// What a container is told when mounted files are swapped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnSwap {
    /// Nothing.
    #[default]
    Nothing,
    /// Its main process gets this signal (without `SIG`).
    Signal(String),
}

/// A source of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSource {
    /// A config.
    Config(ConfigFiles),
    /// A secret: its bytes are the node's.
    Secret(SecretFiles),
    /// A field of the instance.
    Field(FieldFile),
    /// A text that was known at build, such as a request or limit.
    Text(TextFile),
    /// The addresses of the ready replicas of a workload, in several forms.
    Endpoints(EndpointFiles),
}

/// Files of a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFiles {
    /// The config's name in the sources.
    pub config: ConfigName,
    /// The digest of its content, which is part of the revision; none: the instance names it, and it is swapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// Files of it under paths of their own; empty: all of its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
}

/// Keys of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretFiles {
    /// The secret's name in the sources, and of its folder on the node.
    pub secret: SecretName,
    /// Its author's word for the bytes, which is part of the revision; none: the instance names it, or there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its keys, each under a path of its own.
    pub items: Vec<Item>,
    /// Keys that the node does not have are left out; otherwise they are waited for. Kubernetes: `optional`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
}

/// A file of a config or a key of a secret under a path of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The file or key.
    pub key: FileKey,
    /// Its path in the directory, without `..`.
    pub path: String,
    /// Its permission bits; none: those of the mount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u16>,
}

/// A file with a field of the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldFile {
    /// Its path in the directory, without `..`.
    pub path: String,
    /// The field.
    pub field: InstanceField,
    /// Its permission bits; none: those of the mount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u16>,
}

/// A file with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextFile {
    /// Its path in the directory, without `..`.
    pub path: String,
    /// The text.
    pub text: String,
    /// Its permission bits; none: those of the mount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u16>,
}

/// Files with the ready replicas of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointFiles {
    /// The workload.
    pub workload: WorkloadName,
}

/// Where a volume's data lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeSource {
    /// An empty directory that lives as long as the pod. Kubernetes: `emptyDir`.
    EmptyDir(EmptyDir),
    /// A directory or file of the node, whatever is there. Kubernetes: `hostPath`.
    HostPath(AbsolutePath),
    /// A directory or file of the node of a kind that is looked at. Kubernetes: `hostPath.type`.
    NodePath(NodePath),
    /// A volume of the fleet on the node, which outlives pods and is shared by all that name it.
    Named(VolumeName),
    /// The files of an image, which cannot be written. Kubernetes: `image`.
    Image(Image),
}

/// An empty directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyDir {
    /// Whether it lies on disk or in memory. Kubernetes: `medium`.
    pub medium: Medium,
    /// How much it may hold; counted at build, and enforced in memory only. Kubernetes: `sizeLimit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Bytes>,
}

/// Where an empty directory lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// On the node's disk.
    Disk,
    /// In memory (tmpfs).
    Memory,
}

/// A path of the node, and what must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePath {
    /// The path.
    pub path: AbsolutePath,
    /// What must be there, or is made.
    pub kind: PathKind,
}

/// What a path of the node must be. Kubernetes: `hostPath.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    /// A directory that is there.
    Directory,
    /// A directory, which is made where nothing is.
    DirectoryOrCreate,
    /// A file that is there.
    File,
    /// A file, which is made where nothing is.
    FileOrCreate,
    /// A socket.
    Socket,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

impl FilesMount {
    /// Digests of contents that are part of the revision.
    pub fn contents(&self) -> impl Iterator<Item = Digest> {
        self.sources.iter().filter_map(|source| match source {
            FileSource::Config(config) => config.content,
            FileSource::Secret(_) | FileSource::Field(_) | FileSource::Text(_) | FileSource::Endpoints(_) => None,
        })
    }

    /// The secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretFiles> {
        self.sources.iter().filter_map(|source| match source {
            FileSource::Secret(secret) => Some(secret),
            FileSource::Config(_) | FileSource::Field(_) | FileSource::Text(_) | FileSource::Endpoints(_) => None,
        })
    }
}
