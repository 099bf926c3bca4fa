//! Requests of the tests: small pods, and the programs in them.

use std::{collections::BTreeMap, sync::Arc};

use wlagent::{
    action::{PodRequest, PublishedPort, RunContainer},
    files::{EnvPart, Files},
    podman::labels::PodLabels,
};
use wlc_plan::{
    binding::{Binding, CoreSet, Turn},
    canonical,
    content::{ConfigContent, FileBytes},
    digest::Digest,
    format::Format,
    name::{AbsolutePath, ConfigName, ContainerName, FileKey, FleetName, ReplicaName, VolumeName, WorkloadName},
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    spec::{
        Access, ConfigMount, ContainerSpec, EmptyDir, FilesMount, Image, Medium, Mount, MountSource, OnChange, OnSwap,
        PodSpec, Protocol, PullPolicy, Surroundings, VolumeSource,
    },
};

pub(crate) const BUSYBOX: &str = "localhost/busybox:1";
/// As process 1 it does not listen to SIGTERM.
pub(crate) const DEAF: [&str; 2] = ["sleep", "1000"];
/// Ends with 3 when it is asked to.
pub(crate) const POLITE: [&str; 3] = ["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done"];
/// Ends at once with 7.
pub(crate) const SHORT: [&str; 3] = ["sh", "-c", "exit 7"];
/// A command that writes to both of its outputs and ends with 5.
pub(crate) const FAILING: [&str; 3] = ["sh", "-c", "echo out; echo err >&2; exit 5"];
/// A command that runs for ever, and so does its child.
pub(crate) const ENDLESS: [&str; 3] = ["sh", "-c", "sleep 7777 & sleep 7777"];
/// The grace of the tests: the shortest that Podman knows.
pub(crate) const GRACE: Millis = Millis(1_000);

/// A fleet that only this test uses.
pub(crate) fn fleet(test: &str) -> FleetName {
    let mark = Digest::of_parts("test-fleet", &[test.as_bytes(), &std::process::id().to_be_bytes()]);
    FleetName::parse(&format!("t{}", mark.short(10))).unwrap()
}

pub(crate) fn path(text: &str) -> AbsolutePath {
    AbsolutePath::parse(text).unwrap()
}

pub(crate) fn container_name(text: &str) -> ContainerName {
    ContainerName::parse(text).unwrap()
}

/// One pod with one container, `main`, and what a test wants otherwise.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) fleet: FleetName,
    pub(crate) replica: &'static str,
    pub(crate) container: ContainerSpec,
    pub(crate) volumes: BTreeMap<VolumeName, VolumeSource>,
    pub(crate) ports: Vec<PublishedPort>,
    pub(crate) contents: BTreeMap<(ContainerName, AbsolutePath), Digest>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) surroundings: Surroundings,
    pub(crate) claims: Vec<VolumeName>,
    pub(crate) files: Vec<Files>,
    pub(crate) cores: CoreSet,
    pub(crate) numa: CoreSet,
    pub(crate) attempt: u32,
}

impl Wanted {
    pub(crate) fn new(fleet: &FleetName, command: &[&str]) -> Self {
        Self {
            fleet: fleet.clone(),
            replica: "web-0",
            container: container(command),
            volumes: BTreeMap::new(),
            ports: Vec::new(),
            contents: BTreeMap::new(),
            env: Vec::new(),
            surroundings: Surroundings::default(),
            claims: Vec::new(),
            files: Vec::new(),
            cores: CoreSet::default(),
            numa: CoreSet::default(),
            attempt: 0,
        }
    }

    pub(crate) fn replica(mut self, replica: &'static str) -> Self {
        self.replica = replica;
        self
    }

    pub(crate) fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    pub(crate) fn port(mut self, host: u16, inside: u16) -> Self {
        self.ports.push(PublishedPort { address: None, host, inside, protocol: Protocol::Tcp });
        self
    }

    pub(crate) fn volume(mut self, name: &str, source: VolumeSource, at: &str, access: Access) -> Self {
        let name = VolumeName::parse(name).unwrap();
        self.container.mounts.push(Mount::new(path(at), MountSource::Volume(name.clone()), access));
        self.volumes.insert(name, source);
        self
    }

    pub(crate) fn config(mut self, at: &str, mode: u16, on_change: OnChange) -> Self {
        let config = ConfigMount { config: ConfigName::parse("site").unwrap(), mode, on_change };
        let source = MountSource::Config(config);
        self.container.mounts.push(Mount::new(path(at), source, Access::ReadOnly));
        self
    }

    /// Mounts a claim.
    pub(crate) fn claim(mut self, name: &str, at: &str) -> Self {
        let name = VolumeName::parse(name).unwrap();
        self.container.mounts.push(Mount::new(path(at), MountSource::Claim(name.clone()), Access::ReadWrite));
        self.claims.push(name);
        self
    }

    /// Mounts files.
    pub(crate) fn files(mut self, files: Files) -> Self {
        let source = FilesMount { mode: files.mode, sources: Vec::new(), on_swap: OnSwap::Nothing };
        let mount = Mount::new(files.path.clone(), MountSource::Files(source), Access::ReadOnly);
        self.container.mounts.push(mount);
        self.files.push(files);
        self
    }

    pub(crate) fn spec(&self) -> PodSpec {
        PodSpec {
            volumes: self.volumes.clone(),
            grace: GRACE,
            surroundings: self.surroundings.clone(),
            ..PodSpec::new(vec![self.container.clone()])
        }
    }

    pub(crate) fn labels(&self) -> PodLabels {
        let revision = Revision::of(TemplateVersion::NEWEST, &self.spec());
        let (workload, replica) = (WorkloadName::parse("web").unwrap(), ReplicaName::parse(self.replica).unwrap());
        PodLabels::new(&self.fleet, &workload, &replica, revision, (&Binding::default(), Turn::First))
    }

    pub(crate) fn pod(&self) -> PodRequest {
        PodRequest {
            labels: self.labels(),
            spec: self.spec(),
            ports: self.ports.clone(),
            contents: self.contents.clone(),
            claims: self.claims.clone(),
        }
    }

    pub(crate) fn run(&self) -> RunContainer {
        RunContainer {
            pod: self.labels(),
            attempt: self.attempt,
            spec: self.container.clone(),
            volumes: self.volumes.clone(),
            surroundings: self.surroundings.clone(),
            grace: GRACE,
            env: self.env.iter().map(|(name, text)| (name.clone(), vec![EnvPart::Text(text.clone())])).collect(),
            files: self.files.clone(),
            cores: self.cores.clone(),
            numa: self.numa.clone(),
            devices: Vec::new(),
        }
    }

    pub(crate) fn pod_name(&self) -> String {
        self.labels().pod_name()
    }

    pub(crate) fn name(&self) -> String {
        self.labels().container_name(&self.container.name, self.attempt)
    }
}

pub(crate) fn container(command: &[&str]) -> ContainerSpec {
    ContainerSpec {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        ..ContainerSpec::new(container_name("main"), image(BUSYBOX))
    }
}

pub(crate) fn image(name: &str) -> Image {
    Image { name: name.to_owned(), digest: None, pull: PullPolicy::Never }
}

pub(crate) fn empty_dir(medium: Medium, size: Option<u64>) -> VolumeSource {
    VolumeSource::EmptyDir(EmptyDir { medium, size: size.map(wlc_plan::quantity::Bytes) })
}

/// The contents that the machines of the tests have: one file `page` with one line, in two versions.
pub(crate) fn content(version: &str) -> (Digest, Arc<ConfigContent>) {
    let files = [(FileKey::parse("page").unwrap(), FileBytes(format!("{version}\n").into_bytes()))].into();
    let content = ConfigContent { format: Format::V1, files };
    (Digest::of(&canonical::encode(&content)), Arc::new(content))
}
