//! The files of one mount as they are to be, before the bytes of contents and secrets are put in: values only.
//!
//! Secrets stand here by name, so that neither a log line nor a record ever holds their bytes.

use serde::Serialize;
use wlc_plan::{
    canonical,
    digest::Digest,
    name::{AbsolutePath, FileKey, SecretName},
};

/// The files of one mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Where it is mounted.
    pub path: AbsolutePath,
    /// Permission bits of files that do not say it themselves.
    pub mode: u16,
    /// Who owns them.
    pub owner: Owner,
    /// The files, in the order of their sources.
    pub files: Vec<File>,
}

/// Who owns files: the container's user and group, or the one of its volumes; none: root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Owner {
    /// The user's number.
    pub user: Option<u32>,
    /// The group's number.
    pub group: Option<u32>,
}

/// One file, or all files of a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path in the directory; of all files of a content they are the keys.
    pub path: String,
    /// Its permission bits; none: those of the mount.
    pub mode: Option<u16>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Bytes {
    /// All files of a content of the plan set.
    Content(Digest),
    /// One file of a content of the plan set.
    ContentFile(Digest, FileKey),
    /// A key of a secret of the node.
    Secret(SecretKey),
    /// A text.
    Text(String),
    /// The address of the pod.
    Address,
}

/// A key of a secret of the node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SecretKey {
    /// The secret.
    pub secret: SecretName,
    /// The key.
    pub key: FileKey,
    /// Its author's word for the bytes.
    pub version: Option<String>,
    /// Where the node does not have it, it is left out.
    pub optional: bool,
}

impl Files {
    /// What tells these files from others; the bytes of secrets do not count, their versions do.
    pub fn digest(&self) -> Digest {
        Digest::of_parts("wlc-files-1", &[&canonical::encode(self)])
    }

    /// The keys of secrets among them.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretKey> {
        self.files.iter().filter_map(|file| match &file.bytes {
            Bytes::Secret(key) => Some(key),
            Bytes::Content(_) | Bytes::ContentFile(..) | Bytes::Text(_) | Bytes::Address => None,
        })
    }

    /// Whether the address of the pod stands in one of them.
    pub fn tell_address(&self) -> bool {
        self.files.iter().any(|file| file.bytes == Bytes::Address)
    }

    /// Whether they may lie in memory only.
    pub fn are_secret(&self) -> bool {
        self.secrets().next().is_some()
    }
}

/// The value of a variable, in parts, so that a secret in the middle of it stays a name, and an address is asked for once the
/// pod has one.
pub type EnvText = Vec<EnvPart>;

/// A part of the value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvPart {
    /// A text.
    Text(String),
    /// A key of a secret of the node.
    Secret(SecretKey),
    /// The address of the pod.
    Address,
}

impl EnvPart {
    /// The key of a secret, where it is one.
    pub fn secret(&self) -> Option<&SecretKey> {
        match self {
            Self::Secret(key) => Some(key),
            Self::Text(_) | Self::Address => None,
        }
    }
}
