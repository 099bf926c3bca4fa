//! The machine that an agent lives on: a clock that jumps, a Podman with moods, a disk, a source of plans, probes.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    time::{Instant, sleep, timeout},
};
use wlagent::{
    accept::{Judgement, judge},
    clock::{Clock, Moment},
    disk::simulated::SimulatedDisk,
    podman::{
        Executed,
        simulated::{Ending, Fate, Glimpse, Life, Program, Simulated},
    },
    probes::{
        Prober,
        due::Question,
        exec,
        verdict::{Answer, ProbeKind},
    },
    source::{Source, Watching, watch::Look},
    words::{Ask, Word},
};
use wlc_plan::{
    digest::Digest,
    name::{FileKey, FleetName, NodeName, ReplicaName, SecretName, WorkloadName},
    set::Expectations,
    spec::ProbeHandler,
    trust::Trust,
};

use super::{
    Ill,
    ledger::this_machine,
    publisher::{Set, trust},
    witness::Witness,
};
use crate::dice::Dice;

/// 2026-01-01, in milliseconds since 1970.
const BEGINNING: u64 = 1_767_225_600_000;

/// The image that everything is made from, by both its names.
const IMAGES: [&str; 2] = ["app", "localhost/app"];

/// How many workloads there may ever be.
const WORKLOADS: usize = 24;

/// The machine, without its agent.
pub(super) struct Machine {
    pub(super) weather: Arc<Weather>,
    pub(super) podman: Arc<Simulated>,
    pub(super) disk: Arc<SimulatedDisk>,
    pub(super) source: Arc<SimulatedSource>,
    /// What the agent finds the machine to be.
    is: Mutex<Digest>,
    /// Whether the agent must not act on its state.
    barred: AtomicBool,
    /// Where somebody may speak to the agent.
    ear: Mutex<Option<UnboundedSender<Word>>>,
}

/// Time, and what goes wrong at the moment.
pub(super) struct Weather {
    begun: Instant,
    jumped: AtomicI64,
    dice: Mutex<Dice>,
    witness: Mutex<Witness>,
    pub(super) deaf: Spell,
    pub(super) slow: Spell,
    pub(super) upset: Spell,
    pub(super) silent: Spell,
    pub(super) mute: Spell,
    sick: Mutex<BTreeMap<String, (u64, Ill)>>,
    calm: AtomicBool,
}

/// A trouble that ends by itself.
#[derive(Debug, Default)]
pub(super) struct Spell(AtomicU64);

impl Spell {
    /// It lasts until this moment.
    pub(super) fn last_until(&self, end: u64) {
        self.0.store(end, Ordering::Relaxed);
    }

    fn is_on(&self, now: u64) -> bool {
        now < self.0.load(Ordering::Relaxed)
    }
}

impl Machine {
    pub(super) fn new(seed: u64) -> Self {
        let weather = Arc::new(Weather {
            begun: Instant::now(),
            jumped: AtomicI64::new(0),
            dice: Mutex::new(Dice::new(seed ^ 0x5eed)),
            witness: Mutex::default(),
            deaf: Spell::default(),
            slow: Spell::default(),
            upset: Spell::default(),
            silent: Spell::default(),
            mute: Spell::default(),
            sick: Mutex::default(),
            calm: AtomicBool::new(false),
        });
        let (told, life) = (Arc::clone(&weather), Arc::clone(&weather));
        let podman = Simulated::new(&fleet(), move || told.moment()).living(life);
        let machine = Self {
            weather,
            podman: Arc::new(podman),
            disk: Arc::default(),
            source: Arc::default(),
            is: Mutex::new(this_machine()),
            barred: AtomicBool::new(false),
            ear: Mutex::default(),
        };
        machine.have_all();
        machine
    }

    /// Everything that the programs need is there, and does what it should.
    pub(super) fn have_all(&self) {
        self.have_images();
        self.set_hooks(0);
        self.set_inits(0);
        (0..WORKLOADS).for_each(|workload| self.set_secret(workload, Some(b"secret")));
    }

    /// From now on hooks after a start end with this code.
    pub(super) fn set_hooks(&self, code: i32) {
        self.podman.set_command(&["warm"], Executed::Ended { code, output: String::new() });
    }

    /// From now on init containers end with this code.
    pub(super) fn set_inits(&self, code: i32) {
        self.podman.set_program(&["setup"], Program::Ends(code));
    }

    /// The node has these bytes of a workload's secret, or none.
    pub(super) fn set_secret(&self, workload: usize, bytes: Option<&[u8]>) {
        let secret = SecretName::parse(&format!("w{}", workload % WORKLOADS)).expect("a name");
        let key = FileKey::parse("token").expect("a key");
        match bytes {
            Some(bytes) => self.podman.set_secret(&secret, &key, bytes),
            None => self.podman.take_secret(&secret, &key),
        }
    }

    /// An agent lives, and listens here.
    pub(super) fn listen(&self, ear: UnboundedSender<Word>) {
        *self.ear.lock().expect("no panic") = Some(ear);
    }

    /// Somebody wants replicas to be made anew.
    pub(super) fn ask_to_restart(&self, replicas: &[String]) {
        let names = replicas.iter().filter_map(|replica| ReplicaName::parse(replica).ok()).collect();
        self.weather.witness().note_asked(replicas);
        if let Some(ear) = self.ear.lock().expect("no panic").as_ref() {
            // Nobody listens while the agent is away.
            let (name, by) = (replicas.join(" "), "somebody".to_owned());
            drop(ear.send(Word { name, by, ask: Ask::Restart(names) }));
        }
    }

    /// Somebody wants a cron job to run now.
    pub(super) fn ask_to_run(&self, workload: &str) {
        self.say(workload, |workload| Ask::Trigger { workload, parameters: BTreeMap::new() });
    }

    /// Somebody says that a job may run of which nobody knows what has run, or that a replica begins with empty claims. Of a
    /// job the name is that of its workload.
    pub(super) fn ask_to_retry(&self, replica: &str, workload: &str) {
        let replica = ReplicaName::parse(replica).expect("a workload's name is one of a replica too");
        self.say(workload, |workload| Ask::Retry(vec![(replica, workload)]));
    }

    fn say(&self, workload: &str, ask: impl FnOnce(WorkloadName) -> Ask) {
        if let Some(ear) = self.ear.lock().expect("no panic").as_ref() {
            let (name, by) = (workload.to_owned(), "somebody".to_owned());
            let ask = ask(WorkloadName::parse(workload).expect("a name"));
            drop(ear.send(Word { name, by, ask }));
        }
    }

    /// The images that everything is made from are there.
    pub(super) fn have_images(&self) {
        IMAGES.iter().for_each(|image| self.podman.add_image(image, ""));
        self.weather.witness().image_is_away(None);
    }

    /// Somebody removes them.
    pub(super) fn lose_images(&self) {
        IMAGES.iter().for_each(|image| self.podman.lose_image(image));
        self.weather.witness().image_is_away(Some(self.weather.elapsed()));
    }

    /// The machine's id.
    pub(super) fn is(&self) -> Digest {
        *self.is.lock().expect("no panic")
    }

    /// From now on the agent finds another machine.
    pub(super) fn be(&self, machine: Digest) {
        *self.is.lock().expect("no panic") = machine;
    }

    /// Whether the agent must not act.
    pub(super) fn is_barred(&self) -> bool {
        self.barred.load(Ordering::Relaxed)
    }

    /// From now on the agent must not act, or may again.
    pub(super) fn bar(&self, is_barred: bool) {
        self.barred.store(is_barred, Ordering::Relaxed);
        self.weather.witness().bar(is_barred);
    }

    pub(super) fn clock(&self) -> Clock {
        let weather = Arc::clone(&self.weather);
        Clock::new(move || weather.moment())
    }

    pub(super) fn prober(&self) -> SimulatedProber {
        SimulatedProber { weather: Arc::clone(&self.weather), podman: Arc::clone(&self.podman) }
    }
}

pub(super) fn fleet() -> FleetName {
    FleetName::parse("f").expect("a name")
}

impl Weather {
    /// Milliseconds from the beginning; no jump of the clock changes them.
    pub(super) fn elapsed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn moment(&self) -> Moment {
        Moment((BEGINNING + self.elapsed()).saturating_add_signed(self.jumped.load(Ordering::Relaxed)))
    }

    pub(super) fn jump(&self, milliseconds: i64) {
        self.jumped.fetch_add(milliseconds, Ordering::Relaxed);
        self.witness().clock_jumped(self.elapsed());
    }

    pub(super) fn sicken(&self, replica: &str, end: u64, ill: Ill) {
        self.sick.lock().expect("no panic").insert(replica.to_owned(), (end, ill));
    }

    fn illness(&self, replica: &str) -> Option<Ill> {
        let sick = self.sick.lock().expect("no panic");
        sick.get(replica).filter(|(end, _)| self.elapsed() < *end).map(|(_, ill)| *ill)
    }

    /// Whether nothing goes wrong any more.
    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Everything that goes wrong has an end.
    pub(super) fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
        [&self.deaf, &self.slow, &self.upset, &self.silent, &self.mute].iter().for_each(|spell| spell.last_until(0));
        self.sick.lock().expect("no panic").clear();
    }

    pub(super) fn witness(&self) -> MutexGuard<'_, Witness> {
        self.witness.lock().expect("no panic")
    }

    fn below(&self, end: usize) -> usize {
        self.dice.lock().expect("no panic").below(end)
    }

    fn milliseconds(&self, least: usize, most: usize) -> Duration {
        Duration::from_millis((least + self.below(most - least)) as u64)
    }
}

impl Life for Weather {
    fn fate(&self, call: &str) -> Fate {
        let now = self.elapsed();
        self.witness().called(call, now);
        let most = if self.slow.is_on(now) { 5_000 } else { 10 };
        let (before, behind) = (self.milliseconds(1, most), self.milliseconds(0, most));
        let ending = if self.silent.is_on(now) {
            Ending::Refused
        } else if self.upset.is_on(now) {
            [Ending::Well, Ending::Refused, Ending::HalfDone(self.below(4) as u64), Ending::Unheard][self.below(4)]
        } else {
            Ending::Well
        };
        Fate { before, behind, ending }
    }

    fn stopping(&self, _container: &str) -> Duration {
        [self.milliseconds(1, 300), self.milliseconds(1_000, 10_000), Duration::from_secs(100)][self.below(3)]
    }

    fn is_heard(&self) -> bool {
        !self.deaf.is_on(self.elapsed())
    }

    fn saw(&self, line: &str, _now: Moment, glimpse: Glimpse<'_>) {
        let sick: Vec<String> = {
            let sick = self.sick.lock().expect("no panic");
            let is_sick = |(end, ill): &(u64, Ill)| self.elapsed() < *end && *ill != Ill::Hung;
            sick.iter().filter(|(_, sick)| is_sick(sick)).map(|(replica, _)| replica.clone()).collect()
        };
        self.witness().saw(line, self.elapsed(), &sick, glimpse);
    }
}

/// Where the agent finds its plans.
pub(super) struct SimulatedSource {
    set: watch::Sender<Set>,
}

impl Default for SimulatedSource {
    fn default() -> Self {
        Self { set: watch::Sender::new(Set::new()) }
    }
}

impl SimulatedSource {
    /// What lies there.
    pub(super) fn set(&self) -> Set {
        self.set.borrow().clone()
    }

    /// From now on this set lies there.
    pub(super) fn put(&self, set: Set) {
        self.set.send_replace(set);
    }

    /// The rest of a set that was half copied comes, unless another one lies there by now.
    pub(super) fn complete(&self, half: &Set, set: Set) {
        self.set.send_if_modified(|there| {
            let is_there = there == half;
            if is_there {
                *there = set;
            }
            is_there
        });
    }
}

impl Source for SimulatedSource {
    fn trust(&self) -> Result<Trust, String> {
        Ok(trust())
    }

    fn look(&self, node: &NodeName, expectations: &Expectations<'_>, before: Option<&Judgement>) -> Judgement {
        judge(&*self.set.borrow(), node, expectations, before)
    }

    fn watch(&self, _node: &NodeName) -> Box<dyn Watching> {
        let mut changes = self.set.subscribe();
        changes.mark_changed();
        Box::new(SourceWatch { changes })
    }
}

struct SourceWatch {
    changes: watch::Receiver<Set>,
}

impl Watching for SourceWatch {
    fn changed(&mut self) -> Pin<Box<dyn Future<Output = Look> + Send + '_>> {
        Box::pin(async {
            match timeout(Duration::from_secs(30), self.changes.changed()).await {
                Ok(_) => Look::Changed,
                Err(_) => Look::Rescan,
            }
        })
    }
}

/// Answers probes as the simulated programs do: they are ready so long after their start as their revision says.
pub(super) struct SimulatedProber {
    weather: Arc<Weather>,
    podman: Arc<Simulated>,
}

impl Prober for SimulatedProber {
    fn ask<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            sleep(self.weather.milliseconds(1, 20)).await;
            if self.weather.mute.is_on(self.weather.elapsed()) {
                return Answer::Unheard("nobody can be asked".to_owned());
            }
            match &question.probe.handler {
                ProbeHandler::Exec(command) => {
                    match exec::ask(self.podman.as_ref(), &question.id, command, question.probe.timeout).await {
                        Answer::Good => self.answer(question),
                        other => other,
                    }
                }
                ProbeHandler::Http(_) | ProbeHandler::Https(_) | ProbeHandler::Tcp(_) | ProbeHandler::Grpc(_) => {
                    self.answer(question)
                }
            }
        })
    }
}

impl SimulatedProber {
    fn answer(&self, question: &Question) -> Answer {
        if self.podman.running_since(&question.id).is_none() {
            return Answer::Bad("refused".to_owned());
        }
        let mut witness = self.weather.witness();
        let ill = witness.replica_of(&question.id).and_then(|replica| self.weather.illness(replica));
        let is_up = witness.is_up(&question.id, self.weather.elapsed());
        let is_good = match question.kind {
            ProbeKind::Liveness => !matches!(ill, Some(Ill::Dead | Ill::Hung)),
            ProbeKind::Startup | ProbeKind::Readiness => is_up && !matches!(ill, Some(Ill::Dead | Ill::Unready)),
        };
        witness.probed(&question.id, question.kind, is_good);
        if is_good { Answer::Good } else { Answer::Bad("503".to_owned()) }
    }
}
