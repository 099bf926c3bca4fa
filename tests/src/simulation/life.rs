//! Plays a script: what happens at its time, an agent that is killed and started again, and the quiet behind it all.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use wlagent::{
    observed::Allowance,
    podman::simulated::{Life, Simulated},
    settings::Settings,
};
use wlc_plan::quantity::Bytes;

use super::{
    Failure, Happening, Ill, Script, Tally,
    author::Author,
    begin::{copied_labels, live_again, settings},
    machine::Machine,
    promised::Promised,
    publisher::{Publisher, Set, half_copied, signed_by_a_stranger, with_a_flipped_bit},
    script::TROUBLE,
    seen::Program,
    toil::toil,
};
use crate::dice::Dice;

/// How long until the power goes that is to go at a step on the disk, whether or not it comes so far, in milliseconds.
const SOON: u64 = 60_000;

/// Plays a script: what happened, and whether all that is promised was kept.
pub fn live(script: &Script) -> (Tally, Result<(), Failure>) {
    in_simulated_time(async {
        let mut world = World::new(script.seed);
        let ended = world.play(script).await;
        let mut tally = world.machine.weather.witness().tally.clone();
        tally.worlds = 1;
        (tally, ended)
    })
}

/// Time stands still while something is done, and jumps to the next thing that is to be done.
pub(super) fn in_simulated_time<T>(life: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime can be made").block_on(life)
}

pub(super) struct World {
    pub(super) machine: Arc<Machine>,
    pub(super) settings: Arc<Settings>,
    pub(super) author: Author,
    pub(super) publisher: Publisher,
    pub(super) sets: Vec<Set>,
    agent: JoinHandle<()>,
    pub(super) begun: Instant,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let machine = Arc::new(Machine::new(seed));
        let settings = settings();
        let agent = tokio::spawn(live_again(Arc::clone(&machine), Arc::clone(&settings), 0));
        machine.podman.add_foreign_pod("foreign", &copied_labels(), "foreign-container");
        tokio::spawn(toil(Arc::clone(&machine), seed));
        let mut dice = Dice::new(seed);
        Self {
            machine,
            settings,
            author: Author::new(&mut dice, seed),
            publisher: Publisher::new(),
            sets: Vec::new(),
            agent,
            begun: Instant::now(),
        }
    }

    async fn play(&mut self, script: &Script) -> Result<(), Failure> {
        for event in &script.events {
            self.wait_until(event.at).await;
            self.kept()?;
            self.befall(event.what)?;
        }
        self.wait_until(TROUBLE).await;
        self.become_quiet().await?;
        self.stay_quiet().await
    }

    /// Something happens, and is written down.
    pub(super) fn befall(&mut self, what: Happening) -> Result<(), Failure> {
        let (word, now) = (what.word(), self.machine.weather.elapsed());
        let mut witness = self.machine.weather.witness();
        witness.note(&format!("* {what:?}"), now);
        witness.tally.fault(word);
        drop(witness);
        self.happen(what)
    }

    /// Waits until this time; where the power is to go at a step on the disk, it goes.
    pub(super) async fn wait_until(&mut self, at: u64) {
        let at = self.begun + Duration::from_millis(at);
        let soon = Instant::now() + Duration::from_millis(SOON);
        while self.machine.disk.is_to_break() && Instant::now() < at {
            sleep(Duration::from_millis(20)).await;
            if self.machine.disk.has_broken() || Instant::now() > soon {
                self.power_goes(1_000);
            }
        }
        sleep_until(at).await;
    }

    /// Whether all that is promised was kept so far.
    pub(super) fn kept(&self) -> Result<(), Failure> {
        self.machine.weather.witness().failure().map_or(Ok(()), Err)
    }

    fn happen(&mut self, what: Happening) -> Result<(), Failure> {
        let machine = Arc::clone(&self.machine);
        let (weather, podman) = (&machine.weather, &machine.podman);
        let until = |length: u64| weather.elapsed() + length;
        let pick = |names: Vec<String>, which: usize| (!names.is_empty()).then(|| names[which % names.len()].clone());
        let container = |which| pick(weather.witness().containers(), which);
        let pod = |which| pick(weather.witness().pods(), which);
        match what {
            Happening::Publish(seed) => self.publish(Some(seed)),
            Happening::Replay(which) => {
                let set = self.sets.get(which % self.sets.len().max(1)).cloned();
                set.into_iter().for_each(|set| self.put(set));
            }
            Happening::Forge => self.put_changed(signed_by_a_stranger),
            Happening::Flip(bit) => self.put_changed(|set| with_a_flipped_bit(set, bit)),
            Happening::HalfCopied(length) => self.copy_slowly(length),
            Happening::KillAgent(length) => self.kill_agent(length),
            Happening::LosePower(length) => self.lose_power(length)?,
            Happening::LosePowerAtWrite(steps) => machine.disk.break_after(steps as u64),
            Happening::EndContainer(which, code) => drop(container(which).map(|name| podman.kill(&name, code))),
            Happening::EndSandbox(which) => drop(pod(which).map(|name| podman.kill_sandbox(&name))),
            Happening::StopByHand(which) => drop(container(which).map(|name| podman.stop_by_hand(&name))),
            Happening::RemoveByHand(which) => drop(container(which).map(|name| podman.remove_by_hand(&name))),
            Happening::LosePod(which) => drop(pod(which).map(|name| podman.lose_pod(&name))),
            Happening::LoseFolders(which) => drop(pod(which).map(|name| podman.lose_folders(&name))),
            Happening::Sicken(which, length, ill) => self.sicken(which, until(length), ill),
            Happening::Deafen(length) => weather.deaf.last_until(until(length)),
            Happening::Slow(length) => weather.slow.last_until(until(length)),
            Happening::Upset(length) => weather.upset.last_until(until(length)),
            Happening::Silence(length) => weather.silent.last_until(until(length)),
            Happening::FillDisk(length) => self.fill_disk(length),
            Happening::JumpClock(by) => weather.jump(by),
            Happening::Muffle(length) => weather.mute.last_until(until(length)),
            Happening::SpoilHooks(length) => {
                self.for_a_while(length, |machine| machine.set_hooks(1), |machine| machine.set_hooks(0))
            }
            Happening::SpoilInits(length) => {
                self.for_a_while(length, |machine| machine.set_inits(1), |machine| machine.set_inits(0))
            }
            Happening::SpoilSecret(which, None) => machine.set_secret(which % 5, Some(&which.to_be_bytes())),
            Happening::SpoilSecret(which, Some(length)) => {
                let has = move |machine: &Machine| machine.set_secret(which % 5, Some(b"secret"));
                self.for_a_while(length, |machine| machine.set_secret(which % 5, None), has);
            }
            Happening::Restart(which) => {
                let replica = pick(weather.witness().replicas(), which);
                machine.ask_to_restart(&Vec::from_iter(replica));
            }
            Happening::ForgetNode => {
                let set = self.publisher.publish_without_node(weather.moment().timestamp());
                self.put(set);
            }
            Happening::PauseByHand(which) => drop(container(which).map(|name| podman.pause_by_hand(&name, true))),
            Happening::RenameByHand(which) => drop(container(which).map(|name| rename(podman, &name, which))),
            Happening::LimitByHand(which) => drop(container(which).map(|name| limit(podman, &name, which))),
            Happening::DisconnectByHand(which) => drop(pod(which).map(|name| podman.disconnect_by_hand(&name))),
            Happening::UsurpByHand(which) => drop(container(which).map(|name| self.usurp(&name, which))),
            Happening::LoseNetwork => podman.lose_network(),
            Happening::LoseImage(length) => self.for_a_while(length, Machine::lose_images, Machine::have_images),
            Happening::SpoilLedger(bit) => self.spoil_ledger(bit),
            Happening::CloneDisk(length) => self.clone_disk(length),
            Happening::NewerLedger(length) => self.write_newer_ledger(length),
        }
        Ok(())
    }

    /// The probes of a replica fail.
    fn sicken(&self, which: usize, until: u64, ill: Ill) {
        let weather = &self.machine.weather;
        let replicas = weather.witness().replicas();
        self.machine.podman.glimpse(|glimpse| weather.saw("somebody falls ill", weather.moment(), glimpse));
        if !replicas.is_empty() {
            weather.sicken(&replicas[which % replicas.len()], until, ill);
        }
    }

    fn fill_disk(&self, length: u64) {
        self.machine.weather.witness().disk_is_full();
        self.for_a_while(length, |machine| machine.disk.set_full(true), |machine| machine.disk.set_full(false));
    }

    /// Somebody changes the files, if there is a seed for it, and publishes them.
    pub(super) fn publish(&mut self, seed: Option<u64>) {
        if let Some(seed) = seed.filter(|_| !self.sets.is_empty()) {
            self.author.change(&mut Dice::new(seed));
            self.author.jobs.change(seed);
        }
        let at = self.machine.weather.moment().timestamp();
        let (generation, set, promised) = self.publisher.publish(&self.author, at);
        self.tell_witness(generation, promised);
        self.sets.push(set.clone());
        self.put(set);
    }

    fn tell_witness(&self, generation: u64, promised: Promised) {
        let mut witness = self.machine.weather.witness();
        for replica in promised.replicas.values() {
            let service = self.author.services.iter().find(|service| service.name == replica.workload);
            let program = service.filter(|service| !service.is_broken).map(|one| Program {
                starts: one.starts,
                min_ready: one.min_ready,
                has_hook: one.has_hook,
            });
            witness.program(&replica.revision, program);
        }
        witness.promise(generation, promised, self.machine.weather.elapsed());
    }

    fn put(&self, set: Set) {
        self.machine.source.put(set);
    }

    fn put_changed(&self, change: impl FnOnce(&Set) -> Set) {
        if let Some(set) = self.sets.last() {
            self.put(change(set));
        }
    }

    fn copy_slowly(&self, length: u64) {
        let Some(set) = self.sets.last().cloned() else { return };
        let half = half_copied(&set);
        self.put(half.clone());
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            sleep(Duration::from_millis(length)).await;
            machine.source.complete(&half, set);
        });
    }

    pub(super) fn kill_agent(&mut self, length: u64) {
        self.agent.abort();
        self.agent = tokio::spawn(live_again(Arc::clone(&self.machine), Arc::clone(&self.settings), length));
    }

    fn lose_power(&mut self, length: u64) -> Result<(), Failure> {
        let lost = self.machine.disk.unsettled();
        if let Some(path) = lost.first() {
            let what =
                format!("{} would be lost with the power, and the agent goes on as if it were kept", path.display());
            return Err(self.machine.weather.witness().fail(what));
        }
        self.power_goes(length);
        Ok(())
    }

    pub(super) fn power_goes(&mut self, length: u64) {
        self.kill_agent(length);
        self.machine.disk.lose_power();
        self.machine.podman.lose_power();
        let weather = &self.machine.weather;
        self.machine.podman.glimpse(|glimpse| weather.saw("the power is lost", weather.moment(), glimpse));
    }

    /// A container is removed, and another one that is not ours gets its name.
    fn usurp(&self, name: &str, which: usize) {
        let podman = &self.machine.podman;
        podman.remove_by_hand(name);
        podman.add_foreign_container("foreign", name, &BTreeMap::new());
        self.machine.weather.witness().note_usurper(name, true);
        let machine = Arc::clone(&self.machine);
        let (name, length) = (name.to_owned(), which as u64 % 120_000);
        tokio::spawn(async move {
            sleep(Duration::from_millis(length)).await;
            machine.podman.remove_foreign_container("foreign", &name);
            machine.weather.witness().note_usurper(&name, false);
        });
    }

    /// Something begins, and ends after a while.
    fn for_a_while(&self, length: u64, begin: impl FnOnce(&Machine), end: impl FnOnce(&Machine) + Send + 'static) {
        begin(&self.machine);
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            sleep(Duration::from_millis(length)).await;
            end(&machine);
        });
    }
}

fn rename(podman: &Simulated, container: &str, which: usize) {
    podman.rename_by_hand(container, &format!("by.hand.{which}"));
}

fn limit(podman: &Simulated, container: &str, which: usize) {
    let memory = Some(Bytes(which as u64 * 4_096));
    podman.limit_by_hand(container, Allowance { memory, cpu: None });
}
