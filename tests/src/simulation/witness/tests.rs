//! What looks on is itself looked at, where a world that shows it is rare.

use std::sync::Arc;

use wlagent::{clock::Moment, observed::ContainerState, probes::verdict::ProbeKind};

use super::{Program, Promised, Replica, Seen, Witness};

const NOW: u64 = 600_000;

/// `w-0` has a copy beside its old pod, `w-1` is missing, and one may be.
fn two_replicas() -> Witness {
    let replica = |revision: &str| Replica {
        workload: "w".to_owned(),
        revision: revision.to_owned(),
        may_be_missing: 1,
        copies: 1,
        starts_after: Vec::new(),
        updated_after: Vec::new(),
        contents: Default::default(),
        signalled: Default::default(),
        may_be_two: true,
        containers: 1,
        is_recreated: false,
        goes_back: false,
        is_on_delete: false,
    };
    let replicas = ["w-0", "w-1"].map(|name| (name.to_owned(), replica("new")));
    let promised = Promised { replicas: replicas.into(), ..Promised::default() };
    let mut witness = Witness { in_force: Some((1, 0, 0)), ..Witness::default() };
    witness.promises.insert(1, Arc::new(promised));
    for revision in ["old", "new"] {
        witness.program(revision, Some(Program { starts: 0, min_ready: 0, has_hook: false }));
        witness.seen.push(seen(revision));
        witness.begun.insert(format!("id-{revision}"), 0);
    }
    witness.note_availability(0, &[]);
    witness
}

fn seen(revision: &str) -> Seen {
    Seen {
        pod: format!("w-0.{revision}"),
        name: format!("w-0.{revision}.main.0"),
        container: "main".to_owned(),
        id: format!("id-{revision}"),
        replica: "w-0".to_owned(),
        revision: revision.to_owned(),
        attempt: None,
        state: ContainerState::Running { started: Moment(0) },
        is_connected: true,
        has_folders: true,
        is_hooked: true,
        contents: Vec::new(),
    }
}

fn copy_ends(witness: &mut Witness) {
    let copy = witness.seen.iter_mut().find(|one| one.revision == "new").unwrap();
    copy.state = ContainerState::Exited { code: 1, started: Moment(0), finished: Moment(NOW) };
}

#[test]
fn a_copy_that_ends_while_the_hooks_of_the_old_pod_run_is_not_the_agents_doing() {
    let mut witness = two_replicas();
    witness.note_end_of_pod("w-0.old", (NOW, &[]));
    copy_ends(&mut witness);
    witness.judge_stop("w-0.old.main.0", (NOW + 3_000, &[]));
    assert_eq!(witness.broken, None);
    // Another agent decides anew, and so does one that begins again a while behind.
    for (begins, now) in [(NOW + 1_000, NOW + 3_000), (0, NOW + 60_000)] {
        witness.broken = None;
        witness.begins = begins;
        witness.judge_stop("w-0.old.main.0", (now, &[]));
        assert!(witness.broken.is_some(), "{begins} {now}");
    }
}

#[test]
fn an_old_pod_whose_copy_has_ended_is_needed() {
    let mut witness = two_replicas();
    copy_ends(&mut witness);
    witness.note_end_of_pod("w-0.old", (NOW, &[]));
    witness.judge_stop("w-0.old.main.0", (NOW + 3_000, &[]));
    let broken = witness.broken.unwrap();
    assert!(broken.starts_with("w-0 is taken down while 1 are missing, and 1 may be"), "{broken}");
}

#[test]
fn what_others_lose_while_the_hooks_of_a_pod_run_does_not_call_it_back() {
    for (lost, may_go) in [(NOW + 1_000, true), (NOW - 100_000, false)] {
        let mut witness = two_replicas();
        copy_ends(&mut witness);
        witness.stopping.insert("w-0.old".to_owned(), NOW);
        witness.missing_since.insert("w-1".to_owned(), lost);
        witness.judge_stop("w-0.old.main.0", (NOW + 30_000, &[]));
        assert_eq!(witness.broken.is_none(), may_go, "{:?}", witness.broken);
    }
}

#[test]
fn what_a_plan_did_not_have_when_its_end_began_is_not_called_back_by_the_next_one() {
    for (since, may_go) in [(NOW + 1_000, true), (NOW - 1_000, false)] {
        let mut witness = two_replicas();
        copy_ends(&mut witness);
        witness.promises.insert(0, Arc::default());
        witness.in_force = Some((1, 0, since));
        witness.stopping.insert("w-0.old".to_owned(), NOW);
        witness.judge_stop("w-0.old.main.0", (NOW + 20_000, &[]));
        assert_eq!(witness.broken.is_none(), may_go, "{:?}", witness.broken);
    }
}

#[test]
fn what_is_made_anew_where_it_was_is_no_other_copy() {
    let mut witness = two_replicas();
    for revision in ["old", "new"] {
        let pod = format!("w-1.{revision}");
        witness.seen.push(Seen { name: format!("{pod}.main.0"), pod, replica: "w-1".to_owned(), ..seen(revision) });
    }
    witness.note_removal("w-0.new", NOW);
    witness.judge_copy_or_anew("w-0.new", "w-0", NOW + 1_000);
    assert_eq!(witness.broken, None);
    witness.judge_copy_or_anew("w-0.new", "w-0", NOW + 2_000);
    assert!(witness.broken.is_some(), "it was made anew before");
}

#[test]
fn what_liveness_gives_up_does_not_run_on() {
    let mut witness = two_replicas();
    let runs_on = |witness: &Witness| witness.given_up_by_liveness().is_some();
    for (is_good, expected) in [(false, false), (true, false), (false, false), (false, true)] {
        witness.probed("id-new", ProbeKind::Liveness, is_good);
        assert_eq!(runs_on(&witness), expected);
    }
    copy_ends(&mut witness);
    assert!(!runs_on(&witness), "it has ended");
}
