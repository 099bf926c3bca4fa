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
