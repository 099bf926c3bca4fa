//! A pod template → its spec, with every default filled in.

use std::collections::BTreeMap;

use wlc_plan::{
    format::Format,
    name::{ContainerName, PortName, VolumeName},
    spec::{
        ContainerSpec, Image, Mount, PodSpec, PortSpec, Protocol, PullPolicy, Resources, RestartPolicy, VolumeSource,
    },
};

use super::{Contents, env, life, mount, security::security, surroundings::surroundings};
use crate::{
    fields::List,
    model::{
        self,
        container::Container,
        image::PullWord,
        pod::{Pod, Role},
        port::ProtocolWord,
    },
};

/// The spec of a pod. What this version does not carry out is left out: a build has refused it. Deployments and daemon-sets always restart (S-050, S-144).
pub(super) fn spec(pod: &Pod, contents: &Contents) -> PodSpec {
    let mut volumes = mount::volumes(pod);
    let mut containers: Vec<ContainerSpec> =
        pod.in_order().into_iter().map(|one| container(pod, one, contents, &mut volumes)).collect();
    life::order(&mut containers);
    PodSpec {
        format: Format::V1,
        containers,
        volumes,
        restart: RestartPolicy::Always,
        grace: pod.grace.value,
        deadline: pod.pod_deadline.as_ref().map(|deadline| deadline.value),
        restarted: pod.restarted.as_ref().map(|word| word.value.clone()),
        surroundings: surroundings(pod),
    }
}

fn container(
    pod: &Pod,
    (role, container): (Role, &Container),
    contents: &Contents,
    volumes: &mut BTreeMap<VolumeName, VolumeSource>,
) -> ContainerSpec {
    let words = |list: &List<String>| -> Vec<String> {
        list.iter().flat_map(|list| &list.value).map(|word| word.value.clone()).collect()
    };
    let mut in_order: Vec<&model::mount::Mount> = container.mounts.iter().collect();
    in_order.sort_by(|a, b| a.path.value.cmp(&b.path.value));
    let mounts: Vec<Mount> = in_order.into_iter().filter_map(|one| mount::mount(pod, one, contents, volumes)).collect();
    ContainerSpec {
        name: container.name.value.clone(),
        role: life::role(role),
        image: image(container),
        after: Vec::new(),
        command: words(&container.command),
        args: words(&container.args),
        working_directory: container.working_directory.as_ref().map(|path| path.value.clone()),
        env: env::variables(pod, container, contents),
        ports: container.ports.iter().filter_map(|one| port(pod, one)).collect(),
        mounts,
        resources: resources(container),
        security: security(pod, container),
        probes: life::probes(container),
        hooks: life::hooks(container),
        restart: container.restart.as_ref().map(|word| life::restart(word.value)),
        termination_message: life::termination_message(container),
        stop_signal: container.stop_signal.as_ref().map(|signal| signal.value.0.clone()),
    }
}

/// S-277: `latest` is always pulled, anything else when it is not there.
fn image(container: &Container) -> Image {
    let image = &container.image.value;
    let default = match (&image.digest, image.tag.as_deref()) {
        (None, Some("latest")) => PullPolicy::Always,
        (None | Some(_), _) => PullPolicy::IfNotPresent,
    };
    let pull = container.pull.as_ref().map_or(default, |pull| match pull.value {
        PullWord::Always => PullPolicy::Always,
        PullWord::IfNotPresent => PullPolicy::IfNotPresent,
        PullWord::Never => PullPolicy::Never,
    });
    Image { name: image.written.clone(), digest: image.digest.clone(), pull }
}

/// In the node's network each port is the node's.
fn port(pod: &Pod, port: &model::port::Port) -> Option<PortSpec> {
    Some(PortSpec {
        name: port.name.value.clone(),
        number: u16::try_from(port.number.value.0).expect("a port is read as 1 to 65535"),
        protocol: match port.protocol.value {
            ProtocolWord::Tcp => Protocol::Tcp,
            ProtocolWord::Udp => Protocol::Udp,
            ProtocolWord::Sctp => return None,
        },
        published: port.host.is_some() || pod.host_network.value,
    })
}

/// S-349: a limit without a request is the request too.
fn resources(container: &Container) -> Resources {
    let request = container.request.as_ref();
    let limit = container.limit.as_ref();
    let cpu_limit = limit.and_then(|limit| limit.cpu.as_ref()).map(|cpu| cpu.value);
    let memory_limit = limit.and_then(|limit| limit.memory.as_ref()).map(|memory| memory.value);
    Resources {
        cpu_request: request.and_then(|request| request.cpu.as_ref()).map(|cpu| cpu.value).or(cpu_limit),
        cpu_limit,
        memory_request: request.and_then(|request| request.memory.as_ref()).map(|memory| memory.value).or(memory_limit),
        memory_limit,
        // A build has refused them.
        huge_pages: Vec::new(),
    }
}

/// The ports that a template publishes, sorted.
pub fn published(spec: &PodSpec) -> Vec<(&ContainerName, &PortName, Protocol)> {
    let mut found: Vec<_> = spec
        .containers
        .iter()
        .flat_map(|container| container.ports.iter().map(move |port| (container, port)))
        .filter(|(_, port)| port.published)
        .map(|(container, port)| (&container.name, &port.name, port.protocol))
        .collect();
    found.sort_unstable();
    found
}
