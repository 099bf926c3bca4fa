//! Probes: one fleet of small pods for each kind of outcome, looked at all together.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::Value;
use wlc_tests::{
    node::{self, Node, wait_until},
    podman, running as programs,
};

use crate::{
    looks::{containers, running},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Long probes_that_hold),
    scene!(Long probes_that_restart),
    scene!(Long a_count_of_restarts_only_rises),
    scene!(Short what_is_stopped_is_not_ready),
    scene!(Long imported_probes_restart),
];

/// Scripts of a web server: redirects to a page that is not there, on this host and to another one.
const SITE: &str = r##"
config "site" {
    file "near" text="#!/bin/sh\nprintf 'Status: 302 Found\\r\\nLocation: /absent\\r\\n\\r\\n'\n"
    file "far" text="#!/bin/sh\nprintf 'Status: 302 Found\\r\\nLocation: http://192.0.2.1/absent\\r\\n\\r\\n'\n"
    file "index.html" text="hello"
}
"##;

/// A deployment of one container that has a web server, an open port, and a file `/tmp/health`.
struct Pod {
    id: &'static str,
    role: &'static str,
    probes: &'static str,
    prelude: &'static str,
    grace: &'static str,
}

impl Pod {
    fn new(id: &'static str, probes: &'static str) -> Self {
        Self { id, role: "container", probes, prelude: "", grace: "2s" }
    }

    fn sidecar(self) -> Self {
        Self { role: "sidecar", ..self }
    }

    fn before(self, prelude: &'static str) -> Self {
        Self { prelude, ..self }
    }

    fn grace(self, grace: &'static str) -> Self {
        Self { grace, ..self }
    }

    fn name(&self) -> String {
        self.id.to_lowercase()
    }

    fn text(&self) -> String {
        let Self { role, probes, prelude, grace, .. } = self;
        let beside = match *role {
            "sidecar" => "container \"beside\" image=\"localhost/busybox:1\" { command \"sleep\" \"1000\"; }",
            _ => "",
        };
        format!(
            r#"
deployment "{}" {{
    grace "{grace}"
    {role} "probed" image="localhost/busybox:1" {{
        command "sh" "-c" "{prelude} touch /tmp/health; exec httpd -f -p 8080 -h /www"
        port "http" 8080
        port "closed" 9999
        mount "/www" mode="0755" {{ config "site" {{ item "near" "cgi-bin/near"; item "far" "cgi-bin/far"; item "index.html" "index.html" }} }}
        {probes}
    }}
    {beside}
}}
"#,
            self.name()
        )
    }
}

fn write(node: &Node, pods: &[Pod]) {
    let all: String = pods.iter().map(Pod::text).collect();
    node.write("workloads/pods.kdl", &format!("{SITE}{all}"));
    node.build();
}

/// What the agent says of each workload.
fn status(node: &Node) -> BTreeMap<String, Value> {
    let status = node.status().unwrap_or_default();
    let all = status["instances"].as_array().cloned().unwrap_or_default();
    all.into_iter().map(|one| (one["workload"].as_str().unwrap_or_default().to_owned(), one)).collect()
}

fn restarts(status: &BTreeMap<String, Value>, pod: &Pod) -> u64 {
    status.get(&pod.name()).and_then(|one| one["restarts"].as_u64()).unwrap_or_default()
}

fn is_ready(status: &BTreeMap<String, Value>, pod: &Pod) -> bool {
    status.get(&pod.name()).is_some_and(|one| one["ready"] == true)
}

/// How many milliseconds ago the container of a replica was started.
fn runs_for(node: &Node, replica: &str) -> i64 {
    let one = running(node, replica).unwrap_or_else(|| panic!("{replica} does not run"));
    let started = podman::text(&["inspect", "--format", "{{.State.StartedAt.UnixMilli}}", &one.name]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    i64::try_from(now).unwrap() - started.parse::<i64>().unwrap()
}

const SLOW_READY: &str = "readiness \"tcp\" port=\"http\" period=\"1s\" initial-delay=\"4s\"";
const NEVER_READY: &str = "readiness \"exec\" \"false\" period=\"1s\" failures=1";
const FAR: &str = "liveness \"http\" \"/cgi-bin/far\" port=\"http\" period=\"1s\" failures=1";
const NEAR: &str = "liveness \"http\" \"/cgi-bin/near\" port=\"http\" period=\"1s\" failures=1";

/// C-143, C-144, C-146, C-149, C-152, C-155, C-156, C-159, C-169, C-176, C-187, C-188: nothing of these restarts anything.
fn probes_that_hold(stage: &Stage) {
    let mut node = stage.node();
    let late = "readiness \"exec\" \"sleep\" \"100\" period=\"1s\" timeout=\"1s\" failures=1";
    let startup = "startup \"exec\" \"test\" \"-e\" \"/tmp/started\" period=\"1s\" failures=60\n\
        liveness \"exec\" \"test\" \"-e\" \"/tmp/started\" period=\"1s\" failures=1";
    let soon = "startup \"exec\" \"test\" \"-e\" \"/tmp/health\" period=\"1s\" failures=60\n\
        readiness \"tcp\" port=\"http\" period=\"10m\"";
    let pods = [
        Pod::new("C-143", SLOW_READY),
        Pod::new("C-144", NEVER_READY),
        Pod::new(
            "C-146",
            "liveness \"exec\" \"cat\" \"/tmp/health\" period=\"1s\" timeout=\"5s\" failures=3 initial-delay=\"1s\"",
        ),
        Pod::new("C-149", "liveness \"tcp\" port=\"http\" period=\"1s\" failures=1 initial-delay=\"1s\""),
        Pod::new("C-152", late),
        Pod::new("C-155", FAR),
        Pod::new("C-156", startup),
        Pod::new("C-159", soon),
        Pod::new("C-169", "liveness \"http\" \"/\" port=\"http\" period=\"1s\" failures=1 initial-delay=\"1s\"")
            .sidecar(),
        Pod::new("C-176", FAR).sidecar(),
        Pod::new("C-187", SLOW_READY).sidecar(),
        Pod::new("C-188", NEVER_READY).sidecar(),
    ];
    write(&node, &pods);
    node.start_agent();
    let never = ["C-144", "C-152", "C-156", "C-188"];
    let mut too_early = Vec::new();
    let begun = Instant::now();
    loop {
        let said = status(&node);
        for pod in pods.iter().filter(|pod| pod.probes == SLOW_READY && is_ready(&said, pod)) {
            if runs_for(&node, &format!("{}-0", pod.name())) < 4_000 {
                too_early.push(pod.id);
            }
        }
        if pods.iter().all(|pod| is_ready(&said, pod) || never.contains(&pod.id)) || begun.elapsed().as_secs() > 90 {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(Duration::from_secs(5));
    let said = status(&node);
    for pod in &pods {
        stage.row(pod.id, || {
            let one = &said[&pod.name()];
            assert_eq!(restarts(&said, pod), 0, "{one:#}");
            assert_eq!(is_ready(&said, pod), !never.contains(&pod.id), "{one:#}");
            assert!(!too_early.contains(&pod.id), "ready before its delay was over");
        });
    }
}

/// C-145, C-151, C-153, C-154, C-157, C-158, C-160, C-164, C-165, C-171, C-175, C-178, C-179, C-181, C-185: each of these
/// ends its container, which runs again.
fn probes_that_restart(stage: &Stage) {
    let mut node = stage.node();
    let health = "liveness \"exec\" \"cat\" \"/tmp/health\" period=\"1s\" failures=1 initial-delay=\"1s\"";
    let grpc = "liveness \"grpc\" port=\"closed\" period=\"1s\" failures=1";
    let enabled =
        "startup \"tcp\" port=\"http\" period=\"1s\" failures=60\nliveness \"exec\" \"false\" period=\"1s\" failures=1";
    let fails = "startup \"exec\" \"false\" period=\"1s\" failures=2";
    let slow = "liveness \"exec\" \"sleep\" \"100\" period=\"1s\" timeout=\"1s\" failures=1";
    let late = "liveness \"exec\" \"sh\" \"-c\" \"sleep 3; exit 1\" period=\"1s\" timeout=\"1s\" failures=1";
    let graceful = "liveness \"exec\" \"false\" period=\"1s\" failures=1 grace=\"1s\"";
    let deaf = "trap '' TERM;";
    let gone = "(sleep 2; rm -f /tmp/health) &";
    let pods = [
        Pod::new("C-145", health).before(gone),
        Pod::new("C-151", slow),
        Pod::new("C-153", late),
        Pod::new("C-154", NEAR),
        Pod::new("C-157", enabled),
        Pod::new("C-158", fails),
        Pod::new("C-160", grpc),
        Pod::new("C-164", graceful).before(deaf).grace("500s"),
        Pod::new("C-165", "startup \"exec\" \"false\" period=\"1s\" failures=1 grace=\"1s\"")
            .before(deaf)
            .grace("500s"),
        Pod::new("C-171", health).before(gone).sidecar(),
        Pod::new("C-175", NEAR).sidecar(),
        Pod::new("C-178", enabled).sidecar(),
        Pod::new("C-179", fails).sidecar(),
        Pod::new("C-181", grpc).sidecar(),
        Pod::new("C-185", graceful).before(deaf).grace("500s").sidecar(),
    ];
    write(&node, &pods);
    node.start_agent();
    let limit = Duration::from_secs(120);
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    let all = std::cell::RefCell::new(&mut most);
    wait_until("all were restarted", limit, || {
        let said = status(&node);
        let mut most = all.borrow_mut();
        for pod in &pods {
            let count = restarts(&said, pod);
            let known = most.entry(pod.id).or_default();
            *known = count.max(*known);
        }
        pods.iter().all(|pod| most[pod.id] > 0)
    });
    let said = status(&node);
    for pod in &pods {
        stage.row(pod.id, || assert!(most[pod.id] > 0, "{:#}", said[&pod.name()]));
    }
}

/// C-150: the count of restarts only rises, also over a restart of the agent.
fn a_count_of_restarts_only_rises(stage: &Stage) {
    let mut node = stage.node();
    let pod = Pod::new("C-150", "liveness \"exec\" \"false\" period=\"1s\" failures=1");
    write(&node, &[pod]);
    node.start_agent();
    let count = |node: &Node| status(node).get("c-150").and_then(|one| one["restarts"].as_u64()).unwrap_or_default();
    let mut counts = vec![0];
    for next in 1..=3 {
        node.wait_until(&format!("it was restarted {next} times"), |node| count(node) >= next);
        counts.push(count(&node));
        node.kill_agent();
        node.start_agent();
        node.wait_until("the agent answers", |node| status(node).contains_key("c-150"));
        counts.push(count(&node));
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert!(containers(&node).iter().all(|one| u64::from(one.attempt) <= count(&node)), "{:?}", containers(&node));
}

/// C-162, C-183: from the moment that a stop begins, its pod is not ready, though its probe would pass.
fn what_is_stopped_is_not_ready(stage: &Stage) {
    let mut node = stage.node();
    let slow = "trap 'sleep 6; exit 0' TERM; httpd -p 8080 -h /www; while :; do sleep 0.1; done;";
    let ready = "readiness \"tcp\" port=\"http\" period=\"1s\"";
    let pods = [
        Pod::new("C-162", ready).before(slow).grace("30s"),
        Pod::new("C-183", ready).before(slow).grace("30s").sidecar(),
    ];
    write(&node, &pods);
    node.start_agent();
    node.wait_settled("c-162", 1);
    node.wait_settled("c-183", 1);
    for pod in &pods {
        assert!(node.wlagent(&["restart", &pod.name()]).status.success());
    }
    for pod in &pods {
        stage.row(pod.id, || {
            let replica = format!("{}-0", pod.name());
            let came = node::wait_until("it is not ready", Duration::from_secs(20), || !is_ready(&status(&node), pod));
            assert!(came.is_some() && running(&node, &replica).is_some(), "not ready while it still runs");
        });
    }
}

/// A manifest as people have them.
const MANIFEST: &str = "
apiVersion: v1
kind: Pod
metadata:
  name: liveness-exec
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: liveness
    image: localhost/busybox:1
    args: [/bin/sh, -c, 'touch /tmp/healthy; sleep 2; rm -f /tmp/healthy; sleep 600']
    livenessProbe:
      exec: {command: [cat, /tmp/healthy]}
      initialDelaySeconds: 1
      periodSeconds: 1
      failureThreshold: 1
---
apiVersion: v1
kind: Pod
metadata:
  name: liveness-http
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: liveness
    image: localhost/busybox:1
    args: [/bin/sh, -c, 'mkdir /www; touch /www/healthz; (sleep 2; rm /www/healthz) & httpd -f -p 8080 -h /www']
    livenessProbe:
      httpGet: {path: /healthz, port: 8080}
      initialDelaySeconds: 1
      periodSeconds: 1
      failureThreshold: 1
";

/// C-189: manifests with a command and an HTTP request as liveness probes are imported, and what they describe restarts.
fn imported_probes_restart(stage: &Stage) {
    let mut node = stage.node();
    let path = node.path("pods.yaml");
    std::fs::write(&path, MANIFEST).unwrap();
    let imported = programs::wlc(&node.repository(), &["import", path.to_str().unwrap()]);
    node.write("workloads/imported.kdl", &imported.stdout);
    node.build();
    node.start_agent();
    for name in ["liveness-exec", "liveness-http"] {
        node.wait_until(&format!("{name} was restarted"), |node| {
            status(node).get(name).is_some_and(|one| one["restarts"].as_u64() > Some(0))
        });
    }
}
