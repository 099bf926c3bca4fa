//! What the kernel is told about a container or a pod: limits, scores, parameters.

use super::mount::Mode;
use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// A limit of the kernel for each process of a container.
    Ulimit "ulimit" ("") {
        /// What is limited.
        name: [required argument] UlimitName, "name" ("");
        /// What a process starts with, and may raise up to `hard`.
        soft: [required property] UlimitValue, "soft" ("");
        /// The most that a process may raise it to; without it, the same as `soft`.
        hard: [optional property] UlimitValue, "hard" ("");
    }

    /// A parameter of the kernel that each pod has for itself.
    Sysctl "sysctl" ("securityContext.sysctls[]") {
        /// Its name, with points.
        name: [required argument] SysctlName, "name" ("name");
        /// Its value.
        value: [required argument] String, "value" ("value");
    }
}

crate::choice! {
    /// What a limit is about.
    UlimitName {
        Core "core", Cpu "cpu", Data "data", FileSize "fsize", Locks "locks", LockedMemory "memlock",
        MessageQueue "msgqueue", Nice "nice", OpenFiles "nofile", Processes "nproc", ResidentSet "rss",
        RealTimePriority "rtprio", RealTimeTime "rttime", PendingSignals "sigpending", Stack "stack",
    }
}

/// A limit: a number, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UlimitValue {
    /// A number.
    Number(u64),
    /// No limit.
    Unlimited,
}

impl FromScalar for UlimitValue {
    const LOOKS: &'static str = "a whole number, or `\"unlimited\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Text(word) if word == "unlimited" => Ok(Self::Unlimited),
            Scalar::Integer(number) => u64::try_from(*number)
                .map(Self::Number)
                .map_err(|_| Refusal::with(format!("{number} is no limit"), "write `\"unlimited\"` for none")),
            Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                Err(Refusal::kind("a whole number or `\"unlimited\"`", scalar))
            }
        }
    }
}

impl std::fmt::Display for UlimitValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Unlimited => write!(formatter, "unlimited"),
        }
    }
}

/// The name of a kernel parameter, with points between its parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SysctlName(pub String);

/// Kubernetes' own limit.
const LONGEST_SYSCTL: usize = 253;

impl FromScalar for SysctlName {
    const LOOKS: &'static str = "a kernel parameter, such as `\"net.core.somaxconn\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let word = |part: &str| {
            let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            ends(part.chars().next())
                && ends(part.chars().next_back())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        };
        if text.len() <= LONGEST_SYSCTL && text.contains('.') && text.split('.').all(word) {
            return Ok(Self(text.to_owned()));
        }
        let refusal = Refusal::new(format!("`{text}` is no kernel parameter"));
        let with_points = text.trim_start_matches("/proc/sys/").replace('/', ".");
        let hint = if with_points == text { "net.core.somaxconn".to_owned() } else { with_points };
        Err(Refusal { hint: Some(format!("write it with points: `\"{hint}\"`")), ..refusal })
    }
}

impl std::fmt::Display for SysctlName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How readily the kernel ends a container when memory is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OomScore(pub i16);

impl FromScalar for OomScore {
    const LOOKS: &'static str = "a whole number from -1000 to 1000";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Integer(number) => i16::try_from(*number)
                .ok()
                .filter(|number| (-1000..=1000).contains(number))
                .map(Self)
                .ok_or_else(|| Refusal::new(format!("{number} is outside -1000 to 1000"))),
            Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                Err(Refusal::kind("a whole number", scalar))
            }
        }
    }
}

/// Permission bits that new files do not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Umask(pub u16);

impl FromScalar for Umask {
    const LOOKS: &'static str = "permission bits in octal, such as `\"0027\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        Mode::bits(scalar).map(Self)
    }
}
