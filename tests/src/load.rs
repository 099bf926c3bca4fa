//! A load generator with an open loop: requests go out at fixed times, whatever became of those before them, each over a
//! connection of its own and never a second time. Each failure is counted with its reason.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    task::JoinSet,
    time,
};

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Requests that go out until they are asked to end.
pub struct Load {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Report>,
}

/// What became of the requests.
#[derive(Debug, Default)]
pub struct Report {
    /// How many went out.
    pub sent: u32,
    /// How many were answered whole, with 200.
    pub answered: u32,
    /// How many were not, by reason.
    pub failures: BTreeMap<String, u32>,
    /// When requests went out that failed, from the first request on.
    pub failed_at: Vec<Duration>,
    /// From when to when they went out.
    pub lasted: Duration,
    /// How long each answer took, sorted.
    pub took: Vec<Duration>,
    /// By how much the request that was most behind its time went out too late.
    pub behind: Duration,
}

impl Load {
    /// Begins to send so many requests a second for `/` to a port of this machine.
    pub fn begin(port: u16, rate: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let watched = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(send(port, rate, &watched))
        });
        Self { ended, thread }
    }

    /// Sends nothing more, waits for the answers that are missing, and tells what became of all.
    pub fn end(self) -> Report {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load generator does not panic")
    }
}

async fn send(port: u16, rate: u32, ended: &AtomicBool) -> Report {
    let (begun, apart) = (Instant::now(), Duration::from_secs(1) / rate);
    let (mut requests, mut report) = (JoinSet::new(), Report::default());
    while !ended.load(Ordering::Relaxed) {
        let due = begun + apart * report.sent;
        time::sleep_until(due.into()).await;
        report.behind = report.behind.max(due.elapsed());
        let at = begun.elapsed();
        requests.spawn(async move { request(port).await.map_err(|why| (at, why)) });
        report.sent += 1;
        while let Some(done) = requests.try_join_next() {
            report.count(done.expect("a request does not panic"));
        }
    }
    report.lasted = begun.elapsed();
    while let Some(done) = requests.join_next().await {
        report.count(done.expect("a request does not panic"));
    }
    report.took.sort_unstable();
    report
}

/// One request: how long its answer took, or why there was none.
async fn request(port: u16) -> Result<Duration, String> {
    let begun = Instant::now();
    let answer = time::timeout(LIMIT, ask(port)).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))?;
    judge(&answer).map(|()| begun.elapsed())
}

async fn ask(port: u16) -> Result<Vec<u8>, String> {
    let failed = |what: &str, error: std::io::Error| format!("{what}: {}", error.kind());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address).await.map_err(|error| failed("connect", error))?;
    let head = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.map_err(|error| failed("write", error))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(|error| failed("read", error))?;
    Ok(answer)
}

/// An answer counts when it is a 200 whose body is as long as its head says.
fn judge(answer: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(format!("an answer of {} bytes without an end of its head", answer.len()));
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(format!("status {status}"));
    }
    let length = head.lines().find_map(|line| {
        let value = line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().to_owned();
        value.parse::<usize>().ok()
    });
    match length {
        Some(length) if body.len() == length => Ok(()),
        Some(length) => Err(format!("a body of {} bytes instead of {length}", body.len())),
        None => Err("an answer without its length".to_owned()),
    }
}

impl Report {
    fn count(&mut self, done: Result<Duration, (Duration, String)>) {
        match done {
            Ok(took) => {
                self.answered += 1;
                self.took.push(took);
            }
            Err((at, why)) => {
                self.failed_at.push(at);
                *self.failures.entry(why).or_default() += 1;
            }
        }
    }

    /// How many were not answered.
    pub fn failed(&self) -> u32 {
        self.failures.values().sum()
    }

    /// How many went out in a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.sent) / self.lasted.as_secs_f64()
    }

    /// The time within which so many per cent of the answers came.
    pub fn within(&self, percent: usize) -> Duration {
        let at = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).copied().unwrap_or_default()
    }

    /// One line with the figures.
    pub fn line(&self) -> String {
        format!(
            "{} requests in {:.1} s ({:.0} a second): {} answered, {} failed {:?}; half within {} ms, 99 % within {} ms",
            self.sent,
            self.lasted.as_secs_f64(),
            self.rate(),
            self.answered,
            self.failed(),
            self.failures,
            self.within(50).as_millis(),
            self.within(99).as_millis(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_counts() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Ok(())),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", Err("a body of 2 bytes instead of 3")),
            ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Err("status 502")),
            ("", Err("an answer of 0 bytes without an end of its head")),
        ] {
            assert_eq!(judge(answer.as_bytes()), expected.map_err(str::to_owned), "{answer}");
        }
    }

    /// A port where nobody listens: all fail, each with its reason, and none is sent again.
    #[test]
    fn failures_are_counted_with_their_reasons() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let load = Load::begin(port, 100);
        thread::sleep(Duration::from_millis(300));
        let report = load.end();
        assert!(report.sent >= 20, "{report:?}");
        assert_eq!((report.answered, report.failed()), (0, report.sent), "{report:?}");
        assert_eq!(report.failures.keys().collect::<Vec<_>>(), ["connect: connection refused"]);
    }
}
