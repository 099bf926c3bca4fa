//! Hooks, stops, and what is put right: what they ask of Podman, and what the world comes to.

use wlc_plan::{
    name::PortName,
    quantity::Millis,
    spec::{
        Command, ContainerSpec, Hook, HttpProbe, MessagePolicy, PodSpec, PortSpec, Protocol, RestartPolicy,
        TerminationMessage,
    },
};

use super::{super::*, world::*};
use crate::{
    action::{Action, Reason, Stop},
    observed::{ContainerState, LastWords, ObservedContainer},
    podman::{Executed, simulated::Program},
};

fn run_command(word: &str) -> Hook {
    Hook::Exec(Command { command: vec![word.to_owned()] })
}

fn with_post_start(word: &str) -> ContainerSpec {
    let mut main = container("main");
    main.hooks.post_start = Some(run_command(word));
    main
}

fn with_pre_stop(hook: Hook) -> ContainerSpec {
    let mut main = container("main");
    main.hooks.pre_stop = Some(hook);
    main
}

fn world(spec: &PodSpec) -> World {
    World::new(vec![instance("web-0", spec, Vec::new())])
}

fn named(world: &World, verb: &str) -> Vec<String> {
    world.podman.journal().into_iter().filter(|line| line.starts_with(verb)).collect()
}

fn only(world: &World) -> ObservedContainer {
    world.observe().pods[0].containers[0].clone()
}

/// S-333, S-334, C-196, P-114: it runs once for each start, and what follows waits for it.
#[test]
fn what_follows_waits_for_the_hook_after_a_start() {
    let mut second = container("second");
    second.after =
        vec![wlc_plan::gate::After { of: vec![container("main").name], until: wlc_plan::gate::Condition::Started }];
    let mut world = world(&spec(vec![with_post_start("greet"), second]));
    world.pass();
    assert_eq!((world.running().len(), named(&world, "post-start").len()), (1, 1));
    world.settle();
    assert!(world.decide().states[0].ready);
    let order: Vec<String> = world.podman.journal().into_iter().filter(|line| !line.starts_with("make")).collect();
    assert!(order[0].contains(".main.0") && order[1].starts_with("post-start") && order[2].contains(".second.0"));
    let main = world.running().remove(0);
    world.podman.kill(&main, 1);
    world.settle();
    assert_eq!(named(&world, "post-start").len(), 2, "again with the next run, and not otherwise");
}

/// S-333, P-114: its failure ends the container, which runs again with back-off like one that failed.
#[test]
fn a_hook_that_fails_after_a_start_ends_its_container() {
    for (policy, runs_again) in [(RestartPolicy::Always, true), (RestartPolicy::Never, false)] {
        let mut world = world(&PodSpec { restart: policy, ..spec(vec![with_post_start("greet")]) });
        world.podman.set_command(&["greet"], Executed::Ended { code: 3, output: String::new() });
        world.podman.set_program(&[], Program::Runs(Some(0)));
        world.pass();
        assert!(!world.decide().states[0].ready);
        let decision = world.pass();
        assert!(matches!(&decision.tasks[0].reason, Reason::Hook { saw, .. } if saw.contains("ended with 3")));
        world.pass();
        let decision = world.decide();
        let phase = decision.states[0].phase;
        assert_eq!(phase, if runs_again { Phase::BackOff } else { Phase::Failed }, "{decision:#?}");
        if runs_again {
            world.podman.set_command(&["greet"], Executed::Ended { code: 0, output: String::new() });
            world.settle();
            assert!(world.decide().states[0].ready);
        }
    }
}

/// S-339: the agent is ended between a hook and its note at worst, so it runs again and is never forgotten.
#[test]
fn a_hook_is_never_forgotten_wherever_the_agent_is_ended() {
    let mut step = 0;
    loop {
        let mut world = world(&spec(vec![with_post_start("greet")]));
        world.podman.crash_at(step);
        world.settle();
        assert_eq!(only(&world).post_start, Some(crate::observed::HookOutcome::Done), "step {step}");
        assert!(world.decide().states[0].ready, "step {step}");
        if world.podman.steps() <= step {
            return;
        }
        step += 1;
    }
}

fn stop_of(world: &mut World) -> Stop {
    world.accept(Vec::new());
    let first = world.decide().tasks.remove(0).actions.remove(0);
    let Action::StopContainers(stop) = first else { panic!("{first:?}") };
    *stop
}

/// Stops a pod, and tells how long its first container took and with which code it ended.
fn stopped(spec: &PodSpec, prepare: impl FnOnce(&World)) -> (u64, i32, World) {
    let mut world = world(spec);
    prepare(&world);
    world.settle();
    let stop = stop_of(&mut world);
    let from = world.now();
    let done = crate::podman::Podman::stop_containers(world.podman.as_ref(), &stop);
    futures_util::FutureExt::now_or_never(done).unwrap().unwrap();
    let ContainerState::Exited { code, finished, .. } = only(&world).state else { panic!("it ended") };
    (finished.since(from).0, code, world)
}

/// S-335, S-336, S-337, S-338, S-341, S-345, C-197, C-199, C-202, C-205, C-206, C-207, P-113, P-125: the hook before the
/// signal, inside the grace, with two seconds at the least behind it; its failure changes nothing; no grace, no hook.
#[test]
fn a_hook_before_a_stop_runs_inside_the_grace() {
    let grace = |grace: u64, hook: Hook| PodSpec { grace: Millis(grace), ..spec(vec![with_pre_stop(hook)]) };
    let deaf = |world: &World| world.podman.set_program(&[], Program::Runs(None));
    let (took, code, world) = stopped(&grace(100_000, Hook::Sleep(Millis(50_000))), |_| {});
    assert_eq!((took, code, named(&world, "pre-stop").len()), (50_000, 143, 1));
    let (took, code, _) = stopped(&grace(100_000, Hook::Sleep(Millis(50_000))), deaf);
    assert_eq!((took, code), (100_000, 137), "the grace begins before the hook");
    let (took, code, _) = stopped(&grace(30_000, Hook::Sleep(Millis(180_000))), deaf);
    assert_eq!((took, code), (32_000, 137), "two seconds for the signal");
    let (took, code, _) = stopped(&grace(30_000, Hook::Sleep(Millis(0))), |_| {});
    assert_eq!((took, code), (0, 143));
    let (took, code, world) = stopped(&grace(0, Hook::Sleep(Millis(10_000))), |_| {});
    assert_eq!((took, code, named(&world, "pre-stop").len()), (0, 137, 0), "no grace: killed at once");
    let hanging = |world: &World| world.podman.set_command(&["bye"], Executed::TimedOut);
    let (took, code, _) = stopped(&grace(30_000, run_command("bye")), hanging);
    assert_eq!((took, code), (30_000, 143));
    let failing = |world: &World| world.podman.set_command(&["bye"], Executed::NotStarted("no".to_owned()));
    let (took, code, _) = stopped(&grace(30_000, run_command("bye")), failing);
    assert_eq!((took, code), (0, 143), "its failure changes nothing");
}

/// S-335, C-204, P-113: nobody stops what ends by itself. A probe that ends a container does.
#[test]
fn the_hook_before_a_stop_is_not_for_an_end_by_itself() {
    let mut main = with_pre_stop(run_command("bye"));
    main.probes.liveness = Some(probe());
    let mut world = world(&spec(vec![main]));
    world.settle();
    world.podman.kill(&only(&world).name, 1);
    world.settle();
    assert!(named(&world, "pre-stop").is_empty());
    world.sick.insert(replica("web-0"));
    world.pass();
    assert_eq!(named(&world, "pre-stop").len(), 1);
}

/// S-340, C-193, C-198: a hook over HTTP asks the container's own port.
#[test]
fn a_hook_over_http_asks_its_port() {
    let name = PortName::parse("admin").unwrap();
    let http = HttpProbe { path: "/bye".to_owned(), port: name.clone(), host: None, headers: Vec::new() };
    let mut main = with_pre_stop(Hook::Http(http.clone()));
    main.hooks.post_start = Some(Hook::Https(http));
    main.ports = vec![PortSpec { name, number: 9_000, protocol: Protocol::Tcp, published: false }];
    let mut world = world(&spec(vec![main]));
    let decision = world.pass();
    let port = |action: &Action| if let Action::PostStart(run) = action { Some(run.call.port) } else { None };
    let hook = decision.tasks[0].actions.iter().find_map(port);
    assert_eq!(hook, Some(Some(9_000)));
    world.settle();
    assert_eq!(stop_of(&mut world).stages[0][0].pre_stop.as_ref().unwrap().port, Some(9_000));
}

/// S-268, S-346, C-162, C-183, C-203, C-265: once begun, a stop is seen, the pod is not ready, and whoever finds it goes on with
/// what was left of the grace, though the plan wants the pod again: it is made anew.
#[test]
fn a_stop_that_was_broken_off_goes_on() {
    let plan = || vec![instance("web-0", &version(1), Vec::new())];
    let mut world = World::new(plan());
    world.settle();
    let before = world.observe().pods[0].id.clone();
    let first = world.podman.steps();
    world.accept(Vec::new());
    // The first two points are those of looking and of the note itself.
    world.podman.crash_at(first + 3);
    world.pass();
    assert!(world.observe().pods[0].stopping.is_some() && world.running().len() == 1);
    world.accept(plan());
    world.sleep(2_000);
    let decision = world.decide();
    assert!(!decision.states[0].ready);
    assert_eq!(decision.states[0].phase, Phase::Replacing);
    let grace = |action: &Action| if let Action::StopContainers(stop) = action { Some(stop.grace.0) } else { None };
    let left = decision.tasks[0].actions.iter().find_map(grace).unwrap();
    assert!((2_900..=3_000).contains(&left), "{left} of 5000");
    world.settle();
    assert_ne!(world.observe().pods[0].id, before);
    assert!(world.decide().states[0].ready);
}

/// Whatever somebody does to a container is put right, and the task says what it was.
#[test]
fn what_somebody_did_by_hand_is_put_right_and_named() {
    let mut world = world(&version(1));
    world.settle();
    let first = only(&world);
    world.podman.pause_by_hand(&first.name, true);
    let decision = world.pass();
    assert_eq!(decision.tasks[0].reason.to_string(), "`main` is paused, by somebody else");
    world.settle();
    assert_eq!(only(&world).id, first.id, "it goes on, and is not restarted");
    world.podman.stop_by_hand(&first.name);
    world.settle();
    world.podman.remove_by_hand(&world.running()[0].clone());
    world.settle();
    assert_eq!(world.running().len(), 1);
    assert!(world.decide().states[0].ready);
}

/// C-221, C-224, C-235, S-261, S-263, S-284, P-124, P-126: a failure carries code, signal, reason, last words and the end of
/// the log, and a clean end none of it.
#[test]
fn a_failure_carries_what_is_left_of_it() {
    let mut main = container("main");
    main.termination_message =
        TerminationMessage { policy: MessagePolicy::LogsOnError, ..TerminationMessage::default() };
    let mut world = world(&spec(vec![main]));
    world.settle();
    let log = (0..30).map(|line| format!("line {line}\n")).collect::<String>();
    let words = LastWords { out_of_memory: true, message: String::new(), log: log.clone() };
    world.podman.kill_with_last_words(&only(&world).name, 137, words);
    let failure = world.decide().states.remove(0).failure.unwrap();
    assert_eq!((failure.code, failure.signal, failure.reason), (137, Some("KILL"), "OOMKilled"));
    assert_eq!((failure.log.len(), failure.log[0].as_str()), (20, "line 10"));
    assert_eq!(failure.message.as_deref(), Some(log.as_str()));
    world.settle();
    assert_eq!(world.decide().states[0].failure.as_ref().unwrap().attempt, 0, "it is told while the next one runs");
    let mut world = world_of_clean_end();
    assert_eq!(world.decide().states.remove(0).failure, None);
    world.settle();
}

fn world_of_clean_end() -> World {
    let mut world = world(&version(1));
    world.settle();
    let words = LastWords { message: "well".to_owned(), ..LastWords::default() };
    world.podman.kill_with_last_words(&only(&world).name, 0, words);
    world
}
