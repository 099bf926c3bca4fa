//! Watches the pods of one workload through a Podman client of its own, and asks each of them whether it is ready. It knows
//! nothing of the agent: it counts what a balancer would find.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::api::Api;

/// How far samples are apart.
const APART: Duration = Duration::from_millis(100);
/// A sample that took longer is no picture of one moment.
const LIMIT: Duration = Duration::from_millis(700);

/// Whose pods are watched, and how they are asked.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The fleet.
    pub fleet: String,
    /// The workload.
    pub workload: String,
    /// The port that answers, inside its pods.
    pub port: u16,
    /// The path that answers with 200 when a pod is ready.
    pub path: String,
}

/// Samples that are taken until they are asked to end.
pub struct Sampler {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Samples>,
}

/// What all samples saw.
#[derive(Debug)]
pub struct Samples {
    /// How many pictures there are.
    pub taken: u32,
    /// How many took so long that they are no picture.
    pub left_out: u32,
    /// The fewest pods that were ready at once.
    pub fewest_ready: usize,
    /// The most pods that were there at once.
    pub most_pods: usize,
}

impl Sampler {
    /// Begins to take samples.
    pub fn begin(socket: &Path, watched: Watched) -> Self {
        let api = Api::new(socket);
        let ended = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&ended);
        Self { ended, thread: thread::spawn(move || sample(&api, &watched, &asked)) }
    }

    /// Takes no more, and tells what was seen.
    pub fn end(self) -> Samples {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().expect("the sampler does not panic")
    }
}

fn sample(api: &Api, watched: &Watched, ended: &AtomicBool) -> Samples {
    let mut samples = Samples { taken: 0, left_out: 0, fewest_ready: usize::MAX, most_pods: 0 };
    let mut addresses = BTreeMap::new();
    while !ended.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let picture = picture(api, watched, &mut addresses).filter(|_| begun.elapsed() <= LIMIT);
        match picture {
            Some((pods, ready)) => {
                samples.taken += 1;
                samples.fewest_ready = samples.fewest_ready.min(ready);
                samples.most_pods = samples.most_pods.max(pods);
            }
            None => samples.left_out += 1,
        }
        thread::sleep(APART.saturating_sub(begun.elapsed()));
    }
    samples
}

/// How many pods there are, and how many of them are ready.
fn picture(api: &Api, watched: &Watched, known: &mut BTreeMap<String, IpAddr>) -> Option<(usize, usize)> {
    let labels = [("dev.wlc.fleet", &watched.fleet), ("dev.wlc.workload", &watched.workload)];
    let labels = labels.map(|(key, value)| format!("%22{key}={value}%22")).join(",");
    let listed = api.get(&format!("/containers/json?all=true&filters=%7B%22label%22:%5B{labels}%5D%7D")).ok()?;
    let infra: Vec<&str> =
        listed.as_array()?.iter().filter(|one| one["IsInfra"] == true).filter_map(|one| one["Id"].as_str()).collect();
    let ready = infra.iter().filter(|id| is_ready(api, watched, id, known)).count();
    Some((infra.len(), ready))
}

fn is_ready(api: &Api, watched: &Watched, infra: &str, known: &mut BTreeMap<String, IpAddr>) -> bool {
    let address = known.get(infra).copied().or_else(|| address(api, infra));
    let Some(address) = address else { return false };
    known.insert(infra.to_owned(), address);
    answers(SocketAddr::new(address, watched.port), &watched.path).unwrap_or(false)
}

fn address(api: &Api, container: &str) -> Option<IpAddr> {
    let inspected = api.get(&format!("/containers/{container}/json")).ok()?;
    let networks = inspected["NetworkSettings"]["Networks"].as_object()?;
    networks.values().find_map(|network| network["IPAddress"].as_str()?.parse().ok())
}

fn answers(at: SocketAddr, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&at, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.0 200 "))
}
