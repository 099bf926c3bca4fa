//! How much the ledger is at most.

use std::collections::BTreeMap;

use wlc_plan::{
    name::{ContainerName, EnvName, ReplicaName, WorkloadName},
    numbers::Numbers,
    quantity::Millis,
    restarts::FlapLimit,
    revision::{Revision, TemplateVersion},
    spec::PodSpec,
    time::Timestamp,
};

use super::{
    Cause, Fetched, Ledger,
    jobs::{Attempts, CronRecord, End, JobRecord, Missed, Row, Trigger, Verdict},
    rollout::{Bad, Begun},
    store::sealed,
};
use crate::clock::Moment;

/// Replicas of services, and numbers of jobs: 1,000 together.
const REPLICAS: u32 = 900;
const JOBS: u32 = 2;
const CRON_JOBS: u32 = 20;
const NOW: Moment = Moment(1_795_718_400_000);
/// Longer than what is kept of it.
const WORDS: usize = 3_000;

fn workload(kind: &str, number: u32) -> WorkloadName {
    WorkloadName::parse(&format!("{kind}-of-a-fleet-{number:02}")).expect("it is well formed")
}

fn revision() -> Revision {
    Revision::of(TemplateVersion::NEWEST, &PodSpec::new(Vec::new()))
}

/// A replica that was available, whose two containers end again and again, and whose last step failed with many words.
fn suffer(ledger: &mut Ledger, number: u32) {
    let (workload, replica) =
        (workload("service", number / 25), format!("service-of-a-fleet-{:02}-{number}", number / 25));
    let (pod, replica) =
        (format!("wlc.production.{replica}.1234abcd"), ReplicaName::parse(&replica).expect("it is well formed"));
    let limit = FlapLimit { ends: 5, within: Millis::from_seconds(600) };
    for container in ["main", "metrics-exporter"] {
        let runs = ledger.runs_mut(&pod, &ContainerName::parse(container).expect("it is well formed"));
        (runs.good, runs.ended_by_probe) = (1_000, Some(1_010));
        (1_010..1_015).for_each(|attempt| assert_eq!(runs.ended(attempt, NOW, limit), attempt == 1_014));
    }
    ledger.failed(&replica, (&pod, Cause::Start), NOW, "x".repeat(WORDS));
    ledger.claims.insert(format!("wlc.production.{replica}.data"));
    let rollouts = ledger.rollouts.entry(workload).or_default();
    rollouts.complete = Some(revision());
    rollouts.bad = Some(Bad { number: 1_000, revision: revision(), why: "x".repeat(200) });
    rollouts.begun.insert(replica, Begun { revision: revision(), pod: pod.clone(), at: NOW });
    ledger.available.insert(pod);
}

/// A run of fifty numbers: some have succeeded, one in two goes on failing.
fn run(word: &str, numbers: std::ops::Range<u32>) -> JobRecord {
    let row = Some(Row { count: 6, last: NOW });
    let attempts = numbers.map(|index| (index, Attempts { next: 7, seen: true, failed: 6, row })).collect();
    let parameters = [(EnvName::parse("DAY").expect("it is well formed"), "2026-11-23".to_owned())];
    JobRecord {
        run: word.to_owned(),
        begun: Some(NOW),
        succeeded: Numbers::parse("1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49")
            .expect("it is well formed"),
        failed_numbers: Numbers::parse("0,10,20,30,40").expect("it is well formed"),
        failed: 300,
        row,
        attempts,
        verdict: Some(Verdict { end: End::BackoffLimitExceeded, at: NOW, why: "x".repeat(200) }),
        finished: Some(NOW),
        revision: Some(revision()),
        slot: Some(Timestamp::from_seconds(1_795_718_400)),
        parameters: BTreeMap::from(parameters),
        by: Some("somebody@somewhere.example".to_owned()),
        ..JobRecord::default()
    }
}

fn cron() -> CronRecord {
    let slot = Timestamp::from_seconds(1_795_718_400);
    let trigger = Trigger { by: "somebody@somewhere.example".to_owned(), at: NOW, parameters: BTreeMap::new() };
    let names = (0..6).map(|minute| format!("2026112300{minute:02}"));
    CronRecord {
        last: Some(slot),
        last_success: Some(NOW),
        missed: 1_000,
        last_missed: Some(Missed { slot, why: "x".repeat(100) }),
        triggers: vec![trigger],
        runs: names.map(|name| (name.clone(), run(&name, 0..1))).collect(),
        ..CronRecord::since(slot)
    }
}

/// All replicas of a large node are as bad as can be at once. A container that ends again and again is not ready.
#[test]
fn of_a_thousand_replicas_less_than_a_mebibyte_is_remembered() {
    let mut ledger = Ledger::default();
    (0..REPLICAS).for_each(|number| suffer(&mut ledger, number));
    (0..JOBS).for_each(|number| drop(ledger.jobs.insert(workload("job", number), run("2026-11-23", 0..50))));
    (0..CRON_JOBS).for_each(|number| drop(ledger.crons.insert(workload("cron-job", number), cron())));
    for number in 0..100 {
        let name = format!("registry.example/team/image-{number}:1.2.3");
        ledger.images.insert(name.clone(), Fetched { reference: Some(name), unneeded: Some(NOW) });
    }
    let bytes = sealed(1, &ledger).len();
    eprintln!("{bytes} bytes");
    assert!((900_000..1 << 20).contains(&bytes), "{bytes} bytes");
}
