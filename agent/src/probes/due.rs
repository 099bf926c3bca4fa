//! Which containers are probed, and where they are reached.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use wlc_plan::{
    binding::Turn,
    name::PortName,
    spec::{ContainerSpec, PodSpec, PortSpec, Probe, Probes as ProbeSpecs},
};
#[cfg(test)]
use wlc_plan::{
    name::ContainerName,
    spec::{Image, PullPolicy},
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
    /// The spec of its pod, and which container of that it is.
    spec: (Arc<PodSpec>, usize),
    /// The address of its pod, where its ports are reached there.
    address: Option<IpAddr>,
    /// Where its ports are published, where they are reached there.
    published: BTreeMap<PortName, SocketAddr>,
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
    let pods = observed.pods().filter(|pod| pod.sandbox == Sandbox::Up);
    pods.flat_map(|pod| of_pod(desired, pod, reach)).collect()
}

fn of_pod(desired: &Desired, pod: &ObservedPod, reach: Reach) -> Vec<Subject> {
    let wanted = desired.wanted(&pod.replica).and_then(|wanted| Some((wanted, wanted.turn(pod.binding)?)));
    let Some(spec) = desired.specs.get(&pod.revision) else { return Vec::new() };
    let subject = |(at, container): (usize, &ContainerSpec)| {
        let newest = pod.newest(&container.name)?;
        let ContainerState::Running { started } = newest.state else { return None };
        if container.hooks.post_start.is_some() && newest.post_start != Some(HookOutcome::Done) {
            return None;
        }
        let (address, published) = match reach {
            Reach::PodAddress => (pod.address.map(|address| address.first), BTreeMap::new()),
            Reach::HostPort => (None, all_published(wanted, container)),
        };
        Some(Subject { id: newest.id.clone(), started, spec: (Arc::clone(spec), at), address, published })
    };
    let probed = spec.containers.iter().enumerate().filter(|(_, container)| !container.probes.is_empty());
    probed.filter_map(subject).collect()
}

fn all_published(wanted: Option<(&Wanted, Turn)>, container: &ContainerSpec) -> BTreeMap<PortName, SocketAddr> {
    let published = |port: &PortSpec| Some((port.name.clone(), published(wanted?, container, &port.name)?));
    container.ports.iter().filter_map(published).collect()
}

fn published((wanted, turn): (&Wanted, Turn), container: &ContainerSpec, port: &PortName) -> Option<SocketAddr> {
    let mut bound = wanted.instance.binding.ports.iter();
    let bound = bound.find(|bound| bound.container == container.name && bound.port == *port)?;
    let address = bound.address.filter(|address| !address.is_unspecified());
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Some(SocketAddr::new(address, bound.host.at(turn)))
}

impl Subject {
    /// Its probes.
    pub fn probes(&self) -> &ProbeSpecs {
        &self.container().probes
    }

    fn container(&self) -> &ContainerSpec {
        let (spec, at) = &self.spec;
        &spec.containers[*at]
    }

    /// The question that one of its probes asks.
    pub fn question(&self, kind: ProbeKind, probe: &Probe) -> Question {
        let port = probe.handler.port();
        let number = port.and_then(|port| self.container().ports.iter().find(|one| one.name == *port));
        let number = number.map(|port| port.number);
        let host = probe.handler.host().zip(number).map(|(host, number)| (host.to_owned(), number));
        let at_pod = self.address.zip(number).map(|(address, number)| SocketAddr::new(address, number));
        let target = port.and_then(|port| self.published.get(port).copied()).or(at_pod);
        Question { id: self.id.clone(), kind, probe: probe.clone(), target, host }
    }
}

#[cfg(test)]
impl Subject {
    pub(super) fn new(id: &str, started: Moment, probes: ProbeSpecs) -> Self {
        let image = Image { name: "web".to_owned(), digest: None, pull: PullPolicy::Never };
        let container = ContainerSpec::new(ContainerName::parse("main").unwrap(), image);
        let spec = PodSpec::new(vec![ContainerSpec { probes, ..container }]);
        Self { id: id.to_owned(), started, spec: (Arc::new(spec), 0), address: None, published: BTreeMap::new() }
    }
}
