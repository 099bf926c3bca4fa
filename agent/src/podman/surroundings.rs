//! What a pod shares with its node and what it has for itself, in Podman's words: pure.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;
use wlc_plan::{
    quantity::Bytes,
    spec::{Dns, Processes, Surroundings, Users, Whose},
};

/// A namespace.
#[derive(Debug, Serialize)]
pub(super) struct Namespace {
    nsmode: &'static str,
}

impl Namespace {
    /// The node's.
    pub(super) const HOST: Self = Self { nsmode: "host" };
    /// A network of Podman's.
    const BRIDGE: Self = Self { nsmode: "bridge" };
    /// A range of users that nobody else has.
    const AUTO: Self = Self { nsmode: "auto" };
}

/// The part of a pod's body that speaks of its surroundings.
#[derive(Debug, Serialize)]
pub(super) struct SurroundingsBody {
    hostname: String,
    netns: Namespace,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shared_namespaces: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    userns: Option<Namespace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns_server: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns_search: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns_option: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hostadd: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shm_size: Option<Bytes>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sysctl: BTreeMap<String, String>,
}

/// The surroundings of the pod of a replica.
pub(super) fn surroundings(surroundings: &Surroundings, replica: &str) -> SurroundingsBody {
    let Dns { servers, searches, options } = &surroundings.dns;
    SurroundingsBody {
        hostname: surroundings.hostname.as_ref().map_or(replica, |name| name.as_str()).to_owned(),
        netns: match surroundings.network {
            Whose::Pod => Namespace::BRIDGE,
            Whose::Node => Namespace::HOST,
        },
        shared_namespaces: match surroundings.processes {
            Processes::Pod => vec!["net", "ipc", "uts", "pid"],
            Processes::Container | Processes::Node => Vec::new(),
        },
        userns: match surroundings.users {
            Users::Node => None,
            Users::Auto => Some(Namespace::AUTO),
        },
        dns_server: servers.clone(),
        dns_search: searches.clone(),
        dns_option: options.clone(),
        hostadd: host_entries(surroundings),
        shm_size: surroundings.shm_size,
        sysctl: surroundings.sysctls.clone(),
    }
}

/// Podman writes one line for each name.
fn host_entries(surroundings: &Surroundings) -> Vec<String> {
    let entries = surroundings.host_entries.iter();
    entries.flat_map(|entry| entry.names.iter().map(move |name| format!("{name}:{}", entry.address))).collect()
}
