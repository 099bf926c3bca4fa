//! `idle`: what the agent uses while nothing happens, with 100 pods whose probes ask over HTTP or TCP every 10 s. Beside it:
//! Podman's service, `podman events`, and the conmon processes. Then the same probes as commands in the containers, for fewer
//! pods, beside the bare API doing no more than that.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use wlc_tests::{node::Node, podman};

use super::{
    driver::Driver,
    process::{Memory, Process, cpu_of, memory_of},
    react::{Cleaner, SCRIPT},
};

const PODS: usize = 100;
const EXEC_PODS: usize = 20;
const PERIOD: Duration = Duration::from_secs(10);
/// Until what the start has left behind is over.
const CALM: Duration = Duration::from_secs(60);
const WINDOW: Duration = Duration::from_secs(10);
const WINDOWS: usize = 18;
/// The aims: MiB of private memory, and a share of a core.
const AIM_MEMORY: f64 = 15.0;
const AIM_CPU: f64 = 0.002;

/// Runs it.
pub(crate) fn run() {
    over_the_network();
    in_the_containers();
}

fn deployment(name: &str, replicas: usize, probe: &str) -> String {
    format!(
        "deployment \"{name}\" replicas={replicas} {{ grace \"1s\"; container \"main\" image=\"localhost/busybox:1\" {{ \
         command \"sh\" \"-c\" \"{SCRIPT}\"; port \"http\" 8080; readiness {probe} period=\"10s\" }} }}\n"
    )
}

/// An agent that has brought its pods up and come to rest.
fn at_rest(name: &str, workloads: &[(&str, usize, &str)]) -> (Node, Process) {
    let mut node = Node::new(name).expect("a benchmark needs Podman");
    for (workload, replicas, probe) in workloads {
        node.write(&format!("workloads/{workload}.kdl"), &deployment(workload, *replicas, probe));
    }
    node.build();
    node.start_agent();
    let begun = Instant::now();
    for (workload, replicas, _) in workloads {
        while node.instances(workload).iter().filter(|one| one["ready"] == true).count() < *replicas {
            assert!(begun.elapsed() < Duration::from_secs(900), "never ready:\n{}", node.agent_log());
            thread::sleep(Duration::from_millis(500));
        }
    }
    println!("{name}: all ready after {:.0} s", begun.elapsed().as_secs_f64());
    thread::sleep(CALM);
    let agent = Process(node.agent_id());
    (node, agent)
}

fn over_the_network() {
    let half = PODS / 2;
    let workloads = [("over-http", half, "\"http\" \"/\" port=\"http\""), ("over-tcp", half, "\"tcp\" port=\"http\"")];
    let (node, agent) = at_rest("bench-idle", &workloads);
    let events = Events::follow();
    let service = service();
    let conmons = Process::with_words(&["conmon", "--api-version", node.fleet()]);
    let before = [cpu_of(&service), cpu_of(&[events.process()]), cpu_of(&conmons)];
    let begun = Instant::now();
    let (shares, memories) = watch(agent);
    let time = begun.elapsed();
    let after = [cpu_of(&service), cpu_of(&[events.process()]), cpu_of(&conmons)];
    println!("idle: {PODS} pods, probes every {} s, {:.0} s watched", PERIOD.as_secs(), time.as_secs_f64());
    let dirty = median(memories.iter().map(|one| mebibytes(one.dirty)).collect());
    println!("idle: the agent has {} threads; of its private memory {dirty:.1} MiB were written to", agent.threads());
    println!("idle: the agent's share of a core in each window: {}", spread(&shares));
    let beside = [("Podman's service", service), ("podman events", vec![events.process()]), ("conmon", conmons)];
    for ((name, processes), (before, after)) in beside.iter().zip(before.into_iter().zip(after)) {
        let share = (after - before).as_secs_f64() / time.as_secs_f64() * 100.0;
        let memory = mebibytes(memory_of(processes).private);
        println!("idle beside: {name}: {} processes, {memory:.1} MiB private, {share:.3} % of a core", processes.len());
    }
    let memory = median(memories.iter().map(|one| mebibytes(one.private)).collect());
    let share = median(shares);
    println!("idle-memory: ratio {:.4} (ours {memory:.1} MiB, baseline {AIM_MEMORY:.1} MiB)", memory / AIM_MEMORY);
    let (ours, aim) = (share * 100.0, AIM_CPU * 100.0);
    println!("idle-cpu: ratio {:.4} (ours {ours:.3} % of a core, baseline {aim:.1} % of a core)", share / AIM_CPU);
}

/// The agent and Podman's service with commands as probes, and then a plain driver and the service with the same commands.
fn in_the_containers() {
    let (node, agent) = at_rest("bench-exec", &[("by-exec", EXEC_PODS, "\"exec\" \"true\"")]);
    let service = service();
    let (own, served) = (agent.fine_cpu(), cpu_of(&service));
    let begun = Instant::now();
    thread::sleep(WINDOW * 6);
    let share = |used: Duration, time: Duration| used.as_secs_f64() / time.as_secs_f64() * 100.0;
    let time = begun.elapsed();
    let ours = [share(agent.fine_cpu() - own, time), share(cpu_of(&service) - served, time)];
    drop(node);
    let fleet = format!("bench-exec-{}", std::process::id());
    let driver = Driver::new(podman::socket().expect("a benchmark needs Podman"), &fleet);
    let cleaner = Cleaner(fleet);
    driver.make_network();
    (0..EXEC_PODS).for_each(|number| driver.bring_up(number, 31_200 + u16::try_from(number).expect("a small number")));
    let me = Process(std::process::id());
    let (own, served) = (me.fine_cpu(), cpu_of(&service));
    let begun = Instant::now();
    for round in 1..=6_u32 {
        (0..EXEC_PODS).for_each(|number| driver.exec(number));
        thread::sleep((PERIOD * round).saturating_sub(begun.elapsed()));
    }
    let time = begun.elapsed();
    let bare = [share(me.fine_cpu() - own, time), share(cpu_of(&service) - served, time)];
    drop(cleaner);
    println!("idle exec: {EXEC_PODS} pods, a command in each every {} s", PERIOD.as_secs());
    println!("idle exec ours:     agent {:.3} % of a core, Podman's service {:.2} %", ours[0], ours[1]);
    println!("idle exec baseline: driver {:.3} % of a core, Podman's service {:.2} %", bare[0], bare[1]);
    let sums = [ours, bare].map(|sides| sides.iter().sum::<f64>());
    println!(
        "idle-exec: ratio {:.4} (ours {:.2} % of a core, baseline {:.2} % of a core)",
        sums[0] / sums[1],
        sums[0],
        sums[1]
    );
}

/// Share of a core and memory of a process, window by window.
fn watch(process: Process) -> (Vec<f64>, Vec<Memory>) {
    let (mut shares, mut memories) = (Vec::new(), Vec::new());
    for _ in 0..WINDOWS {
        let (before, begun) = (process.fine_cpu(), Instant::now());
        thread::sleep(WINDOW);
        shares.push((process.fine_cpu() - before).as_secs_f64() / begun.elapsed().as_secs_f64());
        memories.push(process.memory());
    }
    (shares, memories)
}

/// The process behind the socket that is tested with.
fn service() -> Vec<Process> {
    let socket = podman::socket().expect("a benchmark needs Podman");
    Process::with_words(&["podman", "system service", socket.to_str().expect("a plain path")])
}

/// `podman events`, as somebody would follow them.
struct Events(Child);

impl Events {
    fn follow() -> Self {
        let mut command = Command::new("podman");
        command.args(["events", "--stream"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("podman can be run"))
    }

    fn process(&self) -> Process {
        Process(self.0.id())
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1_024.0
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn spread(shares: &[f64]) -> String {
    let mut sorted = shares.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize] * 100.0;
    format!("{:.3} / {:.3} / {:.3} % (min, median, max) of {} windows", at(0.0), at(0.5), at(1.0), sorted.len())
}
