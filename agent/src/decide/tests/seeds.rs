//! Random lives from seeds: plans change, containers die, probes fail, power goes; what is promised holds at each moment.

use std::collections::BTreeSet;

use wlc_plan::{gate::Counts, instance::Instance, rollout::Replacement, spec::PodSpec};

use super::{super::*, world::*};
use crate::action::{Action, Reason};

const SEEDS: u64 = 300;
const STEPS: u64 = 40;

/// A small generator (xorshift64*): the same seed gives the same life.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

struct Life {
    world: World,
    dice: Dice,
    slot: u32,
    /// How many copies may stand beside what they replace; every second replica makes one.
    surge: u32,
    version: u32,
    count: u64,
}

fn plan(count: u64, version: u32, (size, surge): (u32, u32)) -> Vec<(Instance, PodSpec)> {
    let mut main = container("main");
    main.probes.readiness = Some(probe());
    let spec = PodSpec { restarted: Some(version.to_string()), ..spec(vec![main, container("side")]) };
    let one = |at| {
        let (mut one, spec) = instance(&format!("web-{at}"), &spec, vec![slot(size)]);
        if surge > 0 && at % 2 == 0 {
            one.gates.push(counted("web", Counts::Surge, surge));
            one.rollout.replacement = Replacement::StartFirst;
        }
        (one, spec)
    };
    (0..count).map(one).collect()
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let slot = u32::try_from(1 + dice.roll(3)).unwrap();
        let surge = u32::try_from(dice.roll(3)).unwrap();
        let world = World::new(plan(4, 1, (slot, surge)));
        let labels = world.desired.wanted[0].labels.to_map();
        world.podman.add_foreign_pod("copied", &labels, "copied-container");
        Self { world, dice, slot, surge, version: 1, count: 4 }
    }

    fn something_happens(&mut self) {
        let name = format!("web-{}", self.dice.roll(6));
        match self.dice.roll(9) {
            0 => self.version += 1,
            1 => self.count = self.dice.roll(7),
            2 | 3 => {
                let running = self.world.running();
                let own: Vec<_> = running.iter().filter(|one| one.starts_with("wlc.")).collect();
                if !own.is_empty() {
                    let victim = own[usize::try_from(self.dice.roll(own.len() as u64)).unwrap()].clone();
                    self.world.podman.kill(&victim, 137);
                }
            }
            4 => drop(self.world.sick.insert(replica(&name))),
            5 => self.world.sick.clear(),
            6 => drop(self.world.silent.insert(replica(&name))),
            7 => self.world.silent.clear(),
            _ => self.world.sleep(self.dice.roll(400_000)),
        }
        if self.dice.roll(25) == 0 {
            self.world.podman.lose_power();
        }
        self.world.accept(plan(self.count, self.version, (self.slot, self.surge)));
    }

    /// A pass, after which no more replicas are taken down by it than the slot has places.
    fn pass(&mut self) {
        let decision = self.world.decide();
        let ready: BTreeSet<_> =
            decision.states.iter().filter(|state| state.ready).map(|state| state.replica.clone()).collect();
        let wanted = self.world.desired.wanted.len();
        let mut seen = BTreeSet::new();
        let mut taken_down = 0;
        for task in &decision.tasks {
            assert!(seen.insert(&task.replica), "two tasks of one replica");
            let is_planned = task.reason == Reason::Changed && ends(task) && ready.contains(&task.replica);
            taken_down += usize::from(is_planned);
            for action in &task.actions {
                if let Action::RemovePod { pod } = action {
                    assert!(pod.starts_with("wlc.f."), "not ours: {pod}");
                }
            }
        }
        let size = usize::try_from(self.slot).unwrap();
        let available = decision.states.iter().filter(|one| one.ready && one.phase != Phase::Leaving).count();
        let missing = wanted.saturating_sub(available);
        let is_within = taken_down == 0 || missing + taken_down <= size;
        assert!(is_within, "{taken_down} taken down while {missing} were missing of {size}: {decision:#?}");
        let pods = self.world.observe().pods;
        let doubled = self.world.desired.wanted.iter().map(|wanted| wanted.replica());
        let doubled = doubled.filter(|replica| pods.iter().filter(|pod| pod.replica == **replica).count() > 1).count();
        let copies = decision.tasks.iter().filter(|task| task.reason == Reason::Changed && !ends(task)).count();
        let surge = usize::try_from(self.surge).unwrap();
        assert!(copies == 0 || doubled + copies <= surge, "{copies} copies beside {doubled} of {surge}: {decision:#?}");
        self.world.pass();
    }
}

/// Whether a task takes a pod away.
fn ends(task: &crate::action::Task) -> bool {
    task.actions.iter().any(|action| matches!(action, Action::RemovePod { .. }))
}

#[test]
fn whatever_happens_budgets_hold_and_the_world_settles() {
    for seed in 0..SEEDS {
        let mut life = Life::new(seed);
        for _ in 0..STEPS {
            life.something_happens();
            life.pass();
        }
        life.world.sick.clear();
        life.world.silent.clear();
        life.world.settle();
        let decision = life.world.decide();
        assert!(decision.tasks.is_empty() && decision.waits.is_empty(), "seed {seed}: {decision:#?}");
        assert_eq!(decision.states.len(), usize::try_from(life.count).unwrap(), "seed {seed}");
        assert!(decision.states.iter().all(|state| state.ready && state.phase == Phase::Running), "seed {seed}");
        let names = life.world.podman.names();
        assert!(names.iter().any(|name| name == "copied-container"), "seed {seed}: {names:?}");
    }
}
