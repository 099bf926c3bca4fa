//! `wlc up` on a real Podman: what the files say runs, runs anew after a save, and is gone after `--down`.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use wlc_tests::{
    node::{self, Node},
    podman, programs,
};

use super::web;

/// How long a round may take.
const LIMIT: Duration = Duration::from_secs(120);

/// `wlc up` as it runs, and the lines that it prints.
struct Up {
    child: Child,
    lines: Receiver<String>,
    fleet: String,
}

impl Up {
    fn begin(node: &Node, socket: &str) -> Self {
        let mut command = Command::new(programs::wlc());
        command.current_dir(node.repository()).args(["up", "--podman", socket, "--timeout", "60s"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().expect("standard error is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines, fleet: format!("{}-up", node.fleet()) }
    }

    /// What it says up to the line that says that all runs and it waits.
    fn converged(&self) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("it says nothing more:\n{said}"));
            assert!(!line.starts_with("waiting"), "it did not converge:\n{said}");
            if line.starts_with("converged; waiting") {
                return said;
            }
            said.push_str(&line);
            said.push('\n');
        }
    }

    fn containers(&self) -> Vec<String> {
        let label = format!("label=dev.wlc.fleet={}", self.fleet);
        podman::lines(&["ps", "-a", "--format", "{{.Names}}", "--filter", &label])
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        podman::remove_fleet(&self.fleet);
    }
}

#[test]
fn up_converges_again_at_each_save_and_down_cleans_up() {
    let Some(node) = Node::new("up") else { return };
    let socket = podman::socket().expect("a test that runs has a socket").display().to_string();
    node.write("workloads/web.kdl", &web(1, "one"));
    let up = Up::begin(&node, &socket);
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
