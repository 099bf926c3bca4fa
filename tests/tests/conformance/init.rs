//! Init containers: what comes before the others, and what is told of a pod meanwhile.

use std::time::{Duration, Instant};

use serde_json::Value;
use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use crate::{
    looks::{containers, folder, log, running},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short init_containers_come_first),
    scene!(Long nothing_starts_behind_one_that_fails),
    scene!(Long a_pod_that_is_done_stays_done),
    scene!(Long a_hook_that_hangs_ends_with_the_grace),
    scene!(Long a_pod_that_is_stopped_early_never_did_well),
];

fn say(node: &Node, kind: &str, name: &str, line: &str) -> String {
    format!(
        "{kind} \"{name}\" image=\"localhost/busybox:1\" {{ command \"sh\" \"-c\" \"echo {name} >> /shared/log; {line}\"; mount \"/shared\" host-path=\"{}\"; }}\n",
        folder(node).display()
    )
}

fn write(node: &Node, words: &str, containers: &[String]) {
    node.write(
        "workloads/app.kdl",
        &format!("deployment \"app\" {{\n    grace \"2s\"\n    {words}\n    {}}}\n", containers.concat()),
    );
    node.build();
}

fn instance(node: &Node) -> Value {
    node.instances("app").first().cloned().unwrap_or_default()
}

/// C-209, C-217: one after the other, then the rest; after everything of the pod was lost, the same again.
fn init_containers_come_first(stage: &Stage) {
    let mut node = stage.node();
    let all = [
        say(&node, "init", "first", "sleep 0.5"),
        say(&node, "init", "second", "sleep 0.5"),
        say(&node, "container", "main", "exec sleep 1000"),
    ];
    write(&node, "", &all);
    node.start_agent();
    node.wait_settled("app", 1);
    stage.row("C-209", || {
        assert_eq!(log(&node), ["first", "second", "main"]);
        let codes: Vec<Value> =
            instance(&node)["containers"].as_array().unwrap().iter().map(|one| one["exit_code"].clone()).collect();
        assert!(codes.iter().all(|code| code.is_null() || *code == 0), "{codes:?}");
    });
    node.kill_agent();
    let pods = podman::lines(&["pod", "ps", "-q", "--filter", &format!("label=dev.wlc.fleet={}", node.fleet())]);
    pods.iter().for_each(|pod| drop(podman::text(&["pod", "rm", "-f", "-t", "0", pod])));
    node.start_agent();
    node.wait_until("it runs again", |node| running(node, "app-0").is_some_and(|one| one.container == "main"));
    stage.row("C-217", || assert_eq!(log(&node), ["first", "second", "main", "first", "second", "main"]));
}

/// C-210, C-212: an init container that fails is tried again, and nothing behind it starts or is told as started.
fn nothing_starts_behind_one_that_fails(stage: &Stage) {
    let mut node = stage.node();
    write(&node, "", &[say(&node, "init", "fails", "exit 1"), say(&node, "container", "main", "exec sleep 1000")]);
    node.start_agent();
    let (begun, mut told) = (Instant::now(), Vec::new());
    while log(&node).len() < 3 && begun.elapsed() < Duration::from_secs(60) {
        told.push(instance(&node));
        std::thread::sleep(Duration::from_millis(100));
    }
    stage.row("C-210", || {
        assert!(log(&node).len() >= 3 && log(&node).iter().all(|line| line == "fails"), "{:?}", log(&node));
        node.wait_until("two restarts are counted", |node| instance(node)["restarts"].as_u64() >= Some(2));
    });
    stage.row("C-212", || {
        let main =
            |one: &Value| one["containers"].as_array().into_iter().flatten().find(|one| one["name"] == "main").cloned();
        let started: Vec<Value> = told.iter().filter_map(main).filter(|one| one["state"] == "running").collect();
        assert!(started.is_empty() && told.iter().all(|one| one["ready"] != true), "{started:?}");
    });
}

fn infra(node: &Node) -> Vec<String> {
    let filter = format!("label=dev.wlc.fleet={}", node.fleet());
    podman::lines(&["pod", "ps", "--no-trunc", "--format", "{{.InfraID}}", "--filter", &filter])
}

/// C-214, C-215: a pod whose containers have all ended, well or not, gets no other sandbox, and what failed for good stays so,
/// also for the next agent.
fn a_pod_that_is_done_stays_done(stage: &Stage) {
    let mut node = stage.node();
    let never = |name: &str, code: u8| {
        say(&node, "container", name, &format!("sleep 1; exit {code}"))
            .replace("{ command", "{ restart \"never\"; command")
    };
    write(&node, "", &[never("well", 0), never("ill", 3)]);
    node.start_agent();
    node.wait_until("both have ended", |node| {
        let all = containers(node);
        all.len() == 2 && all.iter().all(|one| !one.is_running) && log(node).len() == 2
    });
    let (before, sandbox) = (containers(&node), infra(&node));
    std::thread::sleep(Duration::from_secs(3));
    stage.row("C-214", || assert_eq!((infra(&node), sandbox.len()), (sandbox.clone(), 1)));
    node.kill_agent();
    node.start_agent();
    node.wait_until("the agent knows it", |node| instance(node)["state"] == "failed");
    std::thread::sleep(Duration::from_secs(2));
    stage.row("C-215", || assert_eq!((containers(&node), log(&node).len()), (before.clone(), 2)));
}

/// C-216: sidecars whose hooks hang are killed when the grace is over, all within it.
fn a_hook_that_hangs_ends_with_the_grace(stage: &Stage) {
    let mut node = stage.node();
    let hangs = |name: &str| {
        let text = say(&node, "sidecar", name, "trap '' TERM; while :; do sleep 0.1; done");
        text.replace("; mount", "; pre-stop \"exec\" \"sleep\" \"1000\"; mount")
    };
    let all = [
        hangs("one"),
        hangs("two"),
        say(&node, "container", "main", "trap 'exit 0' TERM; while :; do sleep 0.1; done"),
    ];
    write(&node, "", &all);
    let text = std::fs::read_to_string(node.repository().join("workloads/app.kdl")).unwrap();
    node.write("workloads/app.kdl", &text.replace("grace \"2s\"", "grace \"5s\""));
    node.build();
    node.start_agent();
    node.wait_settled("app", 1);
    node.write("workloads/app.kdl", "removed \"app\"\n");
    node.build();
    let generation = node.generation();
    node.wait_until("the plan is taken", |node| node.status().is_some_and(|status| status["generation"] == generation));
    let begun = Instant::now();
    node.wait_until("all are gone", |node| node.containers().iter().all(|name| !podman::runs(name)));
    let took = begun.elapsed().as_secs_f64();
    assert!((3.0..12.0).contains(&took), "it took {took} s of a grace of 5 s");
}

/// C-213: a pod that is stopped while it starts is never told as one that did well.
fn a_pod_that_is_stopped_early_never_did_well(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    let mut told = Vec::new();
    for round in 0..8_u64 {
        write(&node, &format!("restarted \"{round}\""), &[say(&node, "container", "main", "exec sleep 1000")]);
        let generation = node.generation();
        let is_taken = || node.status().is_some_and(|status| status["generation"] == generation);
        wait_until("it is taken", Duration::from_secs(10), is_taken);
        std::thread::sleep(Duration::from_millis(150 * (round % 4)));
        told.push(instance(&node));
        node.write("workloads/app.kdl", "removed \"app\"\n");
        node.build();
        for _ in 0..10 {
            told.push(instance(&node));
        }
        node.wait_until("it is gone", |node| node.containers().is_empty());
    }
    let well = told.iter().flat_map(|one| one["containers"].as_array().cloned().unwrap_or_default());
    let well: Vec<Value> = well.filter(|one| one["exit_code"] == 0 || one["state"] == "completed").collect();
    assert!(well.is_empty(), "{well:?}");
}
