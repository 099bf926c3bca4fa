//! Decisions carried out on the simulated Podman: what a pass asks for, and that the world settles.

mod attempts;
mod before;
mod by_hand;
mod containers;
mod crashes;
mod crons;
mod drain;
mod families;
mod gates;
mod hooks;
mod images;
mod jobs;
mod needs;
mod noticed;
mod ordered;
mod roles;
mod rollbacks;
mod rollouts;
mod seeds;
mod shutdown;
mod words;
mod world;

use std::collections::BTreeSet;

use wlc_plan::{
    digest::Digest,
    instance::WorkloadKind,
    name::{AbsolutePath, ConfigName, VolumeName},
    spec::{Access, ConfigMount, EmptyDir, Medium, Mount, MountSource, OnChange, VolumeSource},
};

use self::world::*;
use super::*;
use crate::{
    action::{Action, Reason},
    observed::PodFolders,
};

fn web(count: usize, number: u32) -> Vec<(wlc_plan::instance::Instance, wlc_plan::spec::PodSpec)> {
    (0..count).map(|at| instance(&format!("web-{at}"), &version(number), vec![slot(1)])).collect()
}

#[test]
fn new_replicas_are_made_and_a_second_pass_has_no_task() {
    let mut world = World::new(web(3, 1));
    let decision = world.pass();
    assert_eq!(decision.tasks.len(), 3);
    assert!(decision.tasks.iter().all(|task| task.reason == Reason::New));
    assert_eq!(world.running().len(), 3);
    let decision = world.decide();
    assert!(decision.tasks.is_empty() && decision.waits.is_empty() && decision.next_due.is_none(), "{decision:#?}");
    assert!(decision.states.iter().all(|state| state.phase == Phase::Running && state.ready));
}

#[test]
fn a_busy_replica_gets_no_second_task() {
    let world = World::new(web(2, 1));
    let busy = BTreeSet::from([replica("web-0")]);
    let decision = world.decide_while_busy(&busy);
    assert_eq!(decision.tasks.iter().map(|task| task.replica.as_str()).collect::<Vec<_>>(), ["web-1"]);
    assert_eq!(World::waits(&decision, "web-0"), ["task"]);
}

/// C-067, C-262.
#[test]
fn what_is_in_no_plan_is_listed_and_leaves_and_nothing_else_does() {
    let mut world = World::new(web(2, 1));
    world.settle();
    let labels = world.desired.wanted[0].labels.to_map();
    world.podman.add_foreign_pod("wlc.f.web-9.12345678", &std::collections::BTreeMap::new(), "same-prefix");
    world.podman.add_foreign_pod("copied-labels", &labels, "copied");
    world.accept(web(1, 1));
    let decision = world.decide();
    assert_eq!(decision.removal.iter().map(|one| one.replica.as_str()).collect::<Vec<_>>(), ["web-1"]);
    assert_eq!(decision.states[1].phase, Phase::Leaving);
    let Action::StopContainers(stop) = &decision.tasks[0].actions[0] else { panic!("{decision:#?}") };
    assert_eq!(stop.grace, version(1).grace);
    world.settle();
    let names = world.podman.names();
    assert!(!names.iter().any(|name| name.contains("web-1")), "{names:?}");
    for kept in ["wlc.f.web-9.12345678", "same-prefix", "copied-labels", "copied"] {
        assert!(names.iter().any(|name| name == kept), "{kept} of {names:?}");
    }
}

#[test]
fn what_this_version_cannot_carry_out_is_left_alone_by_name() {
    let mut world = World::new(web(2, 1));
    world.settle();
    let before = world.running();
    let mut plan = web(2, 2);
    plan[0].0.kind = WorkloadKind::Job;
    world.accept(plan);
    world.settle();
    let after = world.running();
    assert!(after.contains(&before[0]) && !after.contains(&before[1]), "{before:?} {after:?}");
    let state = &world.decide().states[0];
    assert_eq!((state.phase, state.replica.as_str()), (Phase::Refused, "web-0"));
    assert!(world.desired.refused[&replica("web-0")].why.contains("job"));
}

#[test]
fn of_two_pods_of_one_replica_the_wanted_one_stays() {
    let mut world = World::new(web(1, 1));
    world.settle();
    let old = world.observe().pods[0].name.clone();
    let mut second = World::new(web(1, 2));
    let task = second.pass().tasks.remove(0);
    world.apply(&task);
    assert_eq!(world.observe().pods.len(), 2);
    world.settle();
    let pods = world.observe().pods;
    assert_eq!((pods.len(), pods[0].name.as_str()), (1, old.as_str()));
}

#[test]
fn without_its_spec_a_pod_stops_within_the_default_grace() {
    let mut world = World::new(web(1, 1));
    world.settle();
    world.desired.specs.clear();
    world.accept(Vec::new());
    let decision = world.decide();
    let Action::StopContainers(stop) = &decision.tasks[0].actions[0] else { panic!("{decision:#?}") };
    assert_eq!(stop.grace, crate::desired::UNKNOWN_GRACE);
}

#[test]
fn what_a_lost_pod_left_behind_goes_with_it() {
    let mut with_volume = version(1);
    let name = VolumeName::parse("data").unwrap();
    let disk = VolumeSource::EmptyDir(EmptyDir { medium: Medium::Disk, size: None });
    with_volume.volumes.insert(name.clone(), disk);
    let path = AbsolutePath::parse("/data").unwrap();
    let mount = Mount::new(path, MountSource::Volume(name), Access::ReadWrite);
    with_volume.containers[0].mounts.push(mount);
    let mut world = World::new(vec![instance("web-0", &with_volume, vec![slot(1)])]);
    world.settle();
    let pod = world.observe().pods[0].name.clone();
    world.podman.lose_pod(&pod);
    world.accept(Vec::new());
    assert!(world.observe().leftovers.contains(&pod));
    world.settle();
    assert!(world.observe().leftovers.is_empty(), "{:?}", world.observe());
}

/// Lost folders empty the configs of every pod: each is made anew, one at a time.
#[test]
fn a_pod_whose_configs_are_lost_is_made_anew() {
    let mut with_config = version(1);
    let config = ConfigMount {
        config: ConfigName::parse("site").unwrap(),
        mode: 0o644,
        on_change: OnChange::Restart(Digest::of(b"site")),
    };
    let path = AbsolutePath::parse("/www").unwrap();
    let mount = Mount::new(path, MountSource::Config(config), Access::ReadOnly);
    with_config.containers[0].mounts.push(mount);
    let plan = (0..3).map(|at| instance(&format!("web-{at}"), &with_config, vec![slot(1)])).collect();
    let mut world = World::new(plan);
    world.settle();
    for pod in world.observe().pods {
        world.podman.lose_folders(&pod.name);
    }
    let decision = world.pass();
    let reasons: Vec<&Reason> = decision.tasks.iter().map(|task| &task.reason).collect();
    assert_eq!(reasons, [&Reason::ConfigsLost], "one at a time");
    world.settle();
    assert!(world.observe().pods.iter().all(|pod| pod.folders == PodFolders::There));
    assert_eq!(world.running().len(), 3);
}
