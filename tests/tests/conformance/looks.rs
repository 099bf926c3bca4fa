//! What a scene looks at: the containers of its fleet, as Podman tells them, and the log that programs of scenes write.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use wlc_tests::{node::Node, podman};

/// A container of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) replica: String,
    pub(crate) container: String,
    pub(crate) attempt: u32,
    /// What its variable `VERSION` says.
    pub(crate) version: String,
    pub(crate) is_running: bool,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) started: String,
}

/// All containers of the fleet, sorted.
pub(crate) fn containers(node: &Node) -> Vec<Seen> {
    let names = node.containers();
    let arguments: Vec<&str> =
        ["inspect", "--type", "container"].into_iter().chain(names.iter().map(String::as_str)).collect();
    // What is removed in between is an error of the whole; the others are told all the same.
    let told = if names.is_empty() { Vec::new() } else { podman::podman(&arguments).stdout };
    let all: Vec<Value> = serde_json::from_slice(&told).unwrap_or_default();
    let mut seen: Vec<Seen> = all.iter().map(read).collect();
    seen.sort();
    seen
}

fn read(one: &Value) -> Seen {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = &one["Config"]["Labels"];
    let env = one["Config"]["Env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let version = env.filter_map(|pair| pair.strip_prefix("VERSION=")).next().unwrap_or_default();
    Seen {
        replica: text(&labels["dev.wlc.replica"]),
        container: text(&labels["dev.wlc.container"]),
        attempt: text(&labels["dev.wlc.attempt"]).parse().unwrap_or_default(),
        version: version.to_owned(),
        // While it is being stopped Podman does not say that it runs, though it does.
        is_running: ["running", "stopping"].iter().any(|word| one["State"]["Status"] == *word),
        name: text(&one["Name"]),
        id: text(&one["Id"]),
        started: text(&one["State"]["StartedAt"]),
    }
}

/// Replica and version of each running container.
pub(crate) fn versions(node: &Node) -> Vec<(String, String)> {
    let running = containers(node).into_iter().filter(|one| one.is_running);
    running.map(|one| (one.replica, one.version)).collect()
}

/// The same, as one text: `web-0:1 web-1:2`.
pub(crate) fn told(node: &Node) -> String {
    versions(node).iter().map(|(replica, version)| format!("{replica}:{version}")).collect::<Vec<_>>().join(" ")
}

/// Waits until nothing has come or gone for some seconds.
pub(crate) fn stays(node: &Node) {
    let (mut last, mut since) = (told(node), Instant::now());
    while since.elapsed() < Duration::from_secs(4) {
        thread::sleep(Duration::from_millis(300));
        let now = told(node);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// The running container of a replica.
pub(crate) fn running(node: &Node, replica: &str) -> Option<Seen> {
    containers(node).into_iter().find(|one| one.replica == replica && one.is_running)
}

/// Removes the pod of a replica by hand, and waits until another one runs.
pub(crate) fn remove(node: &Node, replica: &str) {
    let one = running(node, replica).expect("it runs");
    podman::text(&["pod", "rm", "-f", "-t", "0", one.name.rsplitn(3, '.').last().unwrap()]);
    node.wait_until(&format!("{replica} is made anew"), |node| {
        running(node, replica).is_some_and(|new| new.id != one.id)
    });
}

/// Runs a shell's line in the running container of a replica, and tells what it prints.
pub(crate) fn shell(node: &Node, replica: &str, line: &str) -> String {
    let one = running(node, replica).unwrap_or_else(|| panic!("{replica} does not run"));
    podman::text(&["exec", &one.name, "sh", "-c", line])
}

/// A folder of the machine that programs of a scene write to.
pub(crate) fn folder(node: &Node) -> PathBuf {
    let folder = node.path("shared");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What the programs of a scene wrote, line by line.
pub(crate) fn log(node: &Node) -> Vec<String> {
    let text = fs::read_to_string(folder(node).join("log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A program that says when it starts and when it ends, ends slowly, and is ready while its page `/well` is there; in the words of
/// a container. A probe over HTTP costs a busy machine less than a command.
pub(crate) fn program(node: &Node, version: u32, more: &str) -> String {
    format!(
        r#"container "main" image="localhost/busybox:1" {{
        env {{ VERSION "{version}"; REPLICA field="replica" }}
        command "sh" "-c" "mkdir /www; touch /www/well; httpd -p 8080 -h /www; echo start $REPLICA $VERSION >> /shared/log; trap 'sleep 0.3; echo end $REPLICA $VERSION >> /shared/log; exit 0' TERM; while :; do sleep 0.1; done"
        mount "/shared" host-path="{}"
        port "http" 8080
        readiness "http" "/well" port="http" period="500ms" failures=1
        {more}
    }}"#,
        folder(node).display()
    )
}

/// The same, and never ready.
pub(crate) fn broken(node: &Node, version: u32) -> String {
    program(node, version, "").replace("\"http\" \"/well\"", "\"http\" \"/never\"")
}

/// The same, and not ready before somebody makes it well.
pub(crate) fn sick(node: &Node, version: u32) -> String {
    program(node, version, "").replace("touch /www/well; ", "")
}

/// What makes a program ready.
pub(crate) const HEAL: &str = "touch /www/well";
/// What makes it not ready.
pub(crate) const SICKEN: &str = "rm /www/well";
