//! A Podman in memory, for tests: with a clock given from outside, with crash points, and with the power to fail.
//!
//! It obeys the contract that the real client obeys; one list of expectations is run against both. Each call consists of
//! steps, as the real one consists of several requests: a crash point lies before and behind each of them, so that a test
//! can break off any call with its effects half done.

mod calls;
mod world;

use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;
use wlc_plan::{name::FleetName, quantity::Millis, spec::Image};

pub use self::world::Program;
use self::world::World;
use super::{Answer, Podman, PodmanError, ownership};
use crate::{
    action::{ContentSwap, PodRequest, RunContainer},
    clock::Moment,
    observed::{Observed, PodFolders},
};

/// The simulated Podman.
pub struct Simulated {
    fleet: FleetName,
    world: Mutex<World>,
    changes: Notify,
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
}

impl Simulated {
    /// An empty machine. `clock` is asked for the time at each call.
    pub fn new(fleet: &FleetName, clock: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self { fleet: fleet.clone(), world: Mutex::default(), changes: Notify::new(), clock: Box::new(clock) }
    }

    /// Makes an image known; `user` as the image says it, empty for none.
    pub fn add_image(&self, name: &str, user: &str) {
        self.world().images.insert(name.to_owned(), user.to_owned());
    }

    /// Says how containers with this command and these arguments behave; others run until they are stopped, and end with
    /// 143 when they are asked to.
    pub fn set_program(&self, command: &[&str], program: Program) {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        self.world().programs.insert(command, program);
    }

    /// A container ends by itself with this code. Nothing happens if it does not run.
    pub fn kill(&self, container: &str, code: i32) {
        let now = (self.clock)();
        self.world().end_container(container, code, now);
        self.changes.notify_one();
    }

    /// The infra container of a pod is gone; the others go on.
    pub fn kill_sandbox(&self, pod: &str) {
        self.world().end_sandbox(pod);
        self.changes.notify_one();
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

    /// A running container that somebody else made in a pod.
    pub fn add_foreign_container(&self, pod: &str, name: &str, labels: &ownership::Labels) {
        let now = (self.clock)();
        self.world().add_foreign_container(pod, name, labels, now);
    }

    /// Somebody removes the folders of a pod's configs.
    pub fn lose_folders(&self, pod: &str) {
        if let Some(pod) = self.world().pods.get_mut(pod) {
            pod.folders = PodFolders::Lost;
        }
    }

    /// Somebody removes a pod, and leaves its volumes.
    pub fn lose_pod(&self, pod: &str) {
        self.world().pods.remove(pod);
        self.changes.notify_one();
    }

    /// A volume that somebody else made.
    pub fn add_foreign_volume(&self, name: &str, labels: &ownership::Labels) {
        self.world().volumes.insert(name.to_owned(), labels.clone());
    }

    /// A network that somebody else made.
    pub fn add_foreign_network(&self, name: &str) {
        self.world().networks.insert(name.to_owned(), ownership::Labels::new());
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

    /// Runs one call on the world, at the time of the clock.
    fn call<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&mut World, Moment) -> Result<T, PodmanError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let now = (self.clock)();
            let answer = call(&mut self.world(), now);
            self.changes.notify_one();
            answer
        })
    }
}

impl Podman for Simulated {
    fn observe(&self) -> Answer<'_, Observed> {
        Box::pin(async move {
            let mut world = self.world();
            world.point("observe")?;
            Ok(ownership::own(&world.found(&self.fleet), &self.fleet))
        })
    }

    fn make_network(&self) -> Answer<'_, ()> {
        self.call(|world, _| world.make_network(&self.fleet))
    }

    fn make_pod<'a>(&'a self, request: &'a PodRequest) -> Answer<'a, ()> {
        self.call(|world, now| world.make_pod(request, now))
    }

    fn pull_image<'a>(&'a self, image: &'a Image) -> Answer<'a, ()> {
        self.call(|world, _| world.pull_image(image))
    }

    fn run_container<'a>(&'a self, request: &'a RunContainer) -> Answer<'a, ()> {
        self.call(|world, now| world.run_container(request, now))
    }

    fn stop_container<'a>(&'a self, container: &'a str, grace: Millis) -> Answer<'a, ()> {
        self.call(move |world, now| world.stop_container(&self.fleet, container, grace, now))
    }

    fn remove_container<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        self.call(|world, _| world.remove_container(&self.fleet, container))
    }

    fn remove_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.call(|world, _| world.remove_pod(&self.fleet, pod))
    }

    fn swap_content<'a>(&'a self, swap: &'a ContentSwap) -> Answer<'a, ()> {
        self.call(|world, now| world.swap_content(&self.fleet, swap, now))
    }

    fn signal_container<'a>(&'a self, container: &'a str, signal: &'a str) -> Answer<'a, ()> {
        self.call(|world, now| world.signal_container(&self.fleet, container, signal, now))
    }

    fn logs<'a>(&'a self, container: &'a str, _lines: u32) -> Answer<'a, String> {
        self.call(|world, _| world.logs(&self.fleet, container))
    }

    fn changes(&self) -> &Notify {
        &self.changes
    }
}
