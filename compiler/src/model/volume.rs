//! Volumes of a pod, which its containers share.

use wlc_plan::{
    name::{AbsolutePath, VolumeName},
    quantity::Bytes,
};

use super::{
    image::ImageName,
    mount::{ConfigSource, FieldFile, Mode, ResourceFile, SecretSource},
};
use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// A volume that containers of one pod share; they mount it by its name.
    Volume "volume" ("volumes[]") {
        /// Its name in the pod.
        name: [required argument] VolumeName, "name" ("name");
        /// An empty directory that lives as long as the pod, and how much it may hold.
        empty_dir: [optional property] Size, "empty-dir" ("emptyDir");
        /// An empty directory in memory, and how much it may hold.
        tmpfs: [optional property] Size, "tmpfs" ("emptyDir.medium: Memory");
        /// A directory or file of the node.
        host_path: [optional property] AbsolutePath, "host-path" ("hostPath");
        /// What must be there at `host-path`, or is made; without it, nothing is looked at.
        kind: [optional property] HostPathType, "type" ("hostPath.type");
        /// A named volume of the node, which is not each replica's own.
        named: [optional property] VolumeName, "named" ("persistentVolumeClaim");
        /// The files of an image, which cannot be written.
        image: [optional property] ImageName, "image" ("image");
        /// A directory of an NFS server.
        nfs: [optional property] Nfs, "nfs" ("nfs"), not carried out;
        /// A config, whose files appear there; several sources may lie in one directory.
        configs: [either] ConfigSource, "config" ("configMap, projected.sources[].configMap");
        /// A secret, whose keys appear there.
        secrets: [either] SecretSource, "secret" ("secret, projected.sources[].secret");
        /// A file with a field of the instance.
        fields: [children] FieldFile, "field" ("downwardAPI.items[].fieldRef");
        /// A file with a request or limit of a container.
        resources: [children] ResourceFile, "resource" ("downwardAPI.items[].resourceFieldRef");
        /// Permission bits of the files of configs, secrets and fields.
        mode: [default property] Mode, "mode" ("defaultMode"), default "0644";
        /// No container can write to it.
        read_only: [flag] bool, "read-only" ("nfs.readOnly, persistentVolumeClaim.readOnly");
    }
}

crate::choice! {
    /// What a path of the node must be.
    HostPathType {
        /// A directory that is there.
        Directory "directory",
        /// A directory, which is made where nothing is.
        DirectoryOrCreate "directory-or-create",
        /// A file that is there.
        File "file",
        /// A file, which is made where nothing is.
        FileOrCreate "file-or-create",
        /// A socket.
        Socket "socket",
        /// A character device.
        CharDevice "char-device",
        /// A block device.
        BlockDevice "block-device",
    }
}

/// How much an empty directory may hold: `#true` for as much as there is, or an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub Option<Bytes>);

impl FromScalar for Size {
    const LOOKS: &'static str = "`#true`, or an amount of bytes, such as `\"1GiB\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Bool(true) => Ok(Self(None)),
            Scalar::Bool(false) => Err(Refusal::with("`#false` says nothing here", "leave the word out")),
            Scalar::Text(_) | Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Null | Scalar::Parameter(_) => {
                match Bytes::from_scalar(scalar)? {
                    Bytes(0) => Err(Refusal::with(
                        "a directory of no bytes holds nothing",
                        "write `#true` for as much as there is",
                    )),
                    bytes => Ok(Self(Some(bytes))),
                }
            }
        }
    }
}

/// A directory of an NFS server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nfs {
    /// The server.
    pub server: String,
    /// The directory there.
    pub path: AbsolutePath,
}

impl FromScalar for Nfs {
    const LOOKS: &'static str = "a server and a path, such as `\"nas.example:/export\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let read = text.rsplit_once(":/").filter(|(server, _)| !server.is_empty() && !server.contains('/'));
        let found = read.and_then(|(server, _)| {
            let path = AbsolutePath::parse(&text[server.len() + 1..]).ok()?;
            Some(Self { server: server.to_owned(), path })
        });
        let hint = "write it as `\"nas.example:/export\"`";
        found.ok_or_else(|| Refusal::with(format!("`{text}` is no directory of an NFS server"), hint))
    }
}
