//! What both Podmans promise about the life of a container: commands, hooks, the stages of a stop, frozen containers.

use std::{sync::Arc, time::Duration};

use wlagent::{
    action::{HookCall, HookRun, Stop, StopOne},
    observed::{ContainerState, HookOutcome, Sandbox},
    podman::{Executed, PodmanError},
};
use wlc_plan::{
    quantity::Millis,
    spec::{Command, Hook},
};

use crate::{
    contract::{ended, only_container, only_pod, started},
    machine::Machine,
    real::{RealMachine, on_real_machine},
    requests::{DEAF, GRACE, POLITE, Wanted, container_name},
    simulated::SimulatedMachine,
};

contract!(
    a_command_tells_its_code,
    stages_share_one_grace,
    a_hook_after_a_start_is_noted,
    a_hook_before_a_stop_takes_of_the_grace,
    a_pod_that_is_being_stopped_is_never_ready_again,
    a_frozen_container_goes_on,
);

/// Longer than a command takes on a machine that does much else.
const LONG: Millis = Millis(20_000);

/// By a container's name or id; where none runs there is no answer.
async fn a_command_tells_its_code(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
    let id = only_container(machine).await.id;
    for container in [&wanted.name(), &id] {
        let ended = machine.podman().exec(container, &words(&crate::requests::FAILING), LONG).await.unwrap();
        assert_eq!(ended, Executed::Ended { code: 5, output: "out\nerr".to_owned() });
    }
    let late = machine.podman().exec(&id, &words(&crate::requests::ENDLESS), Millis(700)).await.unwrap();
    assert_eq!(late, Executed::TimedOut);
    let missing = machine.podman().exec(&id, &words(&["/no/such/program"]), LONG).await.unwrap();
    assert!(!matches!(missing, Executed::Ended { code: 0, .. } | Executed::TimedOut), "{missing:?}");
    machine.kill(&wanted.name()).await.unwrap();
    ended(machine, &wanted.name()).await;
    let refused = machine.podman().exec(&id, &words(&crate::requests::FAILING), GRACE).await;
    assert!(matches!(refused, Err(PodmanError::Refused { .. })), "{refused:?}");
}

/// S-297, C-216, P-125: what a stage leaves of the grace is what the next one has.
async fn stages_share_one_grace(machine: &dyn Machine) {
    let first = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &first).await;
    let mut second = first.clone();
    second.container = crate::requests::container(&POLITE);
    second.container.name = container_name("side");
    let mut run = second.run();
    run.pod = first.labels();
    machine.podman().run_container(&run).await.unwrap();
    let names = [first.name(), first.labels().container_name(&container_name("side"), 0)];
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stages = names.iter().map(|name| vec![stop_one(name, None)]).collect();
    machine.podman().stop_containers(&Stop { pod: None, stages, grace: Millis(2_000) }).await.unwrap();
    let times = only_pod(machine).await.containers.into_iter().map(|one| match one.state {
        ContainerState::Exited { code, finished, .. } => (code, finished),
        state @ (ContainerState::Created
        | ContainerState::Running { .. }
        | ContainerState::Paused
        | ContainerState::Stopping) => panic!("{}: {state:?}", one.name),
    });
    let [(deaf, first), (polite, last)] = times.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((deaf, polite), (137, 137), "nothing of the grace is left for the second");
    assert!(last >= first && last.since(first) <= Millis(2_000), "{first:?} {last:?}");
}

fn stop_one(container: &str, hook: Option<Hook>) -> StopOne {
    let pre_stop = hook.map(|hook| HookCall { hook, port: None });
    StopOne { container: container.to_owned(), pre_stop }
}

fn run_command(words: &[&str]) -> Hook {
    Hook::Exec(Command { command: words.iter().map(|&word| word.to_owned()).collect() })
}

/// S-333, S-339, C-196: how it ended is observed, also by who did not run it.
async fn a_hook_after_a_start_is_noted(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    assert_eq!(only_container(machine).await.post_start, None);
    let run = |words: &[&str]| HookRun {
        pod: wanted.pod_name(),
        container: wanted.name(),
        call: HookCall { hook: run_command(words), port: None },
    };
    machine.podman().post_start(&run(&["true"])).await.unwrap();
    assert_eq!(only_container(machine).await.post_start, Some(HookOutcome::Done));
    machine.podman().post_start(&run(&crate::requests::FAILING)).await.unwrap();
    let Some(HookOutcome::Failed(why)) = only_container(machine).await.post_start else { panic!("it failed") };
    assert!(why.contains("ended with 5"), "{why}");
    machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
    started(machine, &wanted).await;
    assert_eq!(only_container(machine).await.post_start, None, "a new pod has no notes");
}

/// S-335, S-336, C-197, C-202, P-113: it runs first, its time is taken from the grace, and two seconds are left.
async fn a_hook_before_a_stop_takes_of_the_grace(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    started(machine, &wanted).await;
    let ContainerState::Running { started } = only_container(machine).await.state else { panic!("it runs") };
    let stages = vec![vec![stop_one(&wanted.name(), Some(Hook::Sleep(Millis(60_000))))]];
    machine.podman().stop_containers(&Stop { pod: None, stages, grace: Millis(1_500) }).await.unwrap();
    let ContainerState::Exited { code, finished, .. } = only_container(machine).await.state else { panic!("it ended") };
    assert_eq!(code, 137);
    let took = finished.since(started).0;
    assert!((3_400..8_000).contains(&took), "{took}: 1500 of the hook and 2000 at the least for the signal");
}

/// S-268, S-346, C-162: from the first moment of a stop on, and whoever finds it half done goes on with it.
async fn a_pod_that_is_being_stopped_is_never_ready_again(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &POLITE);
    started(machine, &wanted).await;
    assert_eq!(only_pod(machine).await.stopping, None);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stages = vec![vec![stop_one(&wanted.name(), Some(run_command(&["true"])))]];
    let stop = Stop { pod: Some(wanted.pod_name()), stages, grace: Millis(5_000) };
    machine.podman().stop_containers(&stop).await.unwrap();
    let pod = only_pod(machine).await;
    assert!(pod.stopping.is_some() && pod.sandbox == Sandbox::Down, "{pod:?}");
    let begun = pod.stopping;
    machine.podman().stop_containers(&stop).await.unwrap();
    assert_eq!(only_pod(machine).await.stopping, begun, "it goes on where it was");
    machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
    started(machine, &wanted).await;
    assert_eq!((only_pod(machine).await.stopping, only_pod(machine).await.sandbox), (None, Sandbox::Up));
}

async fn a_frozen_container_goes_on(machine: &dyn Machine) {
    let wanted = Wanted::new(machine.fleet(), &DEAF);
    machine.podman().unpause_container(&wanted.name()).await.unwrap();
    started(machine, &wanted).await;
    machine.podman().unpause_container(&wanted.name()).await.unwrap();
    machine.pause(&wanted.name()).await.unwrap();
    assert_eq!(only_container(machine).await.state, ContainerState::Paused);
    machine.podman().unpause_container(&wanted.name()).await.unwrap();
    assert!(matches!(only_container(machine).await.state, ContainerState::Running { .. }));
    machine.pause(&wanted.name()).await.unwrap();
    machine.podman().stop_containers(&Stop::one(&wanted.name(), GRACE)).await.unwrap();
    assert_eq!(ended(machine, &wanted.name()).await, 137, "a frozen container is stopped as well");
}

/// S-283, S-285, C-221: what the container writes into the file, as whatever user, and the end of its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_reach_the_agent() {
    on_real_machine("last_words_reach_the_agent", |machine: Arc<RealMachine>| async move {
        let script = "echo said > /dev/termination-log; echo logged; exit 3";
        let mut wanted = Wanted::new(machine.fleet(), &["sh", "-c", script]);
        wanted.container.security.user = Some(1_000);
        started(&*machine, &wanted).await;
        assert_eq!(ended(&*machine, &wanted.name()).await, 3);
        let words = only_container(&*machine).await.last_words;
        assert_eq!((words.message.as_str(), words.log.as_str(), words.out_of_memory), ("said", "logged", false));
    })
    .await;
}

/// Podman hears of an end through conmon: where both were killed it says for ever that the container runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_vanished_is_found() {
    on_real_machine("a_container_that_vanished_is_found", |machine: Arc<RealMachine>| async move {
        let wanted = Wanted::new(machine.fleet(), &DEAF);
        started(&*machine, &wanted).await;
        only_container(&*machine).await;
        machine.end_with_conmon(&wanted.name()).await;
        assert_eq!(ended(&*machine, &wanted.name()).await, 137);
        let second = wanted.clone().attempt(1);
        machine.podman().run_container(&second.run()).await.unwrap();
        machine.podman().remove_container(&wanted.name()).await.unwrap();
        let left = only_container(&*machine).await;
        assert_eq!(left.name, second.name());
        assert!(matches!(left.state, ContainerState::Running { .. }));
    })
    .await;
}

/// S-261, P-126: the kernel's word for a want of memory is read when the container ends; a SIGKILL of somebody is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_want_of_memory_is_told_from_a_sigkill() {
    on_real_machine("a_want_of_memory_is_told_from_a_sigkill", |machine: Arc<RealMachine>| async move {
        let mut hungry = Wanted::new(machine.fleet(), &["sh", "-c", "sleep 1; exec tail /dev/zero"]);
        hungry.container.resources.memory_limit = Some(wlc_plan::quantity::Bytes(24 << 20));
        started(&*machine, &hungry).await;
        only_container(&*machine).await;
        assert_eq!(ended(&*machine, &hungry.name()).await, 137);
        assert!(only_container(&*machine).await.last_words.out_of_memory);
        let second = hungry.clone().attempt(1);
        machine.podman().run_container(&second.run()).await.unwrap();
        machine.podman().remove_container(&hungry.name()).await.unwrap();
        only_container(&*machine).await;
        machine.kill(&second.name()).await.unwrap();
        assert_eq!(ended(&*machine, &second.name()).await, 137);
        assert!(!only_container(&*machine).await.last_words.out_of_memory, "somebody ended it");
    })
    .await;
}
