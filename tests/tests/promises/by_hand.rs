//! What somebody changes by hand with Podman's own command is named and put right, and what runs goes on.

use std::fs;

use wlc_tests::{
    node::{Node, fetch},
    podman,
};

fn applied(node: &Node) -> String {
    let output = node.wlagent(&["apply", "--timeout", "60s"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// A file of the container's control group, as the kernel has it; none where it cannot be found.
fn limit(container: &str) -> Option<String> {
    let process = podman::text(&["inspect", "--type", "container", "--format", "{{.State.Pid}}", container]);
    let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    let path_of = |controller: &str| groups.lines().find_map(|line| line.split_once(controller)?.1.strip_prefix(':'));
    let file = match path_of(":memory") {
        Some(path) => format!("/sys/fs/cgroup/memory{path}/memory.limit_in_bytes"),
        None => format!("/sys/fs/cgroup{}/memory.max", path_of("0:")?),
    };
    fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

fn started(test: &str) -> Option<(Node, String)> {
    let node = Node::new(test)?;
    let text = super::web(1, "hello")
        .replace("port \"http\" 8080", "limit memory=\"64MiB\" cpu=\"500m\"\n        port \"http\" 8080");
    node.write("workloads/web.kdl", &text);
    node.build();
    node.apply();
    let container = node.containers()[0].clone();
    Some((node, container))
}

#[test]
fn changed_limits_are_put_right() {
    let Some((node, container)) = started("limits-by-hand") else { return };
    let before = node.identities();
    if limit(&container).as_deref() != Some("67108864") {
        return podman::skip("limits-by-hand: the control group of a container cannot be read here");
    }
    podman::text(&["update", "--memory", "128m", &container]);
    assert_eq!(limit(&container).as_deref(), Some("134217728"));
    let said = applied(&node);
    assert!(said.contains("`httpd` is allowed 128MiB memory instead of 64MiB, by somebody else"), "{said}");
    assert_eq!(limit(&container).as_deref(), Some("67108864"));
    podman::text(&["update", "--cpus", "1.5", &container]);
    let said = applied(&node);
    assert!(said.contains("`httpd` is allowed 1500m CPU instead of 500m, by somebody else"), "{said}");
    assert!(!applied(&node).contains("begins"));
    assert_eq!(node.identities(), before, "it went on");
}

#[test]
fn a_pod_taken_off_the_network_is_put_back() {
    let Some((node, container)) = started("network-by-hand") else { return };
    let (before, port) = (node.identities(), node.host_port("web-0"));
    let pod = podman::text(&["inspect", "--type", "container", "--format", "{{.Pod}}", &container]);
    let infra = podman::text(&["pod", "inspect", "--format", "{{.InfraContainerID}}", &pod]);
    podman::text(&["network", "disconnect", &format!("wlc.{}", node.fleet()), &infra]);
    assert_eq!(fetch(port, "/"), None);
    let said = applied(&node);
    assert!(said.contains("its pod is off the fleet's network, by somebody else"), "{said}");
    assert_eq!(fetch(port, "/").as_deref(), Some("hello"));
    assert!(!applied(&node).contains("begins"));
    assert_eq!(node.identities(), before, "it went on");
}
