//! What containers mount, and the sources of files.

use wlc_plan::name::{
    AbsolutePath, ClaimName, ConfigName, ContainerName, FileKey, SecretName, VolumeName, WorkloadName,
};

use super::{
    env::{FieldName, ResourceWord},
    image::ImageName,
    signal::Signal,
    volume::{HostPathType, Size},
};
use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// Something that a container sees below a path.
    Mount "mount" ("volumeMounts[]") {
        /// Where it appears in the container.
        path: [required argument] AbsolutePath, "path" ("mountPath");
        /// A config, whose files appear there; several sources may lie in one directory.
        configs: [either] ConfigSource, "config" ("volumes[].configMap, projected.sources[].configMap");
        /// A secret, whose keys appear there as files in memory.
        secrets: [either] SecretSource, "secret" ("volumes[].secret, projected.sources[].secret");
        /// A file with a field of the instance.
        fields: [children] FieldFile, "field" ("volumes[].downwardAPI.items[].fieldRef");
        /// A file with a request or limit of a container.
        resources: [children] ResourceFile, "resource" ("volumes[].downwardAPI.items[].resourceFieldRef");
        /// A volume of the pod.
        volume: [optional property] VolumeName, "volume" ("volumes[].name");
        /// A claim of the stateful-set.
        claim: [optional property] ClaimName, "claim" ("volumes[].persistentVolumeClaim");
        /// An empty directory of this container alone, and how much it may hold.
        empty_dir: [optional property] Size, "empty-dir" ("volumes[].emptyDir");
        /// An empty directory in memory, and how much it may hold.
        tmpfs: [optional property] Size, "tmpfs" ("volumes[].emptyDir.medium: Memory");
        /// A directory or file of the node.
        host_path: [optional property] AbsolutePath, "host-path" ("volumes[].hostPath");
        /// What must be there at `host-path`, or is made; without it, nothing is looked at.
        kind: [optional property] HostPathType, "type" ("volumes[].hostPath.type");
        /// A named volume of the node, which is not each replica's own.
        named: [optional property] VolumeName, "named" ("volumes[].persistentVolumeClaim");
        /// The files of an image, which cannot be written.
        image: [optional property] ImageName, "image" ("volumes[].image");
        /// A file with the addresses of the ready replicas of a workload, kept current.
        endpoints: [optional property] WorkloadName, "endpoints" ("EndpointSlice");
        /// What a change of a config's content does.
        on_change: [default property] OnChangeWord, "on-change" (""), default "restart";
        /// The signal that `on-change="signal"` sends to the main process.
        signal: [optional property] Signal, "signal" ("");
        /// Permission bits of the files of configs, secrets and fields.
        mode: [default property] Mode, "mode" ("volumes[].configMap.defaultMode"), default "0644";
        /// The container cannot write to it.
        read_only: [flag] bool, "read-only" ("readOnly");
        /// Its configs and secrets need not exist.
        optional: [flag] bool, "optional" ("volumes[].configMap.optional, volumes[].secret.optional");
        /// Only this directory or file of the source, without `..`. Later contents of a config do not reach it.
        sub_path: [optional property] RelativePath, "sub-path" ("subPath");
        /// Whether mounts below it that are made later are seen on the other side.
        propagation: [optional property] Propagation, "propagation" ("mountPropagation");
    }

    /// A config as a source of files.
    ConfigSource "config" ("volumes[].configMap") {
        /// The config.
        name: [required argument] ConfigName, "config" ("name");
        /// A file of it under another path; without any, all of its files appear.
        items: [children] Item, "item" ("items");
        /// It need not exist.
        optional: [flag] bool, "optional" ("optional");
    }

    /// A secret as a source of files.
    SecretSource "secret" ("volumes[].secret") {
        /// The secret.
        name: [required argument] SecretName, "secret" ("secretName");
        /// A key of it under another path; without any, all of its keys appear.
        items: [children] Item, "item" ("items");
        /// It need not exist.
        optional: [flag] bool, "optional" ("optional");
    }

    /// A file of a config or a key of a secret under a path of its own.
    Item "item" ("items[]") {
        /// The file or key.
        key: [required argument] FileKey, "key" ("key");
        /// Its path in the directory.
        path: [required argument] RelativePath, "path" ("path");
        /// Its permission bits; without them, those of the mount.
        mode: [optional property] Mode, "mode" ("mode");
    }

    /// A file with a field of the instance.
    FieldFile "field" ("downwardAPI.items[]") {
        /// Its path in the directory.
        path: [required argument] RelativePath, "path" ("path");
        /// The field.
        field: [required argument] FieldName, "field" ("fieldRef");
        /// Its permission bits; without them, those of the mount.
        mode: [optional property] Mode, "mode" ("mode");
    }

    /// A file with a request or limit of a container.
    ResourceFile "resource" ("downwardAPI.items[]") {
        /// Its path in the directory.
        path: [required argument] RelativePath, "path" ("path");
        /// The request or limit.
        resource: [required argument] ResourceWord, "resource" ("resourceFieldRef.resource");
        /// The container whose request or limit it is.
        container: [required property] ContainerName, "container" ("resourceFieldRef.containerName");
        /// What the amount is counted in, rounded up; without it, CPUs or bytes.
        unit: [optional property] String, "unit" ("resourceFieldRef.divisor");
        /// Its permission bits; without them, those of the mount.
        mode: [optional property] Mode, "mode" ("mode");
    }
}

crate::choice! {
    /// What a change of a mounted content does.
    OnChangeWord {
        /// The pod is replaced.
        Restart "restart",
        /// The files are swapped and the main process gets a signal.
        Signal "signal",
        /// The files are swapped.
        Nothing "nothing",
    }

    /// Whether mounts that are made later are seen on the other side.
    Propagation {
        /// Neither side sees the other's.
        Private "private",
        /// The container sees the node's.
        Slave "slave",
        /// Both see each other's; for privileged containers only.
        Shared "shared",
    }
}

/// Permission bits of a file, at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u16);

impl Mode {
    /// What stands where nothing is written.
    pub const DEFAULT: Self = Self(0o644);

    /// Reads permission bits in octal, none of them included.
    pub(super) fn bits(scalar: &Scalar) -> Result<u16, Refusal> {
        let text = match scalar {
            Scalar::Integer(number) => {
                return Err(Refusal::with("permission bits are a text in octal", format!("write `\"{number:04}\"`")));
            }
            Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                value::text(scalar)?
            }
        };
        let bits = u16::from_str_radix(text, 8).ok().filter(|bits| *bits <= 0o777 && (3..=4).contains(&text.len()));
        bits.ok_or_else(|| Refusal::with(format!("`{text}` are no permission bits"), "write them as `\"0440\"`"))
    }
}

impl FromScalar for Mode {
    const LOOKS: &'static str = "permission bits in octal, such as `\"0440\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match Self::bits(scalar)? {
            0 => Err(Refusal::with("nobody could read the files", "write at least `\"0400\"`")),
            bits => Ok(Self(bits)),
        }
    }
}

/// A path below a directory, without `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelativePath(pub String);

impl FromScalar for RelativePath {
    const LOOKS: &'static str = "a relative path without `..`, such as `\"tls/key.pem\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        if value::is_relative_path(text) {
            return Ok(Self(text.to_owned()));
        }
        let below = text.trim_matches('/');
        let hint = value::is_relative_path(below).then(|| format!("write `\"{below}\"`"));
        Err(Refusal { hint, ..Refusal::new(format!("`{text}` is no path below a directory")) })
    }
}

impl std::fmt::Display for RelativePath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}
