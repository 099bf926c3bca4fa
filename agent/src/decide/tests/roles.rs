//! Init containers and sidecars: their order, what runs again and what does not, and how a pod with them ends.

use wlc_plan::{
    gate::{After, Condition},
    quantity::Millis,
    spec::{ContainerRole, ContainerSpec, PodSpec, RestartPolicy},
};

use super::{super::*, world::*};
use crate::{
    action::{Action, Reason},
    observed::ContainerState,
    podman::simulated::Program,
};

fn of(name: &str, role: ContainerRole) -> ContainerSpec {
    ContainerSpec { role, command: vec![name.to_owned()], ..container(name) }
}

fn init(name: &str) -> ContainerSpec {
    of(name, ContainerRole::Init)
}

fn sidecar(name: &str) -> ContainerSpec {
    of(name, ContainerRole::Sidecar)
}

fn main(name: &str) -> ContainerSpec {
    of(name, ContainerRole::Main)
}

/// Each waits for the one before it, as the compiler lowers it.
fn in_order(mut containers: Vec<ContainerSpec>) -> PodSpec {
    for at in 1..containers.len() {
        let before = &containers[at - 1];
        let until = if before.role == ContainerRole::Init { Condition::Complete } else { Condition::Started };
        containers[at].after = vec![After { of: vec![before.name.clone()], until }];
    }
    spec(containers)
}

fn world(spec: &PodSpec) -> World {
    let world = World::new(vec![instance("web-0", spec, Vec::new())]);
    for init in ["first", "second"] {
        world.podman.set_program(&[init], Program::Ends(0));
    }
    world
}

/// What was started or stopped, by the names of the spec, from `from` on.
fn journal(world: &World, from: usize) -> Vec<String> {
    let steps = world.podman.journal();
    let short = |line: &String| {
        let (verb, name) = line.split_once(' ')?;
        let parts: Vec<&str> = name.split('.').collect();
        (["start", "stop"].contains(&verb) && parts.len() > 4).then(|| format!("{verb} {}", parts[4]))
    };
    steps[from..].iter().filter_map(short).collect()
}

fn app_container(world: &World, name: &str) -> Option<String> {
    world.running().into_iter().find(|one| one.contains(&format!(".{name}.")))
}

/// C-209, C-212, S-288: one after the other, each must end well before the next; nothing else is ever reported.
#[test]
fn init_containers_run_in_order_before_the_others() {
    let mut world = world(&in_order(vec![init("first"), init("second"), main("app")]));
    let decision = world.pass();
    assert_eq!(decision.states[0].containers[2].reason, Some("PodInitializing"));
    world.settle();
    assert_eq!(journal(&world, 0), ["start first", "start second", "start app"]);
    let state = &world.decide().states[0];
    assert!(state.ready && state.phase == Phase::Running, "{state:?}");
    let words: Vec<_> = state.containers.iter().map(|one| (one.state, one.exit_code)).collect();
    assert_eq!(words[..2], [(ContainerWord::Terminated, Some(0)); 2]);
}

/// C-210, S-265, S-289, P-117: with `always` it is tried again with back-off and nothing else starts; with `never` the pod
/// has failed.
#[test]
fn a_failing_init_container_holds_everything_back() {
    let spec = in_order(vec![init("broken"), main("app")]);
    let mut always = world(&spec);
    always.podman.set_program(&["broken"], Program::Ends(1));
    for _ in 0..4 {
        always.pass();
        always.pass();
        let decision = always.decide();
        let state = &decision.states[0];
        assert_eq!((state.phase, state.ready), (Phase::BackOff, false));
        assert_eq!(state.containers[1].reason, Some("PodInitializing"));
        always.sleep(decision.next_due.unwrap().since(always.now()).0);
    }
    assert!(!journal(&always, 0).contains(&"start app".to_owned()), "{:?}", journal(&always, 0));
    assert!(always.decide().states[0].containers[0].restarts >= 3);
    let mut never = world(&PodSpec { restart: RestartPolicy::Never, ..spec });
    never.podman.set_program(&["broken"], Program::Ends(1));
    never.settle();
    assert_eq!(never.decide().states[0].phase, Phase::Failed);
    assert_eq!(journal(&never, 0), ["start broken"]);
}

/// C-217, S-271, S-290, P-116: init containers run again after a boot or the loss of the infra container, in order, and not
/// after a crash of what follows them, even where what is left of them was removed by hand.
#[test]
fn init_containers_run_again_after_a_boot_and_not_after_a_crash() {
    let mut world = world(&in_order(vec![init("first"), sidecar("proxy"), init("second"), main("app")]));
    world.settle();
    let begun = world.podman.journal().len();
    world.podman.kill(&app_container(&world, "app").unwrap(), 1);
    world.settle();
    assert_eq!(journal(&world, begun), ["start app"]);
    let first = world.observe().pods[0].containers.iter().find(|one| one.container.as_str() == "first").cloned();
    world.podman.remove_by_hand(&first.unwrap().name);
    world.settle();
    assert_eq!(journal(&world, begun), ["start app"]);
    let order = ["start first", "start proxy", "start second", "start app"];
    for is_boot in [true, false] {
        let begun = world.podman.journal().len();
        let pod = world.observe().pods[0].name.clone();
        if is_boot {
            world.podman.lose_power()
        } else {
            world.podman.kill_sandbox(&pod)
        }
        world.settle();
        let starts: Vec<_> = journal(&world, begun).into_iter().filter(|line| line.starts_with("start")).collect();
        assert_eq!(starts, order, "boot: {is_boot}");
    }
}

/// S-293, P-115: what stands below a sidecar waits for its startup probe, and not for its readiness.
#[test]
fn a_sidecar_has_started_before_what_follows() {
    let mut proxy = sidecar("proxy");
    proxy.probes.startup = Some(probe());
    let spec = in_order(vec![proxy, init("first"), main("app")]);
    let mut world = world(&spec);
    world.silent.insert(replica("web-0"));
    world.pass();
    let decision = world.pass();
    assert!(decision.waits.iter().any(|wait| wait.reason.contains("`proxy` has started")), "{decision:#?}");
    assert_eq!(journal(&world, 0), ["start proxy"]);
    world.silent.clear();
    world.settle();
    assert_eq!(journal(&world, 0), ["start proxy", "start first", "start app"]);
}

/// S-294, C-171: always, whatever the pod says, and its count only rises.
#[test]
fn a_sidecar_is_always_restarted() {
    let spec = PodSpec { restart: RestartPolicy::Never, ..in_order(vec![sidecar("proxy"), main("app")]) };
    let mut world = world(&spec);
    world.settle();
    for attempt in 1..4 {
        world.podman.kill(&app_container(&world, "proxy").unwrap(), 0);
        world.settle();
        assert!(app_container(&world, "proxy").unwrap().ends_with(&format!(".proxy.{attempt}")));
    }
    assert_eq!(world.decide().states[0].containers[0].restarts, 3);
}

/// S-296, C-183, C-188: a sidecar that is not ready keeps its replica from being so, and is not restarted for it.
#[test]
fn a_sidecar_counts_for_readiness() {
    let mut proxy = sidecar("proxy");
    proxy.probes.readiness = Some(probe());
    let mut world = world(&in_order(vec![proxy, main("app")]));
    world.sick.insert(replica("web-0"));
    world.settle();
    let state = world.decide().states.remove(0);
    assert_eq!((state.phase, state.ready, state.containers[0].restarts), (Phase::NotReady, false, 0));
    world.sick.clear();
    assert!(world.decide().states[0].ready);
}

/// S-297, P-115, C-216: sidecars end after the others, the last first, and all of it within one grace.
#[test]
fn sidecars_end_last_in_reverse_order_within_one_grace() {
    let spec = in_order(vec![sidecar("log"), sidecar("proxy"), main("app"), main("other")]);
    let mut world = world(&spec);
    world.podman.set_program(&["other"], Program::Runs(None));
    world.settle();
    let begun = world.podman.journal().len();
    let from = world.now();
    world.accept(Vec::new());
    let stop = world.decide().tasks.remove(0).actions.remove(0);
    let Action::StopContainers(stop) = stop else { panic!("{stop:?}") };
    assert_eq!(stop.grace, spec.grace);
    futures_util::FutureExt::now_or_never(crate::podman::Podman::stop_containers(world.podman.as_ref(), &stop))
        .unwrap()
        .unwrap();
    assert_eq!(journal(&world, begun), ["stop app", "stop other", "stop proxy", "stop log"]);
    for one in &world.observe().pods[0].containers {
        let ContainerState::Exited { finished, .. } = one.state else { panic!("{one:?}") };
        assert!(finished.since(from) <= Millis(spec.grace.0 + 10), "{one:?}");
    }
    world.settle();
    assert!(world.observe().pods.is_empty());
}

/// S-295, S-298, S-270, P-085, C-214: a sidecar does not hold a pod open whose work is done; its code does not matter; no
/// infra container is made for it again.
#[test]
fn a_sidecar_ends_with_the_work() {
    let spec = PodSpec { restart: RestartPolicy::OnFailure, ..in_order(vec![sidecar("proxy"), main("work")]) };
    let mut world = world(&spec);
    world.settle();
    world.podman.kill(&app_container(&world, "work").unwrap(), 0);
    let decision = world.pass();
    assert_eq!(decision.tasks[0].reason, Reason::Done);
    world.settle();
    let state = world.decide().states.remove(0);
    assert_eq!((state.phase, world.running().len()), (Phase::Complete, 0), "{state:?}");
    assert_eq!(state.containers[0].exit_code, Some(143));
    let pod = world.observe().pods[0].clone();
    world.podman.kill_sandbox(&pod.name);
    world.settle();
    assert_eq!(world.observe().pods[0].id, pod.id);
}

/// S-248: a container's own word wins over its pod's.
#[test]
fn a_container_has_a_restart_policy_of_its_own() {
    let once = ContainerSpec { restart: Some(RestartPolicy::Never), ..main("once") };
    let mut world = world(&in_order(vec![main("app"), once]));
    world.settle();
    for name in ["once", "app"] {
        world.podman.kill(&app_container(&world, name).unwrap(), 0);
        world.settle();
    }
    assert!(app_container(&world, "once").is_none());
    assert!(app_container(&world, "app").unwrap().ends_with(".app.1"));
    assert!(world.decide().states[0].ready);
}
