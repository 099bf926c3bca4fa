//! Volumes of a pod and what containers mount.

use wlc_plan::{
    name::{AbsolutePath, ConfigName, VolumeName},
    quantity::Bytes,
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
        absent "secret", "nfs", "named", "image";
    }
    /// Something that a container sees below a path.
    Mount "mount" ("volumeMounts[]") {
        /// Where it appears in the container.
        path: [required argument] AbsolutePath, "path" ("mountPath");
        /// A config, whose files appear there.
        config: [optional property] ConfigName, "config" ("volumes[].configMap");
        /// A volume of the pod.
        volume: [optional property] VolumeName, "volume" ("volumes[].name");
        /// An empty directory of this container alone, and how much it may hold.
        empty_dir: [optional property] Size, "empty-dir" ("volumes[].emptyDir");
        /// An empty directory in memory, and how much it may hold.
        tmpfs: [optional property] Size, "tmpfs" ("volumes[].emptyDir.medium: Memory");
        /// A directory or file of the node.
        host_path: [optional property] AbsolutePath, "host-path" ("volumes[].hostPath");
        /// What a change of a config's content does.
        on_change: [default property] OnChangeWord, "on-change" (""), default "restart";
        /// The signal that `on-change="signal"` sends to the main process.
        signal: [optional property] Signal, "signal" ("");
        /// Permission bits of the files of a config.
        mode: [default property] Mode, "mode" ("volumes[].configMap.defaultMode"), default "0644";
        /// The container cannot write to it.
        read_only: [flag] bool, "read-only" ("readOnly");
        absent "secret", "claim", "endpoints", "sub-path", "propagation", "field";
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
                Bytes::from_scalar(scalar).map(|bytes| Self(Some(bytes)))
            }
        }
    }
}

/// Permission bits of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u16);

impl FromScalar for Mode {
    const LOOKS: &'static str = "permission bits in octal, such as `\"0440\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let bits = u16::from_str_radix(text, 8).ok().filter(|bits| *bits <= 0o777 && (3..=4).contains(&text.len()));
        bits.map(Self)
            .ok_or_else(|| Refusal::with(format!("`{text}` are no permission bits"), "write them as `\"0440\"`"))
    }
}

/// A signal, without `SIG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal(pub String);

/// The signals that make sense to send to a service.
const SIGNALS: [&str; 9] = ["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "WINCH", "CONT"];

impl FromScalar for Signal {
    const LOOKS: &'static str = "a signal, such as `\"HUP\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let name = text.strip_prefix("SIG").unwrap_or(text);
        if SIGNALS.contains(&name) { Ok(Self(name.to_owned())) } else { Err(Refusal::choice(name, &SIGNALS, &[])) }
    }
}
