//! The sampler: looks at ports and at Podman's lists again and again, and notes each promise that is broken. It knows nothing of the
//! agent but what was promised.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use wlc_tests::{
    api::{Api, Listed},
    node::{self, Node},
};

use super::{Workload, bystanders::Bystanders};

/// From one look at the ports to the next.
const PACE: Duration = Duration::from_millis(15);
/// From one look at Podman's lists to the next: these cost Podman what the agent and the test have need of.
const LISTS: Duration = Duration::from_millis(150);

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many looks there were.
    pub looks: usize,
    /// How many replicas were missing at once at most.
    pub most_missing: usize,
    /// Each promise that was broken, and when.
    pub broken: Vec<String>,
    /// When replicas were missing, in the order in which that ended.
    pub outages: Vec<Outage>,
}

/// A time in which a replica did not answer.
#[derive(Debug, Clone)]
pub struct Outage {
    /// The replica.
    pub replica: String,
    /// From when on, since the first look.
    pub begun: Duration,
    /// When it was seen missing last. A look may take as long as a port does not answer, and is over late.
    pub ended: Duration,
}

/// Looks on until it is asked for what it saw.
pub struct Sampler {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

/// What is looked at.
struct Watch {
    api: Api,
    fleet: String,
    workload: Workload,
    /// The ports of each replica, of which one must answer.
    ports: BTreeMap<String, Vec<u16>>,
    bystanders: Bystanders,
}

impl Sampler {
    /// Looks at a workload from now on, all of which is ready.
    pub fn begin(node: &Node, workload: Workload, socket: &Path) -> Self {
        let api = Api::new(socket);
        let ports = workload.names().map(|name| (name.clone(), node.host_ports(&name))).collect();
        let first = workload.names().next().expect("there are replicas");
        let bystanders = Bystanders::new(&api, node.fleet(), &first);
        let watch = Watch { api, fleet: node.fleet().to_owned(), workload, ports, bystanders };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        Self { stop, thread: Some(thread::spawn(move || watch.look_until(&stopped))) }
    }

    /// What was seen.
    pub fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("it ends once").join().expect("the sampler does not fail")
    }
}

impl Drop for Sampler {
    /// Also where the test fails.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Watch {
    fn look_until(&self, stop: &AtomicBool) -> Seen {
        let begun = Instant::now();
        let mut seen = Seen::default();
        let mut out: BTreeMap<String, (Duration, Duration)> = BTreeMap::new();
        let mut listed: Option<Instant> = None;
        while !stop.load(Ordering::Relaxed) {
            let from = begun.elapsed();
            let missing = self.missing();
            let at = begun.elapsed();
            seen.most_missing = seen.most_missing.max(missing.len());
            note_outages(&mut out, &missing, (from, at), &mut seen.outages);
            let too_many =
                (missing.len() > self.workload.may_be_missing).then(|| format!("missing at once: {missing:?}"));
            let mut look = vec![too_many];
            if listed.is_none_or(|at| at.elapsed() >= LISTS) {
                look.extend([self.twice(), self.bystanders.harm(&self.api)]);
                listed = Some(Instant::now());
            }
            seen.broken.extend(look.into_iter().flatten().map(|what| format!("after {} ms: {what}", at.as_millis())));
            seen.looks += 1;
            thread::sleep(PACE);
        }
        seen
    }

    /// Who does not answer, asked twice: each must have been missing while the others were, and one answer that is lost on a busy machine
    /// is no outage.
    fn missing(&self) -> Vec<String> {
        let do_not_answer = |names: Vec<String>| -> Vec<String> {
            names.into_iter().filter(|name| !self.ports[name].iter().any(|port| answers(*port))).collect()
        };
        do_not_answer(do_not_answer(self.ports.keys().cloned().collect()))
    }

    /// An identity that runs twice.
    fn twice(&self) -> Option<String> {
        // Podman may be away: then nothing is known of it.
        let listed = self.api.containers(&format!("dev.wlc.fleet={}", self.fleet)).ok()?;
        let mut pods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let own = listed.iter().filter(|one| !one.is_infra && !one.pod.is_empty());
        for one in own.filter(|one| Listed::is_alive(one)) {
            pods.entry(&one.replica).or_default().insert(&one.pod);
        }
        let most = if self.workload.may_be_two { 2 } else { 1 };
        let twice = pods.into_iter().find(|(_, pods)| pods.len() > most);
        twice.map(|(replica, pods)| format!("{replica} runs {} times: {pods:?}", pods.len()))
    }
}

/// Notes who went missing, and who is back, after a look from one time to another.
fn note_outages(
    out: &mut BTreeMap<String, (Duration, Duration)>,
    missing: &[String],
    (from, to): (Duration, Duration),
    outages: &mut Vec<Outage>,
) {
    let back: Vec<String> = out.keys().filter(|name| !missing.contains(name)).cloned().collect();
    for replica in back {
        let (begun, ended) = out.remove(&replica).expect("it was found there");
        outages.push(Outage { replica, begun, ended });
    }
    for replica in missing {
        out.entry(replica.clone()).or_insert((to, from)).1 = from;
    }
}

/// Whether a port answers with 200.
pub fn answers(port: u16) -> bool {
    node::fetch(port, "/").is_some()
}
