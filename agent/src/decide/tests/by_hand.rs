//! What somebody does to containers by hand: names that are changed or taken.

use super::world::*;
use crate::{
    action::{Action, Reason},
    decide::Decision,
    observed::ObservedContainer,
};

fn only(world: &World) -> ObservedContainer {
    let [pod] = world.observe().pods.try_into().unwrap();
    let [container] = pod.containers.try_into().unwrap();
    container
}

fn reasons(decision: &Decision) -> Vec<String> {
    decision.tasks.iter().map(|task| task.reason.to_string()).collect()
}

fn world() -> World {
    let mut world = World::new(vec![instance("web-0", &version(1), vec![slot(1)])]);
    world.settle();
    world
}

/// A container that was renamed is known by its labels: it gets its name back and never a second one beside it.
#[test]
fn a_renamed_container_gets_its_name_back_and_goes_on() {
    let mut world = world();
    let before = only(&world);
    world.podman.rename_by_hand(&before.name, "somebody.likes.this");
    let seen = only(&world);
    assert_eq!((seen.name.as_str(), seen.called.as_deref()), (before.name.as_str(), Some("somebody.likes.this")));
    assert_eq!(reasons(&world.pass()), ["`main` is called `somebody.likes.this`, by somebody else"]);
    world.settle();
    assert_eq!(only(&world), before);
}

/// Where its name is taken, the difference stays named, and the container is looked after as before.
#[test]
fn a_renamed_container_whose_name_is_taken_is_served_as_before() {
    let mut world = world();
    let before = only(&world);
    world.podman.add_foreign_pod("foreign", &std::collections::BTreeMap::new(), "foreign-main");
    world.podman.rename_by_hand(&before.name, "somebody.likes.this");
    world.podman.add_foreign_container("foreign", &before.name, &std::collections::BTreeMap::new());
    world.pass();
    let decision = world.pass();
    assert_eq!(World::waits(&decision, "web-0"), ["back-off", "by-hand"]);
    world.podman.kill("somebody.likes.this", 1);
    let decision = world.pass();
    assert!(matches!(&decision.tasks[..], [task] if matches!(task.reason, Reason::Ended { .. })), "{decision:?}");
    world.podman.remove_foreign_container("foreign", &before.name);
    world.settle();
    let names: Vec<String> = world.observe().pods[0].containers.iter().map(|one| one.name.clone()).collect();
    let next = before.name.strip_suffix(".0").map(|name| format!("{name}.1")).unwrap();
    assert_eq!(names, [before.name, next]);
    assert!(world.observe().pods[0].containers.iter().all(|one| one.called.is_none()));
}

/// Somebody's container has the name of the next attempt: the one after it is made, and nothing is done to somebody's.
#[test]
fn a_name_that_is_taken_is_left_out() {
    let mut world = world();
    let before = only(&world);
    let taken = before.name.strip_suffix(".0").map(|name| format!("{name}.1")).unwrap();
    world.podman.add_foreign_pod("foreign", &std::collections::BTreeMap::new(), "foreign-main");
    world.podman.add_foreign_container("foreign", &taken, &std::collections::BTreeMap::new());
    world.podman.kill(&before.name, 1);
    for _ in 0..3 {
        world.pass();
        world.sleep(2_000);
    }
    world.settle();
    let newest = world.observe().pods[0].containers.last().unwrap().clone();
    assert_eq!((newest.attempt, newest.is_running()), (2, true));
    let touches = |line: &&String| line.contains(&taken);
    assert_eq!(world.podman.journal().iter().filter(touches).count(), 0);
}

/// Whoever renames an ended attempt changes nothing that runs.
#[test]
fn an_ended_attempt_gets_its_name_back_too() {
    let mut world = world();
    let before = only(&world);
    world.podman.kill(&before.name, 1);
    world.podman.rename_by_hand(&before.name, "old.one");
    let decision = world.pass();
    assert!(matches!(&decision.tasks[0].actions[..], [Action::Rename { .. }]), "{decision:?}");
    world.settle();
    assert_eq!(world.running().len(), 1);
    assert!(world.observe().pods[0].containers.iter().all(|one| one.called.is_none()));
}
