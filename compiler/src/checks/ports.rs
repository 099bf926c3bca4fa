//! Ports inside one pod (S-404).

use std::{collections::BTreeMap, net::IpAddr};

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        pod::Pod,
        port::{HostPort, Port, ProtocolWord, overlap},
    },
    span::Span,
};

/// Who listens on a host port: addresses and where they are written.
type Taken = BTreeMap<(u16, ProtocolWord), Vec<(Option<IpAddr>, Span)>>;

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    let together = || pod.containers.iter().chain(&pod.sidecars).flat_map(|container| &container.ports);
    let mut inside: BTreeMap<(u32, ProtocolWord), Span> = BTreeMap::new();
    let mut on_host: Taken = BTreeMap::new();
    for port in together() {
        let key = (port.number.value.0, port.protocol.value);
        match inside.get(&key) {
            None => drop(inside.insert(key, port.number.span)),
            Some(first) => problems.add(clash("port", key.0, port.number.span, *first)),
        }
        check_host(pod, port, &mut on_host, problems);
    }
}

fn check_host(pod: &Pod, port: &Port, taken: &mut Taken, problems: &mut Problems) {
    if pod.host_network.value {
        check_same(pod, port, problems);
        return;
    }
    let address = port.address.as_ref().map(|address| address.value.0);
    let Some(host) = &port.host else {
        if let Some(address) = &port.address {
            let diagnostic = Diagnostic::new(
                Code::Contradiction,
                "`address` without `host` says nothing",
                address.span,
                "no effect",
            );
            problems.add(diagnostic.hint("write `host=\"auto\"` or `host=8080` beside it"));
        }
        return;
    };
    let HostPort::Fixed(number) = host.value else { return };
    let others = taken.entry((number, port.protocol.value)).or_default();
    let clashing = others.iter().find(|(other, _)| overlap(*other, address));
    if let Some((_, first)) = clashing {
        problems.add(clash("host port", number.into(), host.span, *first));
    }
    others.push((address, host.span));
}

/// S-404, S-406: on the node's network a port is the node's.
fn check_same(pod: &Pod, port: &Port, problems: &mut Problems) {
    let Some(host) = &port.host else { return };
    let number = port.number.value.0;
    let (message, label) = match host.value {
        HostPort::Fixed(other) if u32::from(other) == number => return,
        HostPort::Fixed(other) => {
            (format!("on the node's network, port {number} cannot be {other} of the node"), "another port")
        }
        HostPort::Auto => (format!("on the node's network, port {number} is {number} of the node"), "not to be chosen"),
    };
    let diagnostic = Diagnostic::new(Code::Contradiction, message, host.span, label);
    let diagnostic = diagnostic.also(pod.host_network.span, "the node's network");
    problems.add(diagnostic.hint(format!("take it out, or write `host={number}`")));
}

fn clash(what: &str, number: u32, span: Span, first: Span) -> Diagnostic {
    let message = format!("{what} {number} is taken twice in one pod");
    Diagnostic::new(Code::Contradiction, message, span, "taken again here")
        .also(first, "first taken here")
        .hint("the containers of a pod share one network: each port is one container's")
}
