//! What the lock has of fields that never change, and what a change of them says.

use std::collections::BTreeMap;

use wlc_plan::{digest::Digest, instance::SpecRef, instance::WorkloadKind};

use super::*;
use crate::{
    attachments::Attachments,
    lock::{
        RevisionLock,
        immutable::{of, of_volumes},
        text,
    },
    pipeline,
    sources::Sources,
};

const FLEET: &str = "fleet \"example\"\nnode \"n1\"\nfacts \"n1\" { capacity cpu=8 memory=\"16GiB\" }\n";

/// The messages about what never changes, each with the text that it underlines first.
fn said(files: &str, lock: &Lock) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    sources.add("fleet.kdl", &format!("{FLEET}{files}"));
    let front = pipeline::read(sources, Problems::default());
    let compiled = pipeline::compile(front, &Attachments::default(), lock);
    let found = compiled.problems.sorted().into_iter().filter(|one| one.code == Code::Immutable);
    found.map(|one| (one.message.clone(), compiled.sources.text(one.labels[0].span).to_owned())).collect()
}

/// The lock of a workload of these files, as a build would leave it, with the pod that they have.
fn lock_of(files: &str) -> Lock {
    let mut sources = Sources::default();
    sources.add("web.kdl", files);
    let front = pipeline::read(sources, Problems::default());
    let (name, workload) = front.repository.workloads.first_key_value().unwrap();
    let spec = lower::template(workload, &Contents::new());
    let body = canonical::encode(&spec);
    let revision = Revision::of(wlc_plan::revision::TemplateVersion::NEWEST, &spec);
    let reference = SpecRef { number: 1, revision, spec: Digest::of(&body) };
    let one = WorkloadLock {
        kind: workload.kind(),
        state: State::Live,
        images: BTreeMap::new(),
        immutable: of(workload),
        replicas: BTreeMap::new(),
        revisions: vec![RevisionLock { reference, contents: Vec::new() }],
        highest: 1,
        pinned: None,
        base: None,
        promoted: None,
        waves: std::collections::BTreeSet::new(),
        left: BTreeMap::new(),
        claims: std::collections::BTreeMap::new(),
    };
    let bodies = BTreeMap::from([(Digest::of(&body), body)]);
    Lock { workloads: BTreeMap::from([(name.clone(), one)]), bodies }
}

fn job(head: &str, image: &str) -> String {
    format!("job \"train\" {head} {{\n    container \"main\" image=\"registry.example/{image}\"\n}}\n")
}

/// S-208: the pod of a job stays, and the diagnostic stands at what has changed.
#[test]
fn the_pod_of_a_job_changes_with_its_run_only() {
    let lock = lock_of(&job("run=\"1\"", "main:1"));
    assert_eq!(said(&job("run=\"1\"", "main:1"), &lock), []);
    assert_eq!(said(&job("run=\"2\"", "main:2"), &lock), []);
    let [(message, place)] = &said(&job("run=\"1\"", "main:2"), &lock)[..] else { panic!("one change, one error") };
    assert!(message.contains("the pod of job `train` has changed"), "{message}");
    assert_eq!(place, "image=\"registry.example/main:2\"");
}

/// S-023, S-173: nothing is held against a lock that says nothing of it.
#[test]
fn a_lock_of_an_older_build_holds_nothing_back() {
    let mut lock = lock_of(&job("completions=2", "main:1"));
    lock.workloads.values_mut().for_each(|one| one.immutable.clear());
    assert_eq!(said(&job("completions=3", "main:2"), &lock), []);
}

/// S-180: an indexed job of which all runs go at the same time may have more or fewer of them.
#[test]
fn an_elastic_job_may_change_its_count() {
    let lock = lock_of(&job("completions=2 parallelism=2 mode=\"indexed\"", "main:1"));
    assert_eq!(said(&job("completions=3 parallelism=3 mode=\"indexed\"", "main:1"), &lock), []);
    let found = said(&job("completions=3 parallelism=2 mode=\"indexed\"", "main:1"), &lock);
    assert_eq!(found[0].1, "3");
}

/// What stands in the lock is read back, whatever is in a word of a run.
#[test]
fn the_lock_keeps_what_never_changes() {
    for files in [
        job("run=\"to be run\\n = twice\"", "main:1"),
        "stateful-set \"db\" { claim \"data\" size=\"1.5GiB\"; container \"main\" image=\"a\" }".to_owned(),
    ] {
        let lock = lock_of(&files).workloads.into_values().next().unwrap();
        let written = text::write(&lock);
        assert_eq!(text::read(&written).unwrap(), lock, "{written}");
        assert!(!lock.immutable.is_empty());
    }
}

/// Of a set that is gone, the lock keeps what its volumes are.
#[test]
fn a_tombstone_keeps_what_volumes_are() {
    let files = "stateful-set \"db\" { claim \"data\" size=\"1GiB\"; container \"main\" image=\"a\" }";
    let mut lock = lock_of(files).workloads.into_values().next().unwrap();
    lock.immutable = of_volumes(&lock);
    let fields: Vec<&str> = lock.immutable.keys().map(String::as_str).collect();
    assert_eq!(fields, ["claim data access", "claim data size", "claim data storage"]);
}

/// What two branches say differently is not known, and then nothing of it is.
#[test]
fn a_conflict_forgets_all_that_never_changes() {
    let text = "wlc-lock 1\n<<<<<<< ours\nimmutable claim data size = 2GiB\n=======\nimmutable claim data size = 3GiB\n\
                >>>>>>> theirs\nimmutable order = ready\nkind stateful-set\nreplica db-0 node n1\n";
    let lock = crate::lock::heal::read(text).unwrap();
    assert_eq!((lock.kind, lock.immutable.len(), lock.replicas.len()), (WorkloadKind::StatefulSet, 0, 1));
}
