//! What somebody does to containers and pods by hand: names that are changed or taken, limits, the network.

use wlc_plan::quantity::{Bytes, Cpu};

use super::world::*;
use crate::{
    action::{Action, Reason},
    decide::Decision,
    observed::{Allowance, ObservedContainer},
};

fn only(world: &World) -> ObservedContainer {
    let [pod] = world.observe().pods.try_into().unwrap();
    let [container] = pod.containers.clone().try_into().unwrap();
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

/// C-029: a container that was renamed is known by its labels: it gets its name back and never a second one beside it.
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

/// `podman update` by somebody: what the container was made for is put right under it, and the difference is named.
#[test]
fn a_changed_limit_is_named_and_put_right() {
    let mut limited = container("main");
    limited.resources.memory_limit = Some(Bytes(64 << 20));
    let mut world = World::new(vec![instance("web-0", &spec(vec![limited]), vec![slot(1)])]);
    world.settle();
    let before = only(&world);
    let by_hand = |memory, cpu| Allowance { memory, cpu };
    let as_the_kernel_rounds = Some(Bytes((64 << 20) - 4_096));
    for (allowance, what) in [
        (by_hand(Some(Bytes(1 << 30)), None), Some("1GiB memory instead of 64MiB")),
        (by_hand(None, None), Some("all memory instead of 64MiB")),
        (by_hand(Some(Bytes(64 << 20)), Some(Cpu(1_500))), Some("1500m CPU instead of all")),
        (by_hand(as_the_kernel_rounds, None), None),
    ] {
        world.podman.limit_by_hand(&before.name, allowance);
        let decision = world.pass();
        let expected = what.map(|what| format!("`main` is allowed {what}, by somebody else"));
        assert_eq!(reasons(&decision), Vec::from_iter(expected));
        world.sleep(2_000);
        world.settle();
    }
    assert_eq!(only(&world).id, before.id, "it goes on");
}

/// `podman network disconnect` by somebody: the pod is taken into the network again, with what runs in it.
#[test]
fn a_pod_that_was_taken_off_the_network_is_put_back() {
    let mut world = world();
    let before = only(&world);
    let pod = world.observe().pods[0].name.clone();
    world.podman.disconnect_by_hand(&pod);
    assert!(world.observe().pods[0].address.is_none());
    let decision = world.pass();
    assert_eq!(reasons(&decision), ["its pod is off the fleet's network, by somebody else"]);
    world.settle();
    assert!(world.observe().pods[0].is_on_network);
    assert_eq!(only(&world), before);
}

/// A pod in the network of the node is in no other, and nothing is wrong with that.
#[test]
fn a_pod_in_the_network_of_the_node_is_left_there() {
    let mut of_node = version(1);
    of_node.surroundings.network = wlc_plan::spec::Whose::Node;
    let mut world = World::new(vec![instance("web-0", &of_node, vec![slot(1)])]);
    world.settle();
    assert!(!world.observe().pods[0].is_on_network);
    assert!(world.pass().tasks.is_empty());
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
