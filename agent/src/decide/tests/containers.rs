//! Containers of one pod: restarts, back-off, probes, the infra container, order, tidiness.

use wlc_plan::{
    gate::{After, Between, Condition, Gate, Step, StepGate},
    name::ContainerName,
    quantity::Millis,
    spec::{PodSpec, Probes, RestartPolicy},
};

use super::{super::*, world::*};
use crate::{
    action::{Action, Reason},
    clock::Moment,
    podman::simulated::Program,
};

fn one(spec: &PodSpec) -> World {
    let mut world = World::new(vec![instance("web-0", spec, Vec::new())]);
    world.settle();
    world
}

fn kill(world: &World, code: i32) {
    let name = world.running().remove(0);
    world.podman.kill(&name, code);
}

/// S-251, S-254, S-256, S-258, P-103: at once, then 10 s doubling, counted from the end; clean exits too.
#[test]
fn an_ended_container_runs_again_with_back_off() {
    let mut world = one(&version(1));
    for (attempt, delay) in [(1, 0), (2, 10_000), (3, 20_000), (4, 40_000)] {
        world.sleep(1_000);
        kill(&world, if attempt == 2 { 0 } else { 1 });
        let ended = world.now();
        let decision = world.decide();
        if delay > 0 {
            assert!(decision.tasks.iter().all(|task| task.reason == Reason::Tidy));
            assert_eq!(World::waits(&decision, "web-0"), ["back-off"]);
            assert_eq!(decision.next_due, Some(ended.plus(Millis(delay))));
            assert_eq!(decision.states[0].phase, Phase::BackOff);
            world.pass();
            world.sleep(ended.plus(Millis(delay - 1)).since(world.now()).0);
            assert!(world.decide().tasks.is_empty());
            world.sleep(1);
        }
        let decision = world.pass();
        assert!(matches!(decision.tasks[0].reason, Reason::Ended { .. }), "{decision:#?}");
        assert!(world.running()[0].ends_with(&format!(".main.{attempt}")));
    }
}

/// S-253, S-257: a run of ten minutes begins anew, and a new agent with the same ledger knows it.
#[test]
fn a_good_run_begins_anew() {
    let mut world = one(&version(1));
    for _ in 0..2 {
        kill(&world, 1);
        world.settle();
    }
    world.sleep(600_000);
    kill(&world, 1);
    assert_eq!(world.pass().tasks.len(), 1, "at once after a good run");
    kill(&world, 1);
    let decision = world.decide();
    assert_eq!(decision.next_due, Some(world.now().plus(Millis(10_000))), "then the first delay again");
}

/// C-259, S-255: another revision is another pod, whose containers have not failed yet.
#[test]
fn a_new_revision_begins_its_back_off_anew() {
    let mut world = one(&version(1));
    for _ in 0..4 {
        kill(&world, 1);
        world.settle();
    }
    kill(&world, 1);
    assert_eq!(world.decide().states[0].phase, Phase::BackOff);
    world.accept(vec![instance("web-0", &version(2), Vec::new())]);
    world.pass();
    assert!(world.running()[0].ends_with(".main.0"));
}

/// C-215: what was ended for good stays ended.
#[test]
fn restart_policies_are_obeyed() {
    let policies =
        [(RestartPolicy::OnFailure, 0, false), (RestartPolicy::OnFailure, 1, true), (RestartPolicy::Never, 1, false)];
    for (restart, code, again) in policies {
        let mut world = one(&PodSpec { restart, ..version(1) });
        kill(&world, code);
        let decision = world.pass();
        assert_eq!(!decision.tasks.is_empty(), again, "{restart:?} {code}");
        if !again {
            let phase = if code == 0 { Phase::Complete } else { Phase::Failed };
            assert_eq!(world.decide().states[0].phase, phase);
        }
    }
}

/// S-310, S-311, C-144, C-189: liveness restarts, readiness does not.
#[test]
fn a_failed_liveness_probe_restarts_and_a_failed_readiness_probe_does_not() {
    for (is_liveness, policy) in
        [(true, RestartPolicy::Always), (true, RestartPolicy::OnFailure), (false, RestartPolicy::Always)]
    {
        let mut main = container("main");
        main.probes = match is_liveness {
            true => Probes { liveness: Some(probe()), ..Probes::default() },
            false => Probes { readiness: Some(probe()), ..Probes::default() },
        };
        let mut world = one(&PodSpec { restart: policy, ..spec(vec![main]) });
        world.podman.set_program(&[], Program::Runs(Some(0)));
        world.sick.insert(replica("web-0"));
        let decision = world.pass();
        world.sick.clear();
        world.settle();
        let restarted = world.running()[0].ends_with(".main.1");
        assert_eq!(restarted, is_liveness, "{decision:#?}");
        if !is_liveness {
            assert_eq!(decision.states[0].phase, Phase::NotReady);
        }
    }
}

/// S-307, C-158, C-164, C-165, C-179, C-185: a probe that ends a container may give it a grace of its own.
#[test]
fn a_probe_may_have_a_grace_of_its_own() {
    let with_grace = |probe: wlc_plan::spec::Probe| wlc_plan::spec::Probe { grace: Some(Millis(700)), ..probe };
    for is_startup in [true, false] {
        let mut main = container("main");
        let own = Some(with_grace(probe()));
        let startup = if is_startup { own.clone() } else { None };
        main.probes = Probes { startup, liveness: if is_startup { None } else { own }, readiness: None };
        let mut world = one(&spec(vec![main]));
        world.sick.insert(replica("web-0"));
        let decision = world.pass();
        let Action::StopContainers(stop) = &decision.tasks[0].actions[0] else { panic!("{decision:#?}") };
        assert_eq!(stop.grace, Millis(700));
    }
}

/// S-269, S-271, and what a power loss leaves.
#[test]
fn a_lost_infra_container_or_power_makes_the_pod_anew() {
    let mut world = one(&version(1));
    let pod = world.observe().pods[0].clone();
    world.podman.kill_sandbox(&pod.name);
    assert_eq!(world.pass().tasks[0].reason, Reason::SandboxLost);
    world.settle();
    assert_ne!(world.observe().pods[0].id, pod.id);
    assert_eq!(world.running().len(), 1);
    world.podman.lose_power();
    world.settle();
    assert_eq!(world.running().len(), 1);
}

/// S-288, S-293: containers wait for each other inside the pod.
#[test]
fn containers_wait_for_each_other() {
    let after = |of: &str, until| After { of: vec![ContainerName::parse(of).unwrap()], until };
    let mut init = container("init");
    init.command = vec!["init".to_owned()];
    let mut slow = container("slow");
    slow.probes.startup = Some(probe());
    let mut main = container("main");
    main.after = vec![after("init", Condition::Complete), after("slow", Condition::Started)];
    let spec = PodSpec { restart: RestartPolicy::OnFailure, ..spec(vec![init, slow, main]) };
    let mut world = World::new(vec![instance("web-0", &spec, Vec::new())]);
    world.podman.set_program(&["init"], Program::Ends(0));
    world.silent.insert(replica("web-0"));
    world.pass();
    let decision = world.decide();
    assert_eq!(World::waits(&decision, "web-0"), ["after", "probe"]);
    assert!(decision.waits[0].reason.contains("`slow` has started"), "{decision:#?}");
    world.silent.clear();
    world.settle();
    assert_eq!(world.running().len(), 2);
    assert!(world.decide().states[0].ready, "a container that is complete does not count");
}

/// C-150: attempts only count up.
#[test]
fn the_newest_dead_attempt_is_kept_for_its_log() {
    let mut world = one(&version(1));
    for _ in 0..4 {
        kill(&world, 1);
        world.settle();
    }
    let attempts: Vec<u32> = world.observe().pods[0].containers.iter().map(|one| one.attempt).collect();
    assert_eq!(attempts, [3, 4]);
}

/// The same while its rollout waits for what may last for days.
#[test]
fn dead_attempts_of_an_older_revision_do_not_pile_up() {
    let mut world = one(&version(1));
    let gate = Gate::Between(Between { zone: "UTC".to_owned(), windows: Vec::new() });
    world.accept(vec![instance("web-0", &version(2), vec![StepGate { step: Step::Replace, gate }])]);
    for _ in 0..4 {
        kill(&world, 1);
        world.settle();
    }
    let pod = &world.observe().pods[0];
    let attempts: Vec<u32> = pod.containers.iter().map(|one| one.attempt).collect();
    assert_eq!(attempts, [3, 4], "{}", pod.name);
}

/// C-015: an image that is not there is waited for, and the wait goes when it is.
#[test]
fn a_task_that_fails_is_tried_again_with_back_off() {
    let mut main = container("main");
    main.security.non_root = true;
    let mut world = World::new(vec![instance("web-0", &spec(vec![main]), Vec::new())]);
    let mut delays = Vec::new();
    for _ in 0..4 {
        world.pass();
        let failed = world.now();
        let decision = world.decide();
        assert_eq!(World::waits(&decision, "web-0"), ["back-off"]);
        assert_eq!(decision.states[0].phase, Phase::BackOff);
        let due = decision.next_due.unwrap();
        delays.push(due.since(failed).0.div_ceil(1_000));
        world.sleep(due.since(failed).0);
    }
    assert_eq!(delays, [1, 10, 20, 40]);
    world.podman.add_image("web", "1000");
    world.settle();
    assert!(world.ledger.failures.is_empty());
    assert_eq!(world.running().len(), 1);
}

#[test]
fn a_half_made_pod_is_completed() {
    let mut world = World::new(vec![instance("web-0", &spec(vec![container("a"), container("b")]), Vec::new())]);
    let mut task = world.decide().tasks.remove(0);
    task.actions.pop();
    world.apply(&task);
    let decision = world.pass();
    assert_eq!(decision.tasks[0].reason, Reason::Incomplete);
    assert!(decision.tasks[0].actions.iter().any(|action| matches!(action, Action::RunContainer(_))));
    assert_eq!(world.running().len(), 2);
    assert_eq!(world.decide().next_due, None::<Moment>);
}

/// S-259, C-226, C-228, C-317: what could not be started says why, in Kubernetes' words.
#[test]
fn what_was_not_started_says_why() {
    let mut absent = container("absent");
    absent.image.name = "absent".to_owned();
    let mut zero = container("zero");
    zero.security.non_root = true;
    for (broken, word) in [(absent, "ErrImagePull"), (zero, "StartError")] {
        let mut world = World::new(vec![instance("web-0", &spec(vec![container("main")]), Vec::new())]);
        world.settle();
        world.accept(vec![instance("web-0", &spec(vec![container("main"), broken]), Vec::new())]);
        // Images are fetched before anything is touched: the pod is there already where it is the image that fails.
        let labels = world.desired.wanted[0].labels.clone();
        let made = world.decide().tasks.remove(0);
        let without_pulls = |action: &Action| !matches!(action, Action::PullImage(_));
        let actions = made.actions.iter().filter(|action| without_pulls(action)).cloned().collect();
        world.apply(&crate::action::Task { actions, ..made });
        let state = world.decide().states.remove(0);
        assert_eq!(state.containers[1].reason, Some(word), "{} {state:#?}", labels.pod_name());
    }
}

/// C-213: wherever a start is broken off by a removal, the pod is never told as one that did well.
#[test]
fn a_pod_that_is_stopped_while_it_starts_never_did_well() {
    let plan = || vec![instance("web-0", &spec(vec![container("a"), container("b")]), Vec::new())];
    for done in 0..4 {
        let mut world = World::new(plan());
        let mut task = world.decide().tasks.remove(0);
        task.actions.truncate(done);
        world.apply(&task);
        world.accept(Vec::new());
        while !world.observe().pods.is_empty() {
            let states = world.pass().states;
            assert!(states.iter().all(|state| state.phase != Phase::Complete && !state.ready), "{states:#?}");
        }
    }
}

/// C-270: five hundred plans, one right after the other: the last one counts.
#[test]
fn of_many_plans_the_last_one_counts() {
    let mut world = one(&version(1));
    for number in 2..=500 {
        world.accept(vec![instance("web-0", &version(number), Vec::new())]);
        if number % 7 == 0 {
            world.pass();
        }
    }
    world.settle();
    let pods = world.observe().pods;
    let wanted = world.desired.wanted[0].labels.revision;
    assert_eq!(pods.iter().map(|pod| pod.revision).collect::<Vec<_>>(), [wanted]);
    assert!(world.decide().states[0].ready);
}

/// S-280, S-364, P-120: references in command and arguments; a shell's own are not touched.
#[test]
fn variables_stand_in_command_and_arguments() {
    use wlc_plan::{
        name::EnvName,
        spec::{EnvValue, EnvVariable, InstanceField},
    };
    let mut main = container("main");
    let name = |name: &str| EnvName::parse(name).unwrap();
    main.env = vec![
        EnvVariable { name: name("WHO"), value: EnvValue::Field(InstanceField::Replica) },
        EnvVariable { name: name("GREETING"), value: EnvValue::Text("hello $(WHO)".to_owned()) },
    ];
    main.command = vec!["echo".to_owned(), "$(GREETING)".to_owned()];
    main.args = vec!["$(NOBODY)".to_owned(), "$$(WHO)".to_owned(), "$WHO".to_owned()];
    let world = World::new(vec![instance("web-0", &spec(vec![main]), Vec::new())]);
    let run = |action: &Action| if let Action::RunContainer(run) = action { Some(run.spec.clone()) } else { None };
    let spec = world.decide().tasks[0].actions.iter().find_map(run).unwrap();
    assert_eq!(spec.command, ["echo", "hello web-0"]);
    assert_eq!(spec.args, ["$(NOBODY)", "$(WHO)", "$WHO"]);
}

/// A container that ends too often stays down, until somebody or another plan starts it.
#[test]
fn a_container_that_ends_too_often_stays_down_where_the_file_says_so() {
    use wlc_plan::restarts::FlapLimit;
    let flapping = |ends, number| {
        let limit = FlapLimit { ends, within: wlc_plan::quantity::Millis::from_seconds(600) };
        let (instance, spec) = instance("web-0", &version(number), Vec::new());
        (wlc_plan::instance::Instance { flap_limit: Some(limit), ..instance }, spec)
    };
    let mut world = World::new(vec![flapping(3, 1)]);
    world.settle();
    for _ in 0..3 {
        kill(&world, 1);
        for _ in 0..20 {
            world.pass();
            world.sleep(5_000);
        }
    }
    let decision = world.decide();
    assert_eq!(World::waits(&decision, "web-0"), ["flap-limit"]);
    assert!(decision.waits[0].reason.contains("ended 3 times within 10m"), "{:?}", decision.waits);
    assert_eq!((decision.states[0].phase, world.running().len()), (Phase::Failed, 0));
    world.sleep(3_600_000);
    assert!(world.pass().tasks.is_empty(), "time alone starts nothing");
    let (desired, observed, now) = (world.desired.clone(), world.observe(), world.now());
    let web = wlc_plan::name::WorkloadName::parse("web").unwrap();
    world.ledger.retry((&replica("web-0"), &web), Some(&desired), Some(&observed), now);
    world.settle();
    assert_eq!(world.running().len(), 1, "somebody wants it tried again");
    for _ in 0..3 {
        kill(&world, 1);
        for _ in 0..20 {
            world.pass();
            world.sleep(5_000);
        }
    }
    assert_eq!(World::waits(&world.decide(), "web-0"), ["flap-limit"], "and it counts anew");
    world.accept(vec![flapping(3, 2)]);
    world.settle();
    assert_eq!(world.running().len(), 1, "another plan starts it");
}

/// Ends that lie far apart are no flapping.
#[test]
fn ends_that_lie_far_apart_do_not_count_together() {
    use wlc_plan::{quantity::Millis, restarts::FlapLimit};
    let limit = FlapLimit { ends: 2, within: Millis(1_000) };
    let mut runs = crate::ledger::Runs::default();
    let at = crate::clock::Moment;
    assert!(!runs.ended(0, at(1_000), limit));
    assert!(!runs.ended(0, at(1_000), limit), "one end counts once");
    assert!(!runs.ended(1, at(2_001), limit));
    assert!(runs.ended(2, at(3_001), limit));
    runs.forgive(2);
    assert!(!runs.ended(2, at(3_001), limit));
    assert!(!runs.ended(3, at(3_100), limit));
}
