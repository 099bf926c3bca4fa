//! Tasks broken off at every point, against the simulated Podman.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use wlc_plan::{
    binding::{Binding, Turn},
    name::{AbsolutePath, ContainerName, FleetName, ReplicaName, VolumeName, WorkloadName},
    node_plan::IpFamily,
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    spec::{Access, ContainerSpec, EmptyDir, Image, Medium, Mount, MountSource, PodSpec, PullPolicy, VolumeSource},
};

use super::*;
use crate::{
    action::{PodRequest, Reason, RunContainer, Stop, StopOne},
    clock::Moment,
    observed::{ContainerState, Observed, Sandbox},
    podman::{labels::PodLabels, simulated::Simulated},
};

const GRACE: Millis = Millis(1_000);

fn fleet() -> FleetName {
    FleetName::parse("f").unwrap()
}

fn machine() -> Simulated {
    let time = AtomicU64::new(1_000);
    let podman = Simulated::new(&fleet(), move || Moment(time.fetch_add(1, Ordering::Relaxed)));
    podman.add_image("web", "");
    podman
}

fn spec() -> PodSpec {
    let data = VolumeName::parse("data").unwrap();
    let path = AbsolutePath::parse("/data").unwrap();
    let container = |name: &str| ContainerSpec {
        mounts: vec![Mount {
            path: path.clone(),
            source: MountSource::Volume(data.clone()),
            access: Access::ReadWrite,
            view: wlc_plan::spec::View::default(),
        }],
        ..ContainerSpec::new(
            ContainerName::parse(name).unwrap(),
            Image { name: "web".to_owned(), digest: None, pull: PullPolicy::Never },
        )
    };
    PodSpec {
        volumes: [(data.clone(), VolumeSource::EmptyDir(EmptyDir { medium: Medium::Disk, size: None }))].into(),
        grace: GRACE,
        ..PodSpec::new(["main", "side"].map(container).into())
    }
}

fn labels() -> PodLabels {
    let (workload, replica) = (WorkloadName::parse("web").unwrap(), ReplicaName::parse("web-0").unwrap());
    let revision = Revision::of(TemplateVersion::NEWEST, &spec());
    PodLabels::new(&fleet(), &workload, &replica, revision, (&Binding::default(), Turn::First))
}

fn task(actions: Vec<Action>) -> Task {
    let PodLabels { replica, workload, .. } = labels();
    Task { replica, workload, pod: labels().pod_name(), reason: Reason::New, actions }
}

fn bring_up() -> Task {
    let request =
        PodRequest { labels: labels(), spec: spec(), ports: Vec::new(), contents: BTreeMap::new(), claims: Vec::new() };
    let run = |spec: &ContainerSpec| RunContainer {
        pod: labels(),
        attempt: 0,
        spec: spec.clone(),
        volumes: request.spec.volumes.clone(),
        surroundings: wlc_plan::spec::Surroundings::default(),
        grace: GRACE,
        env: Vec::new(),
        files: Vec::new(),
        cores: wlc_plan::binding::CoreSet::default(),
        numa: wlc_plan::binding::CoreSet::default(),
        devices: Vec::new(),
    };
    let runs = request.spec.containers.iter().map(|spec| Action::RunContainer(Box::new(run(spec))));
    let images = request.spec.containers.iter().map(|spec| Action::PullImage(spec.image.clone()));
    let pod = [Action::MakeNetwork(IpFamily::Ipv4), Action::MakePod(Box::new(request.clone()))];
    task(pod.into_iter().chain(images).chain(runs).collect())
}

fn take_down() -> Task {
    let containers: Vec<String> =
        spec().containers.iter().map(|container| labels().container_name(&container.name, 0)).collect();
    let remove = containers.iter().map(|container| Action::RemoveContainer { container: container.clone() });
    let one = |container: &String| StopOne { container: container.clone(), pre_stop: None };
    let stages = vec![containers.iter().map(one).collect()];
    let stop = Action::StopContainers(Box::new(Stop { pod: Some(labels().pod_name()), stages, grace: GRACE }));
    let pod = Action::RemovePod { pod: labels().pod_name() };
    task([stop].into_iter().chain(remove).chain([pod]).collect())
}

async fn observe(podman: &Simulated) -> Observed {
    podman.observe().await.unwrap()
}

fn is_up(observed: &Observed) -> bool {
    let [pod] = &observed.pods[..] else { return false };
    let runs = |state: &ContainerState| matches!(state, ContainerState::Running { .. });
    pod.sandbox == Sandbox::Up
        && pod.containers.len() == 2
        && pod.containers.iter().all(|container| runs(&container.state))
        && observed.leftovers.is_empty()
        && observed.volumes.len() == 1
}

fn is_gone(observed: &Observed) -> bool {
    *observed == Observed { network: Some(IpFamily::Ipv4), ..Observed::default() }
}

#[tokio::test]
async fn the_steps_are_done_in_order_and_once() {
    let podman = machine();
    apply(&podman, &bring_up()).await.unwrap();
    let pod = labels().pod_name();
    let expected = [
        "make network wlc.f".to_owned(),
        format!("make volume {pod}.data"),
        format!("make pod {pod}"),
        format!("make container {pod}.main.0"),
        format!("start {pod}.main.0"),
        format!("make container {pod}.side.0"),
        format!("start {pod}.side.0"),
    ];
    assert_eq!(podman.journal(), expected);
    apply(&podman, &bring_up()).await.unwrap();
    assert_eq!(podman.journal().len(), expected.len());
}

#[tokio::test]
async fn the_first_failure_ends_a_task() {
    let podman = machine();
    let mut broken = bring_up();
    let Action::PullImage(image) = &mut broken.actions[2] else { panic!("the third step pulls") };
    image.name = "nobody-has-this".to_owned();
    let failure = apply(&podman, &broken).await.unwrap_err();
    assert_eq!(failure.action, broken.actions[2]);
    assert!(matches!(failure.error, PodmanError::NoImage { .. }));
    assert!(observe(&podman).await.pods[0].containers.is_empty());
}

/// Whatever is half done when a task breaks off: doing it again leads to the same end.
#[tokio::test]
async fn a_task_that_broke_off_anywhere_can_be_done_again() {
    let mut broken_off = 0;
    for step in 0.. {
        let podman = machine();
        podman.crash_at(step);
        let outcome = apply(&podman, &bring_up()).await;
        podman.crash_no_more();
        apply(&podman, &bring_up()).await.unwrap();
        assert!(is_up(&observe(&podman).await), "step {step} up: {:?}", podman.journal());
        podman.crash_at(podman.steps() + step);
        let down = apply(&podman, &take_down()).await;
        podman.crash_no_more();
        apply(&podman, &take_down()).await.unwrap();
        assert!(is_gone(&observe(&podman).await), "step {step} down: {:?}", podman.journal());
        broken_off += usize::from(outcome.is_err()) + usize::from(down.is_err());
        if outcome.is_ok() && down.is_ok() {
            break;
        }
    }
    assert!(broken_off > 20, "{broken_off}");
}

#[tokio::test]
async fn after_a_power_loss_the_pod_is_made_anew() {
    let podman = machine();
    apply(&podman, &bring_up()).await.unwrap();
    podman.lose_power();
    let observed = observe(&podman).await;
    assert_eq!(observed.pods[0].sandbox, Sandbox::Down);
    assert!(observed.pods[0].containers.iter().all(|container| container.state == ContainerState::Created));
    let failure = apply(&podman, &bring_up()).await.unwrap_err();
    assert!(matches!(failure.error, PodmanError::SandboxDown { .. }));
    apply(&podman, &take_down()).await.unwrap();
    apply(&podman, &bring_up()).await.unwrap();
    assert!(is_up(&observe(&podman).await));
}
