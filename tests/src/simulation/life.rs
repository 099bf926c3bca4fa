//! Plays a script: what happens at its time, an agent that is killed and started again, and the quiet behind it all.

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use wlagent::{
    agent::{Agent, CannotBegin, Surroundings},
    ledger::store::Store,
    observed::Allowance,
    plans::KnownContents,
    podman::{
        Podman,
        labels::PodLabels,
        simulated::{Life, Simulated},
    },
    probes::due::Reach,
    settings::Settings,
    supervisor::Supervisor,
};
use wlc_plan::{
    binding::{Binding, Turn},
    name::{ReplicaName, WorkloadName},
    quantity::Bytes,
    revision::{Revision, TemplateVersion},
    spec::PodSpec,
};

use super::{
    Failure, Happening, Script, Tally,
    author::Author,
    machine::{Machine, fleet},
    publisher::{Promised, Publisher, Set, half_copied, node, signed_by_a_stranger, with_a_flipped_bit},
    script::TROUBLE,
    seen::Program,
};
use crate::dice::Dice;

/// How long the world has to become as the last plan says, in milliseconds.
const QUIET: u64 = 45 * 60_000;
/// How long nothing is done afterwards.
const STILL: u64 = 150_000;
/// How long until somebody asks again for what comes only when it is asked for.
const ASK: u64 = 120_000;
/// How often it is looked at whether the world is as it should be.
const LOOK: u64 = 5_000;

/// Plays a script: what happened, and whether all that is promised was kept.
pub fn live(script: &Script) -> (Tally, Result<(), Failure>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime can be made").block_on(async {
        let mut world = World::new(script);
        let ended = world.play(script).await;
        let mut tally = world.machine.weather.witness().tally.clone();
        tally.worlds = 1;
        (tally, ended)
    })
}

pub(super) struct World {
    pub(super) machine: Arc<Machine>,
    pub(super) settings: Arc<Settings>,
    author: Author,
    publisher: Publisher,
    sets: Vec<Set>,
    agent: JoinHandle<()>,
    begun: Instant,
}

impl World {
    fn new(script: &Script) -> Self {
        let machine = Arc::new(Machine::new(script.seed));
        let settings = settings();
        let agent = tokio::spawn(live_again(Arc::clone(&machine), Arc::clone(&settings), 0));
        machine.podman.add_foreign_pod("foreign", &copied_labels(), "foreign-container");
        let mut dice = Dice::new(script.seed);
        Self {
            machine,
            settings,
            author: Author::new(&mut dice),
            publisher: Publisher::new(),
            sets: Vec::new(),
            agent,
            begun: Instant::now(),
        }
    }

    async fn play(&mut self, script: &Script) -> Result<(), Failure> {
        for event in &script.events {
            sleep_until(self.begun + Duration::from_millis(event.at)).await;
            self.kept()?;
            let (word, now) = (event.what.word(), self.machine.weather.elapsed());
            let mut witness = self.machine.weather.witness();
            witness.note(&format!("* {:?}", event.what), now);
            witness.tally.fault(word);
            drop(witness);
            self.happen(event.what)?;
        }
        sleep_until(self.begun + Duration::from_millis(TROUBLE)).await;
        self.become_quiet().await
    }

    /// Whether all that is promised was kept so far.
    fn kept(&self) -> Result<(), Failure> {
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
            Happening::EndContainer(which, code) => drop(container(which).map(|name| podman.kill(&name, code))),
            Happening::EndSandbox(which) => drop(pod(which).map(|name| podman.kill_sandbox(&name))),
            Happening::StopByHand(which) => drop(container(which).map(|name| podman.stop_by_hand(&name))),
            Happening::RemoveByHand(which) => drop(container(which).map(|name| podman.remove_by_hand(&name))),
            Happening::LosePod(which) => drop(pod(which).map(|name| podman.lose_pod(&name))),
            Happening::LoseFolders(which) => drop(pod(which).map(|name| podman.lose_folders(&name))),
            Happening::Sicken(which, length, ill) => {
                let replica = pick(weather.witness().replicas(), which);
                podman.glimpse(|glimpse| weather.saw("somebody falls ill", weather.moment(), glimpse));
                replica.iter().for_each(|replica| weather.sicken(replica, until(length), ill));
            }
            Happening::Deafen(length) => weather.deaf.last_until(until(length)),
            Happening::Slow(length) => weather.slow.last_until(until(length)),
            Happening::Upset(length) => weather.upset.last_until(until(length)),
            Happening::Silence(length) => weather.silent.last_until(until(length)),
            Happening::FillDisk(length) => {
                self.for_a_while(length, |machine| machine.disk.set_full(true), |machine| machine.disk.set_full(false));
            }
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

    /// Somebody changes the files, if there is a seed for it, and publishes them.
    fn publish(&mut self, seed: Option<u64>) {
        if let Some(seed) = seed.filter(|_| !self.sets.is_empty()) {
            self.author.change(&mut Dice::new(seed));
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
            witness.program(&replica.revision.to_string(), program);
        }
        witness.promise(generation, promised);
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
        self.put(half_copied(&set));
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            sleep(Duration::from_millis(length)).await;
            machine.source.put(set);
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
        self.kill_agent(length);
        self.machine.disk.lose_power();
        self.machine.podman.lose_power();
        let weather = &self.machine.weather;
        self.machine.podman.glimpse(|glimpse| weather.saw("the power is lost", weather.moment(), glimpse));
        Ok(())
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

    /// Nothing goes wrong any more, and the last files are fine: the world becomes as they say, and stays so.
    async fn become_quiet(&mut self) -> Result<(), Failure> {
        self.machine.weather.calm();
        self.machine.disk.set_full(false);
        self.machine.have_all();
        self.author.mend();
        self.publish(None);
        let end = self.machine.weather.elapsed() + QUIET;
        let mut asked = 0;
        loop {
            sleep(Duration::from_millis(LOOK)).await;
            self.kept()?;
            let now = self.machine.weather.elapsed();
            let mut witness = self.machine.weather.witness();
            let differences = witness.differences(now);
            let behind = if now > asked + ASK { witness.behind() } else { Vec::new() };
            if differences.is_empty() && now > witness.last_action() + STILL {
                break;
            }
            drop(witness);
            if !behind.is_empty() {
                asked = now;
                self.machine.ask_to_restart(&behind);
            }
            if now > end {
                let witness = self.machine.weather.witness();
                let what = if differences.is_empty() {
                    vec!["the agent goes on doing things".to_owned()]
                } else {
                    differences
                };
                let says = witness.agent_says().join("\n  ");
                let what = format!("after {} minutes of quiet: {}\n  {says}", QUIET / 60_000, what.join("; "));
                return Err(witness.fail(what));
            }
        }
        let names = self.machine.podman.names();
        if names.iter().filter(|name| name.starts_with("foreign")).count() != 2 {
            return Err(self.machine.weather.witness().fail(format!("what is not ours is gone: {names:?}")));
        }
        Ok(())
    }
}

fn rename(podman: &Simulated, container: &str, which: usize) {
    podman.rename_by_hand(container, &format!("by.hand.{which}"));
}

fn limit(podman: &Simulated, container: &str, which: usize) {
    let memory = Some(Bytes(which as u64 * 4_096));
    podman.limit_by_hand(container, Allowance { memory, cpu: None });
}

/// An agent that begins after a while, and again whenever it cannot begin, as its unit says.
async fn live_again(machine: Arc<Machine>, settings: Arc<Settings>, length: u64) {
    sleep(Duration::from_millis(length)).await;
    loop {
        match begin(&machine, &settings).await {
            Ok(mut agent) => {
                machine.weather.witness().follow(agent.status());
                machine.listen(agent.answers().ear.clone());
                agent.run(std::future::pending()).await;
            }
            Err(error) => {
                let now = machine.weather.elapsed();
                machine.weather.witness().note(&format!("the agent cannot begin: {error}"), now);
                sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

async fn begin(machine: &Machine, settings: &Arc<Settings>) -> Result<Agent, CannotBegin> {
    let disk: Arc<_> = Arc::clone(&machine.disk);
    let store = Store::on(disk.clone(), &settings.fleet_state(), &settings.fleet, Some(machine.is()))?;
    let (ledger, found) = store.read()?;
    let podman: Arc<dyn Podman> = machine.podman.clone();
    let surroundings = Surroundings {
        clock: machine.clock(),
        source: machine.source.clone(),
        disk,
        store,
        ledger: (ledger, found),
        contents: Arc::new(KnownContents::default()),
        podman,
        prober: Arc::new(machine.prober()),
        reach: Reach::PodAddress,
        supervisor: Supervisor::default(),
    };
    Agent::among(settings, surroundings).await
}

/// The labels of a pod of ours, as somebody copies them.
fn copied_labels() -> BTreeMap<String, String> {
    let (workload, replica) = (WorkloadName::parse("w0").expect("a name"), ReplicaName::parse("w0-0").expect("a name"));
    let revision = Revision::of(TemplateVersion::NEWEST, &PodSpec::new(Vec::new()));
    PodLabels::new(&fleet(), &workload, &replica, revision, (&Binding::default(), Turn::First)).to_map()
}

fn settings() -> Arc<Settings> {
    let state = PathBuf::from("/state");
    Arc::new(Settings {
        node: node(),
        fleet: fleet(),
        source: state.join("plans"),
        signers: NonZeroU32::MIN,
        trust: state.join("trust"),
        secrets: state.join("secrets"),
        auth_file: state.join("auth.json"),
        podman: state.join("podman.sock"),
        listen: state.join("agent.sock"),
        http: None,
        state,
    })
}
