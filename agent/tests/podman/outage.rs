//! Podman's service goes away and comes back: a door in front of its socket that can be shut.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use wlc_plan::node_plan::IpFamily;

use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use wlagent::podman::{
    Podman, PodmanError,
    client::Client,
    raw::{Call, Raw},
};

use crate::{
    machine::Machine,
    real::{RealMachine, on_real_machine, socket},
    requests::{DEAF, Wanted},
};

/// A socket that leads to Podman's while it is open. Shutting it breaks every connection.
struct Door {
    path: PathBuf,
    open: JoinHandle<()>,
}

impl Door {
    fn open(path: &Path, podman: PathBuf) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let open = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut from, _) = listener.accept().await.unwrap();
                let podman = podman.clone();
                connections.spawn(async move {
                    let mut to = UnixStream::connect(podman).await.unwrap();
                    let _ended = copy_bidirectional(&mut from, &mut to).await;
                });
            }
        });
        Self { path: path.to_owned(), open }
    }

    fn shut(self) {
        self.open.abort();
        std::fs::remove_file(self.path).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_on_after_podman_was_away() {
    let Some(podman) = socket("events_go_on_after_podman_was_away") else { return };
    on_real_machine("outage", |machine: Arc<RealMachine>| async move {
        let path = machine.state.path().join("door.sock");
        let door = Door::open(&path, podman.clone());
        let state = machine.state.path();
        let agent = Client::connect(&path, machine.fleet(), state, Arc::new(std::collections::BTreeMap::new())).await;
        let agent = agent.unwrap();
        let wanted = Wanted::new(machine.fleet(), &DEAF);
        agent.make_network(IpFamily::Ipv4).await.unwrap();
        agent.make_pod(&wanted.pod()).await.unwrap();
        door.shut();
        let refused = agent.observe().await;
        assert!(matches!(refused, Err(PodmanError::Unreachable { .. })), "{refused:?}");
        // Only events tell that a container went which never ran: no process of it ended.
        let name = format!("{}.guest", wanted.pod_name());
        let labels = wanted.labels().to_map();
        machine.make_container(&wanted.pod_name(), &name, &labels).await.unwrap();
        let door = Door::open(&path, podman);
        quiet(&agent).await;
        let call = Call::delete("remove", format!("/containers/{name}"), Duration::from_secs(30));
        machine.ask(call).await.unwrap();
        timeout(Duration::from_secs(5), agent.changes().notified()).await.expect("events are followed anew");
        door.shut();
    })
    .await;
}

/// Podman was killed between the pod and its infra container: no list of containers shows it, and it takes no container.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_was_half_made_is_made_anew() {
    on_real_machine("half", |machine: Arc<RealMachine>| async move {
        let wanted = Wanted::new(machine.fleet(), &DEAF);
        let podman = machine.podman();
        podman.make_network(IpFamily::Ipv4).await.unwrap();
        let name = wanted.pod_name();
        let body = serde_json::json!({ "name": name, "labels": wanted.pod().labels.to_map(), "no_infra": true });
        let call = Call::post("half make", "/pods/create".to_owned(), Duration::from_secs(30)).with(&body);
        machine.ask(call).await.unwrap();
        assert!(podman.observe().await.unwrap().pods.is_empty(), "it cannot be seen");
        podman.make_pod(&wanted.pod()).await.unwrap();
        podman.run_container(&wanted.run()).await.unwrap();
        let pods = podman.observe().await.unwrap().pods;
        assert!(pods[0].containers[0].is_running(), "{pods:?}");
        // What is whole is left alone.
        podman.make_pod(&wanted.pod()).await.unwrap();
        assert_eq!(podman.observe().await.unwrap().pods[0].id, pods[0].id);
    })
    .await;
}

/// Podman was killed while it made a container: its storage has the name, and no list shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_was_half_made_is_made_anew() {
    let test = "a_container_that_was_half_made_is_made_anew";
    let Some(config) = std::env::var_os("CONTAINERS_CONF") else {
        return crate::real::skip(&format!("{test}: CONTAINERS_CONF is not set"));
    };
    on_real_machine("half-container", |machine: Arc<RealMachine>| async move {
        let wanted = Wanted::new(machine.fleet(), &DEAF);
        let podman = machine.podman();
        podman.make_network(IpFamily::Ipv4).await.unwrap();
        podman.make_pod(&wanted.pod()).await.unwrap();
        let name = format!("{}.main.0", wanted.pod_name());
        leave_storage(Path::new(&config), machine.state.path(), &name);
        podman.run_container(&wanted.run()).await.unwrap();
        let pods = podman.observe().await.unwrap().pods;
        assert!(pods[0].containers[0].is_running(), "{pods:?}");
        assert_eq!(pods[0].containers[0].name, name);
    })
    .await;
}

/// Another Podman on the same storage makes a container: this one knows nothing of it but that its name is taken.
fn leave_storage(config: &Path, folder: &Path, name: &str) {
    let text = std::fs::read_to_string(config).unwrap();
    let tmp = |line: &str| line.starts_with("tmp_dir");
    let lines: Vec<&str> = text.lines().filter(|line| !tmp(line)).collect();
    let [tmp, knows] = ["tmp", "static"].map(|part| folder.join(part).display().to_string());
    let engine = format!("[engine]\ntmp_dir = \"{tmp}\"\nstatic_dir = \"{knows}\"");
    let other = folder.join("other.conf");
    std::fs::write(&other, lines.join("\n").replace("[engine]", &engine)).unwrap();
    let mut command = std::process::Command::new("podman");
    command.env("CONTAINERS_CONF", other).args(["create", "--network", "none", "--name", name, "localhost/busybox:1"]);
    let made = command.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Waits until nothing woke for a while, long enough for the events to be followed anew.
async fn quiet(podman: &Client) {
    while timeout(Duration::from_millis(1_500), podman.changes().notified()).await.is_ok() {}
}

#[tokio::test]
async fn a_podman_that_does_not_answer_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nobody.sock");
    let fleet = crate::requests::fleet("nobody");
    let contents = Arc::new(std::collections::BTreeMap::new());
    let refused = Client::connect(&path, &fleet, folder.path(), contents).await.err();
    let Some(PodmanError::Unreachable { socket, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(Path::new(&socket), path);
}

/// Something that answers as a Podman of another version does.
#[tokio::test]
async fn an_old_podman_is_refused_by_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        // The ping, which says nothing here, and then the version.
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await.unwrap();
            let body = r#"{"Version":"5.0.2","ApiVersion":"5.0.2"}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    let fleet = crate::requests::fleet("old");
    let contents = Arc::new(std::collections::BTreeMap::new());
    let refused = Client::connect(&path, &fleet, folder.path(), contents).await.err();
    server.await.unwrap();
    let Some(PodmanError::Version { version, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(version, "5.0.2");
}

/// Something that takes the request and says nothing.
#[tokio::test]
async fn each_call_has_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mute.sock");
    let _mute = UnixListener::bind(&path).unwrap();
    let call = Call::get("look at nothing", "/pods/json".to_owned(), Duration::from_millis(100));
    let late = timeout(Duration::from_secs(5), Raw::new(path).send(call)).await.unwrap();
    let expected = PodmanError::TimedOut { what: "look at nothing".to_owned(), seconds: 0 };
    assert_eq!(late.map(|reply| reply.status), Err(expected));
}
