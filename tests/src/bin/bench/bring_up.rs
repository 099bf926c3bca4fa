//! `bring-up`: twenty instances from nothing, until the twentieth answers over HTTP.
//!
//! The driver makes the same pods with 1, 2, 4, 8 and 16 at once, and its best counts; then ours and its best are taken
//! in turns.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use wlc_tests::{
    node::{Node, fetch},
    podman,
};

use super::{
    driver::Driver,
    figures,
    react::{Cleaner, deployment},
};

const INSTANCES: usize = 20;
const PAIRS: usize = 5;
const FIRST_PORT: u16 = 31_100;

/// Runs it.
pub(crate) fn run() {
    let sweep = [1, 2, 4, 8, 16].map(|at_once| {
        let time = baseline(at_once);
        println!("bring-up baseline with {at_once} at once: {:.0} ms", time.as_secs_f64() * 1_000.0);
        (time, at_once)
    });
    let (_, best) = sweep.into_iter().min().expect("five were tried");
    let (mut a, mut b) = (figures::Times::default(), figures::Times::default());
    for _ in 0..PAIRS {
        a.add(ours());
        b.add(baseline(best));
    }
    figures::close("bring-up", &a, &b);
}

/// From the start of the agent to the twentieth answer.
fn ours() -> Duration {
    let mut node = Node::new("bench-up").expect("a benchmark needs Podman");
    node.write("workloads/web.kdl", &deployment(INSTANCES));
    node.build();
    let ports: Vec<u16> = (0..INSTANCES).map(|number| node.host_port(&format!("web-{number}"))).collect();
    let start = Instant::now();
    node.start_agent();
    wait_for_all(&ports);
    start.elapsed()
}

/// From the first call to the twentieth answer, with so many pods made at once.
fn baseline(at_once: usize) -> Duration {
    let fleet = format!("bench-{}-driver", std::process::id());
    let driver = Driver::new(podman::socket().expect("a benchmark needs Podman"), &fleet);
    let cleaner = Cleaner(fleet);
    let ports: Vec<u16> =
        (0..INSTANCES).map(|number| FIRST_PORT + u16::try_from(number).expect("a small number")).collect();
    let start = Instant::now();
    driver.make_network();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(port) = ports.get(number) else { return };
                    driver.bring_up(number, *port);
                }
            });
        }
    });
    wait_for_all(&ports);
    let time = start.elapsed();
    drop(cleaner);
    time
}

fn wait_for_all(ports: &[u16]) {
    let start = Instant::now();
    for port in ports {
        while fetch(*port, "/").is_none() {
            assert!(start.elapsed() < Duration::from_secs(120), "port {port} never answered");
            thread::sleep(Duration::from_millis(2));
        }
    }
}
