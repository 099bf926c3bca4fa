//! `wlc up` on a real Podman: what the files say runs, runs anew after a save, and is gone after `--down`.

use std::time::Duration;

use wlc_tests::{
    node::{self, Node},
    podman,
    up::Up,
};

use super::web;

/// How long a round may take.
const LIMIT: Duration = Duration::from_secs(120);

/// `wlc up` in the repository of a node, as it runs. It ends before its fleet goes.
struct Running {
    up: Up,
    fleet: Fleet,
}

/// What `wlc up` makes.
struct Fleet(String);

impl Running {
    fn begin(node: &Node, socket: &str) -> Self {
        Self { up: Up::begin(&node.repository(), socket, "60s"), fleet: Fleet(format!("{}-up", node.fleet())) }
    }

    /// Waits until it says that all runs and it waits.
    fn converged(&self) {
        let waits = |line: &str| {
            assert!(!line.starts_with("waiting"), "it did not converge: {line}");
            line.starts_with("converged; waiting")
        };
        self.up.said_until(LIMIT, waits);
    }

    fn containers(&self) -> Vec<String> {
        let label = format!("label=dev.wlc.fleet={}", self.fleet.0);
        podman::lines(&["ps", "-a", "--format", "{{.Names}}", "--filter", &label])
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        podman::remove_fleet(&self.0);
    }
}

#[test]
fn up_converges_again_at_each_save_and_down_cleans_up() {
    let Some(node) = Node::new("up") else { return };
    let socket = podman::socket().expect("a test that runs has a socket").display().to_string();
    node.write("workloads/web.kdl", &web(1, "one"));
    let up = Running::begin(&node, &socket);
    up.converged();
    let first = up.containers();
    assert!(first.iter().any(|name| name.contains(".web-0.")), "{first:?}");
    assert!(podman::runs(first.iter().find(|name| name.contains(".httpd.")).expect("the container runs")));

    // An editor writes a new file and puts it in the place of the old one.
    node.write("workloads/web.kdl~", &web(2, "two"));
    let folder = node.repository().join("workloads");
    std::fs::rename(folder.join("web.kdl~"), folder.join("web.kdl")).unwrap();
    // The watch may see the first file too, and go round once more.
    let both = || {
        let names = up.containers();
        ["web-0", "web-1"].iter().all(|name| names.iter().any(|one| one.contains(&format!(".{name}."))))
    };
    let came = node::wait_until("both replicas are there", LIMIT, both);
    assert!(came.is_some(), "{:?}", up.containers());
    up.converged();
    for name in up.containers().iter().filter(|name| name.contains(".httpd.")) {
        let page = podman::text(&["exec", name, "cat", "/www/index.html"]);
        assert_eq!(page.trim(), "two", "{name}");
    }

    let down = node.wlc(&["up", "--down", "--podman", &socket, "--timeout", "60s"]);
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    let gone = node::wait_until("everything is gone", LIMIT, || up.containers().is_empty());
    assert!(gone.is_some(), "left over: {:?}", up.containers());
}
