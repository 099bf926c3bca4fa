//! A service of Podman beside the one of the other tests, on the same storage: it can be killed and started again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use wlc_tests::{api::Api, node::wait_until};

/// A service of Podman.
pub struct Service {
    socket: PathBuf,
    child: Option<Child>,
}

impl Service {
    /// Starts a service at this socket.
    pub fn start(socket: &Path) -> Self {
        let mut service = Self { socket: socket.to_owned(), child: None };
        service.start_again();
        service
    }

    /// Starts it again, and waits until it answers.
    pub fn start_again(&mut self) {
        let address = format!("unix://{}", self.socket.display());
        let mut command = Command::new("podman");
        command.args(["system", "service", "--time", "0", &address]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("podman can be run"));
        let api = Api::new(&self.socket);
        let answers = wait_until("", Duration::from_secs(20), || api.get("/info").is_ok());
        assert!(answers.is_some(), "the second service of Podman does not start");
    }

    /// Ends it as SIGKILL does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
        fs::remove_file(&self.socket).ok();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
