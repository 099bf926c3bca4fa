//! The stop of everything for the machine's shutdown.

use wlc_plan::{
    gate::{Condition, Step},
    quantity::Millis,
};

use super::{super::*, world::*};
use crate::action::{Action, Task};

fn names(stages: &[Vec<Task>]) -> Vec<Vec<&str>> {
    stages.iter().map(|stage| stage.iter().map(|task| task.replica.as_str()).collect()).collect()
}

/// What waited for others ends before them; the others go with the first, and nothing is removed.
#[test]
fn what_started_last_ends_first_and_pods_stay() {
    let ready = |of: &str| vec![after(Step::FirstStart, of, Condition::Ready)];
    let mut world = World::new(vec![
        instance("db-0", &version(1), Vec::new()),
        instance("db-1", &version(1), ready("db-0")),
        instance("db-2", &version(1), ready("db-1")),
        instance("web-0", &version(1), ready("db-2")),
        instance("web-1", &version(1), Vec::new()),
        instance("web-2", &version(1), vec![after(Step::Replace, "db-0", Condition::Ready)]),
    ]);
    world.settle();
    let stages = shutdown(Some(&world.desired), &world.observe(), world.now());
    assert_eq!(names(&stages), [vec!["web-0", "web-1", "web-2"], vec!["db-2"], vec!["db-1"], vec!["db-0"]]);
    let actions: Vec<&Action> = stages.iter().flatten().flat_map(|task| &task.actions).collect();
    for action in &actions {
        let Action::StopContainers(stop) = action else { panic!("{action}") };
        assert_eq!((stop.pod.as_ref(), stop.grace), (None, Millis(5_000)), "the plan's grace, and no note of a stop");
    }
    let strays = shutdown(None, &world.observe(), world.now());
    assert_eq!(strays.iter().map(Vec::len).collect::<Vec<_>>(), [6], "without a plan all end at once");
    for task in stages.iter().flatten() {
        world.apply(task);
    }
    assert_eq!(shutdown(Some(&world.desired), &world.observe(), world.now()), Vec::<Vec<Task>>::new());
    assert_eq!(world.observe().pods.len(), 6);
    world.settle();
    assert_eq!(world.running().len(), 6, "the next agent starts all of it again");
}
