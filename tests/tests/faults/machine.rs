//! A machine that can lose its power, with a node on it: `tests/setup/machine.sh` as the tests use it.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;
use wlc_tests::{podman, running::workspace};

/// A machine.
pub struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A machine that has booted, with the image of the tests; none, and a line that says so, where it cannot be had.
    pub fn boot(test: &str) -> Option<Self> {
        podman::socket_or_skip(test)?;
        if env::var_os("CONTAINERS_STORAGE_CONF").is_none() || !is_root() {
            podman::skip(&format!("{test}: a machine of its own needs root and the Podman of tests/run"));
            return None;
        }
        let machine = Self { folder: TempDir::new().expect("a temporary folder can be made") };
        machine.script(&["boot"]);
        let image = machine.folder.path().join("image.tar");
        let image = image.to_str().expect("a plain path");
        podman::text(&["save", "-q", "-o", image, "localhost/busybox:1"]);
        machine.podman(&["load", "-q", "-i", image]).expect("the image is taken");
        Some(machine)
    }

    /// Its folder: what lies in it outlives the power.
    pub fn disk(&self) -> PathBuf {
        self.folder.path().join("machine")
    }

    /// The socket of its Podman.
    pub fn socket(&self) -> PathBuf {
        self.disk().join("podman.sock")
    }

    /// The power goes, and comes again.
    pub fn lose_power(&self) {
        self.script(&["lose"]);
        self.script(&["boot"]);
    }

    /// What a command is to begin with, so that it runs on this machine.
    pub fn entrance(&self) -> Vec<String> {
        let script = script().display().to_string();
        ["bash".to_owned(), script, self.disk().display().to_string(), "in".to_owned()].to_vec()
    }

    /// What Podman's command prints, asked through the machine's service; none where it fails, as with what is being removed.
    pub fn podman(&self, arguments: &[&str]) -> Option<String> {
        let url = format!("unix://{}", self.socket().display());
        let output = podman::podman(&[&["--url", &url][..], arguments].concat());
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What a command prints that runs on the machine.
    pub fn run_on(&self, command: &[&str]) -> String {
        let output = self.run(&[&["in"], command].concat());
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn script(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("bash");
        command.arg(script()).arg(self.disk()).args(arguments);
        command.output().expect("bash can be run")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.run(&["remove"]);
    }
}

fn script() -> PathBuf {
    workspace().join("tests/setup/machine.sh")
}

/// Whether a folder of the system belongs to whoever runs this.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/self").map(|found| found.uid());
    own.is_ok_and(|uid| uid == 0) && Path::new("/proc/self/ns").exists()
}
