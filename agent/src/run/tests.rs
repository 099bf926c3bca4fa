//! When the loop wakes.

use std::{
    num::NonZeroU32,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::time::sleep;
use wlc_plan::name::{FleetName, NodeName};

use super::*;
use crate::{
    agent::Surroundings,
    clock::Clock,
    disk::simulated::SimulatedDisk,
    ledger::{
        Ledger,
        store::{Found, Store},
    },
    podman::simulated::Simulated,
    probes::{Prober, due::Reach},
    settings::Settings,
    source::{DirectorySource, watch::Look},
    supervisor::Supervisor,
};

/// A source in which nothing changes, and a prober that nobody asks.
struct Nothing;

impl Watching for Nothing {
    fn changed(&mut self) -> Pin<Box<dyn Future<Output = Look> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

impl Prober for Nothing {
    fn ask<'a>(&'a self, _question: &'a Question) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(std::future::pending())
    }
}

fn settings() -> Settings {
    let state = PathBuf::from("/state");
    Settings {
        node: NodeName::parse("n").unwrap(),
        fleet: FleetName::parse("f").unwrap(),
        source: state.join("plans"),
        signers: NonZeroU32::MIN,
        trust: state.join("trust"),
        secrets: state.join("secrets"),
        auth_file: state.join("auth.json"),
        podman: state.join("podman.sock"),
        listen: state.join("agent.sock"),
        http: None,
        state,
    }
}

/// A clock in tokio's time, which is ahead by so many milliseconds.
fn clock(ahead: &Arc<AtomicI64>) -> Clock {
    let (begun, ahead) = (Instant::now(), Arc::clone(ahead));
    Clock::new(move || {
        let passed = u64::try_from(begun.elapsed().as_millis()).unwrap();
        Moment(1_000_000_000 + passed).jumped(ahead.load(Ordering::Relaxed))
    })
}

async fn agent(clock: Clock) -> Agent {
    let settings = Arc::new(settings());
    let disk = Arc::new(SimulatedDisk::default());
    let store = Store::on(disk.clone(), &settings.fleet_state(), &settings.fleet, None).unwrap();
    let time = clock.clone();
    let surroundings = Surroundings {
        clock,
        source: Arc::new(DirectorySource::new(&settings)),
        disk,
        store,
        ledger: (Ledger::default(), Found::Whole),
        contents: Arc::default(),
        podman: Arc::new(Simulated::new(&settings.fleet, move || time.now())),
        prober: Arc::new(Nothing),
        reach: Reach::PodAddress,
        supervisor: Supervisor::default(),
    };
    Agent::among(&settings, surroundings).await.unwrap()
}

/// How long the agent sleeps that waits for a time 30 s away, when its clock jumps by so much after 5 s.
async fn sleeps_through_a_jump(by: i64) -> Duration {
    let ahead = Arc::new(AtomicI64::new(0));
    let clock = clock(&ahead);
    let mut agent = agent(clock.clone()).await;
    let (begun, due) = (Instant::now(), clock.now().plus(Millis::from_seconds(30)));
    tokio::spawn(async move {
        sleep(Duration::from_secs(5)).await;
        ahead.store(by, Ordering::Relaxed);
    });
    agent.sleep_until_reason(&mut Nothing, Some(due)).await;
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_noticed_soon_in_both_directions() {
    let day = 86_400_000;
    assert_eq!(sleeps_through_a_jump(0).await, Duration::from_secs(30), "it did not jump");
    assert_eq!(sleeps_through_a_jump(500).await.as_secs(), 29, "a small step is none");
    for by in [-day, -2_000, 2_000, day] {
        let slept = sleeps_through_a_jump(by).await;
        assert!(slept > Duration::from_secs(5) && slept <= Duration::from_secs(7), "{by}: {slept:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_no_time_sleeps_until_the_next_rescan() {
    let mut agent = agent(clock(&Arc::default())).await;
    let begun = Instant::now();
    agent.sleep_until_reason(&mut Nothing, None).await;
    assert_eq!(begun.elapsed(), RESCAN);
}
