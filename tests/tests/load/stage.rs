//! A stage: an application behind a balancer, with requests under way and a sampler that watches.

use std::{process::Command, thread, time::Duration};

use wlc_tests::{
    load::{Load, Report},
    node::{Node, fetch},
    podman,
    sampler::{Sampler, Samples, Watched},
};

use super::{
    application::{Pace, Readiness, application},
    balancer::Balancer,
};

/// What is played.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    /// Its name, for the fleet and for what is said.
    pub name: &'static str,
    /// Which balancer.
    pub balancer: Balancer,
    /// How the application is replaced.
    pub pace: Pace,
    /// Whether it says when it is ready.
    pub readiness: Readiness,
    /// Its replicas.
    pub replicas: usize,
    /// Requests a second.
    pub rate: u32,
    /// How often a new revision comes.
    pub updates: u32,
}

/// What became of it.
#[derive(Debug)]
pub struct Outcome {
    /// The requests.
    pub report: Report,
    /// The pods.
    pub samples: Samples,
}

impl Play {
    /// Plays it; none where there is no Podman, or no image of the balancer.
    pub fn run(self) -> Option<Outcome> {
        let mut node = Node::new(self.name)?;
        if !podman::podman(&["image", "exists", "localhost/haproxy:1"]).status.success()
            && self.balancer == Balancer::HaProxy
        {
            podman::skip(&format!("{}: there is no image of HAProxy", self.name));
            return None;
        }
        node.write("workloads/balancer.kdl", self.balancer.workload());
        self.write(&node, 0);
        node.build();
        node.start_agent();
        node.wait_ready("web", self.replicas);
        node.wait_ready("balancer", 1);
        let port = node.host_port("balancer-0");
        node.wait_until("the balancer answers", |_| shows(port, 0));
        let (load, sampler) = (Load::begin(port, self.rate), self.watch(&node));
        thread::sleep(Duration::from_secs(2));
        (1..=self.updates).for_each(|number| self.update(&node, number, port));
        thread::sleep(Duration::from_secs(1));
        let outcome = Outcome { report: load.end(), samples: sampler.end() };
        let Samples { taken, left_out, fewest_ready, most_pods } = outcome.samples;
        println!("{}: {}", self.name, outcome.report.line());
        println!(
            "{}: {taken} samples ({left_out} left out): at least {fewest_ready} ready, at most {most_pods} pods",
            self.name
        );
        if !outcome.report.failures.is_empty() {
            say_why(&node, &outcome.report);
        }
        Some(outcome)
    }

    fn write(self, node: &Node, number: u32) {
        node.write("workloads/web.kdl", &application(&word(number), self.replicas, self.pace, self.readiness));
    }

    fn watch(self, node: &Node) -> Sampler {
        let socket = podman::socket().expect("a test that runs has a socket");
        let watched = Watched {
            fleet: node.fleet().to_owned(),
            workload: "web".to_owned(),
            port: 8080,
            path: "/ready".to_owned(),
        };
        Sampler::begin(&socket, watched)
    }

    /// A new revision comes, until nothing of the one before it is left.
    fn update(self, node: &Node, number: u32, port: u16) {
        let before = node.containers();
        self.write(node, number);
        node.build();
        node.wait_until("every pod is of the new revision", |node| {
            let now = node.containers();
            now.len() == before.len() && now.iter().filter(|name| before.contains(name)).count() == 1
        });
        node.wait_ready("web", self.replicas);
        node.wait_until("the balancer shows the new revision alone", |_| (0..6).all(|_| shows(port, number)));
    }
}

/// What helps to find out why requests failed.
fn say_why(node: &Node, report: &Report) {
    println!("they failed at {:?}", report.failed_at.iter().map(|at| at.as_millis()).collect::<Vec<_>>());
    println!("{}", node.agent_log());
    // Where a connection failed: who has which address, and what the kernel knows of it.
    for command in [&["ip", "neigh", "show"][..], &["iptables", "-t", "nat", "-S", "NETAVARK-HOSTPORT-DNAT"]] {
        let shown = Command::new(command[0]).args(&command[1..]).output();
        println!("{}", shown.map(|shown| String::from_utf8_lossy(&shown.stdout).into_owned()).unwrap_or_default());
    }
    for name in node.containers().iter().filter(|name| name.contains(".balancer-0.")) {
        let logs = podman::podman(&["logs", "--timestamps", name]);
        println!("{}{}", String::from_utf8_lossy(&logs.stdout), String::from_utf8_lossy(&logs.stderr));
    }
}

fn word(number: u32) -> String {
    format!("page-{number}")
}

fn shows(port: u16, number: u32) -> bool {
    fetch(port, "/").is_some_and(|page| page.starts_with(&format!("{} ", word(number))))
}
