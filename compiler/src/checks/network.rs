//! Host namespaces, name resolution and host entries.

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        network::{Dns, DnsPolicy},
        pod::{Pod, UserNamespace},
    },
};

/// The resolver's limits (S-409).
const SERVERS: usize = 3;
const SEARCHES: usize = 32;
const SEARCH_LENGTH: usize = 2048;

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    check_namespaces(pod, problems);
    if let Some(dns) = &pod.dns {
        check_dns(dns, problems);
    }
    for entry in &pod.host_entries {
        if entry.names.is_empty() && !problems.any_error_in(entry.extent) {
            let message = format!("no name stands for `{}`", entry.address.value.0);
            let diagnostic = Diagnostic::new(Code::MissingValue, message, entry.span, "no name");
            problems.add(diagnostic.hint("write the names behind the address"));
        }
    }
}

/// S-275, S-426: namespaces that exclude each other.
fn check_namespaces(pod: &Pod, problems: &mut Problems) {
    if pod.share_pid.value && pod.host_pid.value {
        let message = "a pod that sees the node's processes has none of its own to share";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, pod.share_pid.span, "no effect");
        problems.add(diagnostic.also(pod.host_pid.span, "the node's processes").hint("keep one of them"));
    }
    let Some(users) = pod.user_namespace.as_ref().filter(|users| users.value == UserNamespace::Auto) else { return };
    let hosts = [("host-network", &pod.host_network), ("host-pid", &pod.host_pid), ("host-ipc", &pod.host_ipc)];
    for (word, flag) in hosts.into_iter().filter(|(_, flag)| flag.value) {
        let message = format!("`{word}` cannot be had with users of the pod's own");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, flag.span, "the node's");
        problems.add(diagnostic.also(users.span, "not the node's").hint("keep one of them"));
    }
}

fn check_dns(dns: &Dns, problems: &mut Problems) {
    let servers = dns.servers.as_ref().map_or(&[][..], |list| &list.value);
    if let Some(fourth) = servers.get(SERVERS) {
        let message = format!("{} name servers are too many: the resolver asks {SERVERS}", servers.len());
        let diagnostic = Diagnostic::new(Code::BadValue, message, fourth.span, "never asked");
        problems.add(diagnostic.hint(format!("keep {SERVERS} of them")));
    }
    if dns.policy.value == DnsPolicy::None && servers.is_empty() && !problems.any_error_in(dns.extent) {
        let message = "`dns policy=\"none\"` needs a name server";
        let diagnostic = Diagnostic::new(Code::MissingValue, message, dns.policy.span, "no server");
        problems.add(diagnostic.hint("write `server \"1.1.1.1\"` in it"));
    }
    let searches = dns.searches.as_ref().map_or(&[][..], |list| &list.value);
    if let Some(first) = searches.get(SEARCHES) {
        let message = format!("{} search domains are too many: {SEARCHES} are allowed", searches.len());
        problems.add(Diagnostic::new(Code::BadValue, message, first.span, "never tried").hint("keep 32 of them"));
    }
    let length = searches.iter().map(|domain| domain.value.0.len() + 1).sum::<usize>().saturating_sub(1);
    if let (Some(list), true) = (&dns.searches, length > SEARCH_LENGTH) {
        let message = format!("the search domains have {length} characters, {SEARCH_LENGTH} are allowed");
        problems.add(Diagnostic::new(Code::BadValue, message, list.span, "too long").hint("keep fewer of them"));
    }
    super::names::twice("option", dns.options.iter().map(|option| &option.name), problems);
}
