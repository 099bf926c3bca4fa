//! The life of a pod's containers: init containers, sidecars, hooks, commands as probes, what a failure leaves.

use wlc_tests::{node::Node, podman};

const WORKLOAD: &str = r#"
deployment "app" {
    grace "10s"
    volume "work" empty-dir="1MiB"
    init "prepare" image="localhost/busybox:1" {
        command "sh" "-c" "echo prepared >> /work/log"
        mount "/work" volume="work"
    }
    sidecar "helper" image="localhost/busybox:1" {
        command "sh" "-c" "trap 'echo helper ends >> /work/log; exit 0' TERM; echo helper >> /work/log; while :; do sleep 0.1; done"
        mount "/work" volume="work"
        startup "exec" "grep" "-q" "^helper$" "/work/log" period="200ms"
    }
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "echo $(GREETING) >> /work/log; trap 'exit 0' TERM; while :; do sleep 0.1; done"
        env { GREETING "main" }
        mount "/work" volume="work"
        readiness "exec" "test" "-e" "/work/ready" period="500ms"
        post-start "exec" "sh" "-c" "sleep 0.3; echo hooked >> /work/log"
        pre-stop "exec" "sh" "-c" "echo leaving >> /work/log"
    }
}
"#;

fn main_of(node: &Node) -> Option<String> {
    node.containers().into_iter().find(|name| name.contains(".main.") && podman::runs(name))
}

/// S-288, S-293, S-319, S-333, S-311: in their order, each when the one before it has come far enough.
#[test]
fn containers_of_a_pod_come_up_in_their_order() {
    let Some(mut node) = Node::new("order") else { return };
    node.write("workloads/app.kdl", WORKLOAD);
    node.build();
    node.start_agent();
    node.wait_until("main runs", |node| main_of(node).is_some());
    let main = main_of(&node).expect("it runs");
    node.wait_until("the hook has ended", |_| podman::text(&["exec", &main, "cat", "/work/log"]).contains("hooked"));
    let log = podman::text(&["exec", &main, "cat", "/work/log"]);
    assert_eq!(log.lines().collect::<Vec<_>>(), ["prepared", "helper", "main", "hooked"]);
    assert_eq!(node.instances("app")[0]["ready"], false, "the command says that it is not ready");
    podman::text(&["exec", &main, "touch", "/work/ready"]);
    node.wait_ready("app", 1);
}

/// S-261, S-263, S-284: code, reason, last words and the end of the log.
#[test]
fn a_failure_tells_what_is_left_of_it() {
    let Some(mut node) = Node::new("failure") else { return };
    node.write(
        "workloads/app.kdl",
        r#"
deployment "app" {
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "echo about to fail; echo sorry > /tmp/words; exit 9"
        termination-message path="/tmp/words"
    }
}
"#,
    );
    node.build();
    node.start_agent();
    node.wait_until("it failed", |node| {
        node.instances("app").first().is_some_and(|app| app["failure"]["exit_code"] == 9)
    });
    let failure = node.instances("app")[0]["failure"].clone();
    assert_eq!((&failure["reason"], &failure["message"]), (&"Error".into(), &"sorry".into()), "{failure}");
    assert_eq!(failure["log"], serde_json::json!(["about to fail"]));
}
