//! Restart: agent and Podman's service come and go, and containers stay.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use wlc_tests::node::{Node, wait_until};

use crate::{
    looks::{containers, program, running, shell, told},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short an_agent_that_is_killed_changes_nothing),
    scene!(Long a_service_that_is_restarted_changes_nothing),
    scene!(Long a_label_that_changed_meanwhile_is_seen),
];

fn web(node: &Node, more: &str) {
    let text = format!("deployment \"web\" replicas=2 {{\n    grace \"5s\"\n    {}\n}}\n", program(node, 1, more));
    node.write("workloads/web.kdl", &text);
    node.build();
}

/// C-127, C-140: killed three times, it restarts nothing, and a device that was given stays given.
fn an_agent_that_is_killed_changes_nothing(stage: &Stage) {
    let mut node = stage.node();
    web(&node, "device \"/dev/zero\" as=\"/dev/given\" permissions=\"r\"");
    node.start_agent();
    node.wait_settled("web", 2);
    let before = containers(&node);
    for _ in 0..3 {
        node.kill_agent();
        node.start_agent();
        node.wait_settled("web", 2);
    }
    stage.row("C-127", || assert_eq!(containers(&node), before));
    stage.row("C-140", || {
        assert_eq!(shell(&node, "web-0", "head -c 3 /dev/given | wc -c"), "3");
        assert_eq!(running(&node, "web-0").map(|one| one.id), Some(before[0].id.clone()));
    });
}

/// A service of Podman on a socket of its own, on the storage of the others.
struct Service(Child);

impl Service {
    fn start(socket: &Path) -> Self {
        std::fs::remove_file(socket).ok();
        let mut command = Command::new("podman");
        command.args(["system", "service", "--time", "0"]).arg(format!("unix://{}", socket.display()));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let came = wait_until("the socket", Duration::from_secs(20), || socket.exists());
        assert!(came.is_some(), "the service does not come up");
        Self(child)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// C-128: Podman's service ends and comes back, and so does the agent: no replica comes or goes.
fn a_service_that_is_restarted_changes_nothing(stage: &Stage) {
    let mut node = stage.node();
    let socket = node.path("podman.sock");
    let settings = std::fs::read_to_string(node.path("agent.kdl")).unwrap();
    let lines = settings.lines().map(|line| match line.starts_with("podman ") {
        true => format!("podman \"{}\"\n", socket.display()),
        false => format!("{line}\n"),
    });
    let settings: String = lines.collect();
    std::fs::write(node.path("agent.kdl"), settings).unwrap();
    let service = Service::start(&socket);
    web(&node, "");
    node.start_agent();
    node.wait_settled("web", 2);
    let before = containers(&node);
    drop(service);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(containers(&node), before, "without the service they run on");
    let service = Service::start(&socket);
    node.kill_agent();
    node.start_agent();
    node.wait_settled("web", 2);
    assert_eq!(containers(&node), before);
    drop(node);
    drop(service);
}

/// C-138: a label of the node changes while no agent runs; what does not fit any more goes when it is back.
fn a_label_that_changed_meanwhile_is_seen(stage: &Stage) {
    let mut node = stage.node();
    let daemon = format!(
        "daemon-set \"d\" {{\n    grace \"1s\"\n    place {{ require {{ label \"role\" \"edge\" }} }}\n    {}\n}}\n",
        program(&node, 1, "")
    );
    node.write("nodes/here.kdl", "node \"here\" { label \"role\" \"edge\" }\n");
    node.write("workloads/d.kdl", &daemon);
    web(&node, "");
    node.start_agent();
    node.wait_until("all run", |node| told(node) == "d-here:1 web-0:1 web-1:1");
    node.kill_agent();
    node.write("nodes/here.kdl", "node \"here\" { label \"role\" \"core\" }\n");
    node.build();
    assert_eq!(told(&node), "d-here:1 web-0:1 web-1:1", "nobody is there to end it");
    node.start_agent();
    node.wait_until("the daemon is gone", |node| told(node) == "web-0:1 web-1:1");
}
