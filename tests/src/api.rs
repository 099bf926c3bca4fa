//! Podman's API as samplers ask it: a few lines of its own, nothing of the agent's.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Podman behind a socket.
#[derive(Debug, Clone)]
pub struct Api {
    socket: PathBuf,
}

/// A container as Podman lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Podman's word for its state.
    pub state: String,
    /// When it was started, in seconds.
    pub started: i64,
    /// The name of its pod, if it is in one.
    pub pod: String,
    /// The label of the replica.
    pub replica: String,
    /// Whether it is an infra container.
    pub is_infra: bool,
}

impl Api {
    /// Podman behind this socket.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> io::Result<Value> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(LIMIT))?;
        write!(stream, "GET /v4.3.1/libpod{path} HTTP/1.0\r\nHost: podman\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no head"))?;
        if !head.lines().next().unwrap_or_default().contains(" 200 ") {
            return Err(io::Error::other(format!("{path}: {answer}")));
        }
        Ok(serde_json::from_str(body)?)
    }

    /// All containers with a label.
    pub fn containers(&self, label: &str) -> io::Result<Vec<Listed>> {
        let filters = format!("{{\"label\":[\"{label}\"]}}").replace('"', "%22").replace(' ', "%20");
        let listed = self.get(&format!("/containers/json?all=true&filters={filters}"))?;
        Ok(listed.as_array().into_iter().flatten().map(Listed::new).collect())
    }
}

impl Listed {
    fn new(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            name: text(&value["Names"][0]),
            id: text(&value["Id"]),
            state: text(&value["State"]),
            started: value["StartedAt"].as_i64().unwrap_or_default(),
            pod: text(&value["PodName"]),
            replica: text(&value["Labels"]["dev.wlc.replica"]),
            is_infra: value["IsInfra"] == true,
        }
    }

    /// Whether its processes live.
    pub fn is_alive(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused" | "stopping")
    }
}
