//! What a pod shares with its node, and what it has for itself.

use wlc_plan::spec::{Dns, FsGroup, FsGroupChange, HostEntry, LogDriver, Processes, Surroundings, Users, Whose};

use crate::model::{
    self,
    network::DnsOption,
    pod::{LogWord, Pod, UserNamespace},
};

pub(super) fn surroundings(pod: &Pod) -> Surroundings {
    let whose = |is_the_nodes: bool| if is_the_nodes { Whose::Node } else { Whose::Pod };
    Surroundings {
        network: whose(pod.host_network.value),
        processes: match (pod.host_pid.value, pod.share_pid.value) {
            (true, _) => Processes::Node,
            (false, true) => Processes::Pod,
            (false, false) => Processes::Container,
        },
        memory: whose(pod.host_ipc.value),
        users: match pod.user_namespace.as_ref().map(|users| users.value) {
            Some(UserNamespace::Auto) => Users::Auto,
            None | Some(UserNamespace::Host) => Users::Node,
        },
        hostname: pod.hostname.as_ref().map(|name| name.value.clone()),
        dns: pod.dns.as_ref().map(dns).unwrap_or_default(),
        host_entries: pod.host_entries.iter().map(host_entry).collect(),
        shm_size: pod.shm_size.as_ref().map(|size| size.value),
        sysctls: pod.sysctls.iter().map(|one| (one.name.value.0.clone(), one.value.value.clone())).collect(),
        fs_group: pod.fs_group.as_ref().map(fs_group),
        log: match pod.log.as_ref().map(|log| log.value) {
            None | Some(LogWord::File) => LogDriver::File,
            Some(LogWord::Journal) => LogDriver::Journal,
        },
    }
}

/// With the policy `none` no domain is looked in but those that are written: `.` says so to Podman.
fn dns(dns: &model::network::Dns) -> Dns {
    let servers = dns.servers.iter().flat_map(|list| &list.value);
    let mut searches: Vec<String> =
        dns.searches.iter().flat_map(|list| &list.value).map(|domain| domain.value.0.clone()).collect();
    if searches.is_empty() && dns.policy.value == model::network::DnsPolicy::None {
        searches.push(".".to_owned());
    }
    Dns {
        servers: servers.map(|server| server.value.0).collect(),
        searches,
        options: dns.options.iter().map(option).collect(),
    }
}

fn option(option: &DnsOption) -> String {
    let name = &option.name.value.0;
    option.value.as_ref().map_or_else(|| name.clone(), |value| format!("{name}:{}", value.value))
}

fn host_entry(entry: &model::network::HostEntry) -> HostEntry {
    HostEntry { address: entry.address.value.0, names: entry.names.iter().map(|name| name.value.0.clone()).collect() }
}

fn fs_group(group: &model::pod::FsGroup) -> FsGroup {
    FsGroup {
        group: group.group.value.0,
        change: match group.change.value {
            model::pod::FsGroupChange::Always => FsGroupChange::Always,
            model::pod::FsGroupChange::OnRootMismatch => FsGroupChange::OnRootMismatch,
        },
    }
}
