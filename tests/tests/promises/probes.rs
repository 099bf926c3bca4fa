//! Probes: readiness gates, liveness restarts, startup holds the other two back.

use std::{thread, time::Duration};

use wlc_tests::{node::Node, podman};

fn workload(probes: &str) -> String {
    format!(
        r#"
deployment "probed" {{
    grace "1s"
    container "httpd" image="localhost/busybox:1" {{
        command "sh" "-c" "mkdir -p /tmp/www; echo ok > /tmp/www/live; httpd -f -p 8080 -h /tmp/www"
        port "http" 8080
        {probes}
    }}
}}
"#
    )
}

fn container(node: &Node) -> String {
    node.containers().pop().expect("a container")
}

/// S-311: a failing readiness probe makes a replica not ready, and never ends it.
#[test]
fn readiness_gates_and_never_kills() {
    let Some(mut node) = Node::new("readiness") else { return };
    node.write(
        "workloads/probed.kdl",
        &workload("readiness \"http\" \"/ready\" port=\"http\" period=\"500ms\" failures=1"),
    );
    node.build();
    node.start_agent();
    node.wait_until("it runs", |node| node.containers().first().is_some_and(|name| podman::runs(name)));
    thread::sleep(Duration::from_secs(2));
    assert_eq!(node.instances("probed")[0]["ready"], false);
    podman::text(&["exec", &container(&node), "sh", "-c", "echo ok > /tmp/www/ready"]);
    node.wait_ready("probed", 1);
    podman::text(&["exec", &container(&node), "rm", "/tmp/www/ready"]);
    node.wait_until("it is not ready again", |node| node.instances("probed")[0]["ready"] == false);
    assert!(container(&node).ends_with(".0"), "it was never restarted");
}

/// S-310: a failing liveness probe ends the container, which runs again.
#[test]
fn liveness_restarts() {
    let Some(mut node) = Node::new("liveness") else { return };
    node.write(
        "workloads/probed.kdl",
        &workload("liveness \"http\" \"/live\" port=\"http\" period=\"500ms\" failures=2"),
    );
    node.build();
    node.start_agent();
    node.wait_ready("probed", 1);
    podman::text(&["exec", &container(&node), "rm", "/tmp/www/live"]);
    node.wait_until("the second attempt runs", |node| {
        node.containers().iter().any(|name| name.ends_with(".1") && podman::runs(name))
    });
    node.wait_ready("probed", 1);
}

/// S-309: until the startup probe has passed, the others are off.
#[test]
fn startup_holds_liveness_back() {
    let Some(mut node) = Node::new("startup") else { return };
    let probes = "startup \"http\" \"/started\" port=\"http\" period=\"500ms\" failures=100\n\
                  liveness \"http\" \"/started\" port=\"http\" period=\"500ms\" failures=1";
    node.write("workloads/probed.kdl", &workload(probes));
    node.build();
    node.start_agent();
    node.wait_until("it runs", |node| node.containers().first().is_some_and(|name| podman::runs(name)));
    thread::sleep(Duration::from_secs(3));
    assert_eq!(node.instances("probed")[0]["ready"], false, "not started, so not ready");
    assert!(container(&node).ends_with(".0"), "liveness did not restart it");
    podman::text(&["exec", &container(&node), "sh", "-c", "echo ok > /tmp/www/started"]);
    node.wait_ready("probed", 1);
}

/// A TCP probe passes once the port is open.
#[test]
fn a_tcp_probe_asks_the_port() {
    let Some(mut node) = Node::new("tcp") else { return };
    node.write("workloads/probed.kdl", &workload("readiness \"tcp\" port=\"http\" period=\"500ms\""));
    node.build();
    node.start_agent();
    node.wait_ready("probed", 1);
}
