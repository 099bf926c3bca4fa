//! Podman fails in the middle of an update: its service is killed, its socket is gone, calls hang, answers are cut.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use super::{
    ORDERED, ROLLING, Workload,
    door::{Door, Rule, Trouble},
    fixture::{Fixture, LIMIT},
    service::Service,
    whole,
};

/// The calls of an update: looks, and each kind of change.
const CALLS: [&str; 8] = [
    "GET /containers/json",
    "GET /volumes/json",
    "POST /pods/create",
    "POST /containers/create",
    "POST /containers/ /start",
    "POST /containers/ /kill",
    "DELETE /pods/",
    "GET /networks/",
];

/// An agent whose way to Podman leads through a door.
struct Outage {
    fixture: Fixture,
    door: Door,
}

impl Outage {
    fn new(test: &str, workload: Workload) -> Option<Self> {
        let socket = podman::socket_or_skip(test)?;
        let node = Node::new(test)?;
        let path = node.path("door.sock");
        let door = Door::open(&path, &socket);
        node.set("podman", &path);
        // The sampler asks Podman itself.
        Some(Self { fixture: Fixture::on(node, workload, socket), door })
    }

    /// One update, during which each of these things happens once.
    fn update(&mut self, greeting: &str, rules: &[Rule]) {
        self.fixture.publish(greeting);
        rules.iter().for_each(|rule| self.door.trouble(rule.clone()));
        self.fixture.node.start_agent();
        self.fixture.converge();
        self.door.calm();
        self.fixture.is_at_rest();
    }
}

fn once(call: &str, trouble: Trouble) -> Rule {
    Rule { call: call.to_owned(), after: 0, times: 1, trouble }
}

#[test]
fn calls_that_hang_and_answers_that_are_cut_stop_no_update() {
    for (test, workload) in [("calls-rolling", ROLLING), ("calls-ordered", ORDERED)] {
        if workload.name == ORDERED.name && !whole() {
            continue;
        }
        let Some(mut outage) = Outage::new(test, workload) else { return };
        let hang = Trouble::Hang(Duration::from_secs(1));
        let kinds = [("hang", hang), ("lost", Trouble::Cut(0)), ("cut", Trouble::Cut(100))];
        let mut updates = 0;
        if whole() {
            for (kind, trouble) in &kinds {
                for (number, call) in CALLS.iter().enumerate() {
                    outage.update(&format!("{kind}-{number}"), &[once(call, trouble.clone())]);
                    updates += 1;
                }
            }
        } else {
            let all: Vec<Rule> = CALLS
                .iter()
                .zip(kinds.iter().cycle())
                .map(|(call, (_, trouble))| once(call, trouble.clone()))
                .collect();
            outage.update("all", &all);
            updates = 1;
        }
        outage.fixture.end(&format!("{test}: calls that hang, are lost or cut, {updates} updates"));
    }
}

#[test]
fn podman_is_killed_in_the_middle_of_its_changes() {
    let test = "killed-service";
    let Some(socket) = podman::socket_or_skip(test) else { return };
    let Some(node) = Node::new(test) else { return };
    let mut service = Service::start(&node.path("podman.sock"));
    let door = Door::open(&node.path("door.sock"), &node.path("podman.sock"));
    node.set("podman", &node.path("door.sock"));
    let mut fixture = Fixture::on(node, ROLLING, socket);
    let most = if whole() { u32::MAX } else { 5 };
    let mut kills = 0;
    while kills < most {
        fixture.publish(&format!("kill-{kills}"));
        let (sender, told) = mpsc::channel();
        // In the short form they are far apart.
        let after = if whole() { kills } else { kills * 2 };
        door.trouble(Rule { call: "*".to_owned(), after, times: 1, trouble: Trouble::Tell(sender) });
        fixture.node.start_agent();
        let is_killed = wait_for(&told, || fixture.has_converged());
        if is_killed {
            service.kill();
            service.start_again();
            kills += 1;
        }
        fixture.converge();
        door.calm();
        fixture.is_at_rest();
        if !is_killed {
            break;
        }
    }
    assert!(kills >= 5, "{kills} changes only");
    fixture.end(&format!("{test}: the service killed in the middle of {kills} changes"));
}

/// Waits for a word; false where the update is complete before.
fn wait_for(told: &mpsc::Receiver<()>, is_complete: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        match told.recv_timeout(Duration::from_millis(100)) {
            Ok(()) => return true,
            Err(_) if is_complete() => return false,
            Err(_) => {}
        }
    }
    panic!("nothing happens");
}

#[test]
fn an_update_goes_on_when_the_socket_is_there_again() {
    let Some(mut outage) = Outage::new("no-socket", ROLLING) else { return };
    outage.fixture.publish("again");
    outage.door.shut();
    // Nobody is there when it starts either.
    outage.fixture.node.start_agent();
    thread::sleep(Duration::from_secs(1));
    assert!(outage.fixture.node.agent_end().is_none(), "it waits for Podman: {}", outage.fixture.node.agent_log());
    let log = outage.fixture.node.agent_log();
    assert!(log.contains("Podman does not answer"), "{log}");
    outage.door.open_again();
    for _ in 0..if whole() { 5 } else { 2 } {
        let before = outage.door.changes().len();
        let moved = wait_until("", LIMIT, || outage.door.changes().len() > before);
        assert!(moved.is_some(), "{}", outage.fixture.account());
        outage.door.shut();
        let says_so = |node: &Node| {
            let warnings = node.status().unwrap_or_default()["warnings"].to_string();
            warnings.contains("Podman does not answer")
        };
        outage.fixture.node.wait_until("status says that Podman is away", says_so);
        outage.door.open_again();
    }
    outage.fixture.converge();
    outage.fixture.is_at_rest();
    outage.fixture.end("no-socket: the socket gone at the start and again and again");
}

/// A call that hangs for ever costs its own replica until the call's limit, and nothing else anything.
#[test]
fn what_hangs_for_ever_holds_up_nothing_else() {
    let Some(mut outage) = Outage::new("hangs", ROLLING) else { return };
    let other = "deployment \"other\" replicas=2 {\n    container \"main\" image=\"localhost/busybox:1\" { command \"sleep\" \"100000\"; }\n}\n";
    let limit = Duration::from_secs(600);
    outage.door.trouble(once("POST /pods/create", Trouble::Hang(limit)));
    outage.fixture.publish("other");
    outage.fixture.node.start_agent();
    let hangs = wait_until("", LIMIT, || outage.door.is_calm());
    assert!(hangs.is_some(), "{}", outage.fixture.account());
    outage.fixture.node.write("workloads/other.kdl", other);
    outage.fixture.node.build();
    outage.fixture.node.wait_ready("other", 2);
    assert!(outage.fixture.answer_anew() <= 1, "the hanging replica holds its place of the slot");
    if whole() {
        // The call's limit ends it, and the update goes on.
        let came = wait_until("", Duration::from_secs(240), || outage.fixture.answer_anew() == 3);
        assert!(came.is_some(), "{}", outage.fixture.account());
    } else {
        outage.door.shut();
        outage.door.open_again();
        let came = wait_until("", LIMIT, || outage.fixture.answer_anew() == 3);
        assert!(came.is_some(), "{}", outage.fixture.account());
    }
    outage.fixture.end("hangs: one call for ever");
}
