//! Builds that publish at the same time, and readers that read meanwhile.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use wlc::publish::{ExpectedHead, Outcome, PublishError};
use wlc_plan::head::Generation;

use crate::world::{Build, Judgement, World, last_of};

/// Two builds of the same state: one writes, the other finds it done. Of two states, each gets a number of its own.
#[test]
fn two_builds_at_once_come_one_after_the_other() {
    for texts in [["same", "same"], ["one", "other"]] {
        let world = World::new(&["ci"]);
        let barrier = Barrier::new(2);
        let run = |text: &'static str| {
            barrier.wait();
            world.publish(text, &world.build()).unwrap()
        };
        let published = thread::scope(|scope| {
            let other = scope.spawn(|| run(texts[1]));
            [run(texts[0]), other.join().unwrap()]
        });
        let mut generations = published.each_ref().map(|published| published.generation.number());
        generations.sort_unstable();
        let expected = if texts[0] == texts[1] { [1, 1] } else { [1, 2] };
        assert_eq!(generations, expected);
        let unchanged = published.iter().filter(|published| published.outcome == Outcome::Unchanged).count();
        assert_eq!(unchanged, usize::from(texts[0] == texts[1]));
        assert_eq!(world.judge("n1", &world.trust(&["ci"]), 1, None).code(), "accepted");
    }
}

/// With `--expect-head` the one that comes second fails by name.
#[test]
fn of_two_builds_that_expect_the_same_head_one_fails() {
    let world = World::new(&["ci"]);
    world.publish("zero", &world.build()).unwrap();
    let barrier = Barrier::new(2);
    let run = |text: &'static str| {
        let expect_head = ExpectedHead::Generation(Generation::FIRST);
        barrier.wait();
        world.publish(text, &Build { expect_head, ..world.build() })
    };
    let results = thread::scope(|scope| {
        let other = scope.spawn(|| run("other"));
        [run("one"), other.join().unwrap()]
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().any(|result| matches!(result, Err(PublishError::UnexpectedHead { .. }))));
}

/// A reader beside a writer that publishes set after set never sees a torn one.
#[test]
fn a_reader_never_sees_a_torn_set() {
    let world = World::new(&["ci"]);
    let trust = world.trust(&["ci"]);
    world.publish("0", &world.build()).unwrap();
    let done = AtomicBool::new(false);
    let (looks, waits) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut looks, mut waits, mut last) = (0, 0, None);
            while !done.load(Ordering::SeqCst) {
                let judgement = world.judge("n1", &trust, 1, last);
                match &judgement {
                    Judgement::New(_) | Judgement::Same(_) => last = last_of(&judgement),
                    Judgement::Waiting(_) => waits += 1,
                    Judgement::NoSet
                    | Judgement::NodeNotInSet { .. }
                    | Judgement::Refused(_)
                    | Judgement::Unreadable { .. } => panic!("{judgement}"),
                }
                looks += 1;
            }
            (looks, waits)
        });
        for number in 1..=20 {
            world.publish(&number.to_string(), &world.build()).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    eprintln!("20 sets published, {looks} looks, {waits} of them incomplete, none refused");
    assert!(looks > 20);
}
