//! Revisions: the digest of a workload's pod template.
//!
//! The digest has a version, so that a new version of wlc, which may know more fields, does not restart the world: a
//! template keeps the digest of the version that first described it (P-012).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{canonical, digest::Digest, spec::PodSpec};

/// How the digest of a template is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateVersion {
    /// SHA-256 over the canonical bytes of the spec.
    V1,
}

impl TemplateVersion {
    /// The version that new templates get.
    pub const NEWEST: Self = Self::V1;

    fn parse(text: &str) -> Option<Self> {
        match text {
            "v1" => Some(Self::V1),
            _ => None,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::V1 => "v1",
        }
    }
}

/// The identity of a pod template, written `v1:<64 hexadecimal digits>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision {
    version: TemplateVersion,
    digest: Digest,
}

/// The text is no revision of a version that is known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no revision of the form v1:<64 hexadecimal digits>")]
pub struct RevisionError(pub String);

impl Revision {
    /// The revision of a template.
    pub fn of(version: TemplateVersion, spec: &PodSpec) -> Self {
        Self::of_bytes(version, &canonical::encode(spec))
    }

    /// The revision of a template, from its canonical bytes.
    pub fn of_bytes(version: TemplateVersion, spec: &[u8]) -> Self {
        match version {
            TemplateVersion::V1 => Self { version, digest: Digest::of_parts("wlc-template-1", &[spec]) },
        }
    }

    /// Reads `v1:<64 hexadecimal digits>`.
    pub fn parse(text: &str) -> Result<Self, RevisionError> {
        let refused = || RevisionError(text.to_owned());
        let (version, digest) = text.split_once(':').ok_or_else(refused)?;
        let version = TemplateVersion::parse(version).ok_or_else(refused)?;
        Ok(Self { version, digest: Digest::parse(digest).map_err(|_| refused())? })
    }

    /// The version of the template that the digest was made of.
    pub fn version(&self) -> TemplateVersion {
        self.version
    }

    /// Ten digits of the digest, for people.
    pub fn short(&self) -> String {
        self.digest.short(10)
    }

    /// The digest that stands at the end of a pod's name: of the revision and of the binding that the pod holds.
    pub fn pod_digest(&self, binding: &Digest) -> Digest {
        Digest::of_parts("wlc-pod-1", &[self.to_string().as_bytes(), binding.to_string().as_bytes()])
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.version.prefix(), self.digest)
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl TryFrom<String> for Revision {
    type Error = RevisionError;
    fn try_from(text: String) -> Result<Self, RevisionError> {
        Self::parse(&text)
    }
}

impl From<Revision> for String {
    fn from(revision: Revision) -> String {
        revision.to_string()
    }
}
