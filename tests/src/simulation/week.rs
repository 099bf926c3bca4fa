//! A long life: one world for a week, and whether anything grows in it that nobody needs.
//!
//! The world lives in rounds. In each of them people publish the same files at the same times, with new versions of
//! everything, so that what there is at most is the same in each round, unless something is kept from the rounds before.
//! Faults are others in each round. What the simulation itself remembers is weighed and taken off: a copy of it is made,
//! and what the copy takes is its weight.

use std::fmt;

use tokio::time::sleep;
use wlagent::events::record;

use super::{
    Event, Failure, Happening,
    author::Author,
    life::{World, in_simulated_time},
    script::fault,
};
use crate::dice::Dice;

/// How often it is looked at what there is, in milliseconds.
const LOOK: u64 = 2 * 60_000;
/// How often somebody publishes.
const PUBLISH: u64 = 10 * 60_000;
/// How often something goes wrong.
const FAULT: u64 = 3 * 60_000;
/// How many versions a round has room for.
const VERSIONS: u32 = 1_000;
/// How many sets are remembered that may be put back.
const SETS: usize = 8;
/// By how much what there is at most may differ between the halves, in percent.
const MORE: usize = 5;

/// How long a world lives.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// From which everything else follows.
    pub seed: u64,
    /// How many rounds there are.
    pub rounds: u64,
    /// How many of them pass until what is kept for a while is as much as it will be. They do not count.
    pub settles: u64,
    /// How many minutes a round has.
    pub minutes: u64,
    /// Whether one agent lives all the time: nothing befalls it of which it dies.
    pub is_unbroken: bool,
}

impl Span {
    /// A week.
    pub const WEEK: Self = Self { seed: 0, rounds: 14, settles: 0, minutes: 12 * 60, is_unbroken: true };
    /// Two hours, and what comes before.
    pub const SHORT: Self = Self { seed: 0, rounds: 7, settles: 3, minutes: 20, is_unbroken: true };

    /// What happens in a round.
    fn events(&self, round: u64) -> Vec<Event> {
        let (mut always, mut now) = (Dice::new(self.seed), Dice::new(self.seed ^ (round + 1) << 32));
        let length = self.minutes * 60_000;
        let at = |time: u64, dice: &mut Dice| round * length + time + dice.below(60_000) as u64;
        let mut events = Vec::new();
        for time in (PUBLISH..length).step_by(PUBLISH as usize) {
            let what = Happening::Publish(always.below(1 << 30) as u64);
            events.push(Event { at: at(time, &mut always), what });
        }
        for time in (FAULT..length).step_by(FAULT as usize) {
            let event = Event { at: at(time, &mut now), what: fault(&mut now) };
            events.extend((!self.is_unbroken || !event.what.ends_agent()).then_some(event));
        }
        events.sort_by_key(|event| event.at);
        events
    }
}

/// What there was at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peaks {
    /// Bytes of the agent and of the Podman that it talks to.
    pub memory: usize,
    /// Bytes of the ledger.
    pub ledger: usize,
    /// Bytes of everything else that the agent keeps, without its events.
    pub kept: usize,
    /// Bytes of events.
    pub events: usize,
    /// Containers of the fleet.
    pub containers: usize,
    /// Volumes.
    pub volumes: usize,
}

impl Peaks {
    fn rows(&self) -> [(&'static str, usize); 5] {
        let Self { memory, ledger, kept, events: _, containers, volumes } = *self;
        [
            ("bytes of memory", memory),
            ("bytes of the ledger", ledger),
            ("bytes of accepted plans", kept),
            ("containers", containers),
            ("volumes", volumes),
        ]
    }

    /// The more of both.
    fn or(self, other: &Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            ledger: self.ledger.max(other.ledger),
            kept: self.kept.max(other.kept),
            events: self.events.max(other.events),
            containers: self.containers.max(other.containers),
            volumes: self.volumes.max(other.volumes),
        }
    }
}

/// What a long life was like.
#[derive(Debug, Clone, Default)]
pub struct LongLife {
    /// What there was at most in each round that counts.
    pub rounds: Vec<Peaks>,
    /// How many runs of cron jobs there were.
    pub fires: usize,
    /// How many plans were published.
    pub plans: u64,
    /// How many other things befell it.
    pub faults: u64,
    /// Bytes that went with the agent when it ended.
    pub agent: usize,
}

impl LongLife {
    /// What there was at most in each half.
    pub fn halves(&self) -> [Peaks; 2] {
        let (first, second) = self.rounds.split_at(self.rounds.len() / 2);
        [first, second].map(|rounds| rounds.iter().fold(Peaks::default(), |peaks, round| peaks.or(round)))
    }

    /// What has grown.
    pub fn growth(&self) -> Vec<String> {
        let [first, second] = self.halves();
        let rows = first.rows().into_iter().zip(second.rows());
        let grown = rows.filter(|((_, first), (_, second))| second * 100 > first * (100 + MORE));
        let mut grown: Vec<String> =
            grown.map(|((what, first), (_, second))| format!("{what}: {first}, and then {second}")).collect();
        let events = first.events.max(second.events);
        grown.extend((events > record::MOST_BYTES).then(|| format!("bytes of events: {events}")));
        grown
    }
}

impl fmt::Display for LongLife {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, fires, plans, faults, agent } = self;
        let [first, second] = self.halves();
        writeln!(
            formatter,
            "{fires} runs of cron jobs, {plans} plans, {faults} faults; the agent itself took {agent} bytes"
        )?;
        for ((what, first), (_, second)) in first.rows().into_iter().zip(second.rows()) {
            let percent = (second as f64 / first.max(1) as f64 - 1.0) * 100.0;
            writeln!(formatter, "  {what:28} {first:10} {second:10} {percent:+6.1} %")?;
        }
        let [memory, ledger]: [Vec<String>; 2] = [|one: &Peaks| one.memory, |one: &Peaks| one.ledger]
            .map(|of| rounds.iter().map(|one| of(one).to_string()).collect());
        writeln!(formatter, "  in each round: memory {}; ledger {}", memory.join(" "), ledger.join(" "))?;
        let events = record::MOST_BYTES;
        writeln!(formatter, "  {:28} {:10} {:10} at most {events}", "bytes of events", first.events, second.events)
    }
}

/// Lives for this long; `memory` tells how many bytes this process has in use.
///
/// # Errors
/// What was promised and not kept.
pub fn live_long(span: Span, memory: fn() -> usize) -> Result<LongLife, Failure> {
    in_simulated_time(async {
        let (world, life, here) = (World::new(span.seed), LongLife::default(), Peaks::default());
        let mut watched = Watched { world, life, next: LOOK, here, span, memory };
        watched.play().await?;
        Ok(watched.life)
    })
}

/// A world that is measured.
struct Watched {
    world: World,
    life: LongLife,
    /// When it is looked at next.
    next: u64,
    /// What there was at most in this round.
    here: Peaks,
    span: Span,
    memory: fn() -> usize,
}

impl Watched {
    async fn play(&mut self) -> Result<(), Failure> {
        let morning = self.world.author.clone();
        for round in 0..self.span.rounds {
            self.begin_round(&morning, round);
            for event in self.span.events(round) {
                self.wait_until(event.at).await?;
                self.world.befall(event.what)?;
                self.count(event.what);
            }
            self.wait_until((round + 1) * self.span.minutes * 60_000).await?;
            let peaks = std::mem::take(&mut self.here);
            self.life.rounds.extend((round >= self.span.settles).then_some(peaks));
        }
        self.life.fires = self.world.machine.weather.witness().fires();
        self.world.become_quiet().await?;
        self.life.agent = self.weigh_agent().await;
        self.world.stay_quiet().await
    }

    fn begin_round(&mut self, morning: &Author, round: u64) {
        let base = u32::try_from(round + 1).expect("there are few") * VERSIONS;
        self.world.author.begin_round(morning, base);
        self.world.publish(None);
        self.life.plans += 1;
    }

    fn count(&mut self, what: Happening) {
        match what {
            Happening::Publish(_) => self.life.plans += 1,
            _ => self.life.faults += 1,
        }
        let surplus = self.world.sets.len().saturating_sub(SETS);
        self.world.sets.drain(..surplus);
    }

    async fn wait_until(&mut self, at: u64) -> Result<(), Failure> {
        while self.next <= at {
            self.world.wait_until(self.next).await;
            let now = self.look();
            self.here = self.here.or(&now);
            self.next += LOOK;
        }
        self.world.wait_until(at).await;
        self.world.kept()
    }

    fn look(&self) -> Peaks {
        let machine = &self.world.machine;
        machine.podman.forget_journal();
        machine.weather.witness().forget_plans();
        let (disk, state) = (&machine.disk, self.world.settings.fleet_state());
        let (ledger, events) = (disk.bytes_below(&self.world.ledger()), disk.bytes_below(&record::folder(&state)));
        Peaks {
            memory: (self.memory)().saturating_sub(self.weigh_simulation()),
            ledger,
            events,
            kept: disk.bytes_below(&state) - ledger - events,
            containers: machine.podman.glimpse(|glimpse| glimpse.containers().count()),
            volumes: machine.podman.glimpse(|glimpse| glimpse.volumes().count()),
        }
    }

    /// Bytes that the simulation takes for itself: what was written, published, seen and put on the disk.
    fn weigh_simulation(&self) -> usize {
        let World { machine, author, publisher, sets, .. } = &self.world;
        let witness = self.weigh(|| machine.weather.witness().clone());
        let set = self.weigh(|| machine.source.set());
        let written = self.weigh(|| (author.clone(), publisher.clone(), sets.clone()));
        let disk = self.weigh(|| machine.disk.as_ref().clone()) + machine.disk.spare();
        witness + set + written + disk
    }

    /// Bytes that a copy takes.
    fn weigh<T>(&self, copy: impl FnOnce() -> T) -> usize {
        let before = (self.memory)();
        let copied = copy();
        let weight = (self.memory)() - before;
        drop(copied);
        weight
    }

    /// Bytes that go with the agent.
    async fn weigh_agent(&mut self) -> usize {
        let before = (self.memory)();
        self.world.kill_agent(1_000);
        sleep(std::time::Duration::from_millis(1)).await;
        before.saturating_sub((self.memory)())
    }
}
