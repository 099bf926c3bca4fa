//! A node for tests: a repository, a plan set, an agent, and the containers that it makes on real Podman.
//!
//! Each has a fleet of its own; when it is dropped, its agent is ended and everything of its fleet is removed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{podman, programs};

/// A repository, a plan set, an agent and its containers.
pub struct Node {
    folder: TempDir,
    fleet: String,
    agent: Option<Child>,
    /// What a command begins with that is to run where the agent runs.
    entrance: Vec<String>,
}

/// A range of host ports for one fleet: equal replica names of two fleets would get equal `auto` ports. Two runs of tests at once,
/// each with a Podman of its own, begin at different ranges.
fn next_ports() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let range = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(37)) % RANGES;
    let first = 20_000 + range * 100;
    format!("{first}-{}", first + 99)
}

/// How many ranges of host ports there are.
const RANGES: u32 = 100;

/// How long something may take on a machine that has much else to do.
const LIMIT: Duration = Duration::from_secs(150);

/// The name of the node in its fleet.
pub const NAME: &str = "here";

impl Node {
    /// A node with an empty fleet; none, and a line that says so, where there is no Podman to test with.
    pub fn new(test: &str) -> Option<Self> {
        let fleet = format!("t{}-{}", std::process::id() % 100_000, test.replace('_', "-"));
        Self::of_fleet(test, fleet.chars().take(40).collect::<String>().trim_end_matches('-'))
    }

    /// The same, of a fleet with this name.
    pub fn of_fleet(test: &str, fleet: &str) -> Option<Self> {
        podman::socket_or_skip(test)?;
        let folder = TempDir::new().expect("a temporary folder can be made");
        let fleet = fleet.to_owned();
        let node = Self { folder, fleet, agent: None, entrance: Vec::new() };
        node.prepare();
        Some(node)
    }

    fn prepare(&self) {
        fs::create_dir_all(self.repository()).expect("folders can be made");
        let made = self.wlc(&["keygen", "--out", self.path("ci.key").to_str().expect("a plain path")]);
        let lines = String::from_utf8_lossy(&made.stdout).into_owned();
        let mut lines = lines.lines().map(str::trim);
        let (signer, trust) =
            (lines.next().expect("the line for the fleet"), lines.next().expect("the line for trust"));
        self.write(
            "fleet.kdl",
            &format!("fleet \"{}\" {{ signers {{ {signer}; }}; host-ports \"{}\" }}\n", self.fleet, next_ports()),
        );
        self.write("nodes/here.kdl", "node \"here\" { address \"192.0.2.1\" \"2001:db8::1\" }\n");
        self.write("nodes/here.facts.kdl", "facts \"here\" { capacity cpu=64 memory=\"256GiB\" }\n");
        fs::write(self.path("trust"), format!("{trust}\n")).expect("files can be written");
        let socket = podman::socket().expect("a test that runs has a socket");
        let settings = format!(
            "node \"{NAME}\"\nfleet \"{}\"\nsource \"directory\" \"{}\"\nsigners 1\ntrust \"{}\"\nsecrets \"{}\"\npodman \"{}\"\nstate \"{}\"\nlisten \"{}\"\n",
            self.fleet,
            self.plans().display(),
            self.path("trust").display(),
            self.path("secrets").display(),
            socket.display(),
            self.path("state").display(),
            self.path("agent.sock").display(),
        );
        fs::write(self.path("agent.kdl"), settings).expect("files can be written");
    }

    /// The fleet's name.
    pub fn fleet(&self) -> &str {
        &self.fleet
    }

    /// A path below the node's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The repository.
    pub fn repository(&self) -> PathBuf {
        self.path("repo")
    }

    /// The plan set.
    pub fn plans(&self) -> PathBuf {
        self.path("plans")
    }

    /// Writes a source file.
    pub fn write(&self, name: &str, text: &str) {
        self.write_bytes(name, text.as_bytes());
    }

    /// Writes a file of the repository that need not be text.
    pub fn write_bytes(&self, name: &str, bytes: &[u8]) {
        let path = self.repository().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, bytes).expect("files can be written");
    }

    /// Puts a key of a secret on the node.
    pub fn write_secret(&self, secret: &str, key: &str, value: impl AsRef<[u8]>) {
        let folder = self.path("secrets").join(secret);
        fs::create_dir_all(&folder).expect("folders can be made");
        fs::write(folder.join(key), value).expect("files can be written");
    }

    /// What a command of `wlagent` prints; it must succeed.
    pub fn printed(&self, arguments: &[&str]) -> String {
        let output = self.wlagent(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a command of `wlagent` says that must not succeed.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.wlagent(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs `wlc` in the repository.
    pub fn wlc(&self, arguments: &[&str]) -> Output {
        let output = Command::new(programs::wlc()).current_dir(self.repository()).args(arguments).output();
        output.expect("wlc can be run")
    }

    /// Runs `wlagent` with the node's settings.
    pub fn wlagent(&self, arguments: &[&str]) -> Output {
        self.wlagent_command(arguments).output().expect("wlagent can be run")
    }

    /// `wlagent` with the node's settings, to be run.
    pub fn wlagent_command(&self, arguments: &[&str]) -> Command {
        let program = programs::wlagent().display().to_string();
        let mut words = self.entrance.iter().chain([&program]);
        let mut command = Command::new(words.next().expect("the program at least"));
        command.args(words).arg("--config").arg(self.path("agent.kdl")).args(arguments);
        command
    }

    /// Builds the plan set from the sources; it must succeed.
    pub fn build(&self) {
        let (out, key) = (self.plans(), self.path("ci.key"));
        let built = self.wlc(&["build", "--out", out.to_str().expect("plain"), "--key", key.to_str().expect("plain")]);
        assert!(built.status.success(), "the build failed:\n{}", String::from_utf8_lossy(&built.stderr));
    }

    /// Converges once; it must succeed.
    pub fn apply(&self) {
        let applied = self.wlagent(&["apply", "--timeout", "60s"]);
        assert!(applied.status.success(), "apply failed:\n{}", String::from_utf8_lossy(&applied.stderr));
    }

    /// Starts the agent as a service.
    pub fn start_agent(&mut self) {
        self.start_agent_with(&[]);
    }

    /// Starts the agent as a service, with these options.
    pub fn start_agent_with(&mut self, options: &[&str]) {
        self.start_agent_as(|mut command| {
            command.args(options);
            command
        });
    }

    /// Starts the agent as a service, with this command made of the one for it.
    pub fn start_agent_as(&mut self, change: impl FnOnce(Command) -> Command) {
        assert!(self.agent.is_none(), "one agent at a time");
        let log =
            fs::File::options().create(true).append(true).open(self.path("agent.log")).expect("a log can be opened");
        let mut command = change(self.wlagent_command(&["run"]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.agent = Some(command.spawn().expect("wlagent can be run"));
    }

    /// How the agent ended, where it has.
    pub fn agent_end(&mut self) -> Option<ExitStatus> {
        let end = self.agent.as_mut()?.try_wait().expect("the agent is a child of this test");
        if end.is_some() {
            self.agent = None;
        }
        end
    }

    /// Changes a line of the agent's settings, or adds it. The agent reads them when it starts.
    pub fn set(&self, word: &str, value: &Path) {
        let path = self.path("agent.kdl");
        let settings = fs::read_to_string(&path).expect("settings were written");
        let others: Vec<&str> = settings.lines().filter(|line| line.split(' ').next() != Some(word)).collect();
        let text = format!("{}\n{word} \"{}\"\n", others.join("\n"), value.display());
        fs::write(path, text).expect("files can be written");
    }

    /// From now on `wlagent` runs behind these words, as on another machine.
    pub fn enter(&mut self, entrance: Vec<String>) {
        self.entrance = entrance;
    }

    /// Ends the agent as SIGKILL does; its containers go on.
    pub fn kill_agent(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.kill().ok();
            agent.wait().ok();
        }
    }

    /// The number of the agent's process.
    pub fn agent_id(&self) -> u32 {
        self.agent.as_ref().expect("an agent runs").id()
    }

    /// Sends the agent a signal, as `HUP`.
    pub fn signal_agent(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.agent_id().to_string()]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "the agent can be sent a signal");
    }

    /// Ends the agent as its service does, and gives its exit code.
    pub fn stop_agent(&mut self) -> Option<i32> {
        self.signal_agent("TERM");
        let mut agent = self.agent.take().expect("an agent runs");
        agent.wait().expect("it can be waited for").code()
    }

    /// What the agent logged.
    pub fn agent_log(&self) -> String {
        fs::read_to_string(self.path("agent.log")).unwrap_or_default()
    }

    /// The agent's status document; none while it does not answer.
    pub fn status(&self) -> Option<Value> {
        let output = self.wlagent(&["status", "--format", "json"]);
        serde_json::from_slice(&output.stdout).ok()
    }

    /// The instances of a workload in the agent's status.
    pub fn instances(&self, workload: &str) -> Vec<Value> {
        let status = self.status().unwrap_or(Value::Null);
        let all = status["instances"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|instance| instance["workload"] == workload).collect()
    }

    /// Waits until something is so, and says what it waited for when it never is.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        wait_until(what, LIMIT, || is_so(self)).unwrap_or_else(|| {
            panic!(
                "waited in vain until {what}\nstatus: {:#}\n{}",
                self.status().unwrap_or(Value::Null),
                self.agent_log()
            )
        });
    }

    /// Waits until all replicas of a workload are ready at its newest revision, and there are so many.
    pub fn wait_ready(&self, workload: &str, count: usize) {
        self.wait_until(&format!("{count} replicas of {workload} are ready"), |node| {
            let instances = node.instances(workload);
            instances.len() == count && instances.iter().all(|instance| instance["ready"] == true)
        });
    }

    /// The number of the plan set that was built last.
    pub fn generation(&self) -> u64 {
        let head = fs::read(self.plans().join("head")).expect("a set has a pointer to its head");
        let head: Value = serde_json::from_slice(&head).expect("it is a document");
        head["generation"].as_u64().expect("it has a number")
    }

    /// Waits until the agent has taken the newest plan set and is done with a workload: as many replicas as it has are ready, wait
    /// for nothing and are of the revision that the plan asks for, and no other pod of the workload is left.
    pub fn wait_settled(&self, workload: &str, count: usize) {
        let (generation, wanted) = (self.generation(), self.wanted(workload));
        assert_eq!(wanted.len(), count, "the plan has {wanted:?}");
        self.wait_until(&format!("{workload} is as generation {generation} says"), |node| {
            let status = node.status().unwrap_or(Value::Null);
            let all = status["instances"].as_array().cloned().unwrap_or_default();
            let mut of = all.iter().filter(|instance| instance["workload"] == workload);
            let is_settled = |one: &Value| one["ready"] == true && one["waits"].as_array().is_some_and(Vec::is_empty);
            status["generation"] == generation
                && of.clone().count() == count
                && of.all(is_settled)
                && node.revisions(workload) == wanted
        });
    }

    /// Replica and revision of each instance of a workload in the newest plan.
    fn wanted(&self, workload: &str) -> BTreeSet<String> {
        let shown = self.wlc(&["show", NAME, "--format", "json"]);
        let plan: Value = serde_json::from_slice(&shown.stdout).expect("a document");
        let instances = plan["instances"].as_array().into_iter().flatten();
        let of = instances.filter(|instance| instance["workload"] == workload);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        of.map(|one| format!("{} {}", text(&one["replica"]), text(&one["spec"]["revision"]))).collect()
    }

    /// Replica and revision of each container of a workload.
    fn revisions(&self, workload: &str) -> BTreeSet<String> {
        let filters = [format!("label=dev.wlc.fleet={}", self.fleet), format!("label=dev.wlc.workload={workload}")];
        let format = "{{index .Labels \"dev.wlc.replica\"}} {{index .Labels \"dev.wlc.revision\"}}";
        let asked = ["ps", "-a", "--filter", &filters[0], "--filter", &filters[1], "--format", format];
        podman::lines(&asked).into_iter().collect()
    }

    /// The host port of a replica, as `wlc list` has it.
    pub fn host_port(&self, replica: &str) -> u16 {
        self.host_ports(replica)[0]
    }

    /// The host ports of a replica's first port, used in turn where a copy may stand beside it.
    pub fn host_ports(&self, replica: &str) -> Vec<u16> {
        let listed = self.wlc(&["list", "--format", "json"]);
        let document: Value = serde_json::from_slice(&listed.stdout).expect("a document");
        let rows = document["replicas"].as_array().expect("a list of replicas");
        let row = rows.iter().find(|row| row["replica"] == replica).expect("the replica is placed");
        let ports = row["ports"].as_object().expect("its ports");
        let numbers = ports.values().next().and_then(Value::as_array).expect("a host port");
        numbers.iter().filter_map(Value::as_u64).map(|port| u16::try_from(port).expect("a port")).collect()
    }

    /// Names of all containers of the fleet but the infra containers, sorted.
    pub fn containers(&self) -> Vec<String> {
        let filter = format!("label=dev.wlc.fleet={}", self.fleet);
        podman::lines(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"])
            .into_iter()
            .filter(|name| !name.ends_with("-infra"))
            .collect()
    }

    /// Name and id of all containers of the fleet, sorted: equal lists mean that nothing was touched.
    pub fn identities(&self) -> Vec<String> {
        let filter = format!("label=dev.wlc.fleet={}", self.fleet);
        podman::lines(&["ps", "-a", "--no-trunc", "--filter", &filter, "--format", "{{.Names}} {{.ID}} {{.StartedAt}}"])
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill_agent();
        podman::remove_fleet(&self.fleet);
    }
}

/// Waits until something is so; none when the time is over.
pub fn wait_until(_what: &str, limit: Duration, is_so: impl Fn() -> bool) -> Option<()> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if is_so() {
            return Some(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    is_so().then_some(())
}

/// The body of a page, over HTTP/1.0; none where nobody answers with 200.
pub fn fetch(port: u16, path: &str) -> Option<String> {
    use std::io::{Read, Write};
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.lines().next()?.contains(" 200 ").then(|| body.to_owned())
}
