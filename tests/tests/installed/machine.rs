//! A machine in a folder: installed by `wlagent install`, with settings, a Podman that answers, and a service manager that
//! does with the installed unit what systemd does: `ExecStartPre=`, `ExecStart=`, the wait for readiness, `ExecStartPost=`.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wlc_tests::{
    programs,
    replay::{self, Answers},
    running,
};

/// Seconds that a new program must live on once it is ready, and that its check may take.
const PROOF: &str = "1";
const CHECK: &str = "5";
/// How long a start may take: `TimeoutStartSec=`, for tests.
const START: Duration = Duration::from_secs(3);
/// The same for a program that is known to get ready, on a machine that has much else to do.
const SLOW_START: Duration = Duration::from_secs(60);

/// The agent without what debuggers read: it is copied often here.
pub fn agent() -> &'static Path {
    static SMALL: LazyLock<PathBuf> = LazyLock::new(|| small(&programs::wlagent()));
    &SMALL
}

/// The program that stands where the agent should.
pub fn broken() -> &'static Path {
    static SMALL: LazyLock<PathBuf> = LazyLock::new(|| small(&programs::broken()));
    &SMALL
}

fn small(program: &Path) -> PathBuf {
    let path = program.with_extension("small");
    let stripped = Command::new("strip").arg("--strip-debug").arg("-o").arg(&path).arg(program).status();
    if stripped.is_ok_and(|stripped| stripped.success()) { path } else { program.to_owned() }
}

/// A machine with an agent.
pub struct Machine {
    root: TempDir,
    notify: UnixDatagram,
    main: Option<Child>,
    /// What a broken program does wrong.
    pub broken: &'static str,
}

/// How a start went.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// The agent was ready, and what comes behind a start was done.
    Ready,
    /// It could not be executed, ended, or was not ready in time.
    Failed,
}

impl Machine {
    /// Installs the agent into a folder, on a machine whose Podman gives these answers.
    pub fn new(answers: Answers) -> Self {
        let root = TempDir::new().unwrap();
        let mut install = Command::new(agent());
        let installed = running::run(install.args(["install", "--fleet", "example", "--root"]).arg(root.path()));
        assert_eq!(installed.code, Some(0), "{}", installed.stderr);
        let notify = UnixDatagram::bind(root.path().join("notify")).unwrap();
        let machine = Self { root, notify, main: None, broken: "exits" };
        let path = |name: &str| machine.path(name).display().to_string();
        let settings = format!(
            "node \"here\"\nfleet \"example\"\nsource \"directory\" \"{}\"\ntrust \"{}\"\nsecrets \"{}\"\npodman \"{}\"\nstate \"{}\"\nlisten \"{}\"\n",
            path("var/lib/wlc/plans"),
            path("etc/wlc/trust"),
            path("etc/wlc/secrets"),
            path("podman.sock"),
            path("var/lib/wlagent"),
            path("agent.sock"),
        );
        fs::write(machine.settings(), settings).unwrap();
        replay::serve(&machine.path("podman.sock"), answers);
        machine
    }

    /// A path below its root.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn settings(&self) -> PathBuf {
        self.path("etc/wlc/agent.kdl")
    }

    /// A file beside the program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.path("usr/lib/wlc").join(name)
    }

    /// Which files of the switch there are, sorted.
    pub fn programs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("usr/lib/wlc")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "wlagent-switch");
        names.sort();
        names
    }

    /// Lays down a new program, as people do: whole, by a rename.
    pub fn lay(&self, bytes: &[u8]) {
        let copy = self.program("copy");
        fs::write(&copy, bytes).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(copy, self.program("wlagent.new")).unwrap();
    }

    /// Whether the program that would be started is this one.
    pub fn has(&self, program: &Path) -> bool {
        fs::read(self.program("wlagent")).unwrap() == fs::read(program).unwrap()
    }

    /// A command of the installed unit, with the settings of this machine behind it.
    fn command(&self, key: &str) -> Command {
        let unit = fs::read_to_string(self.path("etc/systemd/system/wlagent.service")).unwrap();
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let line = lines.next().unwrap_or_else(|| panic!("the unit has no {key}"));
        assert!(key == "ExecStart" || line.starts_with("-+"), "{key} may fail, and has the rights for its renames");
        let mut words = line.trim_start_matches(['-', '+']).split(' ');
        let mut command = Command::new(self.path(words.next().unwrap().trim_start_matches('/')));
        command.args(words).arg("--config").arg(self.settings());
        command.env("WLC_SWITCH_PROOF", PROOF).env("WLC_SWITCH_CHECK", CHECK).env("WLC_BROKEN", self.broken);
        command
    }

    /// What comes before a start; gives what was said.
    pub fn begin(&self) -> String {
        running::run(&mut self.command("ExecStartPre")).stderr
    }

    /// The same, with this put before the search path.
    pub fn begin_among(&self, tools: &Path) -> String {
        let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
        running::run(self.command("ExecStartPre").env("PATH", path)).stderr
    }

    /// Starts the service once; gives how that went and what the switch said.
    pub fn start(&mut self) -> (Start, String) {
        self.stop();
        let mut said = self.begin();
        let limit = if self.has(agent()) { SLOW_START } else { START };
        let log = fs::File::create(self.path("agent.log")).unwrap();
        let mut main = self.command("ExecStart");
        main.env("NOTIFY_SOCKET", self.path("notify")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // What cannot be executed is a start that failed.
        let Ok(child) = main.spawn() else { return (Start::Failed, said) };
        self.main = Some(child);
        if !self.is_ready(limit) {
            said += &fs::read_to_string(self.path("agent.log")).unwrap();
            self.stop();
            return (Start::Failed, said);
        }
        said += &self.prove();
        if self.main.as_mut().unwrap().try_wait().unwrap().is_some() {
            self.stop();
            return (Start::Failed, said);
        }
        (Start::Ready, said)
    }

    /// What comes behind a start. A main process that ends meanwhile is noticed at once.
    fn prove(&mut self) -> String {
        let main = self.main.as_ref().unwrap().id().to_string();
        let told = self.path("switch.log");
        let mut proof = self.command("ExecStartPost");
        let proof = proof.env("MAINPID", main).stdin(Stdio::null()).stderr(fs::File::create(&told).unwrap());
        let mut proof = proof.spawn().unwrap();
        while proof.try_wait().unwrap().is_none() {
            self.main.as_mut().unwrap().try_wait().unwrap();
            thread::sleep(Duration::from_millis(10));
        }
        fs::read_to_string(told).unwrap()
    }

    fn is_ready(&mut self, limit: Duration) -> bool {
        let (begun, mut bytes) = (Instant::now(), [0; 4_096]);
        self.notify.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        while begun.elapsed() < limit {
            let heard = self.notify.recv(&mut bytes).map(|length| bytes[..length].to_vec());
            if heard.is_ok_and(|heard| heard.starts_with(b"READY=1")) {
                return true;
            }
            if self.main.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
        }
        false
    }

    /// Stops the service, and forgets what it told.
    pub fn stop(&mut self) {
        if let Some(mut main) = self.main.take() {
            main.kill().ok();
            main.wait().unwrap();
        }
        let mut bytes = [0; 4_096];
        self.notify.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        while self.notify.recv(&mut bytes).is_ok() {}
        // A process that was killed may hold its files for a moment.
        thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}
