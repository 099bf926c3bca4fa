//! The real machine: Podman behind its socket, and a folder for the agent's state that goes with the test.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::Engine;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use wlagent::podman::{
    Answer, Podman, PodmanError,
    client::Client,
    places::Places,
    raw::{Call, Raw, encoded},
};
use wlc_plan::{name::FleetName, quantity::Bytes};

use crate::{
    machine::{Labels, Machine},
    requests::{self, BUSYBOX, DEAF, content},
};

const LIMIT: Duration = Duration::from_secs(60);
/// How long pulling an image may take in tests.
pub(crate) const PULL_LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct RealMachine {
    fleet: FleetName,
    podman: Client,
    pub(crate) raw: Raw,
    pub(crate) state: tempfile::TempDir,
}

/// The socket, or a word to whoever reads the output that this test did not run.
pub(crate) fn socket(test: &str) -> Option<PathBuf> {
    if let Some(socket) = std::env::var_os("WLC_PODMAN_SOCKET") {
        return Some(socket.into());
    }
    skip(&format!("{test}: WLC_PODMAN_SOCKET is not set"));
    None
}

/// Says aloud that a test, or a part of one, does not run here.
pub(crate) fn skip(why: &str) {
    let line = format!("SKIP {why}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("WLC_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).unwrap();
    }
}

/// Runs a test on a real machine, and removes what it made, however it ends.
pub(crate) async fn on_real_machine<F>(name: &str, test: impl FnOnce(Arc<RealMachine>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(socket) = socket(name) else { return };
    let machine = Arc::new(RealMachine::new(name, &socket).await);
    let outcome = tokio::spawn(test(Arc::clone(&machine))).await;
    machine.clean().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic.into_panic());
    }
}

impl RealMachine {
    async fn new(test: &str, socket: &Path) -> Self {
        let fleet = requests::fleet(test);
        let state = tempfile::tempdir().unwrap();
        let contents: BTreeMap<_, _> = ["one", "two"].map(content).into();
        let podman = Client::connect(socket, &fleet, state.path(), Arc::new(contents)).await.unwrap();
        let podman = podman.with_pull_limit(PULL_LIMIT).with_places(Places {
            root: PathBuf::from("/"),
            profiles: state.path().join("profiles"),
            secrets: state.path().join("node-secrets"),
            auth_file: state.path().join("auth.json"),
            credentials: None,
            memory: state.path().join("memory"),
        });
        Self { fleet, podman, raw: Raw::new(socket.to_owned()), state }
    }

    pub(crate) async fn ask(&self, call: Call<'_>) -> Result<Value, PodmanError> {
        let what = call.what.to_owned();
        Ok(self.raw.send(call).await?.json(&what).unwrap_or(Value::Null))
    }

    pub(crate) async fn inspect(&self, container: &str) -> Value {
        let path = format!("/containers/{}/json", encoded(container));
        let mut seen = Err(String::new());
        // Podman cannot look at a container whose process ends in that moment.
        for _ in 0..3 {
            let reply = self.raw.send(Call::get("inspect", path.clone(), LIMIT)).await.unwrap();
            seen = reply.json("inspect").map_err(|error| error.to_string());
            if seen.is_ok() {
                break;
            }
        }
        seen.unwrap()
    }

    /// The folder of seccomp profiles that this machine reads.
    pub(crate) fn profiles(&self) -> PathBuf {
        self.state.path().join("profiles")
    }

    /// The folder in memory in which secrets are put down.
    pub(crate) fn memory(&self) -> PathBuf {
        self.state.path().join("memory")
    }

    /// Gives the node credentials for a registry.
    pub(crate) fn write_auth(&self, registry: &str, pair: &str) {
        let auths =
            json!({ "auths": { registry: { "auth": base64::engine::general_purpose::STANDARD.encode(pair) } } });
        std::fs::write(self.state.path().join("auth.json"), auths.to_string()).unwrap();
    }

    /// Gives the node a key of a secret.
    pub(crate) fn write_secret(&self, secret: &str, key: &str, bytes: &[u8]) {
        let folder = self.state.path().join("node-secrets").join(secret);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(key), bytes).unwrap();
    }

    /// Whether a text lies anywhere in the folders that pods mount from the agent's state.
    pub(crate) fn disk_holds(&self, text: &str) -> bool {
        let mut folders = vec![self.state.path().join("pods")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else if std::fs::read_to_string(entry.path()).is_ok_and(|found| found.contains(text)) {
                    return true;
                }
            }
        }
        false
    }

    /// The infra container of a pod.
    pub(crate) async fn infra(&self, pod: &str) -> String {
        let path = format!("/pods/{}/json", encoded(pod));
        let found = self.ask(Call::get("inspect pod", path, LIMIT)).await.unwrap();
        found["InfraContainerID"].as_str().unwrap().to_owned()
    }

    async fn make(&self, what: &str, path: &str, body: Value) -> Result<Value, PodmanError> {
        self.raw.send(Call::post(what, path.to_owned(), LIMIT).with(&body)).await?.json(what)
    }

    /// Makes a container in a pod, and does not start it.
    pub(crate) async fn make_container(&self, pod: &str, name: &str, labels: &Labels) -> Result<(), PodmanError> {
        let body = json!({ "name": name, "pod": pod, "labels": labels, "image": BUSYBOX, "command": DEAF });
        self.make("make container", "/containers/create", body).await.map(drop)
    }

    /// Makes a container of an image, in no pod, and does not start it.
    pub(crate) async fn make_container_of(&self, image: &str, name: &str) {
        let body = json!({ "name": name, "image": image, "command": DEAF });
        self.make("make container", "/containers/create", body).await.unwrap();
    }

    /// Removes a container.
    pub(crate) async fn remove_container(&self, name: &str) {
        let path = format!("/containers/{}?force=true", encoded(name));
        self.ask(Call::delete("remove container", path, LIMIT)).await.unwrap();
    }

    /// Ends conmon, and then the main process that it watches.
    pub(crate) async fn end_with_conmon(&self, container: &str) {
        let state = self.inspect(container).await["State"].clone();
        for number in ["ConmonPid", "Pid"] {
            let process = Pid::from_raw(i32::try_from(state[number].as_i64().unwrap()).unwrap()).unwrap();
            kill_process(process, Signal::KILL).unwrap();
        }
    }

    async fn end(&self, container: &str) {
        let process = self.inspect(container).await["State"]["Pid"].as_i64().unwrap();
        let process = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
        kill_process(process, Signal::KILL).unwrap();
    }

    /// What the program of a container says, from its log.
    pub(crate) async fn output(&self, container: &str) -> String {
        // On a busy machine a script and its end take long.
        for _ in 0..600 {
            if self.inspect(container).await["State"]["Status"] == "exited" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.podman.logs(container, 1_000).await.unwrap()
    }

    async fn clean(&self) {
        let part = self.fleet.as_str();
        for (kind, name) in self.things(part).await {
            let path = format!("/{kind}/{}?force=true&timeout=0", encoded(&name));
            let _gone = self.ask(Call::delete("clean up", path, LIMIT)).await;
        }
        let image = format!("/images/localhost/{part}:1?force=true");
        let _gone = self.ask(Call::delete("clean up", image, LIMIT)).await;
        let _unmounted = rustix::mount::unmount(self.memory(), rustix::mount::UnmountFlags::DETACH);
        let network = format!("/networks/wlc.{part}?force=true");
        let _gone = self.ask(Call::delete("clean up", network, LIMIT)).await;
    }

    /// Pods, then containers, then volumes, with `part` in their names.
    async fn things(&self, part: &str) -> Vec<(&'static str, String)> {
        let mut things = Vec::new();
        for (kind, path) in
            [("pods", "/pods/json"), ("containers", "/containers/json?all=true"), ("volumes", "/volumes/json")]
        {
            let listed = self.ask(Call::get("list", path.to_owned(), LIMIT)).await.unwrap();
            let names = listed.as_array().into_iter().flatten().map(name_of);
            things.extend(names.filter(|name| name.contains(part)).map(|name| (kind, name)));
        }
        things
    }
}

fn name_of(thing: &Value) -> String {
    thing["Name"].as_str().or(thing["Names"][0].as_str()).unwrap().to_owned()
}

impl Machine for RealMachine {
    fn fleet(&self) -> &FleetName {
        &self.fleet
    }

    fn podman(&self) -> &dyn Podman {
        &self.podman
    }

    fn kill<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.end(container).await;
            Ok(())
        })
    }

    fn pause<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/containers/{}/pause", encoded(container));
            self.raw.send(Call::post("freeze a container", path, LIMIT)).await?.done("freeze a container")
        })
    }

    fn rename<'a>(&'a self, container: &'a str, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/containers/{}/rename?name={}", encoded(container), encoded(name));
            self.raw.send(Call::post("rename a container", path, LIMIT)).await?.done("rename a container")
        })
    }

    fn disconnect<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let infra = self.infra(pod).await;
            let network = wlagent::podman::labels::PodLabels::network_name(&self.fleet);
            let call = Call::post("disconnect", format!("/networks/{}/disconnect", encoded(&network)), LIMIT);
            self.raw.send(call.with(&json!({ "container": infra }))).await?.done("disconnect")
        })
    }

    fn limit<'a>(&'a self, container: &'a str, memory: Bytes) -> Answer<'a, ()> {
        let memory = json!({ "memory": { "limit": memory.0, "swap": memory.0 } });
        Box::pin(async move {
            let path = format!("/containers/{}/update", encoded(container));
            self.raw.send(Call::post("limit a container", path, LIMIT).with(&memory)).await?.done("limit a container")
        })
    }

    fn kill_sandbox<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/pods/{}/json", encoded(pod));
            let found = self.ask(Call::get("inspect pod", path, LIMIT)).await?;
            self.end(found["InfraContainerID"].as_str().unwrap()).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(())
        })
    }

    fn lose_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/pods/{}?force=true&timeout=0", encoded(pod));
            self.ask(Call::delete("remove pod", path, LIMIT)).await.map(drop)
        })
    }

    fn add_foreign_pod<'a>(&'a self, name: &'a str, labels: &'a Labels, container: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.make("make pod", "/pods/create", json!({ "name": name, "labels": labels })).await?;
            self.add_foreign_container(name, container, labels).await
        })
    }

    fn add_foreign_container<'a>(&'a self, pod: &'a str, name: &'a str, labels: &'a Labels) -> Answer<'a, ()> {
        Box::pin(async move {
            self.make_container(pod, name, labels).await?;
            let path = format!("/containers/{}/start", encoded(name));
            self.raw.send(Call::post("start", path, LIMIT)).await?.done("start")
        })
    }

    fn add_foreign_volume<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, ()> {
        Box::pin(async move {
            let body = json!({ "Name": name, "Labels": labels });
            self.make("make volume", "/volumes/create", body).await.map(drop)
        })
    }

    fn add_foreign_network<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.make("make network", "/networks/create", json!({ "name": name })).await.map(drop) })
    }

    fn names<'a>(&'a self, part: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move { Ok(self.things(part).await.into_iter().map(|(_, name)| name).collect()) })
    }
}
