//! The ready replicas of the workloads of this node, as files that nginx, HAProxy and a shell can read.
//!
//! For each port of the workload there is one file of each form, named by the port: `<port>.list` has one `address:port` on
//! each line, `<port>.nginx` the lines of an `upstream` block, `<port>.haproxy` a whole backend `<workload>-<port>`, since HAProxy
//! includes no file inside a section. A pod is listed by its address while it is ready. An agent that starts knows of no answer
//! yet: it lists what was ready when the last one ended, until the probes say otherwise. HAProxy wants a name for each server: the
//! replica's and the digits of its pod, since two pods of one replica may be ready at once. In a fleet of both families of
//! addresses there are the same files again, `<port>.ipv6.list` and so on, with the addresses of IPv6.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use wlc_plan::{
    name::{PortName, WorkloadName},
    node_plan::IpFamily,
    spec::PodSpec,
};

use super::{
    Scene,
    containers::{self, Container},
    standing::{self, Health},
};
use crate::{
    files::{Bytes, File},
    observed::{ObservedPod, PodAddress},
};

/// The ready replicas of each workload: where each of its ports is reached.
pub(super) type Backends = BTreeMap<WorkloadName, Ports>;

/// Of each port, the pods with their addresses, sorted by name.
type Ports = BTreeMap<PortName, Vec<(String, PodAddress, u16)>>;

/// The ready replicas of all workloads, found when somebody first asks for them: once for each decision.
#[derive(Debug, Default)]
pub struct Lists(OnceCell<Backends>);

/// Nobody listens there: an `upstream` of nginx needs a server.
const NOBODY: &str = "server 127.0.0.1:9 down;\n";

/// The ready replicas of all workloads.
pub(super) fn backends(scene: Scene<'_>) -> &Backends {
    scene.lists.0.get_or_init(|| find(scene))
}

fn find(scene: Scene<'_>) -> Backends {
    let mut found = Backends::new();
    for wanted in &scene.desired.wanted {
        let ports = found.entry(wanted.instance.workload.clone()).or_default();
        for port in wanted.spec.containers.iter().flat_map(|container| &container.ports) {
            ports.entry(port.name.clone()).or_default();
        }
    }
    for pod in scene.observed.pods() {
        let Some(spec) = scene.desired.spec(&pod.revision) else { continue };
        let Some(address) = pod.address.filter(|_| is_listed(scene, pod, spec)) else { continue };
        if let Some(ports) = found.get_mut(&pod.workload) {
            add(ports, (pod, address), spec);
        }
    }
    found
}

fn is_listed(scene: Scene<'_>, pod: &ObservedPod, spec: &PodSpec) -> bool {
    let is_ready_or_was = |container: Container<'_>| match container.health() {
        Health::Ready { .. } | Health::Complete => true,
        Health::Unknown => container.was_ready(),
        Health::NotReady => false,
    };
    match standing::health(scene, pod) {
        Health::Ready { .. } => true,
        Health::Unknown => containers::of(scene, pod, spec).all(is_ready_or_was),
        Health::NotReady | Health::Complete => false,
    }
}

/// The containers that are ready by their probes, and those of which no probe has said anything else since.
pub(super) fn ready(scene: Scene<'_>) -> BTreeSet<String> {
    let known = scene.observed.pods().filter_map(|pod| Some((pod, scene.desired.spec(&pod.revision)?)));
    let containers = known.flat_map(|(pod, spec)| containers::of(scene, pod, spec));
    let probed = containers.filter(|one| one.spec.probes.startup.is_some() || one.spec.probes.readiness.is_some());
    let is_ready = |one: &Container<'_>| match one.health() {
        Health::Ready { .. } => true,
        Health::Unknown => one.was_ready(),
        Health::NotReady | Health::Complete => false,
    };
    probed.filter(is_ready).filter_map(|one| Some(one.newest?.id.clone())).collect()
}

fn add(ports: &mut Ports, (pod, address): (&ObservedPod, PodAddress), spec: &PodSpec) {
    for port in spec.containers.iter().flat_map(|container| &container.ports) {
        ports.entry(port.name.clone()).or_default().push((server(pod), address, port.number));
    }
}

/// The name of a pod as a server: `<replica>-<8 digits>`.
fn server(pod: &ObservedPod) -> String {
    let digits = pod.name.rsplit('.').next().unwrap_or_default();
    format!("{}-{digits}", pod.replica)
}

/// The files of a workload; none where this node knows nothing of it.
pub(super) fn files(backends: &Backends, workload: &WorkloadName, ip_family: IpFamily) -> Vec<File> {
    let ports = backends.get(workload).into_iter().flatten();
    ports.flat_map(|(port, servers)| of_port(workload, port, servers, ip_family)).collect()
}

fn of_port(
    workload: &WorkloadName,
    port: &PortName,
    servers: &[(String, PodAddress, u16)],
    ip_family: IpFamily,
) -> Vec<File> {
    let at = |address: fn(&PodAddress) -> Option<IpAddr>| -> Vec<(String, SocketAddr)> {
        let of = |(name, pod, number): &(String, PodAddress, u16)| {
            Some((name.clone(), SocketAddr::new(address(pod)?, *number)))
        };
        servers.iter().filter_map(of).collect()
    };
    let first = forms(workload, port.as_str(), &at(|pod| Some(pod.first)));
    match ip_family {
        IpFamily::Ipv4 => first.to_vec(),
        IpFamily::Dual => {
            let second = at(|pod| pod.second.map(IpAddr::V6));
            [first, forms(workload, &format!("{port}.ipv6"), &second)].concat()
        }
    }
}

fn forms(workload: &WorkloadName, port: &str, servers: &[(String, SocketAddr)]) -> [File; 3] {
    let lines =
        |line: fn(&str, &SocketAddr) -> String| -> String { servers.iter().map(|(name, at)| line(name, at)).collect() };
    let list = lines(|_, at| format!("{at}\n"));
    let nginx = if servers.is_empty() { NOBODY.to_owned() } else { lines(|_, at| format!("server {at};\n")) };
    let haproxy = lines(|name, at| format!("    server {name} {at} check\n"));
    let haproxy = format!("backend {workload}-{}\n{haproxy}", port.replace('.', "-"));
    let file = |form: &str, text: String| File { path: format!("{port}.{form}"), mode: None, bytes: Bytes::Text(text) };
    [file("list", list), file("nginx", nginx), file("haproxy", haproxy)]
}
