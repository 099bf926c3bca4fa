//! Runs the real programs, each with a time limit: a test of hostile input must end where the program does not.

#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::programs;

/// How long a program may run before it counts as hanging.
pub const LIMIT: Duration = Duration::from_secs(20);

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none where a signal ended it, as an abort does.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// Runs `wlc` in a folder.
pub fn wlc(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(programs::wlc());
    command.arg("-C").arg(folder).args(arguments).current_dir(folder);
    run(&mut command)
}

/// Runs a program to its end, without colours. Panics where it hangs.
pub fn run(command: &mut Command) -> Ran {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("NO_COLOR", "1");
    let mut child = command.spawn().unwrap();
    let stdout = read(child.stdout.take().expect("standard output is piped"));
    let stderr = read(child.stderr.take().expect("standard error is piped"));
    let code = wait(&mut child, command);
    Ran { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("programs print UTF-8")
    })
}

fn wait(child: &mut Child, command: &Command) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} still runs after {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}
