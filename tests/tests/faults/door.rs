//! A door between the agent and Podman: a socket that leads to Podman's, and with chosen calls does what networks and services
//! do when they fail.

use std::{
    fs,
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// It is taken, and nobody answers for so long; then the connection ends.
    Hang(Duration),
    /// It is carried out, but so many bytes of the answer come through only.
    Cut(i64),
    /// It is carried out, and whoever waits is told in that moment.
    Tell(mpsc::Sender<()>),
}

/// Which calls it happens to.
#[derive(Debug, Clone)]
pub struct Rule {
    /// How its first line begins: method and a part of its path, as in `POST /containers/create`.
    pub call: String,
    /// How many such calls come through before.
    pub after: u32,
    /// How often.
    pub times: u32,
    /// What happens.
    pub trouble: Trouble,
}

/// What all connections share.
struct Shared {
    podman: PathBuf,
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<String>>,
    is_shut: AtomicBool,
    connections: Mutex<Vec<UnixStream>>,
}

/// A socket that leads to Podman's.
pub struct Door {
    path: PathBuf,
    shared: Arc<Shared>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread of the door fails while it holds this")
}

impl Door {
    /// Opens a door to this Podman.
    pub fn open(path: &Path, podman: &Path) -> Self {
        let shared = Shared {
            podman: podman.to_owned(),
            rules: Mutex::default(),
            calls: Mutex::default(),
            is_shut: AtomicBool::new(true),
            connections: Mutex::default(),
        };
        let door = Self { path: path.to_owned(), shared: Arc::new(shared) };
        door.open_again();
        door
    }

    /// The socket is gone, and so is every connection.
    pub fn shut(&self) {
        self.shared.is_shut.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        drop(UnixStream::connect(&self.path));
        // The folder may be gone already, where the test is over.
        fs::remove_file(&self.path).ok();
        for connection in locked(&self.shared.connections).drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    /// The socket is there again.
    pub fn open_again(&self) {
        let listener = UnixListener::bind(&self.path).expect("a socket can be made");
        self.shared.is_shut.store(false, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || {
            while let Ok((agent, _)) = listener.accept() {
                if shared.is_shut.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(lead(agent, &shared)));
            }
        });
    }

    /// From now on this happens too.
    pub fn trouble(&self, rule: Rule) {
        locked(&self.shared.rules).push(rule);
    }

    /// Whether nothing is left that is to happen.
    pub fn is_calm(&self) -> bool {
        locked(&self.shared.rules).iter().all(|rule| rule.times == 0)
    }

    /// Nothing happens any more.
    pub fn calm(&self) {
        locked(&self.shared.rules).clear();
    }

    /// The first lines of all calls that change something.
    pub fn changes(&self) -> Vec<String> {
        locked(&self.shared.calls).iter().filter(|call| !call.starts_with("GET ")).cloned().collect()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if !self.shared.is_shut.load(Ordering::SeqCst) {
            self.shut();
        }
    }
}

/// Leads one connection to Podman and back, until one side ends it.
fn lead(mut agent: UnixStream, shared: &Arc<Shared>) -> io::Result<()> {
    let mut podman = UnixStream::connect(&shared.podman)?;
    locked(&shared.connections).extend([agent.try_clone()?, podman.try_clone()?]);
    let left = Arc::new(AtomicI64::new(i64::MAX));
    let (back, to, most) = (podman.try_clone()?, agent.try_clone()?, Arc::clone(&left));
    thread::spawn(move || drop(lead_back(back, to, &most)));
    let mut bytes = [0; 65_536];
    loop {
        let count = agent.read(&mut bytes)?;
        if count == 0 {
            return podman.shutdown(Shutdown::Write);
        }
        let trouble = first_line(&bytes[..count]).and_then(|line| shared.meets(&line));
        match &trouble {
            Some(Trouble::Hang(time)) => {
                shared.sleep(*time);
                drop(podman.shutdown(Shutdown::Both));
                return agent.shutdown(Shutdown::Both);
            }
            Some(Trouble::Cut(most)) => left.store(*most, Ordering::SeqCst),
            Some(Trouble::Tell(_)) | None => {}
        }
        podman.write_all(&bytes[..count])?;
        if let Some(Trouble::Tell(waiting)) = trouble {
            let _nobody_waits = waiting.send(());
        }
    }
}

fn lead_back(mut podman: UnixStream, mut agent: UnixStream, left: &AtomicI64) -> io::Result<()> {
    let mut bytes = [0; 65_536];
    loop {
        // A service that was killed resets its connections.
        let count = podman.read(&mut bytes).unwrap_or(0);
        let most = usize::try_from(left.load(Ordering::SeqCst)).unwrap_or(usize::MAX).min(count);
        agent.write_all(&bytes[..most])?;
        if count == 0 || most < count {
            drop(podman.shutdown(Shutdown::Both));
            return agent.shutdown(Shutdown::Both);
        }
    }
}

/// Method and path of a request without what is the same in all, where these bytes begin one.
fn first_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (method, rest) = text.split_once(" /")?;
    let is_method = ["GET", "POST", "DELETE", "PUT", "HEAD"].contains(&method);
    let path = rest.split_whitespace().next().filter(|_| is_method)?;
    let path = path.split_once("/libpod").map_or(path, |(_, path)| path);
    Some(format!("{method} {path}"))
}

impl Shared {
    /// What happens to a call.
    fn meets(&self, line: &str) -> Option<Trouble> {
        locked(&self.calls).push(line.to_owned());
        let mut rules = locked(&self.rules);
        let rule = rules.iter_mut().find(|rule| rule.times > 0 && is_of(line, &rule.call))?;
        if rule.after > 0 {
            rule.after -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.trouble.clone())
    }

    fn sleep(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time && !self.is_shut.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Every call that changes something.
pub const CHANGE: &str = "change";
/// The same, but for starts, and removals of pods: these make and remove networks.
pub const CHANGE_BUT_NETWORK: &str = "change but of a network";

/// Whether a call is of a kind: one of those above; else the method and the words in the path in order.
fn is_of(line: &str, kind: &str) -> bool {
    if kind == CHANGE || kind == CHANGE_BUT_NETWORK {
        let of_network = line.ends_with("/start") || line.starts_with("DELETE ") && line.contains("/pods/");
        return !line.starts_with("GET ") && (kind == CHANGE || !of_network);
    }
    let mut rest = line;
    kind.split(' ').all(|part| match rest.split_once(part) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}
