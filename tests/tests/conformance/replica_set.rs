//! ReplicaSet: copies of one thing.

use std::time::Duration;

use wlc_tests::{
    node::{Node, fetch},
    podman, running,
};

use crate::stage::{Scene, Stage, scene};

pub(crate) const SCENES: &[Scene] =
    &[scene!(Short replicas_answer_and_are_scaled), scene!(Long an_imported_controller_answers)];

/// A web server that tells its host name.
fn web(replicas: u32, version: u32) -> String {
    format!(
        r#"
deployment "web" replicas={replicas} {{
    grace "1s"
    container "httpd" image="localhost/busybox:1" {{
        command "sh" "-c" "mkdir /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www"
        env {{ VERSION "{version}"; }}
        port "http" 8080 host="auto"
        readiness "tcp" port="http" period="1s"
    }}
}}
"#
    )
}

fn answers(node: &Node, replica: &str) -> bool {
    fetch(node.host_port(replica), "/").is_some_and(|page| page.trim() == replica)
}

fn come_to(node: &Node, replicas: u32, version: u32) {
    node.write("workloads/web.kdl", &web(replicas, version));
    node.build();
    node.wait_settled("web", replicas as usize);
    for number in 0..replicas {
        let name = format!("web-{number}");
        node.wait_until(&format!("{name} answers with its name"), |node| answers(node, &name));
    }
}

/// C-013, C-017, C-018: each answers; more and fewer; count and template at once.
fn replicas_answer_and_are_scaled(stage: &Stage) {
    let mut node = stage.node();
    node.start_agent();
    come_to(&node, 1, 1);
    let first = node.identities();
    come_to(&node, 3, 1);
    assert!(first.iter().all(|one| node.identities().contains(one)), "those that ran go on");
    come_to(&node, 2, 2);
    node.wait_until("two pods are left", |node| node.containers().len() == 2);
    for name in node.containers() {
        assert_eq!(podman::text(&["exec", &name, "sh", "-c", "echo $VERSION"]), "2", "{name}");
    }
    let still = node.identities();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(node.identities(), still);
}

const MANIFEST: &str = "
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 2
  selector: {app: web}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: httpd
        image: localhost/busybox:1
        command: [/bin/sh, -c, 'mkdir /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www']
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
";

/// C-021: a replication controller is imported, and each of its replicas answers.
fn an_imported_controller_answers(stage: &Stage) {
    let mut node = stage.node();
    let path = node.path("controller.yaml");
    std::fs::write(&path, MANIFEST).unwrap();
    let imported = running::wlc(&node.repository(), &["import", path.to_str().unwrap()]);
    node.write("workloads/web.kdl", &imported.stdout);
    node.build();
    node.start_agent();
    node.wait_settled("web", 2);
    for name in node.containers() {
        let page = podman::text(&["exec", &name, "wget", "-q", "-O", "-", "http://127.0.0.1:8080/"]);
        assert!(name.contains(&format!(".{}.", page.trim())), "{name} says {page}");
    }
}
