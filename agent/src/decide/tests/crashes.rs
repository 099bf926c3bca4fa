//! The agent is ended at every point at which Podman is asked for anything, and begins again: the same state is reached.

use super::world::*;

fn plan(number: u32) -> Vec<(wlc_plan::instance::Instance, wlc_plan::spec::PodSpec)> {
    let spec = |name: &str| wlc_plan::spec::PodSpec {
        restarted: Some(number.to_string()),
        ..spec(vec![container("main"), container(name)])
    };
    (0..3).map(|at| instance(&format!("web-{at}"), &spec("side"), vec![slot(1)])).collect()
}

/// Brings up, loses a container, replaces and removes; the agent is ended at `step`, if there is such a step.
fn life(crash: Option<u64>) -> (Vec<String>, u64) {
    let mut world = World::new(plan(1));
    world.podman.add_foreign_pod("foreign", &std::collections::BTreeMap::new(), "foreign-container");
    if let Some(step) = crash {
        world.podman.crash_at(step);
    }
    world.settle();
    let victim = world.running().remove(0);
    world.podman.kill(&victim, 137);
    world.settle();
    world.accept(plan(2));
    world.settle();
    let mut fewer = plan(2);
    fewer.remove(1);
    world.accept(fewer);
    world.settle();
    assert!(world.decide().tasks.is_empty());
    (world.podman.names(), world.podman.steps())
}

/// C-127, C-140.
#[test]
fn wherever_the_agent_is_ended_the_same_state_is_reached() {
    let (expected, steps) = life(None);
    assert!(expected.iter().any(|name| name == "foreign-container"));
    assert_eq!(expected.iter().filter(|name| name.contains(".side.")).count(), 2, "{expected:?}");
    let mut tried = 0;
    for step in 0..steps {
        let (names, _) = life(Some(step));
        assert_eq!(names, expected, "ended at step {step}");
        tried += 1;
    }
    eprintln!("the agent was ended at {tried} points");
    assert!(tried > 100);
}
