//! What a person does on a node: hold, release, try again, and look at what happened.

use std::os::unix::fs::MetadataExt;

use serde_json::Value;
use wlc_tests::{node::Node, podman};

const STEADY: &str = r#"
deployment "app" {
    grace "1s"
    container "main" image="localhost/busybox:1" { command "sh" "-c" "trap 'exit 0' TERM; while :; do sleep 0.1; done" }
}
"#;

fn started(test: &str, workload: &str) -> Option<Node> {
    let mut node = Node::new(test)?;
    node.write("workloads/app.kdl", workload);
    node.build();
    node.start_agent();
    Some(node)
}

fn events(node: &Node, name: &str) -> Vec<Value> {
    let printed = node.printed(&["events", name, "--format", "json"]);
    printed.lines().map(|line| serde_json::from_str(line).expect("a line is a document")).collect()
}

/// What is held is left alone, through a crash of the agent too; the release goes on where it was.
#[test]
fn a_workload_is_held_and_released() {
    let Some(mut node) = started("hold", STEADY) else { return };
    node.wait_ready("app", 1);
    node.printed(&["hold", "app", "--reason", "a disk is changed"]);
    node.wait_until("it is held", |node| node.instances("app")[0]["waits"][0]["gate"] == "held");
    let container = node.containers().remove(0);
    podman::kill_process(&container);
    node.kill_agent();
    node.start_agent();
    node.wait_until("the end is seen", |node| {
        node.instances("app").first().is_some_and(|app| app["containers"][0]["exit_code"] == 137)
    });
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(node.containers(), [container], "nothing was done");
    let status = node.printed(&["status"]);
    assert!(status.contains("held: `app` since 20") && status.contains(": a disk is changed;"), "{status}");
    assert!(node.refused(&["release", "app-0"]).contains("is held with all of `app`"));
    assert!(node.refused(&["hold", "nobody"]).contains("no workload or replica `nobody` is on this node"));
    node.printed(&["release", "app"]);
    node.wait_ready("app", 1);
    assert!(node.refused(&["release", "app"]).contains("`app` is not held"));
    let said: Vec<Value> = events(&node, "app").into_iter().filter(|event| event["event"] == "said").collect();
    assert_eq!(said.iter().map(|event| event["word"].as_str().unwrap()).collect::<Vec<_>>(), ["hold", "release"]);
    let user = format!("user {}", std::fs::metadata("/proc/self").expect("a process has an owner").uid());
    assert!(said[0]["by"].as_str().unwrap().contains(&user), "{said:?}");
}

/// A failure stands in status and in the record with all that is left of it, but for the values of its secrets; a retry ends
/// its back-off.
#[test]
fn a_failure_is_recorded_without_its_secrets() {
    let workload = r#"
secret "db" version="1" { key "password"; key "token" }
deployment "app" {
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "cat /run/secrets/db/password; echo token=$TOKEN; exit 9"
        env { TOKEN secret="db" key="token" }
        mount "/run/secrets/db" secret="db"
    }
}
"#;
    let Some(mut node) = Node::new("masked") else { return };
    node.write_secret("db", "password", "correct horse\nbattery\n");
    node.write_secret("db", "token", "t0ps3cret");
    node.write("workloads/app.kdl", workload);
    node.build();
    node.start_agent();
    node.wait_until("it waits for its back-off", |node| {
        node.instances("app").first().is_some_and(|app| app["state"] == "back-off" && app["failure"]["attempt"] == 1)
    });
    let failure = node.instances("app")[0]["failure"].clone();
    assert_eq!((&failure["exit_code"], &failure["log"]), (&9.into(), &serde_json::json!(["***", "***", "token=***"])));
    let ended = events(&node, "app-0").into_iter().find(|event| event["event"] == "ended").expect("it is recorded");
    assert_eq!((&ended["version"], &ended["run"]["log"]), (&1.into(), &failure["log"]), "{ended}");
    let text = node.printed(&["events", "--since", "1h"]);
    assert!(text.contains("app-0  run 0 of `main` ended with 9 (Error) at "), "{text}");
    assert!(
        text.contains("\n    | token=***\n") && text.contains("node  generation 1 is accepted, signed by ci"),
        "{text}"
    );
    assert!(!text.contains("battery") && !text.contains("t0ps3cret"), "{text}");
    node.printed(&["retry", "app"]);
    node.wait_until("it runs again at once", |node| {
        events(node, "app").iter().any(|event| event["run"]["attempt"] == 2)
    });
}
