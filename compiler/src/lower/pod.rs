//! A pod template → its spec, with every default filled in.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    digest::Digest,
    format::Format,
    name::{AbsolutePath, ContainerName, PortName, VolumeName},
    spec::{
        Access, ConfigMount, ContainerSpec, EmptyDir, EnvValue, EnvVariable, Image, InstanceField, Medium, Mount,
        MountSource, OnChange, PodSpec, PortSpec, Protocol, PullPolicy, Resources, RestartPolicy, VolumeSource,
    },
};

use super::{Contents, life, security::security, surroundings::surroundings};
use crate::{
    fields::List,
    model::{
        self,
        container::Container,
        env::FieldName,
        image::PullWord,
        mount::OnChangeWord,
        pod::{Pod, Role},
        port::ProtocolWord,
        volume::Size,
    },
    span::Spanned,
};

/// The spec of a pod. What this version does not carry out is left out: a build has refused it. Deployments and daemon-sets always restart (S-050, S-144).
pub(super) fn spec(pod: &Pod, contents: &Contents) -> PodSpec {
    let mut volumes: BTreeMap<VolumeName, VolumeSource> = BTreeMap::new();
    for volume in &pod.volumes {
        let sources = (&volume.empty_dir, &volume.tmpfs, &volume.host_path);
        volumes.extend(volume_source(sources).map(|source| (volume.name.value.clone(), source)));
    }
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

type Sources<'a> = (&'a Option<Spanned<Size>>, &'a Option<Spanned<Size>>, &'a Option<Spanned<AbsolutePath>>);

fn volume_source((empty_dir, tmpfs, host_path): Sources<'_>) -> Option<VolumeSource> {
    let empty = |medium| move |size: &Spanned<Size>| VolumeSource::EmptyDir(EmptyDir { medium, size: size.value.0 });
    let disk = empty_dir.as_ref().map(empty(Medium::Disk));
    let memory = tmpfs.as_ref().map(empty(Medium::Memory));
    disk.or(memory).or_else(|| host_path.as_ref().map(|path| VolumeSource::HostPath(path.value.clone())))
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
    let mounts: Vec<Mount> = in_order.into_iter().filter_map(|one| mount(one, contents, volumes)).collect();
    ContainerSpec {
        name: container.name.value.clone(),
        role: life::role(role),
        image: image(container),
        after: Vec::new(),
        command: words(&container.command),
        args: words(&container.args),
        working_directory: container.working_directory.as_ref().map(|path| path.value.clone()),
        env: container.env.iter().flat_map(|env| &env.variables).filter_map(variable).collect(),
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

fn variable(variable: &model::env::Variable) -> Option<EnvVariable> {
    let value = match (&variable.value, &variable.field) {
        (Some(text), _) => EnvValue::Text(text.value.clone()),
        (None, Some(field)) => EnvValue::Field(match &field.value {
            FieldName::Replica => InstanceField::Replica,
            FieldName::Workload => InstanceField::Workload,
            FieldName::Node => InstanceField::Node,
            FieldName::Fleet => InstanceField::Fleet,
            FieldName::Address
            | FieldName::NodeAddress
            | FieldName::Revision
            | FieldName::Index
            | FieldName::Label(_)
            | FieldName::Annotation(_) => return None,
        }),
        (None, None) => return None,
    };
    Some(EnvVariable { name: variable.name.value.clone(), value })
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

fn mount(
    mount: &model::mount::Mount,
    contents: &Contents,
    volumes: &mut BTreeMap<VolumeName, VolumeSource>,
) -> Option<Mount> {
    let source = match (mount.config(), &mount.volume) {
        (Some(config), _) => {
            let content = contents.get(&config.name.value)?;
            let on_change = match (mount.on_change.value, &mount.signal) {
                (OnChangeWord::Signal, Some(signal)) => OnChange::Signal(signal.value.0.clone()),
                (OnChangeWord::Nothing, _) => OnChange::Nothing,
                (OnChangeWord::Restart | OnChangeWord::Signal, _) => {
                    OnChange::Restart(Digest::of(&canonical::encode(content)))
                }
            };
            MountSource::Config(ConfigMount { config: config.name.value.clone(), mode: mount.mode.value.0, on_change })
        }
        (None, Some(volume)) => {
            MountSource::Volume(volumes.get_key_value(&volume.value).map(|(name, _)| name.clone())?)
        }
        (None, None) => {
            let source = volume_source((&mount.empty_dir, &mount.tmpfs, &mount.host_path))?;
            let name = own_volume_name(volumes);
            volumes.insert(name.clone(), source);
            MountSource::Volume(name)
        }
    };
    let is_config = matches!(source, MountSource::Config(_));
    let access = if mount.read_only.value || is_config { Access::ReadOnly } else { Access::ReadWrite };
    Some(Mount { path: mount.path.value.clone(), source, access })
}

/// A name for a volume that one mount declares for itself.
fn own_volume_name(taken: &BTreeMap<VolumeName, VolumeSource>) -> VolumeName {
    let names = (0..).map_while(|number: u32| VolumeName::parse(&format!("own-{number}")).ok());
    names.into_iter().find(|name| !taken.contains_key(name)).expect("there are more numbers than volumes")
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
