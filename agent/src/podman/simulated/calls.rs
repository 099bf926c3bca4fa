//! What the simulated Podman does when it is asked. Each effect stands between two crash points.

use std::{collections::BTreeMap, sync::Arc};

use wlc_plan::{
    name::FleetName,
    node_plan::IpFamily,
    quantity::Millis,
    spec::{Hook, Image, MountSource, PullPolicy, VolumeSource, Whose},
};

use super::world::{Container, Pod, Program, World};
use crate::{
    action::{ContentSwap, HookRun, PodRequest, RunContainer, Stop, StopOne},
    clock::Moment,
    observed::{ContainerState, HookOutcome, PodFolders, Sandbox},
    podman::{
        Executed, PodmanError, Pulled, Removed, create, images,
        labels::{ContainerLabels, FLEET, PodLabels, VolumeLabels},
        limits::allowance,
        ownership::{FoundNetwork, Labels},
        pulls::PullFault,
    },
};

pub(super) type Done = Result<(), PodmanError>;

/// What a container has at least after its pre-stop hook.
pub(super) const FLOOR: Millis = Millis::from_seconds(2);

impl World {
    /// One effect, with the crash points before and behind it.
    pub(super) fn effect(&mut self, line: String, effect: impl FnOnce(&mut Self)) -> Done {
        self.point(&line)?;
        effect(self);
        // What was done is seen, whoever hears of it.
        self.journal.push(line.clone());
        self.point(&line)
    }

    pub(super) fn make_network(&mut self, fleet: &FleetName, ip_family: IpFamily) -> Done {
        let name = PodLabels::network_name(fleet);
        match self.networks.get(&name) {
            Some(found) if !found.is_own(fleet) => Err(PodmanError::Foreign { what: format!("network {name}") }),
            Some(found) if found.ip_family == ip_family => Ok(()),
            Some(_) if self.pods.values().any(|pod| pod.labels.contains_key(FLEET)) => {
                Err(refused("remove a network", 500, format!("network {name} is being used")))
            }
            Some(_) | None => self.effect(format!("make network {name}"), |world| {
                let labels = Labels::from([(FLEET.to_owned(), fleet.to_string())]);
                world.networks.insert(name, FoundNetwork { labels, ip_family });
            }),
        }
    }

    pub(super) fn make_pod(&mut self, request: &PodRequest, now: Moment) -> Done {
        let name = request.labels.pod_name();
        let network = PodLabels::network_name(&request.labels.fleet);
        if let Some(pod) = self.pods.get(&name) {
            let ours = PodLabels::own(&name, &pod.labels, &request.labels.fleet).is_some();
            return if ours { Ok(()) } else { Err(PodmanError::Foreign { what: format!("pod {name}") }) };
        }
        if !self.networks.contains_key(&network) {
            return Err(refused("make a pod", 500, format!("unable to find network with name or ID {network}")));
        }
        self.make_lasting_volumes(request)?;
        self.make_volumes(request)?;
        self.effect(format!("make pod {name}"), |world| world.insert_pod(name, request, now))
    }

    fn make_volumes(&mut self, request: &PodRequest) -> Done {
        for labels in create::volumes(&request.labels, &request.spec).map(|(labels, _)| labels) {
            self.make_volume(&labels)?;
        }
        Ok(())
    }

    fn make_volume(&mut self, labels: &VolumeLabels) -> Done {
        let name = labels.pod.volume_name(&labels.volume);
        match self.volumes.get(&name) {
            Some(found) if VolumeLabels::own(&name, found, &labels.pod.fleet).is_some() => Ok(()),
            Some(_) => Err(PodmanError::Foreign { what: format!("volume {name}") }),
            None => self.effect(format!("make volume {name}"), |world| {
                world.volumes.insert(name, labels.to_map());
            }),
        }
    }

    fn insert_pod(&mut self, name: String, request: &PodRequest, now: Moment) {
        let mut mounts = request.spec.containers.iter().flat_map(|container| &container.mounts);
        let pod = Pod {
            id: self.next_id(),
            labels: Arc::new(request.labels.to_map()),
            created: now,
            sandbox: Sandbox::Created,
            takes_containers: true,
            address: self.last_address(&PodLabels::network_name(&request.labels.fleet)),
            is_on_network: request.spec.surroundings.network == Whose::Pod,
            ports: request.ports.iter().map(|port| port.host).collect(),
            folders: PodFolders::There,
            mounts_configs: mounts.any(|mount| matches!(mount.source, MountSource::Config(_))),
            stopping: None,
            contents: request.contents.clone(),
            containers: BTreeMap::new(),
        };
        self.pods.insert(name, pod);
    }

    /// Every image that is neither here nor in the registry is nowhere.
    pub(super) fn pull_image(&mut self, image: &Image) -> Result<Pulled, PodmanError> {
        self.point("pull image")?;
        let name = create::image_reference(image);
        let is_here = self.images.contains_key(&name);
        match (image.pull, self.faults.get(&name)) {
            (PullPolicy::IfNotPresent | PullPolicy::Never, _) if is_here => Ok(Pulled::Nothing),
            (PullPolicy::Never, _) => Err(no_image(&name, PullFault::Never)),
            (PullPolicy::Always | PullPolicy::IfNotPresent, Some(fault)) => Err(no_image(&name, fault.clone())),
            (PullPolicy::Always | PullPolicy::IfNotPresent, None) => match self.registry.get(&name).cloned() {
                Some(user) if !is_here => self
                    .effect(format!("pull image {name}"), |world| {
                        world.images.insert(name.clone(), user);
                    })
                    .map(|()| Pulled::New(name)),
                Some(_) => Ok(Pulled::Nothing),
                None if is_here => Ok(Pulled::Nothing),
                None => Err(no_image(&name, PullFault::Unknown)),
            },
        }
    }

    pub(super) fn remove_image(&mut self, name: &str) -> Result<Removed, PodmanError> {
        self.point("remove image")?;
        let mut containers = self.pods.values().flat_map(|pod| &pod.containers);
        if let Some((user, _)) = containers.find(|(_, container)| container.image == name) {
            return Ok(Removed::Used(format!("image used by {user}")));
        }
        if self.images.contains_key(name) {
            self.effect(format!("remove image {name}"), |world| drop(world.images.remove(name)))?;
        }
        Ok(Removed::Gone)
    }

    fn image_user(&self, image: &Image) -> Result<&String, PodmanError> {
        let image = create::image_reference(image);
        self.images.get(&image).ok_or_else(|| no_image(&image, PullFault::Gone))
    }

    pub(super) fn run_container(&mut self, request: &RunContainer, now: Moment) -> Done {
        let labels = ContainerLabels {
            pod: request.pod.clone(),
            container: request.spec.name.clone(),
            attempt: request.attempt,
        };
        let (pod, name) = (request.pod.pod_name(), labels.container_name());
        self.may_run(request, &pod)?;
        let there = self.container(&name).is_some();
        if there && self.called(&request.pod.fleet, &name).as_ref() != Some(&name) {
            return Err(PodmanError::Foreign { what: format!("container {name}") });
        }
        if !there {
            let program = self.program_of(request);
            self.effect(format!("make container {name}"), |world| {
                let (id, state) = (world.next_id(), ContainerState::Created);
                let mut container = Container::new(id, labels.to_map(), (state, now), program);
                container.image = create::image_reference(&request.spec.image);
                container.allowance = allowance(&request.spec.resources);
                world.pods.get_mut(&pod).and_then(|pod| pod.containers.insert(name.clone(), container));
            })?;
        }
        self.start(&pod, &name, now)
    }

    fn may_run(&mut self, request: &RunContainer, pod: &str) -> Done {
        images::check_user(&request.spec, self.image_user(&request.spec.image)?)?;
        create::stop_signal(&request.spec)?;
        self.volumes_exist(request)?;
        self.lasting_volume_missing(request)?;
        self.put_files(request)?;
        match self.pods.get_mut(pod) {
            None => Err(refused("make a container", 404, format!("no such pod {pod}"))),
            Some(found) if found.sandbox == Sandbox::Down || !found.takes_containers => {
                found.sandbox = Sandbox::Down;
                Err(PodmanError::SandboxDown { pod: pod.to_owned() })
            }
            Some(_) => Ok(()),
        }
    }

    fn volumes_exist(&self, request: &RunContainer) -> Done {
        let missing = request.volumes.iter().find(|(volume, source)| match source {
            VolumeSource::EmptyDir(_) => !self.volumes.contains_key(&request.pod.volume_name(volume)),
            VolumeSource::HostPath(_) | VolumeSource::NodePath(_) | VolumeSource::Named(_) | VolumeSource::Image(_) => {
                false
            }
        });
        match missing {
            Some((volume, _)) => Err(refused("make a container", 500, format!("no such volume {volume}"))),
            None => Ok(()),
        }
    }

    fn program_of(&self, request: &RunContainer) -> Program {
        let words: Vec<_> = request.spec.command.iter().chain(&request.spec.args).cloned().collect();
        self.programs.get(&words).copied().unwrap_or(Program::Runs(Some(143)))
    }

    fn start(&mut self, pod: &str, name: &str, now: Moment) -> Done {
        let state = self.container(name).map(|container| container.state);
        if state.is_some_and(|state| state != ContainerState::Created) {
            return Ok(());
        }
        self.ports_are_free(pod)?;
        self.effect(format!("start {name}"), |world| {
            if let Some(pod) = world.pods.get_mut(pod) {
                pod.sandbox = Sandbox::Up;
            }
            if let Some(container) = world.container(name) {
                container.start(now);
            }
        })
    }

    fn ports_are_free(&self, name: &str) -> Done {
        let Some(pod) = self.pods.get(name).filter(|pod| pod.sandbox == Sandbox::Created) else { return Ok(()) };
        let others = self.pods.iter().filter(|(other, pod)| *other != name && pod.sandbox == Sandbox::Up);
        let taken: Vec<u16> = others.flat_map(|(_, pod)| pod.ports.iter().copied()).collect();
        match pod.ports.iter().find(|port| self.occupied.contains(port) || taken.contains(port)) {
            Some(port) => Err(PodmanError::PortTaken {
                pod: name.to_owned(),
                why: format!("listen on port {port}: address already in use"),
            }),
            None => Ok(()),
        }
    }

    /// A container of ours by its own name; none where it is foreign or absent.
    pub(super) fn own_container(&mut self, fleet: &FleetName, name: &str) -> Option<&mut Container> {
        let called = self.called(fleet, name)?;
        self.container(&called)
    }

    /// What a container of ours is called, by its own name.
    pub(super) fn called(&self, fleet: &FleetName, name: &str) -> Option<String> {
        let is_it = |container: &Container, pod: &PodLabels| {
            ContainerLabels::own(&container.labels, pod).is_some_and(|own| own.container_name() == name)
        };
        // Nearly always the pod is the one that has it by this name.
        let has_it = |pod: &&Pod| pod.containers.contains_key(name);
        let with_it = self.pods.iter().filter(|(_, pod)| has_it(pod));
        with_it.chain(&self.pods).find_map(|(pod_name, pod)| {
            let labels = PodLabels::own(pod_name, &pod.labels, fleet)?;
            let by_name = pod.containers.get_key_value(name).filter(|(_, one)| is_it(one, &labels));
            let found = by_name.or_else(|| pod.containers.iter().find(|(_, one)| is_it(one, &labels)));
            found.map(|(called, _)| called.clone())
        })
    }

    pub(super) fn stop_containers(&mut self, fleet: &FleetName, stop: &Stop, now: Moment) -> Done {
        stop.pod.as_ref().map_or(Ok(()), |pod| self.begin_stop_of_pod(fleet, pod, now))?;
        let last = now.plus(stop.grace);
        let mut at = now;
        for stage in &stop.stages {
            let mut ended = at;
            for one in stage {
                let grace = self.pre_stop(fleet, one, (at, last))?;
                ended = ended.max(self.stop_container(fleet, &one.container, grace)?);
            }
            at = ended;
        }
        Ok(())
    }

    /// Notes that all of a pod ends.
    pub(super) fn begin_stop_of_pod(&mut self, fleet: &FleetName, name: &str, now: Moment) -> Done {
        let pod = self.pods.get(name).filter(|pod| PodLabels::own(name, &pod.labels, fleet).is_some());
        if pod.is_none_or(|pod| pod.stopping.is_some()) {
            return Ok(());
        }
        self.effect(format!("begin to stop {name}"), |world| {
            if let Some(pod) = world.pods.get_mut(name) {
                pod.stopping = Some(now);
            }
        })
    }

    /// Runs the hook before a stop; tells when it has ended, and until when the container may take from there.
    fn pre_stop(
        &mut self,
        fleet: &FleetName,
        one: &StopOne,
        grace: (Moment, Moment),
    ) -> Result<(Moment, Moment), PodmanError> {
        let (from, last) = grace;
        let Some(length) = self.length_of_pre_stop(fleet, one, last.since(from)) else { return Ok(grace) };
        self.effect(format!("pre-stop {}", one.container), |_| {})?;
        let ended = from.plus(length);
        Ok((ended, last.max(ended.plus(FLOOR))))
    }

    /// How long the hook before a stop takes; none where it is not run.
    pub(super) fn length_of_pre_stop(&mut self, fleet: &FleetName, one: &StopOne, left: Millis) -> Option<Millis> {
        let state = self.own_container(fleet, &one.container)?.state;
        let call = one.pre_stop.as_ref().filter(|_| left.0 > 0 && matches!(state, ContainerState::Running { .. }))?;
        Some(match &call.hook {
            Hook::Sleep(length) => Millis(length.0.min(left.0)),
            Hook::Exec(_) | Hook::Http(_) | Hook::Https(_) => match self.outcome(&call.hook) {
                Executed::TimedOut => left,
                Executed::Ended { .. } | Executed::NotStarted(_) => Millis(0),
            },
        })
    }

    /// What becomes of a hook: of one over HTTP as of the command `GET` with its path.
    fn outcome(&self, hook: &Hook) -> Executed {
        let command = match hook {
            Hook::Exec(exec) => exec.command.clone(),
            Hook::Http(http) | Hook::Https(http) => vec!["GET".to_owned(), http.path.clone()],
            Hook::Sleep(_) => Vec::new(),
        };
        self.commands.get(&command).cloned().unwrap_or(Executed::Ended { code: 0, output: String::new() })
    }

    pub(super) fn post_start(&mut self, fleet: &FleetName, run: &HookRun) -> Done {
        let state = self.own_container(fleet, &run.container).map(|container| container.state);
        let Some(called) = self.called(fleet, &run.container).filter(|_| is_running(state)) else { return Ok(()) };
        let outcome = match self.outcome(&run.call.hook) {
            Executed::Ended { code: 0, .. } => HookOutcome::Done,
            Executed::Ended { code, .. } => HookOutcome::Failed(format!("it ended with {code}")),
            Executed::TimedOut => HookOutcome::Failed("it took too long".to_owned()),
            Executed::NotStarted(why) => HookOutcome::Failed(why),
        };
        self.effect(format!("post-start {called}"), |world| {
            if let Some(container) = world.container(&called) {
                container.post_start = Some(outcome);
            }
        })
    }

    pub(super) fn unpause(&mut self, fleet: &FleetName, name: &str, now: Moment) -> Done {
        let state = self.own_container(fleet, name).map(|container| container.state);
        match self.called(fleet, name).filter(|_| state == Some(ContainerState::Paused)) {
            Some(called) => self.effect(format!("unpause {called}"), |world| world.pause(&called, false, now)),
            None => Ok(()),
        }
    }

    /// Ends one container; tells when it has ended.
    fn stop_container(
        &mut self,
        fleet: &FleetName,
        name: &str,
        grace: (Moment, Moment),
    ) -> Result<Moment, PodmanError> {
        let (from, last) = grace;
        self.unpause(fleet, name, from)?;
        let Some(container) = self.own_container(fleet, name) else { return Ok(from) };
        if !matches!(container.state, ContainerState::Running { .. }) {
            return Ok(from);
        }
        let (code, end) = match container.program {
            Program::Runs(Some(code)) | Program::Ends(code) if from < last => (code, from),
            Program::Runs(_) | Program::Ends(_) => (137, last),
        };
        let called = self.called(fleet, name).unwrap_or_default();
        self.effect(format!("stop {called}"), |world| world.end_container(&called, code, end))?;
        Ok(end)
    }

    /// A container of ours is asked to end; `end` is told its id and the code with which it will.
    pub(super) fn begin_stop(
        &mut self,
        fleet: &FleetName,
        name: &str,
        in_time: bool,
        end: impl FnOnce(String, i32),
    ) -> Done {
        let Some(container) = self.own_container(fleet, name) else { return Ok(()) };
        if !matches!(container.state, ContainerState::Running { .. }) {
            return Ok(());
        }
        let code = match container.program {
            Program::Runs(Some(code)) | Program::Ends(code) if in_time => code,
            Program::Runs(_) | Program::Ends(_) => 137,
        };
        let id = container.id.clone();
        let called = self.called(fleet, name).unwrap_or_default();
        self.effect(format!("stop {called}"), |world| {
            if let Some(container) = world.container(&called) {
                container.state = ContainerState::Stopping;
            }
            end(id, code);
        })
    }

    pub(super) fn remove_container(&mut self, fleet: &FleetName, name: &str) -> Done {
        let Some(container) = self.own_container(fleet, name) else { return Ok(()) };
        if matches!(container.state, ContainerState::Running { .. } | ContainerState::Stopping) {
            return Err(refused("remove a container", 500, format!("{name} is running")));
        }
        let called = self.called(fleet, name).unwrap_or_default();
        self.effect(format!("remove {called}"), |world| {
            world.pods.values_mut().for_each(|pod| {
                pod.containers.remove(&called);
            });
        })
    }

    pub(super) fn remove_pod(&mut self, fleet: &FleetName, name: &str) -> Done {
        if let Some(pod) = self.pods.get(name) {
            if PodLabels::own(name, &pod.labels, fleet).is_none() {
                return Ok(());
            }
            self.effect(format!("remove pod {name}"), |world| {
                world.pods.remove(name);
            })?;
        }
        let of_pod = |(volume, labels): (&String, &Labels)| {
            VolumeLabels::own(volume, labels, fleet).filter(|own| own.pod.pod_name() == name).map(|_| volume.clone())
        };
        let volumes: Vec<String> = self.volumes.iter().filter_map(of_pod).collect();
        volumes.into_iter().try_for_each(|volume| {
            self.effect(format!("remove volume {volume}"), |world| {
                world.volumes.remove(&volume);
            })
        })
    }

    pub(super) fn swap_content(&mut self, fleet: &FleetName, swap: &ContentSwap, now: Moment) -> Done {
        let line = format!("swap {} of {} in {}", swap.path, swap.container, swap.pod);
        if let Some(to) = &swap.signal {
            self.signal_container(fleet, &to.container, &to.signal, now)?;
        }
        self.effect(line, |world| {
            if let Some(pod) = world.pods.get_mut(&swap.pod) {
                pod.contents.insert((swap.container.clone(), swap.path.clone()), swap.content);
            }
        })
    }

    pub(super) fn signal_container(&mut self, fleet: &FleetName, name: &str, signal: &str, now: Moment) -> Done {
        let Some(container) = self.own_container(fleet, name) else { return Ok(()) };
        let code = match (signal, container.program) {
            ("KILL", _) => Some(137),
            ("TERM", Program::Runs(code)) => code,
            _ => None,
        };
        let called = self.called(fleet, name).unwrap_or_default();
        self.effect(format!("signal {called} {signal}"), |world| {
            if let Some(code) = code {
                world.end_container(&called, code, now);
            }
        })
    }

    /// By a container's name or id.
    pub(super) fn exec(
        &mut self,
        fleet: &FleetName,
        container: &str,
        command: &[String],
    ) -> Result<Executed, PodmanError> {
        let all = self.pods.values().flat_map(|pod| &pod.containers);
        let name = all.filter(|(_, one)| one.id == container).map(|(name, _)| name.clone()).next();
        let name = name.unwrap_or_else(|| container.to_owned());
        match self.own_container(fleet, &name).map(|container| container.state) {
            None => Err(refused("run a command", 404, format!("no such container {container}"))),
            Some(ContainerState::Running { .. }) => {
                let ended = Executed::Ended { code: 0, output: String::new() };
                Ok(self.commands.get(command).cloned().unwrap_or(ended))
            }
            Some(_) => Err(refused("run a command", 409, format!("{container} is not running"))),
        }
    }

    pub(super) fn logs(&mut self, fleet: &FleetName, name: &str) -> Result<String, PodmanError> {
        match self.own_container(fleet, name) {
            Some(_) => Ok(String::new()),
            None => Err(refused("read logs", 404, format!("no such container {name}"))),
        }
    }
}

fn no_image(name: &str, fault: PullFault) -> PodmanError {
    PodmanError::NoImage { image: name.to_owned(), fault, why: "simulated".to_owned() }
}

pub(super) fn is_running(state: Option<ContainerState>) -> bool {
    matches!(state, Some(ContainerState::Running { .. }))
}

pub(super) fn refused(what: &str, status: u16, why: String) -> PodmanError {
    PodmanError::Refused { what: what.to_owned(), status, why }
}
