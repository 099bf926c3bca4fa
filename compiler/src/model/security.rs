//! What a container may do: capabilities, profiles, contexts.

use crate::{
    fields::{FromScalar, Refusal, value, value::Whole},
    syntax::Scalar,
};

/// A user or group id.
pub type Id = Whole<0, 2_147_483_647>;

crate::block! {
    /// Capabilities that a container gets or loses, without `CAP_`.
    Capabilities "capabilities" ("securityContext.capabilities") {
        /// Capabilities that it gets; `ALL` stands for all.
        add: [list] Capability, "add" ("add");
        /// Capabilities that it loses; `ALL` stands for all.
        drop: [list] Capability, "drop" ("drop");
    }

    /// The SELinux context of a container; what is left out, the node fills in.
    Selinux "selinux" ("securityContext.seLinuxOptions") {
        /// The type.
        kind: [optional property] SelinuxWord, "type" ("type");
        /// The level.
        level: [optional property] SelinuxWord, "level" ("level");
        /// The user.
        user: [optional property] SelinuxWord, "user" ("user");
        /// The role.
        role: [optional property] SelinuxWord, "role" ("role");
    }
}

crate::choice! {
    /// Whether parts of `/proc` are hidden.
    ProcMount {
        /// As Podman does it.
        Default "default",
        /// Nothing is hidden.
        Unmasked "unmasked",
    }
}

/// All capabilities that Linux knows (capabilities(7)), and `ALL`.
const CAPABILITIES: [&str; 42] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// A capability, without `CAP_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capability(pub String);

impl FromScalar for Capability {
    const LOOKS: &'static str = "a capability without `CAP_`, such as `\"NET_ADMIN\"`, or `\"ALL\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let name = text.strip_prefix("CAP_").unwrap_or(text);
        if CAPABILITIES.contains(&name) {
            return Ok(Self(name.to_owned()));
        }
        let upper = text.to_uppercase().replace('-', "_");
        let upper = upper.strip_prefix("CAP_").unwrap_or(&upper);
        Err(Refusal { message: format!("`{text}` is no capability"), ..Refusal::choice(upper, &CAPABILITIES, &[]) })
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A profile of seccomp or AppArmor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// Podman's own.
    Default,
    /// None.
    Unconfined,
    /// One of the node, by its path or name behind `localhost/`.
    Localhost(String),
}

impl FromScalar for Profile {
    const LOOKS: &'static str = "`\"default\"`, `\"unconfined\"`, or `\"localhost/NAME\"` for a profile of the node";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        match (text, text.strip_prefix("localhost/")) {
            ("default", _) => Ok(Self::Default),
            ("unconfined", _) => Ok(Self::Unconfined),
            (_, Some(name)) if value::is_relative_path(name) => Ok(Self::Localhost(name.to_owned())),
            (_, Some(_)) => Err(Refusal::with(
                format!("`{text}` is no profile: behind `localhost/` stands a relative path without `..`"),
                "write it as `\"localhost/profile.json\"`",
            )),
            (_, None) => Err(Refusal::with(
                format!("`{text}` is no profile"),
                "write `\"default\"`, `\"unconfined\"` or `\"localhost/profile.json\"`",
            )),
        }
    }
}

/// A part of an SELinux context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelinuxWord(pub String);

impl FromScalar for SelinuxWord {
    const LOOKS: &'static str = "a word of SELinux, such as `\"container_t\"` or `\"s0:c1,c2\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:,".contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::new(format!("`{text}` is no word of SELinux")))
        }
    }
}
