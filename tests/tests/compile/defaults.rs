//! Defaults are filled in before anything is compared, and the whole pod template reaches the spec.

use super::build::{Asked, case};
use wlc_plan::{
    quantity::{Bytes, Cpu, Millis},
    spec::{ProbeHandler, Protocol, PullPolicy, RestartPolicy},
};

#[test]
fn a_default_is_the_same_written_or_not() {
    let steps = case("defaults");
    assert_eq!(steps[1].numbers("web"), [1]);
    assert_eq!(steps[0].spec("web"), steps[1].spec("web"));
}

#[test]
fn defaults_are_those_of_kubernetes() {
    let steps = case("defaults");
    let spec = steps[0].spec("web");
    let container = &spec.containers[0];
    let probe = container.probes.liveness.as_ref().unwrap();
    assert_eq!((spec.restart, spec.grace), (RestartPolicy::Always, Millis(30_000)));
    assert_eq!(container.ports[0].protocol, Protocol::Tcp);
    assert_eq!(container.image.pull, PullPolicy::IfNotPresent);
    assert_eq!((probe.initial_delay, probe.period, probe.timeout), (Millis(0), Millis(10_000), Millis(1_000)));
    assert_eq!((probe.successes, probe.failures), (1, 3));
    assert_eq!(steps[0].instance("web").rollout.progress_deadline, Millis(600_000));
    assert_eq!(steps[0].lock_of("web").replicas.len(), 1);
}

#[test]
fn latest_is_always_pulled() {
    let steps = case("pull");
    let policy = |workload: &str| steps[0].spec(workload).containers[0].image.pull;
    assert_eq!(policy("latest"), PullPolicy::Always);
    assert_eq!(policy("no-tag"), PullPolicy::Always);
    assert_eq!(policy("tag"), PullPolicy::IfNotPresent);
    assert_eq!(policy("digest"), PullPolicy::IfNotPresent);
    assert_eq!(policy("written"), PullPolicy::Never);
}

#[test]
fn only_a_limit_is_the_request_too() {
    let steps = case("resources");
    let resources = &steps[0].spec("only-limit").containers[0].resources;
    assert_eq!((resources.cpu_request, resources.memory_request), (Some(Cpu(500)), Some(Bytes(256 << 20))));
    let resources = &steps[0].spec("nothing").containers[0].resources;
    assert_eq!((resources.cpu_request, resources.memory_limit), (None, None));
}

#[test]
fn the_whole_template_reaches_the_spec() {
    let steps = case("everything");
    let spec = steps[0].spec("web");
    assert_eq!(spec.containers.len(), 3);
    let probes = &spec.containers[0].probes;
    assert!(matches!(probes.readiness.as_ref().unwrap().handler, ProbeHandler::Http(_)));
    assert!(matches!(probes.liveness.as_ref().unwrap().handler, ProbeHandler::Tcp(_)));
    assert_eq!(spec.containers[1].after[0].of[0].as_str(), "web", "containers start in the order of the file");
    assert_eq!(spec.containers[2].after, [], "a container with a startup probe holds nothing back");
    assert_eq!(spec.volumes.len(), 4);
    assert_eq!(spec.containers[0].env.len(), 6);
    assert!(spec.containers[2].security.privileged && spec.containers[1].security.non_root);
}
