//! Why an image could not be had, from Podman's words, and whether this machine can run it: pure.
//!
//! Podman tells every fault of a pull as text. What a text does not give away stays `Other`, with the text.

use std::fmt;

/// Why an image cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullFault {
    /// The registry wants credentials, and the node has none for it.
    NoCredentials,
    /// The registry does not take the node's credentials.
    Credentials,
    /// The node's file of credentials cannot be used.
    AuthFile,
    /// The registry has no such image.
    Unknown,
    /// The registry does not answer.
    Unreachable,
    /// The registry did not give it in time.
    Slow,
    /// The registry gives other bytes than the digest says.
    Digest,
    /// It is for another kind of machine.
    Architecture,
    /// The registry has been asked too often.
    TooOften,
    /// The disk is full.
    DiskFull,
    /// The node's policy of signatures refuses it.
    Policy,
    /// It is not here and is never pulled.
    Never,
    /// Its name means no image.
    Name,
    /// It was here, and is not any more.
    Gone,
    /// Something else.
    Other,
}

impl fmt::Display for PullFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoCredentials => "the registry wants credentials, and the node has none for it",
            Self::Credentials => "the registry does not take the node's credentials",
            Self::AuthFile => "the node's file of credentials cannot be used",
            Self::Unknown => "the registry has no such image",
            Self::Unreachable => "the registry does not answer",
            Self::Slow => "the registry did not give it in time",
            Self::Digest => "the registry gives other bytes than its digest says",
            Self::Architecture => "it is for another kind of machine",
            Self::TooOften => "the registry has been asked too often",
            Self::DiskFull => "the disk is full",
            Self::Policy => "the node's policy of signatures refuses it",
            Self::Never => "it is not here and is never pulled",
            Self::Name => "its name means no image",
            Self::Gone => "it was here, and is not any more",
            Self::Other => "it could not be pulled",
        })
    }
}

/// Parts of Podman's words, in the order in which they are looked for.
const WORDS: [(PullFault, &[&str]); 9] = [
    (PullFault::DiskFull, &["no space left on device"]),
    (PullFault::Digest, &["does not match provided manifest digest", "digest did not match", "corrupt blob"]),
    (PullFault::Architecture, &["no image found in manifest list", "no image found in image index"]),
    (PullFault::TooOften, &["toomanyrequests", "too many requests"]),
    (PullFault::Credentials, &["unauthorized", "authentication required", "invalid username/password", "denied"]),
    (PullFault::Unknown, &["manifest unknown", "name unknown", "repository name not known", "404 (not found)"]),
    (PullFault::Policy, &["source image rejected"]),
    (PullFault::Name, &["short-name", "invalid reference format", "could not parse reference"]),
    (
        PullFault::Unreachable,
        &[
            "connection refused",
            "no such host",
            "no route to host",
            "network is unreachable",
            "i/o timeout",
            "handshake timeout",
            "connection reset",
            "server gave http response",
            "x509:",
            "tls:",
            "eof",
        ],
    ),
];

/// What Podman's words mean. `with_credentials`: the registry was given some.
pub fn fault(words: &str, with_credentials: bool) -> PullFault {
    let lower = words.to_lowercase();
    let found = WORDS.iter().find(|(_, parts)| parts.iter().any(|part| lower.contains(part)));
    let fault = found.map_or(PullFault::Other, |(fault, _)| fault.clone());
    if fault == PullFault::Credentials && !with_credentials { PullFault::NoCredentials } else { fault }
}

/// The name under which an image is found that was asked for as `asked`, among all its names: with Docker's tag where none
/// was said, and with a registry where none was named. None where it is not plain.
pub fn name_of(asked: &str, names: &[&String]) -> Option<String> {
    let base = asked.split('@').next().unwrap_or(asked);
    let has_tag = asked.contains('@') || base.rfind(':').is_some_and(|colon| !base[colon..].contains('/'));
    let full = if has_tag { asked.to_owned() } else { format!("{asked}:latest") };
    let has_registry =
        base.split_once('/').is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
    let is_it = |name: &&&String| match has_registry {
        true => ***name == full,
        false => name.strip_suffix(&full).is_some_and(|rest| rest.ends_with('/')),
    };
    let mut found = names.iter().filter(is_it);
    let first = found.next()?;
    found.next().is_none().then(|| (*first).clone())
}

/// The name that images have for an architecture, by the name that Rust has for it.
pub fn image_architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// The name that QEMU has for an architecture of an image.
pub fn emulator(architecture: &str) -> String {
    let name = match architecture {
        "amd64" => "x86_64",
        "386" => "i386",
        "arm64" => "aarch64",
        other => other,
    };
    format!("qemu-{name}")
}

/// Whether a machine of the kind `here` runs an image for `architecture` without an emulator; an image that does not say
/// runs.
pub fn runs_on(architecture: &str, here: &str) -> bool {
    architecture.is_empty()
        || matches!((architecture, here), ("386", "amd64") | ("arm", "arm64"))
        || architecture == here
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C-226, C-228, S-276.
    #[test]
    fn each_fault_has_its_own_word() {
        let pinging = "initializing source docker://r.example/a:1: pinging container registry r.example: ";
        for (words, expected) in [
            ("reading manifest 1 in r.example/a: unauthorized: authentication required", PullFault::NoCredentials),
            ("errors:\ndenied: requested access to the resource is denied", PullFault::NoCredentials),
            ("reading manifest 2 in r.example/a: manifest unknown: manifest unknown", PullFault::Unknown),
            ("dial tcp 127.0.0.1:5: connect: connection refused", PullFault::Unreachable),
            ("dial tcp: lookup r.example: no such host", PullFault::Unreachable),
            ("Get \"https://r.example/v2/\": x509: certificate signed by unknown authority", PullFault::Unreachable),
            ("Get \"http://r.example/v2/\": EOF", PullFault::Unreachable),
            ("Manifest does not match provided manifest digest sha256:aa", PullFault::Digest),
            ("no image found in manifest list for architecture amd64, variant \"\", OS linux", PullFault::Architecture),
            ("toomanyrequests: You have reached your pull rate limit", PullFault::TooOften),
            ("writing blob: storing blob to file: write /var/tmp/x: no space left on device", PullFault::DiskFull),
            ("short-name \"a:1\" did not resolve to an alias", PullFault::Name),
            ("Source image rejected: Running image is rejected by policy.", PullFault::Policy),
            ("something new", PullFault::Other),
        ] {
            assert_eq!(fault(&format!("{pinging}{words}"), false), expected, "{words}");
        }
        assert_eq!(fault("unauthorized: authentication required", true), PullFault::Credentials);
    }

    #[test]
    fn a_name_is_found_only_where_it_is_plain() {
        let all = [
            "r.example/app:latest",
            "r.example/app@sha256:aa",
            "docker.io/library/web:1",
            "a.example/db:2",
            "b.example/db:2",
        ];
        let all = all.map(str::to_owned);
        let names: Vec<&String> = all.iter().collect();
        for (asked, expected) in [
            ("r.example/app", Some("r.example/app:latest")),
            ("r.example/app@sha256:aa", Some("r.example/app@sha256:aa")),
            ("r.example/app:2", None),
            ("web:1", Some("docker.io/library/web:1")),
            ("eb:1", None),
            ("db:2", None),
        ] {
            assert_eq!(name_of(asked, &names).as_deref(), expected, "{asked}");
        }
    }

    #[test]
    fn an_image_for_another_machine_is_known_by_its_name() {
        let here = image_architecture("x86_64");
        for (architecture, runs) in [("amd64", true), ("386", true), ("", true), ("arm64", false), ("s390x", false)] {
            assert_eq!(runs_on(architecture, here), runs, "{architecture}");
        }
        assert_eq!(emulator("arm64"), "qemu-aarch64");
        assert_eq!(emulator("riscv64"), "qemu-riscv64");
    }
}
