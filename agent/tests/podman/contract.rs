//! What both Podmans promise. Each expectation runs against the simulated machine and against the real one.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use wlagent::{
    action::{ContentSignal, ContentSwap, Stop},
    observed::{ContainerState, Observed, ObservedContainer, ObservedPod, Sandbox},
    podman::{
        Podman, PodmanError,
        labels::{ContainerLabels, PodLabels, VolumeLabels},
        limits::allowance,
    },
};
use wlc_plan::{
    name::VolumeName,
    node_plan::IpFamily,
    quantity::{Bytes, Cpu, Millis},
    spec::{Access, Image, Medium, OnChange, PullPolicy, Resources},
};

use crate::{
    machine::{Labels, Machine},
    real::{RealMachine, on_real_machine, skip},
    requests::{DEAF, GRACE, POLITE, SHORT, Wanted, container_name, content, empty_dir, image, path},
    simulated::SimulatedMachine,
};

macro_rules! contract {
    ($($expectation:ident),* $(,)?) => {
        mod simulated {
            $(#[tokio::test]
            async fn $expectation() {
                let machine = super::SimulatedMachine::new(stringify!($expectation));
                super::$expectation(&machine).await;
            })*
        }
        mod real {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $expectation() {
                let run = |machine: super::Arc<super::RealMachine>| async move { super::$expectation(&*machine).await };
                super::on_real_machine(stringify!($expectation), run).await;
            })*
        }
    };
}

contract!(
    a_network_is_made_once,
    a_network_of_other_addresses_is_made_anew_while_nobody_is_in_it,
    a_foreign_network_is_not_used,
    a_pod_is_made_once,
    a_killed_container_shows_its_code,
    a_short_program_shows_its_code,
    an_attempt_is_not_started_twice,
    a_stop_asks_first,
    a_stop_kills_after_the_grace,
    two_stops_at_once_are_fine,
    what_is_not_there_is_no_error,
    a_running_container_is_not_removed,
    a_removed_pod_takes_everything_along,
    foreign_things_are_neither_seen_nor_touched,
    a_foreign_container_in_our_pod_is_not_seen,
    a_renamed_container_is_known_by_its_labels,
    limits_are_seen_and_put_right,
    a_disconnected_pod_is_seen_and_connected,
    a_foreign_container_with_our_name_is_an_error,
    a_foreign_pod_with_our_name_is_an_error,
    a_lost_sandbox_takes_no_container,
    an_unknown_image_is_named,
    a_taken_port_is_named,
    a_change_wakes,
    a_swapped_content_is_recorded_after_the_signal,
    a_lost_pod_leaves_leftovers,
    user_zero_is_refused,
    an_unknown_signal_is_named,
);

pub(crate) async fn started(machine: &dyn Machine, wanted: &Wanted) {
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    machine.podman().run_container(&wanted.run()).await.unwrap();
}

pub(crate) async fn observe(machine: &dyn Machine) -> Observed {
    machine.podman().observe().await.unwrap()
}

pub(crate) async fn only_pod(machine: &dyn Machine) -> ObservedPod {
    let [pod] = observe(machine).await.pods.try_into().unwrap();
    Arc::unwrap_or_clone(pod)
}

pub(crate) async fn only_container(machine: &dyn Machine) -> ObservedContainer {
    let [container] = only_pod(machine).await.containers.try_into().unwrap();
    container
}

/// Waits until a container has ended, woken by changes only, and returns its code.
pub(crate) async fn ended(machine: &dyn Machine, name: &str) -> i32 {
    let wait = async {
        loop {
            let pods = observe(machine).await.pods;
            let found = pods.iter().flat_map(|pod| &pod.containers).find(|container| container.name == name).cloned();
            if let ContainerState::Exited { code, started, finished } = found.expect("it is there").state {
                assert!(finished >= started);
                return code;
            }
            machine.podman().changes().notified().await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("a change wakes")
}

async fn a_network_is_made_once(machine: &dyn Machine) {
    assert!(observe(machine).await.network.is_none());
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    assert!(observe(machine).await.network.is_some());
}

async fn a_network_of_other_addresses_is_made_anew_while_nobody_is_in_it(machine: &dyn Machine) {
    for ip_family in [IpFamily::Ipv4, IpFamily::Dual, IpFamily::Ipv4, IpFamily::Dual] {
        machine.podman().make_network(ip_family).await.unwrap();
        assert_eq!(observe(machine).await.network, Some(ip_family));
    }
    machine.podman().make_pod(&Wanted::new(machine.fleet(), &DEAF).pod()).await.unwrap();
    let refused = machine.podman().make_network(IpFamily::Ipv4).await;
    assert!(refused.is_err(), "a pod is in it");
    assert_eq!((observe(machine).await.network, observe(machine).await.pods.len()), (Some(IpFamily::Dual), 1));
}

async fn a_foreign_network_is_not_used(machine: &dyn Machine) {
    machine.add_foreign_network(&PodLabels::network_name(machine.fleet())).await.unwrap();
    assert!(observe(machine).await.network.is_none());
    let refused = machine.podman().make_network(IpFamily::Ipv4).await;
    assert!(matches!(refused, Err(PodmanError::Foreign { .. })), "{refused:?}");
}

async fn a_pod_is_made_once(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    let pod = only_pod(machine).await;
    assert_eq!((&pod.name, pod.sandbox, pod.address), (&wanted.pod_name(), Sandbox::Created, None));
    let labels = wanted.labels();
    assert_eq!((&pod.replica, &pod.workload), (&labels.replica, &labels.workload));
    assert_eq!((pod.revision, pod.binding), (labels.revision, labels.binding));
    assert!(pod.containers.is_empty() && pod.created.0 > 0);
}

async fn a_killed_container_shows_its_code(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let pod = only_pod(machine).await;
    assert_eq!(pod.sandbox, Sandbox::Up);
    assert!(pod.address.is_some());
    let container = only_container(machine).await;
    assert_eq!((container.name, container.attempt), (wanted.name(), 0));
    let ContainerState::Running { started } = container.state else { panic!("{:?}", container.state) };
    assert!(started >= pod.created);
    machine.kill(&wanted.name()).await.unwrap();
    assert_eq!(ended(machine, &wanted.name()).await, 137);
    let second = wanted.clone().attempt(1);
    machine.podman().run_container(&second.run()).await.unwrap();
    let pod = only_pod(machine).await;
    assert_eq!(pod.newest(&container_name("main")).unwrap().name, second.name());
    assert_eq!(pod.containers.len(), 2);
}

async fn a_short_program_shows_its_code(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &SHORT);
    started(machine, &wanted).await;
    assert_eq!(ended(machine, &wanted.name()).await, 7);
}

async fn an_attempt_is_not_started_twice(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &SHORT);
    started(machine, &wanted).await;
    ended(machine, &wanted.name()).await;
    let before = only_container(machine).await;
    machine.podman().run_container(&wanted.run()).await.unwrap();
    assert_eq!(only_container(machine).await, before);
}

async fn a_stop_asks_first(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &POLITE);
    started(machine, &wanted).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    machine.podman().stop_containers(&Stop::one(&wanted.name(), Millis(20_000))).await.unwrap();
    assert_eq!(ended(machine, &wanted.name()).await, 3);
}

async fn a_stop_kills_after_the_grace(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    machine.podman().stop_containers(&Stop::one(&wanted.name(), Millis(2_500))).await.unwrap();
    assert_eq!(ended(machine, &wanted.name()).await, 137);
    let ContainerState::Exited { started, finished, .. } = only_container(machine).await.state else { panic!("ended") };
    assert!(finished.since(started) >= Millis(2_500), "{started:?} {finished:?}");
}

/// As when the agent was killed during a stop, and begins it again.
async fn two_stops_at_once_are_fine(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let name = wanted.name();
    let asked = Stop::one(&name, GRACE);
    let stop = || machine.podman().stop_containers(&asked);
    let second = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop().await
    };
    let (first, second) = tokio::join!(stop(), second);
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(ended(machine, &name).await, 137);
}

async fn what_is_not_there_is_no_error(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &SHORT);
    let podman = machine.podman();
    podman.stop_containers(&Stop::one(&wanted.name(), GRACE)).await.unwrap();
    podman.signal_container(&wanted.name(), "HUP").await.unwrap();
    podman.remove_container(&wanted.name()).await.unwrap();
    podman.remove_pod(&wanted.pod_name()).await.unwrap();
    started(machine, &wanted).await;
    ended(machine, &wanted.name()).await;
    podman.stop_containers(&Stop::one(&wanted.name(), GRACE)).await.unwrap();
    podman.signal_container(&wanted.name(), "HUP").await.unwrap();
    podman.remove_container(&wanted.name()).await.unwrap();
    podman.remove_container(&wanted.name()).await.unwrap();
    assert!(only_pod(machine).await.containers.is_empty());
}

async fn a_running_container_is_not_removed(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let refused = machine.podman().remove_container(&wanted.name()).await;
    assert!(matches!(refused, Err(PodmanError::Refused { .. })), "{refused:?}");
    assert!(matches!(only_container(machine).await.state, ContainerState::Running { .. }));
}

async fn a_removed_pod_takes_everything_along(machine: &dyn Machine) {
    let disk = empty_dir(Medium::Disk, None);
    let wanted = Wanted::new(machine.fleet(), &DEAF).volume("data", disk, "/data", Access::ReadWrite);
    started(machine, &wanted).await;
    let volume = wanted.labels().volume_name(&VolumeName::parse("data").unwrap());
    let observed = observe(machine).await;
    assert!(observed.volumes.contains(&volume) && observed.leftovers.is_empty(), "{observed:?}");
    machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
    machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
    assert_eq!(observe(machine).await, Observed { network: Some(IpFamily::Ipv4), ..Observed::default() });
    assert_eq!(machine.names(machine.fleet().as_str()).await.unwrap(), Vec::<String>::new());
}

/// C-029: our name without labels, our labels under another name, another fleet's labels under its own name.
async fn foreign_things_are_neither_seen_nor_touched(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    let other_fleet = Wanted::new(&crate::requests::fleet("somebody else"), &DEAF);
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    let name = |text: &str| format!("{}.{text}", wanted.pod_name());
    let inside = container_labels(&wanted);
    let foreign = [
        (wanted.pod_name(), Labels::new(), wanted.name()),
        (name("copy"), wanted.labels().to_map(), name("copy.main")),
        (name("inside"), inside.to_map(), name("inside.main")),
        (other_fleet.pod_name(), other_fleet.labels().to_map(), name("other")),
    ];
    for (pod, labels, container) in &foreign {
        machine.add_foreign_pod(pod, labels, container).await.unwrap();
    }
    let (pod, copied) = (&foreign[0].0, name("copied.main"));
    machine.add_foreign_container(pod, &copied, &inside.to_map()).await.unwrap();
    let volume = VolumeLabels { pod: wanted.labels(), volume: VolumeName::parse("data").unwrap() };
    machine.add_foreign_volume(&name("copied"), &volume.to_map()).await.unwrap();
    machine.add_foreign_volume(&name("bare"), &Labels::new()).await.unwrap();
    assert_eq!(observe(machine).await, Observed { network: Some(IpFamily::Ipv4), ..Observed::default() });
    let part = machine.fleet().as_str();
    let before = (machine.names(part).await.unwrap(), machine.names(other_fleet.fleet.as_str()).await.unwrap());
    for (pod, _, container) in &foreign {
        touch(machine.podman(), pod, container).await;
    }
    touch(machine.podman(), pod, &copied).await;
    let after = (machine.names(part).await.unwrap(), machine.names(other_fleet.fleet.as_str()).await.unwrap());
    assert_eq!(after, before);
    machine.lose_pod(&other_fleet.pod_name()).await.unwrap();
}

async fn touch(podman: &dyn Podman, pod: &str, container: &str) {
    podman.signal_container(container, "KILL").await.unwrap();
    podman.stop_containers(&Stop::one(container, GRACE)).await.unwrap();
    podman.remove_container(container).await.unwrap();
    podman.remove_pod(pod).await.unwrap();
}

fn container_labels(wanted: &Wanted) -> ContainerLabels {
    ContainerLabels { pod: wanted.labels(), container: container_name("main"), attempt: wanted.attempt }
}

async fn a_foreign_container_in_our_pod_is_not_seen(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let name = format!("{}.guest", wanted.pod_name());
    let labels = container_labels(&wanted).to_map();
    machine.add_foreign_container(&wanted.pod_name(), &name, &labels).await.unwrap();
    machine.podman().stop_containers(&Stop::one(&name, GRACE)).await.unwrap();
    machine.podman().remove_container(&name).await.unwrap();
    assert_eq!(only_container(machine).await.name, wanted.name());
    assert!(machine.names(&name).await.unwrap().contains(&name));
}

/// Whatever it is called, it gets its name back, is stopped and is removed by its own name.
async fn a_renamed_container_is_known_by_its_labels(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let before = only_container(machine).await;
    let called = format!("{}-renamed", machine.fleet());
    machine.podman().rename_container(&wanted.name()).await.unwrap();
    for called in [&called, &format!("{}-old", wanted.name()), &format!("{}.main.7", wanted.pod_name())] {
        machine.rename(&wanted.name(), called).await.unwrap();
        let seen = only_container(machine).await;
        assert_eq!((seen.name, seen.called, seen.id), (wanted.name(), Some(called.clone()), before.id.clone()));
        machine.podman().rename_container(&wanted.name()).await.unwrap();
        assert_eq!(only_container(machine).await, before, "called {called}");
    }
    machine.rename(&wanted.name(), &called).await.unwrap();
    machine.podman().stop_containers(&Stop::one(&wanted.name(), GRACE)).await.unwrap();
    assert_eq!(ended(machine, &wanted.name()).await, 137);
    machine.podman().remove_container(&wanted.name()).await.unwrap();
    assert!(only_pod(machine).await.containers.is_empty());
}

/// What the kernel lets a container have, and what it is let have again, whoever changed it.
async fn limits_are_seen_and_put_right(machine: &dyn Machine) {
    let mut wanted = Wanted::new(machine.fleet(), &DEAF);
    let resources = |memory, cpu| Resources { memory_limit: memory, cpu_limit: cpu, ..Resources::default() };
    wanted.container.resources = resources(Some(Bytes(64 << 20)), Some(Cpu(1_500)));
    started(machine, &wanted).await;
    let Some(seen) = only_container(machine).await.allowance else {
        return skip("limits by hand: the control groups of containers cannot be read here");
    };
    assert_eq!(seen, allowance(&wanted.container.resources));
    machine.limit(&wanted.name(), Bytes(128 << 20)).await.unwrap();
    assert_eq!(only_container(machine).await.allowance.unwrap().memory, Some(Bytes(128 << 20)));
    let before = wanted.container.resources.clone();
    for other in [resources(Some(Bytes(32 << 20)), Some(Cpu(500))), resources(None, None), before] {
        machine.podman().limit_container(&wanted.name(), &other).await.unwrap();
        assert_eq!(only_container(machine).await.allowance, Some(allowance(&other)));
    }
}

/// A pod that somebody took off the network is seen, and taken into it again with all that runs in it.
async fn a_disconnected_pod_is_seen_and_connected(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let before = only_container(machine).await;
    machine.podman().connect_pod(&wanted.pod_name()).await.unwrap();
    assert!(only_pod(machine).await.is_on_network);
    machine.disconnect(&wanted.pod_name()).await.unwrap();
    let off = only_pod(machine).await;
    assert_eq!((off.is_on_network, off.address, off.sandbox), (false, None, Sandbox::Up));
    machine.podman().connect_pod(&wanted.pod_name()).await.unwrap();
    let on = only_pod(machine).await;
    assert!(on.is_on_network && on.address.is_some(), "{on:?}");
    assert_eq!(only_container(machine).await, before);
}

async fn a_foreign_container_with_our_name_is_an_error(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    machine.add_foreign_container(&wanted.pod_name(), &wanted.name(), &Labels::new()).await.unwrap();
    let refused = machine.podman().run_container(&wanted.run()).await;
    assert!(matches!(refused, Err(PodmanError::Foreign { .. })), "{refused:?}");
    assert!(only_pod(machine).await.containers.is_empty());
}

async fn a_foreign_pod_with_our_name_is_an_error(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.add_foreign_pod(&wanted.pod_name(), &Labels::new(), "foreign").await.unwrap();
    let refused = machine.podman().make_pod(&wanted.pod()).await;
    assert!(matches!(refused, Err(PodmanError::Foreign { .. })), "{refused:?}");
}

async fn a_lost_sandbox_takes_no_container(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    machine.kill_sandbox(&wanted.pod_name()).await.unwrap();
    let pod = only_pod(machine).await;
    assert_eq!((pod.sandbox, pod.address), (Sandbox::Down, None));
    assert!(matches!(only_container(machine).await.state, ContainerState::Running { .. }));
    let refused = machine.podman().run_container(&wanted.clone().attempt(1).run()).await;
    assert!(matches!(refused, Err(PodmanError::SandboxDown { .. })), "{refused:?}");
    assert_eq!(only_pod(machine).await.sandbox, Sandbox::Down);
    machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
    started(machine, &wanted).await;
    assert_eq!(only_pod(machine).await.sandbox, Sandbox::Up);
}

async fn an_unknown_image_is_named(machine: &dyn Machine) {
    let mut wanted = Wanted::new(machine.fleet(), &DEAF);
    wanted.container.image = image("localhost/nobody-has-this:1");
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    let mut outcomes = vec![machine.podman().run_container(&wanted.run()).await];
    for pull in [PullPolicy::Never, PullPolicy::IfNotPresent, PullPolicy::Always] {
        let image = Image { pull, ..wanted.container.image.clone() };
        outcomes.push(machine.podman().pull_image(&image).await.map(drop));
    }
    for refused in outcomes {
        let Err(PodmanError::NoImage { image, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(image, "localhost/nobody-has-this:1");
    }
    assert!(machine.podman().pull_image(&image(crate::requests::BUSYBOX)).await.is_ok());
}

async fn a_taken_port_is_named(machine: &dyn Machine) {
    let first = Wanted::new(machine.fleet(), &DEAF).port(28_471, 80);
    let second = Wanted::new(machine.fleet(), &DEAF).replica("web-1").port(28_471, 80);
    started(machine, &first).await;
    machine.podman().make_pod(&second.pod()).await.unwrap();
    let refused = machine.podman().run_container(&second.run()).await;
    assert!(matches!(refused, Err(PodmanError::PortTaken { .. })), "{refused:?}");
    machine.podman().remove_pod(&first.pod_name()).await.unwrap();
    machine.podman().run_container(&second.run()).await.unwrap();
    assert!(matches!(only_container(machine).await.state, ContainerState::Running { .. }));
}

async fn a_change_wakes(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let changes = machine.podman().changes();
    // Whatever the start woke for is used up first.
    while timeout(Duration::from_millis(700), changes.notified()).await.is_ok() {
        observe(machine).await;
    }
    machine.kill(&wanted.name()).await.unwrap();
    timeout(Duration::from_secs(5), changes.notified()).await.expect("the end of a container wakes");
    assert_eq!(ended(machine, &wanted.name()).await, 137);
}

async fn a_swapped_content_is_recorded_after_the_signal(machine: &dyn Machine) {
    let key = (container_name("main"), path("/etc/site"));
    let signal = OnChange::Signal("TERM".to_owned());
    let mut wanted = Wanted::new(machine.fleet(), &POLITE).config("/etc/site", 0o644, signal);
    wanted.contents.insert(key.clone(), content("one").0);
    started(machine, &wanted).await;
    assert_eq!(only_pod(machine).await.contents.get(&key), Some(&content("one").0));
    let swap = ContentSwap {
        pod: wanted.pod_name(),
        container: key.0.clone(),
        path: key.1.clone(),
        mode: 0o644,
        content: content("two").0,
        signal: Some(ContentSignal { container: wanted.name(), signal: "TERM".to_owned() }),
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    machine.podman().swap_content(&swap).await.unwrap();
    assert_eq!(only_pod(machine).await.contents.get(&key), Some(&content("two").0));
    assert_eq!(ended(machine, &wanted.name()).await, 3);
}

async fn a_lost_pod_leaves_leftovers(machine: &dyn Machine) {
    let disk = empty_dir(Medium::Disk, None);
    let wanted = Wanted::new(machine.fleet(), &DEAF).volume("data", disk, "/data", Access::ReadWrite);
    started(machine, &wanted).await;
    machine.lose_pod(&wanted.pod_name()).await.unwrap();
    let observed = observe(machine).await;
    assert!(observed.pods.is_empty() && observed.leftovers.contains(&wanted.pod_name()), "{observed:?}");
    machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
    assert_eq!(observe(machine).await, Observed { network: Some(IpFamily::Ipv4), ..Observed::default() });
}

async fn user_zero_is_refused(machine: &dyn Machine) {
    let mut wanted = Wanted::new(machine.fleet(), &DEAF);
    wanted.container.security.non_root = true;
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    let refused = machine.podman().run_container(&wanted.run()).await;
    assert!(matches!(refused, Err(PodmanError::NonRoot { .. })), "{refused:?}");
    assert!(only_pod(machine).await.containers.is_empty());
}

async fn an_unknown_signal_is_named(machine: &dyn Machine) {
    let mut wanted = Wanted::new(machine.fleet(), &DEAF);
    wanted.container.stop_signal = Some("NOSUCH".to_owned());
    machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    let refused = machine.podman().run_container(&wanted.run()).await;
    assert!(matches!(refused, Err(PodmanError::UnknownSignal { .. })), "{refused:?}");
}
