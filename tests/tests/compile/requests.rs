//! What the agent asks of Podman for the folders of `tests/conformance`: the real compiler, the real decisions, a simulated
//! Podman. `asked.json` in each folder has it; `WLC_UPDATE=1` writes it. That a real Podman makes of it what is expected,
//! the suite of conformance shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Map, Value, json};
use wlagent::{
    action::Action,
    apply::apply,
    clock::Moment,
    contents::Folders,
    decide::{Lists, Scene, decide},
    desired::Desired,
    files::EnvPart,
    ledger::Ledger,
    podman::{Podman, create, mounts::Sources, simulated::Simulated},
    probes::verdict::Verdicts,
};
use wlc::{lock::Lock, lower::Lowered};
use wlc_plan::{
    name::{FileKey, SecretName},
    node_plan::ReadNodePlan,
    spec::PodSpec,
};
use wlc_tests::{folder, golden, running};

use super::build;

/// Around each folder: the fleet and its only node, as the suite on a real Podman has them.
const AROUND: &str = "fleet \"t\" { host-ports \"20000-20099\" }\nnode \"here\" { address \"192.0.2.1\" \"2001:db8::1\" }\n\
    facts \"here\" { capacity cpu=64 memory=\"256GiB\" }\n";

#[test]
fn the_agent_asks_podman_for_what_the_files_say() {
    let all = running::workspace().join("tests/conformance");
    let mut different = Vec::new();
    for case in folder::folders(&all) {
        let asked = serde_json::to_string_pretty(&asked(&all.join(&case))).unwrap() + "\n";
        different.extend(golden::compare(&all.join(&case).join("asked.json"), &asked));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn asked(case: &Path) -> Value {
    let sources = tempfile::tempdir().unwrap();
    folder::copy(case, sources.path());
    std::fs::write(sources.path().join("fleet.kdl"), AROUND).unwrap();
    let built = build::build(sources.path(), &Lock::default());
    let machine = Machine::new(&built, case);
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(machine.converge())
}

/// A simulated Podman with the images and secrets that the folder speaks of.
struct Machine {
    podman: Simulated,
    desired: Desired,
    clock: Arc<AtomicU64>,
}

impl Machine {
    fn new(built: &Lowered, case: &Path) -> Self {
        let clock = Arc::new(AtomicU64::new(1_800_000_000_000));
        let plan = built.content.plans.values().next().unwrap().clone();
        let time = Arc::clone(&clock);
        let podman = Simulated::new(&plan.fleet, move || Moment(time.fetch_add(1, Ordering::Relaxed)));
        let specs = built.content.specs.iter();
        let specs: BTreeMap<_, PodSpec> =
            specs.map(|(digest, bytes)| (*digest, serde_json::from_slice(bytes).unwrap())).collect();
        for container in specs.values().flat_map(|spec| &spec.containers) {
            podman.add_image(&container.image.name, if container.image.name.contains("users") { "1001" } else { "" });
        }
        for path in folder::files(&case.join("secrets")) {
            let key = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
            let secret = SecretName::parse(&key(path.parent().unwrap())).unwrap();
            podman.set_secret(&secret, &FileKey::parse(&key(&path)).unwrap(), &std::fs::read(&path).unwrap());
        }
        let desired = Desired::of(&ReadNodePlan { plan, unreadable: Vec::new() }, &specs, &BTreeMap::new());
        Self { podman, desired, clock }
    }

    /// Decides and applies until nothing is left to do, and gathers what is asked for on the way.
    async fn converge(&self) -> Value {
        let (mut ledger, mut asked) = (Ledger::default(), Map::new());
        for _ in 0..50 {
            let observed = self.podman.observe().await.unwrap();
            let now = Moment(self.clock.fetch_add(1_000, Ordering::Relaxed));
            let (verdicts, busy) = (Verdicts::new(), BTreeSet::new());
            let scene = Scene {
                desired: &self.desired,
                observed: &observed,
                verdicts: &verdicts,
                ledger: &ledger,
                busy: &busy,
                now,
                lists: &Lists::default(),
            };
            let decision = decide(scene);
            for task in &decision.tasks {
                asked.extend(task.actions.iter().filter_map(request));
                apply(&self.podman, task).await.unwrap();
            }
            if decision.tasks.is_empty() {
                return Value::Object(asked);
            }
            ledger = decision.ledger;
        }
        panic!("it goes on and on");
    }
}

/// What one step asks for, under the name of what it makes; what all have in common is left out.
fn request(action: &Action) -> Option<(String, Value)> {
    match action {
        Action::MakePod(request) => {
            let mut body = serde_json::to_value(create::pod(request)).unwrap();
            body.as_object_mut().unwrap().retain(|key, _| !["labels", "name"].contains(&key.as_str()));
            let volumes = create::volumes(&request.labels, &request.spec);
            let page = wlc_plan::quantity::Bytes(4_096);
            let group = request.spec.surroundings.fs_group;
            let volumes = volumes.map(|(labels, empty)| {
                (labels.volume.to_string(), json!(create::volume(&labels, empty, (page, group)))["Options"].clone())
            });
            body["volumes"] = volumes.collect::<Map<_, _>>().into();
            Some((request.labels.replica.to_string(), body))
        }
        Action::RunContainer(request) => {
            let (disk, memory) = (Folders::new(Path::new("/disk")), Folders::new(Path::new("/memory")));
            let volumes = request.volumes.keys().map(|volume| request.pod.volume_name(volume));
            let mountpoints = volumes.map(|name| (name.clone(), Path::new("/volumes").join(name))).collect();
            let sources = Sources { disk: &disk, memory: &memory, mountpoints: &mountpoints };
            let env = request.env.iter().map(|(name, parts)| (name.clone(), parts.iter().map(text).collect()));
            let body = create::container(request, (&sources, env.collect()), "", Path::new("/profiles")).unwrap();
            let mut body = serde_json::to_value(body).unwrap();
            let always = ["image", "labels", "log_configuration", "name", "pod", "restart_policy", "stop_timeout"];
            let said = |key: &str, value: &Value| {
                !always.contains(&key) && *value != json!(false) && *value != json!([]) && *value != json!({})
            };
            body.as_object_mut().unwrap().retain(|key, value| said(key, value));
            let files = request.files.iter().map(|files| json!(files)).collect::<Vec<_>>();
            body["files"] = files.into();
            Some((format!("{}/{}", request.pod.replica, request.spec.name), body))
        }
        Action::MakeNetwork(_)
        | Action::PullImage(_)
        | Action::PostStart(_)
        | Action::Limit { .. }
        | Action::Connect { .. }
        | Action::Rename { .. }
        | Action::Unpause { .. }
        | Action::Drain(_)
        | Action::StopContainers(_)
        | Action::RemoveContainer { .. }
        | Action::RemovePod { .. }
        | Action::SwapContent(_)
        | Action::SwapFiles(_)
        | Action::CheckNode(_)
        | Action::RemoveClaim { .. } => None,
    }
}

fn text(part: &EnvPart) -> String {
    match part {
        EnvPart::Text(text) => text.clone(),
        EnvPart::Address => "<address of the pod>".to_owned(),
        EnvPart::Secret(key) => format!("<{}/{}>", key.secret, key.key),
    }
}
