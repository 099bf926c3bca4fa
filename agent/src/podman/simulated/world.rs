//! The simulated machine: what exists on it, and what happens to it without anybody asking.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use wlc_plan::{
    digest::Digest,
    name::{AbsolutePath, ContainerName, FileKey, FleetName, SecretName},
    node_plan::IpFamily,
};

use crate::{
    clock::Moment,
    observed::{Allowance, ContainerState, HookOutcome, LastWords, PodAddress, PodFolders, Sandbox},
    podman::{
        Executed, PodmanError,
        labels::PodLabels,
        ownership::{Found, FoundContainer, FoundNetwork, FoundPod, Labels, Role},
        pulls::PullFault,
    },
};

/// How a program behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// It runs, and ends with this code when it is asked to; none: it does not listen.
    Runs(Option<i32>),
    /// It ends at once with this code.
    Ends(i32),
}

/// Everything on the simulated machine.
#[derive(Default)]
pub(super) struct World {
    pub(super) networks: BTreeMap<String, FoundNetwork>,
    pub(super) volumes: BTreeMap<String, Labels>,
    pub(super) secrets: BTreeMap<(SecretName, FileKey), Digest>,
    pub(super) absent: BTreeSet<String>,
    pub(super) pods: BTreeMap<String, Pod>,
    pub(super) images: BTreeMap<String, String>,
    /// Images that can be pulled, and the users that they name.
    pub(super) registry: BTreeMap<String, String>,
    /// Why images cannot be pulled.
    pub(super) faults: BTreeMap<String, PullFault>,
    pub(super) store_percent: Option<u8>,
    pub(super) programs: BTreeMap<Vec<String>, Program>,
    pub(super) commands: BTreeMap<Vec<String>, Executed>,
    pub(super) occupied: BTreeSet<u16>,
    pub(super) journal: Vec<String>,
    pub(super) step: u64,
    pub(super) crash_at: Option<u64>,
    pub(super) made: u32,
}

pub(super) struct Pod {
    pub(super) id: String,
    pub(super) labels: Arc<Labels>,
    pub(super) created: Moment,
    pub(super) sandbox: Sandbox,
    /// Whether it takes containers: not if it was made before the last boot.
    pub(super) takes_containers: bool,
    pub(super) address: PodAddress,
    pub(super) is_on_network: bool,
    pub(super) ports: Vec<u16>,
    pub(super) contents: BTreeMap<(ContainerName, AbsolutePath), Digest>,
    pub(super) folders: PodFolders,
    /// Whether one of its containers mounts a config, and so needs the folders.
    pub(super) mounts_configs: bool,
    pub(super) stopping: Option<Moment>,
    pub(super) containers: BTreeMap<String, Container>,
}

pub(super) struct Container {
    pub(super) id: String,
    pub(super) labels: Arc<Labels>,
    pub(super) state: ContainerState,
    /// What the kernel lets it have.
    pub(super) allowance: Allowance,
    pub(super) post_start: Option<HookOutcome>,
    pub(super) last_words: LastWords,
    /// When it was started last.
    pub(super) began: Moment,
    pub(super) program: Program,
    /// The image that it was made from; empty where nobody asks.
    pub(super) image: String,
}

impl World {
    /// A crash point: fails when its number is the one that was chosen.
    pub(super) fn point(&mut self, what: &str) -> Result<(), PodmanError> {
        let here = self.step;
        self.step += 1;
        if self.crash_at == Some(here) {
            self.crash_at = None;
            let why = format!("crash point {here} at `{what}`");
            return Err(PodmanError::Unreachable { socket: "simulated".to_owned(), why });
        }
        Ok(())
    }

    /// An id that no other thing has. As real ones do, two of them differ near their beginning.
    pub(super) fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{:08x}{:056x}", self.made, 0)
    }

    /// An address in this network, of the last thing that was made.
    pub(super) fn last_address(&self, network: &str) -> PodAddress {
        let [a, b, c, d] = self.made.to_be_bytes();
        let has_ipv6 = self.networks.get(network).is_some_and(|found| found.ip_family == IpFamily::Dual);
        let [high, low] = [[a, b], [c, d]].map(u16::from_be_bytes);
        PodAddress {
            first: IpAddr::V4(Ipv4Addr::new(10, b, c, d)),
            second: has_ipv6.then(|| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, high, low)),
        }
    }

    pub(super) fn container(&mut self, name: &str) -> Option<&mut Container> {
        self.pods.values_mut().find_map(|pod| pod.containers.get_mut(name))
    }

    pub(super) fn end_container(&mut self, name: &str, code: i32, now: Moment) {
        if let Some(container) = self.container(name) {
            container.end(code, now);
        }
    }

    /// Since when a container runs, by its id.
    pub(super) fn running_since(&self, id: &str) -> Option<Moment> {
        let mut containers = self.pods.values().flat_map(|pod| pod.containers.values());
        match containers.find(|container| container.id == id)?.state {
            ContainerState::Running { started } => Some(started),
            ContainerState::Created
            | ContainerState::Paused
            | ContainerState::Stopping
            | ContainerState::Exited { .. } => None,
        }
    }

    /// Whether a container is ending, by its id.
    pub(super) fn is_stopping(&self, id: &str) -> bool {
        let mut containers = self.pods.values().flat_map(|pod| pod.containers.values());
        containers.any(|container| container.id == id && container.state == ContainerState::Stopping)
    }

    /// A container that was asked to end does so, unless something else became of it.
    pub(super) fn end_stop(&mut self, id: &str, code: i32, now: Moment) -> Option<String> {
        let mut containers = self.pods.values_mut().flat_map(|pod| &mut pod.containers);
        let (name, container) = containers.find(|(_, container)| container.id == id)?;
        if container.state != ContainerState::Stopping {
            return None;
        }
        container.state = ContainerState::Exited { code, started: container.began, finished: now };
        Some(format!("{name} has stopped with {code}"))
    }

    pub(super) fn pause(&mut self, name: &str, is_paused: bool, now: Moment) {
        let Some(container) = self.container(name) else { return };
        container.state = match (container.state, is_paused) {
            (ContainerState::Running { .. }, true) => ContainerState::Paused,
            (ContainerState::Paused, false) => ContainerState::Running { started: container.began.min(now) },
            (state, _) => state,
        };
    }

    pub(super) fn rename(&mut self, name: &str, to: &str) {
        for pod in self.pods.values_mut() {
            if let Some(container) = pod.containers.remove(name) {
                pod.containers.insert(to.to_owned(), container);
            }
        }
    }

    pub(super) fn set_on_network(&mut self, pod: &str, is_on_network: bool) {
        if let Some(pod) = self.pods.get_mut(pod) {
            pod.is_on_network = is_on_network;
        }
    }

    pub(super) fn lose_network(&mut self, fleet: &FleetName) {
        self.networks.remove(&PodLabels::network_name(fleet));
        self.pods.retain(|name, pod| PodLabels::own(name, &pod.labels, fleet).is_none());
    }

    pub(super) fn end_sandbox(&mut self, pod: &str) {
        if let Some(pod) = self.pods.get_mut(pod) {
            pod.sandbox = Sandbox::Down;
        }
    }

    pub(super) fn lose_power(&mut self) {
        for pod in self.pods.values_mut() {
            pod.takes_containers = false;
            if pod.sandbox == Sandbox::Up {
                pod.sandbox = Sandbox::Down;
            }
            pod.containers.values_mut().for_each(Container::lose_power);
        }
    }

    pub(super) fn add_foreign_pod(&mut self, name: &str, labels: &Labels, container: &str, now: Moment) {
        let pod = Pod {
            id: self.next_id(),
            labels: Arc::new(labels.clone()),
            created: now,
            sandbox: Sandbox::Up,
            takes_containers: true,
            address: self.last_address(""),
            is_on_network: true,
            ports: Vec::new(),
            contents: BTreeMap::new(),
            folders: PodFolders::There,
            mounts_configs: false,
            stopping: None,
            containers: BTreeMap::new(),
        };
        self.pods.insert(name.to_owned(), pod);
        self.add_foreign_container(name, container, labels, now);
    }

    pub(super) fn add_foreign_container(&mut self, pod: &str, name: &str, labels: &Labels, now: Moment) {
        let state = ContainerState::Running { started: now };
        let program = Program::Runs(Some(143));
        let container = Container::new(self.next_id(), labels.clone(), (state, now), program);
        if let Some(pod) = self.pods.get_mut(pod) {
            pod.containers.insert(name.to_owned(), container);
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        let containers = self.pods.values().flat_map(|pod| pod.containers.keys());
        self.pods.keys().chain(containers).chain(self.volumes.keys()).cloned().collect()
    }

    /// Everything as Podman would list it.
    pub(super) fn found(&self, fleet: &FleetName) -> Found {
        Found {
            pods: self.pods.iter().map(|(name, pod)| pod.found(name)).collect(),
            containers: self.pods.values().flat_map(Pod::found_containers).collect(),
            volumes: self.volumes.iter().map(|(name, labels)| (name.clone(), labels.clone())).collect(),
            network: self.networks.get(&PodLabels::network_name(fleet)).cloned(),
        }
    }
}

impl Pod {
    fn found(&self, name: &str) -> FoundPod {
        FoundPod {
            id: self.id.clone(),
            name: name.to_owned(),
            labels: Arc::clone(&self.labels),
            created: self.created,
            contents: self.contents.clone(),
            folders: self.folders,
            stopping: self.stopping,
        }
    }

    fn found_containers(&self) -> impl Iterator<Item = FoundContainer> {
        let member = |name: &str, container: &Container| FoundContainer {
            id: container.id.clone(),
            name: name.to_owned(),
            pod: self.id.clone(),
            labels: Arc::clone(&container.labels),
            role: Role::Member(container.state),
            is_on_network: false,
            allowance: matches!(container.state, ContainerState::Running { .. }).then_some(container.allowance),
            post_start: container.post_start.clone(),
            stop: None,
            last_words: container.last_words.clone(),
        };
        let infra = FoundContainer {
            id: format!("{}-infra", self.id),
            name: format!("{}-infra", self.id),
            pod: self.id.clone(),
            labels: Arc::clone(&self.labels),
            role: Role::Infra(self.sandbox, Some(self.address).filter(|_| self.is_on_network)),
            is_on_network: self.is_on_network,
            allowance: None,
            post_start: None,
            stop: None,
            last_words: LastWords::default(),
        };
        self.containers.iter().map(move |(name, container)| member(name, container)).chain([infra])
    }
}

impl Container {
    pub(super) fn new(id: String, labels: Labels, (state, began): (ContainerState, Moment), program: Program) -> Self {
        let (allowance, last_words) = (Allowance::default(), LastWords::default());
        let labels = Arc::new(labels);
        Self { id, labels, state, allowance, began, program, image: String::new(), post_start: None, last_words }
    }

    pub(super) fn start(&mut self, now: Moment) {
        self.state = ContainerState::Running { started: now };
        self.began = now;
        if let Program::Ends(code) = self.program {
            self.end(code, now);
        }
    }

    pub(super) fn end(&mut self, code: i32, now: Moment) {
        if matches!(self.state, ContainerState::Running { .. } | ContainerState::Paused | ContainerState::Stopping) {
            self.state = ContainerState::Exited { code, started: self.began, finished: now };
        }
    }

    fn lose_power(&mut self) {
        if !matches!(self.state, ContainerState::Exited { .. }) {
            self.state = ContainerState::Created;
        }
    }
}
