//! Pods: back-off, grace, limits, and many plans in a row.

use std::time::{Duration, Instant};

use serde_json::Value;
use wlc_tests::{node::Node, podman};

use crate::{
    looks::{containers, program, running, shell, told},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short a_pod_is_ready_and_gone_when_it_says_so),
    scene!(Long a_new_image_is_tried_at_once),
    scene!(Long pauses_are_never_longer_than_five_minutes),
    scene!(Long the_last_of_many_plans_counts),
    scene!(Long a_limit_changes_with_a_new_pod),
];

fn plain(name: &str, words: &str, command: &str) -> String {
    format!(
        "deployment \"{name}\" {{\n    {words}\n    container \"main\" image=\"localhost/busybox:1\" {{ command \"sh\" \"-c\" \"{command}\"; }}\n}}\n"
    )
}

/// C-261, C-262, C-265: a command decides when it is ready; several workloads go at once; one that does not listen is killed
/// when its grace is over.
fn a_pod_is_ready_and_gone_when_it_says_so(stage: &Stage) {
    let mut node = stage.node();
    let gate = program(&node, 1, "");
    let gate = gate.replace("\"http\" \"/well\" port=\"http\"", "\"exec\" \"test\" \"-e\" \"/gate\" timeout=\"5s\"");
    node.write("workloads/gated.kdl", &format!("deployment \"gated\" {{\n    grace \"1s\"\n    {gate}\n}}\n"));
    node.write("workloads/deaf.kdl", &plain("deaf", "grace \"3s\"", "trap '' TERM; while :; do sleep 0.1; done"));
    node.build();
    node.start_agent();
    node.wait_settled("deaf", 1);
    node.wait_until("the gated one runs", |node| running(node, "gated-0").is_some());
    std::thread::sleep(Duration::from_secs(2));
    stage.row("C-261", || {
        assert_eq!(node.instances("gated")[0]["ready"], false);
        shell(&node, "gated-0", "touch /gate");
        node.wait_settled("gated", 1);
    });
    node.write("workloads/gated.kdl", "removed \"gated\"\n");
    node.write("workloads/deaf.kdl", "removed \"deaf\"\n");
    node.build();
    let begun = Instant::now();
    node.wait_until("the deaf one is gone", |node| running(node, "deaf-0").is_none());
    let took = begun.elapsed().as_secs_f64();
    stage.row("C-265", || assert!((2.0..12.0).contains(&took), "it took {took} s of a grace of 3 s"));
    stage.row("C-262", || node.wait_until("all are gone", |node| node.containers().is_empty()));
}

/// C-259: what waits in back-off and gets a new revision is started at once.
fn a_new_image_is_tried_at_once(stage: &Stage) {
    let mut node = stage.node();
    node.write("workloads/app.kdl", &plain("app", "grace \"1s\"", "exit 1"));
    node.build();
    node.start_agent();
    let waits =
        |one: &Value| one["waits"].as_array().is_some_and(|waits| waits.iter().any(|wait| wait["gate"] == "back-off"));
    node.wait_until("it failed three times", |node| {
        node.instances("app").first().is_some_and(|one| one["restarts"].as_u64() >= Some(2) && waits(one))
    });
    let text = plain("app", "grace \"1s\"", "exec sleep 1000").replace("busybox:1\"", "busybox:1\" pull=\"never\"");
    node.write("workloads/app.kdl", &text);
    node.build();
    let begun = Instant::now();
    node.wait_settled("app", 1);
    assert!(begun.elapsed() < Duration::from_secs(9), "it took {:?}", begun.elapsed());
}

/// C-260: the pauses between restarts double up to five minutes, and are never longer. The agent's own clock is put ahead over each
/// of them, so that nobody waits that long.
fn pauses_are_never_longer_than_five_minutes(stage: &Stage) {
    let mut node = stage.node();
    node.write("workloads/app.kdl", &plain("app", "grace \"1s\"", "exit 1"));
    node.build();
    let file = node.path("ahead");
    let (mut ahead, mut pauses) = (0_u64, Vec::new());
    for restarts in 1..=7_u64 {
        std::fs::write(&file, ahead.to_string()).unwrap();
        node.start_agent_with(&["--clock-ahead", file.to_str().unwrap()]);
        let waits = |node: &Node| {
            let one = node.instances("app").first().cloned().filter(|one| one["restarts"] == restarts)?;
            let wait = one["waits"].as_array()?.iter().find(|wait| wait["gate"] == "back-off").cloned()?;
            Some(wait["until"].as_str()?.to_owned())
        };
        node.wait_until(&format!("it waits after restart {restarts}"), |node| waits(node).is_some());
        let until = milliseconds(&waits(&node).expect("it still waits"));
        node.kill_agent();
        let ended = containers(&node).into_iter().max_by_key(|one| one.attempt).expect("the last one is kept");
        let ended = podman::text(&["inspect", "--format", "{{.State.FinishedAt.UnixMilli}}", &ended.name]);
        let pause = (until - ended.parse::<u64>().unwrap()).div_ceil(1_000);
        // Not all of it: else the next one, which may be as long, is over as soon as it begins.
        ahead = 1_000 * (pause - 5);
        pauses.push(pause);
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
}

/// A time as status writes it, in milliseconds since 1970.
fn milliseconds(time: &str) -> u64 {
    let seconds = std::process::Command::new("date").args(["-u", "-d", time, "+%s%3N"]).output().unwrap();
    String::from_utf8_lossy(&seconds.stdout).trim().parse().unwrap_or_else(|_| panic!("{time} is a time"))
}

/// C-270: five hundred plans, one right after the other: the last one counts.
fn the_last_of_many_plans_counts(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    for version in 1..=500 {
        let container = program(&node, version, "");
        node.write("workloads/app.kdl", &format!("deployment \"app\" {{\n    grace \"1s\"\n    {container}\n}}\n"));
        node.build();
    }
    node.wait_settled("app", 1);
    node.wait_until("the last one runs alone", |node| told(node) == "app-0:500" && containers(node).len() == 1);
    assert_eq!(node.generation(), 500);
}

/// C-266, C-271: request and limit hold for the process; another limit comes with another pod.
fn a_limit_changes_with_a_new_pod(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    let mut seen = Vec::new();
    for memory in ["64MiB", "96MiB"] {
        let limit = format!("request cpu=\"250m\" memory=\"{memory}\"; limit cpu=\"250m\" memory=\"{memory}\"");
        let container = program(&node, 1, &limit);
        node.write("workloads/app.kdl", &format!("deployment \"app\" {{\n    grace \"1s\"\n    {container}\n}}\n"));
        node.build();
        node.wait_settled("app", 1);
        node.wait_until("one is left", |node| containers(node).len() == 1);
        let one = running(&node, "app-0").expect("it runs");
        let host = podman::text(&[
            "inspect",
            "--format",
            "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuShares}}",
            &one.name,
        ]);
        seen.push((one.id, host));
    }
    stage.row("C-266", || assert_eq!(seen[0].1, format!("{} 25000 256", 64 << 20)));
    stage.row("C-271", || {
        assert_eq!(seen[1].1, format!("{} 25000 256", 96 << 20));
        assert_ne!(seen[0].0, seen[1].0);
    });
}
