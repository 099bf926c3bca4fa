//! Images: the back-off of a pull that fails, its reasons, and the end of it when the plan changes.

use wlc_plan::spec::PullPolicy;

use super::*;
use crate::podman::pulls::PullFault;

const APP: &str = "r.example/app:1";

fn pulled(name: &str, image: &str) -> (wlc_plan::instance::Instance, wlc_plan::spec::PodSpec) {
    let mut main = container("main");
    main.image.name = image.to_owned();
    main.image.pull = PullPolicy::IfNotPresent;
    instance(name, &spec(vec![main]), Vec::new())
}

/// S-276, C-226: 10 s doubling to 5 min; the reason stands in status, and the words are Kubernetes'.
#[test]
fn a_pull_that_fails_is_tried_again_after_ten_seconds_doubling_to_five_minutes() {
    let mut world = World::new(vec![pulled("web-0", APP)]);
    world.podman.fail_pulls(APP, Some(PullFault::Unreachable));
    let mut pauses = Vec::new();
    let mut words = Vec::new();
    for _ in 0..7 {
        assert_eq!(world.pass().tasks.len(), 1);
        let decision = world.decide();
        assert!(decision.tasks.is_empty());
        let wait = decision.waits.iter().find(|wait| wait.gate == "back-off").unwrap();
        assert!(wait.reason.contains("the registry does not answer"), "{wait:?}");
        words.extend(decision.states[0].containers[0].reason);
        let until = wait.until.unwrap();
        pauses.push((until.since(world.now()).0 + 10) / 1_000);
        world.sleep(until.since(world.now()).0);
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(words[..2], ["ErrImagePull", "ImagePullBackOff"]);
    world.podman.fail_pulls(APP, None);
    world.podman.offer_image(APP, "");
    world.settle();
    assert_eq!(world.running().len(), 1);
}

/// S-255, C-259: another image begins anew, at once.
#[test]
fn another_plan_ends_the_back_off_of_an_image() {
    let mut world = World::new(vec![pulled("web-0", APP)]);
    for _ in 0..3 {
        world.pass();
        world.sleep(300_000);
    }
    world.pass();
    assert!(World::waits(&world.decide(), "web-0").contains(&"back-off"));
    world.podman.offer_image("r.example/app:2", "");
    world.accept(vec![pulled("web-0", "r.example/app:2")]);
    assert_eq!(world.pass().tasks.len(), 1);
    assert_eq!(world.running().len(), 1);
}

/// S-259: each fault has Kubernetes' word, before there is a pod.
#[test]
fn an_image_that_is_not_to_be_had_says_why_in_kubernetes_words() {
    for (fault, word) in [
        (PullFault::Credentials, "ErrImagePull"),
        (PullFault::Architecture, "ErrImagePull"),
        (PullFault::Name, "InvalidImageName"),
        (PullFault::Never, "ErrImageNeverPull"),
    ] {
        let mut world = World::new(vec![pulled("web-0", APP)]);
        world.podman.fail_pulls(APP, Some(fault.clone()));
        world.pass();
        let state = world.decide().states.remove(0);
        assert_eq!((state.phase, state.containers[0].reason), (Phase::BackOff, Some(word)));
        assert!(state.last_failure.unwrap().contains(&fault.to_string()));
    }
}

/// The old pod serves on while the image of the new one is not to be had.
#[test]
fn an_image_that_cannot_be_had_leaves_the_old_pod_as_it_is() {
    let mut world = World::new(web(1, 1));
    world.settle();
    let before = world.running();
    world.accept(vec![pulled("web-0", APP)]);
    for _ in 0..5 {
        world.pass();
        world.sleep(60_000);
    }
    assert_eq!(world.running(), before);
}

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// A plan for one replica at the last of these versions, which may go back to the one before it.
fn at_version(versions: &[u32]) -> (wlc_plan::instance::Instance, wlc_plan::spec::PodSpec) {
    let image = |number: &u32| format!("r.example/app:{number}");
    let mut all = versions.iter().rev().map(|number| pulled("web-0", &image(number)));
    let (mut instance, spec) = all.next().unwrap();
    instance.older = all.map(|(older, _)| older.spec).collect();
    (instance, spec)
}

fn with_registry(world: &World) {
    (1..=4).for_each(|number| world.podman.offer_image(&format!("r.example/app:{number}"), ""));
}

/// S-469: the images of the current and the previous revision stay; older ones go after a day.
#[test]
fn images_that_no_revision_needs_go_after_a_day() {
    let mut world = World::new(vec![at_version(&[1])]);
    with_registry(&world);
    world.pass();
    for versions in [&[1, 2][..], &[1, 2, 3]] {
        world.accept(vec![at_version(versions)]);
        for _ in 0..5 {
            world.pass();
        }
    }
    assert_eq!(world.podman.images(), ["r.example/app:1", "r.example/app:2", "r.example/app:3", "web"]);
    let due = world.decide().next_due.unwrap();
    assert!(due.since(world.now()).0 > DAY - 1_000, "{due:?}");
    world.sleep(due.since(world.now()).0 - 1);
    assert!(world.pass().unneeded_images.is_empty());
    world.sleep(1);
    world.pass();
    assert_eq!(world.podman.images(), ["r.example/app:2", "r.example/app:3", "web"]);
    assert!(world.decide().next_due.is_none(), "nothing is left to be removed");
    assert_eq!(world.ledger.images.len(), 2);
}

/// S-469: where the disk is nearly full, two minutes are enough.
#[test]
fn images_go_sooner_where_the_disk_is_nearly_full() {
    for (percent, goes) in [(84, false), (85, true)] {
        let mut world = World::new(vec![at_version(&[1])]);
        with_registry(&world);
        world.podman.fill_store(percent);
        world.pass();
        world.accept(vec![at_version(&[2])]);
        (0..5).for_each(|_| drop(world.pass()));
        world.accept(vec![at_version(&[2, 3])]);
        (0..5).for_each(|_| drop(world.pass()));
        world.sleep(120_000);
        world.pass();
        assert_eq!(!world.podman.images().contains(&"r.example/app:1".to_owned()), goes, "{percent}");
        assert!(world.podman.images().contains(&"r.example/app:2".to_owned()));
    }
}

/// What was there before, and what somebody else uses, stays; a plan that asks again keeps an image.
#[test]
fn only_what_the_agent_fetched_goes_and_only_if_nothing_needs_it_again() {
    let mut world = World::new(vec![at_version(&[1])]);
    with_registry(&world);
    world.podman.add_image("r.example/app:1", "");
    world.pass();
    world.accept(vec![at_version(&[2])]);
    (0..5).for_each(|_| drop(world.pass()));
    world.accept(vec![at_version(&[3])]);
    (0..5).for_each(|_| drop(world.pass()));
    world.sleep(DAY / 2);
    world.accept(vec![at_version(&[2, 3])]);
    world.pass();
    world.sleep(DAY / 2);
    world.pass();
    let images = world.podman.images();
    assert_eq!(images, ["r.example/app:1", "r.example/app:2", "r.example/app:3", "web"]);
    assert!(!world.ledger.images.contains_key("r.example/app:1"), "it was there before");
    world.accept(Vec::new());
    (0..5).for_each(|_| drop(world.pass()));
    world.sleep(DAY);
    world.pass();
    assert_eq!(world.podman.images(), ["r.example/app:1", "web"]);
}

/// A tag that moved leaves an image without a name, which goes like any other; it goes only if the agent fetched it.
#[test]
fn an_image_that_lost_its_tag_goes_if_the_agent_fetched_it() {
    use crate::podman::Pulled;
    let mut world = World::new(web(1, 1));
    world.settle();
    let moved = |from: &str| Pulled::Moved { name: "r.example/app:latest".to_owned(), from: from.to_owned() };
    world.ledger.brought("r.example/app", &moved("foreign"));
    assert!(world.ledger.images.is_empty());
    world.ledger.brought("r.example/app", &Pulled::New("r.example/app:latest".to_owned()));
    world.ledger.brought("r.example/app", &moved("own"));
    assert_eq!(world.ledger.images.keys().collect::<Vec<_>>(), ["own", "r.example/app:latest"]);
}
