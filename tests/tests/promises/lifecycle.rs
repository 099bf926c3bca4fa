//! From a file to a running container, and back to it whatever ends.

use std::time::{Duration, Instant};

use serde_json::Value;
use wlc_tests::{
    node::{Node, fetch},
    podman,
};

use super::web;

/// C-013: each replica answers. Names, labels, network, log and host name are as the book has them.
#[test]
fn a_deployment_runs_and_answers() {
    let Some(node) = Node::new("runs") else { return };
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.build();
    node.apply();
    for replica in ["web-0", "web-1"] {
        assert_eq!(fetch(node.host_port(replica), "/").as_deref(), Some("hello"), "{replica}");
    }
    let containers = node.containers();
    assert_eq!(containers.len(), 2, "{containers:?}");
    let first = &containers[0];
    let parts: Vec<&str> = first.split('.').collect();
    assert_eq!(parts[..3], ["wlc", node.fleet(), "web-0"]);
    assert_eq!((parts[3].len(), &parts[4..]), (8, &["httpd", "0"][..]));
    let inspected: Value = serde_json::from_str(&podman::text(&["inspect", "--type", "container", first])).unwrap();
    let labels = &inspected[0]["Config"]["Labels"];
    assert_eq!(labels["dev.wlc.workload"], "web");
    assert_eq!(labels["dev.wlc.replica"], "web-0");
    assert_eq!(labels["dev.wlc.container"], "httpd");
    assert_eq!(labels["dev.wlc.attempt"], "0");
    assert_eq!(labels["dev.wlc.format"], "1");
    assert!(labels["dev.wlc.revision"].as_str().unwrap().starts_with("v1:"));
    let host = &inspected[0]["HostConfig"];
    assert_eq!(host["RestartPolicy"]["Name"].as_str().unwrap_or(""), "no", "P-104");
    assert_eq!(host["LogConfig"]["Type"], "k8s-file");
    assert_eq!(podman::text(&["exec", first, "hostname"]), "web-0");
    assert_eq!(
        podman::lines(&["network", "ls", "--format", "{{.Name}}", "--filter", &format!("name=wlc.{}", node.fleet())])
            .len(),
        1
    );
}

/// A second pass after convergence does nothing: the same containers, started at the same time.
#[test]
fn a_second_pass_does_nothing() {
    let Some(node) = Node::new("second-pass") else { return };
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.build();
    node.apply();
    let before = node.identities();
    node.apply();
    assert_eq!(node.identities(), before);
}

/// S-251: a container that ends is started again at once the first time; the new one is another container.
#[test]
fn a_killed_container_runs_again() {
    let Some(mut node) = Node::new("killed") else { return };
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let first = node.containers()[0].clone();
    let killed = Instant::now();
    podman::kill_process(&first);
    let second = first.strip_suffix(".0").map(|stem| format!("{stem}.1")).unwrap();
    node.wait_until("the second attempt runs", |_| podman::runs(&second));
    assert!(killed.elapsed() < Duration::from_secs(5), "it took {:?}", killed.elapsed());
    node.wait_until("status counts the restart", |node| {
        node.instances("web").iter().any(|instance| instance["restarts"] == 1 && instance["ready"] == true)
    });
    assert_eq!(fetch(node.host_port("web-0"), "/").as_deref(), Some("hello"));
}

/// S-272, S-465: an agent that is killed leaves its containers running, and takes them over when it is back.
#[test]
fn an_agent_may_be_killed_at_any_time() {
    let Some(mut node) = Node::new("agent-killed") else { return };
    node.write("workloads/web.kdl", &web(3, "hello"));
    node.build();
    for pause in [20, 150, 400, 900] {
        node.start_agent();
        std::thread::sleep(Duration::from_millis(pause));
        node.kill_agent();
    }
    node.start_agent();
    node.wait_ready("web", 3);
    let before = node.identities();
    node.kill_agent();
    assert_eq!(fetch(node.host_port("web-0"), "/").as_deref(), Some("hello"), "it answers without an agent");
    node.start_agent();
    node.wait_ready("web", 3);
    assert_eq!(node.identities(), before, "nothing was started anew");
}

/// A second agent on the same state leaves at once and says why.
#[test]
fn a_second_agent_leaves() {
    let Some(mut node) = Node::new("two-agents") else { return };
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let second = node.wlagent(&["apply", "--timeout", "5s"]);
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).to_lowercase();
    assert!(said.contains("agent"), "{said}");
}

/// `wlagent wait`, `wlagent logs` and `wlagent status` answer people and scripts.
#[test]
fn wait_logs_and_status_answer() {
    let Some(mut node) = Node::new("commands") else { return };
    node.write(
        "workloads/talk.kdl",
        "deployment \"talk\" { grace \"1s\"; container \"main\" image=\"localhost/busybox:1\" { command \"sh\" \"-c\" \"echo a first line; sleep 1000\"; } }\n",
    );
    node.build();
    node.start_agent();
    let waited = node.wlagent(&["wait", "talk", "--timeout", "30s"]);
    assert!(waited.status.success(), "{}", String::from_utf8_lossy(&waited.stderr));
    let logs = node.wlagent(&["logs", "talk-0"]);
    assert!(String::from_utf8_lossy(&logs.stdout).contains("a first line"), "{logs:?}");
    let status = node.wlagent(&["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("talk-0"));
    let unknown = node.wlagent(&["wait", "nobody", "--timeout", "1s"]);
    assert_eq!(unknown.status.code(), Some(1));
}

/// Who builds and then waits for that generation never hears of the one before, though its pod is ready all the while.
#[test]
fn wait_waits_for_a_generation() {
    let Some(mut node) = Node::new("generation") else { return };
    node.write("workloads/web.kdl", &web(1, "first"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    node.write("workloads/web.kdl", &web(1, "second"));
    node.build();
    let waited = node.wlagent(&["wait", "web", "--generation", "2", "--timeout", "60s"]);
    assert!(waited.status.success(), "{}", String::from_utf8_lossy(&waited.stderr));
    let asked = node.instances("web")[0].clone();
    assert_eq!(asked["revision"], asked["asked"]["revision"]);
    assert_eq!(asked["asked"]["number"], 2);
    let never = node.wlagent(&["wait", "web", "--generation", "9", "--timeout", "1s"]);
    assert_eq!(never.status.code(), Some(1));
    let said = String::from_utf8_lossy(&never.stderr).into_owned();
    assert!(said.contains("generation 9 is not accepted here, generation 2 is"), "{said}");
}

/// Every replica carries its own values; what the pod template says arrives in the container.
#[test]
fn environment_volumes_and_resources_arrive() {
    let Some(node) = Node::new("fields") else { return };
    node.write(
        "workloads/all.kdl",
        r#"
deployment "all" {
    grace "1s"
    volume "work" empty-dir="64MiB"
    container "one" image="localhost/busybox:1" {
        command "sleep" "1000"
        env { GREETING "hello"; WHO field="replica"; WHERE field="node"; BOTH "$(GREETING) $(WHO) $$(GREETING) $(NOBODY)" }
        mount "/shared" volume="work"
        mount "/scratch" tmpfs="8MiB"
        limit memory="64MiB" cpu="500m"
        user 1000
        group 1000
        no-new-privileges
        read-only-root
        capabilities { drop "ALL" }
    }
    container "two" image="localhost/busybox:1" {
        command "sleep" "1000"
        mount "/shared" volume="work"
    }
}
"#,
    );
    node.build();
    node.apply();
    let containers = node.containers();
    let named = |name: &str| containers.iter().find(|one| one.contains(&format!(".{name}."))).unwrap().clone();
    let (one, two) = (named("one"), named("two"));
    let said = podman::text(&[
        "exec",
        &one,
        "sh",
        "-c",
        "echo \"$BOTH|$WHERE|$(id -u):$(id -g)|$(grep NoNewPrivs /proc/self/status | cut -f2)|$(grep CapEff /proc/self/status | cut -f2)\"",
    ]);
    assert_eq!(said, "hello all-0 $(GREETING) $(NOBODY)|here|1000:1000|1|0000000000000000", "S-364, P-120");
    assert!(!podman::podman(&["exec", &one, "touch", "/a"]).status.success(), "the root file system is read-only");
    podman::text(&["exec", &two, "sh", "-c", "echo shared > /shared/file; chmod 644 /shared/file"]);
    assert_eq!(podman::text(&["exec", &one, "cat", "/shared/file"]), "shared");
    let size = podman::text(&["exec", &one, "sh", "-c", "df -k /scratch | tail -1 | awk '{print $2}'"]);
    assert_eq!(size, "8192");
    let limits: Value = serde_json::from_str(&podman::text(&["inspect", "--type", "container", &one])).unwrap();
    let host = &limits[0]["HostConfig"];
    assert_eq!(host["Memory"], 64 << 20, "S-350");
    assert_eq!((host["CpuQuota"].as_u64(), host["CpuPeriod"].as_u64()), (Some(50_000), Some(100_000)));
}

/// Without Podman the agent says so, and goes on by itself once it is there.
#[test]
fn without_podman_the_agent_says_so() {
    let Some(node) = Node::new("no-podman") else { return };
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    let settings = std::fs::read_to_string(node.path("agent.kdl")).unwrap();
    let elsewhere: Vec<String> = settings
        .lines()
        .map(|line| {
            if line.starts_with("podman ") {
                format!("podman \"{}\"", node.path("nowhere.sock").display())
            } else {
                line.to_owned()
            }
        })
        .collect();
    std::fs::write(node.path("agent.kdl"), elsewhere.join("\n")).unwrap();
    let refused = node.wlagent(&["apply", "--timeout", "2s"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("nowhere.sock"), "{said}");
    std::fs::write(node.path("agent.kdl"), settings).unwrap();
    node.apply();
}

/// The agent's state lost while everything runs: nothing is stopped for it, and the configs that the containers had
/// mounted from it come back, one replica at a time.
#[test]
fn a_lost_state_heals() {
    let Some(mut node) = Node::new("lost-state") else { return };
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.build();
    node.apply();
    std::fs::remove_dir_all(node.path("state")).unwrap();
    node.start_agent();
    node.wait_until("every page is back", |node| {
        (0..2).all(|number| fetch(node.host_port(&format!("web-{number}")), "/").as_deref() == Some("hello"))
    });
    node.wait_ready("web", 2);
    let before = node.identities();
    node.kill_agent();
    node.apply();
    assert_eq!(node.identities(), before, "and then nothing is to be done");
}
