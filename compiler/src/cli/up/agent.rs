//! Runs `wlagent`, which lies beside `wlc` or on the path.
#![expect(clippy::disallowed_methods, reason = "edge: runs wlagent")]

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use wlc_plan::name::NodeName;

use super::{
    super::{Failure, PROBLEMS, output},
    watch::Watch,
};

/// Between two looks at the agent that runs.
const PAUSE: Duration = Duration::from_millis(50);

/// The program.
pub(super) struct Agent {
    path: PathBuf,
}

impl Agent {
    /// Finds it beside this program, else on the path.
    pub(super) fn find() -> Result<Self, Failure> {
        let beside = env::current_exe().ok().and_then(|path| Some(path.parent()?.join("wlagent")));
        let path = beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("wlagent"));
        let asked = Command::new(&path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        match asked {
            Ok(_) => Ok(Self { path }),
            Err(error) => Err(Failure::new(
                PROBLEMS,
                format!("`wlc up` needs `wlagent`, which is neither beside `wlc` nor on the path: {error}"),
            )),
        }
    }

    /// This machine as a `facts` block.
    pub(super) fn facts(&self, node: &NodeName) -> Result<String, Failure> {
        let asked = Command::new(&self.path).args(["facts", "--node", node.as_str()]).stderr(Stdio::inherit()).output();
        let output = asked.map_err(|error| self.failed(&error))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(Failure::new(PROBLEMS, "`wlagent facts` does not know this machine")),
        }
    }

    /// Converges once. The answer: its exit code, none where a save came first and it was told to end.
    pub(super) fn apply(&self, settings: &Path, timeout: &str, watch: Option<&Watch>) -> Result<Option<u8>, Failure> {
        let mut command = Command::new(&self.path);
        command.arg("apply").arg("--config").arg(settings).args(["--timeout", timeout]).stdin(Stdio::null());
        let mut child = command.spawn().map_err(|error| self.failed(&error))?;
        loop {
            if let Some(status) = child.try_wait().map_err(|error| self.failed(&error))? {
                let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(PROBLEMS);
                return Ok(Some(code));
            }
            if let Some(changed) = watch.and_then(Watch::changed) {
                output::note(&format!("changed while it was applied: {changed}"));
                self.end(&mut child)?;
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
    }

    /// It ends in order: what it has begun is taken up by the next round.
    fn end(&self, child: &mut Child) -> Result<(), Failure> {
        kill_process(Pid::from_child(child), Signal::TERM).map_err(|error| self.failed(&error.into()))?;
        child.wait().map(drop).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::new(PROBLEMS, format!("`{}`: {error}", self.path.display()))
    }
}
