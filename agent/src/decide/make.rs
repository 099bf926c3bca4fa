//! The actions that bring a pod about: its network, images, the pod itself, and the first run of its containers.

use std::collections::BTreeSet;

use wlc_plan::{
    binding::{PortBinding, Turn},
    format::Format,
    gate::{After, Condition},
    name::{ContainerName, PortName, VolumeName},
    node_plan::IpFamily,
    spec::{ContainerSpec, Device, Image, PodSpec, VolumeSource},
};

use super::{
    Scene, endpoints, environment,
    files::{self, Subject},
    hooks,
};
use crate::{
    action::{Action, NodeNeeds, PodRequest, PublishedPort, RunContainer},
    desired::Wanted,
    observed::ObservedPod,
    podman::labels::PodLabels,
};

/// Fetches the images of a pod, before anything of an older one is touched.
pub(super) fn pull_images(spec: &PodSpec) -> impl Iterator<Item = Action> {
    let mut seen = Vec::new();
    super::images::of(spec).filter_map(move |image: &Image| {
        let is_new = !seen.contains(image);
        seen.push(image.clone());
        is_new.then(|| Action::PullImage(image.clone()))
    })
}

/// A pod that is to be made.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    /// The replica.
    pub(super) wanted: &'a Wanted,
    /// The spec of its revision.
    pub(super) spec: &'a PodSpec,
    /// Its labels.
    pub(super) labels: &'a PodLabels,
}

/// Makes a pod, and runs those of its containers that need not wait for a verdict.
pub(super) fn make(scene: Scene<'_>, plan: Plan<'_>) -> Vec<Action> {
    let network = network(scene);
    let pod = Action::MakePod(Box::new(request(plan)));
    network.into_iter().chain([pod]).chain(first_runs(scene, plan)).collect()
}

/// Makes the network where it is not as it should be. While a pod is in it, it stays as it is.
pub(super) fn network(scene: Scene<'_>) -> Option<Action> {
    let is_kept = |there: IpFamily| there == scene.desired.ip_family || !scene.observed.pods.is_empty();
    let is_there = scene.observed.network.is_some_and(is_kept);
    (!is_there).then_some(Action::MakeNetwork(scene.desired.ip_family))
}

/// Looks whether the node has what a pod needs of it, before anything of an older one is touched.
pub(super) fn check_node(plan: Plan<'_>) -> Option<Action> {
    let mut needs = NodeNeeds::default();
    for source in plan.spec.volumes.values() {
        match source {
            VolumeSource::NodePath(path) => needs.paths.push(path.clone()),
            VolumeSource::EmptyDir(_) | VolumeSource::HostPath(_) | VolumeSource::Named(_) | VolumeSource::Image(_) => {
            }
        }
    }
    for device in plan.spec.containers.iter().flat_map(|container| &container.security.devices) {
        match device {
            Device::File(file) => needs.devices.push(file.path.clone()),
            Device::Cdi(name) => needs.cdi.push(name.clone()),
        }
    }
    for device in &plan.wanted.instance.binding.devices {
        needs.devices.extend(device.path.clone());
        needs.cdi.extend(device.cdi.as_ref().map(ToString::to_string));
    }
    needs.facts.clone_from(&plan.wanted.instance.leans_on);
    needs.cores.clone_from(&plan.wanted.instance.binding.cores);
    needs.numa.clone_from(&plan.wanted.instance.binding.numa);
    needs.pages =
        plan.spec.containers.iter().flat_map(|one| &one.resources.huge_pages).map(|pages| pages.page).collect();
    (!needs.is_empty()).then(|| Action::CheckNode(Box::new(needs)))
}

/// A pod as it is to be made.
pub(super) fn request(plan: Plan<'_>) -> PodRequest {
    let contents = plan.wanted.instance.contents.iter();
    PodRequest {
        labels: plan.labels.clone(),
        spec: plan.spec.clone(),
        ports: ports(plan),
        contents: contents.map(|one| ((one.container.clone(), one.path.clone()), one.content)).collect(),
        claims: claims(plan.spec),
    }
}

/// The claims that the containers of a pod mount.
pub(super) fn claims(spec: &PodSpec) -> Vec<VolumeName> {
    spec.claims().into_iter().cloned().collect()
}

/// The labels of a pod that exists.
pub(super) fn labels(scene: Scene<'_>, pod: &ObservedPod) -> PodLabels {
    PodLabels {
        fleet: scene.desired.fleet.clone(),
        workload: pod.workload.clone(),
        replica: pod.replica.clone(),
        revision: pod.revision,
        binding: pod.binding,
        format: Format::NEWEST,
        run: pod.run.clone(),
    }
}

/// Runs one attempt of a container.
pub(super) fn run(scene: Scene<'_>, pod: &PodLabels, spec: &PodSpec, which: (&ContainerSpec, u32)) -> Action {
    Action::RunContainer(Box::new(run_request(scene, pod, spec, which)))
}

/// One attempt of a container as it is to be run.
pub(super) fn run_request(
    scene: Scene<'_>,
    pod: &PodLabels,
    spec: &PodSpec,
    which: (&ContainerSpec, u32),
) -> RunContainer {
    let (container, attempt) = which;
    let instance = scene.desired.wanted(&pod.replica).map(|wanted| &wanted.instance);
    let backends = endpoints::backends(scene);
    let (node, ip_family) = (scene.desired.node.as_str(), scene.desired.ip_family);
    let subject = Subject { labels: pod, node, instance, backends, ip_family };
    let binding = instance.map(|instance| &instance.binding);
    let devices = binding.iter().flat_map(|binding| &binding.devices);
    let env = environment::variables(container, subject);
    let expanded = |words: &[String]| environment::expand_all(words, &env);
    let (command, args) = (expanded(&container.command), expanded(&container.args));
    RunContainer {
        pod: pod.clone(),
        attempt,
        spec: ContainerSpec { command, args, ..container.clone() },
        volumes: spec.volumes.clone(),
        surroundings: spec.surroundings.clone(),
        grace: spec.grace,
        env,
        files: files::of(subject, spec, container),
        cores: binding.map(|binding| binding.cores.clone()).unwrap_or_default(),
        numa: binding.map(|binding| binding.numa.clone()).unwrap_or_default(),
        devices: devices.filter(|device| device.container == container.name).cloned().collect(),
    }
}

fn ports(plan: Plan<'_>) -> Vec<PublishedPort> {
    let Plan { wanted, spec, labels } = plan;
    let turn = wanted.turn(labels.binding).unwrap_or(Turn::First);
    let inside = |container: &ContainerName, port: &PortName| {
        spec.container(container)?.ports.iter().find(|one| one.name == *port).map(|one| one.number)
    };
    let publish = |bound: &PortBinding| {
        Some(PublishedPort {
            address: bound.address,
            host: bound.host.at(turn),
            inside: inside(&bound.container, &bound.port)?,
            protocol: bound.protocol,
        })
    };
    wanted.instance.binding.ports.iter().filter_map(publish).collect()
}

fn first_runs(scene: Scene<'_>, plan: Plan<'_>) -> Vec<Action> {
    let mut started = BTreeSet::new();
    let mut runs = Vec::new();
    for container in &plan.spec.containers {
        if container.after.iter().all(|after| is_open(after, plan.spec, &started)) {
            started.insert(&container.name);
            runs.push(run(scene, plan.labels, plan.spec, (container, 0)));
            runs.extend(hooks::post_start(plan.labels, container, 0));
        }
    }
    runs
}

/// Whether the containers that are started by the same task, none of which has a verdict yet, open a gate.
fn is_open(after: &After<ContainerName>, spec: &PodSpec, started: &BTreeSet<&ContainerName>) -> bool {
    after.of.iter().all(|name| {
        let container = spec.container(name);
        let has_started = container.is_some_and(|one| one.probes.startup.is_none() && one.hooks.post_start.is_none());
        let has = |condition| match condition {
            Condition::Started => has_started,
            Condition::Ready => has_started && container.is_some_and(|one| one.probes.readiness.is_none()),
            Condition::Complete => false,
            Condition::Gone => container.is_none(),
        };
        has(after.until) && (started.contains(name) || after.until == Condition::Gone)
    })
}
