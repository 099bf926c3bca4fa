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
    sync::watch,
    time::{Instant, sleep, timeout},
};
use wlagent::{
    accept::{Judgement, judge},
    clock::{Clock, Moment},
    disk::simulated::SimulatedDisk,
    podman::simulated::{Ending, Fate, Glimpse, Life, Simulated},
    probes::{Prober, due::Question, verdict::Answer},
    source::{Source, Watching, watch::Look},
};
use wlc_plan::{
    digest::Digest,
    name::{FleetName, NodeName},
    set::Expectations,
    spec::ProbeHandler,
    trust::Trust,
};

use super::{
    ledger::this_machine,
    publisher::{Set, trust},
    witness::Witness,
};
use crate::dice::Dice;

/// 2026-01-01, in milliseconds since 1970.
const BEGINNING: u64 = 1_767_225_600_000;

/// The image that everything is made from, by both its names.
const IMAGES: [&str; 2] = ["app", "localhost/app"];

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
    sick: Mutex<BTreeMap<String, u64>>,
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
            sick: Mutex::default(),
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
        };
        machine.have_images();
        machine
    }

    /// The images that everything is made from are there.
    pub(super) fn have_images(&self) {
        IMAGES.iter().for_each(|image| self.podman.add_image(image, ""));
    }

    /// Somebody removes them.
    pub(super) fn lose_images(&self) {
        IMAGES.iter().for_each(|image| self.podman.remove_image(image));
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
    }

    pub(super) fn sicken(&self, replica: &str, end: u64) {
        self.sick.lock().expect("no panic").insert(replica.to_owned(), end);
    }

    pub(super) fn is_sick(&self, replica: &str) -> bool {
        self.sick.lock().expect("no panic").get(replica).is_some_and(|end| self.elapsed() < *end)
    }

    /// Everything that goes wrong has an end.
    pub(super) fn calm(&self) {
        [&self.deaf, &self.slow, &self.upset, &self.silent].iter().for_each(|spell| spell.last_until(0));
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
    fn fate(&self, _call: &str) -> Fate {
        let now = self.elapsed();
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
            sick.iter().filter(|(_, end)| self.elapsed() < **end).map(|(replica, _)| replica.clone()).collect()
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
    /// From now on this set lies there.
    pub(super) fn put(&self, set: Set) {
        self.set.send_replace(set);
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

/// Answers probes as the simulated programs do: `/after/MS` is fine so long after the start, `/never` never.
pub(super) struct SimulatedProber {
    weather: Arc<Weather>,
    podman: Arc<Simulated>,
}

impl Prober for SimulatedProber {
    fn ask<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            sleep(self.weather.milliseconds(1, 20)).await;
            self.answer(question)
        })
    }
}

impl SimulatedProber {
    fn answer(&self, question: &Question) -> Answer {
        if self.podman.running_since(&question.id).is_none() {
            return Answer::Bad("refused".to_owned());
        }
        let witness = self.weather.witness();
        let is_sick = witness.replica_of(&question.id).is_some_and(|replica| self.weather.is_sick(replica));
        let age = witness.age(&question.id, self.weather.elapsed());
        let path = match &question.probe.handler {
            ProbeHandler::Http(http) => http.path.as_str(),
            _ => "",
        };
        let is_up = match path.strip_prefix("/after/") {
            Some(after) => after.parse().is_ok_and(|after| age >= after),
            None => path != "/never",
        };
        if is_up && !is_sick { Answer::Good } else { Answer::Bad("503".to_owned()) }
    }
}
