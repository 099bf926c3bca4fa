//! What no file says (edge): the size of a file system, and what `nvidia-smi` knows of NVIDIA's cards.
#![expect(clippy::disallowed_methods, reason = "an edge: it runs `nvidia-smi`")]

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wlc_plan::quantity::Bytes;

use super::nvidia_smi;

/// How long `nvidia-smi` may take. Without the persistence daemon it wakes each card first, which takes seconds.
pub const SMI_TIME_LIMIT: Duration = Duration::from_secs(30);
/// The most bytes of its table: 100 bytes for each card.
const OUTPUT_SIZE: u64 = 1 << 20;
/// How often, and how many times, we look whether it has ended once its output has.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 200;

/// Why `nvidia-smi` gave no table.
#[derive(Debug, thiserror::Error)]
pub enum NvidiaSmiError {
    /// It is not installed, or may not be run.
    #[error("`nvidia-smi` does not start: {0}")]
    Start(#[source] io::Error),
    /// Its output cannot be read or is no text.
    #[error("the output of `nvidia-smi` cannot be read: {0}")]
    Output(#[source] io::Error),
    /// It did not end in time and was killed.
    #[error("`nvidia-smi` did not end within {}s", .0.as_secs())]
    TimedOut(Duration),
    /// It ended with an error: the driver is not loaded, or has no cards.
    #[error("`nvidia-smi` ended with {0}")]
    Failed(ExitStatus),
}

/// Runs `program` with the arguments of [`nvidia_smi::ARGUMENTS`] and returns what it prints.
///
/// # Errors
/// Any [`NvidiaSmiError`]. After `limit` the command is killed, and waited for only a moment: a broken driver can make it
/// unkillable.
pub fn run_nvidia_smi(program: &Path, limit: Duration) -> Result<String, NvidiaSmiError> {
    let mut command = Command::new(program);
    command
        .args(nvidia_smi::ARGUMENTS)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(NvidiaSmiError::Start)?;
    let result = output_within(&mut child, limit);
    if result.is_err() {
        // The command may have ended by itself; then there is nothing to kill.
        let _ = child.kill();
        let _ = end_of(&mut child);
    }
    result
}

fn output_within(child: &mut Child, limit: Duration) -> Result<String, NvidiaSmiError> {
    let pipe = child.stdout.take().expect("the output was asked for as a pipe");
    let output = read_in_thread(pipe).recv_timeout(limit);
    let output = output.map_err(|_| NvidiaSmiError::TimedOut(limit))?.map_err(NvidiaSmiError::Output)?;
    match end_of(child).map_err(NvidiaSmiError::Output)? {
        Some(status) if status.success() => Ok(output),
        Some(status) => Err(NvidiaSmiError::Failed(status)),
        None => Err(NvidiaSmiError::TimedOut(limit)),
    }
}

/// How the command ended, if it does so within a moment.
fn end_of(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    for _ in 0..LOOKS {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

fn read_in_thread(pipe: ChildStdout) -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = String::new();
        let result = pipe.take(OUTPUT_SIZE).read_to_string(&mut output).map(|_| output);
        // Nobody listens any more when the time was over.
        let _ = sender.send(result);
    });
    receiver
}

/// The size of the file system that holds `folder`, or will hold it: the nearest folder above it that exists decides.
///
/// # Errors
/// What `statvfs` says.
pub fn storage_size(folder: &Path) -> io::Result<Bytes> {
    let folder = std::path::absolute(folder)?;
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let system = rustix::fs::statvfs(existing)?;
    Ok(Bytes(system.f_blocks.saturating_mul(system.f_frsize)))
}
