//! A plan set and containers of format 1, kept as they were made: later versions verify the set, build the same content
//! from the same sources, know the containers as their own, and want nothing done.

use std::{collections::BTreeMap, fs, num::NonZeroU32, path::PathBuf};

use serde_json::Value;
use wlagent::{
    clock::Moment,
    decide::{Lists, Scene, decide},
    desired::Desired,
    ledger::Ledger,
    observed::{ContainerState, Observed, ObservedContainer, ObservedPod, PodFolders, Sandbox},
    podman::labels::{ContainerLabels, PodLabels},
    probes::verdict::{ContainerVerdicts, Verdict},
};
use wlc::publish::Folder;
use wlc_plan::{
    name::{FleetName, NodeName},
    set::{Accepted, Expectations, read_node},
    time::Timestamp,
    trust::Trust,
};
use wlc_tests::programs;

/// When everything was made.
const MADE: Moment = Moment(1_795_000_000_000);
/// A day later.
const NOW: Moment = Moment(MADE.0 + 86_400_000);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/format-1")
}

fn fleet() -> FleetName {
    FleetName::parse("golden").unwrap()
}

fn accepted() -> Accepted {
    let trust = Trust::parse(&fs::read_to_string(folder().join("trust")).unwrap()).unwrap();
    let fleet = fleet();
    let expectations = Expectations {
        fleet: &fleet,
        trust: &trust,
        threshold: NonZeroU32::MIN,
        last: None,
        now: Timestamp::from_seconds(i64::try_from(NOW.0 / 1_000).unwrap()),
    };
    read_node(&Folder::new(&folder().join("plans")), &NodeName::parse("here").unwrap(), &expectations)
        .unwrap_or_else(|verdict| panic!("the set of format 1 is not taken any more: {verdict}"))
}

type Labels = BTreeMap<String, String>;

/// Names and labels of what was made.
fn recorded(file: &str) -> Vec<(String, Labels)> {
    let rows: Vec<Value> = serde_json::from_slice(&fs::read(folder().join(file)).unwrap()).unwrap();
    let row =
        |row: Value| (row["name"].as_str().unwrap().to_owned(), serde_json::from_value(row["labels"].clone()).unwrap());
    rows.into_iter().map(row).collect()
}

fn observed(desired: &Desired) -> Observed {
    let containers = recorded("containers.json");
    let pods = recorded("pods.json").into_iter().map(|(name, labels)| {
        let own =
            PodLabels::own(&name, &labels, &fleet()).unwrap_or_else(|| panic!("pod {name} is not known any more"));
        let wanted = desired.wanted(&own.replica).expect("the plan names the replica");
        let inside = containers.iter().filter(|(container, _)| container.starts_with(&format!("{name}.")));
        ObservedPod {
            id: name.clone(),
            replica: own.replica.clone(),
            workload: own.workload.clone(),
            revision: own.revision,
            binding: own.binding,
            run: own.run.clone(),
            stopping: None,
            sandbox: Sandbox::Up,
            address: None,
            is_on_network: true,
            created: MADE,
            folders: PodFolders::There,
            stale: std::collections::BTreeSet::new(),
            containers: inside.map(|(name, labels)| container(name, labels, &own)).collect(),
            contents: wanted
                .instance
                .contents
                .iter()
                .map(|one| ((one.container.clone(), one.path.clone()), one.content))
                .collect(),
            name,
        }
    });
    Observed {
        pods: pods.map(std::sync::Arc::new).collect(),
        network: Some(wlc_plan::node_plan::IpFamily::Ipv4),
        ..Observed::default()
    }
}

fn container(name: &str, labels: &Labels, pod: &PodLabels) -> ObservedContainer {
    let own = ContainerLabels::read(labels).unwrap_or_else(|| panic!("container {name} is not known any more"));
    assert_eq!(pod.container_name(&own.container, own.attempt), name);
    ObservedContainer {
        id: name.to_owned(),
        name: name.to_owned(),
        called: None,
        allowance: None,
        container: own.container,
        attempt: own.attempt,
        state: ContainerState::Running { started: MADE },
        post_start: None,
        stop: None,
        last_words: wlagent::observed::LastWords::default(),
    }
}

/// P-012: a newer version neither refuses a set of format 1 nor restarts what runs of it.
#[test]
fn a_set_of_format_1_needs_no_action() {
    let accepted = accepted();
    let content = &accepted.content;
    assert!(content.plan.unreadable.is_empty(), "{:?}", content.plan.unreadable);
    let desired = Desired::of(&content.plan, &content.specs, &BTreeMap::new());
    assert!(desired.refused.is_empty(), "{:?}", desired.refused);
    let observed = observed(&desired);
    assert_eq!(observed.pods.len(), 3);
    let passed = || Verdict::Passed { since: MADE };
    let verdicts = observed.pods().flat_map(|pod| &pod.containers);
    let verdicts = verdicts
        .map(|one| (one.id.clone(), ContainerVerdicts { startup: passed(), readiness: passed(), liveness: passed() }));
    let decision = decide(Scene {
        desired: &desired,
        observed: &observed,
        verdicts: &verdicts.collect(),
        ledger: &Ledger::default(),
        busy: &std::collections::BTreeSet::new(),
        now: NOW,
        lists: &Lists::default(),
    });
    assert_eq!(decision.tasks, [], "a newer version wants something done");
    assert_eq!(decision.removal, []);
}

/// The same sources and lock give the same content: no revision changes because wlc does.
#[test]
fn the_sources_of_format_1_build_the_same_content() {
    let scratch = tempfile::TempDir::new().unwrap();
    wlc_tests::folder::copy(&folder().join("repository"), &scratch.path().join("repo"));
    wlc_tests::folder::copy(&folder().join("plans"), &scratch.path().join("plans"));
    let built = std::process::Command::new(programs::wlc())
        .current_dir(scratch.path().join("repo"))
        .args(["build", "--locked", "--out", "../plans"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(built.status.success(), "{said}");
    assert!(said.contains("has this content already"), "{said}");
}
