//! What of a world stands in the record of events, each once.

use std::{path::Path, sync::Arc};

use super::{rollbacks::going_back, rollouts::reference, web, world::*};
use crate::{
    action::Reason,
    disk::{Disk, simulated::SimulatedDisk},
    events::{
        Event,
        notice::{Notice, Pass},
        record,
    },
    observed::LastWords,
};

const STATE: &str = "/state";

struct Noticed {
    world: World,
    disk: Arc<SimulatedDisk>,
    notice: Notice,
}

impl Noticed {
    fn new(world: World) -> Self {
        let disk = Arc::new(SimulatedDisk::default());
        disk.make_folder(Path::new(STATE)).unwrap();
        let notice = Notice::open(Arc::clone(&disk) as _, Path::new(STATE));
        let mut noticed = Self { world, disk, notice };
        noticed.settle();
        noticed
    }

    /// An agent that begins anew.
    fn begin_anew(&mut self) {
        self.notice = Notice::open(Arc::clone(&self.disk) as _, Path::new(STATE));
    }

    fn pass(&mut self) -> bool {
        let (observed, decision, now) = (self.world.observe(), self.world.decide(), self.world.now());
        let (desired, ledger) = (&self.world.desired, &self.world.ledger);
        self.notice.pass(Pass { desired, observed: &observed, ledger, decision: &decision, now });
        for task in &decision.tasks {
            self.notice.changing(task, None, now);
        }
        self.notice.keep();
        let decision = self.world.pass();
        let sleep = decision.next_due.map_or(0, |at| at.since(self.world.now()).0);
        self.world.sleep(if decision.tasks.is_empty() { sleep } else { 0 });
        decision.tasks.is_empty() && decision.next_due.is_none()
    }

    fn settle(&mut self) {
        assert!((0..300).any(|_| self.pass()), "it settles");
    }

    /// The lines since the last call, without their times.
    fn lines(&self) -> Vec<String> {
        let entries = record::read(self.disk.as_ref(), &record::folder(Path::new(STATE))).unwrap();
        entries.iter().map(|entry| entry.to_string().split_once("  ").unwrap().1.to_owned()).collect()
    }

    fn count(&self, part: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(part)).count()
    }
}

/// S-468: once, also by the next agent.
#[test]
fn a_failure_is_noted_once_with_all_that_is_left_of_it() {
    let mut noticed = Noticed::new(World::new(web(1, 1)));
    let running = noticed.world.running().remove(0);
    let words = LastWords { out_of_memory: true, log: "one\n\u{1b}two".to_owned(), message: "sorry".to_owned() };
    noticed.world.podman.kill_with_last_words(&running, 137, words);
    noticed.settle();
    let failure = "web-0  run 0 of `main` ended with 137 (OOMKilled, signal KILL)";
    let lines = noticed.lines();
    let line = lines.iter().find(|line| line.starts_with(failure)).unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(line.ends_with(": sorry\n    | one\n    |  two"), "{line}");
    let again = format!("is changed: {}", Reason::Ended { container: container("main").name, code: Some(137) });
    assert_eq!((noticed.count(failure), noticed.count(&again)), (1, 1));
    noticed.begin_anew();
    noticed.settle();
    assert_eq!(noticed.count(failure), 1, "the next agent knows that it is noted");
    // What ended while no agent ran is noted by the next one.
    noticed.world.sleep(5_000);
    noticed.world.podman.kill(&noticed.world.running().remove(0), 1);
    noticed.begin_anew();
    noticed.settle();
    assert_eq!(noticed.count("run 1 of `main` ended with 1 (Error)"), 1, "{:#?}", noticed.lines());
}

#[test]
fn what_was_changed_by_hand_is_named() {
    let mut noticed = Noticed::new(World::new(web(1, 1)));
    noticed.world.podman.pause_by_hand(&noticed.world.running()[0], true);
    noticed.settle();
    assert_eq!(
        noticed.count("web-0  `main` is paused by somebody else, and is put right"),
        1,
        "{:#?}",
        noticed.lines()
    );
}

#[test]
fn a_rollout_is_noted_from_its_begin_to_its_end() {
    let mut noticed = Noticed::new(World::new(going_back(2, 1)));
    let numbered = |number: u32| format!("revision {number} ({})", reference(number).revision.short());
    noticed.world.accept(going_back(2, 2));
    noticed.settle();
    for number in [1, 2] {
        let (begins, finished) =
            (format!("rollout of {} begins", numbered(number)), format!("{} is finished", numbered(number)));
        assert_eq!((noticed.count(&begins), noticed.count(&finished)), (1, 1), "{:#?}", noticed.lines());
    }
    noticed.world.sick_at.extend([0, 1].map(|at| (replica(&format!("web-{at:02}")), reference(3).revision)));
    noticed.world.accept(going_back(2, 3));
    for _ in 0..60 {
        noticed.pass();
        noticed.world.sleep(60_000);
    }
    noticed.settle();
    let given_up = format!("web  {} is given up: `web-0", numbered(3));
    assert_eq!(noticed.count(&given_up), 1, "{:#?}", noticed.lines());
    assert_eq!(noticed.count(&format!("{} is finished", numbered(3))), 0);
}

/// A replica's way through its states is there, and an idle pass adds nothing.
#[test]
fn states_are_noted_when_they_change() {
    let mut noticed = Noticed::new(World::new(web(2, 1)));
    let before = noticed.lines().len();
    noticed.world.sleep(3_600_000);
    noticed.settle();
    assert_eq!(noticed.lines().len(), before);
    noticed.begin_anew();
    let recalled = noticed.notice.recalled();
    let (state, ready, since) = &recalled[&replica("web-0")];
    assert!(state == "running" && *ready && *since < noticed.world.now().timestamp(), "{recalled:?}");
    noticed.settle();
    noticed.world.accept(web(1, 1));
    noticed.settle();
    assert_eq!((noticed.count("web-1  is leaving"), noticed.count("web-1  is gone")), (1, 1), "{:#?}", noticed.lines());
}

#[test]
fn entries_keep_their_form() {
    let noticed = Noticed::new(World::new(web(1, 1)));
    let entries = record::read(noticed.disk.as_ref(), &record::folder(Path::new(STATE))).unwrap();
    let changing = entries.iter().find(|entry| matches!(entry.event, Event::Changing { .. })).unwrap();
    let pod = &noticed.world.observe().pods[0].name;
    let expected = serde_json::json!({
        "number": changing.number, "at": "1970-01-01T00:16:40Z", "replica": "web-0", "event": "changing", "pod": pod,
        "reason": "new in the plan"
    });
    assert_eq!(serde_json::to_value(changing).unwrap(), expected);
}
