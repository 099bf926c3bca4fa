//! The baseline: the least that does the same work on Podman's API, blocking, one connection for each call.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};

/// A plain client of Podman's socket.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    socket: PathBuf,
    fleet: String,
    ended: Arc<AtomicBool>,
}

const API: &str = "/v4.3.1/libpod";

impl Driver {
    /// A driver whose pods, volumes and network carry a label with this name.
    pub(crate) fn new(socket: PathBuf, fleet: &str) -> Self {
        Self { socket, fleet: fleet.to_owned(), ended: Arc::default() }
    }

    /// From now on nothing is started anew: the pods are about to be removed.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// A call with a JSON body; the answer must be a success.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = UnixStream::connect(&self.socket).expect("Podman's socket answers");
        let length = body.len();
        write!(stream, "{method} {API}{path} HTTP/1.0\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
            .expect("the request can be sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("Podman answers");
        // What a command writes may be any bytes.
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let status: u16 = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        assert!(status < 300 || status == 304 || status == 409, "{method} {path}: {status} {body}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// The network of the driver's pods.
    pub(crate) fn make_network(&self) {
        let network = json!({
            "name": format!("bench.{}", self.fleet), "dns_enabled": true, "labels": { "dev.wlc.fleet": self.fleet }
        });
        self.call("POST", "/networks/create", Some(&network));
    }

    /// Makes a pod with one container, as the agent's: the same image, command, port, network and log.
    pub(crate) fn bring_up(&self, number: usize, port: u16) {
        let pod = format!("bench.{}.{number}", self.fleet);
        let network = format!("bench.{}", self.fleet);
        self.call(
            "POST",
            "/pods/create",
            Some(&json!({
                "name": pod, "hostname": format!("web-{number}"), "labels": { "dev.wlc.fleet": self.fleet },
                "netns": { "nsmode": "bridge" }, "Networks": { network: {} },
                "portmappings": [{ "container_port": 8080, "host_port": port, "protocol": "tcp" }],
            })),
        );
        self.run(&pod, 0);
    }

    /// Makes and starts one attempt of a pod's container.
    pub(crate) fn run(&self, pod: &str, attempt: u32) {
        let name = format!("{pod}.main.{attempt}");
        self.call(
            "POST",
            "/containers/create",
            Some(&json!({
                "name": name, "pod": pod, "image": "localhost/busybox:1",
                "entrypoint": ["sh", "-c", super::react::SCRIPT], "command": [],
                "labels": { "dev.wlc.fleet": self.fleet, "bench.pod": pod, "bench.attempt": attempt.to_string() },
                "log_configuration": { "driver": "k8s-file", "size": 10_000_000 }, "restart_policy": "no",
            })),
        );
        self.call("POST", &format!("/containers/{name}/start"), None);
    }

    /// Runs `true` in the container of a pod, as a probe does: made, started, and its end asked for.
    pub(crate) fn exec(&self, number: usize) {
        let path = format!("/containers/bench.{}.{number}.main.0/exec", self.fleet);
        let made =
            self.call("POST", &path, Some(&json!({ "Cmd": ["true"], "AttachStdout": true, "AttachStderr": true })));
        let id = made["Id"].as_str().expect("an exec has an id").to_owned();
        self.call("POST", &format!("/exec/{id}/start"), Some(&json!({ "Detach": false })));
        self.call("GET", &format!("/exec/{id}/json"), None);
    }

    /// Starts a new attempt whenever a container of the driver's ends; never returns.
    pub(crate) fn restart_for_ever(&self) {
        let filters = format!(r#"{{"event":["died"],"label":["dev.wlc.fleet={}"]}}"#, self.fleet);
        let encoded: String = filters.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut stream = UnixStream::connect(&self.socket).expect("Podman's socket answers");
        write!(stream, "GET {API}/events?stream=true&filters={encoded} HTTP/1.0\r\nHost: d\r\n\r\n")
            .expect("the request can be sent");
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
            let attributes = &event["Actor"]["Attributes"];
            let (Some(pod), Some(attempt)) = (attributes["bench.pod"].as_str(), attributes["bench.attempt"].as_str())
            else {
                continue;
            };
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            self.run(pod, attempt.parse::<u32>().expect("an attempt is a number") + 1);
        }
    }
}
