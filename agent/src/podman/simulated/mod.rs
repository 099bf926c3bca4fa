//! A Podman in memory, for tests: with a clock given from outside, with crash points, and with the power to fail.
//!
//! It obeys the contract that the real client obeys; one list of expectations is run against both. Each call consists of
//! steps, as the real one consists of several requests: a crash point lies before and behind each of them, so that a test
//! can break off any call with its effects half done.

mod by_hand;
mod calls;
mod given;
mod life;
mod right;
mod world;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{sync::Notify, time::sleep};
use wlc_plan::{
    binding::{Binding, Turn},
    digest::Digest,
    name::{ContainerName, FileKey, FleetName, ReplicaName, SecretName, VolumeName, WorkloadName},
    node_plan::IpFamily,
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    spec::{Image, PodSpec, Resources},
};

use self::world::World;
pub use self::{
    life::{Ending, Fate, Glanced, Glimpse, Life},
    world::Program,
};
use super::{
    Answer, Executed, Podman, PodmanError, Pulled, Removed,
    labels::{ContainerLabels, PodLabels},
    ownership,
    pulls::PullFault,
};
use crate::{
    action::{ContentSwap, FilesSwap, HookRun, NodeNeeds, PodRequest, RunContainer, Stop, StopOne},
    clock::Moment,
    observed::{LastWords, Observed},
};

/// How often a stop that lasts looks whether it is over.
const STOP_TICK: Duration = Duration::from_millis(50);

/// The simulated Podman.
pub struct Simulated {
    fleet: FleetName,
    world: Arc<Mutex<World>>,
    changes: Arc<Notify>,
    clock: Arc<dyn Fn() -> Moment + Send + Sync>,
    life: Option<Arc<dyn Life>>,
}

impl Simulated {
    /// An empty machine. `clock` is asked for the time at each call.
    pub fn new(fleet: &FleetName, clock: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self {
            fleet: fleet.clone(),
            world: Arc::default(),
            changes: Arc::default(),
            clock: Arc::new(clock),
            life: None,
        }
    }

    /// A machine on which calls take time and go wrong.
    pub fn living(self, life: Arc<dyn Life>) -> Self {
        Self { life: Some(life), ..self }
    }

    /// Since when a container runs, by its id.
    pub fn running_since(&self, id: &str) -> Option<Moment> {
        self.world().running_since(id)
    }

    /// Forgets what was done so far: a long life has much of it.
    pub fn forget_journal(&self) {
        self.world().journal = Vec::new();
    }

    /// A look at everything.
    pub fn glimpse<T>(&self, look: impl FnOnce(Glimpse<'_>) -> T) -> T {
        look(Glimpse(&self.world()))
    }

    /// Makes an image known; `user` as the image says it, empty for none.
    pub fn add_image(&self, name: &str, user: &str) {
        self.world().images.insert(name.to_owned(), user.to_owned());
    }

    /// Puts an image into the registry; `user` as the image says it, empty for none.
    pub fn offer_image(&self, name: &str, user: &str) {
        self.world().registry.insert(name.to_owned(), user.to_owned());
    }

    /// Names of the images that are on the machine.
    pub fn images(&self) -> Vec<String> {
        self.world().images.keys().cloned().collect()
    }

    /// The file system of images is as full as that.
    pub fn fill_store(&self, percent: u8) {
        self.world().store_percent = Some(percent);
    }

    /// Pulling an image fails from now on, or not any more.
    pub fn fail_pulls(&self, name: &str, fault: Option<PullFault>) {
        let faults = &mut self.world().faults;
        match fault {
            Some(fault) => drop(faults.insert(name.to_owned(), fault)),
            None => drop(faults.remove(name)),
        }
    }

    /// Gives the node a key of a secret.
    pub fn set_secret(&self, secret: &SecretName, key: &FileKey, bytes: &[u8]) {
        self.world().secrets.insert((secret.clone(), key.clone()), Digest::of(bytes));
        self.changes.notify_one();
    }

    /// Takes a device away from the node, by its path or CDI name.
    pub fn take_device(&self, name: &str) {
        self.world().absent.insert(name.to_owned());
    }

    /// Says how containers with this command and these arguments behave; others run until they are stopped, and end with
    /// 143 when they are asked to.
    pub fn set_program(&self, command: &[&str], program: Program) {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        self.world().programs.insert(command, program);
    }

    /// Says what becomes of this command wherever it is run in a container; others end with 0.
    pub fn set_command(&self, command: &[&str], outcome: Executed) {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        self.world().commands.insert(command, outcome);
    }

    /// A container ends by itself with this code. Nothing happens if it does not run.
    pub fn kill(&self, container: &str, code: i32) {
        let now = (self.clock)();
        self.world().end_container(container, code, now);
        self.happened(&format!("{container} ends with {code}"));
    }

    /// A container ends by itself with this code and leaves something.
    pub fn kill_with_last_words(&self, container: &str, code: i32, last_words: LastWords) {
        if let Some(one) = self.world().container(container) {
            one.last_words = last_words;
        }
        self.kill(container, code);
    }

    /// The infra container of a pod is gone; the others go on.
    pub fn kill_sandbox(&self, pod: &str) {
        self.world().end_sandbox(pod);
        self.happened(&format!("the infra container of {pod} ends"));
    }

    /// The machine loses power and is booted again: what ran is listed as made but never started, and no pod takes a
    /// container any more. Of a pod that was never started this shows only when it is asked to.
    pub fn lose_power(&self) {
        self.world().lose_power();
    }

    /// Another process takes a port of the machine.
    pub fn occupy_port(&self, port: u16) {
        self.world().occupied.insert(port);
    }

    /// A pod that somebody else made, with one running container of these labels.
    pub fn add_foreign_pod(&self, name: &str, labels: &ownership::Labels, container: &str) {
        let now = (self.clock)();
        self.world().add_foreign_pod(name, labels, container, now);
    }

    /// A pod of the fleet with one running container: the pod's name, and the container's id.
    pub fn add_own_container(&self) -> (String, String) {
        let (workload, replica) = ("web", "web-0");
        let name = |text: &str| WorkloadName::parse(text).expect("a name");
        let replica = ReplicaName::parse(replica).expect("a name");
        let revision = Revision::of(TemplateVersion::NEWEST, &PodSpec::new(Vec::new()));
        let labels =
            PodLabels::new(&self.fleet, &name(workload), &replica, revision, (&Binding::default(), Turn::First));
        let own = ContainerLabels {
            pod: labels.clone(),
            container: ContainerName::parse("main").expect("a name"),
            attempt: 0,
        };
        let mut world = self.world();
        world.add_foreign_pod(&labels.pod_name(), &labels.to_map(), "infra", (self.clock)());
        world.add_foreign_container(&labels.pod_name(), &own.container_name(), &own.to_map(), (self.clock)());
        let id = world.container(&own.container_name()).map(|one| one.id.clone()).unwrap_or_default();
        (labels.pod_name(), id)
    }

    /// A running container that somebody else made in a pod.
    pub fn add_foreign_container(&self, pod: &str, name: &str, labels: &ownership::Labels) {
        let now = (self.clock)();
        self.world().add_foreign_container(pod, name, labels, now);
    }

    /// A volume that somebody else made.
    pub fn add_foreign_volume(&self, name: &str, labels: &ownership::Labels) {
        self.world().volumes.insert(name.to_owned(), labels.clone());
    }

    /// A network that somebody else made.
    pub fn add_foreign_network(&self, name: &str) {
        let network = ownership::FoundNetwork { labels: ownership::Labels::new(), ip_family: IpFamily::Ipv4 };
        self.world().networks.insert(name.to_owned(), network);
    }

    /// Names of all that exists, ours or not: pods, containers, volumes.
    pub fn names(&self) -> Vec<String> {
        self.world().names()
    }

    /// What was asked for, oldest first, one line for each call that had an effect.
    pub fn journal(&self) -> Vec<String> {
        self.world().journal.clone()
    }

    /// How many crash points were passed so far.
    pub fn steps(&self) -> u64 {
        self.world().step
    }

    /// The crash point with this number fails, and only that one; they are counted from 0, as [`Self::steps`] counts.
    pub fn crash_at(&self, step: u64) {
        self.world().crash_at = Some(step);
    }

    /// Takes a crash point back that was not reached.
    pub fn crash_no_more(&self) {
        self.world().crash_at = None;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics while it holds the simulated world")
    }

    /// Something happened to a container without the agent's doing.
    fn happened(&self, line: &str) {
        let is_heard = self.life.as_ref().is_none_or(|life| life.is_heard());
        if let Some(life) = &self.life {
            life.saw(line, (self.clock)(), Glimpse(&self.world()));
        }
        if is_heard {
            self.changes.notify_one();
        }
    }

    /// Runs one call on the world, at the time of the clock.
    fn call<'a, T: Send + 'a>(
        &'a self,
        name: &'static str,
        call: impl FnOnce(&mut World, Moment) -> Result<T, PodmanError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let answer = self.look(name, call).await;
            if self.life.as_ref().is_none_or(|life| life.is_heard()) {
                self.changes.notify_one();
            }
            answer
        })
    }

    /// Runs one call that nobody hears of.
    fn look<'a, T: Send + 'a>(
        &'a self,
        name: &'static str,
        call: impl FnOnce(&mut World, Moment) -> Result<T, PodmanError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let Some(life) = &self.life else { return call(&mut self.world(), (self.clock)()) };
            let fate = life.fate(name);
            sleep(fate.before).await;
            let answer = match fate.ending {
                Ending::Refused => Err(PodmanError::Refused {
                    what: name.to_owned(),
                    status: 500,
                    why: "it is out of sorts".to_owned(),
                }),
                Ending::Well | Ending::HalfDone(_) | Ending::Unheard => {
                    self.call_on_living(life.as_ref(), fate.ending, call)
                }
            };
            sleep(fate.behind).await;
            match fate.ending {
                Ending::Unheard => Err(PodmanError::TimedOut { what: name.to_owned(), seconds: 60 }),
                Ending::Well | Ending::Refused | Ending::HalfDone(_) => answer,
            }
        })
    }

    fn call_on_living<T>(
        &self,
        life: &dyn Life,
        ending: Ending,
        call: impl FnOnce(&mut World, Moment) -> Result<T, PodmanError>,
    ) -> Result<T, PodmanError> {
        let (mut world, now) = (self.world(), (self.clock)());
        world.crash_at = if let Ending::HalfDone(points) = ending { Some(world.step + points) } else { None };
        let before = world.journal.len();
        let answer = call(&mut world, now);
        world.crash_at = None;
        for line in &world.journal[before..] {
            life.saw(line, now, Glimpse(&world));
        }
        answer
    }

    async fn stop_all_living(&self, life: &Arc<dyn Life>, stop: &Stop) -> Result<(), PodmanError> {
        let begun = (self.clock)();
        if let Some(pod) = &stop.pod {
            self.begin_stop(pod).await?;
        }
        for stage in &stop.stages {
            let left = Millis(stop.grace.0.saturating_sub((self.clock)().since(begun).0));
            let stops = join_all(stage.iter().map(|one| self.stop_one_living(life, one, left))).await;
            stops.into_iter().collect::<Result<(), PodmanError>>()?;
        }
        Ok(())
    }

    async fn stop_one_living(&self, life: &Arc<dyn Life>, one: &StopOne, grace: Millis) -> Result<(), PodmanError> {
        let hooked = self.world().length_of_pre_stop(&self.fleet, one, grace);
        let Some(length) = hooked else { return self.stop_living(life, &one.container, grace).await };
        sleep(length.duration()).await;
        let left = Millis(grace.0.saturating_sub(length.0)).max(calls::FLOOR);
        self.stop_living(life, &one.container, left).await
    }

    /// Stops a container that takes its time. The container ends whether or not anybody waits for it.
    async fn stop_living(&self, life: &Arc<dyn Life>, name: &str, grace: Millis) -> Result<(), PodmanError> {
        let length = life.stopping(name).min(grace.duration());
        let stop = |world: &mut World, now| {
            world.unpause(&self.fleet, name, now)?;
            let end = |id, code| self.end_after(Arc::clone(life), length, (id, code));
            world.begin_stop(&self.fleet, name, grace.duration() > length, end)
        };
        self.call("stop", stop).await?;
        let id = self.world().own_container(&self.fleet, name).map(|container| container.id.clone());
        while id.as_ref().is_some_and(|id| self.world().is_stopping(id)) {
            sleep(STOP_TICK).await;
        }
        Ok(())
    }

    fn end_after(&self, life: Arc<dyn Life>, length: Duration, (id, code): (String, i32)) {
        let (world, changes, clock) = (Arc::clone(&self.world), Arc::clone(&self.changes), Arc::clone(&self.clock));
        tokio::spawn(async move {
            sleep(length).await;
            let mut world = world.lock().expect("no test panics while it holds the simulated world");
            if let Some(line) = world.end_stop(&id, code, clock()) {
                life.saw(&line, clock(), Glimpse(&world));
                changes.notify_one();
            }
        });
    }
}

impl Podman for Simulated {
    fn observe(&self) -> Answer<'_, Observed> {
        self.look("observe", |world, _| {
            world.point("observe")?;
            let own = ownership::own(&world.found(&self.fleet), &self.fleet);
            Ok(Observed { secrets: world.secrets.clone(), store_percent: world.store_percent, ..own })
        })
    }

    fn make_network(&self, ip_family: IpFamily) -> Answer<'_, ()> {
        self.call("make a network", move |world, _| world.make_network(&self.fleet, ip_family))
    }

    fn make_pod<'a>(&'a self, request: &'a PodRequest) -> Answer<'a, ()> {
        self.call("make a pod", |world, now| world.make_pod(request, now))
    }

    fn pull_image<'a>(&'a self, image: &'a Image) -> Answer<'a, Pulled> {
        self.call("pull an image", |world, _| world.pull_image(image))
    }

    fn remove_image<'a>(&'a self, name: &'a str) -> Answer<'a, Removed> {
        self.call("remove an image", |world, _| world.remove_image(name))
    }

    fn run_container<'a>(&'a self, request: &'a RunContainer) -> Answer<'a, ()> {
        self.call("run a container", |world, now| world.run_container(request, now))
    }

    fn post_start<'a>(&'a self, run: &'a HookRun) -> Answer<'a, ()> {
        self.call("run a hook", |world, _| world.post_start(&self.fleet, run))
    }

    fn limit_container<'a>(&'a self, container: &'a str, resources: &'a Resources) -> Answer<'a, ()> {
        self.call("limit", |world, _| world.limit(&self.fleet, container, resources))
    }

    fn connect_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.call("connect", |world, _| world.connect(&self.fleet, pod))
    }

    fn rename_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        self.call("rename", |world, _| world.rename_back(&self.fleet, container))
    }

    fn unpause_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        self.call("unpause", |world, now| world.unpause(&self.fleet, container, now))
    }

    fn begin_stop<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.call("begin a stop", move |world, now| world.begin_stop_of_pod(&self.fleet, pod, now))
    }

    fn stop_containers<'a>(&'a self, stop: &'a Stop) -> Answer<'a, ()> {
        match &self.life {
            Some(life) => Box::pin(self.stop_all_living(life, stop)),
            None => self.call("stop", move |world, now| world.stop_containers(&self.fleet, stop, now)),
        }
    }

    fn remove_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        self.call("remove a container", |world, _| world.remove_container(&self.fleet, container))
    }

    fn remove_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.call("remove a pod", |world, _| world.remove_pod(&self.fleet, pod))
    }

    fn swap_content<'a>(&'a self, swap: &'a ContentSwap) -> Answer<'a, ()> {
        self.call("swap a content", |world, now| world.swap_content(&self.fleet, swap, now))
    }

    fn swap_files<'a>(&'a self, swap: &'a FilesSwap) -> Answer<'a, ()> {
        self.call("swap files", |world, now| world.swap_files(&self.fleet, swap, now))
    }

    fn check_node<'a>(&'a self, needs: &'a NodeNeeds) -> Answer<'a, ()> {
        self.call("look at the node", |world, _| world.check_node(needs))
    }

    fn remove_claim<'a>(&'a self, replica: &'a ReplicaName, claim: &'a VolumeName) -> Answer<'a, ()> {
        self.call("remove a claim", |world, _| world.remove_claim(&self.fleet, replica, claim))
    }

    fn signal_container<'a>(&'a self, container: &'a str, signal: &'a str) -> Answer<'a, ()> {
        self.call("signal", |world, now| world.signal_container(&self.fleet, container, signal, now))
    }

    fn exec<'a>(&'a self, container: &'a str, command: &'a [String], _limit: Millis) -> Answer<'a, Executed> {
        self.look("run a command", move |world, _| world.exec(&self.fleet, container, command))
    }

    fn logs<'a>(&'a self, container: &'a str, _lines: u32) -> Answer<'a, String> {
        self.call("read logs", |world, _| world.logs(&self.fleet, container))
    }

    fn changes(&self) -> &Notify {
        &self.changes
    }
}
