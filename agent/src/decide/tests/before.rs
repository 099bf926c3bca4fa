//! Jobs that must complete before something else: a new revision, and the removal of a claim.

use wlc_plan::{
    gate::{Condition, Step},
    instance::{Instance, Leaving, WorkloadKind},
    job::Work,
    name::{VolumeName, WorkloadName},
    rollout::Replacement,
    spec::{MountSource, PodSpec},
};

use super::{jobs::*, needs::with_mount, world::*};
use crate::observed::Observed;

/// `web-0` of this version, which waits for the job, and the job for that version.
fn guarded(number: u32) -> Vec<(Instance, PodSpec)> {
    let gates = [Step::FirstStart, Step::Replace].map(|step| after(step, "train-0", Condition::Complete));
    let (mut web, spec) = instance("web-0", &version(number), gates.to_vec());
    web.rollout.replacement = Replacement::StopFirst;
    let work = Work { run: format!("web@{number}"), backoff_limit: Some(0), ..work(1, 1) };
    job(&work, &once()).into_iter().chain([(web, spec)]).collect()
}

fn revisions(observed: &Observed) -> Vec<String> {
    let pods = observed.pods().filter(|pod| pod.workload.as_str() == "web");
    pods.map(|pod| pod.revision.short()).collect()
}

/// The job runs for each revision, before its first replica is touched; its failure changes nothing, also not at a boot.
#[test]
fn a_job_completes_before_a_revision_is_touched() {
    let mut world = World::new(guarded(1));
    world.passes();
    assert_eq!(world.under_way(), ["train-0"], "nothing starts before it");
    world.ends("train-0", 0);
    assert_eq!(world.under_way(), ["web-0"]);
    let first = revisions(&world.observe());
    world.accept(guarded(2));
    let decision = world.passes();
    assert_eq!(world.under_way(), ["train-0", "web-0"], "it runs again for the new revision");
    assert_eq!(World::waits(&decision, "web-0"), ["after"]);
    world.ends("train-0", 1);
    world.settle();
    assert_eq!(world.job().state, "failed");
    world.podman.lose_power();
    world.settle();
    assert_eq!((revisions(&world.observe()), world.under_way()), (first.clone(), vec!["web-0".to_owned()]));
    world.accept(guarded(3));
    world.passes();
    world.ends("train-0", 0);
    world.settle();
    let last = revisions(&world.observe());
    assert!(last.len() == 1 && last != first, "{last:?}");
}

/// What never served is no exception: it is not touched either.
#[test]
fn what_is_not_ready_waits_for_the_job_too() {
    let mut world = World::new(guarded(1));
    world.sick.insert(replica("web-0"));
    world.passes();
    world.ends("train-0", 0);
    world.accept(guarded(2));
    world.passes();
    assert_eq!(world.under_way(), ["train-0", "web-0"]);
    assert!(world.decide().tasks.is_empty());
}

/// The volume of a claim goes when its job has completed, whether or not its replica is there yet.
#[test]
fn a_job_completes_before_a_claim_goes() {
    let scaled = Work { run: "removes db-0/data".to_owned(), backoff_limit: Some(0), ..work(1, 1) };
    let leaving = Leaving {
        replica: replica("db-0"),
        workload: WorkloadName::parse("db").unwrap(),
        kind: WorkloadKind::StatefulSet,
        removed_claims: vec![VolumeName::parse("data").unwrap()],
        gates: vec![after(Step::Leave, "train-0", Condition::Complete)],
    };
    let claim = leaving.removed_claims[0].clone();
    let (mut db, spec) = instance("db-0", &with_mount(MountSource::Claim(claim)), Vec::new());
    db.workload = leaving.workload.clone();
    for is_there in [true, false] {
        let mut world = World::new(vec![(db.clone(), spec.clone())]);
        world.settle();
        if !is_there {
            world.accept(Vec::new());
            world.settle();
        }
        world.accept(job(&scaled, &once()));
        world.desired.leaving.push(leaving.clone());
        let decision = world.passes();
        let there = if is_there { vec!["db-0", "train-0"] } else { vec!["train-0"] };
        assert_eq!(world.under_way(), there);
        assert_eq!(World::waits(&decision, "db-0"), ["after"]);
        assert_eq!(world.observe().volumes.len(), 1);
        world.ends("train-0", 0);
        assert!(world.observe().volumes.is_empty() && world.under_way().is_empty());
    }
}
