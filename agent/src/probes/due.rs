//! Which containers are probed, and where they are reached.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use wlc_plan::{
    binding::Turn,
    name::PortName,
    spec::{ContainerSpec, Probe, Probes as ProbeSpecs},
};

use super::verdict::ProbeKind;
use crate::{
    clock::Moment,
    desired::{Desired, Wanted},
    observed::{ContainerState, HookOutcome, Observed, ObservedPod, Sandbox},
};

/// How the agent reaches the ports of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By the pod's address, as Kubernetes does (S-322).
    PodAddress,
    /// By the published host port: addresses of rootless pods cannot be reached from the node.
    HostPort,
}

/// A running container that has probes.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Podman's id: a new container is probed anew.
    pub id: String,
    /// When it started.
    pub started: Moment,
    /// Its probes.
    pub probes: ProbeSpecs,
    /// Where its ports are reached.
    ports: BTreeMap<PortName, SocketAddr>,
    /// The numbers of its ports.
    numbers: BTreeMap<PortName, u16>,
}

/// A probe to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Podman's id of the container.
    pub id: String,
    /// Which of its probes.
    pub kind: ProbeKind,
    /// The probe.
    pub probe: Probe,
    /// Whom to ask over the network; none where the port cannot be reached.
    pub target: Option<SocketAddr>,
    /// The host and its port that are asked instead of the pod, where the probe names one.
    pub host: Option<(String, u16)>,
}

/// The containers that are probed: those that run, in pods whose spec is known.
pub fn subjects(desired: &Desired, observed: &Observed, reach: Reach) -> Vec<Subject> {
    let pods = observed.pods.iter().filter(|pod| pod.sandbox == Sandbox::Up);
    pods.flat_map(|pod| of_pod(desired, pod, reach)).collect()
}

fn of_pod(desired: &Desired, pod: &ObservedPod, reach: Reach) -> Vec<Subject> {
    let wanted = desired.wanted(&pod.replica).and_then(|wanted| Some((wanted, wanted.turn(pod.binding)?)));
    let Some(spec) = desired.specs.get(&pod.revision) else { return Vec::new() };
    let probed = spec.containers.iter().filter(|container| !container.probes.is_empty());
    let subject = |container: &ContainerSpec| {
        let newest = pod.newest(&container.name)?;
        let ContainerState::Running { started } = newest.state else { return None };
        if container.hooks.post_start.is_some() && newest.post_start != Some(HookOutcome::Done) {
            return None;
        }
        let ports = container.ports.iter().filter_map(|port| {
            let target = match reach {
                Reach::PodAddress => Some(SocketAddr::new(pod.address?.first, port.number)),
                Reach::HostPort => published(wanted?, container, &port.name),
            };
            Some((port.name.clone(), target?))
        });
        Some(Subject {
            id: newest.id.clone(),
            started,
            probes: container.probes.clone(),
            ports: ports.collect(),
            numbers: container.ports.iter().map(|port| (port.name.clone(), port.number)).collect(),
        })
    };
    probed.filter_map(subject).collect()
}

fn published((wanted, turn): (&Wanted, Turn), container: &ContainerSpec, port: &PortName) -> Option<SocketAddr> {
    let mut bound = wanted.instance.binding.ports.iter();
    let bound = bound.find(|bound| bound.container == container.name && bound.port == *port)?;
    let address = bound.address.filter(|address| !address.is_unspecified());
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Some(SocketAddr::new(address, bound.host.at(turn)))
}

impl Subject {
    /// The question that one of its probes asks.
    pub fn question(&self, kind: ProbeKind, probe: &Probe) -> Question {
        let port = probe.handler.port();
        let number = port.and_then(|port| self.numbers.get(port).copied());
        let host = probe.handler.host().zip(number).map(|(host, number)| (host.to_owned(), number));
        let target = port.and_then(|port| self.ports.get(port).copied());
        Question { id: self.id.clone(), kind, probe: probe.clone(), target, host }
    }
}

#[cfg(test)]
impl Subject {
    pub(super) fn new(id: &str, started: Moment, probes: ProbeSpecs) -> Self {
        Self { id: id.to_owned(), started, probes, ports: BTreeMap::new(), numbers: BTreeMap::new() }
    }
}
