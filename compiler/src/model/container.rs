//! Containers: image, command, environment, ports, probes, security.

use std::net::IpAddr;

use wlc_plan::name::{AbsolutePath, ContainerName, EnvName, PortName};

use super::{
    amount::Amounts,
    probe::Probe,
    volume::{Mount, Signal},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    fields::{FromEntry, FromScalar, Refusal, value, value::Whole},
    span::{Span, Spanned},
    syntax::{Block, Scalar},
};

/// A user or group id.
pub type Id = Whole<0, 2_147_483_647>;

crate::block! {
    /// One container of a pod.
    Container "container" ("containers[]") {
        /// Its name, unique in the pod.
        name: [required argument] ContainerName, "name" ("name");
        /// The image that it runs.
        image: [required property] ImageName, "image" ("image");
        /// When the image is pulled.
        pull: [optional property] PullWord, "pull" ("imagePullPolicy");
        /// Replaces the image's entry point and its arguments.
        command: [list] String, "command" ("command");
        /// Replaces the image's arguments.
        args: [list] String, "args" ("args");
        /// The directory in which the command starts.
        working_directory: [optional property] AbsolutePath, "working-directory" ("workingDir");
        /// Environment variables.
        env: [child] Env, "env" ("env");
        /// A port that it listens on.
        ports: [children] Port, "port" ("ports");
        /// Something that it sees below a path.
        mounts: [children] Mount, "mount" ("volumeMounts");
        /// What is set aside for it.
        request: [child] Amounts, "request" ("resources.requests");
        /// The most that it may use; without a request, this is the request.
        limit: [child] Amounts, "limit" ("resources.limits");
        /// Until it has passed, the other probes are off.
        startup: [child] Probe, "startup" ("startupProbe");
        /// Its failure makes the replica not ready.
        readiness: [child] Probe, "readiness" ("readinessProbe");
        /// Its failure restarts the container.
        liveness: [child] Probe, "liveness" ("livenessProbe");
        /// The user that it runs as.
        user: [optional property] Id, "user" ("securityContext.runAsUser");
        /// The group that it runs as.
        group: [optional property] Id, "group" ("securityContext.runAsGroup");
        /// It is refused to run as user 0.
        non_root: [flag] bool, "non-root" ("securityContext.runAsNonRoot");
        /// It may do everything that root of the node may.
        privileged: [flag] bool, "privileged" ("securityContext.privileged");
        /// It cannot write to its root file system.
        read_only_root: [flag] bool, "read-only-root" ("securityContext.readOnlyRootFilesystem");
        /// None of its processes can gain privileges.
        no_new_privileges: [flag] bool, "no-new-privileges" ("securityContext.allowPrivilegeEscalation");
        /// Capabilities that it gets or loses.
        capabilities: [child] Capabilities, "capabilities" ("securityContext.capabilities");
        /// The signal that asks it to end; without it, the image's, else TERM.
        stop_signal: [optional property] Signal, "stop-signal" ("lifecycle.stopSignal");
        absent "device", "post-start", "pre-stop", "seccomp", "apparmor", "selinux", "restart", "groups", "init", "ulimit", "tty", "stdin";
    }
    /// Environment variables, each as `NAME "value"` or `NAME field="replica"`.
    Env "env" ("env") {
        /// A variable.
        variables: [entries] Variable, "NAME" ("env[]");
    }

    /// A port that a container listens on.
    Port "port" ("ports[]") {
        /// Its name, by which probes know it.
        name: [required argument] PortName, "name" ("name");
        /// Its number inside the pod.
        number: [required argument] Whole<1, 65_535>, "number" ("containerPort");
        /// The port of the node that leads to it; without it, none does.
        host: [optional property] HostPort, "host" ("hostPort");
        /// The address of the node that listens; without it, all of them.
        address: [optional property] Address, "address" ("hostIP");
        /// Its protocol.
        protocol: [default property] ProtocolWord, "protocol" ("protocol"), default "tcp";
    }

    /// Capabilities that a container gets or loses, without `CAP_`.
    Capabilities "capabilities" ("securityContext.capabilities") {
        /// Capabilities that it gets.
        add: [list] Capability, "add" ("add");
        /// Capabilities that it loses; `ALL` stands for all.
        drop: [list] Capability, "drop" ("drop");
    }
}

crate::choice! {
    /// When an image is pulled.
    PullWord { Always "always", IfNotPresent "if-not-present", Never "never" }

    /// The protocol of a port.
    ProtocolWord { Tcp "tcp", Udp "udp"; absent "sctp" }

    /// What an instance can tell its containers.
    FieldWord { Replica "replica", Workload "workload", Node "node", Fleet "fleet"; absent "address", "revision", "index" }
}

/// Registries take paths of 255 characters, tags of 128, and a digest has 71.
const LONGEST_IMAGE: usize = 512;

/// The name of an image, with a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// All of it, as written.
    pub written: String,
    /// The digest in it, `sha256:…`.
    pub digest: Option<String>,
    /// Its tag; `latest` where it has neither tag nor digest.
    pub tag: Option<String>,
}

impl FromScalar for ImageName {
    const LOOKS: &'static str = "the name of an image, such as `\"registry.example/nginx:1.27\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let written = value::text(scalar)?;
        Self::parse(written).map_err(|why| {
            Refusal::with(format!("`{written}` is no image: {why}"), "write it as `\"registry.example/nginx:1.27\"`")
        })
    }
}

impl ImageName {
    fn parse(written: &str) -> Result<Self, &'static str> {
        if written.len() > LONGEST_IMAGE {
            return Err("it is longer than 512 characters");
        }
        let (name, digest) = match written.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (written, None),
        };
        if digest.is_some_and(|digest| {
            digest.strip_prefix("sha256:").is_none_or(|hex| wlc_plan::digest::Digest::parse(hex).is_err())
        }) {
            return Err("a digest has the form `sha256:` and 64 hexadecimal digits");
        }
        let last = name.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match name[last..].split_once(':') {
            Some((_, tag)) => (&name[..name.len() - tag.len() - 1], Some(tag)),
            None => (name, None),
        };
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        };
        let parts: Vec<&str> = repository.split('/').collect();
        let (host, path) = if parts.len() > 1 { (Some(parts[0]), &parts[1..]) } else { (None, &parts[..]) };
        if !path.iter().all(|part| word(part))
            || !host.is_none_or(|host| host.split(':').all(|part| word(&part.to_lowercase())))
        {
            return Err("its path consists of lower-case letters, digits, `.`, `_`, `-` and `/`");
        }
        let tag_fits = |tag: &str| {
            (1..=128).contains(&tag.len())
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        if tag.is_some_and(|tag| !tag_fits(tag)) {
            return Err("its tag consists of at most 128 letters, digits, `.`, `_` and `-`");
        }
        let tag = tag.map(str::to_owned).or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self { written: written.to_owned(), digest: digest.map(str::to_owned), tag })
    }
}

/// A port of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPort {
    /// One that placement picks from the fleet's `host-ports`.
    Auto,
    /// This one.
    Fixed(u16),
}

impl FromScalar for HostPort {
    const LOOKS: &'static str = "`\"auto\"`, or a port from 1 to 65535";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Text(word) if word == "auto" => Ok(Self::Auto),
            Scalar::Text(word) => Err(Refusal::with(format!("`{word}` is no port"), "write `\"auto\"` or a number")),
            Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                let Whole(number) = Whole::<1, 65_535>::from_scalar(scalar)?;
                u16::try_from(number).map(Self::Fixed).map_err(|_| Refusal::new("a port is 1 to 65535"))
            }
        }
    }
}

/// An IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl FromScalar for Address {
    const LOOKS: &'static str = "an IP address";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        text.parse().map(Self).map_err(|_| Refusal::new(format!("`{text}` is no IP address")))
    }
}

/// Whether two listeners on one port get into each other's way: other addresses do not, unless one of the two is all
/// addresses (S-404). None, `0.0.0.0` and `::` are all addresses.
pub fn overlap(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
    let is_all = |address: Option<IpAddr>| address.is_none_or(|address| address.is_unspecified());
    one == other || is_all(one) || is_all(other)
}

/// A capability, without `CAP_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capability(pub String);

impl FromScalar for Capability {
    const LOOKS: &'static str = "a capability without `CAP_`, such as `\"NET_ADMIN\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let name = text.strip_prefix("CAP_").unwrap_or(text);
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
            Ok(Self(name.to_owned()))
        } else {
            Err(Refusal::with(format!("`{text}` is no capability"), "write it as `\"NET_ADMIN\"`"))
        }
    }
}

/// A variable of the environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: Spanned<EnvName>,
    /// Its value.
    pub value: VariableValue,
    /// Where it stands.
    pub span: Span,
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableValue {
    /// The text itself.
    Text(String),
    /// A field of the instance.
    Field(FieldWord),
}

impl FromEntry for Variable {
    const LOOKS: &'static str = "`NAME \"value\"` or `NAME field=\"replica\"`";

    fn from_entry(block: &Block, problems: &mut Problems) -> Option<Self> {
        let bad = |refusal: Refusal, span| {
            let message = format!("variable `{}`: {}", block.word.value, refusal.message);
            let name = &block.word.value;
            let hint =
                refusal.hint.unwrap_or_else(|| format!("write `{name} \"value\"` or `{name} field=\"replica\"`"));
            Diagnostic::new(refusal.code, message, span, Self::LOOKS).as_error().hint(hint)
        };
        let name = match EnvName::parse(&block.word.value) {
            Ok(name) => Spanned::new(name, block.word.span),
            Err(error) => {
                problems.add(bad(Refusal::from(error), block.word.span));
                return None;
            }
        };
        let read = match (&block.arguments[..], &block.properties[..], &block.children[..]) {
            ([value], [], []) => {
                String::from_scalar(&value.value).map(VariableValue::Text).map_err(|error| (error, value.span))
            }
            ([], [property], []) if property.name.value == "field" => FieldWord::from_scalar(&property.value.value)
                .map(VariableValue::Field)
                .map_err(|error| (error, property.value.span)),
            ([], [property], []) if matches!(property.name.value.as_str(), "secret" | "config" | "resource") => {
                let refusal = Refusal::with(
                    format!("`{}=` is not in this version of wlc", property.name.value),
                    "take it out; the roadmap in the book says what is planned",
                );
                Err((Refusal { code: Code::NotInThisVersion, ..refusal }, property.name.span))
            }
            _ => Err((Refusal { code: Code::OneSource, ..Refusal::new("it needs one value") }, block.span)),
        };
        match read {
            Ok(value) => Some(Self { name, value, span: block.span }),
            Err((refusal, span)) => {
                problems.add(bad(refusal, span));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_overlap_each_and_two_others_do_not() {
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let all = [None, address("0.0.0.0"), address("::")];
        assert!(all.iter().all(|all| overlap(*all, address("10.0.0.1")) && overlap(address("127.0.0.1"), *all)));
        assert!(overlap(address("10.0.0.1"), address("10.0.0.1")));
        assert!(!overlap(address("10.0.0.1"), address("127.0.0.1")));
    }
}
