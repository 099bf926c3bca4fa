//! `react`: SIGKILL to a container's main process, until the next one answers over HTTP.
//!
//! Both sides have the same sixteen pods on the same Podman. Each container is killed once, since a second end within ten
//! minutes is held back by the agent. The answer tells the process apart: the page is made anew at each start.

use std::{
    thread,
    time::{Duration, Instant},
};

use wlc_tests::{
    node::{Node, fetch},
    podman,
};

use super::{driver::Driver, figures};

/// What each container runs: a page with the time of the start, and a web server.
pub(crate) const SCRIPT: &str =
    "mkdir -p /tmp/www; cat /proc/uptime > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www";
const PODS: usize = 16;
const FIRST_PORT: u16 = 31_000;

/// The deployment that the agent runs.
pub(crate) fn deployment(replicas: usize) -> String {
    format!(
        "deployment \"web\" replicas={replicas} {{ grace \"1s\"; container \"main\" image=\"localhost/busybox:1\" {{ \
         command \"sh\" \"-c\" \"{SCRIPT}\"; port \"http\" 8080 host=\"auto\" }} }}\n"
    )
}

/// Runs it.
pub(crate) fn run() {
    let mut node = Node::new("bench-react").expect("a benchmark needs Podman");
    node.write("workloads/web.kdl", &deployment(PODS));
    node.build();
    node.start_agent();
    node.wait_ready("web", PODS);
    let fleet = format!("{}-driver", node.fleet());
    let driver = Driver::new(podman::socket().expect("a benchmark needs Podman"), &fleet);
    let cleaner = Cleaner(fleet.clone());
    driver.make_network();
    (0..PODS).for_each(|number| driver.bring_up(number, port(number)));
    let watching = driver.clone();
    thread::spawn(move || watching.restart_for_ever());
    thread::sleep(Duration::from_secs(1));
    let (mut ours, mut baseline) = (figures::Times::default(), figures::Times::default());
    for number in 0..PODS {
        let replica = format!("web-{number}");
        let name = node.containers().into_iter().find(|name| name.contains(&format!(".{replica}."))).expect("it runs");
        ours.add(kill_and_wait(&name, node.host_port(&replica)));
        baseline.add(kill_and_wait(&format!("bench.{fleet}.{number}.main.0"), port(number)));
    }
    driver.end();
    figures::close("react", &ours, &baseline);
    drop(cleaner);
}

fn port(number: usize) -> u16 {
    FIRST_PORT + u16::try_from(number).expect("a small number")
}

/// Kills, and waits for a page that another process made.
fn kill_and_wait(container: &str, port: u16) -> Duration {
    let before = fetch(port, "/").expect("it answers");
    podman::text(&["inspect", "--type", "container", container]);
    podman::kill_process(container);
    let killed = Instant::now();
    while fetch(port, "/").is_none_or(|page| page == before) {
        assert!(killed.elapsed() < Duration::from_secs(30), "{container} never came back");
        thread::sleep(Duration::from_millis(2));
    }
    killed.elapsed()
}

/// Removes what the driver made, whatever happens.
pub(crate) struct Cleaner(pub(crate) String);

impl Drop for Cleaner {
    fn drop(&mut self) {
        podman::remove_fleet(&self.0);
        podman::podman(&["network", "rm", "-f", &format!("bench.{}", self.0)]);
    }
}
