//! StatefulSet: numbers, order, volumes, and revisions by number.

use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use crate::{
    looks::{HEAL, SICKEN, containers, log, program, remove, running, shell, sick, told},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Long updates_go_down_and_partitions_hold),
    scene!(Long the_highest_numbers_are_first_in_everything),
    scene!(Long a_lower_one_comes_back_beside_a_sick_one),
    scene!(Short without_order_nobody_waits),
    scene!(Long nothing_moves_until_somebody_asks),
    scene!(Long numbers_begin_where_they_are_told),
    scene!(Long volumes_go_as_their_policy_says),
    scene!(Long min_ready_counts),
    scene!(Long what_has_the_wrong_name_is_nobodys),
];

fn write(node: &Node, head: &str, words: &str, container: &str) {
    let text = format!("stateful-set \"db\" {head} {{\n    grace \"5s\"\n    {words}\n    {container}\n}}\n");
    node.write("workloads/db.kdl", &text);
    node.build();
}

fn lose(node: &Node, replica: &str) {
    let one = running(node, replica).expect("it runs");
    podman::kill_process(&one.name);
    node.wait_until(&format!("{replica} runs anew"), |node| running(node, replica).is_some_and(|new| new.id != one.id));
}

/// The lines of the log that begin with a word, without it.
fn all(node: &Node, word: &str) -> Vec<String> {
    log(node).iter().filter_map(|line| line.strip_prefix(&format!("{word} ")).map(str::to_owned)).collect()
}

/// C-032, C-033, C-034, C-035: from the highest number down to the partition; what is lost comes back at the revision of its
/// number, also one that fails as it ends; and back.
fn updates_go_down_and_partitions_hold(stage: &Stage) {
    let mut node = stage.node();
    let program = |version: u32| program(&node, version, "").replace("exit 0", "exit 1");
    let (one, two) = (program(1), program(2));
    node.start_agent();
    write(&node, "replicas=3", "", &one);
    node.wait_settled("db", 3);
    let at = |partition: u32| format!("update \"rolling\" partition={partition}");
    write(&node, "replicas=3", &at(2), &two);
    node.wait_settled("db", 3);
    assert_eq!(told(&node), "db-0:1 db-1:1 db-2:2");
    lose(&node, "db-0");
    remove(&node, "db-2");
    node.wait_settled("db", 3);
    assert_eq!(told(&node), "db-0:1 db-1:1 db-2:2");
    write(&node, "replicas=3", &at(1), &two);
    node.wait_settled("db", 3);
    assert_eq!(told(&node), "db-0:1 db-1:2 db-2:2");
    remove(&node, "db-0");
    node.wait_settled("db", 3);
    assert_eq!(told(&node), "db-0:1 db-1:2 db-2:2");
    write(&node, "replicas=3", "", &two);
    node.wait_settled("db", 3);
    assert_eq!(told(&node), "db-0:2 db-1:2 db-2:2");
    write(&node, "replicas=3", "", &one);
    node.wait_settled("db", 3);
    assert_eq!(told(&node), "db-0:1 db-1:1 db-2:1");
    let starts = all(&node, "start");
    assert_eq!(starts[starts.len() - 3..], ["db-2 1", "db-1 1", "db-0 1"], "back in the same order: {starts:?}");
}

/// C-037, C-040: up in order, halted by one that is not ready; down from the highest.
fn the_highest_numbers_are_first_in_everything(stage: &Stage) {
    let mut node = stage.node();
    let sick = sick(&node, 1);
    node.start_agent();
    write(&node, "replicas=2", "", &sick);
    node.wait_until("the first one runs", |node| running(node, "db-0").is_some());
    assert!(wait_until("a second", std::time::Duration::from_secs(3), || running(&node, "db-1").is_some()).is_none());
    shell(&node, "db-0", HEAL);
    node.wait_until("the second one runs", |node| running(node, "db-1").is_some());
    shell(&node, "db-1", HEAL);
    node.wait_settled("db", 2);
    let revision = node.instances("db")[0]["revision"].clone();
    write(&node, "replicas=3", "", &sick);
    node.wait_until("the third one runs", |node| running(node, "db-2").is_some());
    shell(&node, "db-2", HEAL);
    node.wait_settled("db", 3);
    assert!(node.instances("db").iter().all(|one| one["revision"] == revision), "a count is no revision");
    write(&node, "replicas=0", "", &sick);
    node.wait_until("all are gone", |node| node.containers().is_empty());
    assert_eq!(all(&node, "start"), ["db-0 1", "db-1 1", "db-2 1"]);
    assert_eq!(all(&node, "end"), ["db-2 1", "db-1 1", "db-0 1"]);
}

/// C-030: a lower number comes back although a higher one is not ready.
fn a_lower_one_comes_back_beside_a_sick_one(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, "replicas=2", "", &program(&node, 1, ""));
    node.wait_settled("db", 2);
    shell(&node, "db-1", SICKEN);
    node.wait_until("it is not ready", |node| node.instances("db").iter().any(|one| one["ready"] == false));
    remove(&node, "db-0");
    shell(&node, "db-1", HEAL);
    node.wait_settled("db", 2);
}

/// C-038: in parallel all start and all go, ready or not.
fn without_order_nobody_waits(stage: &Stage) {
    let mut node = stage.node();
    let sick = sick(&node, 1);
    node.start_agent();
    write(&node, "replicas=3 order=\"parallel\"", "", &sick);
    node.wait_until("all run", |node| told(node) == "db-0:1 db-1:1 db-2:1");
    assert!(node.instances("db").iter().all(|one| one["ready"] == false));
    write(&node, "replicas=0 order=\"parallel\"", "", &sick);
    node.wait_until("all are gone", |node| node.containers().is_empty());
}

/// C-036: with `on-delete` the new revision comes when somebody asks for it.
fn nothing_moves_until_somebody_asks(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, "replicas=2", "update \"on-delete\"", &program(&node, 1, ""));
    node.wait_settled("db", 2);
    write(&node, "replicas=2", "update \"on-delete\"", &program(&node, 2, ""));
    let generation = node.generation();
    node.wait_until("the plan is taken", |node| node.status().is_some_and(|status| status["generation"] == generation));
    assert!(wait_until("anything", std::time::Duration::from_secs(2), || told(&node) != "db-0:1 db-1:1").is_none());
    for (replica, expected) in [("db-1", "db-0:1 db-1:2"), ("db-0", "db-0:2 db-1:2")] {
        let asked = node.wlagent(&["restart", replica]);
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        node.wait_until(&format!("{replica} is new"), |node| told(node) == expected);
    }
}

/// C-051, C-052, C-054: the start of the numbers is set, raised, and taken away.
fn numbers_begin_where_they_are_told(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    for (head, expected) in [
        ("replicas=2 start=2", "db-2:1 db-3:1"),
        ("replicas=2 start=4", "db-4:1 db-5:1"),
        ("replicas=2", "db-0:1 db-1:1"),
    ] {
        write(&node, head, "", &program(&node, 1, ""));
        node.wait_until(&format!("they are {expected}"), |node| told(node) == expected);
    }
}

fn volumes(node: &Node) -> Vec<String> {
    let label = format!("label=dev.wlc.fleet={}", node.fleet());
    let prefix = format!("wlc.{}.", node.fleet());
    let all = podman::lines(&["volume", "ls", "--format", "{{.Name}}", "--filter", &label]);
    all.iter().map(|name| name.trim_start_matches(&prefix).to_owned()).collect()
}

/// C-046, C-047: volumes of numbers that left go where the policy says so, also when it came with a later build.
fn volumes_go_as_their_policy_says(stage: &Stage) {
    let mut node = stage.node();
    let container = program(&node, 1, "mount \"/data\" claim=\"data\"");
    node.start_agent();
    write(&node, "replicas=3", "claim \"data\" size=\"1MiB\"", &container);
    node.wait_settled("db", 3);
    let before = containers(&node);
    write(
        &node,
        "replicas=3",
        "claim \"data\" size=\"1MiB\" when-scaled=\"delete\" when-deleted=\"delete\"",
        &container,
    );
    node.wait_settled("db", 3);
    assert_eq!(containers(&node), before, "a policy restarts nothing");
    write(
        &node,
        "replicas=1",
        "claim \"data\" size=\"1MiB\" when-scaled=\"delete\" when-deleted=\"delete\"",
        &container,
    );
    node.wait_until("one volume is left", |node| volumes(node) == ["db-0.data"]);
    node.write("workloads/db.kdl", "removed \"db\"\n");
    node.build();
    node.wait_until("no volume is left", |node| volumes(node).is_empty());
}

/// C-044: who is ready counts after a while only; when that while goes, all count, and nothing is restarted.
fn min_ready_counts(stage: &Stage) {
    let mut node = stage.node();
    let container = program(&node, 1, "");
    node.start_agent();
    write(
        &node,
        "replicas=2 order=\"parallel\"",
        "update \"rolling\" min-ready=\"1h\" progress-deadline=\"2h\"",
        &container,
    );
    node.wait_until("both wait for min-ready", |node| {
        let waits = |one: &serde_json::Value| {
            one["waits"].as_array().is_some_and(|waits| waits.iter().any(|wait| wait["gate"] == "min-ready"))
        };
        let all = node.instances("db");
        all.len() == 2 && all.iter().all(waits)
    });
    let before = containers(&node);
    write(&node, "replicas=2 order=\"parallel\"", "", &container);
    node.wait_settled("db", 2);
    assert_eq!(containers(&node), before);
}

/// C-029: a container that was renamed while no agent ran, or under its eyes, is ours by its labels: it gets its name back and
/// runs on. One that only has our labels and a name like ours, in no pod of ours, is nobody's, and stays when ours go.
fn what_has_the_wrong_name_is_nobodys(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    write(&node, "replicas=1", "", &program(&node, 1, ""));
    node.wait_settled("db", 1);
    let one = running(&node, "db-0").expect("it runs");
    let other = format!("{}-renamed", one.name);
    for is_watched in [false, true] {
        if !is_watched {
            node.kill_agent();
        }
        podman::text(&["rename", &one.name, &other]);
        if !is_watched {
            node.start_agent();
        }
        node.wait_until("it has its name back", |node| {
            running(node, "db-0").is_some_and(|now| now.name == one.name && now.id == one.id)
        });
        node.wait_settled("db", 1);
    }
    let stranger = format!("{}-stranger", one.name);
    let label = format!("dev.wlc.fleet={}", node.fleet());
    let labels = ["--label", &label, "--label", "dev.wlc.replica=db-0", "--label", "dev.wlc.container=main"];
    let run = [&["run", "-d", "--network=none", "--name", &stranger][..], &labels];
    podman::text(&[run.concat(), vec!["localhost/busybox:1", "sleep", "1000"]].concat());
    write(&node, "replicas=0", "", &program(&node, 1, ""));
    node.wait_until("ours is gone", |node| !containers(node).iter().any(|now| now.id == one.id));
    assert!(podman::runs(&stranger), "it is nobody's");
    podman::text(&["rm", "-f", "-t", "0", &stranger]);
}
