//! What is promised, and what happens where an application does not say when it is ready.

use super::{
    application::{Pace, Readiness},
    balancer::Balancer,
    stage::{Outcome, Play},
};

const MAKE_FIRST: Play = Play {
    name: "load-nginx",
    balancer: Balancer::Nginx,
    pace: Pace::MakeFirst,
    readiness: Readiness::Probed,
    replicas: 3,
    rate: 210,
    updates: 1,
};

/// The play as `tests/slow load` has it: longer, with more updates and more requests.
fn scaled(play: Play) -> Play {
    match std::env::var_os("WLC_LOAD") {
        Some(_) => Play { rate: 300, updates: 5, ..play },
        None => play,
    }
}

fn assert_kept(play: Play, outcome: &Outcome, fewest: usize, most: usize) {
    let (report, samples) = (&outcome.report, &outcome.samples);
    assert_eq!(report.failed(), 0, "{}: {}", play.name, report.line());
    assert_eq!(report.answered, report.sent);
    assert!(report.rate() >= 200.0, "{}: {}", play.name, report.line());
    assert!(samples.taken >= 20, "{samples:?}");
    assert!(samples.fewest_ready >= fewest, "{samples:?}");
    assert!(samples.most_pods <= most, "{samples:?}");
}

/// S-071, P-001: none may be missing, one more may be there; no request fails.
#[test]
fn no_request_fails_through_nginx() {
    let Some(outcome) = scaled(MAKE_FIRST).run() else { return };
    assert_kept(MAKE_FIRST, &outcome, 3, 4);
}

/// The same through HAProxy.
#[test]
fn no_request_fails_through_haproxy() {
    let play = Play { name: "load-haproxy", balancer: Balancer::HaProxy, ..scaled(MAKE_FIRST) };
    let Some(outcome) = play.run() else { return };
    assert_kept(play, &outcome, 3, 4);
}

/// One may be missing, none may be more: the replica that goes leaves the balancer first.
#[test]
fn no_request_fails_where_one_goes_first() {
    let play = Play { name: "load-stop-first", pace: Pace::StopFirst, ..scaled(MAKE_FIRST) };
    let Some(outcome) = play.run() else { return };
    assert_kept(play, &outcome, 2, 3);
}

/// The control: an application that is taken for ready before it listens fails requests. So the load finds what is broken.
#[test]
fn requests_fail_where_readiness_is_ignored() {
    let play = Play { name: "load-control", readiness: Readiness::Ignored, ..MAKE_FIRST };
    let Some(outcome) = play.run() else { return };
    assert!(outcome.report.failed() > 0, "{}", outcome.report.line());
}
