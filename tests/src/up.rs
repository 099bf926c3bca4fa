//! `wlc up` as it runs until it is dropped, and the lines that it prints.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use crate::programs;

/// It, as it runs.
pub struct Up {
    child: Child,
    lines: Receiver<String>,
}

impl Up {
    /// Begins it in a repository, with the agent on a Podman behind this socket, which has this time for each round.
    pub fn begin(repository: &Path, socket: &str, timeout: &str) -> Self {
        let mut command = Command::new(programs::wlc());
        command.arg("-C").arg(repository).args(["up", "--podman", socket, "--timeout", timeout]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be run");
        let stderr = child.stderr.take().expect("standard error is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// What it says up to a line that ends a round.
    pub fn said_until(&self, limit: Duration, is_end: impl Fn(&str) -> bool) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.recv_timeout(limit).unwrap_or_else(|_| panic!("it says nothing more:\n{said}"));
            if is_end(&line) {
                return said;
            }
            said.push_str(&line);
            said.push('\n');
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
