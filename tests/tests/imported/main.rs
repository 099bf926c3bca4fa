//! Twelve of Kubernetes' own example manifests run: each is imported, checked and built, and the agent carries all of them out
//! on real Podman. Local images stand for theirs, since no registry is asked: the real nginx for nginx, and for all others a
//! busybox that listens on port 8080 and ends when it is asked to.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use serde_json::Value;
use wlc_tests::{node::Node, podman};

/// Deployments, a stateful-set with a claim, a daemon-set with host paths, and pods with probes and a sidecar.
const CHOSEN: [&str; 12] = [
    "controllers/nginx-deployment.yaml",
    "application/deployment-patch.yaml",
    "application/guestbook/frontend-deployment.yaml",
    "application/guestbook/redis-leader-deployment.yaml",
    "application/canary/app-v1-deployment.yaml",
    "application/mysql/mysql-deployment.yaml",
    "service/access/backend-deployment.yaml",
    "application/web/web.yaml",
    "controllers/daemonset.yaml",
    "pods/probe/tcp-liveness-readiness.yaml",
    "pods/multi-container/startup-coordination.yaml",
    "application/php-apache.yaml",
];

/// What the image does that stands for others.
const STAND_IN: &str = "CMD [\"sh\", \"-c\", \"mkdir -p /tmp/www; httpd -p 8080 -h /tmp/www; trap 'exit 0' TERM; while :; do sleep 0.2; done\"]";

fn manifests(test: &str) -> Option<PathBuf> {
    let folder = env::var_os("WLC_TEST_DATA").map(|data| PathBuf::from(data).join("k8s-examples"));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        podman::skip(&format!("{test}: WLC_TEST_DATA names no k8s-examples"));
    }
    found
}

/// The image that stands for others, as long as the test runs.
struct StandIn {
    image: String,
}

impl StandIn {
    fn make(node: &Node) -> Self {
        let (image, container) =
            (format!("localhost/stand-in-{}:1", node.fleet()), format!("stand-in-{}", node.fleet()));
        podman::text(&["create", "--name", &container, "localhost/busybox:1"]);
        podman::text(&["commit", "--quiet", "--change", STAND_IN, &container, &image]);
        podman::text(&["rm", &container]);
        Self { image }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        podman::podman(&["rmi", "--force", &self.image]);
    }
}

/// The text with the value of each property `name="…"` put through `other`.
fn with_property(text: &str, name: &str, other: impl Fn(&str) -> String) -> String {
    let begin = format!(" {name}=\"");
    let mut parts = text.split(&*begin);
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (value, rest) = part.split_once('"').expect("a value has an end");
        changed.push_str(&format!("{begin}{}\"{rest}", other(value)));
    }
    changed
}

fn import(node: &Node, folder: &std::path::Path, name: &str, stand_in: &str) {
    let imported = node.wlc(&["import", folder.join(name).to_str().expect("a plain path")]);
    assert!(imported.status.success(), "{name}: {}", String::from_utf8_lossy(&imported.stderr));
    let text = String::from_utf8_lossy(&imported.stdout).into_owned();
    let image = |of: &str| if of.contains("nginx") { "localhost/nginx:1".to_owned() } else { stand_in.to_owned() };
    let text = with_property(&text, "image", image);
    // Paths of machines that this one does not have.
    let text = with_property(&text, "host-path", |path| {
        let here = node.path("host").join(path.trim_start_matches('/'));
        fs::create_dir_all(&here).unwrap();
        here.display().to_string()
    });
    node.write(&format!("workloads/{}.kdl", name.trim_end_matches(".yaml").replace('/', "-")), &text);
}

/// How many replicas each workload has, as `wlc list` says.
fn replicas(node: &Node) -> BTreeMap<String, usize> {
    let listed = node.wlc(&["list", "--format", "json"]);
    let document: Value = serde_json::from_slice(&listed.stdout).expect("a document");
    let mut found = BTreeMap::new();
    for row in document["replicas"].as_array().expect("a list of replicas") {
        *found.entry(row["workload"].as_str().expect("a workload").to_owned()).or_default() += 1;
    }
    found
}

#[test]
fn twelve_imported_manifests_run() {
    let Some(folder) = manifests("twelve_imported_manifests_run") else { return };
    let Some(mut node) = Node::new("imported") else { return };
    let stand_in = StandIn::make(&node);
    CHOSEN.iter().for_each(|name| import(&node, &folder, name, &stand_in.image));
    let checked = node.wlc(&["check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    node.build();
    let applied = node.wlagent(&["apply", "--timeout", "300s"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let replicas = replicas(&node);
    assert_eq!(replicas.len(), CHOSEN.len(), "each brings one workload: {replicas:?}");
    let running =
        podman::lines(&["ps", "--filter", &format!("label=dev.wlc.fleet={}", node.fleet()), "--format", "{{.Names}}"]);
    let before = node.identities();
    node.start_agent();
    for (workload, count) in &replicas {
        node.wait_ready(workload, *count);
        println!("imported: {workload}: {count} of {count} ready");
    }
    assert_eq!(node.identities(), before, "the agent finds all as it should be: {running:?}");
}
