//! A workload that is updated again and again on one node, while the sampler looks on.

use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use wlc_tests::{
    node::{self, Node, wait_until},
    podman,
};

use super::{
    Workload,
    sampler::{Sampler, Seen},
};

/// How long an update may take, its faults included.
pub const LIMIT: Duration = Duration::from_secs(90);

/// The number of SIGKILL.
pub const KILLED: i32 = 9;

/// A workload on a node.
pub struct Fixture {
    /// The node.
    pub node: Node,
    /// The workload.
    pub workload: Workload,
    ports: Vec<Vec<u16>>,
    sampler: Option<Sampler>,
    greeting: String,
    begun: Instant,
}

impl Fixture {
    /// All replicas are ready, the agent does not run, and the sampler looks on; none where there is no Podman.
    pub fn new(test: &str, workload: Workload) -> Option<Self> {
        let socket = podman::socket_or_skip(test)?;
        Some(Self::on(Node::new(test)?, workload, socket))
    }

    /// The same on a node that has settings of its own. The sampler asks Podman at this socket.
    pub fn on(node: Node, workload: Workload, socket: PathBuf) -> Self {
        let mut made =
            Self { node, workload, ports: Vec::new(), sampler: None, greeting: String::new(), begun: Instant::now() };
        made.publish("first");
        made.node.apply();
        made.ports = workload.names().map(|name| made.node.host_ports(&name)).collect();
        made.sampler = Some(Sampler::begin(&made.node, workload, &socket));
        made
    }

    /// Publishes a plan with another greeting, which makes a new revision.
    pub fn publish(&mut self, greeting: &str) {
        self.greeting = greeting.to_owned();
        self.node.write(&format!("workloads/{}.kdl", self.workload.name), &self.workload.text(greeting));
        self.node.build();
    }

    /// Whether every replica answers with the newest greeting, nothing else of it is there, and the agent says so too.
    pub fn has_converged(&self) -> bool {
        self.answer_anew() == self.workload.replicas
            && self.pods().len() == self.workload.replicas
            && self.agent_is_content()
    }

    /// Whether every replica has a container that runs with the newest greeting, and the agent says that all is well: ports are not
    /// asked.
    pub fn runs_anew(&self) -> bool {
        let page = |container: &str| podman::podman(&["exec", container, "cat", "/www/index.html"]).stdout;
        let running: Vec<String> = self.node.containers().into_iter().filter(|name| name.contains(".httpd.")).collect();
        running.len() == self.workload.replicas
            && self.agent_is_content()
            && running.iter().all(|name| String::from_utf8_lossy(&page(name)).trim() == self.greeting)
    }

    /// How many replicas answer with the newest greeting.
    pub fn answer_anew(&self) -> usize {
        let is_new =
            |ports: &&Vec<u16>| ports.iter().any(|port| node::fetch(*port, "/").as_deref() == Some(&self.greeting));
        self.ports.iter().filter(is_new).count()
    }

    fn agent_is_content(&self) -> bool {
        let instances = self.node.instances(self.workload.name);
        let is_content = |one: &serde_json::Value| {
            one["ready"] == true && one["state"] == "running" && one["waits"].as_array().is_some_and(Vec::is_empty)
        };
        instances.len() == self.workload.replicas && instances.iter().all(is_content)
    }

    /// The fleet's pods that are the agent's.
    pub fn pods(&self) -> Vec<String> {
        let filter = format!("label=dev.wlc.fleet={}", self.node.fleet());
        podman::lines(&["pod", "ps", "--filter", &filter, "--format", "{{.Name}}"])
    }

    /// Waits until the update is complete, and the agent runs all the while.
    pub fn converge(&mut self) {
        let came = wait_until("", LIMIT, || self.has_converged());
        assert!(came.is_some(), "it does not converge: {}", self.account());
    }

    /// Waits until the agent has ended itself, as SIGKILL does; false where the update is complete before.
    pub fn dies(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if let Some(end) = self.node.agent_end() {
                assert_eq!(end.signal(), Some(KILLED), "it ended otherwise: {end}: {}", self.account());
                return true;
            }
            if self.has_converged() {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it neither dies nor converges: {}", self.account());
    }

    /// Everything that helps to understand a failure.
    pub fn account(&self) -> String {
        let status = self.node.status().unwrap_or_default();
        format!(
            "{} answer anew; pods {:?}\nstatus: {status:#}\n{}",
            self.answer_anew(),
            self.pods(),
            self.node.agent_log()
        )
    }

    /// After convergence a pass has no action: who converges once more begins nothing.
    pub fn is_at_rest(&mut self) {
        self.node.kill_agent();
        let before = self.node.identities();
        let once = self.node.wlagent(&["apply", "--timeout", "60s"]);
        let said = String::from_utf8_lossy(&once.stderr).into_owned();
        assert!(once.status.success(), "it is not converged: {said}");
        assert!(!said.contains("begins"), "a pass after convergence has actions: {said}");
        assert_eq!(self.node.identities(), before);
    }

    /// Ends the sampler; nothing that was promised was broken.
    pub fn end(mut self, figures: &str) -> Seen {
        let seen = self.sampler.take().expect("it ends once").end();
        let seconds = self.begun.elapsed().as_secs();
        super::tell(&format!(
            "{figures}: {seconds} s, {} looks, {} missing at most, {} allowed",
            seen.looks, seen.most_missing, self.workload.may_be_missing
        ));
        assert!(seen.broken.is_empty(), "{:#?}\n{}", seen.broken, self.node.agent_log());
        assert!(seen.looks > 10, "the sampler looked {} times only", seen.looks);
        seen
    }
}
