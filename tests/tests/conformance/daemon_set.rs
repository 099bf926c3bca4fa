//! DaemonSet: one on each node that it is for.

use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use crate::{
    looks::{containers, log, program, running, told},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short a_daemon_comes_back_and_follows_its_node),
    scene!(Long daemons_are_replaced_as_they_are_told),
    scene!(Long going_back_restarts_nothing_that_is_right),
];

fn write(node: &Node, words: &str, container: &str) {
    node.write(
        "workloads/d.kdl",
        &format!("daemon-set \"d\" {{\n    grace \"5s\"\n    {words}\n    {container}\n}}\n"),
    );
    node.build();
}

/// C-059, C-060, C-061, C-067: it comes back when it is lost; it goes with a label of its node and comes with it; then all go.
fn a_daemon_comes_back_and_follows_its_node(stage: &Stage) {
    let mut node = stage.node();
    let words = "place { require { label \"role\" \"edge\" \"core\"; not { label \"retired\" } } }";
    node.write("nodes/here.kdl", "node \"here\" { label \"role\" \"edge\" }\n");
    node.start_agent();
    write(&node, words, &program(&node, 1, ""));
    let more = program(&node, 1, "");
    node.write("workloads/e.kdl", &format!("daemon-set \"e\" {{\n    grace \"5s\"\n    {words}\n    {more}\n}}\n"));
    node.build();
    node.wait_until("both run", |node| told(node) == "d-here:1 e-here:1");
    let first = running(&node, "d-here").expect("it runs");
    podman::text(&["rm", "-f", "-t", "0", &first.name]);
    node.wait_until("it is back", |node| running(node, "d-here").is_some_and(|now| now.id != first.id));
    node.write("nodes/here.kdl", "node \"here\" { label \"role\" \"edge\"; label \"retired\" \"yes\" }\n");
    node.build();
    node.wait_until("all went", |node| node.containers().is_empty());
    node.write("nodes/here.kdl", "node \"here\" { label \"role\" \"core\" }\n");
    node.build();
    node.wait_until("all came", |node| told(node) == "d-here:1 e-here:1");
    node.write("workloads/d.kdl", "removed \"d\"\n");
    node.write("workloads/e.kdl", "removed \"e\"\n");
    node.build();
    node.wait_until("all are removed", |node| node.containers().is_empty());
}

/// C-063, C-066: nothing until somebody asks; with a surge the new one stands beside the old one.
fn daemons_are_replaced_as_they_are_told(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, "update \"on-delete\"", &program(&node, 1, ""));
    node.wait_settled("d", 1);
    write(&node, "update \"on-delete\"", &program(&node, 2, ""));
    assert!(wait_until("anything", std::time::Duration::from_secs(3), || told(&node) != "d-here:1").is_none());
    assert!(node.wlagent(&["restart", "d-here"]).status.success());
    node.wait_until("it is new", |node| told(node) == "d-here:2");
    let surge = "update \"rolling\" max-surge=1 max-unavailable=0";
    write(&node, surge, &program(&node, 3, ""));
    node.wait_settled("d", 1);
    node.wait_until("the old one is gone", |node| told(node) == "d-here:3");
    let lines = log(&node);
    let at =
        |wanted: &str| lines.iter().position(|line| line == wanted).unwrap_or_else(|| panic!("no {wanted}: {lines:?}"));
    assert!(at("start d-here 3") < at("end d-here 2"), "{lines:?}");
}

/// C-065: a broken version stands before the window of its rollout opens for a second set; going back restarts only what it reached.
fn going_back_restarts_nothing_that_is_right(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, "", &program(&node, 1, ""));
    node.wait_settled("d", 1);
    let before = containers(&node);
    write(&node, "update \"on-delete\"", &program(&node, 2, ""));
    write(&node, "", &program(&node, 1, ""));
    node.wait_settled("d", 1);
    assert_eq!(containers(&node), before, "it was right all the time");
}
