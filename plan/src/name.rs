//! Names, checked once at the door.
//!
//! Every name that a plan carries is a type of its own, so that a workload's name is never taken for a replica's.
//! A value of such a type always obeys its rule; what a user wrote is a plain string until it has passed `parse`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest DNS label (RFC 1123), and so the longest name of most things.
pub const LABEL_LENGTH: usize = 63;

/// Why a string is not a name of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {kind}: {problem}")]
pub struct NameError {
    /// What the name was to be, for example `workload name`.
    pub kind: &'static str,
    /// The string that was refused.
    pub given: String,
    /// What is wrong with it.
    pub problem: NameProblem,
}

/// The rule that a refused name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing was written.
    #[error("it is empty")]
    Empty,
    /// Longer than the number of bytes named here.
    #[error("it is longer than {0} characters")]
    TooLong(usize),
    /// A character outside the alphabet of this kind of name.
    #[error("only {allowed} are allowed, not `{found}`")]
    Character {
        /// The alphabet in words.
        allowed: &'static str,
        /// The first character that is not part of it.
        found: char,
    },
    /// The first or last character is not a letter or digit.
    #[error("it must begin and end with a letter or digit")]
    Edge,
    /// A port name without any letter.
    #[error("it needs at least one letter")]
    NoLetter,
    /// A port name with two hyphens in a row.
    #[error("it must not contain `--`")]
    DoubleHyphen,
    /// Not an absolute path, or one with `..`, `//`, `:`, control characters or a `/` at its end.
    #[error("it must be an absolute path without `..`, `//`, `:`, control characters or a `/` at its end")]
    Path,
}

macro_rules! names {
    ($($(#[$doc:meta])* $type:ident, $kind:literal, $rule:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks `text` against the rule of this kind of name.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                match $rule(text) {
                    Ok(()) => Ok(Self(text.to_owned())),
                    Err(problem) => Err(NameError { kind: $kind, given: text.to_owned(), problem }),
                }
            }

            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "`{}`", self.0)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    )*};
}

names! {
    /// Name of a fleet. A DNS label.
    FleetName, "fleet name", dns_label;
    /// Name of a node. A DNS label: the host name up to its first dot.
    NodeName, "node name", dns_label;
    /// Name of a workload, unique over all kinds. A DNS label.
    WorkloadName, "workload name", dns_label;
    /// Name of a replica, unique over the fleet, and the host name of its pod. A DNS label.
    ReplicaName, "replica name", dns_label;
    /// Name of a container inside its pod. A DNS label.
    ContainerName, "container name", dns_label;
    /// Name of a volume inside its pod. A DNS label.
    VolumeName, "volume name", dns_label;
    /// Name of a config block. A DNS label.
    ConfigName, "config name", dns_label;
    /// Name of a secret block. A DNS label.
    SecretName, "secret name", dns_label;
    /// Name of a claim of a stateful-set. A DNS label.
    ClaimName, "claim name", dns_label;
    /// Name of a signer, and the principal of its key in the trust file. A DNS label.
    SignerName, "signer name", dns_label;
    /// Name of a slot that instances of one node share. A DNS label.
    SlotName, "slot name", dns_label;
    /// Name of a port: at most 15 of `a-z`, `0-9` and `-`, at least one letter (RFC 6335).
    PortName, "port name", port_name;
    /// Key of a label: `[prefix/]name`, as Kubernetes has it.
    LabelKey, "label key", label_key;
    /// Value of a label: at most 63 characters, may be empty.
    LabelValue, "label value", label_value;
    /// Name of an environment variable: printable ASCII without `=`.
    EnvName, "environment variable name", env_name;
    /// Name of a file in a config: at most 253 of letters, digits, `.`, `_` and `-`, neither `.` nor `..`.
    FileKey, "file name", file_key;
    /// An absolute path without `..`, `//`, `:`, control characters and a `/` at its end.
    AbsolutePath, "path", absolute_path;
}

impl ReplicaName {
    /// `web-0`: the replica `number` of a deployment, stateful-set or job.
    pub fn numbered(workload: &WorkloadName, number: u32) -> Result<Self, NameError> {
        Self::parse(&format!("{workload}-{number}"))
    }

    /// `exporter-node7`: the replica of a daemon-set on `node`.
    pub fn on_node(workload: &WorkloadName, node: &NodeName) -> Result<Self, NameError> {
        Self::parse(&format!("{workload}-{node}"))
    }
}

const DNS_ALPHABET: &str = "lower-case letters, digits and `-`";

fn dns_label(text: &str) -> Result<(), NameProblem> {
    length(text, LABEL_LENGTH)?;
    alphabet(text, DNS_ALPHABET, |c| matches!(c, 'a'..='z' | '0'..='9' | '-'))?;
    edges(text)
}

fn port_name(text: &str) -> Result<(), NameProblem> {
    length(text, 15)?;
    alphabet(text, DNS_ALPHABET, |c| matches!(c, 'a'..='z' | '0'..='9' | '-'))?;
    edges(text)?;
    if text.contains("--") {
        return Err(NameProblem::DoubleHyphen);
    }
    if !text.contains(|c: char| c.is_ascii_lowercase()) {
        return Err(NameProblem::NoLetter);
    }
    Ok(())
}

fn label_key(text: &str) -> Result<(), NameProblem> {
    match text.split_once('/') {
        Some((prefix, name)) => dns_subdomain(prefix).and_then(|()| label_word(name)),
        None => label_word(text),
    }
}

fn label_value(text: &str) -> Result<(), NameProblem> {
    if text.is_empty() { Ok(()) } else { label_word(text) }
}

fn label_word(text: &str) -> Result<(), NameProblem> {
    length(text, LABEL_LENGTH)?;
    alphabet(text, "letters, digits, `-`, `_` and `.`", |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))?;
    edges(text)
}

fn dns_subdomain(text: &str) -> Result<(), NameProblem> {
    length(text, 253)?;
    text.split('.').try_for_each(dns_label)
}

fn env_name(text: &str) -> Result<(), NameProblem> {
    length(text, 253)?;
    alphabet(text, "printable ASCII characters but `=`", |c| matches!(c, '!'..='~') && c != '=')
}

fn file_key(text: &str) -> Result<(), NameProblem> {
    length(text, 253)?;
    alphabet(text, "letters, digits, `-`, `_` and `.`", |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))?;
    if matches!(text, "." | "..") { Err(NameProblem::Edge) } else { Ok(()) }
}

fn absolute_path(text: &str) -> Result<(), NameProblem> {
    length(text, 4096)?;
    let inside = text.strip_prefix('/').ok_or(NameProblem::Path)?;
    let bad_part = |part: &str| part.is_empty() || part == "." || part == "..";
    let bad_parts = !inside.is_empty() && inside.split('/').any(bad_part);
    if bad_parts || text.contains(|c: char| c.is_control() || c == ':') { Err(NameProblem::Path) } else { Ok(()) }
}

fn length(text: &str, most: usize) -> Result<(), NameProblem> {
    if text.is_empty() {
        return Err(NameProblem::Empty);
    }
    if text.len() > most { Err(NameProblem::TooLong(most)) } else { Ok(()) }
}

fn alphabet(text: &str, allowed: &'static str, is_allowed: impl Fn(char) -> bool) -> Result<(), NameProblem> {
    match text.chars().find(|&c| !is_allowed(c)) {
        Some(found) => Err(NameProblem::Character { allowed, found }),
        None => Ok(()),
    }
}

fn edges(text: &str) -> Result<(), NameProblem> {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if ends_well(text.chars().next()) && ends_well(text.chars().next_back()) { Ok(()) } else { Err(NameProblem::Edge) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_labels_obey_rfc_1123() {
        for good in ["a", "web", "web-0", "0", &"x".repeat(63)] {
            assert!(WorkloadName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", &"x".repeat(64)] {
            assert!(WorkloadName::parse(bad).is_err(), "{bad}");
        }
    }

    /// S-402: a port's name.
    #[test]
    fn port_names_obey_rfc_6335() {
        for (text, good) in [("http", true), ("80", false), ("a--b", false), ("p80", true), ("sixteen-letters-", false)]
        {
            assert_eq!(PortName::parse(text).is_ok(), good, "{text}");
        }
    }

    /// S-007, S-008: label keys and values.
    #[test]
    fn labels_obey_kubernetes_rules() {
        for (text, good) in
            [("zone", true), ("example.org/zone", true), ("/zone", false), ("a/b/c", false), ("_a", false)]
        {
            assert_eq!(LabelKey::parse(text).is_ok(), good, "{text}");
        }
        assert!(LabelValue::parse("").is_ok());
        assert!(LabelValue::parse("A_1.b").is_ok());
        assert!(LabelValue::parse("a b").is_err());
    }

    #[test]
    fn paths_are_absolute_and_plain() {
        for (text, good) in [
            ("/", true),
            ("/a/b", true),
            ("a", false),
            ("/a/../b", false),
            ("/a//b", false),
            ("/a:b", false),
            ("/a/", false),
        ] {
            assert_eq!(AbsolutePath::parse(text).is_ok(), good, "{text}");
        }
    }

    /// S-109, P-050: a replica's name has room for its number.
    #[test]
    fn a_replica_name_may_be_too_long() {
        let workload = WorkloadName::parse(&"x".repeat(62)).unwrap();
        assert_eq!(ReplicaName::numbered(&workload, 1).unwrap_err().problem, NameProblem::TooLong(63));
    }
}
