//! What a node does not have holds a task back by name, and files tell what is.

use wlc_plan::{
    digest::Digest,
    instance::Leaving,
    name::{AbsolutePath, ContainerName, FileKey, PortName, SecretName, VolumeName, WorkloadName},
    node_plan::{ClaimData, ClaimVolume},
    quantity::Bytes,
    spec::{
        Access, Device, DeviceFile, EndpointFiles, FileSource, FilesMount, Item, Mount, MountSource, OnSwap, PodSpec,
        PortSpec, Probes, Protocol, SecretFiles,
    },
};

use super::world::{World, container, instance, probe, replica, slot, spec, version};
use crate::{
    action::{Action, Reason},
    files::Bytes as FileBytes,
};

const VOLUME: &str = "wlc.f.web-0.data";

pub(super) fn with_mount(source: MountSource) -> PodSpec {
    let mut spec = version(1);
    let path = AbsolutePath::parse("/given").unwrap();
    spec.containers[0].mounts.push(Mount::new(path, source, Access::ReadWrite));
    spec
}

fn claim() -> VolumeName {
    VolumeName::parse("data").unwrap()
}

fn with_claim(data: ClaimData) -> World {
    let spec = with_mount(MountSource::Claim(claim()));
    let mut world = World::new(vec![instance("web-0", &spec, vec![slot(1)])]);
    let claim = ClaimVolume { replica: replica("web-0"), claim: claim(), size: Bytes(1), data };
    world.desired.claims = vec![claim];
    world
}

pub(super) fn files(source: FileSource, on_swap: OnSwap) -> MountSource {
    MountSource::Files(FilesMount { mode: 0o644, sources: vec![source], on_swap })
}

fn secret_name() -> SecretName {
    SecretName::parse("db").unwrap()
}

fn key() -> FileKey {
    FileKey::parse("password").unwrap()
}

fn secret(version: &str) -> PodSpec {
    let item = Item { key: key(), path: "password".to_owned(), mode: None };
    let secret =
        SecretFiles { secret: secret_name(), version: Some(version.to_owned()), items: vec![item], optional: false };
    with_mount(files(FileSource::Secret(secret), OnSwap::Nothing))
}

/// C-041, P-052: a volume that was there once and is gone is never made anew in silence.
#[test]
fn a_lost_claim_is_never_an_empty_disk() {
    let mut world = with_claim(ClaimData::New);
    world.settle();
    assert!(world.observe().volumes.contains(VOLUME));
    world.podman.lose_pod(&world.observe().pods[0].name.clone());
    world.podman.lose_volume(VOLUME);
    let decision = world.pass();
    assert!(decision.tasks.is_empty(), "{decision:#?}");
    assert_eq!(World::waits(&decision, "web-0"), ["claim"]);
    assert!(decision.waits[0].reason.contains(VOLUME), "{:?}", decision.waits);
    world.retry("web-0");
    world.settle();
    assert_eq!(world.running().len(), 1, "the operator's word begins anew");
    assert!(world.ledger.may_be_empty.is_empty() && world.ledger.claims.contains(VOLUME), "and is used up by that");
}

/// P-052: a volume of which the plan knows that it holds data must be there.
#[test]
fn a_claim_that_must_hold_data_is_waited_for() {
    let mut world = with_claim(ClaimData::Existing);
    let decision = world.pass();
    assert_eq!(World::waits(&decision, "web-0"), ["claim"]);
    assert!(!world.observe().volumes.contains(VOLUME));
}

/// C-046, P-048: what a claim held goes only when its replica has no pod any more.
#[test]
fn a_removed_claim_goes_after_its_pod() {
    let mut world = with_claim(ClaimData::New);
    world.settle();
    let leaving = Leaving {
        replica: replica("web-0"),
        workload: WorkloadName::parse("web").unwrap(),
        kind: wlc_plan::instance::WorkloadKind::StatefulSet,
        removed_claims: vec![claim()],
        gates: Vec::new(),
    };
    world.accept(Vec::new());
    world.desired.leaving = vec![leaving];
    let first = world.pass();
    assert!(first.tasks.iter().all(|task| task.reason == Reason::Left), "{first:#?}");
    assert!(world.observe().volumes.contains(VOLUME));
    world.settle();
    assert!(world.observe().volumes.is_empty() && world.observe().pods.is_empty());
}

/// P-048: what no plan removes stays, whatever else goes.
#[test]
fn a_claim_of_no_plan_stays() {
    let mut world = with_claim(ClaimData::New);
    world.settle();
    world.accept(Vec::new());
    world.settle();
    assert!(world.observe().pods.is_empty());
    assert!(world.observe().volumes.contains(VOLUME));
}

/// C-288, C-376, C-411: a missing secret is waited for by its name; what runs goes on meanwhile.
#[test]
fn a_missing_secret_is_waited_for() {
    let mut world = World::new(vec![instance("web-0", &version(1), vec![slot(1)])]);
    world.settle();
    world.accept(vec![instance("web-0", &secret("1"), vec![slot(1)])]);
    let decision = world.pass();
    assert!(decision.tasks.is_empty(), "the old pod stays: {decision:#?}");
    let wait = &decision.waits[0];
    assert_eq!((wait.gate, wait.reason.contains("`db` has no key `password`")), ("secret", true), "{wait:?}");
    assert_eq!(world.running().len(), 1);
    world.podman.set_secret(&secret_name(), &key(), b"x");
    world.settle();
    assert_eq!(world.running().len(), 1);
    assert!(world.observe().pods[0].contents.len() == 1);
}

/// C-140: a device that the node does not have refuses this workload alone, before anything is touched.
#[test]
fn a_missing_device_refuses_this_workload_alone() {
    let mut with_device = version(2);
    let path = AbsolutePath::parse("/dev/gpu0").unwrap();
    let device = Device::File(DeviceFile { path, inside: None, permissions: None });
    with_device.containers[0].security.devices.push(device);
    let mut world = World::new(vec![instance("web-0", &version(1), vec![]), instance("web-1", &version(1), vec![])]);
    world.settle();
    let before = world.running();
    world.podman.take_device("/dev/gpu0");
    world.accept(vec![instance("web-0", &with_device, vec![]), instance("web-1", &version(3), vec![])]);
    world.pass();
    let decision = world.pass();
    assert_eq!(World::waits(&decision, "web-0"), ["back-off"]);
    assert!(decision.waits.iter().any(|wait| wait.reason.contains("/dev/gpu0")), "{:?}", decision.waits);
    let now = world.running();
    assert_eq!(now.len(), 2);
    assert!(now.contains(&before[0]) && !now.contains(&before[1]), "{before:?} {now:?}");
}

pub(super) fn backend() -> PodSpec {
    let mut main = container("main");
    main.ports.push(PortSpec {
        name: PortName::parse("http").unwrap(),
        number: 8080,
        protocol: Protocol::Tcp,
        published: false,
    });
    main.probes = Probes { readiness: Some(probe()), ..Probes::default() };
    spec(vec![main])
}

/// The text of the list of backends that a container was given last.
fn listed(world: &World) -> Vec<Digest> {
    let pods = world.observe().pods;
    pods.iter().flat_map(|pod| pod.contents.values().copied()).collect()
}

/// Ready replicas are listed, and the list follows them: nobody waits for it.
#[test]
fn endpoints_follow_the_ready_replicas() {
    let of = EndpointFiles { workload: WorkloadName::parse("web").unwrap() };
    let balancer = with_mount(files(FileSource::Endpoints(of), OnSwap::Signal("HUP".to_owned())));
    let (mut front, front_spec) = instance("front-0", &balancer, vec![]);
    front.workload = WorkloadName::parse("front").unwrap();
    let plan = vec![(front, front_spec), instance("web-0", &backend(), vec![]), instance("web-1", &backend(), vec![])];
    let mut world = World::new(plan);
    world.settle();
    let both = listed(&world);
    world.sick.insert(replica("web-1"));
    let decision = world.decide();
    let told = decision.tasks.iter().find(|task| task.replica == replica("front-0")).expect("the list changed");
    let [Action::SwapFiles(swap)] = &told.actions[..] else { panic!("{told:?}") };
    assert_eq!(swap.signal.as_ref().map(|signal| signal.signal.as_str()), Some("HUP"));
    let texts: Vec<(&str, &str)> = swap
        .files
        .files
        .iter()
        .map(|file| match &file.bytes {
            FileBytes::Text(text) => (file.path.as_str(), text.as_str()),
            other
            @ (FileBytes::Content(_) | FileBytes::ContentFile(..) | FileBytes::Secret(_) | FileBytes::Address) => {
                panic!("{other:?}")
            }
        })
        .collect();
    let pod = world.observe().pods.into_iter().find(|pod| pod.replica == replica("web-0")).unwrap();
    let (address, digits) = (pod.address.unwrap().first, pod.name.rsplit('.').next().unwrap());
    let line = format!("{address}:8080");
    let (list, nginx) = (format!("{line}\n"), format!("server {line};\n"));
    let haproxy = format!("backend web-http\n    server web-0-{digits} {line} check\n");
    assert_eq!(texts, [("http.list", &*list), ("http.nginx", &*nginx), ("http.haproxy", &*haproxy)]);
    world.sick.clear();
    world.settle();
    assert_eq!(listed(&world), both);
    assert_eq!(ContainerName::parse("main").unwrap(), swap.container);
}

/// An agent that starts knows of no answer yet: whoever mounts endpoints goes on reaching what was ready, and a container that
/// began anew meanwhile has to be asked first.
#[test]
fn endpoints_outlive_a_start_of_the_agent() {
    let of = EndpointFiles { workload: WorkloadName::parse("web").unwrap() };
    let balancer = with_mount(files(FileSource::Endpoints(of), OnSwap::Nothing));
    let (mut front, front_spec) = instance("front-0", &balancer, vec![]);
    front.workload = WorkloadName::parse("front").unwrap();
    let plan = vec![(front, front_spec), instance("web-0", &backend(), vec![]), instance("web-1", &backend(), vec![])];
    let mut world = World::new(plan);
    world.settle();
    world.silent.extend([replica("web-0"), replica("web-1")]);
    assert!(world.decide().tasks.is_empty(), "{:#?}", world.decide().tasks);
    let main = world.running().into_iter().find(|name| name.contains("web-1")).unwrap();
    world.podman.kill(&main, 1);
    world.settle();
    let was = listed(&world);
    world.silent.remove(&replica("web-1"));
    world.settle();
    assert_ne!(listed(&world), was, "it was not listed while nobody knew how it is");
}
