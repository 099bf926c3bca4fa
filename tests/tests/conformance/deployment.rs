//! Deployment: how a new revision takes the place of the old one.

use wlc_tests::{node::Node, podman};

use crate::{
    looks::{broken, containers, log, program, stays, told, versions},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short a_deployment_lives_and_goes),
    scene!(Long recreate_stops_before_it_starts),
    scene!(Long old_revisions_go),
    scene!(Long a_version_in_the_middle_is_abandoned),
    scene!(Long a_broken_version_keeps_its_share),
];

fn write(node: &Node, replicas: u32, words: &str, container: &str) {
    node.write(
        "workloads/web.kdl",
        &format!("deployment \"web\" replicas={replicas} {{\n    grace \"5s\"\n    {words}\n    {container}\n}}\n"),
    );
    node.build();
}

const ROLLING: &str = "update \"rolling\" max-surge=1 max-unavailable=0";

/// C-001, C-007, C-009: made, replaced by a rolling update, scaled, removed.
fn a_deployment_lives_and_goes(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, 2, ROLLING, &program(&node, 1, ""));
    node.wait_settled("web", 2);
    assert_eq!(told(&node), "web-0:1 web-1:1");
    let first = node.instances("web")[0]["revision"].clone();
    write(&node, 2, ROLLING, &program(&node, 2, ""));
    node.wait_settled("web", 2);
    assert_eq!(told(&node), "web-0:2 web-1:2");
    assert_ne!(node.instances("web")[0]["revision"], first);
    let order = log(&node);
    let at = |line: &str| order.iter().position(|one| one == line).unwrap_or_else(|| panic!("no {line}: {order:?}"));
    assert!((0..2).all(|n| at(&format!("start web-{n} 2")) < at(&format!("end web-{n} 1"))), "a copy first: {order:?}");
    write(&node, 1, ROLLING, &program(&node, 3, ""));
    node.wait_settled("web", 1);
    node.wait_until("one is left", |node| told(node) == "web-0:3");
    node.write("workloads/web.kdl", "removed \"web\"\n");
    node.build();
    node.wait_until("nothing is left", |node| node.containers().is_empty());
    let pods = podman::lines(&["pod", "ps", "-q", "--filter", &format!("label=dev.wlc.fleet={}", node.fleet())]);
    assert!(pods.is_empty(), "{pods:?}");
}

/// C-002: the last old one has ended before the first new one starts.
fn recreate_stops_before_it_starts(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, 2, "update \"recreate\"", &program(&node, 1, ""));
    node.wait_settled("web", 2);
    write(&node, 2, "update \"recreate\"", &program(&node, 2, ""));
    node.wait_settled("web", 2);
    assert_eq!(told(&node), "web-0:2 web-1:2");
    let lines = log(&node);
    let last_end = lines.iter().rposition(|line| line.starts_with("end") && line.ends_with('1')).unwrap();
    let first_start = lines.iter().position(|line| line.starts_with("start") && line.ends_with('2')).unwrap();
    assert!(last_end < first_start, "{lines:?}");
}

/// C-003: with `revisions 0` there is nothing to go back to.
fn old_revisions_go(stage: &Stage) {
    let node = stage.node();
    for version in [1, 2] {
        write(&node, 1, "revisions 0", &program(&node, version, ""));
        node.apply();
    }
    assert_eq!(told(&node), "web-0:2");
    let history = node.wlc(&["history", "web", "--format", "json"]);
    let history: serde_json::Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!(history["revisions"].as_array().map(Vec::len), Some(1), "{history}");
    let refused = node.wlc(&["rollback", "web"]);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
}

/// C-004: a version that never gets ready is given up for the next one.
fn a_version_in_the_middle_is_abandoned(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, 2, ROLLING, &program(&node, 1, ""));
    node.wait_settled("web", 2);
    let never = broken(&node, 2);
    write(&node, 2, ROLLING, &never);
    node.wait_until("the second version runs", |node| versions(node).iter().any(|(_, version)| version == "2"));
    write(&node, 2, ROLLING, &program(&node, 3, ""));
    node.wait_settled("web", 2);
    node.wait_until("only the third is left", |node| told(node) == "web-0:3 web-1:3");
    assert!(
        !log(&node).contains(&"end web-1 1".to_owned()) || !log(&node).contains(&"end web-0 1".to_owned()) || {
            let lines = log(&node);
            let ready = lines.iter().position(|line| line.ends_with(" 3") && line.starts_with("start")).unwrap();
            lines.iter().position(|line| line.starts_with("end") && line.ends_with(" 1")).is_some_and(|end| ready < end)
        }
    );
}

/// C-005: in the middle of a rollout that hangs, growth is of the old version, and of the broken one there is no more than before.
fn a_broken_version_keeps_its_share(stage: &Stage) {
    let mut node = stage.node();
    let words = "update \"rolling\" max-surge=1 max-unavailable=1";
    node.start_agent();
    write(&node, 4, words, &program(&node, 1, ""));
    node.wait_settled("web", 4);
    let broken = broken(&node, 2);
    write(&node, 4, words, &broken);
    let of = |node: &Node, version: &str| versions(node).iter().filter(|(_, one)| one == version).count();
    node.wait_until("the rollout hangs", |node| of(node, "2") > 0 && of(node, "1") + of(node, "2") >= 4);
    stays(&node);
    let (old, new) = (of(&node, "1"), of(&node, "2"));
    assert!(old >= 3 && new <= 2, "{old} old, {new} new");
    write(&node, 6, words, &broken);
    node.wait_until("two more are there", |node| containers(node).len() >= old + new + 2);
    stays(&node);
    assert_eq!((of(&node, "1"), of(&node, "2")), (old + 2, new), "{}", told(&node));
}
