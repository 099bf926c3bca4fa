//! A change is carried out one replica at a time; what did not change is not touched.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use wlc_tests::node::{Node, fetch};

use super::web;

/// C-001, S-115: three replicas get a new revision, and never do two of them fail to answer at once.
#[test]
fn replicas_are_replaced_one_at_a_time() {
    let Some(mut node) = Node::new("rolling") else { return };
    node.write("workloads/web.kdl", &web(3, "before"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 3);
    let ports: Vec<u16> = (0..3).map(|number| node.host_port(&format!("web-{number}"))).collect();
    node.write("workloads/web.kdl", &web(3, "after"));
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = most.max(ports.iter().filter(|port| fetch(**port, "/").is_none()).count());
                thread::sleep(Duration::from_millis(20));
            }
            most
        });
        let ended = Ended(&done);
        node.build();
        node.wait_until("every replica answers anew", |_| {
            ports.iter().all(|port| fetch(*port, "/").as_deref() == Some("after"))
        });
        node.wait_ready("web", 3);
        drop(ended);
        watcher.join().unwrap()
    });
    assert!(most <= 1, "{most} replicas were down at once");
    assert_eq!(node.containers().len(), 3, "nothing old is left: {:?}", node.containers());
}

/// Ends the watcher, also where the test fails.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// S-048, P-011: scaling makes no new revision and touches nothing that runs.
#[test]
fn scaling_touches_nothing_that_runs() {
    let Some(mut node) = Node::new("scaling") else { return };
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 2);
    let before = node.identities();
    node.write("workloads/web.kdl", &web(3, "hello"));
    node.build();
    node.wait_ready("web", 3);
    let after = node.identities();
    assert!(before.iter().all(|one| after.contains(one)), "{before:?}\n{after:?}");
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.build();
    node.wait_until("the third is gone", |node| node.containers().len() == 2);
}

/// P-019: a revision that never gets ready stops the rollout at its first replica; the others go on.
#[test]
fn a_broken_revision_stops_at_its_first_replica() {
    let Some(mut node) = Node::new("broken") else { return };
    node.write("workloads/web.kdl", &web(3, "good"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 3);
    let ports: Vec<u16> = (0..3).map(|number| node.host_port(&format!("web-{number}"))).collect();
    node.write("workloads/web.kdl", &web(3, "bad").replace("\"http\" \"/\"", "\"http\" \"/missing\""));
    node.build();
    node.wait_until("one replica waits", |node| {
        node.instances("web").iter().filter(|one| one["ready"] == false).count() == 1
    });
    thread::sleep(Duration::from_secs(6));
    let good = ports.iter().filter(|port| fetch(**port, "/").as_deref() == Some("good")).count();
    assert_eq!(good, 2, "two replicas keep the good revision");
    let waits = node.instances("web").into_iter().flat_map(|one| one["waits"].as_array().cloned().unwrap_or_default());
    assert!(waits.into_iter().any(|wait| wait["gate"] == "slot"), "what waits says why");
    node.write("workloads/web.kdl", &web(3, "mended"));
    node.build();
    node.wait_until("every replica is mended", |_| {
        ports.iter().all(|port| fetch(*port, "/").as_deref() == Some("mended"))
    });
}

/// A content that is mounted with `on-change="nothing"` is swapped in its folder; no container is replaced.
#[test]
fn a_swapped_content_replaces_nothing() {
    let Some(mut node) = Node::new("swap") else { return };
    let text = |greeting| web(2, greeting).replace("config=\"site\"", "config=\"site\" on-change=\"nothing\"");
    node.write("workloads/web.kdl", &text("one"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 2);
    let before = node.identities();
    let ports: Vec<u16> = (0..2).map(|number| node.host_port(&format!("web-{number}"))).collect();
    node.write("workloads/web.kdl", &text("two"));
    node.build();
    node.wait_until("every replica shows the new content", |_| {
        ports.iter().all(|port| fetch(*port, "/").as_deref() == Some("two"))
    });
    assert_eq!(node.identities(), before);
}
